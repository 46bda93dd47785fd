//! From the terms of EN 16931 to identity and facts, the same for both syntaxes.
//!
//! A term that stands in several places with one value has that value; with several values it has
//! none, so that nobody can show one number to us and another one to the next reader; of a term that an
//! invoice has once this is a doubt as well.

use std::collections::BTreeSet;

use super::tree::Element;
use crate::code_lists::{class_of, CREDIT_NOTE};
use crate::fact::Fact;
use crate::values::{collapsed, minor_units, plain};
use crate::{Format, Identity, Kind, Profile, ReadError, Reading, Stated};

/// Where each term stands, all places of it.
pub(crate) struct Terms<'t> {
    pub(crate) format: Format,
    /// The root element says it, whatever the type code.
    pub(crate) is_credit_note: bool,
    /// How this syntax writes a date.
    pub(crate) date: fn(&Element<'_>) -> Option<String>,
    /// BT-3.
    pub(crate) type_code: Vec<Element<'t>>,
    /// BT-1.
    pub(crate) number: Vec<Element<'t>>,
    /// BT-2.
    pub(crate) issue_date: Vec<Element<'t>>,
    /// BT-9.
    pub(crate) due_date: Vec<Element<'t>>,
    /// BT-5.
    pub(crate) currency: Vec<Element<'t>>,
    /// BT-112.
    pub(crate) total: Vec<Element<'t>>,
    /// BT-109.
    pub(crate) total_without_tax: Vec<Element<'t>>,
    /// BT-110, beside the same in the currency of the tax office (BT-111).
    pub(crate) tax: Vec<Element<'t>>,
    /// BT-115.
    pub(crate) due: Vec<Element<'t>>,
    /// BT-25.
    pub(crate) preceding: Vec<Element<'t>>,
    /// BG-4.
    pub(crate) seller: Party<'t>,
    /// BG-7.
    pub(crate) buyer: Party<'t>,
}

/// A party's names and identifiers, the better kind first.
#[derive(Default)]
pub(crate) struct Party<'t> {
    /// The legal name (BT-27, BT-44), then the trading name (BT-28, BT-45).
    pub(crate) names: [Vec<Element<'t>>; 2],
    /// The VAT identifier (BT-31, BT-48), then another tax registration (BT-32).
    pub(crate) tax_ids: [Vec<Element<'t>>; 2],
    /// The legal registration (BT-30, BT-47), then identifiers with and without a scheme (BT-29,
    /// BT-46).
    pub(crate) other_ids: [Vec<Element<'t>>; 3],
}

impl Party<'_> {
    fn name(&self) -> Option<Found> {
        self.names
            .iter()
            .find_map(|names| sole(names, &|name| Some(collapsed(&plain(&name.text()?)))))
    }

    fn id(&self) -> Option<Found> {
        // A tax registration may be a remark that thousands of sellers share ("Godkänd för
        // F-skatt", "Foretaksregisteret"): without any digit it identifies nobody.
        let with_digit = |id: &Found| id.value.bytes().any(|byte| byte.is_ascii_digit());
        let tax_id = || {
            self.tax_ids
                .iter()
                .find_map(|ids| first(ids).filter(with_digit))
        };
        tax_id().or_else(|| self.other_ids.iter().find_map(|ids| first(ids)))
    }
}

/// A value, how it is written, and where it stands.
struct Found {
    value: String,
    written: String,
    place: String,
}

impl Element<'_> {
    fn text_of(element: &Element<'_>) -> Option<String> {
        element.text()
    }
}

/// The value that all of the elements give, if they give one and the same.
fn sole(elements: &[Element<'_>], value: &dyn Fn(&Element<'_>) -> Option<String>) -> Option<Found> {
    let values: BTreeSet<_> = elements.iter().map(value).collect();
    let element = elements.first()?;
    match (values.len(), value(element)) {
        (1, Some(value)) if !value.is_empty() => Some(Found {
            value,
            written: element.text()?,
            place: element.place(),
        }),
        _ => None,
    }
}

/// Says that the elements contradict each other, if they do. Only of terms that an invoice has once.
fn contradiction(
    name: &str,
    elements: &[Element<'_>],
    value: &dyn Fn(&Element<'_>) -> Option<String>,
) -> Option<String> {
    let first = elements.first()?;
    let other = elements.iter().find(|other| value(other) != value(first))?;
    let said = |element: &Element<'_>| {
        let text = element.text().unwrap_or_default();
        let text: String = text.chars().take(100).collect();
        format!("{text} at {}", element.place())
    };
    let doubt = format!("{name} is {} and {}", said(first), said(other));
    Some(doubt.escape_debug().to_string())
}

/// The first value: of a party's identifiers of one kind there may be several.
fn first(elements: &[Element<'_>]) -> Option<Found> {
    elements.iter().find_map(|element| {
        let value = element.text().filter(|text| !text.is_empty())?;
        Some(Found {
            written: value.clone(),
            value,
            place: element.place(),
        })
    })
}

pub(crate) fn reading(terms: &Terms<'_>) -> Result<Reading, ReadError> {
    let text: &dyn Fn(&Element<'_>) -> Option<String> = &Element::text_of;
    let date: &dyn Fn(&Element<'_>) -> Option<String> = &terms.date;
    let type_code = sole(&terms.type_code, text);
    let number = sole(&terms.number, text);
    let currency = sole(&terms.currency, text);
    let seller_id = terms.seller.id();

    let class = if terms.is_credit_note {
        Some(CREDIT_NOTE)
    } else {
        type_code.as_ref().and_then(|code| class_of(&code.value))
    };
    let missing: Vec<&'static str> = [
        (number.is_none(), "invoice number"),
        (seller_id.is_none(), "seller identifier"),
        (class.is_none(), "document type code that is known"),
    ]
    .into_iter()
    .filter_map(|(is_missing, words)| is_missing.then_some(words))
    .collect();
    let identity = match (&seller_id, class, &number) {
        (Some(seller), Some(class), Some(number)) => Some(Identity {
            legal_issuer: seller.value.clone(),
            class: class.to_owned(),
            series: String::new(),
            number: number.value.clone(),
            period: String::new(),
        }),
        _ => None,
    };

    let mut doubts: Vec<String> = [
        ("document-type", &terms.type_code, text),
        ("number", &terms.number, text),
        ("issue-date", &terms.issue_date, date),
        ("currency", &terms.currency, text),
    ]
    .into_iter()
    .filter_map(|(name, elements, value)| contradiction(name, elements, value))
    .collect();
    let mut amount = |name: &str, elements: &[Element<'_>]| -> Option<Found> {
        let currency = &currency.as_ref()?.value;
        let in_currency: Vec<_> = elements
            .iter()
            .copied()
            .filter(|element| {
                element
                    .attribute("currencyID")
                    .is_none_or(|own| own == currency)
            })
            .collect();
        let units = |element: &Element<'_>| minor_units(&element.text()?, currency);
        doubts.extend(contradiction(name, &in_currency, &units));
        sole(&in_currency, &units)
    };
    let [due, tax, total, total_without_tax] = [
        ("due", &terms.due),
        ("tax", &terms.tax),
        ("total", &terms.total),
        ("total-without-tax", &terms.total_without_tax),
    ]
    .map(|(name, elements)| amount(name, elements));
    let mut facts = Vec::new();
    for (name, found) in [
        ("buyer", terms.buyer.name()),
        ("buyer-id", terms.buyer.id()),
        ("due", due),
        ("due-date", sole(&terms.due_date, date)),
        ("document-type", type_code),
        ("issue-date", sole(&terms.issue_date, date)),
        ("number", number),
        ("preceding", sole(&terms.preceding, text)),
        ("seller", terms.seller.name()),
        ("seller-id", seller_id),
        ("tax", tax),
        ("total", total),
        ("total-without-tax", total_without_tax),
        ("currency", currency),
    ] {
        if let Some(Found {
            value,
            written,
            place,
        }) = found
        {
            facts.extend(Fact::new(name, value, &written, place)?);
        }
    }
    facts.sort_by(|a, b| a.name.cmp(&b.name));
    let document = Stated {
        part: String::new(),
        kind: Some(Kind::Invoice),
        profile: Profile::En16931,
        identity,
        missing,
        facts,
        doubts,
    };
    Ok(Reading::one(terms.format.clone(), document))
}
