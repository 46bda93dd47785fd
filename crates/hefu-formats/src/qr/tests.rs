use proptest::prelude::*;

use super::*;

const INVOICE: &str = "01,32,,25992000000000012345,1000.00,20250618,,9A3F";

/// A code with four white modules around, as grey values.
fn drawn(content: &[u8], scale: usize) -> (usize, Vec<u8>) {
    let code = qrcode::QrCode::new(content).unwrap();
    let modules = code.width();
    let colors = code.to_colors();
    let side = (modules + 8) * scale;
    let mut luma = vec![255; side * side];
    for (index, color) in colors.iter().enumerate() {
        if *color == qrcode::Color::Light {
            continue;
        }
        let (x, y) = (index % modules + 4, index / modules + 4);
        for line in y * scale..(y + 1) * scale {
            luma[line * side + x * scale..line * side + (x + 1) * scale].fill(0);
        }
    }
    (side, luma)
}

fn turned(side: usize, luma: &[u8]) -> Vec<u8> {
    (0..side * side)
        .map(|at| luma[(side - 1 - at % side) * side + at / side])
        .collect()
}

/// Turned by a few degrees and shrunk by a fraction, as a scanner or a layout does.
fn askew(side: usize, luma: &[u8], degrees: f32, scale: f32) -> (usize, Vec<u8>) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let middle = side as f32 / 2.0;
    let new = (side as f32 * scale * 1.2) as usize;
    let mut out = Vec::new();
    for y in 0..new {
        for x in 0..new {
            let (dx, dy) = (
                (x as f32 - new as f32 / 2.0) / scale,
                (y as f32 - new as f32 / 2.0) / scale,
            );
            let (x, y) = (middle + dx * cos - dy * sin, middle + dx * sin + dy * cos);
            let inside = (0.0..side as f32).contains(&x) && (0.0..side as f32).contains(&y);
            out.push(if inside {
                luma[y as usize * side + x as usize]
            } else {
                240
            });
        }
    }
    (new, out)
}

#[test]
fn codes_of_all_sizes_and_turns_are_read() {
    for (length, scales) in [
        (1, &[1, 2, 3][..]),
        (50, &[1, 3, 5]),
        (120, &[1, 2]),
        (700, &[2]),
    ] {
        let text = INVOICE.repeat(1 + length / INVOICE.len());
        for &scale in scales {
            let (side, mut luma) = drawn(&text.as_bytes()[..length], scale);
            for _ in 0..4 {
                let codes = codes_in_luma(side, side, &luma);
                assert_eq!(codes, [&text[..length]], "{length} at {scale}");
                luma = turned(side, &luma);
            }
        }
    }
}

#[test]
fn a_scanned_code_is_read() {
    let (side, luma) = drawn(INVOICE.as_bytes(), 8);
    for degrees in [-3.0, 1.0, 7.0, 20.0] {
        for scale in [0.53, 0.8, 1.13] {
            let (new, luma) = askew(side, &luma, degrees, scale);
            assert_eq!(
                codes_in_luma(new, new, &luma),
                [INVOICE],
                "{degrees} {scale}"
            );
        }
    }
}

#[test]
fn two_codes_in_one_picture_are_both_read() {
    let (side, one) = drawn(b"first", 3);
    let (other_side, two) = drawn(b"other", 3);
    assert_eq!(side, other_side);
    let mut codes = codes_in_luma(side, 2 * side, &[one, two].concat());
    codes.sort();
    assert_eq!(codes, ["first", "other"]);
}

#[test]
fn binary_content_is_no_text_or_harmless() {
    let (side, luma) = drawn(&[0, 255, 254, 128, 7, 200, 0, 1, 2, 3, 255, 255], 3);
    assert_eq!(codes_in_luma(side, side, &luma), [""; 0]);
    let (name, _, _) = encoding_rs::GBK.encode("发票");
    let (side, luma) = drawn(&name, 3);
    assert_eq!(codes_in_luma(side, side, &luma), ["发票"]);
}

fn png_of(side: usize, luma: &[u8], color: png::ColorType, samples: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    let data: Vec<u8> = (luma.iter())
        .flat_map(|&grey| match samples {
            1 => vec![grey],
            // Black on nothing.
            2 => vec![0, 255 - grey],
            3 => vec![grey; 3],
            _ => vec![0, 0, 0, 255 - grey],
        })
        .collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&data).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn png_pictures_of_each_kind_are_read() {
    let (side, luma) = drawn(INVOICE.as_bytes(), 3);
    for (color, samples) in [
        (png::ColorType::Grayscale, 1),
        (png::ColorType::GrayscaleAlpha, 2),
        (png::ColorType::Rgb, 3),
        (png::ColorType::Rgba, 4),
    ] {
        let png = png_of(side, &luma, color, samples);
        assert_eq!(codes_in_png(&png), [INVOICE], "{color:?}");
    }
}

#[test]
fn a_png_that_claims_to_be_huge_is_left() {
    let (side, luma) = drawn(b"x", 1);
    let png = png_of(side, &luma, png::ColorType::Grayscale, 1);
    for (width, height) in [
        (u32::MAX, u32::MAX),
        (1 << 20, 1 << 20),
        (0, 0),
        (4 << 20, 2),
    ] {
        let mut wild = png.clone();
        wild[16..20].copy_from_slice(&width.to_be_bytes());
        wild[20..24].copy_from_slice(&height.to_be_bytes());
        assert_eq!(codes_in_png(&wild), [""; 0]);
    }
}

#[test]
fn many_finder_patterns_end_soon() {
    // A carpet of finder patterns, nine pixels apart.
    let side = 900;
    let ring = [
        0b111_1111, 0b100_0001, 0b101_1101, 0b101_1101, 0b101_1101, 0b100_0001, 0b111_1111,
    ];
    let luma: Vec<u8> = (0..side * side)
        .map(|at| {
            let (x, y) = (at % side % 9, at / side % 9);
            let black = y < 7 && x < 7 && ring[y] >> x & 1 == 1;
            if black {
                0
            } else {
                255
            }
        })
        .collect();
    assert_eq!(codes_in_luma(side, side, &luma), [""; 0]);
    assert_eq!(codes_in_luma(side, side, &luma[1..]), [""; 0]);
    assert_eq!(codes_in_luma(usize::MAX, 2, &luma), [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_codes_never_panic(
        length in 1..200_usize,
        scale in 1..4_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1..60_usize), 0..40),
    ) {
        let (side, mut luma) = drawn(&[b'7'; 200][..length], scale);
        for (place, grey, count) in damage {
            let at = place.index(luma.len());
            let end = (at + count).min(luma.len());
            luma[at..end].fill(grey);
        }
        for text in codes_in_luma(side, side, &luma) {
            prop_assert!(text.len() <= VALUE_BYTES_MAX);
        }
    }

    #[test]
    fn arbitrary_grids_never_panic(version in 1..=40_usize, seed in any::<u64>(), keeps in 0..100_u64) {
        // What follows the grid is the other party's: it is given anything.
        let size = 17 + 4 * version;
        let grid = rqrr::SimpleGrid::from_func(size, |x, y| {
            let mixed = (x as u64 + 77).wrapping_mul(y as u64 + 13).wrapping_mul(seed | 1);
            (mixed >> 17) % 100 < keeps
        });
        let mut bytes = Vec::new();
        let _ = rqrr::Grid::new(grid).decode_to(&mut bytes);
    }

    #[test]
    fn arbitrary_pictures_never_panic(width in 1..80_usize, bytes in prop::collection::vec(any::<u8>(), 0..5000)) {
        let height = bytes.len() / width;
        codes_in_luma(width, height, &bytes[..width * height]);
        codes_in_png(&bytes);
    }
}
