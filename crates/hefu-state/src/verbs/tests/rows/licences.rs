//! The verbs of licences:
//!
//! ```text
//! office suspend P until=+1d                   -> ok
//! office annul P at=-1h                        -> ok
//! office renew P by=Q                          -> ok
//! office transfer-out P to=west                -> ok
//! west-office transfer-in W from=P             -> ok
//! office lend P C for=2h consent=claim         -> ok     (C is the copy's name from now on)
//! ```

use super::{digests, facts, length, relative, Desk, Words};
use crate::verbs::tests::market::identifier;
use crate::verbs::tests::world::{salt, secret, SUITE};
use hefu_types::key;
use hefu_types::operation::{
    consent_preimage, copy_user, Annul, CancelTransfer, HolderConsent, Lend, LendTerms,
    MemberOpening, Operation, Renew, Resume, Suspend, TransferIn, TransferOut, UseRight,
};
use hefu_types::{CopyNumber, Millis, StateKey};

impl Desk {
    pub(super) fn licence_operation(
        &mut self,
        actor: &str,
        verb: &str,
        words: &Words<'_>,
    ) -> Option<Operation> {
        let now = self.world.before.time.plus(1);
        let record = |desk: &mut Self| desk.key(words.at(0));
        let when = |name: &str| words.named.get(name).map(|at| relative(now, at));
        let reason = words.reason();
        Some(match verb {
            "suspend" => Operation::Suspend(Suspend {
                record: record(self),
                reason,
                until: when("until"),
            }),
            "resume" => Operation::Resume(Resume {
                record: record(self),
                reason,
            }),
            "annul" => Operation::Annul(Annul {
                record: record(self),
                reason,
                effective_at: when("at"),
            }),
            "renew" => Operation::Renew(Renew {
                record: record(self),
                by: self.key(words.named("by", "")),
                reason,
            }),
            "transfer-out" => Operation::TransferOut(TransferOut {
                record: record(self),
                to: words.named("to", "west").to_owned(),
                reason,
            }),
            "transfer-in" => Operation::TransferIn(TransferIn {
                record: record(self),
                from: self.key(words.named("from", "")),
            }),
            "cancel-transfer" => Operation::CancelTransfer(CancelTransfer {
                record: record(self),
                reason,
            }),
            "lend" => self.lend(actor, words, now),
            _ => return None,
        })
    }

    fn lend(&mut self, actor: &str, words: &Words<'_>, now: Millis) -> Operation {
        let record = self.key(words.at(0));
        let name = words.at(1);
        let number = CopyNumber(salt(words.named("number", name)).0);
        let copy = key::copy(SUITE, &record, &number);
        // The first that is made has the name.
        let is_made = |key: &StateKey| self.world.values.contains_key(key);
        if !self.copies.get(name).is_some_and(is_made) {
            self.copies.insert(name.to_owned(), copy);
        }
        let text = |named: &str, otherwise: &str| match words.named(named, "") {
            "" => otherwise.to_owned(),
            "none" => String::new(),
            text => text.to_owned(),
        };
        let ahead = words.named("for", "2h");
        let valid_before = match ahead.strip_prefix('-') {
            Some(ago) => now.minus(length(ago)),
            None => now.plus(length(ahead)),
        };
        let terms = LendTerms {
            number,
            digests: digests(words.named("file", name)),
            purpose: text("purpose", "tender"),
            matter: text("matter", "M-1"),
            user: copy_user(SUITE, &copy, &salt("user"), "SOMEBODY"),
            valid_before,
            fact_root: facts(words.named("facts", name)),
        };
        let consent = self.consent(actor, words.named("consent", "right"), &record, &terms);
        Operation::Lend(Lend {
            record,
            terms,
            consent,
        })
    }

    /// Shows the holder's consent as well as the actor can, or as the row says.
    fn consent(
        &mut self,
        actor: &str,
        by: &str,
        record: &StateKey,
        terms: &LendTerms,
    ) -> Option<HolderConsent> {
        let network = self.world.network.digest();
        let named = |of: &str| {
            HolderConsent::Named(MemberOpening {
                identifier: identifier(of),
                record_salt: salt("record"),
                member_salt: salt(actor),
            })
        };
        // Whatever is signed, the key signs the bytes of a preimage.
        let claim = |key: &str, terms: &LendTerms| {
            let preimage = consent_preimage(&network, record, terms);
            HolderConsent::Claim(secret(&format!("claim {key}")).sign_statement(&preimage))
        };
        let stored = self.world.values.get(record);
        let stored = stored.and_then(|bytes| hefu_types::record::Record::decode(bytes).ok());
        let right = stored.and_then(|record| record.public.use_right);
        match by.split_once(':').unwrap_or((by, "")) {
            ("none", _) => None,
            ("named", of) => Some(named(of)),
            ("claim", key) => Some(claim(key, terms)),
            // Given for another copy.
            ("claim-of-another", key) => {
                let mut other = terms.clone();
                other.purpose.push('x');
                Some(claim(key, &other))
            }
            ("right", _) => match right {
                _ if self.world.agencies.contains(actor) => None,
                Some(UseRight::NamedMember(_)) => Some(named(actor)),
                Some(UseRight::ClaimKey(key)) => {
                    let of = self.claim_keys.get(&key).cloned().unwrap_or_default();
                    Some(claim(&of, terms))
                }
                _ => None,
            },
            _ => panic!("{}: consent by what?", self.context),
        }
    }
}
