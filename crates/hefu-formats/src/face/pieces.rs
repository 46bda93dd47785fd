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
/// The lines of one value stand no further apart, in letters' heights.
const WRAPPED: f32 = 1.6;
/// No form has more labels on one line.
const LINE_LABELS_MAX: usize = 16;
/// No name takes more lines in its box.
const NAME_LINES_MAX: usize = 4;
/// The marks of a form's empty day stand no further from what is filled in, in letters' heights.
const MARKED: f32 = 6.0;
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
    /// The days that stand on a line for themselves, or in parts between the marks of a form.
    pub(super) days: Vec<Piece<'r>>,
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
        let mut days = Vec::new();
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
            days.extend(parted_day(&line));
            join(line, &mut all);
        }
        all.sort_by(|a, b| a.page.cmp(&b.page).then(a.y.total_cmp(&b.y)));
        let whole = all.iter().filter(|piece| is_day(&compact(&piece.text)));
        days.extend(whole.cloned());
        // A day that was drawn letter by letter is in parts and whole.
        days.sort_by(|a, b| a.page.cmp(&b.page).then(a.y.total_cmp(&b.y)));
        days.dedup_by(|a, b| a.page == b.page && a.y == b.y && a.x == b.x);
        Some(Self {
            all,
            days,
            lines,
            places,
        })
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

    /// The pieces on the label's line to its right.
    fn right_side(&self, spot: &Spot) -> impl Iterator<Item = usize> + '_ {
        let reach = spot.height * ONE_LINE;
        let mut line = self.within(spot.page, spot.y - reach, spot.y + reach);
        if line.len() > LINE_PIECES_MAX {
            line = 0..0;
        }
        let label = spot.piece;
        // A full-width bracket at the end of a label is blank behind its left half, and a value may
        // begin there.
        let from = spot.end - spot.height * 0.6;
        line.filter(move |&index| index != label && self.all[index].x >= from)
    }

    /// What stands nearer to the label's own line wins over what stands nearer to its end.
    fn cost(&self, spot: &Spot, index: usize) -> f32 {
        let piece = &self.all[index];
        piece.x - spot.end + 3.0 * (piece.y - spot.y).abs()
    }

    /// The pieces on the label's line to its right, nearest first.
    fn beside(&self, spot: &Spot) -> Vec<usize> {
        let mut beside: Vec<usize> = self.right_side(spot).collect();
        beside.sort_by(|&a, &b| self.cost(spot, a).total_cmp(&self.cost(spot, b)));
        beside
    }

    /// The first of [`Self::beside`].
    fn nearest(&self, spot: &Spot) -> Option<usize> {
        self.right_side(spot)
            .min_by(|&a, &b| self.cost(spot, a).total_cmp(&self.cost(spot, b)))
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
        let line = self.line(&self.beside(spot), spots)?;
        Some(Found::new(line.text, line.place))
    }

    /// The words of one value, of which the first is the first of `beside`.
    fn line(&self, beside: &[usize], spots: &Spots) -> Option<Piece<'r>> {
        let (&first, rest) = beside.split_first()?;
        if spots.begins(first) {
            return None;
        }
        let mut line = self.all[first].clone();
        // Words of one value stand nearer to each other than columns do.
        for &next in rest {
            let piece = &self.all[next];
            let gap = piece.x - line.end;
            let on_line = (piece.y - line.y).abs() < line.height * 0.3;
            if !on_line || gap < -line.height / 2.0 {
                continue;
            }
            if gap > line.height * 1.2 || spots.begins(next) {
                break;
            }
            line.text.push(' ');
            line.text.push_str(&piece.text);
            line.end = piece.end;
        }
        Some(line)
    }

    /// A name beside its label, with all lines that it takes in its box: they begin at one edge, one
    /// closely below the other. `None` where words stand so near that they may be part of it or not,
    /// for a shortened name is another name.
    pub(super) fn name_right_of(&self, spot: &Spot, spots: &Spots) -> Option<Found> {
        // The first line, and where the others may begin.
        let (first, starts) = match spot.inline.is_empty() {
            true => {
                let line = self.line(&self.beside(spot), spots)?;
                let starts = line.x - line.height * 0.5..line.x + line.height * 0.5;
                (line, starts)
            }
            false => {
                let mut line = self.all[spot.piece].clone();
                // A colon and a space may stand behind the label.
                let starts = spot.end - line.height * 0.5..spot.end + line.height * 1.5;
                line.end = line.end.min(starts.end + width(&spot.inline) * line.height);
                line.x = spot.x;
                line.text.clone_from(&spot.inline);
                (line, starts)
            }
        };
        let mut lines = std::collections::VecDeque::from([first.clone()]);
        for down in [true, false] {
            loop {
                let last = if down { lines.back() } else { lines.front() }?;
                match self.next_line(last, &starts, down, spot, spots) {
                    Next::None => break,
                    Next::Unclear => return None,
                    Next::Line(_) if lines.len() == NAME_LINES_MAX => return None,
                    Next::Line(line) if down => lines.push_back(line),
                    Next::Line(line) => lines.push_front(line),
                }
            }
        }
        let mut text = String::new();
        for line in &lines {
            let is_plain = |c: Option<char>| c.is_some_and(|c| c.is_ascii());
            // Whether a space was between two words of letters, nobody can see.
            if is_plain(text.chars().next_back()) && is_plain(line.text.chars().next()) {
                return None;
            }
            text.push_str(&line.text);
        }
        Some(Found::new(text, first.place))
    }

    /// The line of a name below or above another one.
    fn next_line(
        &self,
        last: &Piece<'r>,
        starts: &Range<f32>,
        down: bool,
        spot: &Spot,
        spots: &Spots,
    ) -> Next<'r> {
        let (near, far) = (last.height * 0.5, last.height * WRAPPED);
        let range = match down {
            true => self.within(last.page, last.y + near, last.y + far),
            false => self.within(last.page, last.y - far, last.y - near),
        };
        if range.len() > LINE_PIECES_MAX {
            return Next::Unclear;
        }
        let nearest = range
            .filter(|&index| {
                let piece = &self.all[index];
                let over = piece.x < last.end && piece.end > last.x - last.height * 0.5;
                over && !spots.begins(index)
            })
            .min_by(|&a, &b| {
                let [a, b] = [a, b].map(|index| &self.all[index]);
                let [far_a, far_b] = [a, b].map(|piece| (piece.y - last.y).abs());
                far_a.total_cmp(&far_b).then(a.x.total_cmp(&b.x))
            });
        let Some(index) = nearest else {
            return Next::None;
        };
        let piece = &self.all[index];
        // What stands on another label's own line is that label's, and so is a number beside it; what
        // else stands a little off it may be either's.
        let others = spots.all.iter().filter(|other| {
            other.page == piece.page
                && *other != spot
                && other.inline.is_empty()
                && (other.y - piece.y).abs() <= other.height * ONE_LINE
        });
        let others: Vec<&Spot> = others.take(LINE_LABELS_MAX + 1).collect();
        if others.len() > LINE_LABELS_MAX {
            return Next::Unclear;
        }
        let others = others.into_iter();
        let others = others.filter(|other| self.nearest(other) == Some(index));
        let offs = others.map(|other| (other.y - piece.y).abs() / other.height);
        match offs.min_by(f32::total_cmp) {
            Some(off) if off < ONE_LINE / 2.0 || piece.text.is_ascii() => return Next::None,
            Some(_) => return Next::Unclear,
            None => {}
        }
        if !starts.contains(&piece.x) {
            return Next::Unclear;
        }
        let on_line = |other: &usize| {
            let other = &self.all[*other];
            other.x > piece.x && (other.y - piece.y).abs() < piece.height * 0.3
        };
        let reach = piece.height * 0.3;
        let line = self.within(piece.page, piece.y - reach, piece.y + reach);
        let mut line: Vec<usize> = line.filter(on_line).collect();
        line.sort_by(|&a, &b| self.all[a].x.total_cmp(&self.all[b].x));
        line.insert(0, index);
        match self.line(&line, spots) {
            Some(line) => Next::Line(line),
            None => Next::None,
        }
    }

    /// The day on a label's line, where it stands in parts.
    pub(super) fn day_right_of(&self, spot: &Spot) -> Option<Found> {
        let reach = spot.height * ONE_LINE;
        let mut days = self.days.iter().filter(|day| {
            let on_line = day.page == spot.page && (day.y - spot.y).abs() <= reach;
            on_line && day.x >= spot.end - spot.height * 0.6
        });
        let day = days.next()?;
        let is_only = days.next().is_none() && day.x - spot.end < spot.height * MARKED;
        is_only.then(|| Found::new(day.text.as_str(), day.place))
    }

    /// The one day that stands below a label, alone on its line: whoever signs, dates below the place
    /// of the seal.
    pub(super) fn day_below(&self, spot: &Spot) -> Option<Found> {
        /// How far the foot reaches below the label and to its right, in letters' heights.
        const FOOT: (f32, f32) = (8.0, 12.0);
        let mut days = self.days.iter().filter(|day| {
            let down = day.y - spot.y;
            day.page == spot.page
                && down > spot.height * ONE_LINE
                && down < spot.height * FOOT.0
                && day.end > spot.x
                && day.x < spot.end + spot.height * FOOT.1
        });
        let day = days.next()?;
        let reach = day.height * ONE_LINE;
        let mut line = self.all[self.within(day.page, day.y - reach, day.y + reach)].iter();
        let is_labelled = line.any(|piece| {
            let gap = day.x - piece.x;
            gap > day.height && gap < day.height * 2.0 * FOOT.1
        });
        let is_alone = days.next().is_none() && !is_labelled;
        is_alone.then(|| Found::new(day.text.as_str(), day.place))
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

/// What stands below or above a line of a name.
enum Next<'r> {
    /// Nothing of the name.
    None,
    /// Words that may belong to it or not.
    Unclear,
    /// Its next line.
    Line(Piece<'r>),
}

/// `2022年11月1日`, and nothing else.
fn is_day(text: &str) -> bool {
    // No such day is longer, and most texts are.
    text.len() <= 24
        && text.ends_with('日')
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || "年月日".contains(c))
        && crate::chinese::day(text).is_some()
}

/// The day on a line of which the form prints `年 月 日` and the numbers are filled in between, or
/// before where all is letter by letter. Two days on one line tell nothing.
fn parted_day<'r>(line: &[Piece<'r>]) -> Option<Piece<'r>> {
    enum Part {
        Number,
        Mark,
        Other,
    }
    let is_mark = |c: char| "年月日".contains(c);
    if line.len() < 4 || line.len() > LINE_PIECES_MAX {
        return None;
    }
    // Each mark and each number, at its place.
    let mut parts: Vec<(Part, Piece<'r>)> = Vec::new();
    for piece in line {
        let letters = compact(&piece.text);
        if !letters.is_empty() && letters.chars().all(is_mark) {
            let count = piece.text.chars().count().max(1) as f32;
            for (index, letter) in piece.text.chars().enumerate() {
                if is_mark(letter) {
                    let x = piece.x + (piece.end - piece.x) * index as f32 / count;
                    let text = letter.to_string();
                    let end = x + piece.height;
                    parts.push((
                        Part::Mark,
                        Piece {
                            x,
                            end,
                            text,
                            ..piece.clone()
                        },
                    ));
                }
            }
        } else {
            let is_number = letters.len() <= 4 && letters.bytes().all(|b| b.is_ascii_digit());
            let part = if is_number { Part::Number } else { Part::Other };
            parts.push((part, piece.clone()));
        }
    }
    parts.sort_by(|(_, a), (_, b)| a.x.total_cmp(&b.x));
    // The digits of a number may stand one by one.
    let mut joined: Vec<(Part, Piece<'r>)> = Vec::new();
    for (part, piece) in parts {
        match (joined.last_mut(), &part) {
            (Some((Part::Number, before)), Part::Number)
                if piece.x - before.end < piece.height * TOUCHING && before.text.len() < 4 =>
            {
                before.text.push_str(&piece.text);
                before.end = piece.end;
            }
            _ => joined.push((part, piece)),
        }
    }
    let mut days = joined.windows(6).filter_map(|parts| {
        let near = parts.windows(2).all(|pair| {
            let gap = pair[1].1.x - pair[0].1.end;
            gap < pair[0].1.height * MARKED
        });
        let kinds = parts
            .iter()
            .enumerate()
            .all(|(index, (part, _))| match part {
                Part::Number => index % 2 == 0,
                Part::Mark => index % 2 == 1,
                Part::Other => false,
            });
        let text: String = parts
            .iter()
            .map(|(_, piece)| compact(&piece.text))
            .collect();
        let year_has_four = parts[0].1.text.len() == 4;
        (near && kinds && year_has_four && is_day(&text)).then(|| Piece {
            text,
            end: parts[5].1.end,
            ..parts[0].1.clone()
        })
    });
    let day = days.next()?;
    days.next().is_none().then_some(day)
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
        width(&text) * height
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

/// How wide a text is, in letters' heights.
fn width(text: &str) -> f32 {
    let letters = text.chars().map(|c| if c.is_ascii() { 0.5 } else { 1.0 });
    letters.sum()
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
