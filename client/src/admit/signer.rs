//! The registrar that signs, with those above it, as they are proven; and what they may grant. The
//! ledger's rules decide, but who onboards five hundred agencies learns here which rows would fail.

use super::fault::Fault;
use crate::failure::Failure;
use crate::keys::Key;
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use hefu_types::key;
use hefu_types::leaf::{RegistrarLeaf, RegistrarRight};
use hefu_types::operation::REGISTRAR_LEVELS_MAX;
use hefu_types::Code;

/// A registrar and those above it, up to the one that the council admitted.
#[derive(Debug)]
pub struct Signer(Vec<RegistrarLeaf>);

impl Signer {
    /// Proves the registrar of a key, or says why it cannot sign.
    pub fn read(nodes: &Nodes, key: &Key) -> Result<Result<Self, Fault>, Failure> {
        let suite = nodes.network().suite();
        let id = &key.file.holder;
        let keys = [
            key::registrar(suite, id),
            key::public_key(suite, &key.file.key_id),
        ];
        let mut leaves = Leaves::read(nodes, keys, 0)?;
        let own = match leaves.key(&key.file.key_id)? {
            None => {
                return Ok(Err(Fault::new(
                    Code::UnknownKey,
                    format!("the key of {id}"),
                    format!("{id} 的密钥"),
                )))
            }
            Some(leaf) => leaf,
        };
        if !own.signs_at(leaves.time()) {
            let detail = own.valid_before.to_string();
            return Ok(Err(Fault::new(
                Code::KeyNotValid,
                format!(
                    "the key of {id} signs before {detail} and is neither retired nor compromised"
                ),
                format!("{id} 的密钥须在 {detail} 之前且未停用、未泄露"),
            )));
        }
        let mut chain: Vec<RegistrarLeaf> = Vec::new();
        let mut next = Some(id.clone());
        while let Some(id) = next {
            leaves.read_more(nodes, [key::registrar(suite, &id)], 0)?;
            let leaf = leaves
                .registrar(&id)?
                .filter(|_| chain.len() < REGISTRAR_LEVELS_MAX);
            let Some(leaf) = leaf else {
                return Ok(Err(Fault::new(
                    Code::NotEntitled,
                    format!("{id} is no registrar of this network"),
                    format!("{id} 不是本网络的登记机构"),
                )));
            };
            if !leaf.standing.is_active() {
                return Ok(Err(Fault::new(
                    Code::HolderNotActive,
                    format!("the registrar {id} is {}", leaf.standing.name()),
                    format!("登记机构 {id} {}", leaf.standing.name_zh()),
                )));
            }
            next = leaf.parent.clone();
            chain.push(leaf);
        }
        Ok(Ok(Self(chain)))
    }

    /// The registrar itself.
    pub fn own(&self) -> &RegistrarLeaf {
        &self.0[0]
    }

    /// Whether the council admitted it.
    pub fn is_first(&self) -> bool {
        self.own().parent.is_none()
    }

    /// How many stand above it.
    pub fn level(&self) -> usize {
        self.0.len()
    }

    /// Whether it and all above it may grant a type, or all types, to the issuers of a prefix.
    pub fn covers(&self, document_type: Option<&str>, prefix: &str) -> bool {
        let covers = |of: &RegistrarLeaf| {
            of.rights
                .iter()
                .any(|right| right.covers(document_type, prefix))
        };
        self.0.iter().all(covers)
    }

    /// Whether it and all above it grant a type to anybody.
    pub fn grants(&self, document_type: &str) -> bool {
        let of_type = |right: &RegistrarRight| {
            right
                .document_type
                .as_deref()
                .is_none_or(|of| of == document_type)
        };
        self.0.iter().all(|of| of.rights.iter().any(of_type))
    }

    /// Whether it and all above it admit members.
    pub fn admits_members(&self) -> bool {
        self.0.iter().all(|of| of.admits_members)
    }

    /// What is wrong with a region that is not its own.
    pub fn check_region(&self, region: &str) -> Option<Fault> {
        let own = &self.own().region;
        (own != region).then(|| {
            Fault::new(
                Code::BeyondRights,
                format!("the region is {region:?}, and the registrar is one of {own:?}"),
                format!("地区为 {region}，而登记机构属于 {own}"),
            )
        })
    }

    /// What is wrong with an entitlement to a type for these issuers.
    pub fn check_entitlement(&self, document_type: &str, prefixes: &[String]) -> Option<Fault> {
        let id = &self.own().id;
        if !self.grants(document_type) {
            return Some(Fault::new(
                Code::BeyondRights,
                format!("the registrar {id} may not entitle anybody to {document_type}"),
                format!("登记机构 {id} 无权授予 {document_type}"),
            ));
        }
        let beyond = |prefix: &&String| !self.covers(Some(document_type), prefix);
        prefixes.iter().find(beyond).map(|prefix| {
            let prefix = prefix_word(prefix);
            Fault::new(
                Code::BeyondRights,
                format!(
                    "the registrar {id} may not entitle to {document_type} of the issuers {prefix}"
                ),
                format!("登记机构 {id} 无权授予开具方 {prefix} 的 {document_type}"),
            )
        })
    }
}

/// A prefix as people read it: the empty one is all issuers.
pub fn prefix_word(prefix: &str) -> String {
    if prefix.is_empty() {
        "*".to_owned()
    } else {
        format!("{prefix}...")
    }
}
