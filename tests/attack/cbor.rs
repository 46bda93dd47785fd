//! CBOR as an attacker sees it: a tree in which every node can be put anywhere else and written in ways that
//! nobody should read (RFC 8949). It knows nothing of our formats.

/// How deep a proof is taken apart.
const DEPTH_MAX: usize = 64;

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Major type 0 or 1: negative numbers are kept as they are written, -1 - n.
    Number {
        /// Whether it is of major type 1.
        negative: bool,
        /// The argument.
        value: u64,
    },
    /// Major type 2.
    Bytes(Vec<u8>),
    /// Major type 2 whose content is CBOR again: an operation, a leaf, the parts of a COSE_Sign1.
    Wrapped(Box<Node>),
    /// Major type 3.
    Text(String),
    /// Major type 4.
    Array(Vec<Node>),
    /// Major type 5, in the order in which it is written.
    Map(Vec<(Node, Node)>),
    /// Major type 6.
    Tag(u64, Box<Node>),
    /// Bytes as they are: simple values, and whatever is not the one encoding.
    Raw(Vec<u8>),
}

impl Node {
    /// What a byte string holds, also where that happens to be CBOR: one hash in some millions is.
    pub fn byte_string(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Wrapped(inner) => Some(inner.encode()),
            _ => None,
        }
    }

    /// Takes canonical bytes apart. `None`: they are not one whole item.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let node = parse(&mut rest, 0)?;
        rest.is_empty().then_some(node)
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4096);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number { negative, value } => head(u8::from(*negative), *value, out),
            Self::Bytes(bytes) => {
                head(2, bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Self::Wrapped(inner) => {
                let bytes = inner.encode();
                head(2, bytes.len() as u64, out);
                out.extend_from_slice(&bytes);
            }
            Self::Text(text) => {
                head(3, text.len() as u64, out);
                out.extend_from_slice(text.as_bytes());
            }
            Self::Array(items) => {
                head(4, items.len() as u64, out);
                items.iter().for_each(|item| item.write(out));
            }
            Self::Map(entries) => {
                head(5, entries.len() as u64, out);
                for (key, value) in entries {
                    key.write(out);
                    value.write(out);
                }
            }
            Self::Tag(tag, inner) => {
                head(6, *tag, out);
                inner.write(out);
            }
            Self::Raw(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// The nodes right below; of a map its values.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Array(items) => items.iter().collect(),
            Self::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
            Self::Tag(_, inner) | Self::Wrapped(inner) => vec![inner],
            _ => Vec::new(),
        }
    }

    fn child_mut(&mut self, at: usize) -> Option<&mut Self> {
        match self {
            Self::Array(items) => items.get_mut(at),
            Self::Map(entries) => entries.get_mut(at).map(|(_, value)| value),
            Self::Tag(_, inner) | Self::Wrapped(inner) if at == 0 => Some(inner),
            _ => None,
        }
    }

    /// The node at a path.
    pub fn at(&self, path: &[usize]) -> Option<&Self> {
        path.iter().try_fold(self, |node, step| match node {
            Self::Array(items) => items.get(*step),
            Self::Map(entries) => entries.get(*step).map(|(_, value)| value),
            Self::Tag(_, inner) | Self::Wrapped(inner) if *step == 0 => Some(inner.as_ref()),
            _ => None,
        })
    }

    /// The same, to be changed.
    pub fn at_mut(&mut self, path: &[usize]) -> Option<&mut Self> {
        path.iter()
            .try_fold(self, |node, step| node.child_mut(*step))
    }

    /// The paths of all nodes, the root's first.
    pub fn paths(&self) -> Vec<Vec<usize>> {
        let mut paths = vec![Vec::new()];
        let mut at = 0;
        while at < paths.len() {
            let path = paths[at].clone();
            let children = self.at(&path).map_or(0, |node| node.children().len());
            paths.extend((0..children).map(|step| [&path[..], &[step]].concat()));
            at += 1;
        }
        paths
    }

    /// What two nodes share that can stand in each other's place without a decoder seeing it: the type, and of
    /// bytes the length, of maps the keys.
    pub fn shape(&self) -> (u8, usize) {
        match self {
            Self::Number { negative, .. } => (u8::from(*negative), 0),
            Self::Bytes(bytes) => (2, bytes.len()),
            Self::Wrapped(_) => (9, 0),
            Self::Text(_) => (3, 0),
            Self::Array(items) => (4, items.first().map_or(0, |first| first.shape().0.into())),
            Self::Map(entries) => (5, entries.len()),
            Self::Tag(tag, _) => (6, *tag as usize),
            Self::Raw(_) => (7, 0),
        }
    }

    /// A number of major type 0.
    pub fn number(value: u64) -> Self {
        Self::Number {
            negative: false,
            value,
        }
    }

    /// The null of CBOR.
    pub fn null() -> Self {
        Self::Raw(vec![0xf6])
    }
}

/// The shortest head of an item.
pub fn head(major: u8, value: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match value {
        0..=23 => out.push(major | value as u8),
        24..=0xff => out.extend([major | 24, value as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend((value as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend((value as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(value.to_be_bytes());
        }
    }
}

/// A head that is longer than it need be (RFC 8949, section 4.2.1, forbids it).
pub fn long_head(major: u8, value: u64) -> Vec<u8> {
    let mut shortest = Vec::new();
    head(major, value, &mut shortest);
    let bytes = value.to_be_bytes();
    let (info, length) = match shortest.len() {
        1 => (24, 1),
        2 => (25, 2),
        3 => (26, 4),
        _ => (27, 8),
    };
    let mut long = vec![major << 5 | info];
    long.extend_from_slice(&bytes[8 - length..]);
    long
}

fn parse(rest: &mut &[u8], depth: usize) -> Option<Node> {
    if depth > DEPTH_MAX {
        return None;
    }
    let (first, behind) = rest.split_first()?;
    let begin = *rest;
    *rest = behind;
    let (major, info) = (first >> 5, first & 31);
    let value = match info {
        0..=23 => u64::from(info),
        24..=27 => {
            let length = 1_usize << (info - 24);
            let (bytes, behind) = rest.split_at_checked(length)?;
            *rest = behind;
            bytes
                .iter()
                .fold(0, |value, byte| value << 8 | u64::from(*byte))
        }
        _ => return None,
    };
    let length = usize::try_from(value).ok()?;
    Some(match major {
        0 | 1 => Node::Number {
            negative: major == 1,
            value,
        },
        2 | 3 => {
            let (bytes, behind) = rest.split_at_checked(length)?;
            *rest = behind;
            if major == 3 {
                Node::Text(String::from_utf8(bytes.to_vec()).ok()?)
            } else {
                match Node::parse(bytes) {
                    Some(inner @ (Node::Array(_) | Node::Map(_) | Node::Tag(..)))
                        if inner.encode() == bytes =>
                    {
                        Node::Wrapped(Box::new(inner))
                    }
                    _ => Node::Bytes(bytes.to_vec()),
                }
            }
        }
        4 => {
            let items = (0..length.min(rest.len() + 1)).map(|_| parse(rest, depth + 1));
            let items: Vec<Node> = items.collect::<Option<_>>()?;
            (items.len() == length).then_some(Node::Array(items))?
        }
        5 => {
            let entries = (0..length.min(rest.len() + 1))
                .map(|_| Some((parse(rest, depth + 1)?, parse(rest, depth + 1)?)));
            let entries: Vec<_> = entries.collect::<Option<_>>()?;
            (entries.len() == length).then_some(Node::Map(entries))?
        }
        6 => Node::Tag(value, Box::new(parse(rest, depth + 1)?)),
        _ => Node::Raw(begin[..begin.len() - rest.len()].to_vec()),
    })
}
