//! The right to use an invoice, as every verb shows it.

use super::ask::InTheWay;
use super::settle::Refused;
use crate::disk;
use crate::failure::Failure;
use crate::keys::Key;
use crate::lookup::{open_receipt, Verifies};
use hefu_proof::receipt::VerifiedReceipt;
use hefu_proof::verdict::Said;
use hefu_types::genesis::Network;
use hefu_types::operation::{member_identifier, named_member, MemberOpening, RightProof, UseRight};
use hefu_types::record::{PublicPart, State};
use hefu_types::{ClaimNonce, Code, Digest, StateKey};
use hefu_wire::ClaimFile;
use std::path::{Path, PathBuf};

/// The longest claim file in bytes.
const CLAIM_FILE_BYTES_MAX: usize = 4 * 1024;

/// What a member has to show its right with.
pub struct Shown<'a> {
    /// The network.
    pub network: &'a Network,
    /// The member's key.
    pub key: &'a Key,
    /// Where that key is kept.
    pub key_file: &'a Path,
    /// Receipts of registrations, of this document or of others.
    pub registrations: &'a [VerifiedReceipt],
    /// Claim files.
    pub claims: &'a [ClaimFile],
}

impl Shown<'_> {
    /// Shows the right to use a document as its record, which is proven, asks for it; nothing where no
    /// right need be shown. What is refused here the ledger would refuse too.
    pub fn right(
        &self,
        key: &StateKey,
        record: &PublicPart,
    ) -> Result<Result<Option<RightProof>, InTheWay>, Failure> {
        if record.status.state == State::Unattested {
            return Ok(Ok(None));
        }
        match &record.use_right {
            None => Ok(Err(no_right())),
            Some(UseRight::FirstMember) => Ok(Ok(None)),
            Some(UseRight::NamedMember(commitment)) => {
                let opening = self.opening(key)?;
                let suite = self.network.suite();
                let opens = |opening: &MemberOpening| {
                    let (salt, identifier) = (&opening.record_salt, &opening.identifier);
                    named_member(suite, key, salt, identifier) == *commitment
                };
                // A receipt of before a hand-over brings a salt that opens nothing any more.
                let found = opening.into_iter().find(opens);
                Ok(found
                    .map(|opening| Some(RightProof::Named(opening)))
                    .ok_or_else(no_right))
            }
            Some(UseRight::ClaimKey(public)) => {
                let of_record: Vec<&ClaimFile> = (self.claims.iter())
                    .filter(|claim| claim.record == *key)
                    .collect();
                if of_record.is_empty() {
                    let hint = Said::new(
                        "the document is used by whoever holds its claim file; give it with --claim",
                        "该文档由持有凭证文件者使用，请用 --claim 给出",
                    );
                    return Ok(Err((Refused::here(Code::NoRightToUse), Some(hint))));
                }
                let secrets = of_record
                    .iter()
                    .map(|claim| claim.secret_key(self.network.suite()));
                let found = secrets
                    .into_iter()
                    .find(|secret| secret.public_key() == *public);
                let signed = found.map(|secret| {
                    let nonce = ClaimNonce(crate::random());
                    let member = &self.key.file.holder;
                    let digest = self.network.digest();
                    RightProof::Claim(nonce, secret.sign_claim(&digest, key, member, &nonce))
                });
                Ok(signed.map(Some).ok_or_else(no_right))
            }
        }
    }

    /// What may open the commitment to the buyer: the member's identifier with the salt of each receipt.
    fn opening(&self, key: &StateKey) -> Result<Vec<MemberOpening>, Failure> {
        let of_record = self.registrations.iter().filter(|r| r.record_key() == *key);
        let salts: Vec<_> = of_record
            .filter_map(|r| r.disclosed().named_member_salt)
            .collect();
        if salts.is_empty() {
            return Err(Failure::asked(
                "the document names its buyer or holder, so its receipt is needed: ask its issuer for \
                 it and give it with --receipt",
                "该文档指定了购买方或持有者，需要其登记回执；请向开具方索取并用 --receipt 给出",
            ));
        }
        let file = &self.key.file;
        let (Some(identifier), Some(member_salt)) = (&file.identifier, file.identifier_salt) else {
            let why = "it has no legal identifier with its salt; make it with keygen";
            return Err(Failure::bad_file(self.key_file, why));
        };
        let opening = |record_salt| MemberOpening {
            identifier: member_identifier(identifier),
            record_salt,
            member_salt,
        };
        Ok(salts.into_iter().map(opening).collect())
    }
}

fn no_right() -> InTheWay {
    (Refused::here(Code::NoRightToUse), None)
}

/// Receipts that may be of a document: those that were named and are, and what lies where one is looked
/// for. One that was named and cannot be read stops the command.
pub fn registrations(
    named: &[PathBuf],
    places: &[PathBuf],
    by: &impl Verifies,
    digest: &Digest,
) -> Result<Vec<VerifiedReceipt>, Failure> {
    let mut found = Vec::new();
    for path in named {
        found.push(open_receipt(path, by)?);
    }
    found.extend(places.iter().filter_map(|path| open_receipt(path, by).ok()));
    found.retain(|receipt| receipt.record().digests.contains(digest));
    Ok(found)
}

/// Reads a claim file of this network.
pub fn open_claim(path: &Path, network: &Network) -> Result<ClaimFile, Failure> {
    let bytes = disk::read(path, CLAIM_FILE_BYTES_MAX)?;
    let claim: ClaimFile = serde_json::from_slice(&bytes).map_err(|error| {
        // Only where, never what: the text of the error may quote the file.
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::bad_file(path, format!("it is not a claim file ({place})"))
    })?;
    if claim.network != network.digest() {
        return Err(Failure::bad_file(
            path,
            "it is of another network: give that network's file",
        ));
    }
    Ok(claim)
}

/// Writes a new claim file, for its holder alone.
pub fn write_claim(path: &Path, claim: &ClaimFile) -> Result<(), Failure> {
    let mut bytes =
        serde_json::to_vec_pretty(claim).map_err(|error| Failure::bad_file(path, error))?;
    bytes.push(b'\n');
    disk::write_secret(path, &bytes)
}
