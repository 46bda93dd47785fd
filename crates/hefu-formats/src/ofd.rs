//! OFD (GB/T 33190-2016): the format in which China issues invoices, bills and electronic licences.
//!
//! It is a ZIP archive of XML files and resources. What it states of itself stands in up to four
//! places, and all of them go into one [`Facts`], so that a file that shows one number to a person and
//! another one to a program gives none and says so:
//!
//! 1. the XML that is attached, mostly `original_invoice.xml` (clause 20),
//! 2. the custom data of `OFD.xml` (clause 7.4), by names that producers agree on and no standard
//!    gives; those of licences are the metadata of GB/T 36903,
//! 3. the custom tags (clause 16), which give the objects of the pages the names of the XML,
//! 4. the face: the texts of the pages and their templates, and the codes on them.
//!
//! Seals are read by [`crate::seal`]. Not read: glyphs that are drawn as paths or pictures, text in
//! composite objects and annotations, older versions of a document.

mod package;
mod page;

use roxmltree::Node;

use self::package::{Package, Part};
use self::page::Shown;
use crate::archive::Archive;
use crate::chinese::{self, Voucher};
use crate::fact::{Facts, Found};
use crate::limits::{
    OFD_ATTACHMENTS_MAX, OFD_BODIES_MAX, OFD_CUSTOM_DATA_MAX, OFD_PAGES_MAX, VALUE_BYTES_MAX,
};
use crate::xml::chinese as xml;
use crate::xml::tree::Element;
use crate::{face, Fact, Format, Profile, ReadError, Reading, Stated};

/// The letters of one doubt.
const DOUBT_LETTERS_MAX: usize = 500;

/// The entry point of every OFD.
const ENTRY: &str = "OFD.xml";

/// An OFD is a ZIP archive whose entry point is `OFD.xml` at its root (GB/T 33190-2016, 7.1).
pub(crate) fn claims(archive: &Archive<'_>) -> bool {
    archive.contains(ENTRY)
}

pub(crate) fn read(archive: Archive<'_>) -> Result<Reading, ReadError> {
    let mut package = Package::new(archive);
    let bodies = package
        .xml(ENTRY, "OFD", bodies)?
        .ok_or_else(|| malformed("it has no OFD.xml".to_owned()))??;
    let is_one = bodies.len() == 1;
    let mut format = Format::Ofd;
    let mut documents = Vec::new();
    for body in bodies {
        let (attached, mut document) = document(&mut package, &body)?;
        if let Some(name) = attached {
            format = Format::carrying(Format::Ofd, &name, Format::ChineseXml);
        }
        if !is_one {
            document.part = body.root;
        }
        documents.push(document);
    }
    Ok(Reading {
        format,
        documents,
        seals: crate::seal::ofd::seals(package.archive()),
    })
}

/// A `DocBody` of the entry point (7.4).
struct Body {
    /// The part that is the root of the document.
    root: String,
    /// Its custom data: their names, and what they say.
    custom: Vec<(String, Found)>,
    has_versions: bool,
}

fn bodies(root: Node<'_, '_>) -> Result<Vec<Body>, ReadError> {
    let nodes = xml::all(root, None, "DocBody");
    if nodes.len() > OFD_BODIES_MAX {
        return Err(too_complex("documents", OFD_BODIES_MAX));
    }
    let mut bodies = Vec::new();
    for node in nodes {
        let roots = texts(node, "DocRoot");
        let [location] = &roots[..] else {
            return Err(malformed("a document has no root, or two".to_owned()));
        };
        let root = package::resolved(ENTRY, location)
            .ok_or_else(|| malformed("the root of a document is no path".to_owned()))?;
        let custom = xml::all(node, None, "DocInfo/CustomDatas/CustomData");
        if custom.len() > OFD_CUSTOM_DATA_MAX {
            return Err(too_complex("custom data", OFD_CUSTOM_DATA_MAX));
        }
        let custom = custom.into_iter().filter_map(|data| {
            let element = Element::new(data, &[]);
            let name = element.attribute("Name")?;
            let place = format!("{ENTRY}://CustomData[@Name='{name}']");
            Some((name.to_owned(), Found::new(element.text()?, place)))
        });
        bodies.push(Body {
            root,
            custom: custom.collect(),
            has_versions: !xml::all(node, None, "Versions/Version").is_empty(),
        });
    }
    match bodies.is_empty() {
        true => Err(malformed("its OFD.xml names no document".to_owned())),
        false => Ok(bodies),
    }
}

/// What `Document.xml` says of the parts of a document (7.5).
struct Contents {
    pages: Vec<Part>,
    templates: Vec<Part>,
    resources: Vec<String>,
    attachments: Vec<String>,
    tags: Vec<String>,
}

fn contents(root: Node<'_, '_>) -> Contents {
    let parts = |path: &str| {
        let nodes = xml::all(root, None, path);
        let parts = nodes.into_iter().filter_map(|node| {
            Some(Part {
                id: node.attribute("ID")?.trim().to_owned(),
                location: node.attribute("BaseLoc")?.trim().to_owned(),
            })
        });
        parts.collect()
    };
    let mut resources = texts(root, "CommonData/PublicRes");
    resources.extend(texts(root, "CommonData/DocumentRes"));
    Contents {
        pages: parts("Pages/Page"),
        templates: parts("CommonData/TemplatePage"),
        resources,
        attachments: texts(root, "Attachments"),
        tags: texts(root, "CustomTags"),
    }
}

/// One document, and the name of the XML attached to it that was read.
fn document(package: &mut Package<'_>, body: &Body) -> Result<(Option<String>, Stated), ReadError> {
    let contents = package
        .xml(&body.root, "Document", contents)?
        .ok_or_else(|| malformed(format!("{} is named and not there", body.root)))?;
    if contents.pages.len() + contents.templates.len() > OFD_PAGES_MAX {
        return Err(too_complex("pages", OFD_PAGES_MAX));
    }
    let mut facts = Facts::default();
    let mut doubts = Vec::new();
    if body.has_versions {
        doubts.push("the file holds other versions of the document, which are not read".to_owned());
    }

    let (attached, mut voucher) = attachments(package, body, &contents, &mut facts, &mut doubts)?;

    for (name, found) in &body.custom {
        if let Some(fact) = custom_fact(name) {
            chinese::say(&mut facts, fact, Some(found.clone()))?;
        }
    }
    voucher = voucher.or_else(|| custom_voucher(&body.custom, &facts));

    let shown = page::shown(package, body, &contents, &mut doubts)?;
    tags(package, body, &contents, &shown, &mut facts, &mut doubts)?;
    let (face, repeated) = face_of(&shown)?;
    // They quote names from the file, of any length and with any character.
    for doubt in &mut doubts {
        *doubt = doubt.escape_debug().take(DOUBT_LETTERS_MAX).collect();
    }
    if let Some(face) = &face {
        for fact in &face.facts {
            // The page calls its type by words and the XML by a code: that is no contradiction. The
            // currency is the law's.
            let is_word = matches!(fact.name.as_str(), "document-type" | "title");
            if fact.name == "currency" || is_word && facts.get(&fact.name).is_some() {
                continue;
            }
            let found = Found::new(fact.written.clone(), fact.place.clone());
            facts.value(&fact.name, fact.value.clone(), &found)?;
        }
        doubts.extend(face.doubts.iter().cloned());
    }
    for fact in repeated {
        facts.mention(fact)?;
    }
    let is_shown = face
        .as_ref()
        .is_some_and(|face| face.fact("number").is_some());
    if voucher.is_some() && !is_shown && facts.get("number").is_some() {
        let doubt = "its pages show no number as text: compare them with what is stated here";
        doubts.push(doubt.to_owned());
    }
    let voucher = voucher.or_else(|| face.as_ref().map(face_voucher));
    let mut stated = match voucher {
        Some(voucher) => chinese::stated(voucher, facts)?,
        None => Stated::without_identity("an invoice, a bill, a ticket or a licence that is known"),
    };
    if let Some(face) = face.filter(|face| face.profile != stated.profile) {
        doubts.push(format!(
            "its pages show a document of the type {}, and the rest of the file one of {}",
            face.profile.name(),
            stated.profile.name()
        ));
    }
    // What both the face and the whole file contradict is told once.
    doubts.retain(|doubt| !stated.doubts.contains(doubt));
    stated.doubts.extend(doubts);
    Ok((attached, stated))
}

/// The document that the pages show, and what pages behind the first say of who issued it under which
/// number. Where the first page says all of its number, the pages behind it are lists of goods or an
/// annex, whose labels mean other things: of them only counts what names a document.
fn face_of(shown: &Shown) -> Result<(Option<Stated>, Vec<Fact>), ReadError> {
    let on_page = |page: u32| {
        let from = shown.runs.partition_point(|run| run.page < page);
        let to = shown.runs.partition_point(|run| run.page <= page);
        &shown.runs[from..to]
    };
    let first = face::read(on_page(1), &shown.codes)?;
    let Some(first) = first.filter(|first| first.identity.is_some()) else {
        return Ok((face::read(&shown.runs, &shown.codes)?, Vec::new()));
    };
    let title = match first.profile {
        Profile::Generic => first.fact("title").map(|fact| fact.value.clone()),
        _ => None,
    };
    let mut repeated = Vec::new();
    let last = shown.runs.last().map_or(1, |run| run.page);
    for page in 2..=last {
        let other = face::read(on_page(page), &[])?;
        if let Some(other) = other.filter(|other| other.identity.is_some()) {
            let facts = other.facts.into_iter();
            repeated.extend(facts.filter(|fact| IDENTIFYING.contains(&fact.name.as_str())));
        }
        let numbers = title
            .as_deref()
            .map(|title| face::numbers(on_page(page), title));
        for found in numbers.into_iter().flatten() {
            let (written, place) = (found.written.as_str(), found.place);
            repeated.extend(Fact::new(
                "number",
                written.trim().to_owned(),
                written,
                place,
            )?);
        }
    }
    Ok((Some(first), repeated))
}

/// The facts of which the legal number consists.
const IDENTIFYING: [&str; 6] = [
    "number",
    "series",
    "seller",
    "seller-id",
    "issuer",
    "issuer-id",
];

/// Reads the attached XML files; answers the name of the first that is a document, and its kind.
fn attachments(
    package: &mut Package<'_>,
    body: &Body,
    contents: &Contents,
    facts: &mut Facts,
    doubts: &mut Vec<String>,
) -> Result<(Option<String>, Option<Voucher>), ReadError> {
    let (mut first, mut voucher) = (None, None);
    for (list, location) in listed(
        package,
        body,
        &contents.attachments,
        "Attachments",
        "Attachment",
        doubts,
    )? {
        if !location.to_ascii_lowercase().ends_with(".xml") {
            continue;
        }
        let Some(part) = package.find(&list, &body.root, &location) else {
            doubts.push(format!("{location} is attached and not there"));
            continue;
        };
        let of_part =
            package.known_xml(&part, xml::is_root, |root| xml::gather(root, &part, facts))?;
        let Some(of_part) = of_part else { continue };
        match voucher {
            Some(before) if before != of_part => {
                doubts.push("documents of several types are attached".to_owned());
            }
            _ => voucher = Some(of_part),
        }
        first = first.or_else(|| part.rsplit('/').next().map(str::to_owned));
    }
    Ok((first, voucher))
}

/// The files that lists of attachments or tags name, each with the part that is the list. A document has
/// one list; of two, programs differ in which they take.
fn listed(
    package: &mut Package<'_>,
    body: &Body,
    lists: &[String],
    root_name: &str,
    item: &str,
    doubts: &mut Vec<String>,
) -> Result<Vec<(String, String)>, ReadError> {
    let mut files = Vec::new();
    if lists.len() > OFD_ATTACHMENTS_MAX {
        return Err(too_complex("attachments or tags", OFD_ATTACHMENTS_MAX));
    }
    for location in lists {
        let Some(list) = package.find(&body.root, &body.root, location) else {
            doubts.push(format!("{location} is named and not there"));
            continue;
        };
        let locations = package.xml(&list, root_name, |root| {
            texts(root, &format!("{item}/FileLoc"))
        })?;
        let locations = locations.unwrap_or_default().into_iter();
        files.extend(locations.map(|location| (list.clone(), location)));
        if files.len() > OFD_ATTACHMENTS_MAX {
            return Err(too_complex("attachments or tags", OFD_ATTACHMENTS_MAX));
        }
    }
    Ok(files)
}

/// Reads what the custom tags name: each is an element of the invoice's XML that refers to the text
/// objects that show it, or holds the data itself.
fn tags(
    package: &mut Package<'_>,
    body: &Body,
    contents: &Contents,
    shown: &Shown,
    facts: &mut Facts,
    doubts: &mut Vec<String>,
) -> Result<(), ReadError> {
    for (list, location) in listed(
        package,
        body,
        &contents.tags,
        "CustomTags",
        "CustomTag",
        doubts,
    )? {
        let Some(part) = package.find(&list, &body.root, &location) else {
            doubts.push(format!("{location} is named as a tag and not there"));
            continue;
        };
        let is_known = |name: &[u8]| matches!(name, b"eInvoice" | b"e-invoice");
        let found = package.known_xml(&part, is_known, |root| {
            let prefix = match root.tag_name().name() {
                "eInvoice" => "",
                _ => "eInvoice/",
            };
            let rows = xml::E_INVOICE.iter().filter_map(|(name, path)| {
                let nodes = xml::all(root, None, &format!("{prefix}{path}"));
                // An element that stands twice shows its value in several places, as a list of
                // goods does: it is no value of the document.
                let [node] = nodes[..] else { return None };
                let place = xml::place(&part, &Element::new(node, &[]).place());
                Some((*name, Found::new(tagged(node, shown)?, place)))
            });
            Ok(Some(rows.collect::<Vec<_>>()))
        })?;
        for (name, found) in found.unwrap_or_default() {
            chinese::say(facts, name, Some(found))?;
        }
    }
    Ok(())
}

/// The text of the objects that an element refers to, one behind the other.
fn tagged(node: Node<'_, '_>, shown: &Shown) -> Option<String> {
    let mut text = String::new();
    for child in node.children().filter(Node::is_element) {
        // Beyond this it is no value, however often it refers to a long text.
        if text.len() > VALUE_BYTES_MAX {
            break;
        }
        match child.tag_name().name() {
            "ObjectData" => text.push_str(&Element::new(child, &[]).text()?),
            "ObjectRef" => {
                let object = Element::new(child, &[]).text()?;
                text.push_str(shown.text(child.attribute("PageRef")?.trim(), &object)?);
            }
            _ => return None,
        }
    }
    (!text.is_empty()).then_some(text)
}

/// Which fact the custom data of a name is.
fn custom_fact(name: &str) -> Option<&'static str> {
    Some(match name.trim() {
        "发票代码" | "票据代码" => "series",
        "发票号码" | "票据号码" | "证照标识" => "number",
        "开票日期" | "证照颁发日期" => "issue-date",
        "校验码" => "check-code",
        "销售方名称" | "开票单位" | "收款单位" => "seller",
        "销售方纳税人识别号" | "销售方统一社会信用代码/纳税人识别号" => {
            "seller-id"
        }
        "购买方名称" | "交款人" => "buyer",
        "购买方纳税人识别号" | "购买方统一社会信用代码/纳税人识别号" | "交款人统一社会信用代码" => {
            "buyer-id"
        }
        "价税合计" | "金额合计" => "total",
        "合计金额" => "total-without-tax",
        "合计税额" => "tax",
        "证照名称" => "title",
        "证照编号" => "certificate-number",
        "证照颁发机构" => "issuer",
        "证照颁发机构代码" => "issuer-id",
        "持证主体" => "holder",
        "持证主体代码" => "holder-id",
        "证照有效期起始日期" => "valid-from",
        "证照有效期截止日期" => "valid-until",
        _ => return None,
    })
}

fn custom_voucher(custom: &[(String, Found)], facts: &Facts) -> Option<Voucher> {
    let has = |name: &str| custom.iter().any(|(other, _)| other.trim() == name);
    if has("证照标识") {
        Some(Voucher::Licence)
    } else if has("票据代码") {
        Some(Voucher::FiscalBill)
    } else if has("发票代码") {
        Some(Voucher::VatInvoice)
    } else {
        // Without a code it is one of the documents with 20 digits; which of them, the face says.
        let is_digital = has("销售方纳税人识别号") && facts.get("number")?.len() == 20;
        is_digital.then_some(Voucher::DigitalInvoice)
    }
}

/// The kind of the document that the pages show, by its profile. An air ticket has that of a
/// digitalised invoice, and is issued by a name.
fn face_voucher(face: &Stated) -> Voucher {
    match face.profile {
        Profile::CnVatEinvoice => Voucher::VatInvoice,
        Profile::CnFiscalEbill => Voucher::FiscalBill,
        Profile::CnRailTicket => Voucher::RailTicket,
        Profile::CnElicence => Voucher::Licence,
        Profile::CnDigitalInvoice => {
            let seller = face.fact("seller").map(|fact| fact.value.as_str());
            let issuer = face.identity.as_ref();
            match issuer.map(|identity| identity.legal_issuer.as_str()) == seller {
                true => Voucher::AirTicket,
                false => Voucher::DigitalInvoice,
            }
        }
        _ => Voucher::OtherLicence,
    }
}

/// The texts of the elements at a path; empty ones state nothing.
fn texts(root: Node<'_, '_>, path: &str) -> Vec<String> {
    let nodes = xml::all(root, None, path);
    let texts = nodes
        .into_iter()
        .filter_map(|node| Element::new(node, &[]).text());
    texts.filter(|text| !text.is_empty()).collect()
}

/// The reason may quote names from the file.
fn malformed(reason: String) -> ReadError {
    ReadError::OfdMalformed {
        reason: reason.escape_debug().take(200).collect(),
    }
}

fn too_complex(what: &'static str, limit: usize) -> ReadError {
    ReadError::OfdTooComplex { what, limit }
}
