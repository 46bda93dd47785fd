//! Where UN/CEFACT CII writes the terms of EN 16931 (CEN/TS 16931-3-3), and its older relative in
//! ZUGFeRD 1 and its release candidate, which differ in the names of the larger parts.

use roxmltree::Node;

use super::en16931::{Party, Terms};
use super::tree::{Element, UNQUALIFIED};
use crate::values::{compact_date, iso_date};
use crate::Format;

/// One version of the language: its namespaces, and what its larger parts are called.
struct Version {
    root: (&'static str, &'static str),
    namespaces: &'static [&'static str],
    document: &'static str,
    agreement: &'static str,
    settlement: &'static str,
    summation: &'static str,
    /// Below an element for a date.
    date: &'static str,
}

const VERSIONS: [Version; 3] = [
    Version {
        root: (
            "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
            "CrossIndustryInvoice",
        ),
        namespaces: &[
            "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
            "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
            "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
        ],
        document: "ExchangedDocument",
        agreement: "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement",
        settlement: "SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement",
        summation: "SpecifiedTradeSettlementHeaderMonetarySummation",
        date: "/DateTimeString",
    },
    Version {
        root: (
            "urn:ferd:CrossIndustryDocument:invoice:1p0",
            "CrossIndustryDocument",
        ),
        namespaces: &[
            "urn:ferd:CrossIndustryDocument:invoice:1p0",
            "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:12",
            "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:15",
        ],
        document: "HeaderExchangedDocument",
        agreement: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeAgreement",
        settlement: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement",
        summation: "SpecifiedTradeSettlementMonetarySummation",
        date: "/DateTimeString",
    },
    Version {
        root: (RELEASE_CANDIDATE, "Invoice"),
        namespaces: &[RELEASE_CANDIDATE, UNQUALIFIED],
        document: "HeaderExchangedDocument",
        agreement: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeAgreement",
        settlement: "SpecifiedSupplyChainTradeTransaction/ApplicableSupplyChainTradeSettlement",
        summation: "SpecifiedTradeSettlementMonetarySummation",
        date: "",
    },
];

/// What ZUGFeRD was called before version 1, of which invoices exist.
const RELEASE_CANDIDATE: &str = "urn:un:unece:uncefact:data:standard:CBFBUY:5";

pub(crate) fn is_root(name: &[u8]) -> bool {
    VERSIONS
        .iter()
        .any(|version| version.root.1.as_bytes() == name)
}

pub(crate) fn terms<'t>(root: Node<'t, 't>) -> Option<Terms<'t>> {
    let tag = root.tag_name();
    let name = (tag.namespace()?, tag.name());
    let version = VERSIONS.iter().find(|version| version.root == name)?;
    let root = Element::new(root, version.namespaces);
    let document = |path: &str| root.all(&format!("{}/{path}", version.document));
    let settlement = |path: &str| root.all(&format!("{}/{path}", version.settlement));
    let summation = |path: &str| settlement(&format!("{}/{path}", version.summation));
    let agreement = |path: &str| root.all(&format!("{}/{path}", version.agreement));
    Some(Terms {
        format: Format::Cii,
        is_credit_note: false,
        date,
        type_code: document("TypeCode"),
        number: document("ID"),
        issue_date: document(&format!("IssueDateTime{}", version.date)),
        due_date: settlement(&format!(
            "SpecifiedTradePaymentTerms/DueDateDateTime{}",
            version.date
        )),
        currency: settlement("InvoiceCurrencyCode"),
        total: summation("GrandTotalAmount"),
        total_without_tax: summation("TaxBasisTotalAmount"),
        tax: summation("TaxTotalAmount"),
        due: summation("DuePayableAmount"),
        preceding: settlement("InvoiceReferencedDocument/IssuerAssignedID"),
        seller: party(&agreement("SellerTradeParty")),
        buyer: party(&agreement("BuyerTradeParty")),
    })
}

/// EN 16931 allows format 102 only; some writers of other formats give none and an ISO date.
fn date(element: &Element<'_>) -> Option<String> {
    let text = element.text()?;
    match element.attribute("format") {
        Some("102") => compact_date(&text),
        Some(_) => None,
        None => compact_date(&text).or_else(|| iso_date(&text)),
    }
}

fn party<'t>(parties: &[Element<'t>]) -> Party<'t> {
    // Two parties in one place: neither is the one.
    let [party] = parties else {
        return Party::default();
    };
    let (vat, other_taxes) = party
        .all("SpecifiedTaxRegistration/ID")
        .into_iter()
        .partition(|id| id.attribute("schemeID") == Some("VA"));
    Party {
        names: [
            party.all("Name"),
            party.all("SpecifiedLegalOrganization/TradingBusinessName"),
        ],
        tax_ids: [vat, other_taxes],
        other_ids: [
            party.all("SpecifiedLegalOrganization/ID"),
            party.all("GlobalID"),
            party.all("ID"),
        ],
    }
}
