//! The pages of an OFD as pieces of text: text objects where they are drawn (GB/T 33190-2016, 8.2
//! and 11), in millimetres from the upper left corner of the page.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node;

use super::package::{Drawing, Package, Part};
use super::{malformed, texts, too_complex, Body, Contents};
use crate::limits::{OFD_LETTERS_MAX, OFD_PICTURES_MAX, OFD_RUNS_MAX};
use crate::page::{Code, Run};
use crate::xml::chinese as xml;
use crate::ReadError;

/// What the pages show.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) runs: Vec<Run>,
    pub(super) codes: Vec<Code>,
    /// Texts by page and object; `None` where two objects have one id.
    texts: BTreeMap<(String, String), Option<String>>,
}

impl Shown {
    /// The text of an object on a page.
    pub(super) fn text(&self, page: &str, object: &str) -> Option<&str> {
        let key = (page.to_owned(), object.to_owned());
        self.texts.get(&key)?.as_deref()
    }
}

/// A page or a template as it is drawn.
struct Drawn {
    part: String,
    /// The templates below it, by their ids.
    templates: Vec<String>,
    objects: Vec<Text>,
    /// The resources that it shows as pictures, by their ids.
    pictures: Vec<String>,
}

/// A text object: its id, its text, and the pieces that it is drawn in.
struct Text {
    id: Option<String>,
    text: String,
    letters: usize,
    pieces: Vec<Piece>,
}

/// A piece of a text on one base line.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    text: String,
}

pub(super) fn shown(
    package: &mut Package<'_>,
    body: &Body,
    contents: &Contents,
    doubts: &mut Vec<String>,
) -> Result<Shown, ReadError> {
    let mut templates = BTreeMap::new();
    for template in &contents.templates {
        if let Some(drawn) = drawn(package, body, template, doubts)? {
            templates.insert(template.id.as_str(), drawn);
        }
    }
    let mut shown = Shown::default();
    let mut pictures = Vec::new();
    for (number, page) in (1..).zip(&contents.pages) {
        let Some(drawn) = drawn(package, body, page, doubts)? else {
            continue;
        };
        let below = drawn.templates.iter();
        let below = below.filter_map(|id| templates.get(id.as_str()));
        // Fat letters are drawn twice at one place by some producers; they are one text.
        let mut drawn_at = BTreeSet::new();
        for layer in below.chain([&drawn]) {
            if number == 1 {
                pictures.extend(layer.pictures.iter().cloned());
            }
            shown.add(number, &page.id, layer, &mut drawn_at, &mut package.drawing)?;
        }
    }
    if !pictures.is_empty() {
        shown.codes = codes(package, body, contents, &pictures)?;
    }
    Ok(shown)
}

/// The codes in the pictures of the first page, where every form has them: PNG, as other pictures of
/// an OFD are photographs. One that is named and not there is the business of whoever draws the page.
fn codes(
    package: &mut Package<'_>,
    body: &Body,
    contents: &Contents,
    pictures: &[String],
) -> Result<Vec<Code>, ReadError> {
    let mut codes = Vec::new();
    for resources in &contents.resources {
        let Some(part) = package.find(&body.root, &body.root, resources) else {
            continue;
        };
        // The files of resources lie below a folder of their own (7.9).
        let named = package.xml(&part, "Res", |root| {
            let folder = root.attribute("BaseLoc").unwrap_or_default().trim();
            let media = xml::all(root, None, "MultiMedias/MultiMedia");
            let media = media.into_iter().filter_map(|media| {
                let id = media.attribute("ID")?.trim();
                if !pictures.iter().any(|picture| picture == id) {
                    return None;
                }
                let files = texts(media, "MediaFile");
                let file = files.first()?;
                Some(match folder {
                    "" => file.clone(),
                    _ if file.starts_with('/') => file.clone(),
                    folder => format!("{folder}/{file}"),
                })
            });
            media.take(OFD_PICTURES_MAX).collect::<Vec<_>>()
        })?;
        for location in named.unwrap_or_default() {
            let Some(left) = package.drawing.pictures.checked_sub(1) else {
                return Ok(codes);
            };
            package.drawing.pictures = left;
            let Some(place) = package.find(&part, &body.root, &location) else {
                continue;
            };
            let picture = package.bytes(&place)?.unwrap_or_default();
            for text in crate::qr::codes_in_png(&picture) {
                codes.push(Code {
                    text,
                    place: place.clone(),
                });
            }
        }
    }
    Ok(codes)
}

impl Shown {
    fn add<'d>(
        &mut self,
        page: u32,
        page_id: &str,
        drawn: &'d Drawn,
        drawn_at: &mut BTreeSet<(i32, i32, &'d str)>,
        left: &mut Drawing,
    ) -> Result<(), ReadError> {
        let tenths = |millimetres: f32| (millimetres * 10.0).round() as i32;
        for object in &drawn.objects {
            // A template is copied to each page that it is drawn on.
            left.letters = (left.letters.checked_sub(object.letters))
                .ok_or(too_complex("letters", OFD_LETTERS_MAX))?;
            if let Some(id) = &object.id {
                let text = Some(object.text.clone());
                self.texts
                    .entry((page_id.to_owned(), id.clone()))
                    .and_modify(|before| *before = None)
                    .or_insert(text);
            }
            for piece in &object.pieces {
                left.runs = (left.runs.checked_sub(1))
                    .ok_or(too_complex("pieces of text", OFD_RUNS_MAX))?;
                let place = (tenths(piece.x), tenths(piece.y), piece.text.as_str());
                if !drawn_at.insert(place) {
                    continue;
                }
                self.runs.push(Run {
                    page,
                    x: piece.x,
                    y: piece.y,
                    width: piece.width,
                    height: piece.height,
                    text: piece.text.clone(),
                    place: drawn.part.clone(),
                });
            }
        }
        Ok(())
    }
}

/// `None` for a page that is named and not there, which is told.
fn drawn(
    package: &mut Package<'_>,
    body: &Body,
    page: &Part,
    doubts: &mut Vec<String>,
) -> Result<Option<Drawn>, ReadError> {
    let Some(part) = package.find(&body.root, &body.root, &page.location) else {
        doubts.push(format!("the page {} is named and not there", page.location));
        return Ok(None);
    };
    let mut letters_left = package.drawing.letters;
    let drawn = package.xml(&part, "Page", |root| {
        let mut templates = Vec::new();
        let mut objects = Vec::new();
        let mut pictures = Vec::new();
        for child in root.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "Template" => templates.extend(child.attribute("TemplateID").map(str::to_owned)),
                "Content" => {
                    texts_below(child, &mut letters_left, &mut objects)?;
                    pictures.extend(pictures_below(child));
                }
                _ => {}
            }
        }
        // A template that is drawn again and again would be copied as often.
        templates.sort_unstable();
        templates.dedup();
        Ok::<_, ReadError>(Drawn {
            part: part.clone(),
            templates,
            objects,
            pictures,
        })
    })?;
    package.drawing.letters = letters_left;
    match drawn {
        Some(drawn) => drawn.map(Some),
        None => Err(malformed(format!("{part} is named and not there"))),
    }
}

/// The text objects of the layers and blocks below a node, however deep; the parser bounds the depth.
fn texts_below(
    content: Node<'_, '_>,
    letters_left: &mut usize,
    objects: &mut Vec<Text>,
) -> Result<(), ReadError> {
    for node in content.descendants().filter(Node::is_element) {
        if node.tag_name().name() != "TextObject" || is_hidden(node) {
            continue;
        }
        let text = text_object(node, letters_left);
        if *letters_left == 0 {
            return Err(too_complex("letters", OFD_LETTERS_MAX));
        }
        objects.push(text);
    }
    Ok(())
}

/// The pictures below a node, each once; more of them than are looked at are of no interest.
fn pictures_below(content: Node<'_, '_>) -> BTreeSet<String> {
    content
        .descendants()
        .filter(|node| node.tag_name().name() == "ImageObject" && !is_hidden(*node))
        .filter_map(|node| Some(node.attribute("ResourceID")?.trim().to_owned()))
        .take(OFD_PICTURES_MAX)
        .collect()
}

/// An object that is not visible, or wholly transparent (8.5), is not on the face; nor is a text whose
/// letters are neither filled nor drawn around (11.2), or that is white as the paper.
fn is_hidden(node: Node<'_, '_>) -> bool {
    let is = |name: &str, value: &str| node.attribute(name).map(str::trim) == Some(value);
    let white: [f32; 3] = [255.0; 3];
    let is_white = xml::all(node, None, "FillColor")
        .iter()
        .any(|color| numbers::<3>(color.attribute("Value")) == Some(white));
    let is_drawn_around = is("Stroke", "true");
    is("Visible", "false")
        || is("Alpha", "0")
        || !is_drawn_around && (is("Fill", "false") || is_white)
}

/// From the space of an object to that of the page (8.3): its matrix, then the corner of its boundary.
#[derive(Clone, Copy)]
struct Space {
    matrix: [f32; 6],
    corner: [f32; 2],
}

impl Space {
    fn of(node: Node<'_, '_>) -> Self {
        Self {
            matrix: numbers(node.attribute("CTM")).unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
            corner: numbers::<4>(node.attribute("Boundary"))
                .map_or([0.0, 0.0], |[x, y, _, _]| [x, y]),
        }
    }

    fn point(self, x: f32, y: f32) -> [f32; 2] {
        let [a, b, c, d, e, f] = self.matrix;
        let [left, top] = self.corner;
        [left + a * x + c * y + e, top + b * x + d * y + f]
    }

    /// How much longer what goes along the base line becomes.
    fn along(self) -> f32 {
        self.matrix[0].hypot(self.matrix[1])
    }

    /// How much higher letters become.
    fn across(self) -> f32 {
        self.matrix[2].hypot(self.matrix[3])
    }
}

fn text_object(node: Node<'_, '_>, letters_left: &mut usize) -> Text {
    let space = Space::of(node);
    let size = number(node.attribute("Size")).unwrap_or(0.0);
    let mut text = String::new();
    let (mut count, mut pieces) = (0, Vec::new());
    // A position that is left out is that of the text before (11.3).
    let (mut x, mut y) = (0.0, 0.0);
    for code in node.children().filter(Node::is_element) {
        if code.tag_name().name() != "TextCode" {
            continue;
        }
        x = number(code.attribute("X")).unwrap_or(x);
        y = number(code.attribute("Y")).unwrap_or(y);
        let written = code.children().filter_map(|child| child.text());
        // Line breaks of the XML are no letters.
        let letters: Vec<char> = written
            .flat_map(str::chars)
            .filter(|c| !matches!(c, '\n' | '\r' | '\t'))
            .collect();
        *letters_left = letters_left.saturating_sub(letters.len());
        if *letters_left == 0 {
            break;
        }
        count += letters.len();
        text.extend(&letters);
        draw(&letters, code, (x, y), size, space, &mut pieces);
    }
    Text {
        id: node.attribute("ID").map(|id| id.trim().to_owned()),
        text,
        letters: count,
        pieces,
    }
}

/// Draws letters one after the other, and begins a new piece where they leave the base line or go
/// back on it.
fn draw(
    letters: &[char],
    code: Node<'_, '_>,
    (mut x, mut y): (f32, f32),
    size: f32,
    space: Space,
    pieces: &mut Vec<Piece>,
) {
    let delta_x = deltas(code.attribute("DeltaX"), letters.len());
    let delta_y = deltas(code.attribute("DeltaY"), letters.len());
    let mut piece: Option<Piece> = None;
    for (index, &letter) in letters.iter().enumerate() {
        let own_width = if letter.is_ascii() { size / 2.0 } else { size };
        // The last distance stands for those that are left out.
        let distance = |deltas: &[f32]| deltas.get(index).or(deltas.last()).copied();
        let step_x = distance(&delta_x).unwrap_or(own_width);
        let step_y = distance(&delta_y).unwrap_or(0.0);
        let is_last = index + 1 == letters.len();
        let current = piece.get_or_insert_with(|| {
            let [left, base] = space.point(x, y);
            Piece {
                x: left,
                y: base,
                width: 0.0,
                height: size * space.across(),
                text: String::new(),
            }
        });
        current.text.push(letter);
        let ends = is_last || step_y != 0.0 || step_x < 0.0;
        current.width += space.along() * if ends { own_width } else { step_x };
        if ends {
            pieces.extend(piece.take());
        }
        x += step_x;
        y += step_y;
    }
    // Blank pieces say nothing, and a place that is no number is nowhere.
    pieces.retain(|piece| {
        let numbers = [piece.x, piece.y, piece.width, piece.height];
        !piece.text.trim().is_empty() && numbers.iter().all(|number| number.is_finite())
    });
}

/// Distances between letters (11.3): numbers, of which `g 3 1.5` stands for three of 1.5; no more than
/// there are letters.
fn deltas(written: Option<&str>, letters: usize) -> Vec<f32> {
    let mut deltas = Vec::new();
    let mut words = written.unwrap_or_default().split_whitespace();
    while let Some(word) = words.next().filter(|_| deltas.len() < letters) {
        let (count, value) = match word {
            "g" => (
                words.next().and_then(|word| word.parse().ok()),
                words.next(),
            ),
            word => (Some(1_usize), Some(word)),
        };
        let (Some(count), Some(value)) = (count, number(value)) else {
            break;
        };
        let count = count.min(letters - deltas.len());
        deltas.extend(std::iter::repeat_n(value, count));
    }
    deltas
}

fn number(written: Option<&str>) -> Option<f32> {
    let number: f32 = written?.trim().parse().ok()?;
    // No page is a kilometre wide.
    (number.abs() < 1e6).then_some(number)
}

fn numbers<const N: usize>(written: Option<&str>) -> Option<[f32; N]> {
    let numbers: Option<Vec<f32>> = written?
        .split_whitespace()
        .take(N + 1)
        .map(|word| number(Some(word)))
        .collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(object: &str, expected: &[(f32, f32, f32, f32, &str)]) {
        let tree = roxmltree::Document::parse(object).unwrap();
        let pieces = text_object(tree.root_element(), &mut 1000).pieces;
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| {
                let numbers = [piece.x, piece.y, piece.width, piece.height];
                let [x, y, width, height] = numbers.map(|number| (number * 100.0).round() / 100.0);
                (x, y, width, height, piece.text.as_str())
            })
            .collect();
        assert_eq!(pieces, expected);
    }

    #[test]
    fn texts_stand_where_they_are_drawn() {
        check(
            r#"<TextObject Boundary="10 20 50 5" Size="4"><TextCode X="1" Y="3" DeltaX="g 2 4">发票号</TextCode></TextObject>"#,
            &[(11.0, 23.0, 12.0, 4.0, "发票号")],
        );
        // One distance stands for all, and the matrix stretches it.
        check(
            r#"<TextObject Boundary="10 20 50 5" CTM="2 0 0 3 1 1" Size="1"><TextCode X="0" Y="1" DeltaX="1">甲乙</TextCode></TextObject>"#,
            &[(11.0, 24.0, 4.0, 3.0, "甲乙")],
        );
        // Two lines in one text, and letters that go down.
        check(
            r#"<TextObject Size="4"><TextCode X="0" Y="4" DeltaX="2 -2 2" DeltaY="0 5 0">abcd</TextCode></TextObject>"#,
            &[(0.0, 4.0, 4.0, 4.0, "ab"), (0.0, 9.0, 4.0, 4.0, "cd")],
        );
        check(
            r#"<TextObject Size="4"><TextCode X="0" Y="4" DeltaX="0" DeltaY="5">购买</TextCode></TextObject>"#,
            &[(0.0, 4.0, 4.0, 4.0, "购"), (0.0, 9.0, 4.0, 4.0, "买")],
        );
        // What is blank or nowhere is left out.
        check(
            r#"<TextObject Size="4"><TextCode X="0" Y="4"> </TextCode></TextObject>"#,
            &[],
        );
        check(
            r#"<TextObject Size="4" CTM="NaN 0 0 1 0 0"><TextCode X="inf" Y="1">a</TextCode></TextObject>"#,
            &[(0.0, 1.0, 2.0, 4.0, "a")],
        );
    }

    #[test]
    fn distances_are_no_more_than_letters() {
        assert_eq!(
            deltas(Some("g 4 1.5 3 g 2 1"), 6),
            [1.5, 1.5, 1.5, 1.5, 3.0, 1.0]
        );
        assert_eq!(deltas(Some("g 99999999999 1"), 3), [1.0; 3]);
        assert!(deltas(Some("g x 1"), 3).is_empty());
        assert_eq!(deltas(Some("1 g"), 3), [1.0]);
        assert!(deltas(None, 3).is_empty());
    }
}
