//! Where a mapping's places lead in a file, for each syntax.
//!
//! Places that lead from the root of the file are looked up once, those of a record once for each
//! record, and all of it together within [`MAPPED_STEPS_MAX`], so that a hostile file costs time in
//! proportion to its size.

use std::borrow::Cow;
use std::collections::BTreeMap;

use roxmltree::Node;

use super::{Field, Mapping, Syntax, ValueForm};
use crate::fact::Found;
use crate::json::tree::Json;
use crate::limits::{
    MAPPED_BYTES_MAX, MAPPED_COLUMNS_MAX, MAPPED_RECORDS_MAX, MAPPED_STATED_BYTES_MAX,
    MAPPED_STEPS_MAX, XML_DEPTH_MAX,
};
use crate::xml::tree::Element;
use crate::xml::with_tree;
use crate::{Format, ReadError, Reading, Stated};

/// The longest place in a mapping.
const PATH_BYTES_MAX: usize = 512;

/// A place of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Path {
    /// A JSON pointer, which begins with `/` unless it is empty.
    Pointer {
        from_root: bool,
        pointer: String,
    },
    /// An XPath of local names.
    Elements {
        from_root: bool,
        steps: Vec<Step>,
        attribute: Option<String>,
    },
    Column(String),
}

/// A step to the children of a name, or to one of them, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    name: String,
    position: Option<usize>,
}

/// What stands at a place: nothing, one text, or two that differ.
#[derive(Debug, Clone, Default)]
pub(super) struct Finding {
    pub(super) found: Vec<Found>,
    /// Where something stands that is no text.
    pub(super) no_text: Option<String>,
}

impl Path {
    pub(super) fn parse(syntax: Syntax, written: &str) -> Option<Self> {
        if written.is_empty() || written.len() > PATH_BYTES_MAX {
            return None;
        }
        let from_root = written.starts_with('/');
        match syntax {
            Syntax::Json => Some(Self::Pointer {
                from_root,
                pointer: match from_root {
                    true => written.to_owned(),
                    false => format!("/{written}"),
                },
            }),
            Syntax::Xml => xpath(written, from_root),
            Syntax::Csv => Some(Self::Column(written.trim().to_owned())),
        }
    }

    /// A list stands at a place from the root; that of JSON may be the root itself.
    pub(super) fn of_records(syntax: Syntax, written: &str) -> Option<Self> {
        match (syntax, Self::parse(syntax, written)) {
            (Syntax::Json, _) if written.is_empty() => Some(Self::Pointer {
                from_root: true,
                pointer: String::new(),
            }),
            (_, Some(path @ Self::Pointer { .. })) if path.is_from_root() => Some(path),
            (_, Some(path @ Self::Elements { .. })) if path.is_from_root() => match path {
                Self::Elements {
                    attribute: None, ..
                } => Some(path),
                _ => None,
            },
            _ => None,
        }
    }

    const fn is_from_root(&self) -> bool {
        match self {
            Self::Pointer { from_root, .. } | Self::Elements { from_root, .. } => *from_root,
            Self::Column(_) => false,
        }
    }
}

fn xpath(written: &str, from_root: bool) -> Option<Path> {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name
                .contains(|c: char| c.is_whitespace() || c.is_control() || ":[]@*()".contains(c))
    };
    let mut steps = Vec::new();
    let mut attribute = None;
    for step in written.strip_prefix('/').unwrap_or(written).split('/') {
        if attribute.is_some() {
            return None;
        }
        if let Some(name) = step.strip_prefix('@') {
            attribute = is_name(name).then(|| name.to_owned());
            attribute.as_ref()?;
            continue;
        }
        let (name, position) = match step.strip_suffix(']') {
            None => (step, None),
            Some(step) => {
                let (name, position) = step.split_once('[')?;
                let position: usize = position.parse().ok()?;
                (name, Some(position).filter(|position| *position > 0))
            }
        };
        if !is_name(name) || position.is_none() && step.ends_with(']') {
            return None;
        }
        steps.push(Step {
            name: name.to_owned(),
            position,
        });
    }
    let is_whole = steps.len() <= XML_DEPTH_MAX && (!steps.is_empty() || !from_root);
    is_whole.then_some(Path::Elements {
        from_root,
        steps,
        attribute,
    })
}

/// Reads a file as a mapping says.
///
/// A file of several records gives a document for each, in their order. What a record lacks is
/// missing in its document; an error means that the file is not of the mapping's syntax, damaged, or
/// beyond [`crate::limits`].
pub fn read_mapped(bytes: &[u8], mapping: &Mapping) -> Result<Reading, ReadError> {
    if bytes.len() > MAPPED_BYTES_MAX {
        return Err(ReadError::FileTooLarge {
            bytes: bytes.len(),
            bytes_max: MAPPED_BYTES_MAX,
        });
    }
    let mut documents = match mapping.syntax {
        Syntax::Json => from_json(bytes, mapping)?,
        Syntax::Xml => from_xml(bytes, mapping)?,
        Syntax::Csv => from_csv(bytes, mapping)?,
    };
    if documents.is_empty() {
        documents.push(Stated::without_identity("a record where the mapping says"));
    }
    Ok(Reading {
        format: Format::Mapped,
        documents,
        seals: Vec::new(),
    })
}

/// The documents of a file. What stands once in it may be a fact of each, so their size is held.
#[derive(Default)]
struct Documents {
    list: Vec<Stated>,
    bytes: usize,
}

impl Documents {
    fn push(&mut self, stated: Stated) -> Result<(), ReadError> {
        let facts = stated.facts.iter();
        let in_facts = facts.map(|fact| fact.value.len() + fact.written.len() + fact.place.len());
        let in_doubts = stated.doubts.iter().map(String::len);
        self.bytes += in_facts.chain(in_doubts).sum::<usize>();
        if self.bytes > MAPPED_STATED_BYTES_MAX {
            return Err(ReadError::TooMany {
                what: "bytes in all that its records state",
                limit: MAPPED_STATED_BYTES_MAX,
            });
        }
        self.list.push(stated);
        Ok(())
    }
}

fn not_of_mapping(mapping: &Mapping, reason: &str) -> ReadError {
    ReadError::NotOfMapping {
        syntax: mapping.syntax.name(),
        reason: reason.escape_debug().take(200).collect(),
    }
}

fn hold(count: usize, what: &'static str) -> Result<(), ReadError> {
    match count > MAPPED_RECORDS_MAX {
        true => Err(ReadError::TooMany {
            what,
            limit: MAPPED_RECORDS_MAX,
        }),
        false => Ok(()),
    }
}

impl Mapping {
    /// The places that lead from the root of the file.
    fn paths_from_root(&self) -> impl Iterator<Item = &Path> {
        let fields = [
            Some(&self.legal_issuer),
            Some(&self.number),
            self.class.as_ref(),
            self.series.as_ref(),
            self.period.as_ref(),
        ];
        let currencies = self.facts.iter().filter_map(|fact| match &fact.value {
            ValueForm::Amount { currency, .. } => Some(currency),
            _ => None,
        });
        fields
            .into_iter()
            .flatten()
            .chain(currencies)
            .filter_map(|field| match field {
                Field::At(path) => Some(path),
                Field::Constant(_) => None,
            })
            .chain(self.facts.iter().map(|fact| &fact.at))
            .filter(|path| path.is_from_root())
    }
}

fn from_json(bytes: &[u8], mapping: &Mapping) -> Result<Vec<Stated>, ReadError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let tree = Json::parse(bytes)?
        .ok_or_else(|| not_of_mapping(mapping, "it cannot be read as JSON in UTF-8"))?;
    let of_file: BTreeMap<&Path, Finding> = mapping
        .paths_from_root()
        .map(|path| (path, json_finding(&tree, "", path)))
        .collect();
    let list = match &mapping.records {
        Some(Path::Pointer { pointer, .. }) => match tree.at(pointer) {
            Some(Json::Array(items)) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| (format!("{pointer}/{index}"), item))
                    .collect()
            }
            _ => Vec::new(),
        },
        _ => vec![(String::new(), &tree)],
    };
    hold(list.len(), "records")?;
    let mut documents = Documents::default();
    for (part, record) in list {
        documents.push(mapping.stated(&part, |path| {
            let known = of_file.get(path).cloned();
            Ok(known.unwrap_or_else(|| json_finding(record, &part, path)))
        })?)?;
    }
    Ok(documents.list)
}

fn json_finding(value: &Json, at: &str, path: &Path) -> Finding {
    let mut finding = Finding::default();
    let Path::Pointer { pointer, .. } = path else {
        return finding;
    };
    let place = format!("{at}{pointer}");
    match value.at(pointer) {
        None | Some(Json::Null) => {}
        Some(value) => match value.text() {
            Some(text) => finding.keep(Found::new(text, place)),
            None => finding.no_text = Some(place),
        },
    }
    finding
}

fn from_xml(bytes: &[u8], mapping: &Mapping) -> Result<Vec<Stated>, ReadError> {
    let documents = with_tree(
        bytes,
        |_| true,
        |root| {
            // It stands in the place of every fact.
            if root.tag_name().name().len() > PATH_BYTES_MAX {
                return Err(not_of_mapping(mapping, "the name of its root is too long"));
            }
            let mut walk = Walk {
                steps_left: MAPPED_STEPS_MAX,
            };
            let at_root = (root, format!("/{}", root.tag_name().name()));
            let mut of_file: BTreeMap<&Path, Finding> = BTreeMap::new();
            for path in mapping.paths_from_root() {
                of_file.insert(path, walk.finding(&at_root, path)?);
            }
            let records = match &mapping.records {
                Some(path) => walk.elements(&at_root, path)?,
                None => vec![at_root],
            };
            hold(records.len(), "records")?;
            let mut documents = Documents::default();
            for record in &records {
                let part = match mapping.records {
                    Some(_) => record.1.as_str(),
                    None => "",
                };
                documents.push(mapping.stated(part, |path| match of_file.get(path) {
                    Some(finding) => Ok(finding.clone()),
                    None => walk.finding(record, path),
                })?)?;
            }
            Ok(Some(documents.list))
        },
    )?;
    documents.ok_or_else(|| not_of_mapping(mapping, "it has no root element"))
}

/// An element with its place.
type Placed<'t> = (Node<'t, 't>, String);

/// Walking an XML tree, within a number of steps.
struct Walk {
    steps_left: usize,
}

impl Walk {
    fn finding(&mut self, from: &Placed<'_>, path: &Path) -> Result<Finding, ReadError> {
        let mut finding = Finding::default();
        let Path::Elements { attribute, .. } = path else {
            return Ok(finding);
        };
        for (node, place) in self.elements(from, path)? {
            match attribute {
                Some(name) => {
                    let found = node.attributes().find(|found| found.name() == name);
                    if let Some(found) = found {
                        finding.keep(Found::new(found.value(), format!("{place}/@{name}")));
                    }
                }
                None => match Element::new(node, &[]).text() {
                    Some(text) => finding.keep(Found::new(text, place)),
                    None => finding.no_text = Some(place),
                },
            }
        }
        Ok(finding)
    }

    /// The elements that a path leads to; that of a path from the root begins with the root's name.
    fn elements<'t>(
        &mut self,
        from: &Placed<'t>,
        path: &Path,
    ) -> Result<Vec<Placed<'t>>, ReadError> {
        let Path::Elements {
            from_root, steps, ..
        } = path
        else {
            return Ok(Vec::new());
        };
        let steps = match (from_root, steps.split_first()) {
            (false, _) => steps.as_slice(),
            (true, Some((root, rest)))
                if from.0.tag_name().name() == root.name && root.position.unwrap_or(1) == 1 =>
            {
                rest
            }
            _ => return Ok(Vec::new()),
        };
        let mut at = vec![from.clone()];
        for step in steps {
            let mut next = Vec::new();
            for (node, place) in &at {
                let mut named = Vec::new();
                for child in node.children() {
                    self.steps_left = self.steps_left.checked_sub(1).ok_or(ReadError::TooMany {
                        what: "elements on the way to all places of the mapping",
                        limit: MAPPED_STEPS_MAX,
                    })?;
                    if child.is_element() && child.tag_name().name() == step.name {
                        named.push(child);
                        hold(next.len() + named.len(), "elements of one place")?;
                    }
                }
                let is_alone = named.len() == 1;
                let name = &step.name;
                let named = named.into_iter().enumerate();
                next.extend(
                    named
                        .filter(|(index, _)| step.position.is_none_or(|wanted| wanted == index + 1))
                        .map(|(index, child)| match is_alone {
                            true => (child, format!("{place}/{name}")),
                            false => (child, format!("{place}/{name}[{}]", index + 1)),
                        }),
                );
            }
            at = next;
        }
        Ok(at)
    }
}

fn from_csv(bytes: &[u8], mapping: &Mapping) -> Result<Vec<Stated>, ReadError> {
    let text = csv_text(bytes, mapping.is_gbk).ok_or_else(|| {
        not_of_mapping(mapping, "it cannot be read in the encoding of the mapping")
    })?;
    let damaged = |error: csv::Error| not_of_mapping(mapping, &error.to_string());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(mapping.delimiter)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(damaged)?;
    if headers.len() > MAPPED_COLUMNS_MAX {
        return Err(ReadError::TooMany {
            what: "columns",
            limit: MAPPED_COLUMNS_MAX,
        });
    }
    let mut columns: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, name) in headers.iter().enumerate() {
        columns
            .entry(name.trim().to_owned())
            .or_default()
            .push(index);
    }
    // Any text is a CSV of one column; that of the mapping has the column of the number.
    let has_number = match &mapping.number {
        Field::At(Path::Column(name)) => columns.contains_key(name),
        _ => false,
    };
    if !has_number {
        return Err(not_of_mapping(mapping, "it has no column of the number"));
    }
    let mut documents = Documents::default();
    for row in reader.records() {
        let row = row.map_err(damaged)?;
        hold(documents.list.len() + 1, "records")?;
        let part = format!("/row[{}]", documents.list.len() + 1);
        documents.push(mapping.stated(&part, |path| {
            let mut finding = Finding::default();
            if let Path::Column(name) = path {
                for index in columns.get(name).into_iter().flatten() {
                    if let Some(text) = row.get(*index) {
                        finding.keep(Found::new(text, format!("{part}/{name}")));
                    }
                }
            }
            Ok(finding)
        })?)?;
    }
    Ok(documents.list)
}

/// The mark of UTF-8 tells it, whatever the mapping says.
fn csv_text(bytes: &[u8], is_gbk: bool) -> Option<Cow<'_, str>> {
    match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(text) => std::str::from_utf8(text).ok().map(Cow::Borrowed),
        None if is_gbk => {
            encoding_rs::GBK.decode_without_bom_handling_and_without_replacement(bytes)
        }
        None => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
    }
}
