//! How good the data are, in words.

use std::path::{MAIN_SEPARATOR, Path};

use serde::Serialize;

use super::of;
use crate::report::page::amounts::{amount, grouped, percent, position};
use crate::report::{Analysis, Gap, Unit};
use crate::session::EventKind;

/// Gaps listed one by one, at most: the longest.
const GAPS: usize = 20;

#[derive(Debug, Serialize)]
pub(super) struct Quality {
    rows: Vec<QualityRow>,
    gaps: Vec<GapRow>,
    gaps_note: Option<String>,
    errors: Vec<(String, String)>,
    errors_note: Option<String>,
}

#[derive(Debug, Serialize)]
struct QualityRow {
    name: &'static str,
    value: String,
    share: String,
    meaning: &'static str,
}

#[derive(Debug, Serialize)]
struct GapRow {
    start: String,
    length: String,
    reason: &'static str,
}

impl Quality {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let unit = analysis.unit;
        let mut gaps: Vec<&Gap> = analysis.gaps.iter().collect();
        gaps.sort_by_key(|gap| std::cmp::Reverse(gap.length()));
        gaps.truncate(GAPS);
        gaps.sort_by_key(|gap| gap.start);
        let more = analysis
            .failures
            .saturating_sub(analysis.errors.len() as u64);
        Self {
            rows: rows(analysis),
            gaps: gaps
                .into_iter()
                .map(|gap| GapRow {
                    start: position(unit, gap.start),
                    length: amount(unit, gap.length()),
                    reason: reason(gap.reason),
                })
                .collect(),
            gaps_note: (analysis.gaps.len() > GAPS)
                .then(|| format!("The {GAPS} longest of {}.", analysis.gaps.len())),
            errors: analysis
                .errors
                .iter()
                .map(|(at, text)| (position(unit, *at), without_folders(text, analysis)))
                .collect(),
            errors_note: (more > 0).then(|| format!("And {} more.", grouped(more))),
        }
    }
}

/// An error's words with the names of files, not their folders: see `origin`. Foreign programs name files
/// without quotes, so the sources' folders go wherever they stand.
fn without_folders(text: &str, analysis: &Analysis) -> String {
    let mut text = text.to_owned();
    for source in &analysis.header.sources {
        let path = Path::new(&source.detail);
        let folder = match source.kind.as_str() {
            "folder" => Some(path),
            "video" | "picture" => path.parent(),
            _ => None,
        };
        if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
            text = text.replace(&format!("{}{MAIN_SEPARATOR}", folder.display()), "");
        }
    }
    with_names_for_paths(&text)
}

/// The text with every quoted path cut down to its last part, whatever system wrote it.
fn with_names_for_paths(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, quoted, after)) = split_at_quoted(rest) {
        let parts = quoted.rsplit(['/', '\\']);
        let name = parts.into_iter().find(|part| !part.is_empty());
        short.extend([before, name.unwrap_or(quoted), "'"]);
        rest = after;
    }
    short + rest
}

/// What stands before the first quoted part, with its quote; the part; what stands behind its other
/// quote. An apostrophe inside a word is no quote.
fn split_at_quoted(text: &str) -> Option<(&str, &str, &str)> {
    let joins = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
    let mut quotes = text.match_indices('\'').map(|(at, _)| at);
    let start = quotes.find(|at| !joins(text[..*at].chars().next_back()))? + 1;
    let end = quotes.find(|at| !joins(text[at + 1..].chars().next()))?;
    Some((&text[..start], &text[start..end], &text[end + 1..]))
}

const fn reason(kind: Option<EventKind>) -> &'static str {
    match kind {
        Some(EventKind::Gone) => "The camera was away",
        Some(EventKind::Stalled) => "The camera sent nothing",
        Some(EventKind::Paused) => "Paused",
        Some(EventKind::Asleep) => "The computer slept",
        _ => "No frame came; the log does not say why",
    }
}

fn rows(analysis: &Analysis) -> Vec<QualityRow> {
    let unit = analysis.unit;
    let mut rows = Vec::new();
    let mut row = |name, value: String, share: f64, meaning| {
        rows.push(QualityRow {
            name,
            value,
            share: percent(share),
            meaning,
        });
    };
    if unit == Unit::Milliseconds {
        let captured = analysis.frames + analysis.dropped;
        row(
            "Frames dropped",
            grouped(analysis.dropped),
            of(analysis.dropped, captured),
            "of the frames that the source gave; they made way for newer ones",
        );
        let gaps: u64 = analysis.gaps.iter().map(Gap::length).sum();
        row(
            "Not watched",
            amount(unit, gaps),
            of(gaps, analysis.end),
            "of the time line; gaps count nowhere else on this page",
        );
    }
    row(
        "Nobody in view",
        amount(unit, analysis.nobody),
        of(analysis.nobody, analysis.watched),
        if unit == Unit::Pictures {
            "of the pictures"
        } else {
            "of what was watched"
        },
    );
    let seen = analysis.together.seen();
    let flags = analysis.flags;
    for (name, value, meaning) in [
        (
            "Uncertain",
            analysis.together.uncertain,
            "of the time faces were in view; no expression stood out",
        ),
        (
            "Poorly seen",
            analysis.together.poor,
            "of the time faces were in view, for one or more of the next reasons",
        ),
        (
            "… small",
            flags.small,
            "fewer pixels than the model's input",
        ),
        ("… dark", flags.dark, "too little light"),
        ("… blurred", flags.blurred, "out of focus, or moving"),
        ("… at the edge", flags.edge, "partly outside the picture"),
    ] {
        row(name, amount(unit, value), of(value, seen), meaning);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_quoted_path_only_the_name_is_told() {
        for (text, told) in [
            (
                "the model '/home/anna/m.onnx' cannot be used: it isn't one",
                "the model 'm.onnx' cannot be used: it isn't one",
            ),
            (
                "'/home/o'neill/a b/x.mp4' does not lie in 'my/videos/', which --base names",
                "'x.mp4' does not lie in 'videos', which --base names",
            ),
            (
                r"please report it with the file 'C:\Users\anna\1.txt'",
                "please report it with the file '1.txt'",
            ),
            (
                "the camera 'Cam (1-2)' can't be opened",
                "the camera 'Cam (1-2)' can't be opened",
            ),
            ("an open '/home/quote", "an open '/home/quote"),
            ("it is in '/'", "it is in '/'"),
            ("", ""),
        ] {
            assert_eq!(with_names_for_paths(text), told);
        }
    }
}
