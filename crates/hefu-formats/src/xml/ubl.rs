//! Where UBL 2.1 writes the terms of EN 16931 (CEN/TS 16931-3-2).

use roxmltree::Node;

use super::en16931::{Party, Terms};
use super::tree::Element;
use crate::values::iso_date;
use crate::Format;

const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
const CREDIT_NOTE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2";
const NAMESPACES: &[&str] = &[
    "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
];

pub(crate) fn is_root(name: &[u8]) -> bool {
    matches!(name, b"Invoice" | b"CreditNote")
}

pub(crate) fn terms<'t>(root: Node<'t, 't>) -> Option<Terms<'t>> {
    let tag = root.tag_name();
    let is_credit_note = match (tag.namespace()?, tag.name()) {
        (INVOICE, "Invoice") => false,
        (CREDIT_NOTE, "CreditNote") => true,
        _ => return None,
    };
    let root = Element::new(root, NAMESPACES);
    let (type_code, due_date) = if is_credit_note {
        ("CreditNoteTypeCode", "PaymentMeans/PaymentDueDate")
    } else {
        ("InvoiceTypeCode", "DueDate")
    };
    Some(Terms {
        format: Format::Ubl,
        is_credit_note,
        date: |element| iso_date(&element.text()?),
        type_code: root.all(type_code),
        number: root.all("ID"),
        issue_date: root.all("IssueDate"),
        due_date: root.all(due_date),
        currency: root.all("DocumentCurrencyCode"),
        total: root.all("LegalMonetaryTotal/TaxInclusiveAmount"),
        total_without_tax: root.all("LegalMonetaryTotal/TaxExclusiveAmount"),
        tax: root.all("TaxTotal/TaxAmount"),
        due: root.all("LegalMonetaryTotal/PayableAmount"),
        preceding: root.all("BillingReference/InvoiceDocumentReference/ID"),
        seller: party(&root.all("AccountingSupplierParty/Party")),
        buyer: party(&root.all("AccountingCustomerParty/Party")),
    })
}

fn party<'t>(parties: &[Element<'t>]) -> Party<'t> {
    // Two parties in one place: neither is the one.
    let [party] = parties else {
        return Party::default();
    };
    let is_vat = |scheme: &Element<'_>| {
        let id = scheme.all("TaxScheme/ID");
        id.iter()
            .filter_map(|id| id.text())
            .any(|id| id.eq_ignore_ascii_case("VAT"))
    };
    let (vat, other_taxes): (Vec<_>, Vec<_>) =
        party.all("PartyTaxScheme").into_iter().partition(is_vat);
    let company = |schemes: Vec<Element<'t>>| {
        schemes
            .iter()
            .flat_map(|scheme| scheme.all("CompanyID"))
            .collect()
    };
    let (with_scheme, without_scheme) = party
        .all("PartyIdentification/ID")
        .into_iter()
        // The bank's creditor identifier (BT-90) stands in the same place and names an account.
        .filter(|id| id.attribute("schemeID") != Some("SEPA"))
        .partition(|id| id.attribute("schemeID").is_some());
    Party {
        names: [
            party.all("PartyLegalEntity/RegistrationName"),
            party.all("PartyName/Name"),
        ],
        tax_ids: [company(vat), company(other_taxes)],
        other_ids: [
            party.all("PartyLegalEntity/CompanyID"),
            with_scheme,
            without_scheme,
        ],
    }
}
