//! Which letters the codes of a font are, and how wide (ISO 32000-1, 9.6 to 9.10).
//!
//! In the order of the standard (9.10.2): the font's own table to Unicode, the names of its glyphs,
//! the character map that it names. The last is read for the maps whose codes *are* a character set
//! (GBK, UTF-16). A code that none of them tells is U+FFFD, so that what is unknown is seen to be
//! missing; a font without any of them shows nothing.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, GBK, MACINTOSH, WINDOWS_1252};
use lopdf::{Dictionary, Object};

use super::file::PdfFile;
use super::syntax::{Cursor, Token};
use super::text::{number_of, too_complex, Budget};
use crate::limits::{PDF_DRAWING_VALUES_MAX, PDF_LETTERS_MAX};
use crate::ReadError;

/// The text of one code may be a ligature, not a speech.
const LETTER_BYTES_MAX: usize = 64;

pub(crate) struct Font {
    codes: Codes,
    to_unicode: Option<CharacterMap>,
    /// Of a simple font, by its code.
    glyphs: BTreeMap<u32, String>,
    widths: Widths,
}

/// How a string is cut into codes, and what they are without a table.
enum Codes {
    /// Each byte, in this character set if any.
    Single(Option<&'static Encoding>),
    /// Each two bytes.
    Double,
    /// Each two bytes are UTF-16.
    Utf16,
    /// One or two bytes of GBK.
    Gbk,
    /// By the ranges of an own map.
    Ranges(CharacterMap),
}

/// One code of a string.
pub(crate) struct Letter {
    pub(crate) code: u32,
    /// How many bytes it takes.
    pub(crate) bytes: usize,
    /// `None` where the font shows nothing that is known.
    pub(crate) text: Option<String>,
    /// In thousandths of the size.
    pub(crate) width: f64,
}

impl Font {
    /// `None` for a font that cannot be read at all.
    pub(crate) fn of(
        pdf: &mut PdfFile<'_>,
        font: &Dictionary,
        budget: &mut Budget,
    ) -> Result<Option<Self>, ReadError> {
        let to_unicode = match font.get(b"ToUnicode") {
            Ok(Object::Reference((number, _))) => {
                let is_stream = matches!(
                    pdf.resolved(&Object::Reference((*number, 0)))?,
                    Object::Dictionary(_)
                );
                match is_stream {
                    true => Some(CharacterMap::of(&pdf.stream(*number)?, budget)?),
                    false => None,
                }
            }
            _ => None,
        };
        match pdf.entry(font, b"Subtype")? {
            Object::Name(kind) if kind == b"Type0" => {
                Self::composite(pdf, font, to_unicode, budget)
            }
            _ => Self::simple(pdf, font, to_unicode).map(Some),
        }
    }

    fn composite(
        pdf: &mut PdfFile<'_>,
        font: &Dictionary,
        to_unicode: Option<CharacterMap>,
        budget: &mut Budget,
    ) -> Result<Option<Self>, ReadError> {
        let codes = match pdf.entry(font, b"Encoding")? {
            Object::Name(name) => match &name[..] {
                b"Identity-H" => Codes::Double,
                b"UniGB-UCS2-H" | b"UniGB-UTF16-H" | b"UniCNS-UCS2-H" | b"UniCNS-UTF16-H"
                | b"UniJIS-UCS2-H" | b"UniJIS-UTF16-H" => Codes::Utf16,
                // GB 2312 is a part of GBK.
                b"GBK-EUC-H" | b"GBKp-EUC-H" | b"GBK2K-H" | b"GB-EUC-H" | b"GBpc-EUC-H" => {
                    Codes::Gbk
                }
                _ => return Ok(None),
            },
            Object::Dictionary(_) => match font.get(b"Encoding") {
                Ok(Object::Reference((number, _))) => {
                    let map = CharacterMap::of(&pdf.stream(*number)?, budget)?;
                    if map.is_vertical || map.spaces.is_empty() {
                        return Ok(None);
                    }
                    Codes::Ranges(map)
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let descendant = match pdf.entry(font, b"DescendantFonts")? {
            Object::Array(fonts) => match fonts.first() {
                Some(font) => pdf.resolved(font)?,
                None => Object::Null,
            },
            _ => Object::Null,
        };
        let Object::Dictionary(descendant) = descendant else {
            return Ok(None);
        };
        Ok(Some(Self {
            widths: Widths::of_composite(pdf, &descendant, &codes)?,
            codes,
            to_unicode,
            glyphs: BTreeMap::new(),
        }))
    }

    fn simple(
        pdf: &mut PdfFile<'_>,
        font: &Dictionary,
        to_unicode: Option<CharacterMap>,
    ) -> Result<Self, ReadError> {
        let set = |name: &[u8]| match name {
            b"WinAnsiEncoding" => Some(WINDOWS_1252),
            b"MacRomanEncoding" => Some(MACINTOSH),
            // In ASCII they differ in two quotation marks.
            b"StandardEncoding" => Some(WINDOWS_1252),
            _ => None,
        };
        let mut glyphs = BTreeMap::new();
        let encoding = match pdf.entry(font, b"Encoding")? {
            Object::Name(name) => set(&name),
            Object::Dictionary(encoding) => {
                if let Object::Array(differences) = pdf.entry(&encoding, b"Differences")? {
                    glyphs = named_glyphs(&differences);
                }
                match pdf.entry(&encoding, b"BaseEncoding")? {
                    Object::Name(name) => set(&name),
                    _ => built_in(pdf, font)?,
                }
            }
            _ => built_in(pdf, font)?,
        };
        Ok(Self {
            codes: Codes::Single(encoding),
            to_unicode,
            glyphs,
            widths: Widths::of_simple(pdf, font)?,
        })
    }

    /// The first code of a string; `None` at its end.
    pub(crate) fn next(&self, string: &[u8]) -> Option<Letter> {
        let &first = string.first()?;
        let bytes = match &self.codes {
            Codes::Single(_) => 1,
            Codes::Double => 2,
            Codes::Utf16 => match first {
                0xD8..=0xDB => 4,
                _ => 2,
            },
            Codes::Gbk => match (first, string.get(1)) {
                (0..=0x80, _) => 1,
                // The codes of four bytes of GB 18030.
                (_, Some(b'0'..=b'9')) => 4,
                _ => 2,
            },
            Codes::Ranges(map) => map.length_of(string),
        };
        let bytes = bytes.min(string.len());
        let raw = &string[..bytes];
        let code = raw
            .iter()
            .fold(0_u32, |code, &byte| code << 8 | u32::from(byte));
        Some(Letter {
            code,
            bytes,
            text: self.text_of(raw, code),
            width: self.widths.of(code, bytes),
        })
    }

    fn text_of(&self, raw: &[u8], code: u32) -> Option<String> {
        let known = self
            .to_unicode
            .as_ref()
            .and_then(|map| map.text_of(code, raw.len()))
            .or_else(|| self.glyphs.get(&code).cloned())
            .or_else(|| match &self.codes {
                Codes::Single(Some(set)) => decoded(set, raw),
                Codes::Utf16 => {
                    let units = raw.chunks(2).map(|pair| match *pair {
                        [high, low] => u16::from_be_bytes([high, low]),
                        _ => 0xFFFD,
                    });
                    String::from_utf16(&units.collect::<Vec<_>>()).ok()
                }
                Codes::Gbk => decoded(GBK, raw),
                Codes::Single(None) | Codes::Double | Codes::Ranges(_) => None,
            });
        // A font of which nothing is known shows nothing; in another one the gap is shown.
        let tells = self.to_unicode.is_some()
            || !self.glyphs.is_empty()
            || !matches!(
                self.codes,
                Codes::Single(None) | Codes::Double | Codes::Ranges(_)
            );
        match known {
            Some(text) => Some(text.chars().filter(|c| !c.is_control()).collect()),
            None => tells.then(|| char::REPLACEMENT_CHARACTER.to_string()),
        }
    }
}

fn decoded(set: &'static Encoding, raw: &[u8]) -> Option<String> {
    let text = set.decode_without_bom_handling_and_without_replacement(raw)?;
    Some(text.into_owned())
}

/// A font with letters, not symbols, has the standard's codes where it names none (9.6.6).
fn built_in(
    pdf: &mut PdfFile<'_>,
    font: &Dictionary,
) -> Result<Option<&'static Encoding>, ReadError> {
    const NONSYMBOLIC: i64 = 1 << 5;
    const LATIN: [&[u8]; 3] = [b"Helvetica", b"Times", b"Courier"];
    let says = match pdf.entry(font, b"FontDescriptor")? {
        Object::Dictionary(descriptor) => {
            let flags = pdf.entry(&descriptor, b"Flags")?;
            let embedded = [&b"FontFile"[..], b"FontFile2", b"FontFile3"]
                .iter()
                .any(|key| descriptor.has(key));
            // The codes of a font program that is not looked at are its own.
            !embedded && flags.as_i64().is_ok_and(|flags| flags & NONSYMBOLIC != 0)
        }
        _ => match pdf.entry(font, b"BaseFont")? {
            Object::Name(name) => LATIN.iter().any(|latin| name.starts_with(latin)),
            _ => false,
        },
    };
    Ok(says.then_some(WINDOWS_1252))
}

/// `[32 /space 65 /A /B …]` (9.6.6.1).
fn named_glyphs(differences: &[Object]) -> BTreeMap<u32, String> {
    let mut glyphs = BTreeMap::new();
    let mut code = 0_u32;
    for item in differences {
        match item {
            Object::Integer(first) => code = u32::try_from(*first).unwrap_or(u32::MAX),
            Object::Name(name) => {
                if code < 256 {
                    let text = glyph(name).unwrap_or(char::REPLACEMENT_CHARACTER);
                    glyphs.insert(code, text.to_string());
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    glyphs
}

/// The letter of a glyph's name (Adobe Glyph List, the names that invoices use).
fn glyph(name: &[u8]) -> Option<char> {
    const NAMES: [(&str, char); 46] = [
        ("space", ' '),
        ("exclam", '!'),
        ("quotedbl", '"'),
        ("numbersign", '#'),
        ("dollar", '$'),
        ("percent", '%'),
        ("ampersand", '&'),
        ("quotesingle", '\''),
        ("parenleft", '('),
        ("parenright", ')'),
        ("asterisk", '*'),
        ("plus", '+'),
        ("comma", ','),
        ("hyphen", '-'),
        ("minus", '-'),
        ("period", '.'),
        ("slash", '/'),
        ("zero", '0'),
        ("one", '1'),
        ("two", '2'),
        ("three", '3'),
        ("four", '4'),
        ("five", '5'),
        ("six", '6'),
        ("seven", '7'),
        ("eight", '8'),
        ("nine", '9'),
        ("colon", ':'),
        ("semicolon", ';'),
        ("less", '<'),
        ("equal", '='),
        ("greater", '>'),
        ("question", '?'),
        ("at", '@'),
        ("bracketleft", '['),
        ("backslash", '\\'),
        ("bracketright", ']'),
        ("underscore", '_'),
        ("braceleft", '{'),
        ("bar", '|'),
        ("braceright", '}'),
        ("yen", '¥'),
        ("Euro", '€'),
        ("nbspace", ' '),
        ("quoteright", '’'),
        ("periodcentered", '·'),
    ];
    let name = std::str::from_utf8(name).ok()?;
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(letter);
    }
    let hex = |digits: &str| {
        let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        all.then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
            .and_then(char::from_u32)
    };
    if let Some(digits) = name.strip_prefix("uni").filter(|rest| rest.len() == 4) {
        return hex(digits);
    }
    if let Some(digits) = (name.strip_prefix('u')).filter(|rest| (4..=6).contains(&rest.len())) {
        return hex(digits);
    }
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, letter)| *letter)
}

/// How wide letters are, in thousandths of the size.
struct Widths {
    by_code: BTreeMap<u32, f64>,
    /// First and last code, by the first.
    ranges: Vec<(u32, u32, f64)>,
    default: f64,
    /// The widths of the codes of a character set are those of its square letters and of half ones.
    is_by_length: bool,
    scale: f64,
}

impl Widths {
    fn of(&self, code: u32, bytes: usize) -> f64 {
        if self.is_by_length {
            let is_half = bytes == 1 || (bytes == 2 && code < 0x100);
            return if is_half { 500.0 } else { 1000.0 };
        }
        if let Some(width) = self.by_code.get(&code) {
            return width * self.scale;
        }
        let after = self.ranges.partition_point(|(first, _, _)| *first <= code);
        let range = after.checked_sub(1).and_then(|at| self.ranges.get(at));
        match range {
            Some((_, last, width)) if code <= *last => *width,
            _ => self.default * self.scale,
        }
    }

    fn of_simple(pdf: &mut PdfFile<'_>, font: &Dictionary) -> Result<Self, ReadError> {
        let first = match pdf.entry(font, b"FirstChar")? {
            Object::Integer(first) => u32::try_from(first).unwrap_or(0),
            _ => 0,
        };
        let mut by_code = BTreeMap::new();
        if let Object::Array(widths) = pdf.entry(font, b"Widths")? {
            for (code, width) in (first..256).zip(&widths) {
                if let Some(width) = number_of(&pdf.resolved(width)?) {
                    by_code.insert(code, width);
                }
            }
        }
        // The widths of a Type 3 font are in its own units (9.6.5).
        let scale = match pdf.entry(font, b"FontMatrix")? {
            Object::Array(items) => items.first().and_then(number_of).unwrap_or(0.001) * 1000.0,
            _ => 1.0,
        };
        Ok(Self {
            // Fonts that every reader has bring no widths; half a square is about right.
            default: if by_code.is_empty() { 500.0 } else { 0.0 },
            by_code,
            ranges: Vec::new(),
            is_by_length: false,
            scale,
        })
    }

    /// `W` and `DW` (9.7.4.3).
    fn of_composite(
        pdf: &mut PdfFile<'_>,
        descendant: &Dictionary,
        codes: &Codes,
    ) -> Result<Self, ReadError> {
        let mut widths = Self {
            by_code: BTreeMap::new(),
            ranges: Vec::new(),
            default: number_of(&pdf.entry(descendant, b"DW")?).unwrap_or(1000.0),
            is_by_length: matches!(codes, Codes::Gbk | Codes::Utf16),
            scale: 1.0,
        };
        let Object::Array(items) = pdf.entry(descendant, b"W")? else {
            return Ok(widths);
        };
        let natural = |object: &Object| match object {
            Object::Integer(number) => u32::try_from(*number).ok(),
            _ => None,
        };
        let mut items = items.iter();
        while let (Some(first), Some(second)) = (items.next().and_then(natural), items.next()) {
            match pdf.resolved(second)? {
                Object::Array(each) => {
                    for (code, width) in (first..).zip(&each) {
                        if let Some(width) = number_of(width) {
                            widths.by_code.insert(code, width);
                        }
                    }
                }
                last => {
                    let width = items.next().and_then(number_of);
                    if let (Some(last), Some(width)) = (natural(&last), width) {
                        widths.ranges.push((first, last, width));
                    }
                }
            }
        }
        widths.ranges.sort_by_key(|(first, _, _)| *first);
        Ok(widths)
    }
}

/// A character map (9.7.5, 9.10.3): which bytes make a code, and which letters a code is.
#[derive(Default)]
struct CharacterMap {
    /// How many bytes, first and last code.
    spaces: Vec<(usize, u32, u32)>,
    letters: BTreeMap<(usize, u32), String>,
    /// By their first code: how many bytes, last code, the letter of the first.
    ranges: BTreeMap<(usize, u32), (u32, String)>,
    is_vertical: bool,
}

impl CharacterMap {
    fn of(content: &[u8], budget: &mut Budget) -> Result<Self, ReadError> {
        /// Ranges of codes; the largest real map has a handful.
        const SPACES_MAX: usize = 64;
        let mut map = Self::default();
        let mut cursor = Cursor::new(content, 0, budget.values);
        let mut operands: Vec<Object> = Vec::new();
        while let Some(token) = cursor.token() {
            let operator = match token {
                Token::Operand(operand) => {
                    operands.push(operand);
                    continue;
                }
                Token::Operator(operator) => operator,
            };
            match operator {
                b"endcodespacerange" => {
                    for pair in operands.chunks_exact(2) {
                        if let (Some(first), Some(last)) = (code_of(&pair[0]), code_of(&pair[1])) {
                            if map.spaces.len() < SPACES_MAX {
                                map.spaces.push((first.0, first.1, last.1));
                            }
                        }
                    }
                }
                b"endbfchar" => {
                    for pair in operands.chunks_exact(2) {
                        if let (Some(code), Some(text)) = (code_of(&pair[0]), text_in(&pair[1])) {
                            spend_letter(budget)?;
                            map.letters.insert(code, text);
                        }
                    }
                }
                b"endbfrange" => {
                    for three in operands.chunks_exact(3) {
                        map.add_range(three, budget)?;
                    }
                }
                b"def" => {
                    if let [.., Object::Name(name), Object::Integer(1)] = &operands[..] {
                        map.is_vertical |= name == b"WMode";
                    }
                }
                _ => {}
            }
            operands.clear();
        }
        budget.values = cursor.values_left;
        if budget.values == 0 {
            return Err(too_complex(
                "operators on its pages",
                PDF_DRAWING_VALUES_MAX,
            ));
        }
        Ok(map)
    }

    fn add_range(&mut self, three: &[Object], budget: &mut Budget) -> Result<(), ReadError> {
        let (Some(first), Some(last)) = (code_of(&three[0]), code_of(&three[1])) else {
            return Ok(());
        };
        match &three[2] {
            Object::Array(each) => {
                for (code, text) in (first.1..=last.1).zip(each) {
                    if let Some(text) = text_in(text) {
                        spend_letter(budget)?;
                        self.letters.insert((first.0, code), text);
                    }
                }
            }
            text => {
                if let Some(text) = text_in(text) {
                    spend_letter(budget)?;
                    self.ranges.insert(first, (last.1, text));
                }
            }
        }
        Ok(())
    }

    fn text_of(&self, code: u32, bytes: usize) -> Option<String> {
        if let Some(text) = self.letters.get(&(bytes, code)) {
            return Some(text.clone());
        }
        let (&(_, first), (last, text)) =
            (self.ranges.range((bytes, 0)..=(bytes, code))).next_back()?;
        if code > *last {
            return None;
        }
        // The last letter counts on.
        let mut letters: Vec<char> = text.chars().collect();
        let counted = u32::from(letters.pop()?).checked_add(code - first)?;
        letters.push(char::from_u32(counted)?);
        Some(letters.into_iter().collect())
    }

    fn length_of(&self, string: &[u8]) -> usize {
        let mut code = 0_u32;
        for (index, byte) in string.iter().take(4).enumerate() {
            code = code << 8 | u32::from(*byte);
            let within = self.spaces.iter().any(|&(bytes, first, last)| {
                // Each byte is in its own range (9.7.6.2).
                bytes == index + 1
                    && (0..bytes).all(|at| {
                        let byte = |code: u32| code >> (8 * at) & 0xFF;
                        (byte(first)..=byte(last)).contains(&byte(code))
                    })
            });
            if within {
                return index + 1;
            }
        }
        self.spaces.iter().map(|space| space.0).min().unwrap_or(1)
    }
}

fn spend_letter(budget: &mut Budget) -> Result<(), ReadError> {
    let left = budget.letters.checked_sub(1);
    budget.letters = left.ok_or(too_complex("letters in its fonts' tables", PDF_LETTERS_MAX))?;
    Ok(())
}

/// How many bytes a code has, and the code.
fn code_of(object: &Object) -> Option<(usize, u32)> {
    match object {
        Object::String(bytes, _) if (1..=4).contains(&bytes.len()) => Some((
            bytes.len(),
            bytes
                .iter()
                .fold(0, |code, &byte| code << 8 | u32::from(byte)),
        )),
        _ => None,
    }
}

/// UTF-16 in a string.
fn text_in(object: &Object) -> Option<String> {
    match object {
        Object::String(bytes, _) if bytes.len() <= LETTER_BYTES_MAX && bytes.len() >= 2 => {
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16(&units)
                .ok()
                .filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(content: &str) -> CharacterMap {
        let mut budget = Budget {
            values: 10_000,
            letters: 100,
        };
        CharacterMap::of(content.as_bytes(), &mut budget).unwrap()
    }

    fn font(codes: Codes, to_unicode: Option<CharacterMap>) -> Font {
        Font {
            codes,
            to_unicode,
            glyphs: BTreeMap::new(),
            widths: Widths {
                by_code: BTreeMap::from([(1, 600.0)]),
                ranges: vec![(5, 9, 250.0)],
                default: 1000.0,
                is_by_length: false,
                scale: 1.0,
            },
        }
    }

    fn text(font: &Font, mut string: &[u8]) -> String {
        let mut all = String::new();
        while let Some(letter) = font.next(string) {
            string = &string[letter.bytes..];
            all.extend(letter.text);
        }
        all
    }

    #[test]
    fn tables_tell_letters_by_themselves_and_in_ranges() {
        let map = map(
            "/CMapName /X def 1 begincodespacerange <0000> <FFFF> endcodespacerange \
             2 beginbfchar <0001> <53D1> <0002> <00660069> endbfchar \
             2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<4E00> <D840DC00>] endbfrange",
        );
        let font = font(Codes::Double, Some(map));
        let codes = b"\x00\x01\x00\x02\x00\x10\x00\x12\x00\x20\x00\x21";
        assert_eq!(text(&font, codes), "发fiAC一𠀀");
        // What the table leaves out is seen to be missing, also half a code.
        assert_eq!(text(&font, b"\x00\x13\x00\x01\x00"), "\u{fffd}发\u{fffd}");
    }

    #[test]
    fn character_sets_tell_letters_without_a_table() {
        let (gbk, _, _) = GBK.encode("票A号𠀀");
        assert_eq!(text(&font(Codes::Gbk, None), b"\xC6\xB1A\xBA\xC5"), "票A号");
        assert_eq!(&gbk[..5], b"\xC6\xB1A\xBA\xC5");
        let utf16 = b"\x79\x68\x00A\xD8\x40\xDC\x00";
        assert_eq!(text(&font(Codes::Utf16, None), utf16), "票A𠀀");
        assert_eq!(text(&font(Codes::Utf16, None), b"\xD8\x40"), "\u{fffd}");
        assert_eq!(
            text(&font(Codes::Single(Some(WINDOWS_1252)), None), b"\x80 5"),
            "€ 5"
        );
    }

    #[test]
    fn a_font_without_any_table_shows_nothing() {
        for codes in [Codes::Double, Codes::Single(None)] {
            assert_eq!(text(&font(codes, None), b"\x00\x01\x00\x02"), "");
        }
    }

    #[test]
    fn codes_are_cut_by_their_ranges() {
        let spaces = map("2 begincodespacerange <00> <80> <8140> <FEFE> endcodespacerange");
        let table = map("2 beginbfchar <41> <0041> <C6B1> <7968> endbfchar");
        let font = font(Codes::Ranges(spaces), Some(table));
        assert_eq!(text(&font, b"A\xC6\xB1A"), "A票A");
        // Outside all ranges, and at the end.
        assert_eq!(text(&font, b"\xFF\xC6"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn names_of_glyphs_are_letters() {
        for (name, letter) in [
            ("A", 'A'),
            ("five", '5'),
            ("uni53D1", '发'),
            ("u20000", '𠀀'),
            ("yen", '¥'),
        ] {
            assert_eq!(glyph(name.as_bytes()), Some(letter));
        }
        for unknown in ["g17", "uniD800", "uni53", "universe", "", "u+0041"] {
            assert_eq!(glyph(unknown.as_bytes()), None, "{unknown}");
        }
    }

    #[test]
    fn widths_stand_alone_or_in_ranges() {
        let font = font(Codes::Double, None);
        let width = |code| font.widths.of(code, 2);
        assert_eq!(
            [1, 2, 5, 9, 10].map(width),
            [600.0, 1000.0, 250.0, 250.0, 1000.0]
        );
    }

    #[test]
    fn tables_are_bounded() {
        let content = "1 beginbfchar <0001> <0041> endbfchar ".repeat(101);
        let mut budget = Budget {
            values: 10_000,
            letters: 100,
        };
        let refused = CharacterMap::of(content.as_bytes(), &mut budget).err();
        assert_eq!(refused.unwrap().kind(), "pdf-too-complex");
    }
}
