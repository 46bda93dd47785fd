//! A JSON tree that keeps what the file says: numbers as they are written, never as floats, and each
//! key once. A key that stands twice is refused: readers differ in which one they take.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::Deserializer;
use serde_json::value::RawValue;

use crate::fact::Found;
use crate::limits::{JSON_BYTES_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX};
use crate::ReadError;

/// A value of a JSON file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    String(String),
    Array(Vec<Json>),
    /// In the order of the file, each key once.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// `None` for bytes that are no JSON; an error for JSON that is beyond the limits.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, ReadError> {
        if bytes.len() > JSON_BYTES_MAX {
            return Err(ReadError::JsonTooLarge);
        }
        let Ok(raw) = serde_json::from_slice::<&RawValue>(bytes) else {
            return Ok(None);
        };
        let mut left = JSON_VALUES_MAX;
        match tree(raw.get(), JSON_DEPTH_MAX, &mut left) {
            Ok(tree) => Ok(Some(tree)),
            Err(error) => Err(ReadError::JsonMalformed {
                reason: error.to_string().escape_debug().take(200).collect(),
            }),
        }
    }

    /// The value of a key; `None` where there is none, or this is no object.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// What a JSON pointer (RFC 6901) leads to.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |value, step| match value {
                Self::Object(_) => value.get(&step.replace("~1", "/").replace("~0", "~")),
                Self::Array(items) => items.get(step.parse::<usize>().ok()?),
                _ => None,
            })
    }

    /// A string, or a number as it is written.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The items of an array; none of anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The text that a pointer leads to, with the pointer as its place.
    pub(crate) fn found(&self, pointer: &str) -> Option<Found> {
        let text = self.at(pointer)?.text()?;
        Some(Found::new(text, pointer))
    }
}

fn tree(text: &str, depth_left: usize, left: &mut usize) -> Result<Json, serde_json::Error> {
    *left = left
        .checked_sub(1)
        .ok_or_else(|| serde_json::Error::custom(format!("more than {JSON_VALUES_MAX} values")))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match text.as_bytes().first() {
        Some(b'{' | b'[') if depth_left == 0 => Err(serde_json::Error::custom(format!(
            "more than {JSON_DEPTH_MAX} levels"
        ))),
        Some(b'{') => deserializer.deserialize_map(Inner { depth_left, left }),
        Some(b'[') => deserializer.deserialize_seq(Inner { depth_left, left }),
        Some(b'"') => serde_json::from_str(text).map(Json::String),
        Some(b't') => Ok(Json::Bool(true)),
        Some(b'f') => Ok(Json::Bool(false)),
        Some(b'n') => Ok(Json::Null),
        _ => Ok(Json::Number(text.to_owned())),
    }
}

/// The insides of an object or an array.
struct Inner<'l> {
    depth_left: usize,
    left: &'l mut usize,
}

/// A value as it stands in the file, borrowed.
struct Raw;

impl<'de> DeserializeSeed<'de> for Raw {
    type Value = &'de RawValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        serde::Deserialize::deserialize(deserializer)
    }
}

impl<'de> Visitor<'de> for Inner<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Json, M::Error> {
        let mut entries: Vec<(String, Json)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let raw = map.next_value_seed(Raw)?;
            let value =
                tree(raw.get(), self.depth_left - 1, self.left).map_err(M::Error::custom)?;
            entries.push((key, value));
        }
        let mut keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(M::Error::custom(format!(
                "the key {:?} stands twice",
                pair[0]
            )));
        }
        Ok(Json::Object(entries))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Json, S::Error> {
        let mut items = Vec::new();
        while let Some(raw) = seq.next_element_seed(Raw)? {
            items.push(tree(raw.get(), self.depth_left - 1, self.left).map_err(S::Error::custom)?);
        }
        Ok(Json::Array(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_keeps_what_the_file_says() {
        let tree = Json::parse(br#"{"a": [1.10, "x", {"b/c": null}], "d": true, "e": -1e3}"#);
        let tree = tree.unwrap().unwrap();
        assert_eq!(tree.at("/a/0").and_then(Json::text), Some("1.10"));
        assert_eq!(tree.at("/a/2/b~1c"), Some(&Json::Null));
        assert_eq!(tree.at("/e").and_then(Json::text), Some("-1e3"));
        assert_eq!(
            (tree.at("/a/3"), tree.at("/f"), tree.at("a")),
            (None, None, None)
        );
        assert_eq!(tree.found("/a/1"), Some(Found::new("x", "/a/1")));
    }

    #[test]
    fn what_could_be_read_in_two_ways_or_without_end_is_refused() {
        for not_json in [&b"{"[..], b"", b"{\"a\":1} x", b"\xff", b"nul"] {
            assert_eq!(Json::parse(not_json), Ok(None));
        }
        for twice in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"a":2}}]"#] {
            assert_eq!(
                Json::parse(twice.as_bytes()).unwrap_err().kind(),
                "json-malformed"
            );
        }
        let deep = format!(
            "{}{}",
            "[".repeat(JSON_DEPTH_MAX),
            "]".repeat(JSON_DEPTH_MAX)
        );
        assert!(Json::parse(deep.as_bytes()).unwrap().is_some());
        assert_eq!(
            Json::parse(format!("[{deep}]").as_bytes())
                .unwrap_err()
                .kind(),
            "json-malformed"
        );
        let many = format!("[{}1]", "1,".repeat(JSON_VALUES_MAX));
        assert_eq!(
            Json::parse(many.as_bytes()).unwrap_err().kind(),
            "json-malformed"
        );
    }
}
