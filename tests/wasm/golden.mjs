// Every golden file through the browser package in Node: accepted or refused for the same reason as natively, and
// proving the same. Then whatever is hostile: no input ends the instance, and no clock is ever read.
//
//   node golden.mjs PACKAGE VECTORS SAMPLES
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, vectors, samples] = process.argv.slice(2).map((path) => resolve(path));

// --- No clock: neither in the module's imports nor in what it calls ----------------------------------------------

const imports = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(join(folder, "hefu_bg.wasm"))));
const clocks = imports.map(({ name }) => name).filter((name) => /date|now|performance|new_?0/i.test(name));
assert.deepEqual(clocks, [], "the module imports a clock");
const OurDate = Date;
const forbidden = () => assert.fail("a clock was read");
globalThis.Date = new Proxy(OurDate, { apply: forbidden, construct: forbidden, get: forbidden });
performance.now = forbidden;

const { openNetwork, inspect, digest } = await import(pathToFileURL(join(folder, "node.mjs")));

// --- Golden files ------------------------------------------------------------------------------------------------

/** CBOR of what a key of the state tree is made of: strings, bytes as {hex}, whole numbers, lists, nothing else. */
function cbor(value) {
  const head = (major, count) => {
    if (count < 24) return [major << 5 | count];
    if (count < 256) return [major << 5 | 24, count];
    assert.ok(count < 65536, "an id is short");
    return [major << 5 | 25, count >> 8, count & 255];
  };
  if (typeof value === "number") return head(0, value);
  if (typeof value === "string") {
    const bytes = Buffer.from(value, "utf8");
    return [...head(3, bytes.length), ...bytes];
  }
  if (Array.isArray(value)) return [...head(4, value.length), ...value.flatMap(cbor)];
  if (value === null) return [0xf6];
  const bytes = Buffer.from(value.hex, "hex");
  return [...head(2, bytes.length), ...bytes];
}

/** The key of a state leaf: hefu_types::key. */
function stateKey({ namespace, id }) {
  const hash = createHash("sha256").update(Buffer.from([0x82, ...cbor(namespace), ...cbor(id)])).digest();
  const isMany = ["record", "digest", "member"].includes(namespace);
  hash[0] = isMany ? hash[0] | 0x80 : hash[0] & 0x7f;
  return hash.toString("hex");
}

/** Whether all that was found natively and is told here too is the same. */
function agrees(expected, found, at) {
  if (expected === null || typeof expected !== "object") return assert.deepEqual(found, expected, at);
  for (const [name, value] of Object.entries(expected)) {
    if (found !== null && name in found) agrees(value, found[name], `${at}.${name}`);
  }
}

/** What a case proves by the package; throws what the package throws, or what was asked for is not proven. */
function checked(network, item, bytes) {
  const proves = network.check(item.kind, bytes);
  for (const [at, ask] of (item.asks ?? []).entries()) {
    const key = stateKey(ask);
    const leaf = proves.leaves.find((leaf) => leaf.key === key);
    const refuse = (code) => { throw Object.assign(new Error(code), { name: "HefuError", code }); };
    if (leaf === undefined) refuse("not-proven");
    if (ask.namespace === "record" && leaf.is === "leaf") refuse("bad-leaf");
    const expected = item.proves?.asked[at];
    if (expected === undefined) continue;
    assert.equal(leaf.is === "absent" ? "absent" : "present", expected.is);
    agrees({ ...expected, is: leaf.is }, leaf, item.name);
  }
  return proves;
}

// Notes are for C2SP's own tools, which read them in other tests.
const KINDS = ["receipt", "certificate", "bundle", "inclusion", "consistency"];

const manifest = JSON.parse(readFileSync(join(vectors, "manifest.json"), "utf8"));
manifest.cases = manifest.cases.filter(({ kind }) => KINDS.includes(kind));
const networks = new Map();
const network = (file) => {
  if (!networks.has(file)) networks.set(file, openNetwork(readFileSync(join(vectors, file), "utf8")));
  return networks.get(file);
};
const count = { accept: 0, refuse: 0 };
const wrong = [];
for (const item of manifest.cases) {
  const bytes = readFileSync(join(vectors, item.file));
  try {
    const proves = checked(network(item.network), item, bytes);
    if (item.expect === "accept") agrees(item.proves, proves, item.name);
    else wrong.push(`${item.name}: accepted, though ${item.reason}`);
  } catch (error) {
    if (error.name !== "HefuError") throw new Error(item.name, { cause: error });
    if (item.expect === "accept") wrong.push(`${item.name}: refused as ${error.code}: ${error.reason}`);
    else if (item.reason !== error.code) wrong.push(`${item.name}: refused as ${error.code}, natively ${item.reason}`);
  }
  count[item.expect] += 1;
}
assert.deepEqual(wrong, []);
assert.ok(count.accept > 0 && count.refuse > 0, "there are good and bad golden files");
console.log(`golden: ${count.accept} good and ${count.refuse} bad files as natively`);

// --- Hostile input: an error with a code, every time, and the instance lives ---------------------------------------

let refusals = 0;
function mayRefuse(what) {
  try {
    return what();
  } catch (error) {
    assert.equal(error.name, "HefuError", error.stack);
    assert.match(error.code, /^[a-z-]+$/);
    assert.ok(error.reason.length > 0 && error.message === error.reason);
    refusals += 1;
    return null;
  }
}

// A fixed sequence, so that a run that fails fails again.
let state = 0x9e3779b9;
const random = (below) => {
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5 | 0;
  return (state >>> 0) % below;
};
const kinds = [...KINDS, "note"];
const memory = network(manifest.cases[0].network).verify({ now: 1 }).memory;
assert.ok(memory instanceof Uint8Array && memory.length > 0);

function everything(trusted, bytes) {
  for (const kind of kinds) mayRefuse(() => trusted.check(kind, bytes));
  for (const field of ["memory", "file"]) mayRefuse(() => trusted.verify({ now: 1, [field]: bytes }));
  const evidence = { receipts: [bytes], certificates: [bytes], catalogue: [bytes] };
  const answer = mayRefuse(() => trusted.verify({ now: 1, memory, ...evidence }));
  assert.ok(answer === null || answer.verdict !== "yes");
  mayRefuse(() => inspect(bytes, "any"));
  mayRefuse(() => openNetwork(bytes));
  assert.match(digest(bytes), /^[0-9a-f]{64}$/);
}

for (const item of manifest.cases) {
  const trusted = network(item.network);
  const bytes = readFileSync(join(vectors, item.file));
  if (item.expect === "refuse") everything(trusted, bytes);
  // Of the good ones something altered, cut off or added.
  for (let round = 0; round < 3; round += 1) {
    const altered = Buffer.from(bytes);
    altered[random(altered.length)] ^= 1 << random(8);
    everything(trusted, altered);
    everything(trusted, bytes.subarray(0, random(bytes.length)));
    everything(trusted, Buffer.concat([bytes, Buffer.from([random(256)])]));
  }
}
const trusted = network(manifest.cases[0].network);
for (let round = 0; round < 300; round += 1) {
  everything(trusted, Uint8Array.from({ length: random(2000) }, () => random(256)));
}
// What is no Uint8Array, no text, no request at all.
const throwing = { get now() { throw new Error("mine"); } };
const loop = {};
loop.loop = loop;
const nothings = [undefined, null, 0, NaN, "", "text", {}, [], [1], () => 1, Symbol("s"), 1n, new Uint16Array(2),
  new ArrayBuffer(3), loop, throwing, new Proxy({}, {})];
for (const value of nothings) {
  mayRefuse(() => digest(value));
  mayRefuse(() => inspect(value, value));
  mayRefuse(() => openNetwork(value));
  mayRefuse(() => trusted.verify(value));
  for (const kind of [...kinds, value]) mayRefuse(() => trusted.check(kind, value));
  for (const field of ["now", "file", "fileName", "part", "digest", "number", "documentType", "record", "receipts",
    "certificates", "catalogue", "memory", "ageMaxMs", "trustPeriodMs", "anchor", "purpose", "member", "region", "user"]) {
    mayRefuse(() => trusted.verify({ now: 1, [field]: value }));
    mayRefuse(() => trusted.verify({ now: 1, [field]: [value] }));
  }
}
assert.ok(refusals > 1000, `${refusals} refusals`);
// After all of it the same instance still tells good from bad.
const good = manifest.cases.find((item) => item.expect === "accept");
agrees(good.proves, network(good.network).check(good.kind, readFileSync(join(vectors, good.file))), good.name);
console.log(`hostile: ${refusals} refusals, each with a code; the instance lives`);

// --- Documents -----------------------------------------------------------------------------------------------------

let documents = 0, numbers = 0;
for (const part of ["chinese", "invoices", "licences", "renditions"]) {
  for (const name of readdirSync(join(samples, part))) {
    const bytes = readFileSync(join(samples, part, name));
    const [document, ...more] = inspect(bytes, name);
    assert.equal(document.error, null, name);
    // A number, or what is missing for one.
    assert.equal(document.identity === null, document.missing.length > 0, name);
    numbers += document.identity === null ? 0 : 1;
    if (more.length === 0) assert.equal(document.digest, createHash("sha256").update(bytes).digest("hex"), name);
    documents += 1;
  }
}
assert.ok(numbers > documents / 2, `${numbers} numbers in ${documents} samples`);
console.log(`documents: ${documents} samples read, ${numbers} with their number`);
