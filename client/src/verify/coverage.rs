//! What it means that a document is not registered: the certificates that tell whether its agency promised
//! that it would be. What they say is judged by [`hefu_proof::verify::absence`].

use super::Asked;
use crate::failure::Failure;
use hefu_proof::certificate::{StatusCertificate, VerifiedState};
use hefu_proof::receipt::VerifiedReceipt;
use hefu_proof::verify::absence::needed;
use hefu_proof::verify::Subject;
use hefu_wire::path::{self, Beside, Coverage};

impl Asked<'_> {
    /// What the nodes prove of the promises under which a document falls that they do not have.
    pub(super) fn promises(
        &self,
        subject: &Subject,
        receipt: Option<&VerifiedReceipt>,
    ) -> Result<Vec<StatusCertificate>, Failure> {
        let mut certificates = Vec::new();
        // A receipt shows that it is registered, whatever a node that lags says.
        if receipt.is_some() || !subject.has_issue_day() {
            return Ok(certificates);
        }
        let suite = self.nodes.network().suite();
        for needed in needed(self.nodes.network(), subject) {
            let of = Coverage {
                agency: &needed.agency,
                document_type: &needed.document_type,
                region: &needed.region,
            };
            let beside = Beside {
                coverage: Some(of),
                ..Beside::default()
            };
            let check = |state: &VerifiedState| {
                let checked = needed.check(suite, state);
                checked.map_err(|error| error.to_string())
            };
            let path = path::record(&needed.record, beside);
            match self.nodes.certificate(&path, 0, check) {
                Ok(fetched) => certificates.push(fetched.certificate),
                // A node that does not tell promises leaves the question open.
                Err(Failure::Refused(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(certificates)
    }
}

#[cfg(test)]
mod tests;
