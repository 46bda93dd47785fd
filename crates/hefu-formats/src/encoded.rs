//! Bytes that are written as text, and moments.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};

use crate::values::iso_date;

/// The bytes of hexadecimal digits in either case; `None` for anything else.
pub(crate) fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.chunks_exact(2);
    if text.is_empty() || !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok())
        .collect()
}

/// The bytes of base64 in either alphabet of RFC 4648, with padding or without; white space within is
/// no matter. Bits that are left over must be zero, so that no two texts mean the same bytes. `None`
/// also for no bytes at all.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let plain: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let any_padding =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, any_padding)
        .decode(plain)
        .ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

/// The day of an `xsd:dateTime` (XML Schema 1.1 part 2, 3.3.7) as it is written, in its own zone.
pub(crate) fn day_of_moment(text: &str) -> Option<String> {
    let (day, time) = (text.get(..10)?, text.get(10..)?);
    let time = time.strip_prefix(['T', 't'])?.as_bytes();
    let number = |at: usize| -> Option<u8> {
        let pair = time.get(at..at + 2)?;
        let is_number = pair.iter().all(u8::is_ascii_digit);
        is_number.then(|| (pair[0] - b'0') * 10 + pair[1] - b'0')
    };
    let is_time = time.get(2) == Some(&b':')
        && time.get(5) == Some(&b':')
        && number(0)? < 24
        && number(3)? < 60
        && number(6)? <= 60;
    let rest = time.get(8..)?;
    let fraction = rest.strip_prefix(b".").unwrap_or_default();
    let digits = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
    let zone = match rest.first() {
        Some(b'.') if digits == 0 => return None,
        Some(b'.') => &fraction[digits..],
        _ => rest,
    };
    let is_zone = matches!(zone, [] | [b'Z' | b'z'])
        || matches!(zone, [b'+' | b'-', h1, h2, b':', m1, m2]
            if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()));
    (is_time && is_zone).then(|| iso_date(day)).flatten()
}

/// The day of a day or of a moment.
pub(crate) fn day(text: &str) -> Option<String> {
    iso_date(text).or_else(|| day_of_moment(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_bytes_in_one_way() {
        assert_eq!(hex(b"00fFa1"), Some(vec![0, 255, 0xa1]));
        for bad in [&b""[..], b"0", b"0g", b"00 11"] {
            assert_eq!(hex(bad), None);
        }
        for text in [&b"-_8="[..], b"+/8=", b"-_8", b"-\n_8\r\n", b" -_ 8="] {
            assert_eq!(base64(text), Some(vec![0xfb, 0xff]));
        }
        assert_eq!(base64(b"aGVmdQ=="), Some(b"hefu".to_vec()));
        for bad in [&b""[..], b"a", b"-_9", b"aGVmd", b"====", b"a=Vm", b"a*Vm"] {
            assert_eq!(base64(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_moment_has_the_day_that_it_writes() {
        for good in [
            "2024-02-29T23:59:60Z",
            "2024-02-29T00:00:00",
            "2024-02-29T00:00:00.490752+00:00",
            "2024-02-29t00:00:00z",
        ] {
            assert_eq!(day_of_moment(good).as_deref(), Some("2024-02-29"), "{good}");
        }
        for bad in [
            "2024-02-29",
            "2023-02-29T00:00:00Z",
            "2024-02-29T24:00:00Z",
            "2024-02-29T00:00Z",
            "2024-02-29T00:00:00.Z",
            "2024-02-29T00:00:00+0000",
            "2024-02-29 00:00:00",
            "01/01/2010",
            "二〇二四年二月",
            "",
        ] {
            assert_eq!(day_of_moment(bad), None, "{bad}");
        }
    }
}
