//! The time line as drawn: one lane per expression for each person, phases above, gaps behind.

use std::fmt::Write as _;

use serde::Serialize;

use super::amounts;
use crate::expression::Expression;
use crate::report::{Analysis, Person, Shown, Span, Unit};
use crate::words;

/// Height of a lane in the drawing's units.
const LANE: usize = 10;

/// More pieces than this for one person are drawn in coarser steps: the page stays small, and no
/// screen shows more.
const MOST_SPANS: usize = 8000;

/// Ticks on the axis, at most.
const MOST_TICKS: u64 = 8;

/// Distances between ticks, in seconds.
const TICK_STEPS: [u64; 14] = [
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200,
];

#[derive(Debug, Serialize)]
pub(super) struct TimeLine {
    end: u64,
    height: usize,
    /// The lanes' names, from top to bottom.
    lanes: Vec<String>,
    ticks: Vec<Tick>,
    phases: Vec<Piece>,
    gaps: Vec<Piece>,
    people: Vec<Lanes>,
    /// In what steps it is drawn, if it is not exact.
    step: Option<String>,
}

#[derive(Debug, Serialize)]
struct Tick {
    text: String,
    /// From the left, in percent.
    left: String,
}

/// A piece of the time line: in its unit for the drawing, in percent for the text on it.
#[derive(Debug, Serialize)]
struct Piece {
    name: String,
    start: u64,
    length: u64,
    left: String,
    width: String,
}

#[derive(Debug, Serialize)]
struct Lanes {
    name: String,
    /// The drawing in words.
    label: String,
    /// Class and path of each lane.
    paths: Vec<(&'static str, String)>,
}

impl TimeLine {
    /// `None` for pictures, which have no time, and where there is no length to draw on.
    pub(super) fn of(analysis: &Analysis, people: &[&Person], used: &[Expression]) -> Option<Self> {
        if analysis.unit == Unit::Pictures || analysis.end == 0 {
            return None;
        }
        let end = analysis.end;
        let mut lanes: Vec<String> = used.iter().map(|one| words::title(Some(*one))).collect();
        lanes.push("Uncertain".to_owned());
        let coarse = people.iter().any(|one| one.spans.len() > MOST_SPANS);
        let step = coarse.then(|| end.div_ceil(MOST_SPANS as u64));
        Some(Self {
            end,
            height: lanes.len() * LANE,
            lanes,
            ticks: ticks(end),
            phases: phases(analysis),
            gaps: analysis
                .gaps
                .iter()
                .map(|gap| piece(end, gap.start, gap.end, ""))
                .collect(),
            people: people
                .iter()
                .map(|person| Lanes::of(person, used, step))
                .collect(),
            step: step.map(|step| amounts::amount(Unit::Milliseconds, step)),
        })
    }
}

/// The phases, if a marker made any.
fn phases(analysis: &Analysis) -> Vec<Piece> {
    if analysis.phases.iter().all(|phase| !phase.marked) {
        return Vec::new();
    }
    analysis
        .phases
        .iter()
        .map(|phase| piece(analysis.end, phase.start, phase.end, &phase.name))
        .collect()
}

fn piece(whole: u64, start: u64, end: u64, name: &str) -> Piece {
    Piece {
        name: name.to_owned(),
        start,
        length: end - start,
        left: percent_of(start, whole),
        width: percent_of(end - start, whole),
    }
}

fn percent_of(part: u64, whole: u64) -> String {
    format!("{:.3}", part as f64 * 100.0 / whole.max(1) as f64)
}

fn ticks(end: u64) -> Vec<Tick> {
    let fits = |step: &&u64| end / (1000 * **step) <= MOST_TICKS;
    let seconds = TICK_STEPS.iter().find(fits);
    let seconds = seconds.map_or_else(|| end.div_ceil(1000 * MOST_TICKS), |step| *step);
    (0..=end / (1000 * seconds))
        .map(|index| {
            let at = index * seconds * 1000;
            Tick {
                text: amounts::position(Unit::Milliseconds, at),
                left: percent_of(at, end),
            }
        })
        .collect()
}

impl Lanes {
    fn of(person: &Person, used: &[Expression], step: Option<u64>) -> Self {
        let mut paths: Vec<(&'static str, String)> = used
            .iter()
            .map(|expression| (expression.name(), String::new()))
            .collect();
        paths.push(("uncertain", String::new()));
        paths.push(("poor", String::new()));
        let coarser = step.map(|step| coarsen(&person.spans, step));
        for span in coarser.as_deref().unwrap_or(&person.spans) {
            let lane = match span.shown {
                Shown::Expression(shown) => used.iter().position(|one| *one == shown),
                Shown::Uncertain => Some(used.len()),
                Shown::Poor => Some(used.len() + 1),
            };
            let Some((lane, (_, path))) = lane.and_then(|at| Some((at, paths.get_mut(at)?))) else {
                continue;
            };
            // What is poorly seen shares the lane of the uncertain.
            let y = lane.min(used.len()) * LANE + LANE / 2;
            let _never_fails = write!(path, "M{} {y}h{}", span.start, span.end - span.start);
        }
        paths.retain(|(_, path)| !path.is_empty());
        Self {
            name: person.name.clone(),
            label: label(person),
            paths,
        }
    }
}

/// The drawing in words: what was shown for how long.
fn label(person: &Person) -> String {
    let mut text = format!("Time line of {}:", person.name);
    for expression in Expression::ALL {
        let amount = person.tally.of(expression);
        if amount > 0 {
            let amount = amounts::amount(Unit::Milliseconds, amount);
            let _never_fails = write!(text, " {expression} {amount},");
        }
    }
    let uncertain = amounts::amount(Unit::Milliseconds, person.tally.uncertain);
    let poor = amounts::amount(Unit::Milliseconds, person.tally.poor);
    let _never_fails = write!(text, " uncertain {uncertain}, poorly seen {poor}");
    text
}

/// The same in steps: each shows what was shown for most of it.
fn coarsen(spans: &[Span], step: u64) -> Vec<Span> {
    let mut coarse: Vec<Span> = Vec::new();
    let mut slot = 0;
    let mut best: Option<(u64, Shown)> = None;
    let mut amounts: Vec<(Shown, u64)> = Vec::new();
    let mut flush = |slot: u64, best: &mut Option<(u64, Shown)>| {
        let Some((_, shown)) = best.take() else {
            return;
        };
        let (start, end) = (slot * step, (slot + 1) * step);
        match coarse.last_mut() {
            Some(last) if last.shown == shown && last.end == start => last.end = end,
            _ => coarse.push(Span { start, end, shown }),
        }
    };
    for span in spans {
        let mut at = span.start;
        while at < span.end {
            if at / step != slot {
                flush(slot, &mut best);
                amounts.clear();
                slot = at / step;
            }
            let until = span.end.min((slot + 1) * step);
            let place = amounts.iter().position(|(shown, _)| *shown == span.shown);
            let place = place.unwrap_or_else(|| {
                amounts.push((span.shown, 0));
                amounts.len() - 1
            });
            amounts[place].1 += until - at;
            if best.is_none_or(|(most, _)| amounts[place].1 > most) {
                best = Some((amounts[place].1, span.shown));
            }
            at = until;
        }
    }
    flush(slot, &mut best);
    coarse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression::{Happy, Sad};

    #[test]
    fn coarse_steps_show_what_was_shown_for_most_of_them() {
        let span = |start, end, expression| Span {
            start,
            end,
            shown: Shown::Expression(expression),
        };
        let spans = [
            span(0, 60, Happy),
            span(60, 100, Sad),
            span(100, 110, Sad),
            span(110, 200, Happy),
            span(450, 460, Sad),
        ];
        let expected = [span(0, 200, Happy), span(400, 500, Sad)];
        assert_eq!(coarsen(&spans, 100), expected);
    }

    #[test]
    fn ticks_are_round_and_few() {
        let texts = |end| -> Vec<String> { ticks(end).into_iter().map(|one| one.text).collect() };
        assert_eq!(texts(4500), ["0:00", "0:01", "0:02", "0:03", "0:04"]);
        assert_eq!(texts(7_200_000).last().unwrap(), "2:00:00");
        assert!(texts(90_000_000).len() <= 14);
    }
}
