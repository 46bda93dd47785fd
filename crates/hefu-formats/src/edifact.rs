//! UN/EDIFACT `INVOIC` (ISO 9735 syntax, directories D.96A to D.14B), and the XML form of the same
//! message (ISO 20625).
//!
//! A message is a row of segments, and what a segment means depends on those before it: a reference
//! after `NAD+SE` is one of the seller, an amount after `UNS` is one of the whole invoice. [`Message`]
//! keeps that state for both forms. Terms are placed as in EN 16931 (CEN/TS 16931-3-4). One
//! interchange may hold several messages; each is a document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use roxmltree::Node;

use crate::code_lists::class_of;
use crate::fact::{Facts, Found};
use crate::invoice::{self, Numbered};
use crate::limits::{DOCUMENTS_MAX, VALUES_OF_TERM_MAX};
use crate::values::compact_date;
use crate::{Format, Identity, Profile, ReadError, Reading, Stated};

/// `None` for bytes that are of another format, and for an interchange without an invoice.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    let Some((service, body)) = Service::of(bytes.trim_ascii_start()) else {
        return Ok(None);
    };
    let mut messages = Messages::default();
    // Known from the first segment on.
    let mut charset = Charset::Latin(encoding_rs::WINDOWS_1252);
    let mut number = 0;
    for segment in service.segments(body) {
        let mut elements = service.split(segment, service.element);
        let tag = elements.next().unwrap_or_default();
        number += 1;
        if tag == b"UNB" {
            let syntax = elements.next().unwrap_or_default();
            charset = Charset::named(service.split(syntax, service.component).next());
            continue;
        }
        let Some((tag, fields)) = FIELDS.iter().find(|(name, _)| name.as_bytes() == tag) else {
            continue;
        };
        let elements: Vec<&[u8]> = elements.take(ELEMENTS_MAX).collect();
        let mut values = Vec::new();
        for &(element, component, field) in *fields {
            let element = elements.get(element).copied().unwrap_or_default();
            let value = service.split(element, service.component).nth(component);
            let text = charset.text(&service.released(value.unwrap_or_default()))?;
            if !text.trim().is_empty() {
                values.push((field, text.trim().to_owned()));
            }
        }
        messages.segment(tag, &values, number)?;
    }
    if messages.open.is_some() {
        return Err(ReadError::EdifactMalformed {
            reason: "the last message has no end (UNT)",
        });
    }
    let decimal_mark = service.decimal_mark;
    messages.reading(
        |&segment, tag, field| format!("segment {segment}: {tag} {field}"),
        // ISO 9735, 10.1: either mark may stand, whatever `UNA` says.
        |amount| amount.replace([char::from(decimal_mark), '.', ','], "."),
    )
}

pub(crate) fn is_root(name: &[u8]) -> bool {
    name == b"M_INVOIC"
}

/// The XML form: elements are named after segments (`S_BGM`), composites (`C_C002`) and data elements
/// (`D_1001`) and stand in no namespace.
pub(crate) fn read_xml(root: Node<'_, '_>) -> Result<Option<Reading>, ReadError> {
    let tag = root.tag_name();
    if (tag.namespace(), tag.name()) != (None, "M_INVOIC") {
        return Ok(None);
    }
    let mut messages = Messages::default();
    for segment in root.descendants().filter(Node::is_element) {
        let Some(tag) = segment.tag_name().name().strip_prefix("S_") else {
            continue;
        };
        let Some((tag, fields)) = FIELDS.iter().find(|(name, _)| *name == tag) else {
            continue;
        };
        let mut values: Vec<(&'static str, String)> = Vec::new();
        for data in segment.descendants().filter(Node::is_element) {
            let name = data
                .tag_name()
                .name()
                .strip_prefix("D_")
                .unwrap_or_default();
            let field = fields.iter().find(|(_, _, field)| *field == name);
            let text = data.text().unwrap_or_default().trim();
            // Of a composite that stands several times the first counts, as in the other form.
            if let Some((_, _, field)) = field {
                if !text.is_empty() && values.iter().all(|(other, _)| other != field) {
                    values.push((field, text.to_owned()));
                }
            }
        }
        messages.segment(tag, &values, segment)?;
    }
    // The root is the end of its one message.
    messages.close()?;
    let place = |segment: &Node<'_, '_>, _: &str, field: &str| {
        let name = format!("D_{field}");
        let named = |node: &Node<'_, '_>| node.tag_name().name() == name;
        let data = segment.descendants().find(named).unwrap_or(*segment);
        crate::xml::tree::Element::new(data, &[]).place()
    };
    messages.reading(place, str::to_owned)
}

/// The data elements that are read: of which segment, at which element and component of it.
type Fields = &'static [(usize, usize, &'static str)];
const FIELDS: [(&str, Fields); 14] = [
    ("UNH", &[(1, 0, "0065")]),
    ("BGM", &[(0, 0, "1001"), (1, 0, "1004")]),
    ("DTM", &[(0, 0, "2005"), (0, 1, "2380"), (0, 2, "2379")]),
    ("RFF", &[(0, 0, "1153"), (0, 1, "1154")]),
    ("NAD", &[(0, 0, "3035"), (1, 0, "3039"), (3, 0, "3036")]),
    ("CUX", &[(0, 0, "6347"), (0, 1, "6345")]),
    ("PAT", &[]),
    ("PYT", &[]),
    ("TAX", &[]),
    ("ALC", &[]),
    ("LIN", &[]),
    ("UNS", &[]),
    ("MOA", &[(0, 0, "5025"), (0, 1, "5004"), (0, 2, "6345")]),
    ("UNT", &[]),
];
/// More elements of one segment than any that is read has.
const ELEMENTS_MAX: usize = 8;

/// Where in a message the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Section {
    /// Before the first reference or party: what is said of the document itself.
    #[default]
    Document,
    /// References of the document.
    References,
    /// Of the seller, from its `NAD` on.
    Seller,
    /// Of the buyer, from its `NAD` on.
    Buyer,
    /// Terms of payment.
    Payment,
    /// Anything else: other parties, lines, taxes, allowances.
    Elsewhere,
    /// Amounts of the whole invoice, before those of single taxes.
    Totals,
}

/// What one message says, each term with the segments in which it stood.
struct Message<At> {
    section: Section,
    is_behind_lines: bool,
    terms: BTreeMap<&'static str, Vec<Term<At>>>,
}

struct Term<At> {
    text: String,
    at: At,
    tag: &'static str,
    field: &'static str,
    currency: Option<String>,
}

impl<At> Message<At> {
    fn new() -> Self {
        Self {
            section: Section::default(),
            is_behind_lines: false,
            terms: BTreeMap::new(),
        }
    }

    /// A term once for each text, as a contradiction needs no more.
    fn keep(&mut self, name: &'static str, term: Term<At>) -> Result<(), ReadError> {
        let terms = self.terms.entry(name).or_default();
        if terms
            .iter()
            .any(|other| (&other.text, &other.currency) == (&term.text, &term.currency))
        {
            return Ok(());
        }
        if terms.len() == VALUES_OF_TERM_MAX {
            return Err(ReadError::EdifactMalformed {
                reason: "one term has more than 16 different values",
            });
        }
        terms.push(term);
        Ok(())
    }

    fn segment(
        &mut self,
        tag: &'static str,
        values: &[(&'static str, String)],
        at: At,
    ) -> Result<(), ReadError>
    where
        At: Copy,
    {
        let value = |field: &str| {
            let value = values.iter().find(|(name, _)| *name == field);
            value.map(|(_, text)| text.as_str()).unwrap_or_default()
        };
        let term = |field: &'static str| Term {
            text: value(field).to_owned(),
            at,
            tag,
            field,
            currency: None,
        };
        let is_header = !self.is_behind_lines;
        match tag {
            "BGM" => {
                self.keep("document-type", term("1001"))?;
                self.keep("number", term("1004"))?;
            }
            // 102 is CCYYMMDD, and 203 the same with the time behind it.
            "DTM" if matches!(value("2379"), "102" | "203") => {
                match (self.section, value("2005")) {
                    (Section::Document, "137") => self.keep("issue-date", term("2380"))?,
                    (Section::Payment, "13") => self.keep("due-date", term("2380"))?,
                    _ => {}
                }
            }
            "RFF" => {
                if self.section == Section::Document {
                    self.section = Section::References;
                }
                match (self.section, value("1153")) {
                    (Section::References, "OI" | "IV") => self.keep("preceding", term("1154"))?,
                    (Section::Seller, "VA") => self.keep("seller-vat", term("1154"))?,
                    (Section::Seller, "AHP") => self.keep("seller-tax", term("1154"))?,
                    (Section::Seller, "GN" | "XA") => self.keep("seller-legal", term("1154"))?,
                    (Section::Buyer, "VA") => self.keep("buyer-vat", term("1154"))?,
                    (Section::Buyer, "GN" | "XA") => self.keep("buyer-legal", term("1154"))?,
                    _ => {}
                }
            }
            "NAD" if is_header => {
                let (section, name, id) = match value("3035") {
                    "SE" => (Section::Seller, "seller", "seller-own"),
                    "BY" => (Section::Buyer, "buyer", "buyer-own"),
                    _ => (Section::Elsewhere, "", ""),
                };
                self.section = section;
                if !name.is_empty() {
                    self.keep(name, term("3036"))?;
                    self.keep(id, term("3039"))?;
                }
            }
            "CUX" if is_header => {
                self.section = Section::Elsewhere;
                if value("6347") == "2" {
                    self.keep("currency", term("6345"))?;
                }
            }
            "PYT" | "PAT" if is_header => self.section = Section::Payment,
            "LIN" => {
                self.is_behind_lines = true;
                self.section = Section::Elsewhere;
            }
            "UNS" => {
                self.is_behind_lines = true;
                self.section = Section::Totals;
            }
            "TAX" | "ALC" => self.section = Section::Elsewhere,
            "MOA" if self.section == Section::Totals => {
                let name = match value("5025") {
                    "388" => "total",
                    "389" => "total-without-tax",
                    "176" => "tax",
                    "9" => "due",
                    _ => return Ok(()),
                };
                let currency = value("6345");
                let currency = (!currency.is_empty()).then(|| currency.to_owned());
                self.keep(
                    name,
                    Term {
                        currency,
                        ..term("5004")
                    },
                )?;
            }
            _ => {}
        }
        Ok(())
    }

    fn stated(
        &self,
        place: &dyn Fn(&At, &str, &str) -> String,
        plain: &dyn Fn(&str) -> String,
    ) -> Result<Stated, ReadError> {
        let found = |name: &str| -> Vec<Found> {
            let terms = self.terms.get(name).into_iter().flatten();
            terms
                .filter(|term| !term.text.is_empty())
                .map(|term| Found::new(term.text.as_str(), place(&term.at, term.tag, term.field)))
                .collect()
        };
        let mut facts = Facts::default();
        for name in ["document-type", "number", "seller", "buyer", "currency"] {
            facts.say(name, found(name))?;
        }
        facts.day("issue-date", found("issue-date"), day)?;
        // Several of these are no contradiction, and none is the one.
        let only = |name: &str| Some(found(name)).filter(|found| found.len() == 1);
        facts.day("due-date", only("due-date").unwrap_or_default(), day)?;
        facts.say("preceding", only("preceding").unwrap_or_default())?;
        for (name, kinds) in [
            (
                "seller-id",
                &["seller-vat", "seller-tax", "seller-legal", "seller-own"][..],
            ),
            ("buyer-id", &["buyer-vat", "buyer-legal", "buyer-own"][..]),
        ] {
            let found = kinds
                .iter()
                .map(|kind| found(kind))
                .find(|found| !found.is_empty());
            facts.say(name, found.unwrap_or_default())?;
        }
        if let Some(currency) = facts.get("currency").map(str::to_owned) {
            for name in ["total", "total-without-tax", "tax", "due"] {
                for term in self.terms.get(name).into_iter().flatten() {
                    let is_in_another = term.currency.as_ref().is_some_and(|own| *own != currency);
                    if is_in_another {
                        continue;
                    }
                    let place = place(&term.at, term.tag, term.field);
                    let found = Found::new(term.text.as_str(), place);
                    if let Some(units) = crate::values::minor_units(&plain(&term.text), &currency) {
                        facts.value(name, units, &found)?;
                    }
                }
            }
        }

        let text = |name: &str| facts.get(name).unwrap_or_default().to_owned();
        let class = facts.get("document-type").and_then(class_of);
        let identity = Identity {
            legal_issuer: text("seller-id"),
            class: class.unwrap_or_default().to_owned(),
            number: text("number"),
            ..Identity::default()
        };
        let missing = vec![
            (identity.number.is_empty(), "invoice number"),
            (identity.legal_issuer.is_empty(), "seller identifier"),
            (class.is_none(), "document type code that is known"),
        ];
        let numbered = Numbered {
            profile: Profile::En16931,
            identity,
            missing,
            doubts: Vec::new(),
        };
        Ok(invoice::stated(numbered, facts))
    }
}

fn day(text: &str) -> Option<String> {
    compact_date(text.get(..8)?)
}

/// The messages of an interchange.
struct Messages<At> {
    open: Option<Message<At>>,
    closed: Vec<Message<At>>,
}

impl<At> Default for Messages<At> {
    fn default() -> Self {
        Self {
            open: None,
            closed: Vec::new(),
        }
    }
}

impl<At: Copy> Messages<At> {
    fn segment(
        &mut self,
        tag: &'static str,
        values: &[(&'static str, String)],
        at: At,
    ) -> Result<(), ReadError> {
        match (tag, &mut self.open) {
            ("UNH", Some(_)) => Err(ReadError::EdifactMalformed {
                reason: "a message begins (UNH) before the last one ended (UNT)",
            }),
            ("UNH", open) => {
                // Messages of another type are not looked into.
                let is_invoice = values
                    .iter()
                    .any(|value| *value == ("0065", "INVOIC".to_owned()));
                *open = is_invoice.then(Message::new);
                Ok(())
            }
            ("UNT", _) => self.close(),
            (_, Some(message)) => message.segment(tag, values, at),
            (_, None) => Ok(()),
        }
    }

    fn close(&mut self) -> Result<(), ReadError> {
        self.closed.extend(self.open.take());
        if self.closed.len() > DOCUMENTS_MAX {
            return Err(ReadError::EdifactMalformed {
                reason: "more than 1000 messages in one file: split it",
            });
        }
        Ok(())
    }

    fn reading(
        self,
        place: impl Fn(&At, &str, &str) -> String,
        plain: impl Fn(&str) -> String,
    ) -> Result<Option<Reading>, ReadError> {
        let mut documents = Vec::new();
        for (at, message) in self.closed.iter().enumerate() {
            let mut document = message.stated(&place, &plain)?;
            if self.closed.len() > 1 {
                document.part = format!("message {}", at + 1);
            }
            documents.push(document);
        }
        Ok((!documents.is_empty()).then_some(Reading {
            format: Format::Edifact,
            documents,
            seals: Vec::new(),
        }))
    }
}

/// The characters that separate (ISO 9735, 7.1): those of `UNA`, or the usual ones.
struct Service {
    component: u8,
    element: u8,
    decimal_mark: u8,
    release: u8,
    segment: u8,
}

impl Service {
    /// With what follows `UNA`; `None` for what is no interchange.
    fn of(bytes: &[u8]) -> Option<(Self, &[u8])> {
        match bytes {
            [b'U', b'N', b'A', component, element, decimal_mark, release, _, segment, body @ ..] => {
                let service = Self {
                    component: *component,
                    element: *element,
                    decimal_mark: *decimal_mark,
                    release: *release,
                    segment: *segment,
                };
                // Marks that are letters or digits, or twice the same, would make one text another one.
                let marks = [*component, *element, *release, *segment];
                let is_told_apart = (marks.iter().enumerate())
                    .all(|(at, mark)| !mark.is_ascii_alphanumeric() && !marks[..at].contains(mark))
                    && matches!(decimal_mark, b'.' | b',');
                (is_told_apart && body.trim_ascii_start().starts_with(b"UNB"))
                    .then_some((service, body))
            }
            [b'U', b'N', b'B', b'+', ..] => {
                let service = Self {
                    component: b':',
                    element: b'+',
                    decimal_mark: b'.',
                    release: b'?',
                    segment: b'\'',
                };
                Some((service, bytes))
            }
            _ => None,
        }
    }

    /// The segments, without the line ends that some writers put between them.
    fn segments<'b>(&'b self, body: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        self.split(body, self.segment)
            .map(<[u8]>::trim_ascii_start)
            .filter(|segment| !segment.is_empty())
    }

    /// Parts between separators that are not released.
    fn split<'b>(&self, bytes: &'b [u8], separator: u8) -> impl Iterator<Item = &'b [u8]> {
        let release = self.release;
        let mut is_released = false;
        bytes.split(move |&byte| {
            if is_released {
                is_released = false;
                return false;
            }
            // A space in the place of the release character says that there is none.
            is_released = byte == release && release != b' ';
            !is_released && byte == separator
        })
    }

    /// The bytes that are meant: `?'` is an apostrophe.
    fn released<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.release == b' ' || !bytes.contains(&self.release) {
            return Cow::Borrowed(bytes);
        }
        let mut meant = Vec::with_capacity(bytes.len());
        let mut is_released = false;
        for &byte in bytes {
            if byte == self.release && !is_released {
                is_released = true;
            } else {
                is_released = false;
                meant.push(byte);
            }
        }
        Cow::Owned(meant)
    }
}

/// The characters that the interchange says it has (ISO 9735, 5.1; UNTDID 0001).
enum Charset {
    Utf8,
    /// One byte for each character.
    Latin(&'static encoding_rs::Encoding),
}

impl Charset {
    fn named(name: Option<&[u8]>) -> Self {
        Self::Latin(match name.unwrap_or_default() {
            b"UNOD" => encoding_rs::ISO_8859_2,
            b"UNOE" => encoding_rs::ISO_8859_5,
            b"UNOF" => encoding_rs::ISO_8859_7,
            b"UNOG" => encoding_rs::ISO_8859_3,
            b"UNOH" => encoding_rs::ISO_8859_4,
            b"UNOI" => encoding_rs::ISO_8859_6,
            b"UNOJ" => encoding_rs::ISO_8859_8,
            b"UNOK" => encoding_rs::WINDOWS_1254,
            b"UNOW" | b"UNOY" => return Self::Utf8,
            // UNOC, and UNOA and UNOB, which are ASCII and where other bytes are meant as in UNOC.
            _ => encoding_rs::WINDOWS_1252,
        })
    }

    fn text(&self, bytes: &[u8]) -> Result<String, ReadError> {
        let text = match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Latin(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes)
            }
        };
        let text = text.ok_or(ReadError::EdifactMalformed {
            reason: "its characters are not those that UNB names",
        })?;
        Ok(text.into_owned())
    }
}
