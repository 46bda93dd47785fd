//! Pictures on the pages of a PDF, for the codes in them (ISO 32000-1, 8.9).
//!
//! Software draws a code in grey, in colours or as a stencil, packed without loss. Photographs
//! (JPEG, JPEG 2000) and fax pictures are not unpacked.

use lopdf::{Dictionary, Object};

use super::file::PdfFile;
use crate::limits::{
    PDF_PICTURES_PIXELS_MAX, PDF_PICTURE_PIXELS_MAX, PDF_STREAM_BYTES_MAX, QR_PIXELS_MAX,
};
use crate::page::Code;
use crate::qr::{codes_in_luma, grey_of};
use crate::ReadError;

/// What the codes in these pictures (page and object) say. A picture that cannot be read has none.
pub(crate) fn codes(pdf: &mut PdfFile<'_>, pictures: &[(u32, u32)]) -> Vec<Code> {
    let mut codes: Vec<Code> = Vec::new();
    let mut pixels_left = PDF_PICTURES_PIXELS_MAX;
    for (page, number) in pictures {
        let Ok(Some((width, height, luma))) = luma(pdf, *number, &mut pixels_left) else {
            continue;
        };
        for text in codes_in_luma(width, height, &luma) {
            let place = format!("page {page} (QR code)");
            codes.push(Code { text, place });
        }
    }
    codes
}

/// How the samples of a pixel make a grey value.
enum Colors {
    Grey,
    Rgb,
    Cmyk,
    /// The grey values of the colours that a sample chooses from.
    Indexed(Vec<u8>),
}

impl Colors {
    const fn samples(&self) -> usize {
        match self {
            Self::Grey | Self::Indexed(_) => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }

    /// Of samples from 0 to 255, of an index as it is.
    fn grey(&self, samples: &[u8]) -> u8 {
        match (self, samples) {
            (Self::Grey, &[grey]) => grey,
            (Self::Rgb, &[red, green, blue]) => grey_of(red, green, blue),
            (Self::Cmyk, &[c, m, y, k]) => {
                let light = |ink: u8| ((255 - u16::from(ink)) * (255 - u16::from(k)) / 255) as u8;
                grey_of(light(c), light(m), light(y))
            }
            (Self::Indexed(palette), &[index]) => {
                palette.get(usize::from(index)).copied().unwrap_or(255)
            }
            _ => 255,
        }
    }
}

fn luma(
    pdf: &mut PdfFile<'_>,
    number: u32,
    pixels_left: &mut usize,
) -> Result<Option<(usize, usize, Vec<u8>)>, ReadError> {
    let Object::Dictionary(picture) = pdf.resolved(&Object::Reference((number, 0)))? else {
        return Ok(None);
    };
    let mut natural = |key: &[u8]| -> Result<Option<usize>, ReadError> {
        let number = pdf.entry(&picture, key)?.as_i64();
        Ok(number.ok().and_then(|number| usize::try_from(number).ok()))
    };
    let (width, height) = (natural(b"Width")?, natural(b"Height")?);
    let bits = natural(b"BitsPerComponent")?;
    let (Some(width), Some(height)) = (width, height) else {
        return Ok(None);
    };
    let pixels = width.checked_mul(height);
    let pixels = pixels.filter(|pixels| (1..=PDF_PICTURE_PIXELS_MAX).contains(pixels));
    let Some(left) = pixels.and_then(|pixels| pixels_left.checked_sub(pixels)) else {
        return Ok(None);
    };
    *pixels_left = left;
    let is_stencil = pdf.entry(&picture, b"ImageMask")? == Object::Boolean(true);
    let (colors, bits) = match is_stencil {
        true => (Some(Colors::Grey), 1),
        false => {
            let space = pdf.entry(&picture, b"ColorSpace")?;
            (colors(pdf, &space)?, bits.unwrap_or(8))
        }
    };
    let (Some(colors), 1 | 2 | 4 | 8) = (colors, bits) else {
        return Ok(None);
    };
    let inverted = inverts(pdf, &picture, &colors)?;
    let (_, content) = pdf.stream_within(number, PDF_STREAM_BYTES_MAX)?;
    // Lines begin with a byte (8.9.5.2).
    let line_bytes = (width * colors.samples() * bits).div_ceil(8);
    if content.len() < line_bytes * height {
        return Ok(None);
    }
    let sample = |line: &[u8], at: usize| {
        let bit = at * bits;
        let byte = line.get(bit / 8).copied().unwrap_or(0);
        let raw = byte >> (8 - bits - bit % 8) & (0xFF >> (8 - bits));
        match colors {
            Colors::Indexed(_) => raw,
            _ => {
                let full = (u16::from(raw) * 255 / (0xFF >> (8 - bits))) as u8;
                if inverted {
                    255 - full
                } else {
                    full
                }
            }
        }
    };
    // A large picture is made smaller: what is one pixel then has the mean of several.
    let mut shrink = 1;
    while (width / shrink) * (height / shrink) > QR_PIXELS_MAX {
        shrink += 1;
    }
    let (new_width, new_height) = (width / shrink, height / shrink);
    let count = colors.samples();
    let mut luma = vec![0; new_width * new_height];
    let mut sums = vec![0_u32; new_width];
    let mut samples = [0; 4];
    for (y, line) in content
        .chunks_exact(line_bytes)
        .take(new_height * shrink)
        .enumerate()
    {
        for x in 0..new_width * shrink {
            for (index, value) in samples[..count].iter_mut().enumerate() {
                *value = sample(line, x * count + index);
            }
            sums[x / shrink] += u32::from(colors.grey(&samples[..count]));
        }
        if y % shrink == shrink - 1 {
            let from = y / shrink * new_width;
            for (grey, sum) in luma[from..from + new_width].iter_mut().zip(&mut sums) {
                *grey = (*sum / (shrink * shrink) as u32) as u8;
                *sum = 0;
            }
        }
    }
    Ok(Some((new_width, new_height, luma)))
}

/// Whether `Decode` turns dark into bright.
fn inverts(
    pdf: &mut PdfFile<'_>,
    picture: &Dictionary,
    colors: &Colors,
) -> Result<bool, ReadError> {
    let Object::Array(limits) = pdf.entry(picture, b"Decode")? else {
        return Ok(false);
    };
    let first = limits.first().and_then(super::text::number_of);
    Ok(!matches!(colors, Colors::Indexed(_)) && first == Some(1.0))
}

fn colors(pdf: &mut PdfFile<'_>, space: &Object) -> Result<Option<Colors>, ReadError> {
    let by_name = |name: &[u8]| match name {
        b"DeviceGray" | b"CalGray" | b"G" => Some(Colors::Grey),
        b"DeviceRGB" | b"CalRGB" | b"RGB" => Some(Colors::Rgb),
        b"DeviceCMYK" | b"CMYK" => Some(Colors::Cmyk),
        _ => None,
    };
    let items = match space {
        Object::Name(name) => return Ok(by_name(name)),
        Object::Array(items) => items,
        _ => return Ok(None),
    };
    match items.first() {
        Some(Object::Name(name)) if name == b"ICCBased" => {
            let Some(Object::Dictionary(profile)) = items
                .get(1)
                .map(|profile| pdf.resolved(profile))
                .transpose()?
            else {
                return Ok(None);
            };
            Ok(match pdf.entry(&profile, b"N")? {
                Object::Integer(1) => Some(Colors::Grey),
                Object::Integer(3) => Some(Colors::Rgb),
                Object::Integer(4) => Some(Colors::Cmyk),
                _ => None,
            })
        }
        Some(Object::Name(name)) if name == b"Indexed" || name == b"I" => {
            let [_, base, _, table] = &items[..] else {
                return Ok(None);
            };
            let base = match pdf.resolved(base)? {
                // A palette of a palette is none (8.6.6.3), and could go on for ever.
                Object::Array(items)
                    if matches!(items.first(), Some(Object::Name(name))
                        if matches!(&name[..], b"Indexed" | b"I")) =>
                {
                    return Ok(None);
                }
                base => colors(pdf, &base)?,
            };
            let Some(base) = base else {
                return Ok(None);
            };
            let table = match table {
                Object::Reference((number, _)) => match pdf.resolved(table)? {
                    Object::String(bytes, _) => bytes,
                    _ => pdf.stream(*number)?,
                },
                Object::String(bytes, _) => bytes.clone(),
                _ => return Ok(None),
            };
            let entries = table.chunks_exact(base.samples()).take(256);
            Ok(Some(Colors::Indexed(
                entries.map(|entry| base.grey(entry)).collect(),
            )))
        }
        Some(Object::Name(name)) => Ok(by_name(name)),
        _ => Ok(None),
    }
}
