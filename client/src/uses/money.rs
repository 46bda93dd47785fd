//! Shares of an invoice as people write and read them: money where the currency is known, else minor
//! units.

use crate::document::Document;
use crate::failure::Failure;
use crate::say::{shown, Lang};
use hefu_proof::receipt::Disclosed;
use hefu_types::operation::Share;
use hefu_types::record::Span;
use serde_json::{json, Value};

/// In what an invoice counts.
#[derive(Clone, Debug, Default)]
pub struct Money {
    /// ISO 4217, where the invoice says it.
    pub currency: Option<String>,
    /// The total in minor units, where the invoice says it.
    pub total: Option<u64>,
}

impl Money {
    /// As the file says it.
    pub fn of_document(document: &Document) -> Self {
        Self::of(|name| document.fact(name).map(str::to_owned))
    }

    /// As the facts that a receipt opens say it.
    pub fn of_facts(disclosed: &Disclosed) -> Self {
        Self::of(|name| {
            let fact = disclosed.open_facts().find(|fact| fact.name == name);
            fact.map(|fact| fact.value.clone())
        })
    }

    fn of(fact: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            currency: fact("currency"),
            total: fact("total").and_then(|total| total.parse().ok()),
        }
    }

    /// This, or what another source knows.
    pub fn or(self, other: Self) -> Self {
        Self {
            total: self.total.or(other.total),
            currency: self.currency.or(other.currency),
        }
    }

    /// Minor units of a decimal amount.
    pub fn units(&self, amount: &str) -> Result<u64, Failure> {
        let Some(currency) = &self.currency else {
            return Err(Failure::asked(
                "the currency of the invoice is not known here; give its receipt with --receipt, or the \
                 share in minor units with --units",
                "无法得知该发票的币种；请用 --receipt 给出其回执，或用 --units 以最小货币单位指定份额",
            ));
        };
        let units =
            hefu_formats::minor_units(amount, currency).and_then(|units| units.parse().ok());
        units.filter(|units| *units > 0).ok_or_else(|| {
            let (amount, currency) = (shown(amount), shown(currency));
            Failure::asked(
                format!("{amount:?} is no amount of {currency}: write it as its law does, such as 300.00"),
                format!("{amount:?} 不是有效的 {currency} 金额，请按该币种写法填写，例如 300.00"),
            )
        })
    }

    /// An amount without its currency, such as `300.00`.
    pub fn decimal(&self, units: u64) -> Option<String> {
        hefu_formats::decimal(&units.to_string(), self.currency.as_deref()?)
    }

    /// An amount as people read it.
    pub fn shown(&self, units: u64, lang: Lang) -> String {
        match (self.decimal(units), &self.currency) {
            (Some(decimal), Some(currency)) => format!("{decimal} {}", shown(currency)),
            _ => format!("{units} {}", lang.pick("minor units", "最小货币单位")),
        }
    }

    /// What a use has of the invoice.
    pub fn share(&self, share: Option<Span>, lang: Lang) -> String {
        let whole = lang.pick("all of it", "整份");
        let Some(span) = share else {
            return whole.to_owned();
        };
        let amount = self.shown(span.len(), lang);
        match self.total {
            Some(total) if span.len() == total => format!("{whole}, {amount}"),
            Some(total) => {
                let total = self.shown(total, lang);
                match lang {
                    Lang::En => format!("{amount} of {total}"),
                    Lang::Zh => format!("{total} 中的 {amount}"),
                }
            }
            None => amount,
        }
    }

    /// The same for programs.
    pub fn share_json(&self, share: Option<Span>) -> Value {
        match share {
            None => json!({"whole": true}),
            Some(span) => json!({
                "from": span.from,
                "to": span.to,
                "minor_units": span.len(),
                "amount": self.decimal(span.len()),
                "currency": self.currency,
            }),
        }
    }

    /// What is asked for, in the name of a receipt; nothing for all of it.
    pub fn name(&self, share: &Share) -> Option<String> {
        match share {
            Share::Whole => None,
            Share::Amount(units) => Some(self.decimal(*units).unwrap_or(units.to_string())),
            Share::Units(span) => Some(format!("{}-{}", span.from, span.to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(currency: &str, total: Option<u64>) -> Money {
        Money {
            currency: Some(currency.to_owned()),
            total,
        }
    }

    #[test]
    fn an_amount_is_read_in_its_currency() {
        #[track_caller]
        fn check(amount: &str, currency: &str, units: Option<u64>) {
            let found = money(currency, None).units(amount);
            assert_eq!(found.ok(), units, "{amount} {currency}");
        }
        check("300.00", "CNY", Some(30_000));
        check("300", "CNY", Some(30_000));
        check("300", "JPY", Some(300));
        check("1.234", "KWD", Some(1_234));
        check("300.5", "JPY", None);
        check("0.001", "CNY", None);
        check("0", "CNY", None);
        check("-1", "CNY", None);
        check("3,00", "EUR", None);
        check("300", "XXX", None);
        assert!(Money::default().units("300").is_err());
    }

    #[test]
    fn a_share_is_told_in_money_where_it_can_be() {
        let span = Some(Span {
            from: 0,
            to: 30_000,
        });
        let of = |money: Money| money.share(span, Lang::En);
        assert_eq!(of(money("CNY", Some(100_000))), "300.00 CNY of 1000.00 CNY");
        assert_eq!(of(money("CNY", Some(30_000))), "all of it, 300.00 CNY");
        assert_eq!(of(money("CNY", None)), "300.00 CNY");
        assert_eq!(of(Money::default()), "30000 minor units");
        assert_eq!(Money::default().share(None, Lang::Zh), "整份");
    }
}
