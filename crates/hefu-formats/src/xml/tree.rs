//! Walking an XML tree by paths of local names within the namespaces of one language.

use roxmltree::Node;

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
            tag.name() == name
                && tag
                    .namespace()
                    .is_some_and(|uri| self.namespaces.contains(&uri))
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
