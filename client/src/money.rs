//! Amounts of money as people type and read them.

use crate::failure::Failure;
use crate::say::shown;

/// An amount that was typed, as a whole number of the currency's minor units: `300.00` CNY is 30000.
/// Nothing is rounded.
pub fn minor_units(text: &str, currency: &str) -> Result<u64, Failure> {
    if hefu_formats::minor_units("1", currency).is_none() {
        return Err(Failure::asked(
            format!("{currency:?} is no currency of ISO 4217 whose minor unit is known: give --minor-units"),
            format!("{currency:?} 不是已知最小单位的 ISO 4217 货币：请用 --minor-units 给出"),
        ));
    }
    let units = hefu_formats::minor_units(text, currency).and_then(|units| units.parse().ok());
    units.ok_or_else(|| {
        Failure::asked(
            format!("{text:?} is no amount of {currency}: write it as 300.00, with no more places than the currency has"),
            format!("{text:?} 不是 {currency} 金额：请写作 300.00，小数位数不得超过该货币的规定"),
        )
    })
}

/// Refuses a currency that was typed for an invoice of another: the same digits are another amount.
pub fn check_currency(typed: &str, own: &str) -> Result<(), Failure> {
    if typed == own {
        return Ok(());
    }
    let (typed, own) = (shown(typed), shown(own));
    Err(Failure::asked(
        format!("the invoice is in {own}, not in {typed}: leave --currency out, or give the amount in {own}"),
        format!("发票币种为 {own}，而非 {typed}：请省略 --currency，或以 {own} 给出金额"),
    ))
}

/// Minor units as people read them, with the currency: `300.00 CNY`.
pub fn shown_amount(minor_units: u64, currency: &str) -> String {
    match hefu_formats::decimal(&minor_units.to_string(), currency) {
        Some(amount) => format!("{amount} {currency}"),
        None => format!("{minor_units} minor units of {currency}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_places_of_its_currency() {
        for (text, currency, units, shown) in [
            ("300.00", "CNY", 30_000, "300.00 CNY"),
            ("300", "CNY", 30_000, "300.00 CNY"),
            ("0.05", "CNY", 5, "0.05 CNY"),
            ("300", "JPY", 300, "300 JPY"),
            ("1.234", "KWD", 1_234, "1.234 KWD"),
        ] {
            assert_eq!(minor_units(text, currency).ok(), Some(units), "{text}");
            assert_eq!(shown_amount(units, currency), shown);
        }
        for (text, currency) in [
            ("0.001", "CNY"),
            ("0.5", "JPY"),
            ("-1", "CNY"),
            ("1,000", "CNY"),
            ("", "CNY"),
            ("300", "XXX"),
            ("99999999999999999999", "CNY"),
        ] {
            assert!(minor_units(text, currency).is_err(), "{text} {currency}");
        }
    }
}
