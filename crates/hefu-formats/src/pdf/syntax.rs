//! Objects of a PDF as they are written (ISO 32000-1, 7.2 and 7.3).

use lopdf::{Dictionary, Object, StringFormat};

use crate::limits::PDF_DEPTH_MAX;

/// A piece of a page's drawing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'a> {
    Operand(Object),
    Operator(&'a [u8]),
}

/// A place in the bytes, and how many more values may be read.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
    pub(crate) values_left: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize, values_left: usize) -> Self {
        Self {
            bytes,
            at,
            values_left,
        }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip_while(&mut self, accepts: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let count = rest
            .iter()
            .position(|&byte| !accepts(byte))
            .unwrap_or(rest.len());
        self.at += count;
        &rest[..count]
    }

    /// White space and comments.
    pub(crate) fn skip_space(&mut self) {
        loop {
            self.skip_while(is_space);
            if self.peek() != Some(b'%') {
                return;
            }
            self.skip_while(|byte| byte != b'\r' && byte != b'\n');
        }
    }

    /// Whether the word stands here; if so it is behind the cursor now.
    pub(crate) fn takes(&mut self, word: &[u8]) -> bool {
        let stands = self.rest().starts_with(word);
        if stands {
            self.at += word.len();
        }
        stands
    }

    /// A number without sign or point, behind white space.
    pub(crate) fn natural<N: TryFrom<u64>>(&mut self) -> Option<N> {
        self.skip_space();
        let digits = self.skip_while(|byte| byte.is_ascii_digit());
        let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        N::try_from(number).ok()
    }

    /// The header of an indirect object, `12 0 obj`.
    pub(crate) fn object_header(&mut self) -> Option<(u32, u16)> {
        let id = (self.natural()?, self.natural()?);
        self.skip_space();
        self.takes(b"obj").then_some(id)
    }

    /// One object; `None` where none is written, it nests too deep or the values are used up.
    pub(crate) fn object(&mut self) -> Option<Object> {
        self.object_within(PDF_DEPTH_MAX)
    }

    /// An operand or an operator of a page's drawing or a character map; `None` at its end. What is
    /// neither is skipped.
    pub(crate) fn token(&mut self) -> Option<Token<'a>> {
        loop {
            self.skip_space();
            let start = self.at;
            let first = self.peek()?;
            let is_word = is_regular(first) && !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.');
            if is_word {
                self.values_left = self.values_left.checked_sub(1)?;
                return Some(match self.skip_while(is_regular) {
                    b"true" => Token::Operand(Object::Boolean(true)),
                    b"false" => Token::Operand(Object::Boolean(false)),
                    b"null" => Token::Operand(Object::Null),
                    word => Token::Operator(word),
                });
            }
            if let Some(object) = self.object() {
                return Some(Token::Operand(object));
            }
            if self.values_left == 0 {
                return None;
            }
            // A damaged operand. The values spent on it bound how often that is repeated.
            self.at = self.at.max(start + 1);
        }
    }

    /// Steps over the picture that is written between its operators `ID` and `EI` (8.9.7).
    pub(crate) fn skip_inline_picture(&mut self) {
        let ends = |window: &[u8]| {
            is_space(window[0]) && &window[1..3] == b"EI" && (!is_regular(window[3]))
        };
        let rest = self.rest();
        self.at += match rest.windows(4).position(ends) {
            Some(position) => position + 3,
            None => rest.len(),
        };
    }

    fn object_within(&mut self, depth: usize) -> Option<Object> {
        self.values_left = self.values_left.checked_sub(1)?;
        self.skip_space();
        match self.peek()? {
            b'/' => self.name().map(Object::Name),
            b'(' => self.literal_string(),
            b'<' if self.rest().starts_with(b"<<") => self
                .dictionary(depth.checked_sub(1)?)
                .map(Object::Dictionary),
            b'<' => self.hexadecimal_string(),
            b'[' => self.array(depth.checked_sub(1)?),
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number_or_reference(),
            _ => match self.skip_while(is_regular) {
                b"true" => Some(Object::Boolean(true)),
                b"false" => Some(Object::Boolean(false)),
                b"null" => Some(Object::Null),
                _ => None,
            },
        }
    }

    fn number_or_reference(&mut self) -> Option<Object> {
        let start = self.at;
        if let (Some(number), Some(generation)) = (self.natural(), self.natural()) {
            self.skip_space();
            if self.takes(b"R") && !self.peek().is_some_and(is_regular) {
                return Some(Object::Reference((number, generation)));
            }
        }
        self.at = start;
        let text = std::str::from_utf8(self.skip_while(is_regular)).ok()?;
        match text.parse() {
            Ok(integer) => Some(Object::Integer(integer)),
            // Odd ones (`--5`, `1.-2`) are zero, as other readers have it.
            Err(_) => Some(Object::Real(text.parse().unwrap_or_default())),
        }
    }

    fn name(&mut self) -> Option<Vec<u8>> {
        self.next()?;
        let raw = self.skip_while(is_regular);
        let mut name = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let [first, tail @ ..] = rest {
            let escaped = match tail {
                [high, low, ..] if *first == b'#' => hex(*high).zip(hex(*low)),
                _ => None,
            };
            match escaped {
                Some((high, low)) => {
                    name.push(high << 4 | low);
                    rest = &tail[2..];
                }
                None => {
                    name.push(*first);
                    rest = tail;
                }
            }
        }
        Some(name)
    }

    fn literal_string(&mut self) -> Option<Object> {
        self.next()?;
        let mut text = Vec::new();
        let mut open = 1_usize;
        loop {
            match self.next()? {
                b'(' => {
                    open += 1;
                    text.push(b'(');
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Some(Object::String(text, StringFormat::Literal));
                    }
                    text.push(b')');
                }
                b'\\' => text.extend(self.escaped()?),
                byte => text.push(byte),
            }
        }
    }

    /// What a backslash in a literal string stands for; nothing at the end of a line.
    fn escaped(&mut self) -> Option<Option<u8>> {
        Some(match self.next()? {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' => Some(8),
            b'f' => Some(12),
            b'\n' => None,
            b'\r' => {
                self.takes(b"\n");
                None
            }
            first @ b'0'..=b'7' => {
                let mut code = u32::from(first - b'0');
                for _ in 0..2 {
                    match self.peek() {
                        Some(digit @ b'0'..=b'7') => {
                            code = code * 8 + u32::from(digit - b'0');
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                // Overflow of the third digit is ignored (7.3.4.2).
                Some((code & 0xFF) as u8)
            }
            other => Some(other),
        })
    }

    fn hexadecimal_string(&mut self) -> Option<Object> {
        self.next()?;
        let mut digits = Vec::new();
        loop {
            match self.next()? {
                b'>' => break,
                byte if is_space(byte) => {}
                byte => digits.push(hex(byte)?),
            }
        }
        let bytes = digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0))
            .collect();
        Some(Object::String(bytes, StringFormat::Hexadecimal))
    }

    fn array(&mut self, depth: usize) -> Option<Object> {
        self.next()?;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.takes(b"]") {
                return Some(Object::Array(items));
            }
            items.push(self.object_within(depth)?);
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<Dictionary> {
        self.at += 2;
        let mut dictionary = Dictionary::new();
        loop {
            self.skip_space();
            if self.takes(b">>") {
                return Some(dictionary);
            }
            if self.peek() != Some(b'/') {
                return None;
            }
            let key = self.name()?;
            dictionary.set(key, self.object_within(depth)?);
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Object> {
        Cursor::new(text.as_bytes(), 0, 1000).object()
    }

    #[test]
    fn objects_are_read() {
        let text = b"<< /A#20B 12 /C [1 0 R -3 .5 true null] % comment >>\n /D (a\\)\\050(b)\\\r\nc\\101) /E <48 6> >>";
        let object = Cursor::new(text, 0, 1000).object().unwrap();
        let dictionary = object.as_dict().unwrap();
        assert_eq!(dictionary.get(b"A B").unwrap().as_i64().unwrap(), 12);
        let items = dictionary.get(b"C").unwrap().as_array().unwrap();
        assert_eq!(items.len(), 5);
        assert_eq!(items[0].as_reference().unwrap(), (1, 0));
        assert_eq!(items[1].as_i64().unwrap(), -3);
        assert_eq!(dictionary.get(b"D").unwrap().as_str().unwrap(), b"a)((b)cA");
        assert_eq!(dictionary.get(b"E").unwrap().as_str().unwrap(), b"H`");
    }

    #[test]
    fn numbers_are_not_mistaken_for_references() {
        let items = parse("[1 2 3 0 R 4 5]").unwrap();
        let items = items.as_array().unwrap();
        assert_eq!(items.len(), 5);
        assert_eq!(items[2].as_reference().unwrap(), (3, 0));
    }

    #[test]
    fn what_is_not_an_object_is_none() {
        for text in [
            "",
            "<<",
            "<< /A",
            "<< 1 2 >>",
            "[",
            "(",
            "(\\",
            "<4",
            "<x>",
            "word",
            ">>",
            "]",
            "{}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn drawings_are_operands_and_operators() {
        let text =
            b"q 1 0 0 RG /F1 9 Tf ) (a) Tj % end\n[1 (b)] TJ true Q BI /W 1 ID \x01( EI2 EI Q";
        let mut cursor = Cursor::new(text, 0, 1000);
        let mut words = Vec::new();
        while let Some(token) = cursor.token() {
            if let Token::Operator(word) = token {
                words.push(word);
                if word == b"ID" {
                    cursor.skip_inline_picture();
                }
            }
        }
        let expected: [&[u8]; 9] = [b"q", b"RG", b"Tf", b"Tj", b"TJ", b"Q", b"BI", b"ID", b"Q"];
        assert_eq!(words, expected);
        assert_eq!(Cursor::new(b"[[[[", 0, 3).token(), None);
        assert_eq!(Cursor::new(b"))))", 0, 1000).token(), None);
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(PDF_DEPTH_MAX)).is_some());
        assert!(parse(&nested(PDF_DEPTH_MAX + 1)).is_none());
        assert!(parse(&"<</A".repeat(100_000)).is_none());
        assert!(parse(&format!("[{}]", "1 ".repeat(999))).is_some());
        assert!(parse(&format!("[{}]", "1 ".repeat(1000))).is_none());
    }
}
