//! The stable codes of outcomes and answers. A code is never renumbered and never used again.
//!
//! Groups: 1xxx input and profile, 2xxx uniqueness, 3xxx authority, 4xxx state, 5xxx use,
//! 6xxx verification, 7xxx system. Each code has one sentence in Chinese and in English that says
//! what to do.

use minicbor::{decode, encode, Decode, Decoder, Encode, Encoder};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $en:literal, $zh:literal;)*) => {
        /// A stable code (see the module).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name = $number,)*
        }

        impl Code {
            /// All codes, ascending.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The code of a number.
            pub fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// What it means and what to do, in English.
            pub const fn sentence_en(self) -> &'static str {
                match self { $(Self::$name => $en,)* }
            }

            /// What it means and what to do, in Chinese.
            pub const fn sentence_zh(self) -> &'static str {
                match self { $(Self::$name => $zh,)* }
            }
        }
    };
}

codes! {
    /// The number or another field of the identity breaks the type's profile.
    BadIdentity = 1001,
        "The number or its issuer does not fit the profile of the document type; correct the field that is named.",
        "号码或开具方不符合该文档类型的编号规则，请更正所指出的字段。";
    /// A date, a list or a text of the operation is not well formed.
    BadField = 1002,
        "A field of the operation is not well formed; correct the field that is named.",
        "操作中的字段格式不正确，请更正所指出的字段。";
    /// The document type is not known.
    UnknownType = 1003,
        "The document type is not on the ledger; look it up in the network's list of types.",
        "账本上没有该文档类型，请查阅本网络的类型目录。";
    /// The operation does not exist for this kind of document.
    NotForThisType = 1004,
        "This operation does not exist for documents of this type.",
        "该类型的文档不支持此操作。";
    /// No record stands under the key.
    UnknownRecord = 1005,
        "No document is registered under this number; check the number, its issuer and its type.",
        "该号码下没有已登记的文档，请核对号码、开具方和类型。";
    /// The file or text is not one that can be read.
    Unreadable = 1006,
        "The request cannot be read; send the format that the documentation describes.",
        "无法读取该请求，请按文档所述格式发送。";
    /// More than a limit allows.
    TooLarge = 1007,
        "The request is larger than allowed; send it in smaller parts.",
        "请求超过大小限制，请分成较小的部分发送。";
    /// The same document is registered already; the first receipt answers.
    SameAgain = 2001,
        "This document is registered already; its first receipt is the answer.",
        "该文档已经登记，返回首次登记的回执。";
    /// Another document stands under the same number.
    NumberTaken = 2002,
        "Another document is registered under this number; compare both with the evidence that is named.",
        "该号码下已登记另一份内容不同的文档，请依据所附证据核对两者。";
    /// The file is registered under another number.
    FileTaken = 2003,
        "This file is registered already under another number; one file is one document.",
        "该文件已登记在另一个号码下，一个文件只能对应一份文档。";
    /// The signing key is not on the ledger.
    UnknownKey = 3001,
        "The signing key is not registered on this network; ask your registrar to admit it.",
        "签名密钥未在本网络登记，请联系登记机构办理准入。";
    /// The signer may not do this for this type and region.
    NotEntitled = 3002,
        "The signer is not entitled to this operation for this document type and region.",
        "签名方无权对该类型和地区的文档执行此操作。";
    /// The key is retired, or not valid at this time.
    KeyNotValid = 3003,
        "The signing key is retired or not valid at this time; sign with the current key.",
        "签名密钥已停用或不在有效期内，请使用现行密钥签名。";
    /// The key was compromised before the registration.
    KeyCompromised = 3004,
        "The key had been compromised when this was signed; ask the issuer to confirm the document.",
        "签署时该密钥已泄露，请向开具方核实该文档。";
    /// The legal issuer of the document is outside the signer's scope.
    OutsideScope = 3005,
        "The legal issuer that the document names is outside the scope of this agency.",
        "文档所载开具方不在该机构的授权范围内。";
    /// The holder of the key is suspended or retired.
    HolderNotActive = 3006,
        "The holder of the signing key is suspended or retired; ask your registrar.",
        "签名密钥的持有者已被暂停或注销，请联系登记机构。";
    /// The window for cancelling is over.
    CancelWindowOver = 4001,
        "The time in which this document could be cancelled is over; reverse it instead.",
        "该文档已超过作废时限，请改用红冲。";
    /// The document is used, so it cannot be cancelled.
    InUse = 4002,
        "The document is in use or used; it cannot be cancelled.",
        "该文档正在使用或已使用，不能作废。";
    /// The document is in a state from which this operation does not start.
    WrongState = 4003,
        "The document is in a state that does not allow this operation; look at its status.",
        "该文档当前状态不允许此操作，请查看其状态。";
    /// The document's validity is over, or has not begun.
    NotInValidity = 4004,
        "The document is expired or not yet valid.",
        "该文档已过有效期或尚未生效。";
    /// The effective time is not allowed.
    BadEffectiveTime = 4005,
        "The effective time must not lie in the past for this operation.",
        "此操作的生效时间不得早于当前时间。";
    /// Used already for this purpose.
    AlreadyUsed = 5002,
        "The document is used already for this purpose; do not pay or book it again.",
        "该文档已用于此用途，请勿重复支付或入账。";
    /// The signer has no right to use the document.
    NoRightToUse = 5003,
        "The signer has no right to use this document; only the member that it names, or whoever holds its claim, may use it.",
        "签名方无权使用该文档，只有文档指定的成员或持有凭证者可以使用。";
    /// The type does not know this purpose.
    UnknownPurpose = 5004,
        "Documents of this type are not used for this purpose.",
        "该类型的文档没有此用途。";
    /// The digest that the use names is not one of the record's.
    DigestNotOfRecord = 5005,
        "The file that the use names is not a rendition of this document.",
        "使用操作所引用的文件不是该文档的版式文件。";
    /// Another operation of the same atomic statement was refused.
    SiblingRefused = 7001,
        "Another operation of the same atomic statement was refused, so this one was not done.",
        "同一原子声明中的其他操作被拒绝，本操作未执行。";
    /// The statement came too late or too early.
    StatementExpired = 7002,
        "The statement's time is over or too far ahead; sign it again.",
        "声明已过期或有效期过长，请重新签署。";
    /// The node cannot take more now.
    Busy = 7003,
        "The node is busy; send the same statement again in a moment.",
        "节点繁忙，请稍后重发同一声明。";
    /// No answer within the time asked for.
    NotYetFinal = 7004,
        "The statement is taken but not yet final; ask again with the same statement.",
        "声明已受理但尚未最终确认，请用同一声明再次查询。";
    /// Nothing stands at this path.
    NotFound = 7005,
        "Nothing is found here; check the address.",
        "未找到所请求的内容，请核对地址。";
    /// The signature does not verify.
    BadSignature = 7006,
        "The signature does not verify; check key, network and bytes.",
        "签名验证失败，请核对密钥、网络和内容。";
    /// The node's memory for records is full.
    NoRoom = 7007,
        "The node has no room for new records; register through another node, or ask its operator for more memory.",
        "该节点的登记容量已满，请通过其他节点登记，或请其运营方扩充内存。";
}

impl Code {
    /// The number that is stored, shown and documented.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.number(), self.sentence_en())
    }
}

impl<C> Encode<C> for Code {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u16(self.number())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Code {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::from_number(d.u16()?).ok_or_else(|| decode::Error::message("unknown code"))
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_never_change() {
        // A changed line here is a decision: a stored refusal would read otherwise.
        let numbers: Vec<u16> = Code::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(
            numbers,
            [
                1001, 1002, 1003, 1004, 1005, 1006, 1007, 2001, 2002, 2003, 3001, 3002, 3003, 3004,
                3005, 3006, 4001, 4002, 4003, 4004, 4005, 5002, 5003, 5004, 5005, 7001, 7002, 7003,
                7004, 7005, 7006, 7007
            ]
        );
        assert!(Code::ALL
            .iter()
            .all(|code| Code::from_number(code.number()) == Some(*code)));
        assert!(Code::ALL.iter().all(|code| !code.sentence_zh().is_ascii()));
    }
}
