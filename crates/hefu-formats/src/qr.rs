//! QR codes in pictures (ISO/IEC 18004).
//!
//! A code is found here and decoded by `rqrr`. The half of `rqrr` that finds codes stays out: it
//! trusts its picture (a timing pattern of one colour ends an assertion, thousands of finder
//! patterns are tried three by three, each time on a copy of the picture). The pictures meant here
//! were drawn by software: a code in them is flat, though it may be turned. So three finder
//! patterns and a straight grid between them are enough.

use std::collections::BTreeSet;

use crate::limits::{
    QR_CANDIDATES_MAX, QR_FINDERS_MAX, QR_PIXELS_MAX, QR_TRIES_MAX, VALUE_BYTES_MAX,
};

/// What the QR codes in a picture of grey values say, 0 is black; each text once. A picture beyond
/// the limits, or one whose bytes are not `width` times `height`, has none.
pub(crate) fn codes_in_luma(width: usize, height: usize, luma: &[u8]) -> Vec<String> {
    let sized = width.checked_mul(height) == Some(luma.len()) && luma.len() <= QR_PIXELS_MAX;
    if !sized || width < 21 || height < 21 {
        return Vec::new();
    }
    let picture = Picture::of(width, height, luma);
    let mut finders = picture.finders();
    let mut texts = Vec::new();
    let mut tries = 0;
    // A code found takes its finder patterns away, so that several codes in a picture are found.
    while let Some((text, used)) = picture.one_code(&finders, &mut tries) {
        if !texts.contains(&text) {
            texts.push(text);
        }
        finders.retain(|finder| !used.contains(finder));
    }
    texts
}

/// What the QR codes in a PNG picture say.
pub(crate) fn codes_in_png(bytes: &[u8]) -> Vec<String> {
    luma_of_png(bytes)
        .map(|(width, height, luma)| codes_in_luma(width, height, &luma))
        .unwrap_or_default()
}

/// The grey values of a PNG; what is transparent shows white paper.
fn luma_of_png(bytes: &[u8]) -> Option<(usize, usize, Vec<u8>)> {
    let limits = png::Limits {
        bytes: 4 * QR_PIXELS_MAX,
    };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let pixels = width.checked_mul(height)?;
    if pixels == 0 || pixels > QR_PIXELS_MAX {
        return None;
    }
    let mut pixels = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut pixels).ok()?;
    let samples = frame.color_type.samples();
    let lines = pixels.get(..frame.buffer_size())?;
    let luma = lines.chunks_exact(samples).map(|pixel| match *pixel {
        [grey] => grey,
        [grey, alpha] => on_paper(grey, alpha),
        [red, green, blue] => grey_of(red, green, blue),
        [red, green, blue, alpha] => on_paper(grey_of(red, green, blue), alpha),
        _ => 255,
    });
    Some((width, height, luma.collect()))
}

fn on_paper(grey: u8, alpha: u8) -> u8 {
    let (grey, alpha) = (u32::from(grey), u32::from(alpha));
    ((grey * alpha + 255 * (255 - alpha)) / 255) as u8
}

/// The brightness of a colour (ITU-R BT.601).
pub(crate) fn grey_of(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1000) as u8
}

/// A picture in black and white.
struct Picture {
    width: usize,
    height: usize,
    black: Vec<bool>,
}

/// The middle of a finder pattern and how wide one of its seven modules is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Finder {
    x: f32,
    y: f32,
    module: f32,
}

impl Finder {
    fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

impl Picture {
    fn of(width: usize, height: usize, luma: &[u8]) -> Self {
        let (darkest, brightest) = luma.iter().fold((255, 0), |(low, high), &grey| {
            (grey.min(low), grey.max(high))
        });
        let middle = ((u16::from(darkest) + u16::from(brightest)) / 2) as u8;
        Self {
            width,
            height,
            black: luma
                .iter()
                .map(|&grey| grey <= middle && grey < brightest)
                .collect(),
        }
    }

    /// Beyond its edges the picture is white.
    fn is_black(&self, x: usize, y: usize) -> bool {
        x < self.width && y < self.height && self.black[y * self.width + x]
    }

    /// Where black, white, black, white, black stand in a line as 1:1:3:1:1, from left to right and
    /// from top to bottom.
    fn finders(&self) -> Vec<Finder> {
        let mut finders: Vec<(Finder, usize)> = Vec::new();
        for y in 0..self.height {
            let mut runs = Runs::default();
            for x in 0..=self.width {
                let Some((middle, module)) = runs.next(self.is_black(x, y), x) else {
                    continue;
                };
                // One finder pattern is met by many lines.
                let seen = finders.iter_mut().find(|(finder, _)| {
                    (finder.x - middle).abs() < 2.0 * module
                        && (finder.y - y as f32).abs() < 4.0 * module
                });
                if let Some((_, lines)) = seen {
                    *lines += 1;
                    continue;
                }
                let Some((center, vertical)) = self.across(middle as usize, y, module) else {
                    continue;
                };
                let alike = (0.5..2.0).contains(&(vertical / module));
                if alike && (center - y as f32).abs() < 2.5 * module {
                    let finder = Finder {
                        x: middle,
                        y: center,
                        module: (module + vertical) / 2.0,
                    };
                    finders.push((finder, 1));
                }
                if finders.len() >= QR_CANDIDATES_MAX {
                    return best(finders);
                }
            }
        }
        best(finders)
    }

    /// The same proportions from top to bottom through a point: the middle and a module's height.
    fn across(&self, x: usize, y: usize, module: f32) -> Option<(f32, f32)> {
        let reach = (module * 10.0) as usize + 2;
        let (from, to) = (y.saturating_sub(reach), (y + reach).min(self.height));
        let mut runs = Runs::default();
        for at in from..=to {
            if let Some((middle, module)) = runs.next(at < to && self.is_black(x, at), at) {
                if (middle - y as f32).abs() < 2.5 * module {
                    return Some((middle, module));
                }
            }
        }
        None
    }

    /// The first three finder patterns that are the corners of a code that can be read.
    fn one_code(&self, finders: &[Finder], tries: &mut usize) -> Option<(String, [Finder; 3])> {
        for (index, &corner) in finders.iter().enumerate() {
            for (right_index, &right) in finders.iter().enumerate() {
                for (below_index, &below) in finders.iter().enumerate() {
                    let three = BTreeSet::from([index, right_index, below_index]);
                    if three.len() < 3 || !is_code(corner, right, below) {
                        continue;
                    }
                    *tries += 1;
                    if *tries > QR_TRIES_MAX {
                        return None;
                    }
                    if let Some(text) = self.decoded(corner, right, below) {
                        return Some((text, [corner, right, below]));
                    }
                }
            }
        }
        None
    }

    fn decoded(&self, corner: Finder, right: Finder, below: Finder) -> Option<String> {
        let module = (corner.module + right.module + below.module) / 3.0;
        let across = (corner.distance(right) + corner.distance(below)) / 2.0;
        // The middles of finder patterns lie 3.5 modules inside the code.
        let version = ((across / module + 7.0 - 17.0) / 4.0).round();
        // A module's width is known to a fraction of a pixel only.
        for version in [version, version - 1.0, version + 1.0] {
            if !(1.0..=40.0).contains(&version) {
                continue;
            }
            let size = 17 + 4 * version as usize;
            let steps = (size - 7) as f32;
            let grid = rqrr::SimpleGrid::from_func(size, |column, row| {
                let (column, row) = (column as f32 - 3.0, row as f32 - 3.0);
                let x =
                    corner.x + ((right.x - corner.x) * column + (below.x - corner.x) * row) / steps;
                let y =
                    corner.y + ((right.y - corner.y) * column + (below.y - corner.y) * row) / steps;
                x >= 0.0 && y >= 0.0 && self.is_black(x as usize, y as usize)
            });
            let mut bytes = Vec::new();
            if rqrr::Grid::new(grid).decode_to(&mut bytes).is_err() {
                continue;
            }
            if bytes.len() > VALUE_BYTES_MAX {
                return None;
            }
            // Chinese software writes UTF-8 or GBK without saying which.
            let text = match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(other) => encoding_rs::GBK
                    .decode_without_bom_handling_and_without_replacement(other.as_bytes())?
                    .into_owned(),
            };
            return Some(text);
        }
        None
    }
}

/// A real finder pattern is met by three modules of lines, what only looks like one by few.
fn best(mut finders: Vec<(Finder, usize)>) -> Vec<Finder> {
    finders.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    finders.truncate(QR_FINDERS_MAX);
    finders.into_iter().map(|(finder, _)| finder).collect()
}

/// Whether three finder patterns are of one size and stand like the corners of a square.
fn is_code(corner: Finder, right: Finder, below: Finder) -> bool {
    let near = |a: f32, b: f32| (a - b).abs() < 0.15 * a.max(b);
    let alike = |a: f32, b: f32| (a - b).abs() < 0.35 * a.max(b);
    let (a, b) = (corner.distance(right), corner.distance(below));
    let (u, v) = (
        (right.x - corner.x, right.y - corner.y),
        (below.x - corner.x, below.y - corner.y),
    );
    let turn = u.0 * v.1 - u.1 * v.0;
    near(a, b)
        && a > 10.0 * corner.module
        && alike(corner.module, right.module)
        && alike(corner.module, below.module)
        // A right angle, clockwise.
        && turn > 0.9 * a * b
}

/// The last five runs of one colour on a line.
#[derive(Default)]
struct Runs {
    lengths: [usize; 5],
    is_black: bool,
    length: usize,
}

impl Runs {
    /// Answers where a finder pattern ends before `at`: its middle, and a module's width.
    fn next(&mut self, is_black: bool, at: usize) -> Option<(f32, f32)> {
        if is_black == self.is_black {
            self.length += 1;
            return None;
        }
        self.lengths.rotate_left(1);
        self.lengths[4] = self.length;
        let ends_black = self.is_black;
        (self.is_black, self.length) = (is_black, 1);
        let total: usize = self.lengths.iter().sum();
        if !ends_black || self.lengths.contains(&0) || total < 7 {
            return None;
        }
        let module = total as f32 / 7.0;
        let fits = self
            .lengths
            .iter()
            .zip([1.0, 1.0, 3.0, 1.0, 1.0])
            .all(|(&length, modules)| (length as f32 - modules * module).abs() <= module * 0.7);
        let last = (self.lengths[3] + self.lengths[4]) as f32;
        let middle = at as f32 - last - self.lengths[2] as f32 / 2.0;
        fits.then_some((middle, module))
    }
}

#[cfg(test)]
mod tests;
