//! Walking an XML tree by paths of local names within the namespaces of one language.

use std::collections::BTreeSet;

use roxmltree::Node;

use crate::fact::Found;
use crate::limits::{DOCUMENTS_MAX, VALUES_OF_TERM_MAX};
use crate::ReadError;

/// As a namespace of a language: its elements stand in none.
pub(crate) const UNQUALIFIED: &str = "";

/// An element together with the namespaces in which its children are looked for, so that an
/// element of a foreign extension never passes for a term of the invoice.
#[derive(Clone, Copy)]
pub(crate) struct Element<'t> {
    node: Node<'t, 't>,
    namespaces: &'static [&'static str],
}

impl<'t> Element<'t> {
    pub(crate) fn new(node: Node<'t, 't>, namespaces: &'static [&'static str]) -> Self {
        Self { node, namespaces }
    }

    /// All elements at the path below this one, `Party/PartyTaxScheme/CompanyID`.
    pub(crate) fn all(self, path: &str) -> Vec<Self> {
        let mut found = vec![self];
        for name in path.split('/') {
            found = found
                .iter()
                .flat_map(|element| element.children(name))
                .collect();
        }
        found
    }

    fn children(&self, name: &str) -> Vec<Self> {
        let is_sought = |node: &Node<'t, 't>| {
            let tag = node.tag_name();
            let namespace = tag.namespace().unwrap_or(UNQUALIFIED);
            tag.name() == name && node.is_element() && self.namespaces.contains(&namespace)
        };
        self.node
            .children()
            .filter(is_sought)
            .map(|node| Self { node, ..*self })
            .collect()
    }

    /// Its text, trimmed. Comments within do not cut it in two; an element with elements in it is
    /// no value.
    pub(crate) fn text(self) -> Option<String> {
        if self.node.children().any(|child| child.is_element()) {
            return None;
        }
        let texts = self
            .node
            .children()
            .filter(Node::is_text)
            .filter_map(|child| child.text());
        Some(texts.collect::<String>().trim().to_owned())
    }

    pub(crate) fn attribute(self, name: &str) -> Option<&'t str> {
        self.node.attribute(name).map(str::trim)
    }

    /// An XPath of local names, with a position where siblings share the name.
    pub(crate) fn place(self) -> String {
        let mut steps: Vec<String> = self
            .node
            .ancestors()
            .filter(Node::is_element)
            .map(step)
            .collect();
        steps.reverse();
        steps.concat()
    }
}

/// An element whose place is known, so that what stands below it is placed without walking up to
/// the root, past all its siblings, each time.
#[derive(Clone)]
pub(crate) struct Placed<'t> {
    element: Element<'t>,
    place: String,
}

impl<'t> Placed<'t> {
    /// The root element.
    pub(crate) fn root(node: Node<'t, 't>, namespaces: &'static [&'static str]) -> Self {
        Self {
            element: Element::new(node, namespaces),
            place: format!("/{}", node.tag_name().name()),
        }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The one element at a path. Two in one place: neither is the one.
    pub(crate) fn at(&self, path: &str) -> Option<Self> {
        match self.element.all(path)[..] {
            [element] => Some(Self {
                element,
                place: self.place_of(element),
            }),
            _ => None,
        }
    }

    /// All children of a name.
    pub(crate) fn each(&self, name: &str) -> Result<Vec<Self>, ReadError> {
        let children = self.element.children(name);
        if children.len() > DOCUMENTS_MAX {
            return Err(ReadError::XmlTooComplex {
                what: "documents",
                limit: DOCUMENTS_MAX,
            });
        }
        // Positions count every child of the local name, as in `step`, and are counted once for all.
        let same = |node: &Node<'_, '_>| node.is_element() && node.tag_name().name() == name;
        let positions: Vec<_> = self.element.node.children().filter(same).collect();
        let mut placed = Vec::new();
        let mut children = children.into_iter().peekable();
        for (at, node) in positions.iter().enumerate() {
            if let Some(element) = children.next_if(|element| element.node == *node) {
                let place = match positions.len() {
                    1 => format!("{}/{name}", self.place),
                    _ => format!("{}/{name}[{}]", self.place, at + 1),
                };
                placed.push(Self { element, place });
            }
        }
        Ok(placed)
    }

    /// The texts at a path, `ide/nNF`, or of an attribute there, `Emisor/@Rfc`: each text once, at
    /// its first place, so that a contradiction is seen; empty ones are not there.
    pub(crate) fn found(&self, path: &str) -> Result<Vec<Found>, ReadError> {
        self.hold_to_text(path)?;
        let found = self.found_up_to(VALUES_OF_TERM_MAX + 1, path);
        if found.len() > VALUES_OF_TERM_MAX {
            return Err(ReadError::XmlTooComplex {
                what: "values of one term",
                limit: VALUES_OF_TERM_MAX,
            });
        }
        Ok(found)
    }

    /// Refuses elements in the place of a text: of `1<b/>2` some programs take the `1`, others `12`.
    fn hold_to_text(&self, path: &str) -> Result<(), ReadError> {
        let is_attribute = path.contains('@');
        let elements = self.element.all(path);
        match elements
            .into_iter()
            .find(|element| element.text().is_none())
        {
            Some(element) if !is_attribute => Err(no_text(&self.place_of(element))),
            _ => Ok(()),
        }
    }

    /// The text at a path of which a document may well have several, if it has one.
    pub(crate) fn only(&self, path: &str) -> Option<Found> {
        let mut found = self.found_up_to(2, path);
        (found.len() == 1).then(|| found.remove(0))
    }

    /// As [`Self::found`], and no more than so many.
    pub(crate) fn found_up_to(&self, count_max: usize, path: &str) -> Vec<Found> {
        let (path, attribute) = match path.rsplit_once('@') {
            Some((path, name)) => (path.trim_end_matches('/'), Some(name)),
            None => (path, None),
        };
        let elements = match path {
            "" => vec![self.element],
            path => self.element.all(path),
        };
        let mut texts = BTreeSet::new();
        let mut found = Vec::new();
        for element in elements {
            let text = match attribute {
                Some(name) => element.attribute(name).map(str::to_owned),
                None => element.text(),
            };
            let Some(text) = text.filter(|text| !text.is_empty()) else {
                continue;
            };
            if texts.contains(&text) {
                continue;
            }
            let place = match attribute {
                Some(name) => format!("{}/@{name}", self.place_of(element)),
                None => self.place_of(element),
            };
            found.push(Found::new(text.as_str(), place));
            if found.len() == count_max {
                break;
            }
            texts.insert(text);
        }
        found
    }

    /// The place of an element at or below this one.
    fn place_of(&self, element: Element<'t>) -> String {
        let below = element.node.ancestors();
        let mut steps: Vec<String> = below
            .take_while(|node| *node != self.element.node)
            .map(step)
            .collect();
        steps.push(self.place.clone());
        steps.reverse();
        steps.concat()
    }
}

pub(crate) fn no_text(place: &str) -> ReadError {
    let reason = format!("{place} holds elements where a text must stand");
    ReadError::XmlMalformed {
        reason: reason.escape_debug().take(200).collect(),
    }
}

fn step(node: Node<'_, '_>) -> String {
    let name = node.tag_name().name();
    let same = |sibling: &Node<'_, '_>| sibling.is_element() && sibling.tag_name().name() == name;
    let before = node.prev_siblings().skip(1).filter(same).count();
    let after = node.next_siblings().skip(1).any(|sibling| same(&sibling));
    if before > 0 || after {
        format!("/{name}[{}]", before + 1)
    } else {
        format!("/{name}")
    }
}
