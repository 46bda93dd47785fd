//! The labels that are printed on the forms, and where they stand on a page.

use super::pieces::{compact, Pieces};

/// What a label announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    InvoiceNumber,
    InvoiceCode,
    BillNumber,
    BillCode,
    CheckCode,
    IssueDay,
    /// The name of the party in whose box it stands.
    Name,
    /// The identifier of the party in whose box it stands.
    TaxId,
    BuyerName,
    BuyerId,
    SellerName,
    SellerId,
    Payer,
    PayerId,
    Collector,
    IssuedBy,
    Total,
    Sum,
    Fare,
    Tax,
    TravelDay,
    CertificateNumber,
    Holder,
    Issuer,
    ValidFrom,
    ValidUntil,
    Validity,
    /// The box of one party begins here.
    Buyer,
    /// The box of the other one.
    Seller,
    /// Printed words whose value is not read: no value of another label reaches beyond them.
    Other,
}

/// The printed words, without white space, full-width ASCII as plain.
const LABELS: &[(&str, Label)] = &[
    ("发票号码", Label::InvoiceNumber),
    ("发票代码", Label::InvoiceCode),
    ("票据号码", Label::BillNumber),
    ("电子票据号码", Label::BillNumber),
    ("票据代码", Label::BillCode),
    ("电子票据代码", Label::BillCode),
    ("校验码", Label::CheckCode),
    ("开票日期", Label::IssueDay),
    ("填开日期", Label::IssueDay),
    ("发证日期", Label::IssueDay),
    ("颁发日期", Label::IssueDay),
    ("发证时间", Label::IssueDay),
    ("签发日期", Label::IssueDay),
    ("名称", Label::Name),
    ("单位名称", Label::Name),
    ("企业名称", Label::Holder),
    ("统一社会信用代码/纳税人识别号", Label::TaxId),
    ("纳税人识别号/统一社会信用代码", Label::TaxId),
    ("统一社会信用代码(纳税人识别号)", Label::TaxId),
    ("纳税人识别号", Label::TaxId),
    ("统一社会信用代码", Label::TaxId),
    ("购买方名称", Label::BuyerName),
    ("购方名称", Label::BuyerName),
    ("购买方统一社会信用代码/纳税人识别号", Label::BuyerId),
    ("购买方统一社会信用代码", Label::BuyerId),
    ("购买方纳税人识别号", Label::BuyerId),
    ("销售方名称", Label::SellerName),
    ("销方名称", Label::SellerName),
    ("销售方统一社会信用代码/纳税人识别号", Label::SellerId),
    ("销售方统一社会信用代码", Label::SellerId),
    ("销售方纳税人识别号", Label::SellerId),
    ("交款人", Label::Payer),
    ("缴款人", Label::Payer),
    ("交款人统一社会信用代码", Label::PayerId),
    ("缴款人统一社会信用代码", Label::PayerId),
    ("收款单位(章)", Label::Collector),
    ("收款单位(盖章)", Label::Collector),
    ("收款单位", Label::Collector),
    ("开票单位(章)", Label::Collector),
    ("开票单位", Label::Collector),
    ("填开单位", Label::IssuedBy),
    ("价税合计(小写)", Label::Total),
    ("金额合计(小写)", Label::Total),
    ("(小写)", Label::Total),
    ("小写", Label::Total),
    ("合计", Label::Sum),
    ("票价", Label::Fare),
    ("电子客票号", Label::Other),
    ("电子客票号码", Label::Other),
    ("旅客姓名", Label::Other),
    ("电子证照编号", Label::CertificateNumber),
    ("证照编号", Label::CertificateNumber),
    ("证照号码", Label::CertificateNumber),
    ("许可证编号", Label::CertificateNumber),
    ("许可证号", Label::CertificateNumber),
    ("证书编号", Label::CertificateNumber),
    ("证书号", Label::CertificateNumber),
    ("证号", Label::CertificateNumber),
    ("编号", Label::CertificateNumber),
    ("持证主体", Label::Holder),
    ("持证单位", Label::Holder),
    ("持证人", Label::Holder),
    ("持有人", Label::Holder),
    ("建设单位", Label::Holder),
    ("探矿权人", Label::Holder),
    ("采矿权人", Label::Holder),
    ("发证机关", Label::Issuer),
    ("颁发机关", Label::Issuer),
    ("发证单位", Label::Issuer),
    ("颁证机关", Label::Issuer),
    ("有效期至", Label::ValidUntil),
    ("有效期自", Label::ValidFrom),
    ("有效期", Label::Validity),
    ("有效期限", Label::Validity),
    ("证照有效期", Label::Validity),
    ("购买方", Label::Buyer),
    ("购买方信息", Label::Buyer),
    ("购方", Label::Buyer),
    ("购货单位", Label::Buyer),
    ("购", Label::Buyer),
    ("购买", Label::Buyer),
    ("销售方", Label::Seller),
    ("销售方信息", Label::Seller),
    ("销方", Label::Seller),
    ("销货单位", Label::Seller),
    ("销", Label::Seller),
    ("销售", Label::Seller),
    ("电子证照标识", Label::Other),
    ("证照标识", Label::Other),
    ("机器编号", Label::Other),
    ("地址、电话", Label::Other),
    ("地址", Label::Other),
    ("电话", Label::Other),
    ("开户行及账号", Label::Other),
    ("密码区", Label::Other),
    ("备注", Label::Other),
    ("收款人", Label::Other),
    ("复核", Label::Other),
    ("复核人", Label::Other),
    ("开票人", Label::Other),
    ("价税合计(大写)", Label::Other),
    ("价税合计", Label::Other),
    ("金额合计(大写)", Label::Other),
    ("金额合计", Label::Other),
    ("其他信息", Label::Other),
    ("项目名称", Label::Other),
    ("规格型号", Label::Other),
    ("开票状态", Label::Other),
    ("有效身份证件号码", Label::Other),
    ("验证码", Label::Other),
    ("提示信息", Label::Other),
    ("退票费", Label::Other),
    ("改签费", Label::Other),
    ("燃油附加费", Label::Other),
    ("民航发展基金", Label::Other),
    ("增值税税率", Label::Other),
    ("增值税税额", Label::Tax),
    ("日期", Label::TravelDay),
    ("其他税费", Label::Other),
    ("工程名称", Label::Other),
    ("法定代表人", Label::Other),
];

/// No label has more letters.
pub(super) const LETTERS_MAX: usize = 20;
/// A page with more printed words than these is no form; ten pages of one have a few hundred.
const SPOTS_MAX: usize = 1_000;

pub(super) fn is_label(text: &str) -> bool {
    LABELS.iter().any(|(label, _)| *label == text)
}

/// Whether `left` and `right` are the beginning of a label, one after the other.
pub(super) fn begins_label(left: &str, right: &str) -> bool {
    let rest = |label: &'static str| label.strip_prefix(left);
    !left.is_empty()
        && LABELS.iter().any(|(label, _)| {
            rest(label).is_some_and(|rest| {
                let right = right.strip_suffix(':').unwrap_or(right);
                !rest.is_empty() && !right.is_empty() && rest.starts_with(right)
            })
        })
}

pub(super) fn starts_with_label(text: &str) -> bool {
    let head: String = text.chars().take(2 * LETTERS_MAX).collect();
    let head = compact(&head);
    // Single letters stand in many words.
    LABELS
        .iter()
        .any(|(label, _)| label.len() > 3 && head.starts_with(label))
}

/// A label on a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    pub(super) label: Label,
    /// The piece that it stands in.
    pub(super) piece: usize,
    pub(super) page: u32,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) end: f32,
    pub(super) height: f32,
    /// The value that stands behind it in the same piece.
    pub(super) inline: String,
}

impl Spot {
    /// The label of a number that is no word of the table: it takes the first bytes of a piece.
    pub(super) fn behind(pieces: &Pieces<'_>, index: usize, bytes: usize) -> Self {
        let piece = &pieces.all[index];
        let (head, inline) = piece.text.split_at(bytes);
        let share = head.chars().count() as f32 / piece.text.chars().count().max(1) as f32;
        Self {
            label: Label::CertificateNumber,
            piece: index,
            page: piece.page,
            x: piece.x,
            y: piece.y,
            end: piece.x + (piece.end - piece.x) * share,
            height: piece.height,
            inline: inline.trim_start_matches(':').trim().to_owned(),
        }
    }
}

/// Whose box it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Buyer,
    Seller,
}

impl Side {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
        }
    }

    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Buyer => "buyer-id",
            Self::Seller => "seller-id",
        }
    }
}

/// The labels of all pages, in the order of the pieces.
pub(super) struct Spots {
    pub(super) all: Vec<Spot>,
    /// The pieces that begin with one.
    beginning: std::collections::BTreeSet<usize>,
}

impl Spots {
    /// `None` for pages that have too many to be a form.
    pub(super) fn of(pieces: &Pieces<'_>) -> Option<Self> {
        let mut spots = Self {
            all: Vec::new(),
            beginning: std::collections::BTreeSet::new(),
        };
        for index in 0..pieces.all.len() {
            spots.add(pieces, index);
            if spots.all.len() > SPOTS_MAX {
                return None;
            }
        }
        Some(spots)
    }

    fn add(&mut self, pieces: &Pieces<'_>, index: usize) {
        let piece = &pieces.all[index];
        let letters: Vec<(usize, char)> = piece.text.char_indices().collect();
        let mut found: Vec<(Label, usize, usize)> = Vec::new();
        let mut at = 0;
        while at < letters.len() {
            let is_start = at == 0 || !letters[at - 1].1.is_alphanumeric();
            match is_start.then(|| label_at(&letters[at..])).flatten() {
                Some((label, length)) => {
                    found.push((label, at, at + length));
                    at += length;
                }
                None => at += 1,
            }
            if found.len() > SPOTS_MAX {
                break;
            }
        }
        let byte = |letter: usize| {
            letters
                .get(letter)
                .map_or(piece.text.len(), |(byte, _)| *byte)
        };
        let place = |letter: usize| {
            piece.x + (piece.end - piece.x) * letter as f32 / letters.len().max(1) as f32
        };
        for (number, &(label, from, to)) in found.iter().enumerate() {
            let next = found.get(number + 1).map_or(letters.len(), |next| next.1);
            let inline = piece.text[byte(to)..byte(next)]
                .trim()
                .trim_start_matches(':')
                .trim();
            if from == 0 {
                self.beginning.insert(index);
            }
            self.all.push(Spot {
                label,
                piece: index,
                page: piece.page,
                x: place(from),
                y: piece.y,
                end: place(to),
                height: piece.height,
                inline: inline.to_owned(),
            });
        }
    }

    pub(super) fn has(&self, label: Label) -> bool {
        self.all.iter().any(|spot| spot.label == label)
    }

    pub(super) fn begins(&self, piece: usize) -> bool {
        self.beginning.contains(&piece)
    }

    /// In whose box a label stands.
    pub(super) fn side(&self, spot: &Spot) -> Option<Side> {
        let on_page = || self.all.iter().filter(|other| other.page == spot.page);
        let nearest = |label: Label| {
            on_page()
                .filter(|other| other.label == label && other.x <= spot.x + spot.height)
                .map(|other| (other.x - spot.x).hypot(other.y - spot.y))
                .min_by(f32::total_cmp)
        };
        let has = |label: Label| on_page().any(|other| other.label == label);
        if has(Label::Buyer) && has(Label::Seller) {
            return match (nearest(Label::Buyer), nearest(Label::Seller)) {
                (Some(buyer), Some(seller)) if buyer < seller => Some(Side::Buyer),
                (Some(buyer), Some(seller)) if seller < buyer => Some(Side::Seller),
                (Some(_), None) => Some(Side::Buyer),
                (None, Some(_)) => Some(Side::Seller),
                _ => None,
            };
        }
        let alike: Vec<&Spot> = on_page()
            .filter(|other| other.label == spot.label)
            .collect();
        let [one, other] = alike[..] else { return None };
        let side_by_side = (one.y - other.y).abs() < 2.0 * one.height;
        let first = match side_by_side {
            true if one.x <= other.x => one,
            true => other,
            false if one.y <= other.y => one,
            false => other,
        };
        Some(if std::ptr::eq(first, spot) {
            Side::Buyer
        } else {
            Side::Seller
        })
    }
}

/// The longest label that begins here, with how many letters it takes; white space within it does
/// not count. Behind it stands a colon, white space, an amount, or nothing.
fn label_at(letters: &[(usize, char)]) -> Option<(Label, usize)> {
    if letters.first()?.1.is_ascii_alphanumeric() {
        return None;
    }
    let head: Vec<(usize, char)> = letters
        .iter()
        .take(2 * LETTERS_MAX)
        .enumerate()
        .filter(|(_, (_, c))| !c.is_whitespace())
        .map(|(index, (_, c))| (index, *c))
        .collect();
    let text: String = head.iter().map(|(_, c)| *c).collect();
    let mut best: Option<(Label, usize)> = None;
    for (label, meaning) in LABELS {
        let count = label.chars().count();
        if !text.starts_with(label) || best.is_some_and(|(_, best)| best >= count) {
            continue;
        }
        best = Some((*meaning, count));
    }
    let (label, count) = best?;
    let length = head.get(count - 1)?.0 + 1;
    // A bracket ends a label by itself.
    let ends = letters
        .get(length - 1)
        .is_some_and(|(_, last)| *last == ')')
        || letters
            .get(length)
            .is_none_or(|(_, next)| next.is_whitespace() || matches!(next, ':' | '¥' | '￥'));
    // One letter is a label only where it stands alone.
    (ends && (count > 1 || letters.len() == 1)).then_some((label, length))
}
