//! Pieces of text as a person sees them: letters that were drawn one by one are words again.

use std::ops::Range;

use super::labels::{self, Spot, Spots};
use crate::fact::Found;
use crate::limits::{PAGE_RUNS_MAX, PDF_PAGES_MAX};
use crate::page::Run;
use crate::values::plain;

/// What is not joined is told apart by this much of a letter's height.
const TOUCHING: f32 = 0.6;
/// The letters of one label may stand this far apart (名　　　　称).
const SPACED: f32 = 6.0;
/// Base lines that differ by less are one for a label and its value.
const ONE_LINE: f32 = 0.7;
/// No form has more pieces on the lines around a label, and more would make work without end.
const LINE_PIECES_MAX: usize = 1_000;
/// No page is larger, in millimetres; places beyond are not looked at.
const PLACE_MAX: f32 = 100_000.0;

/// A word or a line of words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece<'r> {
    pub(super) page: u32,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) end: f32,
    pub(super) height: f32,
    /// Full-width ASCII is plain.
    pub(super) text: String,
    pub(super) place: &'r str,
}

impl Piece<'_> {
    pub(super) fn middle(&self) -> f32 {
        (self.x + self.end) / 2.0
    }
}

/// Text without white space.
pub(super) fn compact(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// All pieces, by page, from top to bottom.
pub(super) struct Pieces<'r> {
    pub(super) all: Vec<Piece<'r>>,
    /// The text of each line from left to right, without white space.
    pub(super) lines: Vec<String>,
    /// Where each line stands in the file.
    pub(super) places: Vec<&'r str>,
}

impl<'r> Pieces<'r> {
    /// `None` where the first pages, on which a face stands, hold more than any form.
    pub(super) fn of(runs: &'r [Run]) -> Option<Self> {
        let in_front = |run: &&Run| (run.page as usize) <= PDF_PAGES_MAX;
        let mut single: Vec<Piece<'r>> = Vec::new();
        for piece in runs.iter().filter(in_front).filter_map(piece) {
            if single.len() >= PAGE_RUNS_MAX {
                return None;
            }
            single.push(piece);
        }
        single.sort_by(|a, b| a.page.cmp(&b.page).then(a.y.total_cmp(&b.y)));
        let (mut all, mut lines, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = single.into_iter().peekable();
        while let Some(first) = rest.next() {
            let (page, last) = (first.page, first.y + first.height / 2.0);
            let mut line = vec![first];
            while let Some(next) = rest.next_if(|next| next.page == page && next.y <= last) {
                line.push(next);
            }
            line.sort_by(|a, b| a.x.total_cmp(&b.x));
            lines.push(line.iter().map(|piece| compact(&piece.text)).collect());
            places.push(line[0].place);
            join(line, &mut all);
        }
        all.sort_by(|a, b| a.page.cmp(&b.page).then(a.y.total_cmp(&b.y)));
        Some(Self { all, lines, places })
    }

    fn within(&self, page: u32, from: f32, to: f32) -> Range<usize> {
        let before = |y: f32| {
            self.all.partition_point(|piece| {
                piece.page < page || (piece.page == page && piece.y.total_cmp(&y).is_lt())
            })
        };
        before(from)..before(to)
    }

    pub(super) fn on_page(&self, page: u32) -> impl Iterator<Item = &Piece<'r>> {
        self.all[self.within(page, f32::MIN, f32::MAX)].iter()
    }

    /// The pieces on the label's line to its right, nearest first.
    fn beside(&self, spot: &Spot) -> Vec<usize> {
        let reach = spot.height * ONE_LINE;
        let line = self.within(spot.page, spot.y - reach, spot.y + reach);
        if line.len() > LINE_PIECES_MAX {
            return Vec::new();
        }
        let mut beside: Vec<usize> = line
            .filter(|&index| {
                // A full-width bracket at the end of a label is blank behind its left half, and a
                // value may begin there.
                index != spot.piece && self.all[index].x >= spot.end - spot.height * 0.6
            })
            .collect();
        // What stands nearer to the label's own line wins over what stands nearer to its end.
        let cost = |index: &usize| {
            let piece = &self.all[*index];
            piece.x - spot.end + 3.0 * (piece.y - spot.y).abs()
        };
        beside.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        beside
    }

    pub(super) fn line_right_of(&self, spot: &Spot) -> impl Iterator<Item = &Piece<'r>> {
        let mut line: Vec<&Piece<'r>> = (self.beside(spot).into_iter())
            .map(|index| &self.all[index])
            .collect();
        line.sort_by(|a, b| a.x.total_cmp(&b.x));
        line.into_iter()
    }

    /// The value beside a label: nothing if another label stands there first.
    pub(super) fn right_of(&self, spot: &Spot, spots: &Spots) -> Option<Found> {
        let beside = self.beside(spot);
        let &first = beside.first()?;
        if spots.begins(first) {
            return None;
        }
        let first = &self.all[first];
        // Words of one value stand nearer to each other than columns do.
        let (mut text, mut end) = (first.text.clone(), first.end);
        for &next in &beside[1..] {
            let piece = &self.all[next];
            let gap = piece.x - end;
            let on_line = (piece.y - first.y).abs() < first.height * 0.3;
            if !on_line || gap < -first.height / 2.0 {
                continue;
            }
            if gap > first.height * 1.2 || spots.begins(next) {
                break;
            }
            text.push(' ');
            text.push_str(&piece.text);
            end = piece.end;
        }
        Some(Found::new(text, first.place))
    }

    /// The value in a label's column, on the next line.
    pub(super) fn below(&self, spot: &Spot, spots: &Spots) -> Option<Found> {
        let (from, to) = (spot.y + spot.height * ONE_LINE, spot.y + spot.height * 4.0);
        let lines = self.within(spot.page, from, to);
        if lines.len() > LINE_PIECES_MAX {
            return None;
        }
        let index = lines
            .filter(|&index| {
                let piece = &self.all[index];
                piece.x <= spot.end + spot.height && piece.end >= spot.x - spot.height
            })
            .min_by(|&a, &b| self.all[a].y.total_cmp(&self.all[b].y))?;
        let piece = &self.all[index];
        (!spots.begins(index)).then(|| Found::new(piece.text.as_str(), piece.place))
    }
}

fn piece(run: &Run) -> Option<Piece<'_>> {
    let text = plain(&run.text).trim().to_owned();
    let numbers = [run.x, run.y, run.width, run.height];
    let sane = numbers
        .iter()
        .all(|number| number.is_finite() && number.abs() < PLACE_MAX);
    if text.is_empty() || !sane {
        return None;
    }
    let height = if run.height > 0.1 { run.height } else { 3.0 };
    let width = if run.width > 0.0 {
        run.width
    } else {
        let letters = text.chars().map(|c| if c.is_ascii() { 0.5 } else { 1.0 });
        letters.sum::<f32>() * height
    };
    Some(Piece {
        page: run.page,
        x: run.x,
        y: run.y,
        end: run.x + width,
        height,
        text,
        place: &run.place,
    })
}

/// Joins the pieces of one line that touch, and the letters of a label that is spaced out.
fn join<'r>(line: Vec<Piece<'r>>, all: &mut Vec<Piece<'r>>) {
    let mut pieces = line.into_iter();
    let Some(mut left) = pieces.next() else {
        return;
    };
    for right in pieces {
        let height = left.height.max(right.height);
        let gap = right.x - left.end;
        if right.text == left.text && (right.x - left.x).abs() < height * 0.3 {
            // Drawn twice to look bold.
            continue;
        }
        if gap > -height && gap < height * SPACED && joins(&left.text, &right.text, gap / height) {
            let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
            let apart = gap > height * 0.18
                && is_word(left.text.chars().next_back())
                && is_word(right.text.chars().next());
            if apart {
                left.text.push(' ');
            }
            left.text.push_str(&right.text);
            left.end = left.end.max(right.end);
        } else {
            all.push(std::mem::replace(&mut left, right));
        }
    }
    all.push(left);
}

fn joins(left: &str, right: &str, gap: f32) -> bool {
    if left.ends_with(':') {
        return false;
    }
    // A long text is no label, and looking at all of it for each letter would be quadratic.
    if left.chars().take(labels::LETTERS_MAX + 1).count() <= labels::LETTERS_MAX {
        let (left, right) = (compact(left), compact(right));
        if labels::begins_label(&left, &right) {
            return true;
        }
        if labels::is_label(&left) {
            return right.starts_with(':') && gap < TOUCHING * 2.0;
        }
    }
    gap < TOUCHING && !labels::starts_with_label(right)
}
