//! What Chinese documents have in common, whether they are read from XML, from the metadata of an OFD
//! or from the face of a page: from their facts to their legal number.
//!
//! Names of facts are those of [`crate::fact`]. The three renditions of one document must give one
//! number, so the legal issuer is what stands on all of them, also on paper.

use hefu_types::profile::RAILWAY;

use crate::fact::{FactType, Facts, Found};
use crate::{Identity, Kind, Profile, ReadError, Stated};

/// The kinds of Chinese documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voucher {
    /// A fully digitalised invoice (数电票): 20 digits; the seller's identifier.
    DigitalInvoice,
    /// A VAT invoice before it (增值税电子发票): code of 10 or 12 digits (`series`) and number of 8;
    /// the seller's identifier.
    VatInvoice,
    /// A fiscal e-bill (财政电子票据): code of 8 digits (`series`), number of 10, check code of 6;
    /// the name of the unit that collects, as `seller`.
    FiscalBill,
    /// A railway ticket as an invoice (铁路电子客票): 20 digits.
    RailTicket,
    /// An air ticket as an invoice (航空运输电子客票行程单): 20 digits; the name of who issued it, as
    /// `seller`.
    AirTicket,
    /// An electronic licence (GB/T 36904): its identifier as `number`; the issuing body as
    /// `issuer-id` where it stands in the identifier, else `issuer`.
    Licence,
    /// A licence on paper or without that identifier: its certificate number, `issuer`.
    OtherLicence,
}

impl Voucher {
    pub(crate) const fn profile(self) -> Profile {
        match self {
            // An air ticket's number is one of the fully digitalised invoices.
            Self::DigitalInvoice | Self::AirTicket => Profile::CnDigitalInvoice,
            Self::VatInvoice => Profile::CnVatEinvoice,
            Self::FiscalBill => Profile::CnFiscalEbill,
            Self::RailTicket => Profile::CnRailTicket,
            Self::Licence => Profile::CnElicence,
            Self::OtherLicence => Profile::Generic,
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Licence | Self::OtherLicence => Kind::Licence,
            _ => Kind::Invoice,
        }
    }
}

/// The document of these facts.
pub(crate) fn stated(voucher: Voucher, mut facts: Facts) -> Result<Stated, ReadError> {
    let text = |name: &str| facts.get(name).unwrap_or_default().to_owned();
    let (issuer, issuer_words) = match voucher {
        Voucher::DigitalInvoice | Voucher::VatInvoice => (text("seller-id"), "seller identifier"),
        Voucher::FiscalBill | Voucher::AirTicket => (text("seller"), "name of the issuing unit"),
        Voucher::RailTicket => (RAILWAY.to_owned(), ""),
        Voucher::Licence | Voucher::OtherLicence => match facts.get("issuer-id") {
            Some(id) => (id.to_owned(), ""),
            None => (text("issuer"), "issuing body"),
        },
    };
    let series = match voucher {
        Voucher::VatInvoice | Voucher::FiscalBill => text("series"),
        _ => String::new(),
    };
    let needs_series = matches!(voucher, Voucher::VatInvoice | Voucher::FiscalBill);
    let has_twenty_digits = matches!(
        voucher,
        Voucher::DigitalInvoice | Voucher::RailTicket | Voucher::AirTicket
    );
    let number = text("number");
    let is_short = has_twenty_digits
        && !number.is_empty()
        && (number.len() != 20 || !number.bytes().all(|byte| byte.is_ascii_digit()));
    let missing: Vec<&'static str> = [
        (number.is_empty(), "number"),
        (is_short, "number of 20 digits"),
        (
            !facts.is_mentioned_alike(),
            "one document: its pages name several (see what is in doubt)",
        ),
        (needs_series && series.is_empty(), "code before the number"),
        (issuer.is_empty(), issuer_words),
    ]
    .into_iter()
    .filter_map(|(is_missing, words)| is_missing.then_some(words))
    .collect();
    let identity = missing.is_empty().then_some(Identity {
        legal_issuer: issuer,
        class: String::new(),
        series,
        number,
        period: String::new(),
    });
    if voucher.kind() == Kind::Invoice {
        facts.say("currency", Some(Found::new("CNY", "by law")))?;
    }
    let (facts, doubts) = facts.finish();
    Ok(Stated {
        part: String::new(),
        kind: Some(voucher.kind()),
        profile: voucher.profile(),
        identity,
        missing,
        facts,
        doubts,
    })
}

/// Says a fact by its name, as Chinese software writes days, amounts and codes. Amounts are in yuan by
/// law.
pub(crate) fn say(facts: &mut Facts, name: &str, found: Option<Found>) -> Result<(), ReadError> {
    let Some(found) = found else { return Ok(()) };
    match FactType::of(name) {
        // Every document has them. Another day may be a word (长期), another amount stars.
        FactType::Day if name == "issue-date" && day(&found.written).is_none() => {
            facts.unreadable(name, &found, "a day");
            Ok(())
        }
        FactType::Amount if name == "total" && units(&found.written).is_none() => {
            facts.unreadable(name, &found, "an amount");
            Ok(())
        }
        FactType::Day => facts.day(name, Some(found), day),
        FactType::Amount => {
            let Some(value) = units(&found.written) else {
                return Ok(());
            };
            facts.value(name, value, &found)
        }
        // Pages draw the digits of a check code in groups, and files write them in one.
        FactType::Identifier if name == "check-code" => {
            let value = found.written.split_whitespace().collect();
            facts.value(name, value, &found)
        }
        _ => facts.say(name, Some(found)),
    }
}

/// The numbers of the blue invoices that the remarks of a red one say it takes back:
/// `被红冲蓝字数电票号码：…`, `被红冲蓝字数电发票号码：…`, and before them
/// `对应正数发票代码:… 号码:…`.
pub(crate) fn taken_back(remarks: &str) -> impl Iterator<Item = String> + '_ {
    const MARKS: [&str; 3] = ["被红冲蓝字", "对应正数发票", "对应蓝字"];
    const BETWEEN: usize = 12;
    // A red invoice takes one back; what names more is no statement of one.
    const NAMED_MAX: usize = 4;
    let marked = MARKS.into_iter().flat_map(move |mark| {
        let places = remarks.match_indices(mark).take(NAMED_MAX);
        places.map(move |(at, _)| &remarks[at + mark.len()..])
    });
    marked.filter_map(|behind| {
        let lengths: &[usize] = match behind.starts_with("数电") {
            true => &[20],
            false => &[8, 20],
        };
        // In the form before, the code stands before the number.
        let number: String = behind[behind.find("号码")?..]
            .chars()
            .enumerate()
            .skip_while(|(index, c)| *index < BETWEEN && !c.is_ascii_digit())
            .map(|(_, c)| c)
            .take_while(char::is_ascii_digit)
            .take(21)
            .collect();
        lengths.contains(&number.len()).then_some(number)
    })
}

/// `2020年10月10日`, `2020-10-10`, `2020/10/10`, `20201010`, each with or without a time behind it.
pub(crate) fn day(text: &str) -> Option<String> {
    let digits: String = text
        .trim()
        .chars()
        .map(|c| match c {
            '年' | '月' | '/' | '.' => '-',
            '日' => ' ',
            c => c,
        })
        .filter(|c| !c.is_whitespace() || *c == ' ')
        .collect();
    let first = digits.split([' ', 'T']).find(|part| !part.is_empty())?;
    let parts: Vec<&str> = first.split('-').collect();
    match parts[..] {
        [compact] => crate::values::compact_date(compact),
        [year, month, day] => crate::values::iso_date(&format!("{year}-{month:0>2}-{day:0>2}")),
        _ => None,
    }
}

/// An amount in fen.
fn units(text: &str) -> Option<String> {
    crate::values::minor_units(&amount(text), "CNY")
}

/// `¥ 1,234.50` as `1234.50`.
pub(crate) fn amount(text: &str) -> String {
    let plain = crate::values::plain(text);
    let unsigned = plain.trim().trim_start_matches(['¥', '￥', '\u{a5}', ' ']);
    // The sign stands before or behind the currency's.
    let amount = match plain.trim().strip_prefix('-') {
        Some(rest) => format!("-{}", rest.trim_start_matches(['¥', '￥', ' '])),
        None => unsigned.to_owned(),
    };
    amount
        .replace([',', ' '], "")
        .trim_end_matches('元')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_name_what_a_red_invoice_takes_back() {
        let check = |remarks: &str, expected: &[&str]| {
            assert_eq!(
                taken_back(remarks).collect::<Vec<_>>(),
                expected,
                "{remarks}"
            );
        };
        let twenty = "25992000000000012345";
        check(
            &format!("被红冲蓝字数电票号码：{twenty} 红字发票信息确认单编号：99012506000000000001"),
            &[twenty],
        );
        check(&format!("被红冲蓝字数电发票号码:{twenty}"), &[twenty]);
        check("对应正数发票代码:099002500111号码:00012345", &["00012345"]);
        check(
            "对应正数发票代码：099002500111 号码：00012345",
            &["00012345"],
        );
        // Cut at the end of a line.
        check("被红冲蓝字数电票号码：25992000", &[]);
        check("对应正数发票代码:099002500111号码:0001", &[]);
        check("发票号码：25992000000000012345", &[]);
    }

    #[test]
    fn days_and_amounts_as_chinese_software_writes_them() {
        for text in [
            "2020年10月01日",
            "2020年10月1日",
            "2020-10-01",
            "2020/10/1 12:30:00",
            "20201001",
            " 2020-10-01T08:00:00 ",
        ] {
            assert_eq!(day(text).as_deref(), Some("2020-10-01"), "{text}");
        }
        for text in ["2020年13月01日", "", "日期", "2020", "2020-10"] {
            assert_eq!(day(text), None, "{text}");
        }
        for (text, plain) in [
            ("¥318.00", "318.00"),
            ("￥ 1,318.00", "1318.00"),
            ("-￥1.00", "-1.00"),
            ("¥-1.00", "-1.00"),
            ("12.5元", "12.5"),
        ] {
            assert_eq!(amount(text), plain);
        }
    }
}
