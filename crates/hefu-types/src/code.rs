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
        "This operation does not exist for documents of this type; check the type, or choose an operation that it has.",
        "该类型的文档不支持此操作，请核对类型或改用其支持的操作。";
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
    /// The number is in no range that its issuer holds.
    OutsideRange = 1008,
        "This number is in no range that is allocated to this agency; ask for a range, or use a number of yours.",
        "该号码不在已分配给该机构的号段内，请申请号段或使用本机构号段内的号码。";
    /// The range is expired, withdrawn or not yet in use.
    RangeNotActive = 1009,
        "The range of this number is expired, withdrawn, or not yet allocated and activated; activate it, or use a number of another range.",
        "该号码所在号段已过期、已收回或尚未分配启用，请启用该号段或改用其他号段的号码。";
    /// The numbers are another range's already.
    RangeTaken = 1010,
        "Some of these numbers are in a range already; choose numbers that are free.",
        "其中部分号码已属于其他号段，请选择未分配的号码。";
    /// A number that is to be voided or given away is issued, void or a branch's.
    NumberNotOpen = 1011,
        "Some of these numbers are issued, void or given to a branch; look at the open ones with `hefu range report`.",
        "其中部分号码已开具、已作废或已下发分支，请用 hefu range report 查看可用号码。";
    /// No range has this place.
    UnknownRange = 1012,
        "There is no such range in this numbering; look them up with `hefu range list`.",
        "该号码序列中没有此号段，请用 hefu range list 查询。";
    /// The step does not start from where the range stands.
    WrongRangeState = 1013,
        "The range is in a state that does not allow this step; look at it with `hefu range list`.",
        "该号段当前状态不允许此操作，请用 hefu range list 查看。";
    /// The numbers were declared void.
    NumberVoid = 1014,
        "This number was declared void and is never issued; use another number.",
        "该号码已声明作废，不得再开具，请使用其他号码。";
    /// The document was issued without a connection where this is not allowed, or at a time that cannot be.
    BadOfflineIssue = 1015,
        "The document cannot have been issued offline at this time, because its type does not allow it or the time lies ahead or too far back; correct the time, or register without it.",
        "该离线开具时间不可接受（该类型不允许离线开具，或时间在未来或过于久远），请更正时间或不填。";
    /// The same document is registered already; the first receipt answers.
    SameAgain = 2001,
        "This document is registered already; its first receipt is the answer.",
        "该文档已经登记，请使用首次登记的回执。";
    /// Another document stands under the same number.
    NumberTaken = 2002,
        "Another document is registered under this number; compare both with the evidence that is named.",
        "该号码下已登记另一份内容不同的文档，请依据所附证据核对两者。";
    /// The file is registered under another number.
    FileTaken = 2003,
        "This file is registered already under another number; register each document with a file of its own.",
        "该文件已登记在另一个号码下，请为每份文档使用各自的文件。";
    /// The number was cancelled, and its profile does not give it out again.
    NumberBurned = 2004,
        "The document of this number ended, and the number is not used again; use a new number.",
        "该号码下的文档已终止，号码不得再次使用，请使用新号码。";
    /// The signing key is not on the ledger.
    UnknownKey = 3001,
        "The signing key is not registered on this network; ask your registrar to admit it.",
        "签名密钥未在本网络登记，请联系登记机构办理准入。";
    /// The signer may not do this for this type and region.
    NotEntitled = 3002,
        "The signer is not entitled to this operation for this document type and region; ask your registrar for the entitlement, or let the agency that has it sign.",
        "签名方无权对该类型和地区的文档执行此操作，请向登记机构申请授权，或由有权机构签署。";
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
        "The legal issuer that the document names is outside the scope of this agency; let the agency in charge of that issuer register it.",
        "文档所载开具方不在该机构的授权范围内，请由主管该开具方的机构办理。";
    /// The holder of the key is suspended or retired.
    HolderNotActive = 3006,
        "The holder of the signing key is suspended or retired; ask your registrar.",
        "签名密钥的持有者已被暂停或注销，请联系登记机构。";
    /// Too few seats of the council have signed.
    CouncilNotReached = 3007,
        "Too few seats of the council have signed this action, or one of the signatures does not hold; collect the missing ones with `hefu govern sign`.",
        "理事会签名不足或其中签名无效，请用 hefu govern sign 补齐签名。";
    /// The action's time is over, or another council sits.
    ActionOver = 3008,
        "The action's time is over, it lies too far ahead, or the council has changed since it was proposed; propose it anew.",
        "该决议已过期、期限过长，或理事会已更换，请重新提出。";
    /// The action was executed before.
    ActionDone = 3009,
        "This action of the council was executed already; propose another one if it is to be done again.",
        "该决议已执行过，如需再次执行请另行提出。";
    /// Something else has this id.
    IdTaken = 3010,
        "This id is taken already; choose another, or change the one that is there.",
        "该标识已被占用，请另选，或修改已有对象。";
    /// The key is on the ledger already.
    KeyTaken = 3011,
        "This key is on the ledger already, and a key has one holder for ever; make a new one.",
        "该密钥已在账本上登记，且永远只归一个持有者，请生成新密钥。";
    /// The scope overlaps another agency's.
    ScopeTaken = 3012,
        "Another agency is in charge of some of these legal issuers already; give this one a scope that does not overlap.",
        "其中部分开具方已由其他机构主管，请给出不重叠的范围。";
    /// More than the signer may grant.
    BeyondRights = 3013,
        "The registrar that signs may not grant this; let one that has this region, type and scope sign, or ask for less.",
        "签署的登记机构无权授予此项，请由具有该地区、类型和范围权限的机构签署，或缩小申请。";
    /// The proof of possession does not hold.
    BadPossession = 3014,
        "The proof that the key's holder has it does not hold for this id, role and network; let the holder make the request again.",
        "密钥持有证明对该标识、角色和网络无效，请持有者重新生成申请。";
    /// Nobody of this id, or no such key.
    UnknownHolder = 3015,
        "There is no such agency, member, registrar or key; check the id that is named.",
        "不存在该机构、成员、登记机构或密钥，请核对所指出的标识。";
    /// The time from which a key is said to be compromised cannot be.
    BadCompromiseTime = 3016,
        "A compromise begins not in the future, not before the key's last confirmation, and not later than was declared before; give another time.",
        "泄露时间不得在未来、不得早于密钥最近一次确认，也不得晚于此前声明的时间，请另行给出。";
    /// The key's role does not allow this.
    WrongKeyRole = 3017,
        "A management key only manages keys, and an operational key manages none; sign with the other one.",
        "管理密钥只用于管理密钥，业务密钥不得管理密钥，请改用另一密钥签署。";
    /// A set of validators waits to come into force.
    SetWaits = 3018,
        "The next set of validators is written and waits to come into force; send this again in a moment.",
        "下一届验证者集合已写入并等待生效，请稍后重试。";
    /// The set of validators cannot follow that in force.
    BadSet = 3019,
        "Less than a third of the validators may leave and less than a third may be new, with names and keys of their own; change the set in smaller steps.",
        "每次离开和新加入的验证者均须少于三分之一，且名称和密钥唯一，请分步变更。";
    /// The version of the rules or its height cannot be.
    BadActivation = 3020,
        "A version of the rules is activated that is greater than the one in force, at a height that is still to come; give others.",
        "启用的规则版本须高于现行版本，且启用高度须在未来，请另行给出。";
    /// No such region.
    UnknownRegion = 3021,
        "The region is not one of this network; look them up with `hefu catalogue`.",
        "该地区不属于本网络，请用 hefu catalogue 查询。";
    /// What documents that exist rely on would change.
    CannotChangeType = 3022,
        "Kind, profile, zone, exclusions and existing purposes of a type never change; add another type instead.",
        "类型的种类、编号规则、时区、互斥集合和已有用途不可更改，请另增新类型。";
    /// What is retired stays so.
    HasRetired = 3023,
        "It has retired for good; admit another.",
        "该对象已永久注销，请另行准入。";
    /// The window for cancelling is over.
    CancelWindowOver = 4001,
        "The time in which this document could be cancelled is over; reverse it instead.",
        "该文档已超过作废时限，请改用红冲。";
    /// The document is used, so it cannot be cancelled.
    InUse = 4002,
        "The document is in use or used, so it cannot be cancelled; reverse it with the consent of who uses it.",
        "该文档正在使用或已使用，不能作废，请经使用方确认后红冲。";
    /// The document is in a state from which this operation does not start.
    WrongState = 4003,
        "The document is in a state that does not allow this operation; look at it with `hefu status`.",
        "该文档当前状态不允许此操作，请用 hefu status 查看。";
    /// The document's validity is over, or has not begun.
    NotInValidity = 4004,
        "The document is expired or not yet valid; ask its holder for one that is valid on this day.",
        "该文档已过有效期或尚未生效，请向持有者索取当日有效的文档。";
    /// The effective time is not allowed.
    BadEffectiveTime = 4005,
        "The effective time of this operation must not lie in the past; leave it out, or give a later one.",
        "此操作的生效时间不得早于当前时间，请不填或改为之后的时间。";
    /// A request of a reversal stands.
    ConsentPending = 4006,
        "A reversal of this document is asked for; answer it, or wait until it is over.",
        "该文档正在红冲确认流程中，请先予答复或等待其结束。";
    /// The invoice is in use, so its users must agree to a reversal.
    ConsentNeeded = 4007,
        "The invoice is in use: ask for the reversal with `hefu reversal request`, and reverse it once its users agree.",
        "该发票已被使用：请先用 hefu reversal request 申请红冲，待使用方确认后再红冲。";
    /// No request stands, or it is denied, taken back or lapsed.
    NoConsent = 4008,
        "No request of a reversal stands that could be answered or carried out; ask anew.",
        "没有可答复或执行的红冲申请（不存在、已否认、已撤销或已超时），请重新申请。";
    /// More than is left would be reversed.
    OverReversal = 4009,
        "More would be reversed than is left of the invoice or of the credit note; lower the amount.",
        "红冲金额超过发票或红字发票的剩余金额，请减少金额。";
    /// The window for a correction is over.
    CorrectWindowOver = 4010,
        "The time in which this registration could be corrected is over; cancel, reverse or replace the document.",
        "该登记已超过更正时限，请改用作废、红冲或替换。";
    /// A supervising agency has not confirmed the document.
    NotConfirmed = 4011,
        "The document is proposed and not confirmed; wait until the supervising agency has confirmed it.",
        "该文档仅已提交、尚未确认，请待监管机构确认生效后再使用。";
    /// The other document of a link is not one that can be linked.
    BadLink = 4012,
        "The other document cannot be linked: it must be in force, of the same agency and legal issuer, and have room for a link.",
        "另一份文档无法关联：须有效、由同一机构为同一开具方登记，且关联数未满。";
    /// The amount is not the one that was agreed to.
    OtherAmount = 4013,
        "The amount is not the one that was asked for and agreed to; reverse that amount, or ask anew.",
        "金额与已确认的红冲申请不一致，请按申请金额红冲或重新申请。";
    /// It is archived already.
    AlreadyArchived = 4014,
        "The document is archived already; nothing is to be done.",
        "该文档已归档，无需重复操作。";
    /// The licence is not on its way to this region, or was taken in before.
    TransferNotOpen = 4015,
        "The licence did not leave for this region, or was taken in already; look at it with `hefu status`, and ask the region that it left.",
        "该许可未转往本地区，或已被转入，请用 hefu status 查看并联系转出地区。";
    /// No such copy is made.
    NotLent = 4016,
        "No such copy is made of this licence: its type does not allow it, it is for too long, or its holder's consent is missing; mend what is named.",
        "不能为该许可出具此加注件（类型不允许、期限过长或缺少持有者同意），请更正所指出之处。";
    /// What was looked at is not what stands there now.
    OtherVersion = 4017,
        "The document or the request has changed since it was looked at; look at it again, and sign what it says now.",
        "该文档或申请在查看之后已变更，请重新查看后再签署。";
    /// Locked by somebody else.
    Locked = 5001,
        "Somebody else has locked the document for this use; try again after the time that is told.",
        "该文档已被他人锁定用于此用途，请在所示时间之后再试。";
    /// Used already for this purpose.
    AlreadyUsed = 5002,
        "The document is used already for this purpose; do not pay or book it again.",
        "该文档已用于此用途，请勿重复支付或入账。";
    /// The signer has no right to use the document.
    NoRightToUse = 5003,
        "The signer has no right to use this document; let the member that it names use it, or show the right with its receipt or its claim.",
        "签名方无权使用该文档，请由文档指定的成员使用，或以其回执、凭证证明使用权。";
    /// The type does not know this purpose.
    UnknownPurpose = 5004,
        "Documents of this type are not used for this purpose; choose one of the purposes of the type.",
        "该类型的文档没有此用途，请选择该类型规定的用途。";
    /// The digest that the use names is not one of the record's.
    DigestNotOfRecord = 5005,
        "The file that the use names is not one of this document; use one of its registered files.",
        "使用操作所引用的文件不属于该文档，请使用其已登记的文件。";
    /// More than is left is asked for.
    ExceedsBalance = 5006,
        "Less than this amount is free for this purpose; ask for at most what is told.",
        "可用于此用途的余额不足，请勿超过所示金额。";
    /// Used for a purpose that excludes this one.
    PurposeExcluded = 5007,
        "The document is used for a purpose that excludes this one; do not use it for both.",
        "该文档已用于与此互斥的用途，不得同时用于两者。";
    /// The lock lapsed, or is none.
    LockOver = 5008,
        "The lock is over or is not yours; lock again, or consume from what is free.",
        "该锁定已失效或不属于您，请重新锁定或直接使用未占用部分。";
    /// The member holds such a lock already.
    LockHeld = 5009,
        "You hold a lock on this already; its receipt is the answer, or release it first.",
        "您已持有该锁定，请使用其回执，或先予释放。";
    /// Too many locks as first member.
    TooManyLocks = 5010,
        "Too many locks as first member in a short time; wait a minute, or consume at once.",
        "短时间内以首个成员身份锁定过多，请稍后再试或直接使用。";
    /// The member locked it as first member a moment ago.
    LockedBefore = 5011,
        "You had a lock on this that ended; as first member you may not lock it again so soon, but you may consume it.",
        "您此前的锁定刚刚结束，首个成员不得立即再次锁定，但可以直接使用。";
    /// The record has no room for another use.
    TooManyShares = 5012,
        "The document has as many uses as it may have; ask those who hold locks to release them.",
        "该文档的使用份数已达上限，请锁定方先释放。";
    /// The use cannot be divided.
    NotDivisible = 5013,
        "This purpose or this document is not used in parts; ask for the whole.",
        "此用途或该文档不支持部分使用，请整份使用。";
    /// No such use.
    UnknownUse = 5014,
        "The document has no such use that could be taken back; check the operation.",
        "该文档没有可收回的此项使用，请核对操作编号。";
    /// The signer signed it already.
    AlreadySigned = 5015,
        "Your side has signed this already; the other side is to sign now.",
        "您方已签署，请等待另一方签署。";
    /// The type does not let members record uses of what is not registered.
    NotUnattested = 5016,
        "This type's documents are used only once their issuer has registered them, or this one is registered; leave out the number.",
        "该类型的文档须先由开具方登记方可使用，或该文档已登记；请勿附带号码。";
    /// The bytes differ from those that were registered.
    BytesDiffer = 6001,
        "This number is registered with other bytes than this file; ask for the original file or for its receipt.",
        "该号码登记的字节与此文件不同，请索取原始文件或其回执。";
    /// The facts differ from those that were registered.
    FactsDiffer = 6002,
        "This file says other things than the registered document; do not rely on it.",
        "该文件内容与登记的文档不一致，请勿采信。";
    /// A proof does not hold.
    BadProof = 6003,
        "A proof does not hold; fetch it again, from another node.",
        "证明无法通过验证，请从其他节点重新获取。";
    /// What is proven is too old or does not say.
    StatusUnknown = 6005,
        "What is proven is too old, or does not say; ask the network.",
        "所持证明过旧或不足以判断，请联网查询。";
    /// Its agency registers all such documents, and this one is not there.
    NotRegisteredInTime = 6006,
        "It is not registered, though its agency registers all such documents in time; do not rely on it.",
        "该文档未登记，而其机构承诺按时全部登记，请勿采信。";
    /// The buyer is somebody else.
    OtherBuyer = 6007,
        "The invoice names another buyer than this member; do not pay it.",
        "该发票的购买方不是此成员，请勿支付。";
    /// The amount is more than the invoice's.
    OtherTotal = 6008,
        "More is claimed than the invoice's total; do not pay it.",
        "申报金额超过发票金额，请勿支付。";
    /// The region does not recognise it.
    NotRecognised = 6009,
        "This region does not recognise the document; the rule that is cited says why, and its issuing office answers questions.",
        "本地区不认可该文档，依据见所引规则，可向开具机构咨询。";
    /// A condition of the recognition does not hold.
    ConditionNotMet = 6010,
        "The region recognises such documents on a condition that this one does not meet; do not accept it.",
        "本地区对此类文档的认可附有条件，而该文档不满足，请勿采信。";
    /// The licence that a copy was made of is not in force.
    OriginalNotInForce = 6011,
        "The licence that this copy was made of is not in force; do not accept the copy.",
        "该加注件所依据的原许可已失效，请勿采信。";
    /// The copy was made for somebody else.
    OtherUser = 6012,
        "This copy was lent to another user than the one that asks; do not rely on it.",
        "该加注件并非供此使用方使用，请勿采信。";
    /// Another operation of the same atomic statement was refused.
    SiblingRefused = 7001,
        "Another operation of the same atomic statement was refused, so this one was not done; mend that one and send both again.",
        "同一原子声明中的其他操作被拒绝，本操作未执行，请更正该操作后一并重新提交。";
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
                1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                1015, 2001, 2002, 2003, 2004, 3001, 3002, 3003, 3004, 3005, 3006, 3007, 3008, 3009,
                3010, 3011, 3012, 3013, 3014, 3015, 3016, 3017, 3018, 3019, 3020, 3021, 3022, 3023,
                4001, 4002, 4003, 4004, 4005, 4006, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014,
                4015, 4016, 4017, 5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008, 5009, 5010, 5011,
                5012, 5013, 5014, 5015, 5016, 6001, 6002, 6003, 6005, 6006, 6007, 6008, 6009, 6010,
                6011, 6012, 7001, 7002, 7003, 7004, 7005, 7006, 7007
            ]
        );
        assert!(Code::ALL
            .iter()
            .all(|code| Code::from_number(code.number()) == Some(*code)));
        assert!(Code::ALL.iter().all(|code| !code.sentence_zh().is_ascii()));
    }

    /// People have the sentences in their handbooks: one that changes, changes here too.
    #[test]
    fn sentences_change_only_together_with_their_list() {
        let mut listed = include_str!("code/sentences.tsv").lines();
        for code in Code::ALL {
            let (number, en, zh) = (code.number(), code.sentence_en(), code.sentence_zh());
            let line = format!("{number}\t{code:?}\t{en}\t{zh}");
            assert_eq!(listed.next(), Some(line.as_str()));
        }
        assert_eq!(listed.next(), None, "a code is gone");
    }

    #[test]
    fn a_code_is_one_sentence_in_each_language() {
        for code in Code::ALL {
            let (en, zh) = (code.sentence_en(), code.sentence_zh());
            assert!(en.ends_with('.') && !en.contains(". "), "{code:?}: {en}");
            let ends = zh.chars().filter(|c| "。！？".contains(*c)).count();
            assert!(zh.ends_with('。') && ends == 1, "{code:?}: {zh}");
        }
    }
}
