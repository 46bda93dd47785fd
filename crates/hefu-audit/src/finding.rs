//! What an auditor finds wrong: each kind with a stable name, what it means, and what to do.

use hefu_proof::equivocation::Contradiction;
use hefu_proof::verdict::Said;
use hefu_proof::Equivocation;
use hefu_types::{EntryIndex, Hash, TreeSize};

/// Something that a network, or whoever shows it, may not do. A node that does not answer or is behind is
/// no finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The genesis or the origin that was shown is not that of the network file.
    OtherNetwork {
        /// The digest or the origin that was shown.
        found: String,
    },
    /// A checkpoint that no quorum of its set signed, or that is no note of the network.
    Checkpoint {
        /// What is wrong with it.
        why: String,
    },
    /// The chain of validator sets does not hold, or is not that of the blocks.
    Handover {
        /// What is wrong with it.
        why: String,
    },
    /// A quorum signed two histories. The file proves it to others.
    Equivocation {
        /// The proof.
        proof: Box<Equivocation>,
        /// Why no single history has both checkpoints.
        contradiction: Contradiction,
    },
    /// The hashes that were shown are not those of the log that a quorum signed.
    Log {
        /// The size of the signed log.
        size: TreeSize,
    },
    /// An entry that is not the one in the log.
    Entry {
        /// Its index.
        index: EntryIndex,
    },
    /// Operations that are not those that their statement signs.
    Operations {
        /// The statement's index.
        entry: EntryIndex,
    },
    /// A header that is not that of the block which was decided.
    Header {
        /// The height.
        height: u64,
    },
    /// A statement whose signature does not hold under a key that was live.
    Signature {
        /// The statement's index.
        entry: EntryIndex,
        /// The height of its block.
        height: u64,
    },
    /// A block that the rules refuse.
    Block {
        /// The height.
        height: u64,
        /// What the rules say.
        why: String,
    },
    /// Executing a block leads to another state than the one that was signed.
    StateRoot {
        /// The height.
        height: u64,
        /// What executing it leads to.
        executed: Hash,
        /// What the log names.
        signed: Hash,
    },
    /// The entry of a block does not say what executing it leads to.
    BlockEntry {
        /// The height.
        height: u64,
        /// The field.
        field: &'static str,
    },
    /// The list of refusals is not the one that executing the block leads to.
    Refusals {
        /// The height.
        height: u64,
    },
    /// A checkpoint that a quorum signed says something else than the block entry that it ends with.
    CheckpointOfBlock {
        /// The height of the block.
        height: u64,
    },
}

impl Finding {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OtherNetwork { .. } => "other-network",
            Self::Checkpoint { .. } => "checkpoint-without-quorum",
            Self::Handover { .. } => "broken-handover",
            Self::Equivocation { .. } => "equivocation",
            Self::Log { .. } => "log-inconsistent",
            Self::Entry { .. } => "entry-not-of-log",
            Self::Operations { .. } => "operations-not-of-statement",
            Self::Header { .. } => "header-not-of-block",
            Self::Signature { .. } => "statement-signature",
            Self::Block { .. } => "block-refused",
            Self::StateRoot { .. } => "other-state-root",
            Self::BlockEntry { .. } => "other-block-entry",
            Self::Refusals { .. } => "other-refusals",
            Self::CheckpointOfBlock { .. } => "checkpoint-not-of-block",
        }
    }

    /// Whether a quorum of the validators has signed what is wrong. Else whoever shows it may be at fault
    /// alone, and another node or folder may show the network as it is.
    pub const fn is_signed(&self) -> bool {
        matches!(
            self,
            Self::Equivocation { .. }
                | Self::Signature { .. }
                | Self::Block { .. }
                | Self::StateRoot { .. }
                | Self::BlockEntry { .. }
                | Self::CheckpointOfBlock { .. }
        )
    }

    /// What it means and what to do.
    pub fn said(&self) -> Said {
        let (en, zh) = self.means();
        if self.is_signed() {
            return Said::new(
                format!(
                    "{en}. A quorum of the validators signed this: keep the files, tell the council and \
                     the other members, and rely on nothing newer until it is explained"
                ),
                format!("{zh}。此内容有法定数量验证者的签名：请保存文件，通知理事会和其他成员，在查明之前不要依赖更新的内容"),
            );
        }
        if matches!(self, Self::Handover { .. }) {
            return Said::new(
                format!(
                    "{en}. Compare with what other nodes serve: if they agree on another chain, who \
                     served this one is at fault; if a quorum of a set signed both, the council must know"
                ),
                format!("{zh}。请与其他节点提供的内容比对：若其他节点的交接链一致且不同，则提供方有问题；若法定数量的验证者签署了两者，请通知理事会"),
            );
        }
        Said::new(
            format!(
                "{en}. No quorum signed this, so it shows that who served it is at fault: audit another \
                 node, and tell the operator of this one"
            ),
            format!("{zh}。此内容没有法定数量的签名，只说明提供方有问题：请改为审计其他节点，并通知其运营方"),
        )
    }

    fn means(&self) -> (String, String) {
        match self {
            Self::OtherNetwork { found } => (
                format!("what is served is of another network ({found}) than the network file, or that file is not the right one"),
                format!("所提供的内容属于另一个网络（{found}），与网络文件不符"),
            ),
            Self::Checkpoint { why } => (
                format!("the checkpoint that is served does not hold: {why}"),
                format!("所提供的检查点不成立：{why}"),
            ),
            Self::Handover { why } => (
                format!("the chain of validator sets that is served does not hold: {why}"),
                format!("所提供的验证者交接链不成立：{why}"),
            ),
            Self::Equivocation { contradiction, .. } => {
                let (en, zh) = match contradiction {
                    Contradiction::OneSize => ("of one size", "大小相同而内容不同"),
                    Contradiction::Order => ("that contradict each other in their order", "先后顺序矛盾"),
                    Contradiction::Beginning => ("whose logs begin differently", "日志开头不同"),
                };
                (
                    format!("the validators signed two histories: two checkpoints {en}"),
                    format!("验证者签署了两份历史：两个检查点{zh}"),
                )
            }
            Self::Log { size } => (
                format!(
                    "the hashes that are served do not lead to the root of the signed checkpoint of {size} \
                     entries, or not from the log that was checked before"
                ),
                format!("所提供的哈希不能由先前核对过的日志导出含 {size} 条记录的已签检查点"),
            ),
            Self::Entry { index } => (
                format!("entry {index} is not the one in the signed log"),
                format!("第 {index} 条记录与已签日志不符"),
            ),
            Self::Operations { entry } => (
                format!("the operations of entry {entry} are not those that its statement signs"),
                format!("第 {entry} 条记录的操作与其声明所签不符"),
            ),
            Self::Header { height } => (
                format!("the header of block {height} is not that of the block in the signed log"),
                format!("区块 {height} 的区块头与已签日志中的区块不符"),
            ),
            Self::Signature { entry, height } => (
                format!(
                    "the statement of entry {entry} in block {height} is not signed by a key that was live"
                ),
                format!("区块 {height} 第 {entry} 条记录的声明没有有效密钥的签名"),
            ),
            Self::Block { height, why } => (
                format!("block {height} breaks the rules: {why}"),
                format!("区块 {height} 违反规则：{why}"),
            ),
            Self::StateRoot {
                height,
                executed,
                signed,
            } => (
                format!(
                    "executing block {height} leads to the state {executed}, the log names {signed}"
                ),
                format!("重新执行区块 {height} 得到状态 {executed}，而日志所载为 {signed}"),
            ),
            Self::BlockEntry { height, field } => (
                format!("the entry of block {height} has another {field} than executing it leads to"),
                format!("区块 {height} 的记录中 {field} 与重新执行的结果不符"),
            ),
            Self::Refusals { height } => (
                format!("the refusals of block {height} that are served are not those of its operations"),
                format!("所提供的区块 {height} 的拒绝列表与其操作不符"),
            ),
            Self::CheckpointOfBlock { height } => (
                format!("a signed checkpoint contradicts the entry of block {height}, with which it ends"),
                format!("已签检查点与其末尾的区块 {height} 的记录矛盾"),
            ),
        }
    }
}
