//! Legal numbers: how a number is written, normalised and made into the key of its record.
//!
//! A legal number stays as the law writes it. The *profile* of a document type says which fields the
//! number has, which characters, and what is normalised; inner characters are never stripped. Key =
//! hash of the typed tuple (profile, key epoch, legal issuer, class, series, number, period), each
//! field led by its length in CBOR, so that no two tuples give the same bytes. Types that share a
//! profile share key space. The tuple is [`LegalNumber`]; [`crate::key`] says how it becomes the key.
//!
//! This is the one derivation function: a keyed, non-enumerable derivation for sealed types will
//! stand here.
//!
//! # The normal form
//!
//! An operation holds an [`Identity`] that is normalised already. Each field has at most
//! [`FIELD_BYTES_MAX`] bytes, no space at either end, and only printable ASCII (U+0020 to U+007E), U+00C0
//! to U+00FF without U+00D7 and U+00F7, and U+4E00 to U+9FFF. Legal issuer and number are not empty; an
//! issuer without a colon has no lower-case ASCII letter. What a profile asks beyond that, it asks before a
//! record is made.

pub mod check_digits;
mod rules;

pub use check_digits::is_credit_code;

use minicbor::{Decode, Encode};

/// The longest field of a legal number in bytes of UTF-8, after normalisation.
pub const FIELD_BYTES_MAX: usize = 128;

/// The legal issuer of railway tickets of China: none of them names a seller by an identifier, and
/// the law knows one carrier that issues them.
pub const RAILWAY: &str = "中国国家铁路集团有限公司";

/// The fields of a legal number as a document or a clerk writes them.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(map)]
pub struct Identity {
    /// The issuer that the document names, by its legal identifier.
    #[n(0)]
    pub legal_issuer: String,
    /// Kind within the type where the law numbers kinds apart, such as `credit-note`.
    #[n(1)]
    pub class: String,
    /// Series or code before the number.
    #[n(2)]
    pub series: String,
    /// The number.
    #[n(3)]
    pub number: String,
    /// The period in which numbers are unique, such as a year, where the profile asks for one.
    #[n(4)]
    pub period: String,
}

/// A legal number that fits its profile: the id of a record.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LegalNumber {
    /// The profile's name.
    #[n(0)]
    pub profile: String,
    /// The profile's revision, where one changed the derivation; 0 now.
    #[n(1)]
    pub key_epoch: u32,
    /// See [`Identity::legal_issuer`].
    #[n(2)]
    pub legal_issuer: String,
    /// See [`Identity::class`].
    #[n(3)]
    pub class: String,
    /// See [`Identity::series`].
    #[n(4)]
    pub series: String,
    /// See [`Identity::number`].
    #[n(5)]
    pub number: String,
    /// See [`Identity::period`].
    #[n(6)]
    pub period: String,
}

/// A rule of the profile that an identity breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A field that the profile asks for is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field that the profile does not have is given.
    #[error("{0} must be empty in this profile")]
    NotOfProfile(&'static str),
    /// A field is longer than [`FIELD_BYTES_MAX`].
    #[error("{0} is longer than 128 bytes")]
    TooLong(&'static str),
    /// A field holds a control character or one that the profile does not allow.
    #[error("{0} holds a character that is not allowed")]
    BadCharacter(&'static str),
    /// A field is not one of the values, or not of the length, that the profile allows.
    #[error("{field} must be {rule}")]
    BadForm {
        /// The field.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
}

/// A profile of legal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Any issuer, any number; class, series and period as the issuer uses them.
    Generic,
    /// EN 16931 (UBL, CII, Factur-X): the seller's identifier and BT-1, invoices and credit notes
    /// apart. BT-1 is unique for the seller without a period.
    En16931,
    /// The fully digitalised invoice of China: 20 digits of one issuer. They begin with the year (2),
    /// the region (2) and the channel (1).
    CnDigitalInvoice,
    /// The VAT e-invoice of China before it: code of 10 or 12 digits as series, number of 8 digits.
    CnVatEinvoice,
    /// The fiscal e-bill of China: code of 8 digits as series, number of 10 digits. The check code is
    /// no part of the number.
    CnFiscalEbill,
    /// An electronic licence of China (GB/T 36904): the whole identifier from `1.2.156.3005.2.` on as
    /// number, with its check character (ISO 7064 MOD 37,36).
    CnElicence,
    /// The railway ticket of China as an invoice: 20 digits; the issuer is [`RAILWAY`], also where
    /// none is written.
    CnRailTicket,
    /// The GST e-invoice of India: the seller's GSTIN, INV, CRN or DBN as class, the document number,
    /// the financial year (`2022-23`) as period.
    InIrn,
    /// An Italian invoice in the SdI: the seller's country and code, `invoice` or `credit-note` as
    /// class, the number, the year of its date as period.
    ItSdi,
    /// The number that KSeF of Poland gives: 35 characters with a CRC-8; the issuer is the NIP in it.
    PlKsef,
    /// The NF-e of Brazil and its relatives: the CNPJ, the model as class, series and number, all of
    /// which its access key of 44 digits holds. Random digits of the key are no part of the number:
    /// two keys with one series and number are one document twice.
    BrNfe,
    /// The CFDI of Mexico: the issuer's RFC and the UUID of the stamp.
    MxCfdi,
}

impl Profile {
    /// All profiles.
    pub const ALL: &'static [Profile] = &[
        Self::Generic,
        Self::En16931,
        Self::CnDigitalInvoice,
        Self::CnVatEinvoice,
        Self::CnFiscalEbill,
        Self::CnElicence,
        Self::CnRailTicket,
        Self::InIrn,
        Self::ItSdi,
        Self::PlKsef,
        Self::BrNfe,
        Self::MxCfdi,
    ];

    /// The name in genesis and in keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::En16931 => "eu.en16931",
            Self::CnDigitalInvoice => "cn.digital-invoice",
            Self::CnVatEinvoice => "cn.vat-einvoice",
            Self::CnFiscalEbill => "cn.fiscal-ebill",
            Self::CnElicence => "cn.elicence",
            Self::CnRailTicket => "cn.rail-ticket",
            Self::InIrn => "in.irn",
            Self::ItSdi => "it.sdi",
            Self::PlKsef => "pl.ksef",
            Self::BrNfe => "br.nfe",
            Self::MxCfdi => "mx.cfdi",
        }
    }

    /// The profile of a name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|profile| profile.name() == name)
    }

    /// When a number may be used again.
    ///
    /// What was rejected was never issued, so its number is free (Italy asks that the same one is sent
    /// again, circular 13/E of 2018). A cancelled number is burned (India expressly: the IRN is never
    /// given again), but in Italy, where a cancellation within the window is a refusal by the SdI or
    /// by the recipient, after which the invoice counts as not issued. Numbers that the state itself
    /// gives are given once.
    pub const fn reuse(self) -> Reuse {
        Reuse {
            after_rejection: !matches!(self, Self::PlKsef | Self::MxCfdi),
            after_cancellation: matches!(self, Self::ItSdi),
        }
    }

    /// Normalises what a document or a clerk wrote and checks it.
    pub fn normalise(self, raw: &Identity) -> Result<LegalNumber, ProfileError> {
        let legal_issuer = field("legal_issuer", &raw.legal_issuer)?;
        let mut number = Identity {
            legal_issuer: issuer(legal_issuer),
            class: field("class", &raw.class)?,
            series: field("series", &raw.series)?,
            number: field("number", &raw.number)?,
            period: field("period", &raw.period)?,
        };
        rules::shape(self, &mut number)?;
        self.check_form(&number)?;
        Ok(LegalNumber {
            profile: self.name().to_owned(),
            key_epoch: 0,
            legal_issuer: number.legal_issuer,
            class: number.class,
            series: number.series,
            number: number.number,
            period: number.period,
        })
    }

    /// What the profile asks of fields that are normalised.
    fn check_form(self, number: &Identity) -> Result<(), ProfileError> {
        if number.legal_issuer.is_empty() {
            return Err(ProfileError::Missing("legal_issuer"));
        }
        if number.number.is_empty() {
            return Err(ProfileError::Missing("number"));
        }
        rules::check(self, number)
    }

    /// Checks an identity that must be normalised already, as the rules ask of an operation.
    pub fn check(self, identity: &Identity) -> Result<CheckedNumber<'_>, ProfileError> {
        let fields = [
            ("legal_issuer", &identity.legal_issuer),
            ("class", &identity.class),
            ("series", &identity.series),
            ("number", &identity.number),
            ("period", &identity.period),
        ];
        let not_upper = !is_uri(&identity.legal_issuer)
            && (identity.legal_issuer.bytes()).any(|b| b.is_ascii_lowercase());
        if not_upper || fields.iter().any(|(_, text)| !is_normal(text)) {
            // Which rule of the profile is broken comes first, then what is not normalised.
            let number = self.normalise(identity)?.identity();
            let normal = [
                number.legal_issuer,
                number.class,
                number.series,
                number.number,
                number.period,
            ];
            for ((field, given), normal) in fields.into_iter().zip(normal) {
                if *given != normal {
                    return Err(ProfileError::BadForm {
                        field,
                        rule: "written in its normalised form",
                    });
                }
            }
        }
        self.check_form(identity)?;
        Ok(CheckedNumber {
            profile: self.name(),
            key_epoch: 0,
            legal_issuer: &identity.legal_issuer,
            class: &identity.class,
            series: &identity.series,
            number: &identity.number,
            period: &identity.period,
        })
    }
}

/// A legal number in the fields of an operation, which are checked: nothing of it is copied. It
/// encodes as [`LegalNumber`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub struct CheckedNumber<'a> {
    #[n(0)]
    profile: &'a str,
    #[n(1)]
    key_epoch: u32,
    #[n(2)]
    legal_issuer: &'a str,
    #[n(3)]
    class: &'a str,
    #[n(4)]
    series: &'a str,
    #[n(5)]
    number: &'a str,
    #[n(6)]
    period: &'a str,
}

/// When a number may be registered a second time, for another document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// After its document was rejected: it was never issued.
    pub after_rejection: bool,
    /// After its document was cancelled.
    pub after_cancellation: bool,
}

/// The id of a record: a legal number that fits its profile, owned or borrowed.
pub trait RecordId: Encode<()> {}

impl RecordId for LegalNumber {}
impl RecordId for CheckedNumber<'_> {}

impl LegalNumber {
    /// The fields, without profile and epoch.
    pub fn identity(&self) -> Identity {
        Identity {
            legal_issuer: self.legal_issuer.clone(),
            class: self.class.clone(),
            series: self.series.clone(),
            number: self.number.clone(),
            period: self.period.clone(),
        }
    }
}

/// Full-width forms become the plain ones, outer space goes; every inner character stays.
///
/// Which characters there are is fixed here and not by a table of the compiler or of a library: all
/// validators must agree for ever. Letters that look like others, characters that cannot be seen
/// and combining marks are not among them, so that what a person reads as one number is one.
fn field(name: &'static str, raw: &str) -> Result<String, ProfileError> {
    // A character has at most 4 bytes and never becomes longer.
    if raw.len() > 4 * FIELD_BYTES_MAX {
        return Err(ProfileError::TooLong(name));
    }
    let plain: String = raw.chars().map(plain).collect();
    let text = plain.trim_matches(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
    if text.len() > FIELD_BYTES_MAX {
        return Err(ProfileError::TooLong(name));
    }
    if !text.chars().all(is_allowed) {
        return Err(ProfileError::BadCharacter(name));
    }
    Ok(text.to_owned())
}

/// Tax and company identifiers are written in either case and mean the same; a URI, such as a DID, is
/// another one in another case.
fn issuer(text: String) -> String {
    if is_uri(&text) {
        text
    } else {
        text.to_ascii_uppercase()
    }
}

/// No identifier that a law gives holds a colon, and every URI does (RFC 3986, section 3.1).
fn is_uri(issuer: &str) -> bool {
    issuer.contains(':')
}

/// Whether [`field`] would leave a text as it is.
fn is_normal(text: &str) -> bool {
    text.len() <= FIELD_BYTES_MAX
        && text.chars().all(is_allowed)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
}

/// Full-width ASCII (U+FF01 to U+FF5E) and the ideographic space, as Chinese software writes them.
fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        _ => c,
    }
}

/// Printable ASCII, the letters of Latin-1, and the CJK unified ideographs.
fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~' | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ÿ' | '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical;

    fn identity(issuer: &str, class: &str, number: &str) -> Identity {
        Identity {
            legal_issuer: issuer.into(),
            class: class.into(),
            number: number.into(),
            ..Identity::default()
        }
    }

    #[test]
    fn inner_characters_stay_and_outer_space_goes() {
        let raw = identity(" de 123 ", "invoice", " Ａ-0012 3 ");
        let number = Profile::En16931.normalise(&raw).expect("fits");
        assert_eq!(
            (number.legal_issuer.as_str(), number.number.as_str()),
            ("DE 123", "A-0012 3")
        );
        // Normalising is idempotent, and only its result passes the rules.
        let identity = number.identity();
        let checked = Profile::En16931.check(&identity).expect("it is normalised");
        assert_eq!(canonical::encode(&checked), canonical::encode(&number));
        assert!(Profile::En16931.check(&raw).is_err());
    }

    #[test]
    fn what_breaks_a_profile_is_named() {
        #[track_caller]
        fn check(profile: Profile, raw: &Identity, expected: &str) {
            assert_eq!(
                profile.normalise(raw).expect_err("breaks it").to_string(),
                expected
            );
        }
        check(
            Profile::Generic,
            &identity("", "", "1"),
            "legal_issuer is missing",
        );
        check(
            Profile::Generic,
            &identity("a", "", " "),
            "number is missing",
        );
        check(
            Profile::Generic,
            &identity("a", "", "1\u{7}2"),
            "number holds a character that is not allowed",
        );
        check(
            Profile::Generic,
            &identity("a", "", &"1".repeat(129)),
            "number is longer than 128 bytes",
        );
        check(
            Profile::En16931,
            &identity("a", "x", "1"),
            "class must be invoice or credit-note",
        );
        check(
            Profile::CnDigitalInvoice,
            &identity("a", "", "123"),
            "number must be 20 digits",
        );
        // What cannot be seen, or looks like something else, makes no second number.
        for hidden in [
            "1\u{200b}2",
            "1\u{ad}2",
            "\u{feff}12",
            "1\u{202e}2",
            "\u{0391}1",
            "e\u{301}",
        ] {
            let expected = "number holds a character that is not allowed";
            check(Profile::Generic, &identity("a", "", hidden), expected);
        }
        check(
            Profile::CnDigitalInvoice,
            &identity("a", "x", "25442000000123456789"),
            "class must be empty in this profile",
        );
    }

    /// Normalises, and holds what comes out to the promise that it is the one form.
    #[track_caller]
    fn normal(profile: Profile, fields: [&str; 5]) -> Result<[String; 5], String> {
        let [legal_issuer, class, series, number, period] = fields.map(str::to_owned);
        let raw = Identity {
            legal_issuer,
            class,
            series,
            number,
            period,
        };
        let number = profile.normalise(&raw).map_err(|error| error.to_string())?;
        let identity = number.identity();
        assert_eq!(profile.normalise(&identity).as_ref(), Ok(&number));
        assert!(profile.check(&identity).is_ok());
        if raw != identity {
            assert!(profile.check(&raw).is_err());
        }
        Ok([
            identity.legal_issuer,
            identity.class,
            identity.series,
            identity.number,
            identity.period,
        ])
    }

    #[track_caller]
    fn fits(profile: Profile, fields: [&str; 5], expected: [&str; 5]) {
        assert_eq!(normal(profile, fields), Ok(expected.map(str::to_owned)));
    }

    #[track_caller]
    fn breaks(profile: Profile, fields: [&str; 5], rule: &str) {
        let error = normal(profile, fields).expect_err("it breaks a rule");
        assert!(error.contains(rule), "{error:?} is not about {rule:?}");
    }

    #[test]
    fn chinese_numbers() {
        let (digital, vat) = (Profile::CnDigitalInvoice, Profile::CnVatEinvoice);
        let (bill, rail) = (Profile::CnFiscalEbill, Profile::CnRailTicket);
        let twenty = "25442000000123456789";
        fits(
            digital,
            ["9144x", "", "", twenty, ""],
            ["9144X", "", "", twenty, ""],
        );
        let by_rail = [RAILWAY, "", "", twenty, ""];
        fits(rail, by_rail, by_rail);
        fits(rail, ["", "", "", twenty, ""], by_rail);
        breaks(rail, ["国铁", "", "", twenty, ""], RAILWAY);
        breaks(
            digital,
            ["9144", "", "", "2544200000012345678", ""],
            "20 digits",
        );
        breaks(
            digital,
            ["9144", "", "", "2544200000012345678A", ""],
            "20 digits",
        );
        breaks(
            digital,
            ["9144", "", "1", twenty, ""],
            "series must be empty",
        );
        breaks(digital, ["", "", "", twenty, ""], "legal_issuer is missing");
        let (code, number) = ("050001700111", "99999951");
        fits(
            vat,
            ["91", "", code, number, ""],
            ["91", "", code, number, ""],
        );
        fits(
            vat,
            ["91", "", "0500017001", " ０9999951", ""],
            ["91", "", "0500017001", "09999951", ""],
        );
        breaks(vat, ["91", "", "", number, ""], "invoice code");
        breaks(vat, ["91", "", code, "9999995", ""], "8 digits");
        breaks(
            vat,
            ["91", "invoice", code, number, ""],
            "class must be empty",
        );
        fits(
            bill,
            ["医院", "", "11010125", "0488888987", ""],
            ["医院", "", "11010125", "0488888987", ""],
        );
        breaks(bill, ["医院", "", "1101012", "0488888987", ""], "bill code");
        breaks(bill, ["医院", "", "11010125", "488888987", ""], "10 digits");
        breaks(
            bill,
            ["医院", "", "11010125", "0488888987", "2025"],
            "period must be empty",
        );
    }

    /// Identifiers that were published; the fifth is printed with a wrong check character.
    #[test]
    fn identifiers_of_licences() {
        let licence = Profile::CnElicence;
        for published in [
            "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
            "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
            "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
            "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
        ] {
            let issuer = published.split('.').nth(6).expect("an issuer");
            let expected = [issuer, "", "", published, ""];
            fits(licence, [issuer, "", "", published, ""], expected);
            // Whoever types the identifier need not type the issuer, which it holds.
            fits(
                licence,
                ["", "", "", &published.to_lowercase(), ""],
                expected,
            );
            breaks(licence, ["1", "", "", published, ""], "issuing body");
            // Every other check character is wrong.
            let (rest, right) = published.split_at(published.len() - 1);
            for other in ('0'..='9')
                .chain('A'..='Z')
                .filter(|c| !right.starts_with(*c))
            {
                breaks(
                    licence,
                    [issuer, "", "", &format!("{rest}{other}"), ""],
                    "MOD 37,36",
                );
            }
        }
        let wrong = "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M";
        breaks(licence, ["", "", "", wrong, ""], "MOD 37,36");
        for shape in [
            "1.2.156.3005.2.11100000000013338W032.1122.2430599.001",
            "1.2.156.3005.1.11100000000013338W032.11220000013544541J.2430599.001.F",
            "1.2.156.3005.2.11100000000013338W03.11220000013544541J.2430599.001.F",
            "1.2.156.3005.2.11100000000013338W032..2430599.001.F",
            "11100000000013338W032",
        ] {
            breaks(licence, ["1", "", "", shape, ""], "type(21)");
        }
    }

    /// Two keys that differ in case are two issuers, and an identifier of the tax office is one.
    #[test]
    fn the_case_of_an_issuer_counts_in_a_uri_only() {
        let generic = Profile::Generic;
        for uri in ["did:key:z6MkA", "did:key:z6Mka", "https://a.example/X"] {
            fits(generic, [uri, "", "", "1", ""], [uri, "", "", "1", ""]);
        }
        fits(
            generic,
            ["de1a", "", "", "1", ""],
            ["DE1A", "", "", "1", ""],
        );
    }

    #[test]
    fn indian_numbers() {
        let irn = Profile::InIrn;
        let gstin = "01AMBPG7773M002";
        fits(
            irn,
            [gstin, "inv", "", "g2qxhY", "2022-23"],
            [gstin, "INV", "", "g2qxhY", "2022-23"],
        );
        // Since 2025 the case of a number does not make it another one.
        fits(
            irn,
            [gstin, "INV", "", "g2qxhY", "2025-26"],
            [gstin, "INV", "", "G2QXHY", "2025-26"],
        );
        fits(
            irn,
            [gstin, "DBN", "", "A/1-2", "2099-00"],
            [gstin, "DBN", "", "A/1-2", "2099-00"],
        );
        breaks(
            irn,
            [gstin, "INV", "", "0123", "2025-26"],
            "neither 0 nor a sign",
        );
        breaks(
            irn,
            [gstin, "INV", "", "-123", "2025-26"],
            "neither 0 nor a sign",
        );
        breaks(
            irn,
            [gstin, "INV", "", "12345678901234567", "2025-26"],
            "1 to 16",
        );
        breaks(irn, [gstin, "INV", "", "A 1", "2025-26"], "1 to 16");
        breaks(irn, [gstin, "BILL", "", "1", "2025-26"], "INV, CRN or DBN");
        breaks(irn, ["1AMBPG7773M002", "INV", "", "1", "2025-26"], "GSTIN");
        for period in ["2025", "2025-27", "25-26", "2025-2026", ""] {
            breaks(irn, [gstin, "INV", "", "1", period], "financial year");
        }
    }

    #[test]
    fn european_and_american_numbers() {
        let sdi = Profile::ItSdi;
        fits(
            sdi,
            ["it012", "invoice", "", "1/R", "2018"],
            ["IT012", "invoice", "", "1/R", "2018"],
        );
        breaks(sdi, ["IT", "invoice", "", "R", "2018"], "with a digit");
        breaks(
            sdi,
            ["IT", "invoice", "", "123456789012345678901", "2018"],
            "20 characters",
        );
        breaks(sdi, ["IT", "TD01", "", "1", "2018"], "credit-note");
        breaks(sdi, ["IT", "invoice", "", "1", "18"], "year");

        let ksef = Profile::PlKsef;
        let number = "5265877635-20250826-0100001AF629-AF";
        let expected = ["5265877635", "", "", number, ""];
        fits(ksef, expected, expected);
        fits(ksef, ["", "", "", &number.to_lowercase(), ""], expected);
        breaks(ksef, ["5265877636", "", "", number, ""], "NIP");
        breaks(
            ksef,
            ["", "", "", "5265877635-20250826-0100001AF629-AE", ""],
            "CRC-8",
        );
        breaks(
            ksef,
            ["", "", "", "5265877635-20250826-0100001AF62G-AF", ""],
            "35 characters",
        );
        breaks(ksef, ["", "", "", "5265877635", ""], "35 characters");

        let cfdi = Profile::MxCfdi;
        let uuid = "9FB6ED1A-5F37-4FEF-980A-7F8C83B51894";
        let expected = ["EKU9003173C9", "", "", uuid, ""];
        fits(
            cfdi,
            ["eku9003173c9", "", "", &uuid.to_lowercase(), ""],
            expected,
        );
        breaks(cfdi, ["EKU9003173", "", "", uuid, ""], "RFC");
        breaks(cfdi, ["EKU9003173C9", "", "", "A167ABC", ""], "UUID");
        breaks(
            cfdi,
            [
                "EKU9003173C9",
                "",
                "",
                "9FB6ED1A5F37-4FEF-980A-7F8C83B518941",
                "",
            ],
            "UUID",
        );
    }

    #[test]
    fn brazilian_numbers_and_their_keys() {
        let nfe = Profile::BrNfe;
        let expected = ["34128745000152", "55", "1", "47450", ""];
        let key = "35180834128745000152550010000474501597356342";
        fits(nfe, ["", "", "", key, ""], expected);
        fits(
            nfe,
            ["34128745000152", "55", "001", "000047450", ""],
            expected,
        );
        fits(nfe, ["34128745000152", "55", "1", key, ""], expected);
        // Another random part makes another key of the same number, which is the same document.
        let other = "3518083412874500015255001000047450100000000";
        let check = char::from(check_digits::mod_11(other.as_bytes()));
        fits(nfe, ["", "", "", &format!("{other}{check}"), ""], expected);
        breaks(
            nfe,
            ["34128745000151", "", "", key, ""],
            "same as in the access key",
        );
        breaks(nfe, ["", "65", "", key, ""], "same as in the access key");
        breaks(nfe, ["", "", "2", key, ""], "same as in the access key");
        for digit in ('0'..='9').filter(|digit| !key.ends_with(*digit)) {
            breaks(
                nfe,
                ["", "", "", &format!("{}{digit}", &key[..43]), ""],
                "modulo 11",
            );
        }
        breaks(
            nfe,
            ["34128745000152", "55", "1", "1234567890", ""],
            "9 digits",
        );
        breaks(nfe, ["34128745000152", "55", "1", "0", ""], "9 digits");
        breaks(nfe, ["341287450001", "55", "1", "1", ""], "CNPJ");
        breaks(nfe, ["34128745000152", "NFe", "1", "1", ""], "model");
        fits(
            nfe,
            ["12345678901", "55", "0", "1", ""],
            ["00012345678901", "55", "0", "1", ""],
        );
    }

    proptest::proptest! {
        /// Whatever stands in the fields: no panic, and what fits is in the one form.
        #[test]
        fn any_fields_are_judged(
            fields in proptest::array::uniform5("[0-9]{0,2}|[0-9A-Za-z.\\-/ ]{0,50}|\\PC{0,16}|[0-9]{44}|[0-9A-Z]{15}|[一-龥]{5}"),
            seed in proptest::prelude::any::<bool>(),
        ) {
            for profile in Profile::ALL {
                let mut fields = fields.each_ref().map(String::as_str);
                if seed {
                    (fields[1], fields[4]) = ("invoice", "2025");
                }
                let _ = normal(*profile, fields);
            }
        }
    }
}
