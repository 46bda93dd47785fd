/** What every function throws: `code` is for programs and never changes, `reason` is a sentence. */
export interface HefuError extends Error {
  readonly name: "HefuError";
  /** Of a proof that does not hold, the innermost cause, such as `no-quorum`; else `bad-input`, `too-long`, ... */
  readonly code: string;
  readonly reason: string;
}

export type Answer = "yes" | "no" | "could-not-tell";

/** CBOR but `inclusion` and `consistency`, which are JSON. */
export type ProofKind = "receipt" | "certificate" | "bundle" | "inclusion" | "consistency";

/** The checkpoint under which something holds; times in milliseconds since 1970 unless they say otherwise. */
export interface Checkpoint {
  size: number;
  height: number;
  epoch: number;
  time: number;
  /** When a quorum of the validators had signed it, in seconds since 1970. */
  quorum_seconds: number;
}

/** The public part of a document's record. Keys and ids are hex. */
export interface DocumentRecord {
  key: string;
  type: string;
  agency: string;
  region: string;
  legal_issuer: string;
  state: string;
  event_count: number;
  open_facts: { name: string; value: string }[];
}

/** A leaf of the state tree under a key, or that there is none. */
export type ProvenLeaf =
  | { key: string; is: "absent" | "leaf" }
  | ({ is: "record" } & DocumentRecord);

export interface CheckedReceipt {
  checkpoint: Checkpoint;
  operation: { name: string; id: string; index: number; entry_index: number };
  signer: { agency: string } | { member: string };
  record: DocumentRecord;
  /** Names and values of the facts that the receipt opens, and how many it hides. */
  facts: [name: string, value: string][];
  hidden: number;
}

/** What a proof proves: of a receipt, a certificate, a bundle; of a log proof that it holds. */
export type CheckedProof =
  | CheckedReceipt
  | { checkpoint: Checkpoint; leaves: ProvenLeaf[] }
  | { receipts: (CheckedReceipt | null)[] }
  | Record<string, never>;

/** A legal number as a document or a clerk writes it. */
export interface LegalNumber {
  legal_issuer: string;
  class: string;
  series: string;
  number: string;
  period: string;
}

/** What to judge, by what, and what is asked. Times and spans are milliseconds. */
export interface VerifyRequest {
  /** The time now: there is no clock here. */
  now: number;
  /** The document: its bytes with its file's name, or what else is known of it. */
  file?: Uint8Array;
  fileName?: string;
  /** Which document is meant where the file holds several, as `inspect` names it. */
  part?: string;
  digest?: string;
  number?: LegalNumber;
  documentType?: string;
  record?: string;
  receipts?: Uint8Array[];
  /** Of its status or absence. */
  certificates?: Uint8Array[];
  /** Of agencies, types and rules of recognition. */
  catalogue?: Uint8Array[];
  /** What the last call gave back, of this network; left out the first time. */
  memory?: Uint8Array;
  /** How old a checkpoint may be and still speak for now; a day if left out. */
  ageMaxMs?: number;
  trustPeriodMs?: number;
  anchor?: number;
  /** May it be used for this purpose, by this member? */
  purpose?: string;
  member?: { id: string; identifier?: string; commitment?: string };
  /** Does this region recognise it? */
  region?: string;
  /** Who would rely on a lending copy. */
  user?: string;
}

/** One question with its answer and its reason in English and Chinese. */
export interface Dimension {
  /** Such as `document`, `issuer`, `status`, `use`, `recognition`, `freshness`. */
  name: string;
  answer: Answer;
  /** The ledger's code of a No. */
  code: number | null;
  en: string;
  zh: string;
  details: { answer: Answer | null; en: string; zh: string }[];
}

/** A piece of evidence that does not count. */
export interface RefusedEvidence {
  which: "receipt" | "certificate" | "catalogue" | "copy";
  /** Its place in the request's list. */
  index: number | null;
  /** For programs, such as `no-quorum`; `other-document` where it is of something else. */
  code: string;
  /** The ledger's code. */
  number: number | null;
  en: string;
  zh: string;
}

export interface Verification {
  /** No where any dimension is No, Yes where all are Yes. Unknown is never shown as either. */
  verdict: Answer;
  /** How the file relates to what was registered. */
  matched:
    | "registered-bytes" | "same-facts" | "other-content" | "other-bytes" | "withdrawn"
    | "absent-though-covered" | "absent-not-yet-due" | "absent" | "no-identity" | "no-file" | null;
  dimensions: Dimension[];
  record: DocumentRecord | null;
  by_receipt: boolean | null;
  checkpoint: Checkpoint | null;
  /** Until when what judged speaks. */
  as_of: number | null;
  refused: RefusedEvidence[];
  /** Store it and give it to the next call: it is what keeps retired validators from being believed. */
  memory: Uint8Array;
}

/** A fact: its value normalised, as it was written, and where it stands. */
export interface Fact {
  name: string;
  type: string;
  value: string;
  written: string;
  place: string;
}

/** A signature of the file itself; no part of any verdict. */
export interface Seal {
  kind: string;
  place: string;
  signer: string | null;
  signed_at: string | null;
  cover: string;
  parts: string[];
  signature: string;
  sentence: string;
}

/** One document of a file, as it describes itself. */
export interface InspectedDocument {
  /** The file's name, and after `#` what is meant within it. */
  file: string;
  digest: string;
  bytes: number;
  format: string | null;
  kind: "invoice" | "licence" | null;
  profile: string | null;
  /** The number as it is written, as its profile writes it, or the rule that it breaks. */
  identity: LegalNumber | null;
  number: LegalNumber | null;
  breaks: string | null;
  missing: string[];
  doubts: string[];
  facts: Fact[];
  seals: Seal[];
  /** Why the file was refused. */
  error: { kind: string; sentence: string } | null;
}
