//! Documents in JSON: the tree within bounds, then whose form it is.

mod blockcerts;
mod credential;
mod gobl;
mod gst;
mod open_attestation;
mod own;
pub(crate) mod tree;

pub(crate) use self::credential::read_token;

use crate::json::tree::Json;
use crate::{ReadError, Reading};

/// `None` for JSON that is of no form which is read here.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    if let Some(reading) = own::read(bytes)? {
        return Ok(Some(reading));
    }
    // What is not JSON claims nothing: another program may know what it is.
    let Some(tree) = Json::parse(bytes)? else {
        return Ok(None);
    };
    // Each form is told by a mark that the ones before it do not have. An OpenAttestation document of
    // version 3 and a Blockcerts certificate of version 3 are W3C credentials, too, so these stand first.
    for read in [
        gobl::read,
        gst::read,
        open_attestation::read,
        blockcerts::read,
        credential::read,
    ] {
        if let Some(reading) = read(&tree)? {
            return Ok(Some(reading));
        }
    }
    Ok(None)
}
