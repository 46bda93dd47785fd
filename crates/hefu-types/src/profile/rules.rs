//! What each profile asks of a number beyond characters and lengths.
//!
//! [`shape`] brings what a person wrote into the one form; [`check`] refuses every other form. So
//! `check` after `shape` never fails for a reason that `shape` could have mended, and what passes
//! `check` is a fixed point of `shape`.

use super::check_digits::{crc_8, mod_11, mod_37_36};
use super::{Identity, Profile, ProfileError, RAILWAY};

/// The arc of Chinese electronic licences (GB/T 36904).
const ELICENCE_ARC: &str = "1.2.156.3005.2.";

/// The first financial year of India whose numbers are the same in upper and lower case (GSTN
/// advisory of 2025, in force from 1 June 2025). The year began in April: two numbers of April and
/// May 2025 that differ in case only count as one.
const IRN_CASELESS_FROM: &str = "2025-26";

/// Brings an identity, whose fields are plain and trimmed, into the profile's own form.
pub(super) fn shape(profile: Profile, identity: &mut Identity) -> Result<(), ProfileError> {
    match profile {
        Profile::InIrn => {
            identity.class.make_ascii_uppercase();
            if identity.period.as_str() >= IRN_CASELESS_FROM {
                identity.number.make_ascii_uppercase();
            }
        }
        Profile::CnElicence => {
            identity.number.make_ascii_uppercase();
            if identity.legal_issuer.is_empty() {
                if let Some(parts) = licence_parts(&identity.number) {
                    identity.legal_issuer = parts.issuer.to_owned();
                }
            }
        }
        Profile::PlKsef => {
            identity.number.make_ascii_uppercase();
            if identity.legal_issuer.is_empty() {
                identity.legal_issuer = identity.number.chars().take(10).collect();
            }
        }
        Profile::CnRailTicket if identity.legal_issuer.is_empty() => {
            identity.legal_issuer = RAILWAY.to_owned();
        }
        Profile::MxCfdi => identity.number.make_ascii_uppercase(),
        Profile::BrNfe => shape_nfe(identity)?,
        _ => {}
    }
    Ok(())
}

/// An access key says all parts of the number; what is written beside it must not contradict it.
fn shape_nfe(identity: &mut Identity) -> Result<(), ProfileError> {
    if identity.legal_issuer.len() == 11 && digits(&identity.legal_issuer) {
        // A person's CPF stands in the key with zeros before it.
        identity.legal_issuer.insert_str(0, "000");
    }
    if identity.number.len() != 44 {
        for part in [&mut identity.series, &mut identity.number] {
            *part = without_zeros(part);
        }
        return Ok(());
    }
    let key = identity.number.to_ascii_uppercase();
    let rule =
        "an access key of 44 digits with the right check digit (modulo 11), or the number in it";
    if !upper_or_digit(&key) || mod_11(&key.as_bytes()[..43]) != key.as_bytes()[43] {
        return bad("number", rule);
    }
    for (field, given, stands) in [
        (
            "legal_issuer",
            &mut identity.legal_issuer,
            key[6..20].to_owned(),
        ),
        ("class", &mut identity.class, key[20..22].to_owned()),
        ("series", &mut identity.series, without_zeros(&key[22..25])),
    ] {
        if field == "series" {
            *given = without_zeros(given);
        }
        if !given.is_empty() && *given != stands {
            return bad(field, "the same as in the access key");
        }
        *given = stands;
    }
    identity.number = without_zeros(&key[25..34]);
    Ok(())
}

/// What the profile asks of fields that are normalised. `legal_issuer` and `number` are not empty.
pub(super) fn check(profile: Profile, number: &Identity) -> Result<(), ProfileError> {
    let Identity {
        legal_issuer,
        class,
        series,
        number: no,
        period,
    } = number;
    match profile {
        Profile::Generic => return Ok(()),
        Profile::En16931 => {
            require(
                matches!(class.as_str(), "invoice" | "credit-note"),
                "class",
                "invoice or credit-note",
            )?;
        }
        Profile::CnDigitalInvoice | Profile::CnRailTicket => {
            require(no.len() == 20 && digits(no), "number", "20 digits")?;
            let by_rail = profile == Profile::CnRailTicket;
            require(
                !by_rail || legal_issuer == RAILWAY,
                "legal_issuer",
                "empty or 中国国家铁路集团有限公司",
            )?;
        }
        Profile::CnVatEinvoice => {
            let code = matches!(series.len(), 10 | 12) && digits(series);
            require(code, "series", "the invoice code of 10 or 12 digits")?;
            require(no.len() == 8 && digits(no), "number", "8 digits")?;
        }
        Profile::CnFiscalEbill => {
            let code = series.len() == 8 && digits(series);
            require(code, "series", "the bill code of 8 digits")?;
            require(no.len() == 10 && digits(no), "number", "10 digits")?;
        }
        Profile::CnElicence => {
            let form = "1.2.156.3005.2.type(21).issuer.serial.version(3).check(1), digits and capital letters";
            let Some(parts) = licence_parts(no) else {
                return bad("number", form);
            };
            require(
                mod_37_36(parts.checked) == Some(parts.check),
                "number",
                "an identifier with the right check character (ISO 7064 MOD 37,36)",
            )?;
            require(
                parts.issuer == legal_issuer,
                "legal_issuer",
                "the issuing body that the identifier names",
            )?;
        }
        Profile::InIrn => {
            let gstin = legal_issuer.as_bytes();
            let shaped = gstin.len() == 15
                && gstin[..2].iter().all(u8::is_ascii_digit)
                && upper_or_digit(legal_issuer);
            require(
                shaped,
                "legal_issuer",
                "a GSTIN of 15 characters that begins with the state",
            )?;
            require(
                matches!(class.as_str(), "INV" | "CRN" | "DBN"),
                "class",
                "INV, CRN or DBN",
            )?;
            let shaped = no.len() <= 16
                && no
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"/-".contains(&b))
                && !no.starts_with(['0', '/', '-']);
            require(
                shaped,
                "number",
                "1 to 16 letters, digits, / or -, the first neither 0 nor a sign",
            )?;
            require(
                is_financial_year(period),
                "period",
                "a financial year such as 2025-26",
            )?;
            let caseless = period.as_str() >= IRN_CASELESS_FROM;
            require(
                !caseless || !no.bytes().any(|b| b.is_ascii_lowercase()),
                "number",
                "in capital letters from 2025-26 on",
            )?;
            return empty("series", series);
        }
        Profile::ItSdi => {
            require(
                matches!(class.as_str(), "invoice" | "credit-note"),
                "class",
                "invoice or credit-note",
            )?;
            let shaped = no.len() <= 20 && no.bytes().any(|b| b.is_ascii_digit());
            require(
                shaped,
                "number",
                "at most 20 characters with a digit among them",
            )?;
            require(
                period.len() == 4 && digits(period),
                "period",
                "the year of the invoice's date",
            )?;
            return empty("series", series);
        }
        Profile::PlKsef => {
            let form = "NIP(10)-YYYYMMDD-12 hexadecimal digits-CRC-8, 35 characters";
            require(is_ksef_form(no), "number", form)?;
            let crc = format!("{:02X}", crc_8(&no.as_bytes()[..32]));
            require(
                crc == no[33..],
                "number",
                "a KSeF number with the right CRC-8",
            )?;
            require(
                no[..10] == **legal_issuer,
                "legal_issuer",
                "the NIP with which the KSeF number begins",
            )?;
        }
        Profile::BrNfe => {
            let shaped = legal_issuer.len() == 14 && upper_or_digit(legal_issuer);
            require(
                shaped,
                "legal_issuer",
                "a CNPJ of 14 characters or a CPF of 11 digits",
            )?;
            require(
                class.len() == 2 && digits(class),
                "class",
                "the model, such as 55",
            )?;
            let natural = |text: &str, len: usize| {
                text.len() <= len && digits(text) && (text == "0" || !text.starts_with('0'))
            };
            require(natural(series, 3), "series", "a number of at most 3 digits")?;
            require(
                natural(no, 9) && no != "0",
                "number",
                "a number of at most 9 digits, or the access key of 44",
            )?;
            return empty("period", period);
        }
        Profile::MxCfdi => {
            let shaped = matches!(legal_issuer.chars().count(), 12 | 13)
                && (legal_issuer.chars()).all(|c| {
                    c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, 'Ñ' | '&')
                });
            require(shaped, "legal_issuer", "an RFC of 12 or 13 characters")?;
            require(
                is_uuid(no),
                "number",
                "the UUID of the stamp, in capital letters",
            )?;
        }
    }
    let has_class = matches!(profile, Profile::En16931);
    let has_series = matches!(profile, Profile::CnVatEinvoice | Profile::CnFiscalEbill);
    if !has_class {
        empty("class", class)?;
    }
    if !has_series {
        empty("series", series)?;
    }
    empty("period", period)
}

/// The parts of the identifier of a licence.
struct LicenceParts<'a> {
    issuer: &'a str,
    /// What the check character is over: type, issuer, serial and version without their dots.
    checked: Vec<u8>,
    check: u8,
}

fn licence_parts(identifier: &str) -> Option<LicenceParts<'_>> {
    let rest = identifier.strip_prefix(ELICENCE_ARC)?;
    let parts: Vec<&str> = rest.split('.').collect();
    let [kind, issuer, serial, version, check] = parts[..] else {
        return None;
    };
    let shaped = kind.len() == 21
        && !issuer.is_empty()
        && !serial.is_empty()
        && version.len() == 3
        && digits(version)
        && check.len() == 1
        && parts.iter().all(|part| upper_or_digit(part));
    shaped.then(|| LicenceParts {
        issuer,
        checked: [kind, issuer, serial, version].concat().into_bytes(),
        check: check.as_bytes()[0],
    })
}

/// `2025-26`: a year and the last two digits of the next.
fn is_financial_year(period: &str) -> bool {
    let Some((first, second)) = period.split_once('-') else {
        return false;
    };
    let (Ok(year), true) = (first.parse::<u32>(), first.len() == 4 && digits(first)) else {
        return false;
    };
    second == format!("{:02}", (year + 1) % 100)
}

fn is_ksef_form(number: &str) -> bool {
    let bytes = number.as_bytes();
    bytes.len() == 35
        && (bytes.iter().enumerate()).all(|(at, byte)| match at {
            10 | 19 | 32 => *byte == b'-',
            0..=18 => byte.is_ascii_digit(),
            _ => byte.is_ascii_digit() || (b'A'..=b'F').contains(byte),
        })
}

/// RFC 9562, in capital letters.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte),
        })
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty()
}

fn upper_or_digit(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// Leading zeros of a number that is one, not a name.
fn without_zeros(text: &str) -> String {
    match text.trim_start_matches('0') {
        "" if !text.is_empty() => "0".to_owned(),
        rest if digits(text) => rest.to_owned(),
        _ => text.to_owned(),
    }
}

fn require(holds: bool, field: &'static str, rule: &'static str) -> Result<(), ProfileError> {
    if holds {
        Ok(())
    } else {
        bad(field, rule)
    }
}

fn bad<T>(field: &'static str, rule: &'static str) -> Result<T, ProfileError> {
    Err(ProfileError::BadForm { field, rule })
}

fn empty(name: &'static str, text: &str) -> Result<(), ProfileError> {
    if text.is_empty() {
        Ok(())
    } else {
        Err(ProfileError::NotOfProfile(name))
    }
}
