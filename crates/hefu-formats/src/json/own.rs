//! Our own JSON form, for licences and for invoices that have no other.
//!
//! ```json
//! {
//!   "hefu": "licence",
//!   "legal_issuer": "11100000MB0123456X",
//!   "number": "JY11105260012345",
//!   "class": "", "series": "", "period": "",
//!   "facts": { "holder": "北京示例餐饮有限公司", "valid-until": "2031-05-31" }
//! }
//! ```
//!
//! `hefu` is `licence` or `invoice`. The parts of the legal number are strings; those that the
//! number does not have are left out. Names of facts are lower case letters, digits and hyphens;
//! values are strings, their white space collapsed. `number` and `legal_issuer` are facts as well,
//! the latter as `seller-id` of an invoice and `issuer-id` of a licence, so that `facts` repeats
//! neither. A key given twice and a key that is not of this form are refused: what nobody reads
//! must not look as if it were registered.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::Deserialize;

use crate::fact::Fact;
use crate::limits::{JSON_BYTES_MAX, JSON_FACTS_MAX, VALUE_BYTES_MAX};
use crate::values::collapsed;
use crate::{Format, Identity, Profile, ReadError, Reading, Stated};

/// `None` for JSON that is not of our form. That it claims to be is the key `hefu` at its top.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Reading>, ReadError> {
    const MARK: &[u8] = b"\"hefu\"";
    if !bytes.windows(MARK.len()).any(|window| window == MARK) {
        return Ok(None);
    }
    if bytes.len() > JSON_BYTES_MAX {
        return Err(ReadError::JsonTooLarge);
    }
    let Claim(claimed) = serde_json::from_slice(bytes).map_err(refusal)?;
    if !claimed {
        return Ok(None);
    }
    let document: Document = serde_json::from_slice(bytes).map_err(refusal)?;
    document.reading().map(Some)
}

fn refusal(error: serde_json::Error) -> ReadError {
    ReadError::JsonMalformed {
        // It quotes keys of the file, which may be of any length.
        reason: error.to_string().escape_debug().take(200).collect(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    hefu: Kind,
    #[serde(default)]
    legal_issuer: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    series: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    facts: Facts,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Licence,
    Invoice,
}

impl Document {
    fn reading(self) -> Result<Reading, ReadError> {
        let issuer_name = match self.hefu {
            Kind::Licence => "issuer-id",
            Kind::Invoice => "seller-id",
        };
        let part = |name: &str, text: String| {
            if text.len() > VALUE_BYTES_MAX {
                return Err(ReadError::ValueTooLong {
                    name: name.to_owned(),
                });
            }
            Ok(text.trim().to_owned())
        };
        let identity = Identity {
            legal_issuer: part("legal_issuer", self.legal_issuer)?,
            class: part("class", self.class)?,
            series: part("series", self.series)?,
            number: part("number", self.number)?,
            period: part("period", self.period)?,
        };

        let mut facts = Vec::new();
        for (name, place, value) in [
            ("number", "/number", &identity.number),
            (issuer_name, "/legal_issuer", &identity.legal_issuer),
        ] {
            if self.facts.0.contains_key(name) {
                return Err(ReadError::JsonMalformed {
                    reason: format!("\"{name}\" under \"facts\" repeats {place}"),
                });
            }
            facts.extend(Fact::new(name, value.clone(), value, place.to_owned())?);
        }
        for (name, value) in self.facts.0 {
            facts.extend(Fact::new(
                &name,
                collapsed(&value),
                &value,
                format!("/facts/{name}"),
            )?);
        }
        facts.sort_by(|a, b| a.name.cmp(&b.name));

        let missing: Vec<&'static str> = [
            (&identity.number, "number"),
            (&identity.legal_issuer, "legal issuer"),
        ]
        .into_iter()
        .filter_map(|(value, words)| value.is_empty().then_some(words))
        .collect();
        let kind = match self.hefu {
            Kind::Licence => crate::Kind::Licence,
            Kind::Invoice => crate::Kind::Invoice,
        };
        let document = Stated {
            part: String::new(),
            kind: Some(kind),
            profile: Profile::Generic,
            identity: missing.is_empty().then_some(identity),
            missing,
            facts,
            doubts: Vec::new(),
        };
        Ok(Reading::one(Format::Json, document))
    }
}

/// Facts as they stand, each name once and well formed.
#[derive(Default)]
struct Facts(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Facts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("facts: names with strings")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Facts, M::Error> {
                let mut facts = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if !is_fact_name(&name) {
                        return Err(M::Error::custom(
                            "the name of a fact has 1 to 64 lower case letters, digits and hyphens",
                        ));
                    }
                    if facts.insert(name, value).is_some() {
                        return Err(M::Error::custom("a fact is given twice"));
                    }
                    if facts.len() > JSON_FACTS_MAX {
                        return Err(M::Error::custom(format!(
                            "more than {JSON_FACTS_MAX} facts"
                        )));
                    }
                }
                Ok(Facts(facts))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

fn is_fact_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether the key `hefu` stands at the top, with everything else skipped unbuilt.
struct Claim(bool);

impl<'de> Deserialize<'de> for Claim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Claim;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Claim, M::Error> {
                let mut claimed = false;
                while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    claimed |= key == "hefu";
                }
                Ok(Claim(claimed))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_str(json: &str) -> Result<Option<Reading>, ReadError> {
        read(json.as_bytes())
    }

    #[test]
    fn a_licence_is_read() {
        let json = r#"{"hefu": "licence", "legal_issuer": " 11100000MB0123456X ", "number": "JY1 23",
            "class": "food", "facts": {"valid-until": "2031-05-31", "holder": " 北京  示例\n有限公司 ", "note": " "}}"#;
        let reading = read_str(json).unwrap().unwrap().documents.remove(0);
        let identity = reading.identity.unwrap();
        assert_eq!(identity.legal_issuer, "11100000MB0123456X");
        assert_eq!(
            (identity.class.as_str(), identity.number.as_str()),
            ("food", "JY1 23")
        );
        assert_eq!(
            (identity.series.as_str(), identity.period.as_str()),
            ("", "")
        );
        let facts: Vec<_> = reading
            .facts
            .iter()
            .map(|f| (f.name.as_str(), f.value.as_str(), f.place.as_str()))
            .collect();
        assert_eq!(
            facts,
            [
                ("holder", "北京 示例 有限公司", "/facts/holder"),
                ("issuer-id", "11100000MB0123456X", "/legal_issuer"),
                ("number", "JY1 23", "/number"),
                ("valid-until", "2031-05-31", "/facts/valid-until"),
            ]
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        let reading = read_str(r#"{"hefu":"invoice","number":"  "}"#)
            .unwrap()
            .unwrap()
            .documents
            .remove(0);
        assert_eq!(reading.identity, None);
        assert_eq!(reading.missing, ["number", "legal issuer"]);
    }

    #[test]
    fn other_json_is_not_ours() {
        for json in [
            r#"{"a":1}"#,
            r#"{"a":{"hefu":"licence"}}"#,
            r#"{"a":["hefu"]}"#,
            "{",
        ] {
            assert_eq!(read_str(json), Ok(None), "{json}");
        }
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        for json in [
            r#"{"hefu":"licence""#,
            r#"{"hefu":"passport"}"#,
            r#"{"hefu":"licence","hefu":"invoice"}"#,
            r#"{"hefu":"licence","number":"1","number":"2"}"#,
            r#"{"hefu":"licence","number":1}"#,
            r#"{"hefu":"licence","nunber":"1"}"#,
            r#"{"hefu":"licence","facts":{"a":"1","a":"2"}}"#,
            r#"{"hefu":"licence","facts":{"a":{"b":"2"}}}"#,
            r#"{"hefu":"licence","facts":{"A":"1"}}"#,
            r#"{"hefu":"licence","facts":{"":"1"}}"#,
            r#"{"hefu":"licence","facts":{"number":"1"}}"#,
            r#"{"hefu":"licence"} {}"#,
        ] {
            let refused = read_str(json).unwrap_err();
            assert_eq!(refused.kind(), "json-malformed", "{json}");
        }
        let many: String = (0..=JSON_FACTS_MAX)
            .map(|n| format!(r#""a{n}":"","#))
            .collect();
        let json = format!(r#"{{"hefu":"licence","facts":{{{many}"z":""}}}}"#);
        assert_eq!(read_str(&json).unwrap_err().kind(), "json-malformed");
        let long = "9".repeat(VALUE_BYTES_MAX + 1);
        for json in [
            format!(r#"{{"hefu":"licence","number":"{long}"}}"#),
            format!(r#"{{"hefu":"licence","facts":{{"a":"{long}"}}}}"#),
        ] {
            assert_eq!(read_str(&json).unwrap_err().kind(), "value-too-long");
        }
        let large = format!(r#"{{"hefu":"licence"{}}}"#, " ".repeat(JSON_BYTES_MAX));
        assert_eq!(read_str(&large), Err(ReadError::JsonTooLarge));
        let deep = format!(r#"{{"hefu":{}"#, "[".repeat(500_000));
        assert_eq!(read_str(&deep).unwrap_err().kind(), "json-malformed");
    }
}
