//! The face of a Chinese document: what a person reads on its page.
//!
//! The forms are printed by law, so a label says what stands beside it: 发票号码 is followed by the
//! number, on the same base line, whether label and value are one piece of text or many. Nothing is
//! taken from a place that has no label. Which of two parties is meant, the words at the side of
//! their boxes tell (购买方, 销售方), else the form itself: the buyer stands left or above.
//!
//! Forms: 电子发票 (普通发票, 增值税专用发票, 铁路电子客票, 航空运输电子客票行程单), 增值税电子发票
//! before it, 财政电子票据, and electronic licences (GB/T 36903 for the words on them, GB/T 36904
//! for their identifier).
//!
//! The QR code of an invoice is a list, `01,kind,code,number,amount,day,check code,checksum`. Its
//! amount is *without* tax. It says the same things a second time: where it differs from the text,
//! the fact is none, and there is a doubt.

mod labels;
mod pieces;

use self::labels::{Label, Spot, Spots};
use self::pieces::{compact, Piece, Pieces};
use crate::chinese::{self, Voucher};
use crate::fact::{Fact, Facts, Found};
use crate::page::{Code, Run};
use crate::values::{collapsed, minor_units, plain};
use crate::{ReadError, Stated};

/// A document that repeats its number more often is read no further.
const NUMBERS_MAX: usize = 64;

/// `None` for a page that is not the face of a document which is read here.
pub(crate) fn read(runs: &[Run], codes: &[Code]) -> Result<Option<Stated>, ReadError> {
    let Some(pieces) = Pieces::of(runs) else {
        return Ok(None);
    };
    let Some(spots) = Spots::of(&pieces) else {
        return Ok(None);
    };
    let printed: Vec<InvoiceCode> = codes.iter().filter_map(InvoiceCode::of).collect();
    let Some(voucher) = voucher(&pieces, &spots, codes, &printed) else {
        return Ok(None);
    };
    let mut face = Face {
        voucher,
        pieces: &pieces,
        spots: &spots,
        facts: Facts::default(),
    };
    for spot in &spots.all {
        face.state(spot)?;
    }
    if is_taxed(voucher) {
        face.remarks()?;
    }
    if voucher == Voucher::RailTicket {
        face.departure()?;
    }
    if is_licence(voucher) {
        face.licence_numbers(codes)?;
    } else {
        for code in &printed {
            code.state(voucher, &mut face.facts)?;
        }
    }
    chinese::stated(voucher, face.facts).map(Some)
}

/// The numbers that these pages give a certificate of a title, by labels that call it so:
/// `施工许可证编号` on the annex of a `建筑工程施工许可证`. They are its number once more.
pub(crate) fn numbers(runs: &[Run], title: &str) -> Vec<Found> {
    let pieces = Pieces::of(runs);
    let with_spots = pieces.and_then(|pieces| Spots::of(&pieces).map(|spots| (pieces, spots)));
    with_spots.map_or(Vec::new(), |(pieces, spots)| {
        numbers_by_title(title, &pieces, &spots)
    })
}

fn numbers_by_title(title: &str, pieces: &Pieces<'_>, spots: &Spots) -> Vec<Found> {
    let label = |text: &str| {
        let head = text.split(':').next()?;
        let kind = compact(head);
        let kind = kind.strip_suffix("编号").or(kind.strip_suffix('号'))?;
        let names_it = kind.chars().count() >= 3 && title.ends_with(kind);
        names_it.then_some(head.len())
    };
    let found = (0..pieces.all.len()).filter_map(|index| {
        let spot = Spot::behind(pieces, index, label(&pieces.all[index].text)?);
        let found = match spot.inline.is_empty() {
            false => Some(Found::new(spot.inline.as_str(), pieces.all[index].place)),
            true => pieces.right_of(&spot, spots),
        };
        found.filter(|found| found.written.bytes().any(|byte| byte.is_ascii_digit()))
    });
    found.take(NUMBERS_MAX).collect()
}

/// What the page is: by the printed title, by labels that only one form has, and where it shows
/// nothing but a code, by that.
fn voucher(
    pieces: &Pieces<'_>,
    spots: &Spots,
    codes: &[Code],
    printed: &[InvoiceCode],
) -> Option<Voucher> {
    if spots.has(Label::InvoiceNumber) {
        for line in &pieces.lines {
            let found = if line.contains("铁路电子客票") {
                Voucher::RailTicket
            } else if line.contains("航空运输电子客票行程单") {
                Voucher::AirTicket
            } else if line.contains("电子发票(") {
                Voucher::DigitalInvoice
            } else if line.contains("增值税")
                && (line.contains("普通发票") || line.contains("专用发票"))
            {
                Voucher::VatInvoice
            } else {
                continue;
            };
            return Some(found);
        }
    }
    if spots.has(Label::BillCode) && spots.has(Label::BillNumber) {
        return Some(Voucher::FiscalBill);
    }
    let texts = pieces.all.iter().map(|piece| piece.text.as_str());
    let mut texts = texts.chain(codes.iter().map(|code| code.text.as_str()));
    if texts.any(|text| licence_identifier(text).is_some()) {
        return Some(Voucher::Licence);
    }
    if spots.has(Label::CertificateNumber) && spots.has(Label::Issuer) {
        return Some(Voucher::OtherLicence);
    }
    match printed {
        // A page with words of its own that merely shows an invoice's code is not that invoice.
        [code, ..] if pieces.all.is_empty() => Some(code.voucher()),
        _ => None,
    }
}

const fn is_licence(voucher: Voucher) -> bool {
    matches!(voucher, Voucher::Licence | Voucher::OtherLicence)
}

/// The forms with a buyer's and a seller's box, and the sum above the total.
const fn is_taxed(voucher: Voucher) -> bool {
    matches!(voucher, Voucher::DigitalInvoice | Voucher::VatInvoice)
}

struct Face<'f> {
    voucher: Voucher,
    pieces: &'f Pieces<'f>,
    spots: &'f Spots,
    facts: Facts,
}

impl Face<'_> {
    /// States what the label announces, where its value has the form that it must have.
    fn state(&mut self, spot: &Spot) -> Result<(), ReadError> {
        use Voucher::*;
        let voucher = self.voucher;
        match spot.label {
            Label::InvoiceNumber if !is_licence(voucher) && voucher != FiscalBill => {
                let lengths: &[usize] = if voucher == VatInvoice { &[8] } else { &[20] };
                self.digits("number", spot, lengths)
            }
            Label::InvoiceCode if voucher == VatInvoice => self.digits("series", spot, &[10, 12]),
            Label::BillCode if voucher == FiscalBill => self.digits("series", spot, &[8]),
            Label::BillNumber if voucher == FiscalBill => self.digits("number", spot, &[10]),
            Label::CheckCode if matches!(voucher, VatInvoice | FiscalBill) => {
                self.code("check-code", spot, 4..=20)
            }
            Label::IssueDay => self.day("issue-date", spot),
            Label::BuyerName if !is_licence(voucher) => self.words("buyer", spot),
            Label::SellerName if !is_licence(voucher) => self.words("seller", spot),
            Label::BuyerId if !is_licence(voucher) => self.code("buyer-id", spot, 15..=20),
            Label::SellerId if !is_licence(voucher) => self.code("seller-id", spot, 15..=20),
            Label::Name if is_taxed(voucher) => match self.spots.side(spot) {
                Some(side) => self.words(side.name(), spot),
                None => Ok(()),
            },
            Label::TaxId if is_taxed(voucher) => match self.spots.side(spot) {
                Some(side) => self.code(side.id(), spot, 15..=20),
                None => Ok(()),
            },
            // The only party on a ticket is its buyer.
            Label::TaxId if matches!(voucher, RailTicket | AirTicket) => {
                self.code("buyer-id", spot, 15..=20)
            }
            Label::Payer if voucher == FiscalBill => self.words("buyer", spot),
            Label::PayerId if voucher == FiscalBill => self.code("buyer-id", spot, 15..=20),
            Label::Collector if voucher == FiscalBill => self.words("seller", spot),
            Label::IssuedBy if voucher == AirTicket => self.words("seller", spot),
            Label::Total if is_taxed(voucher) || voucher == FiscalBill => self.money("total", spot),
            Label::Fare if voucher == RailTicket => self.money("total", spot),
            Label::Sum if is_taxed(voucher) => self.sums(spot),
            Label::Sum if voucher == AirTicket => self.money("total", spot),
            Label::Tax if voucher == AirTicket => self.money("tax", spot),
            Label::TravelDay if voucher == AirTicket => self.day("travel-date", spot),
            Label::Name | Label::Holder if is_licence(voucher) => self.words("holder", spot),
            Label::TaxId if is_licence(voucher) => self.code("holder-id", spot, 15..=20),
            Label::Issuer if is_licence(voucher) => self.issuer(spot),
            Label::ValidUntil if is_licence(voucher) => self.day("valid-until", spot),
            Label::ValidFrom if is_licence(voucher) => self.day("valid-from", spot),
            Label::Validity if is_licence(voucher) => self.period(spot),
            _ => Ok(()),
        }
    }

    /// What stands behind the label, or beside it on its line; on some forms also below it.
    fn value(&self, spot: &Spot) -> Option<Found> {
        let piece = &self.pieces.all[spot.piece];
        if !spot.inline.is_empty() {
            return Some(Found::new(spot.inline.as_str(), piece.place));
        }
        // A licence's values may stand below their labels, an itinerary's do as in a table.
        let below = is_licence(self.voucher) || self.voucher == Voucher::AirTicket;
        let found = self
            .pieces
            .right_of(spot, self.spots)
            .or_else(|| below.then(|| self.pieces.below(spot, self.spots)).flatten());
        found.filter(|found| !found.written.contains(char::REPLACEMENT_CHARACTER))
    }

    fn words(&mut self, name: &str, spot: &Spot) -> Result<(), ReadError> {
        // A name may take several lines. Below its label it is read in one.
        let found = self.value(spot).and_then(|found| {
            let is_beside = !spot.inline.is_empty()
                || self.pieces.right_of(spot, self.spots).as_ref() == Some(&found);
            match is_beside {
                true => self.pieces.name_right_of(spot, self.spots),
                false => Some(found),
            }
        });
        let found = found.filter(|found| {
            let letters = found.written.chars().filter(|c| c.is_alphanumeric());
            // A sentence that uses the words of a label is no value, and nor is a name of which a
            // letter, on whichever line, cannot be read.
            letters.count() > 0 && !found.written.contains(['。', char::REPLACEMENT_CHARACTER])
        });
        self.facts.say(name, found)
    }

    /// The issuing body. Where its seal is to be set, forms print what the seal is (专用章, 盖章),
    /// which is no name of a body.
    fn issuer(&mut self, spot: &Spot) -> Result<(), ReadError> {
        let found = self.value(spot);
        let name = found.filter(|found| {
            !compact(&found.written)
                .trim_end_matches(')')
                .ends_with('章')
        });
        self.facts.say("issuer", name)
    }

    /// Digits of one of these lengths; letter-spacing is no part of them.
    fn digits(&mut self, name: &str, spot: &Spot, lengths: &[usize]) -> Result<(), ReadError> {
        let Some(found) = self.value(spot) else {
            return Ok(());
        };
        let value = compact(&plain(&found.written));
        let fits = lengths.contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
        match fits {
            true => self.facts.value(name, value, &found),
            false => Ok(()),
        }
    }

    /// Letters and digits; letter-spacing is no part of them.
    fn code(
        &mut self,
        name: &str,
        spot: &Spot,
        lengths: std::ops::RangeInclusive<usize>,
    ) -> Result<(), ReadError> {
        let Some(found) = self.value(spot) else {
            return Ok(());
        };
        let value = compact(&plain(&found.written));
        let fits =
            lengths.contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric());
        match fits {
            true => self.facts.value(name, value, &found),
            false => Ok(()),
        }
    }

    fn day(&mut self, name: &str, spot: &Spot) -> Result<(), ReadError> {
        let found = self.value(spot);
        let day = |text: &str| days_in(text).next();
        let is_day = found
            .as_ref()
            .is_some_and(|found| day(&found.written).is_some());
        let found = match is_day {
            true => found,
            // The numbers may be filled in between printed marks.
            false => self.pieces.day_right_of(spot),
        };
        self.facts.day(name, found, day)
    }

    fn period(&mut self, spot: &Spot) -> Result<(), ReadError> {
        let Some(found) = self.value(spot) else {
            return Ok(());
        };
        let days: Vec<String> = days_in(&found.written).collect();
        match &days[..] {
            // The end of an open period is left blank: 2022年11月1日至.
            [from] if found.written.trim_end().ends_with('至') => {
                self.facts.value("valid-from", from.clone(), &found)
            }
            [until] => self.facts.value("valid-until", until.clone(), &found),
            [from, until] => {
                self.facts.value("valid-from", from.clone(), &found)?;
                self.facts.value("valid-until", until.clone(), &found)
            }
            _ => Ok(()),
        }
    }

    fn money(&mut self, name: &str, spot: &Spot) -> Result<(), ReadError> {
        let found = self.value(spot);
        match found {
            Some(found) => match units(&found.written) {
                Some(value) => self.facts.value(name, value, &found),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// The line above the total: the sums of the columns 金额 and 税额, each in its column.
    fn sums(&mut self, spot: &Spot) -> Result<(), ReadError> {
        let on_page_of_total = self
            .spots
            .all
            .iter()
            .any(|other| other.label == Label::Total && other.page == spot.page);
        if !on_page_of_total {
            // The lists behind an invoice have sums of their own.
            return Ok(());
        }
        let amounts: Vec<(&Piece<'_>, String)> = self
            .pieces
            .line_right_of(spot)
            .filter_map(|piece| Some((piece, units(&piece.text)?)))
            .collect();
        let column = |heading: &str| {
            let mut above = self.pieces.on_page(spot.page).filter(|piece| {
                let begins = piece.text.chars().next() == heading.chars().next();
                begins && piece.y < spot.y && piece.x > spot.x && compact(&piece.text) == heading
            });
            // Two columns of one heading tell nothing.
            let found = above.next().map(Piece::middle);
            found.filter(|_| above.next().is_none())
        };
        let columns = column("金额").zip(column("税额"));
        let mut stated: Vec<(&str, &Piece<'_>, &String)> = Vec::new();
        for (index, (piece, value)) in amounts.iter().enumerate() {
            let name = match (columns, amounts.len()) {
                (Some((net, tax)), 1 | 2) => {
                    let is_net = (piece.middle() - net).abs() < (piece.middle() - tax).abs();
                    if is_net {
                        "total-without-tax"
                    } else {
                        "tax"
                    }
                }
                (None, 2) => ["total-without-tax", "tax"][index],
                _ => return Ok(()),
            };
            stated.push((name, piece, value));
        }
        for (name, piece, value) in stated {
            let found = Found::new(piece.text.as_str(), piece.place);
            self.facts.value(name, value.clone(), &found)?;
        }
        Ok(())
    }

    /// The blue invoice that a red one takes back is named in the remarks.
    fn remarks(&mut self) -> Result<(), ReadError> {
        for (text, place) in self.pieces.lines.iter().zip(&self.pieces.places) {
            for number in chinese::taken_back(text) {
                let found = Found::new(number.clone(), *place);
                self.facts.value("preceding", number, &found)?;
            }
        }
        Ok(())
    }

    /// A licence's identifier (GB/T 36904) wherever it stands, and the number that the issuing body
    /// gave.
    fn licence_numbers(&mut self, codes: &[Code]) -> Result<(), ReadError> {
        let texts = self.pieces.all.iter().map(|p| (p.text.as_str(), p.place));
        let codes = codes.iter().map(|c| (c.text.as_str(), c.place.as_str()));
        for (text, place) in texts.chain(codes) {
            if let Some(identifier) = licence_identifier(text) {
                let found = Found::new(identifier, place);
                self.facts.say("number", Some(found.clone()))?;
                if let Some(issuer) = issuer_in(identifier) {
                    self.facts.value("issuer-id", issuer.to_owned(), &found)?;
                }
            }
        }
        let title = self.title();
        self.facts.say("title", title.clone())?;
        if !self.spots.has(Label::IssueDay) {
            // Without a label the day below the place of the seal is the day of issue.
            let issuers = self
                .spots
                .all
                .iter()
                .filter(|spot| spot.label == Label::Issuer);
            for day in issuers.filter_map(|spot| self.pieces.day_below(spot)) {
                self.facts.day("issue-date", Some(day), chinese::day)?;
            }
        }
        if self.voucher == Voucher::Licence {
            return Ok(());
        }
        let spots = self.spots.all.iter();
        for spot in spots.filter(|spot| spot.label == Label::CertificateNumber) {
            let found = self.value(spot).filter(|found| {
                // A word beside the label is no number.
                found.written.bytes().any(|byte| byte.is_ascii_digit())
                    && licence_identifier(&found.written).is_none()
            });
            self.facts.say("number", found)?;
        }
        let numbers = title.map(|title| numbers_by_title(&title.written, self.pieces, self.spots));
        for found in numbers.into_iter().flatten() {
            let number = found.written.trim().to_owned();
            if let Some(fact) = Fact::new("number", number, &found.written, found.place)? {
                self.facts.mention(fact)?;
            }
        }
        Ok(())
    }

    /// What a licence calls itself: the largest words of its first page that name a certificate.
    fn title(&self) -> Option<Found> {
        let first = self.pieces.all.first()?.page;
        let titles = self.pieces.on_page(first).filter(|piece| {
            let text = compact(&piece.text);
            ["证", "证书", "执照", "批文"]
                .iter()
                .any(|end| text.ends_with(end))
                && text.chars().count() >= 3
        });
        let title = titles.max_by(|a, b| a.height.total_cmp(&b.height))?;
        Some(Found::new(compact(&title.text), title.place))
    }

    /// The day of a journey by rail stands without a label, before the time of departure:
    /// `2025年05月16日 08:15开`.
    fn departure(&mut self) -> Result<(), ReadError> {
        for (index, line) in self.pieces.lines.iter().enumerate() {
            let Some((before, _)) = line.split_once('开') else {
                continue;
            };
            // Behind the day only the time may stand.
            let Some((at, _)) = before.rmatch_indices('日').next() else {
                continue;
            };
            let time = &before[at + '日'.len_utf8()..];
            let is_time = time.len() >= 4 && time.bytes().all(|b| b.is_ascii_digit() || b == b':');
            let from = before[..at]
                .rfind('年')
                .and_then(|at| before[..at].char_indices().rev().nth(3));
            let Some((from, _)) = from.filter(|_| is_time) else {
                continue;
            };
            let place = self.pieces.places[index];
            let found = Found::new(&before[from..at + '日'.len_utf8()], place);
            self.facts.day("travel-date", Some(found), chinese::day)?;
        }
        Ok(())
    }
}

/// An amount as a Chinese form writes it, in fen.
fn units(text: &str) -> Option<String> {
    let text = plain(text);
    let text = text.trim();
    let text = text
        .strip_prefix("CNY")
        .or_else(|| text.strip_prefix("RMB"))
        .unwrap_or(text);
    minor_units(&chinese::amount(text), "CNY")
}

/// The days in a text: `2020年10月09日至2021年04月07日` has two.
fn days_in(text: &str) -> impl Iterator<Item = String> {
    let text = compact_days(&plain(text));
    let parts: Vec<String> = text
        .split(['至', '到', '~', '—', '－', ' '])
        .filter_map(chinese::day)
        .collect();
    parts.into_iter()
}

/// `2020 年 10 月 9 日` without the spaces within a day, and one space behind it.
fn compact_days(text: &str) -> String {
    match text.contains('年') {
        true => text
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
            .replace('日', "日 "),
        false => collapsed(text),
    }
}

/// The identifier of a licence in a text, from `1.2.156.3005.2.` on: 6 parts behind it.
fn licence_identifier(text: &str) -> Option<&str> {
    let from = &text[text.find("1.2.156.3005.2.")?..];
    let end = from
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-')
        .unwrap_or(from.len());
    let identifier = &from[..end];
    let parts = identifier.split('.').count();
    (parts == 10 && identifier.split('.').all(|part| !part.is_empty())).then_some(identifier)
}

/// Who issued it: the part behind the code of its type.
fn issuer_in(identifier: &str) -> Option<&str> {
    identifier.split('.').nth(6)
}

/// What the QR code of an invoice says.
struct InvoiceCode {
    kind: String,
    series: String,
    number: String,
    amount: String,
    day: String,
    check: String,
    place: String,
}

impl InvoiceCode {
    fn of(code: &Code) -> Option<Self> {
        let fields: Vec<&str> = code.text.trim().split(',').map(str::trim).collect();
        let [version, kind, series, number, amount, day, rest @ ..] = &fields[..] else {
            return None;
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let shaped = *version == "01"
            && kind.len() == 2
            && digits(kind)
            && digits(series)
            && digits(number)
            && matches!((series.len(), number.len()), (0, 20) | (10 | 12, 8))
            && rest.len() <= 4;
        shaped.then(|| Self {
            kind: (*kind).to_owned(),
            series: (*series).to_owned(),
            number: (*number).to_owned(),
            amount: (*amount).to_owned(),
            day: (*day).to_owned(),
            check: rest.first().copied().unwrap_or_default().to_owned(),
            place: code.place.clone(),
        })
    }

    fn voucher(&self) -> Voucher {
        match (self.kind.as_str(), self.series.is_empty()) {
            ("51", _) => Voucher::RailTicket,
            ("61", _) => Voucher::AirTicket,
            (_, true) => Voucher::DigitalInvoice,
            (_, false) => Voucher::VatInvoice,
        }
    }

    fn state(&self, voucher: Voucher, facts: &mut Facts) -> Result<(), ReadError> {
        let found = |text: &str| Found::new(text, self.place.as_str());
        let say = |facts: &mut Facts, name: &str, text: &str| {
            facts.value(name, text.to_owned(), &found(text))
        };
        say(facts, "number", &self.number)?;
        facts.day("issue-date", Some(found(&self.day)), chinese::day)?;
        if voucher == Voucher::VatInvoice {
            say(facts, "series", &self.series)?;
            if self.check.len() == 20 {
                say(facts, "check-code", &self.check)?;
            }
        }
        // Of tickets it is not known which of their amounts stands here.
        if is_taxed(voucher) {
            if let Some(value) = units(&self.amount) {
                facts.value("total-without-tax", value, &found(&self.amount))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
