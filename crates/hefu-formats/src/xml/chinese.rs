//! The XML of Chinese invoices, bills and tickets, as it is delivered alone or attached to an OFD or
//! a PDF. What each follows, and how far that is published:
//!
//! | root | document | source of its element names |
//! | --- | --- | --- |
//! | `eInvoice` | VAT e-invoice of 2016 and 2019 | real files of the OFD library *ofdrw*; its namespace is `http://www.edrm.org.cn/schema/e-invoice/2019`, but the root mostly stands in none |
//! | `EInvoice` with `EInvoiceData/BasicInformation` | fully digitalised invoice, as the tax platform delivers it | readers in public repositories that quote real files; no schema is published |
//! | `EInvoice` with `EInvoiceData/Main` | fiscal e-bill, `CZ-EI` | the data classes of public programs that issue such bills; the standard (财政电子票据标准) is not freely published |
//! | `xbrl` with elements of `…/rai` | railway e-ticket, accounting data standard of e-vouchers (电子凭证会计数据标准, Ministry of Finance) | readers in public repositories that quote real files; the taxonomy itself was not at hand |
//! | `xbrl` with elements of `…/atr` | air e-ticket, same standard | the same, and an OCR service whose fields bear the names of the taxonomy |
//!
//! The same standard has instances for digital invoices (`einv`) and fiscal bills (`efi`); no file and
//! no list of their elements was found, so they are not read.
//!
//! Elements are told by their local names and their parents, as producers differ in the namespaces
//! that they declare: an element of the right name below another parent never counts. Amounts are in
//! yuan by law.

use roxmltree::Node;

use super::tree::{no_text, Element};
use crate::chinese::{self, Voucher};
use crate::fact::{Facts, Found};
use crate::{Format, ReadError, Reading};

/// Facts, and the paths below the root at which each stands.
pub(crate) type Table = &'static [(&'static str, &'static str)];

/// The VAT e-invoice of 2016 and 2019; the tags of an OFD bear the same names.
pub(crate) const E_INVOICE: Table = &[
    ("document-type", "TypeCode"),
    ("series", "InvoiceCode"),
    ("number", "InvoiceNo"),
    ("issue-date", "IssueDate"),
    ("check-code", "InvoiceCheckCode"),
    ("seller", "Seller/SellerName"),
    ("seller-id", "Seller/SellerTaxID"),
    ("buyer", "Buyer/BuyerName"),
    ("buyer-id", "Buyer/BuyerTaxID"),
    ("total", "TaxInclusiveTotalAmount"),
    ("total-without-tax", "TaxExclusiveTotalAmount"),
    ("tax", "TaxTotalAmount"),
    ("preceding", "OriginalInvoiceNo"),
];

/// The fully digitalised invoice of the tax platform.
const DIGITAL: Table = &[
    ("number", "TaxSupervisionInfo/InvoiceNumber"),
    ("issue-date", "TaxSupervisionInfo/IssueTime"),
    ("seller", "EInvoiceData/SellerInformation/SellerName"),
    ("seller-id", "EInvoiceData/SellerInformation/SellerIdNum"),
    ("buyer", "EInvoiceData/BuyerInformation/BuyerName"),
    ("buyer-id", "EInvoiceData/BuyerInformation/BuyerIdNum"),
    (
        "total",
        "EInvoiceData/BasicInformation/TotalTax-includedAmount",
    ),
    (
        "total-without-tax",
        "EInvoiceData/BasicInformation/TotalAmWithoutTax",
    ),
    ("tax", "EInvoiceData/BasicInformation/TotalTaxAm"),
];

/// Where a digitalised invoice has no `TaxSupervisionInfo`, its number and day stand here.
const DIGITAL_INSTEAD: Table = &[
    ("number", "Header/EIid"),
    ("issue-date", "EInvoiceData/BasicInformation/RequestTime"),
];

/// The fiscal e-bill.
const FISCAL: Table = &[
    ("series", "EInvoiceData/Main/EInvoiceCode"),
    ("number", "EInvoiceData/Main/EInvoiceNumber"),
    ("check-code", "EInvoiceData/Main/RandomNumber"),
    ("issue-date", "EInvoiceData/Main/IssueDate"),
    ("document-type", "EInvoiceData/Main/EInvoiceName"),
    (
        "seller",
        "EInvoiceData/Main/InvoicingParty/InvoicingPartyName",
    ),
    (
        "seller-id",
        "EInvoiceData/Main/InvoicingParty/InvoicingPartyCode",
    ),
    ("buyer", "EInvoiceData/Main/PayerParty/PayerPartyName"),
    ("buyer-id", "EInvoiceData/Main/PayerParty/PayerPartyCode"),
    ("total", "EInvoiceData/Main/TotalAmount"),
];

/// The railway e-ticket; its carrier is known by law and mostly left empty.
const RAIL: Table = &[
    ("document-type", "TypeOfVoucher"),
    ("number", "ElectronicInvoiceRailwayETicketNumber"),
    ("issue-date", "DateOfIssue"),
    ("travel-date", "TravelDate"),
    ("seller", "IssueParty"),
    ("buyer", "NameOfPurchaser"),
    ("buyer-id", "UnifiedSocialCreditCodeOfPurchaser"),
    ("total", "Fare"),
    ("total-without-tax", "TotalAmountExcludingTax"),
    ("tax", "TaxAmount"),
];

/// The air e-ticket. Its fare is no total: fuel surcharge, fund and other taxes come to it.
const AIR: Table = &[
    ("document-type", "TypeOfVoucher"),
    ("number", "ElectronicInvoiceAirTransportReceiptNumber"),
    ("issue-date", "IssueDate"),
    ("seller", "IssueParty"),
    ("buyer", "NameOfPurchaser"),
    ("buyer-id", "UnifiedSocialCreditCodeOfPurchaser"),
    ("total", "TotalAmount"),
    ("tax", "VatTaxAmount"),
    ("check-code", "VerificationCode"),
];

/// What the names of the taxonomy's parts begin with; a date follows.
const TAXONOMY: &str = "http://xbrl.mof.gov.cn/taxonomy/";
const XBRL: &str = "http://www.xbrl.org/2003/instance";

pub(crate) fn is_root(name: &[u8]) -> bool {
    matches!(name, b"eInvoice" | b"EInvoice" | b"xbrl")
}

pub(crate) fn read(root: Node<'_, '_>) -> Result<Option<Reading>, ReadError> {
    let mut facts = Facts::default();
    let Some(voucher) = gather(root, "", &mut facts)? else {
        return Ok(None);
    };
    let stated = chinese::stated(voucher, facts)?;
    Ok(Some(Reading::one(Format::ChineseXml, stated)))
}

/// Adds what the document states; `part` is the file in which it stands, empty for the file itself.
/// `None` for another language of the same root.
pub(crate) fn gather(
    root: Node<'_, '_>,
    part: &str,
    facts: &mut Facts,
) -> Result<Option<Voucher>, ReadError> {
    match root.tag_name().name() {
        "eInvoice" => {
            say_all(root, None, E_INVOICE, part, facts)?;
            remarks(root, "Note", part, facts)?;
            // Only one document has a number of 20 digits and no code before it.
            Ok(Some(match (facts.get("series"), facts.get("number")) {
                (None, Some(number)) if is_twenty_digits(number) => Voucher::DigitalInvoice,
                _ => Voucher::VatInvoice,
            }))
        }
        "EInvoice" => e_invoice(root, part, facts),
        "xbrl" if root.tag_name().namespace() == Some(XBRL) => instance(root, part, facts),
        _ => Ok(None),
    }
}

fn e_invoice(
    root: Node<'_, '_>,
    part: &str,
    facts: &mut Facts,
) -> Result<Option<Voucher>, ReadError> {
    let is_digital = !all(root, None, "EInvoiceData/BasicInformation").is_empty();
    let is_fiscal = !all(root, None, "EInvoiceData/Main").is_empty();
    match (is_digital, is_fiscal) {
        (true, false) => {
            say_all(root, None, DIGITAL, part, facts)?;
            let path = "EInvoiceData/AdditionalInformation/Remark";
            remarks(root, path, part, facts)?;
            if all(root, None, "TaxSupervisionInfo").is_empty() {
                for (name, path) in DIGITAL_INSTEAD {
                    let found = found(root, None, path, part)?.into_iter();
                    // A header may identify the file by something else than the invoice's number.
                    let fits =
                        |found: &Found| *name != "number" || is_twenty_digits(&found.written);
                    for found in found.filter(fits) {
                        chinese::say(facts, name, Some(found))?;
                    }
                }
            }
            Ok(Some(Voucher::DigitalInvoice))
        }
        (false, true) => {
            let currency = found(root, None, "EInvoiceData/Main/CurrencyType", part)?;
            let foreign = currency
                .into_iter()
                .find(|found| !is_yuan(&found.written) && !found.written.trim().is_empty());
            for (name, path) in FISCAL {
                // An amount in another currency is none in yuan.
                if *name == "total" && foreign.is_some() {
                    continue;
                }
                say(root, None, name, path, part, facts)?;
            }
            facts.say("currency", foreign)?;
            Ok(Some(Voucher::FiscalBill))
        }
        _ => Ok(None),
    }
}

/// The form of the number of a fully digitalised invoice.
fn is_twenty_digits(written: &str) -> bool {
    written.len() == 20 && written.bytes().all(|byte| byte.is_ascii_digit())
}

/// The bill's currency is empty, or named in one of these ways.
fn is_yuan(written: &str) -> bool {
    matches!(written.trim(), "CNY" | "RMB" | "156" | "人民币")
}

fn instance(
    root: Node<'_, '_>,
    part: &str,
    facts: &mut Facts,
) -> Result<Option<Voucher>, ReadError> {
    let taxonomy = |name: &str| {
        let mut namespaces = root
            .children()
            .filter_map(|child| child.tag_name().namespace());
        namespaces.find(|uri| {
            uri.strip_prefix(TAXONOMY)
                .and_then(|rest| rest.split_once('/'))
                .is_some_and(|(_, last)| last == name)
        })
    };
    match (taxonomy("rai"), taxonomy("atr")) {
        (Some(namespace), None) => {
            say_all(root, Some(namespace), RAIL, part, facts)?;
            Ok(Some(Voucher::RailTicket))
        }
        (None, Some(namespace)) => {
            say_all(root, Some(namespace), AIR, part, facts)?;
            if facts.get("seller").is_none() {
                say(root, Some(namespace), "seller", "NameOfSeller", part, facts)?;
            }
            // A ticket with several flights has several days, and none is the ticket's.
            let flights = "DetailInformationOfAirTicketTuple/CarrierDate";
            if let [only] = found(root, Some(namespace), flights, part)?.as_slice() {
                chinese::say(facts, "travel-date", Some(only.clone()))?;
            }
            Ok(Some(Voucher::AirTicket))
        }
        _ => Ok(None),
    }
}

fn say_all(
    root: Node<'_, '_>,
    namespace: Option<&str>,
    table: Table,
    part: &str,
    facts: &mut Facts,
) -> Result<(), ReadError> {
    for (name, path) in table {
        say(root, namespace, name, path, part, facts)?;
    }
    Ok(())
}

fn say(
    root: Node<'_, '_>,
    namespace: Option<&str>,
    name: &str,
    path: &str,
    part: &str,
    facts: &mut Facts,
) -> Result<(), ReadError> {
    for found in found(root, namespace, path, part)? {
        chinese::say(facts, name, Some(found))?;
    }
    Ok(())
}

/// The invoice that a red one takes back, which its remarks name as they do on paper.
fn remarks(root: Node<'_, '_>, path: &str, part: &str, facts: &mut Facts) -> Result<(), ReadError> {
    for found in found(root, None, path, part)? {
        for number in chinese::taken_back(&found.written) {
            let found = Found::new(number.clone(), found.place.clone());
            facts.value("preceding", number, &found)?;
        }
    }
    Ok(())
}

/// What stands at a path: one value, or two that contradict each other, however often it stands
/// there.
fn found(
    root: Node<'_, '_>,
    namespace: Option<&str>,
    path: &str,
    part: &str,
) -> Result<Vec<Found>, ReadError> {
    let mut found: Vec<Found> = Vec::new();
    for node in all(root, namespace, path) {
        let element = Element::new(node, &[]);
        let written = element.text().ok_or_else(|| no_text(&element.place()))?;
        if written.is_empty() {
            continue;
        }
        if found.iter().any(|before| before.written == written) {
            continue;
        }
        found.push(Found::new(written, place(part, &element.place())));
        if found.len() == 2 {
            break;
        }
    }
    Ok(found)
}

/// A place in a part of a file, or in the file itself.
pub(crate) fn place(part: &str, place: &str) -> String {
    if part.is_empty() {
        place.to_owned()
    } else {
        format!("{part}:{place}")
    }
}

/// The elements at a path of local names, of one namespace or of any.
pub(crate) fn all<'a, 'i>(
    root: Node<'a, 'i>,
    namespace: Option<&str>,
    path: &str,
) -> Vec<Node<'a, 'i>> {
    path.split('/').fold(vec![root], |parents, name| {
        let children = parents.iter().flat_map(Node::children);
        children
            .filter(|child| child.is_element() && child.tag_name().name() == name)
            .filter(|child| namespace.is_none() || child.tag_name().namespace() == namespace)
            .collect()
    })
}
