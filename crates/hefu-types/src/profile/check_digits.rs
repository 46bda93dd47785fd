//! Check characters of legal numbers.

/// The check character of ISO/IEC 7064 MOD 37,36 over `0`-`9` and `A`-`Z`, as GB/T 36904 uses it;
/// `None` where another character stands in the text.
pub fn mod_37_36(text: impl IntoIterator<Item = u8>) -> Option<u8> {
    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut product = 36;
    for byte in text {
        let value = ALPHABET.iter().position(|&letter| letter == byte)?;
        let sum = match (product + value) % 36 {
            0 => 36,
            sum => sum,
        };
        product = sum * 2 % 37;
    }
    ALPHABET.get((37 - product) % 36).copied()
}

/// Whether a text is a unified social credit code of China with its check character: 18 of `0`-`9` and
/// `A`-`Z` without I, O, S, V, Z; the last is that of MOD 31 with the weights 3^i (GB 32100-2015, 4.6).
pub fn is_credit_code(text: &str) -> bool {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |byte: u8| ALPHABET.iter().position(|&letter| letter == byte);
    let values: Option<Vec<usize>> = text.bytes().map(value).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else {
        return false;
    };
    let mut weight = 1;
    let mut sum = 0;
    for value in &values[..17] {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    values[17] == (31 - sum % 31) % 31
}

/// CRC-8 with the polynomial 0x07 and the initial value 0, as KSeF uses it for its numbers.
pub fn crc_8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| {
            let carry = crc & 0x80 != 0;
            (crc << 1) ^ if carry { 0x07 } else { 0 }
        })
    })
}

/// The check digit, modulo 11 with the weights 2 to 9 from the right, of the access key of a Brazilian
/// NF-e (Manual de Orientação do Contribuinte, 7.0, 2.2.6.2). Since 2026 letters count as their code
/// less 48, which is what digits do.
pub fn mod_11(text: &[u8]) -> u8 {
    let weighted = text.iter().rev().zip((2..=9).cycle());
    let sum: u32 = weighted
        .map(|(&byte, weight)| u32::from(byte.wrapping_sub(b'0')) * weight)
        .sum();
    match sum % 11 {
        0 | 1 => b'0',
        // 11 less 2 to 10 is one digit.
        rest => b'0' + (11 - rest) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold() {
        let iso = |text: &str| mod_37_36(text.bytes()).map(char::from);
        assert_eq!(
            iso("11100000000013338W03211220000013544541J2430599001"),
            Some('F')
        );
        assert_eq!(iso("A12425GABC1234002"), Some('M')); // ISO 7064's own, as GRid uses it
        assert_eq!((iso("a"), iso(".")), (None, None));
        // Published codes of companies in the documents of invoices.
        for code in ["91440300708461136T", "91330000MA27U02Q5X"] {
            assert_eq!(is_credit_code(code), code == "91440300708461136T", "{code}");
        }
        assert_eq!(crc_8(b"5265877635-20250826-0100001AF629"), 0xaf);
        assert_eq!(crc_8(b"123456789"), 0xf4); // the catalogue's check value of CRC-8/SMBUS
        assert_eq!(mod_11(b"3518083412874500015255001000047450159735634"), b'2');
    }
}
