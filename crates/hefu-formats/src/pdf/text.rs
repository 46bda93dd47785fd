//! The text on the pages of a PDF, where it stands (ISO 32000-1, 8 and 9).
//!
//! What is drawn upright and visible is read; letters that touch are joined. What a font's codes
//! mean is never guessed: see [`super::font`].

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use lopdf::{Dictionary, Object};

use super::file::PdfFile;
use super::font::Font;
use super::syntax::{Cursor, Token};
use crate::limits::{
    PAGE_RUNS_MAX, PAGE_TEXT_BYTES_MAX, PDF_DEPTH_MAX, PDF_DRAWING_VALUES_MAX, PDF_FORM_DEPTH_MAX,
    PDF_LETTERS_MAX, PDF_PAGES_MAX, PDF_PICTURES_MAX,
};
use crate::page::Run;
use crate::ReadError;

/// Fonts that stand within resources are read anew for each drawing; no document has so many.
const DIRECT_FONTS_MAX: usize = 256;

/// What stands on the first pages.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    pub(crate) runs: Vec<Run>,
    /// The page and the object of each picture, each object once.
    pub(crate) pictures: Vec<(u32, u32)>,
}

/// Reads the first pages.
pub(crate) fn drawn(pdf: &mut PdfFile<'_>) -> Result<Drawn, ReadError> {
    let mut artist = Artist {
        drawn: Drawn::default(),
        fonts: BTreeMap::new(),
        direct_fonts_left: DIRECT_FONTS_MAX,
        images: BTreeSet::new(),
        budget: Budget {
            values: PDF_DRAWING_VALUES_MAX,
            letters: PDF_LETTERS_MAX,
        },
        text_bytes: 0,
        run_count: 0,
        open: None,
        page: 0,
        to_paper: Matrix::ONE,
        seen: [0.0; 4],
    };
    for page in pages(pdf)? {
        artist.draw_page(pdf, &page)?;
    }
    Ok(artist.drawn)
}

/// A page with what it inherits (7.7.3.4).
#[derive(Default, Clone)]
struct Page {
    contents: Option<Object>,
    resources: Rc<Dictionary>,
    media_box: Option<[f64; 4]>,
    crop_box: Option<[f64; 4]>,
    rotate: i64,
}

/// The first pages, in their order.
fn pages(pdf: &mut PdfFile<'_>) -> Result<Vec<Page>, ReadError> {
    let catalog = pdf.catalog()?;
    let Ok(root) = catalog.get(b"Pages") else {
        return Ok(Vec::new());
    };
    let mut pages = Vec::new();
    // What is still to be visited, the next one last. A circle ends with the depth.
    let mut rest = vec![(root.clone(), Page::default(), 0_usize)];
    while let Some((node, mut page, depth)) = rest.pop() {
        let Object::Dictionary(node) = pdf.resolved(&node)? else {
            continue;
        };
        if let Object::Dictionary(resources) = pdf.entry(&node, b"Resources")? {
            page.resources = Rc::new(resources);
        }
        if let Object::Array(sides) = pdf.entry(&node, b"MediaBox")? {
            page.media_box = numbers(pdf, &sides)?;
        }
        if let Object::Array(sides) = pdf.entry(&node, b"CropBox")? {
            page.crop_box = numbers(pdf, &sides)?;
        }
        if let Ok(rotate) = pdf.entry(&node, b"Rotate")?.as_i64() {
            page.rotate = rotate;
        }
        match pdf.entry(&node, b"Kids")? {
            Object::Array(kids) => {
                if depth >= PDF_DEPTH_MAX {
                    return Err(too_complex("levels of pages", PDF_DEPTH_MAX));
                }
                let kids = kids.into_iter().take(PDF_PAGES_MAX - pages.len()).rev();
                rest.extend(kids.map(|kid| (kid, page.clone(), depth + 1)));
            }
            _ => {
                page.contents = node.get(b"Contents").ok().cloned();
                pages.push(page);
                if pages.len() == PDF_PAGES_MAX {
                    break;
                }
            }
        }
    }
    Ok(pages)
}

fn numbers(pdf: &mut PdfFile<'_>, items: &[Object]) -> Result<Option<[f64; 4]>, ReadError> {
    let mut numbers = [0.0; 4];
    if items.len() != 4 {
        return Ok(None);
    }
    for (number, item) in numbers.iter_mut().zip(items) {
        match number_of(&pdf.resolved(item)?) {
            Some(value) => *number = value,
            None => return Ok(None),
        }
    }
    Ok(Some(numbers))
}

pub(super) fn number_of(object: &Object) -> Option<f64> {
    match object {
        Object::Integer(integer) => Some(*integer as f64),
        Object::Real(real) => Some(f64::from(*real)),
        _ => None,
    }
}

/// `x' = a x + c y + e`, `y' = b x + d y + f` (8.3.3).
#[derive(Debug, Clone, Copy)]
struct Matrix {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
}

impl Matrix {
    const ONE: Self = Self::of([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    const fn of([a, b, c, d, e, f]: [f64; 6]) -> Self {
        Self { a, b, c, d, e, f }
    }

    const fn moved(x: f64, y: f64) -> Self {
        Self::of([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// First this one, then the other.
    fn then(self, other: Self) -> Self {
        Self {
            a: self.a * other.a + self.b * other.c,
            b: self.a * other.b + self.b * other.d,
            c: self.c * other.a + self.d * other.c,
            d: self.c * other.b + self.d * other.d,
            e: self.e * other.a + self.f * other.c + other.e,
            f: self.e * other.b + self.f * other.d + other.f,
        }
    }
}

/// Six operands.
fn matrix(operands: &[Object]) -> Option<Matrix> {
    let mut values = [0.0; 6];
    if operands.len() != 6 {
        return None;
    }
    for (value, operand) in values.iter_mut().zip(operands) {
        *value = number_of(operand)?;
    }
    Some(Matrix::of(values))
}

/// The state that `q` keeps and `Q` brings back (8.4.1), as far as text needs it.
#[derive(Clone)]
struct State {
    to_page: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    letter_space: f64,
    word_space: f64,
    stretch: f64,
    leading: f64,
    rise: f64,
    mode: i64,
    /// Whether areas are filled with white, or not seen at all (8.6, 11.3.7.2).
    is_white: bool,
    is_clear: bool,
}

/// A run of letters that may go on.
struct Open {
    run: Run,
    end: f64,
}

/// What may still be read of drawings and of the tables of their fonts.
pub(super) struct Budget {
    pub(super) values: usize,
    pub(super) letters: usize,
}

struct Artist {
    drawn: Drawn,
    /// By the number of their object.
    fonts: BTreeMap<u32, Option<Rc<Font>>>,
    /// How many more that are no objects of their own are read.
    direct_fonts_left: usize,
    /// Objects that are known to be pictures.
    images: BTreeSet<u32>,
    budget: Budget,
    text_bytes: usize,
    /// Pieces of text, also those beside the page.
    run_count: usize,
    open: Option<Open>,
    page: u32,
    /// From the page's units to millimetres from the top left corner.
    to_paper: Matrix,
    /// What is seen of the paper: left, top, right and bottom in millimetres.
    seen: [f64; 4],
}

impl Artist {
    fn draw_page(&mut self, pdf: &mut PdfFile<'_>, page: &Page) -> Result<(), ReadError> {
        const A4: [f64; 4] = [0.0, 0.0, 595.276, 841.89];
        const MM: f64 = 25.4 / 72.0;
        self.page += 1;
        let [x0, y0, x1, y1] = page.media_box.unwrap_or(A4);
        let (left, right) = (x0.min(x1), x0.max(x1));
        let (low, high) = (y0.min(y1), y0.max(y1));
        // The page is turned clockwise.
        self.to_paper = match page.rotate.rem_euclid(360) {
            90 => Matrix::of([0.0, MM, MM, 0.0, -low * MM, -left * MM]),
            180 => Matrix::of([-MM, 0.0, 0.0, MM, right * MM, -low * MM]),
            270 => Matrix::of([0.0, -MM, -MM, 0.0, high * MM, right * MM]),
            _ => Matrix::of([MM, 0.0, 0.0, -MM, -left * MM, high * MM]),
        };
        // Viewers show what lies in the crop box (14.11.2).
        let crop = page.crop_box.unwrap_or([left, low, right, high]);
        let corner = |x: f64, y: f64| {
            let corner = Matrix::moved(x, y).then(self.to_paper);
            (corner.e, corner.f)
        };
        let (one, other) = (
            corner(crop[0].max(left).min(right), crop[1].max(low).min(high)),
            corner(crop[2].max(left).min(right), crop[3].max(low).min(high)),
        );
        self.seen = [
            one.0.min(other.0),
            one.1.min(other.1),
            one.0.max(other.0),
            one.1.max(other.1),
        ];
        let content = match &page.contents {
            Some(content) => contents(pdf, content)?,
            None => Vec::new(),
        };
        let state = State {
            to_page: Matrix::ONE,
            font: None,
            size: 0.0,
            letter_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            mode: 0,
            is_white: false,
            is_clear: false,
        };
        self.draw(pdf, &content, &page.resources, state, 0)?;
        self.close()
    }

    fn draw(
        &mut self,
        pdf: &mut PdfFile<'_>,
        content: &[u8],
        resources: &Dictionary,
        mut state: State,
        depth: usize,
    ) -> Result<(), ReadError> {
        /// Saved states; Annex C of the standard asks readers for 28.
        const SAVED_MAX: usize = 256;
        let mut cursor = Cursor::new(content, 0, self.budget.values);
        let mut operands: Vec<Object> = Vec::new();
        let mut saved: Vec<State> = Vec::new();
        let (mut text, mut line) = (Matrix::ONE, Matrix::ONE);
        let mut fonts: BTreeMap<Vec<u8>, Option<Rc<Font>>> = BTreeMap::new();
        let mut clear: BTreeMap<Vec<u8>, Option<bool>> = BTreeMap::new();
        while let Some(token) = cursor.token() {
            let operator = match token {
                Token::Operand(operand) => {
                    operands.push(operand);
                    continue;
                }
                Token::Operator(operator) => operator,
            };
            let number = |index: usize| operands.get(index).and_then(number_of);
            match operator {
                b"q" => {
                    if saved.len() >= SAVED_MAX {
                        return Err(too_complex("saved states of a drawing", SAVED_MAX));
                    }
                    saved.push(state.clone());
                }
                b"Q" => state = saved.pop().unwrap_or(state),
                b"cm" => {
                    if let Some(matrix) = matrix(&operands) {
                        state.to_page = matrix.then(state.to_page);
                    }
                }
                b"BT" => (text, line) = (Matrix::ONE, Matrix::ONE),
                b"Tf" => {
                    if let (Some(Object::Name(name)), Some(size)) = (operands.first(), number(1)) {
                        state.font = match fonts.get(name) {
                            Some(font) => font.clone(),
                            None => {
                                let font = self.font(pdf, resources, name)?;
                                fonts.insert(name.clone(), font.clone());
                                font
                            }
                        };
                        state.size = size;
                    }
                }
                b"g" | b"rg" | b"k" | b"sc" | b"scn" => {
                    state.is_white = is_white(operator, &operands);
                }
                b"cs" => state.is_white = false,
                b"gs" => {
                    if let Some(Object::Name(name)) = operands.first() {
                        let clear = match clear.get(name) {
                            Some(clear) => *clear,
                            None => {
                                let found = is_clear(pdf, resources, name)?;
                                clear.insert(name.clone(), found);
                                found
                            }
                        };
                        state.is_clear = clear.unwrap_or(state.is_clear);
                    }
                }
                b"Tc" => state.letter_space = number(0).unwrap_or(0.0),
                b"Tw" => state.word_space = number(0).unwrap_or(0.0),
                b"Tz" => state.stretch = number(0).unwrap_or(100.0) / 100.0,
                b"TL" => state.leading = number(0).unwrap_or(0.0),
                b"Ts" => state.rise = number(0).unwrap_or(0.0),
                b"Tr" => state.mode = number(0).unwrap_or(0.0) as i64,
                b"Td" | b"TD" => {
                    if let (Some(x), Some(y)) = (number(0), number(1)) {
                        if operator == b"TD" {
                            state.leading = -y;
                        }
                        line = Matrix::moved(x, y).then(line);
                        text = line;
                    }
                }
                b"Tm" => {
                    if let Some(matrix) = matrix(&operands) {
                        (text, line) = (matrix, matrix);
                    }
                }
                b"T*" | b"'" | b"\"" => {
                    line = Matrix::moved(0.0, -state.leading).then(line);
                    text = line;
                    if operator == b"\"" {
                        state.word_space = number(0).unwrap_or(0.0);
                        state.letter_space = number(1).unwrap_or(0.0);
                    }
                    if let (b"'" | b"\"", Some(Object::String(codes, _))) =
                        (operator, operands.last())
                    {
                        self.show(&state, &mut text, codes)?;
                    }
                }
                b"Tj" => {
                    if let Some(Object::String(codes, _)) = operands.last() {
                        self.show(&state, &mut text, codes)?;
                    }
                }
                b"TJ" => {
                    if let Some(Object::Array(items)) = operands.last() {
                        for item in items {
                            match (item, number_of(item)) {
                                (Object::String(codes, _), _) => {
                                    self.show(&state, &mut text, codes)?;
                                }
                                (_, Some(back)) => {
                                    let x = -back / 1000.0 * state.size * state.stretch;
                                    text = Matrix::moved(x, 0.0).then(text);
                                }
                                _ => {}
                            }
                        }
                    }
                }
                b"Do" => {
                    if let Some(Object::Name(name)) = operands.first() {
                        self.budget.values = cursor.values_left;
                        self.draw_object(pdf, resources, name, &state, depth)?;
                        cursor.values_left = self.budget.values;
                    }
                }
                b"ID" => cursor.skip_inline_picture(),
                _ => {}
            }
            operands.clear();
        }
        self.budget.values = cursor.values_left;
        match self.budget.values {
            0 => Err(too_complex(
                "operators on its pages",
                PDF_DRAWING_VALUES_MAX,
            )),
            _ => Ok(()),
        }
    }

    /// A form is drawn, a picture is noted (8.8).
    fn draw_object(
        &mut self,
        pdf: &mut PdfFile<'_>,
        resources: &Dictionary,
        name: &[u8],
        state: &State,
        depth: usize,
    ) -> Result<(), ReadError> {
        let Some(objects) = pdf.dictionary_in(resources, b"XObject")? else {
            return Ok(());
        };
        let Ok(Object::Reference((number, _))) = objects.get(name) else {
            return Ok(());
        };
        if self.images.contains(number) {
            return Ok(());
        }
        let Object::Dictionary(object) = pdf.resolved(&Object::Reference((*number, 0)))? else {
            return Ok(());
        };
        match object.get(b"Subtype") {
            Ok(Object::Name(kind)) if kind == b"Image" => {
                self.images.insert(*number);
                if self.drawn.pictures.len() < PDF_PICTURES_MAX {
                    self.drawn.pictures.push((self.page, *number));
                }
                Ok(())
            }
            Ok(Object::Name(kind)) if kind == b"Form" => {
                if depth >= PDF_FORM_DEPTH_MAX {
                    return Err(too_complex("forms within forms", PDF_FORM_DEPTH_MAX));
                }
                let mut state = state.clone();
                if let Object::Array(items) = pdf.entry(&object, b"Matrix")? {
                    if let Some(matrix) = matrix(&items) {
                        state.to_page = matrix.then(state.to_page);
                    }
                }
                let content = pdf.stream(*number)?;
                match pdf.entry(&object, b"Resources")? {
                    Object::Dictionary(own) => self.draw(pdf, &content, &own, state, depth + 1),
                    _ => self.draw(pdf, &content, resources, state, depth + 1),
                }
            }
            _ => Ok(()),
        }
    }

    fn font(
        &mut self,
        pdf: &mut PdfFile<'_>,
        resources: &Dictionary,
        name: &[u8],
    ) -> Result<Option<Rc<Font>>, ReadError> {
        let Some(fonts) = pdf.dictionary_in(resources, b"Font")? else {
            return Ok(None);
        };
        let (reference, number) = match fonts.get(name) {
            Ok(reference @ Object::Reference((number, _))) => (reference, number),
            // One that stands in the resources itself has no number to know it by again.
            Ok(Object::Dictionary(font)) => {
                let Some(left) = self.direct_fonts_left.checked_sub(1) else {
                    return Err(too_complex("fonts within resources", DIRECT_FONTS_MAX));
                };
                self.direct_fonts_left = left;
                return Ok(Font::of(pdf, font, &mut self.budget)?.map(Rc::new));
            }
            _ => return Ok(None),
        };
        if let Some(known) = self.fonts.get(number) {
            return Ok(known.clone());
        }
        let font = match pdf.resolved(reference)? {
            Object::Dictionary(font) => Font::of(pdf, &font, &mut self.budget)?.map(Rc::new),
            _ => None,
        };
        self.fonts.insert(*number, font.clone());
        Ok(font)
    }

    /// Shows a string of codes (9.4.3), and moves behind it.
    fn show(&mut self, state: &State, text: &mut Matrix, codes: &[u8]) -> Result<(), ReadError> {
        /// Modes in which letters are not painted: invisible, or only a shape to clip by.
        const UNPAINTED: [i64; 2] = [3, 7];
        /// Modes in which they are only filled.
        const FILLED: [i64; 2] = [0, 4];
        let is_unseen = UNPAINTED.contains(&state.mode)
            || FILLED.contains(&state.mode) && (state.is_white || state.is_clear);
        let Some(font) = &state.font else {
            return Ok(());
        };
        let mut rest = codes;
        while let Some(letter) = font.next(rest) {
            rest = &rest[letter.bytes.max(1).min(rest.len())..];
            let is_space = letter.bytes == 1 && letter.code == 32;
            let space = state.letter_space + if is_space { state.word_space } else { 0.0 };
            let advance = (letter.width / 1000.0 * state.size + space) * state.stretch;
            let ink = letter.width / 1000.0 * state.size * state.stretch;
            if let Some(shown) = letter.text {
                if !is_unseen {
                    self.put(state, *text, ink, &shown)?;
                }
            }
            *text = Matrix::moved(advance, 0.0).then(*text);
        }
        Ok(())
    }

    /// Puts a letter on the paper: behind the one before where they touch.
    fn put(&mut self, state: &State, text: Matrix, ink: f64, shown: &str) -> Result<(), ReadError> {
        let on_paper = text.then(state.to_page).then(self.to_paper);
        let upright = on_paper.a > 0.0
            && on_paper.d < 0.0
            && on_paper.b.abs() < 0.05 * on_paper.a
            && on_paper.c.abs() < 0.5 * -on_paper.d;
        if !upright {
            return Ok(());
        }
        let height = state.size.abs() * -on_paper.d;
        let x = on_paper.e + on_paper.c * state.rise;
        let y = on_paper.f + on_paper.d * state.rise;
        let end = x + ink * on_paper.a;
        if ![x, y, end, height].iter().all(|number| number.is_finite()) {
            return Ok(());
        }
        self.text_bytes += shown.len();
        if self.text_bytes > PAGE_TEXT_BYTES_MAX {
            return Err(too_complex(
                "bytes of text on its pages",
                PAGE_TEXT_BYTES_MAX,
            ));
        }
        if let Some(open) = &mut self.open {
            let gap = x - open.end;
            let size = f64::from(open.run.height);
            let goes_on = (y - f64::from(open.run.y)).abs() < 0.1 * size
                && (height - size).abs() < 0.2 * size
                && gap < 0.3 * size
                && gap > -0.5 * size;
            if goes_on {
                let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
                let apart = gap > 0.18 * size
                    && is_word(open.run.text.chars().next_back())
                    && is_word(shown.chars().next());
                if apart {
                    open.run.text.push(' ');
                }
                open.run.text.push_str(shown);
                open.end = end.max(open.end);
                return Ok(());
            }
        }
        self.close()?;
        self.open = Some(Open {
            run: Run {
                page: self.page,
                x: x as f32,
                y: y as f32,
                width: 0.0,
                height: height as f32,
                text: shown.to_owned(),
                place: format!("page {}", self.page),
            },
            end,
        });
        Ok(())
    }

    /// Nothing more belongs to the run.
    fn close(&mut self) -> Result<(), ReadError> {
        let Some(Open { mut run, end }) = self.open.take() else {
            return Ok(());
        };
        if run.text.trim().is_empty() {
            return Ok(());
        }
        if self.run_count >= PAGE_RUNS_MAX {
            return Err(too_complex("pieces of text on its pages", PAGE_RUNS_MAX));
        }
        self.run_count += 1;
        run.width = (end as f32 - run.x).max(0.0);
        let [left, top, right, bottom] = self.seen;
        let (x, y, height) = (f64::from(run.x), f64::from(run.y), f64::from(run.height));
        let is_beside = x > right || end < left || y < top || y - height > bottom;
        if is_beside {
            return Ok(());
        }
        self.drawn.runs.push(run);
        Ok(())
    }
}

/// Whether an operator sets white as the colour of areas (8.6.8). What one or several numbers mean after
/// `cs` depends on the space: three are red, green and blue, and four are inks.
fn is_white(operator: &[u8], operands: &[Object]) -> bool {
    let numbers: Vec<f64> = operands.iter().filter_map(number_of).collect();
    let all =
        |accepts: fn(&f64) -> bool| numbers.len() == operands.len() && numbers.iter().all(accepts);
    match (operator, numbers.len()) {
        (b"g", 1) | (b"rg" | b"sc" | b"scn", 3) => all(|light| *light > 0.99),
        (b"k" | b"sc" | b"scn", 4) => all(|ink| *ink < 0.01),
        _ => false,
    }
}

/// Whether a state of graphics makes areas wholly transparent (8.4.5); `None` where it does not say.
fn is_clear(
    pdf: &mut PdfFile<'_>,
    resources: &Dictionary,
    name: &[u8],
) -> Result<Option<bool>, ReadError> {
    let Some(states) = pdf.dictionary_in(resources, b"ExtGState")? else {
        return Ok(None);
    };
    let Object::Dictionary(state) = pdf.entry(&states, name)? else {
        return Ok(None);
    };
    let opacity = number_of(&pdf.entry(&state, b"ca")?);
    Ok(opacity.map(|opacity| opacity < 0.01))
}

/// A page's drawing: one stream, or several that are one behind the other (7.8.2).
fn contents(pdf: &mut PdfFile<'_>, contents: &Object) -> Result<Vec<u8>, ReadError> {
    let parts = match contents {
        Object::Reference((number, _)) => match pdf.resolved(contents)? {
            Object::Array(parts) => parts,
            Object::Dictionary(_) => return pdf.stream(*number),
            _ => return Ok(Vec::new()),
        },
        Object::Array(parts) => parts.clone(),
        _ => return Ok(Vec::new()),
    };
    let mut content = Vec::new();
    for part in parts {
        if let Object::Reference((number, _)) = part {
            content.extend(pdf.stream(number)?);
            content.push(b'\n');
        }
    }
    Ok(content)
}

pub(super) fn too_complex(what: &'static str, limit: usize) -> ReadError {
    ReadError::PdfTooComplex { what, limit }
}
