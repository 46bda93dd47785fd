//! Values in the one form in which they are compared. What does not fit exactly is no value.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::code_lists::minor_unit_digits;

/// White space cut around the text and made one space within it.
pub(crate) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Full-width ASCII and the ideographic space as the plain characters, as Chinese software writes
/// one or the other.
pub(crate) fn plain(text: &str) -> String {
    let plain = |c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        _ => c,
    };
    text.chars().map(plain).collect()
}

/// An `xsd:date`, `2024-02-29`. A time zone says where the day was counted, not another day.
pub(crate) fn iso_date(text: &str) -> Option<String> {
    let (date, zone) = (text.get(..10)?, text.get(10..)?);
    let zone = zone.as_bytes();
    let zoned = matches!(zone, [] | [b'Z'])
        || matches!(zone, [b'+' | b'-', h1, h2, b':', m1, m2]
            if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()));
    let parts: Vec<&str> = date.split('-').collect();
    match parts[..] {
        [year, month, day] if zoned => day_of(year, month, day),
        _ => None,
    }
}

/// A `CCYYMMDD` date, format 102 of UNTDID 2379.
pub(crate) fn compact_date(text: &str) -> Option<String> {
    match text.len() {
        8 => day_of(text.get(..4)?, text.get(4..6)?, text.get(6..)?),
        _ => None,
    }
}

/// The day of an `xsd:date` or `xsd:dateTime`, in the zone in which it is written.
pub(crate) fn day_of_moment(text: &str) -> Option<String> {
    match text.split_once('T') {
        Some((date, _)) if date.len() == 10 => iso_date(date),
        Some(_) => None,
        None => iso_date(text),
    }
}

fn day_of(year: &str, month: &str, day: &str) -> Option<String> {
    let number = |part: &str, len: usize| -> Option<u32> {
        let digits = part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    let year = i32::try_from(number(year, 4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(month, 2)?, number(day, 2)?)?;
    Some(date.format("%Y-%m-%d").to_string())
}

/// An `xsd:decimal` amount as a whole number of the currency's minor units: `50` and `50.00` EUR
/// are `5000`. Nothing is rounded: `0.001` EUR is no amount.
pub fn minor_units(text: &str, currency: &str) -> Option<String> {
    let digits = minor_unit_digits(currency)?;
    // The library reads more than xsd:decimal does (`1_000`), so the characters are checked here.
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let shaped = unsigned.bytes().any(|byte| byte.is_ascii_digit())
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !shaped {
        return None;
    }
    let amount = Decimal::from_str_exact(text.strip_prefix('+').unwrap_or(text)).ok()?;
    let units = amount.checked_mul(Decimal::from(10_u32.pow(digits)))?;
    let units = units.is_integer().then(|| units.trunc().normalize())?;
    Some(if units.is_zero() {
        "0".to_owned()
    } else {
        units.to_string()
    })
}

/// Minor units as a person reads them: `467500` EUR is `4675.00`. `None` where the currency has no
/// known minor unit or the text is no whole number.
pub fn decimal(units: &str, currency: &str) -> Option<String> {
    let digits = usize::try_from(minor_unit_digits(currency)?).ok()?;
    let (sign, bare) = match units.strip_prefix('-') {
        Some(bare) => ("-", bare),
        None => ("", units),
    };
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{bare:0>width$}", width = digits + 1);
    let (whole, fraction) = padded.split_at(padded.len() - digits);
    Some(match digits {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_iso_or_nothing() {
        let iso = |text| iso_date(text);
        assert_eq!(iso("2024-02-29").as_deref(), Some("2024-02-29"));
        assert_eq!(iso("2024-02-29Z").as_deref(), Some("2024-02-29"));
        assert_eq!(iso("2024-02-29+08:00").as_deref(), Some("2024-02-29"));
        for bad in [
            "2023-02-29",
            "2024-2-29",
            "20240229",
            "+024-02-29",
            "2024-02-29T",
            "",
            "日期日期",
        ] {
            assert_eq!(iso(bad), None, "{bad}");
        }
        assert_eq!(compact_date("20240229").as_deref(), Some("2024-02-29"));
        for bad in ["20230229", "2024022", "2024-2-2", "+0240229", "日期 "] {
            assert_eq!(compact_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_day_of_a_moment_is_that_of_its_zone() {
        let day = |text| day_of_moment(text);
        for moment in [
            "2018-08-08T23:21:27-03:00",
            "2018-08-08T00:00:00",
            "2018-08-08",
        ] {
            assert_eq!(day(moment).as_deref(), Some("2018-08-08"));
        }
        for bad in [
            "2018-08-08 10:00",
            "2018-08T",
            "T10:00",
            "2018-13-08T00:00:00",
        ] {
            assert_eq!(day(bad), None, "{bad}");
        }
    }

    #[test]
    fn minor_units_are_read_as_decimals() {
        for (units, currency, text) in [
            ("467500", "EUR", Some("4675.00")),
            ("5", "EUR", Some("0.05")),
            ("-5", "EUR", Some("-0.05")),
            ("0", "CNY", Some("0.00")),
            ("1000", "JPY", Some("1000")),
            ("1234", "KWD", Some("1.234")),
            ("1.0", "EUR", None),
            ("-", "EUR", None),
            ("1", "XXX", None),
        ] {
            assert_eq!(
                decimal(units, currency).as_deref(),
                text,
                "{units} {currency}"
            );
        }
    }

    #[test]
    fn amounts_are_whole_minor_units_or_nothing() {
        let check = |text: &str, currency: &str, units: Option<&str>| {
            assert_eq!(
                minor_units(text, currency).as_deref(),
                units,
                "{text} {currency}"
            );
        };
        check("4675.00", "EUR", Some("467500"));
        check("50", "EUR", Some("5000"));
        check("50.", "EUR", Some("5000"));
        check(".5", "EUR", Some("50"));
        check("+50.0000", "EUR", Some("5000"));
        check("-0.01", "EUR", Some("-1"));
        check("-0.00", "EUR", Some("0"));
        check("1000", "JPY", Some("1000"));
        check("1.5", "JPY", None);
        check("1.234", "KWD", Some("1234"));
        check("0.001", "EUR", None);
        check("792281625142643375935439503.36", "EUR", None);
        for bad in [
            "", ".", "-", "1,50", "1_0", "1e3", "1.2.3", "--1", "+-1", "٣", " 1",
        ] {
            check(bad, "EUR", None);
        }
        for unknown in ["XXX", "XAU", "eur", "EURO", ""] {
            check("1", unknown, None);
        }
    }
}
