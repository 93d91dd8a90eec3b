//! The numbers as the page words them; nothing is computed in the template.

use serde::Serialize;

use super::amounts::{amount, count, grouped, percent, position};
use super::timeline::TimeLine;
use crate::expression::Expression;
use crate::report::{Analysis, Person, Tally, Unit};
use crate::words;

mod moments;
mod origin;
mod quality;

use self::moments::{Episodes, Transitions};
use self::origin::Origin;
use self::quality::Quality;

/// People with a time line and tables of their own: those seen longest. The others are summed up.
const LISTED: usize = 12;

#[derive(Debug, Serialize)]
pub(super) struct View {
    name: String,
    /// What was looked at, and when.
    lead: String,
    /// Why the log may be incomplete.
    early: bool,
    pictures: bool,
    facts: Vec<Fact>,
    /// What was seen or could have been: class and title.
    expressions: Vec<(&'static str, String)>,
    people: Vec<PersonView>,
    /// Everybody together, where they are more than one.
    together: Option<Shares>,
    /// Who is not listed, and who does not count.
    notes: Vec<String>,
    time_line: Option<TimeLine>,
    phases: Vec<PhaseView>,
    episodes: Option<Episodes>,
    transitions: Vec<Transitions>,
    quality: Quality,
    origin: Origin,
}

#[derive(Debug, Serialize)]
struct Fact {
    label: &'static str,
    value: String,
    note: String,
}

#[derive(Debug, Serialize)]
struct PersonView {
    name: String,
    /// Their ids in the log.
    faces: String,
    first: String,
    last: String,
    seen: String,
    /// Of what was watched.
    seen_share: String,
    /// What was shown most.
    most: String,
    shares: Shares,
}

/// What somebody showed, in words and in parts of a bar.
#[derive(Debug, Serialize)]
struct Shares {
    name: String,
    rows: Vec<ShareRow>,
    named: String,
    uncertain: String,
    poor: String,
    /// Anything to take shares of.
    any: bool,
    /// The bar: class, start and width in thousandths of what was seen.
    bar: Vec<(&'static str, u64, u64)>,
    /// The bar in words.
    label: String,
}

#[derive(Debug, Serialize)]
struct ShareRow {
    class: &'static str,
    title: String,
    amount: String,
    percent: String,
    /// Width in thousandths.
    width: u64,
}

#[derive(Debug, Serialize)]
struct PhaseView {
    name: String,
    start: String,
    length: String,
    watched: String,
    people: Vec<PhaseRow>,
}

#[derive(Debug, Serialize)]
struct PhaseRow {
    name: String,
    seen: String,
    shares: Shares,
    /// Percent of each listed expression, in their order.
    cells: Vec<String>,
    uncertain: String,
    poor: String,
}

impl View {
    pub(super) fn of(analysis: &Analysis, name: &str) -> Self {
        let used = used(analysis);
        let listed = listed(analysis);
        let people: Vec<&Person> = listed.iter().map(|at| &analysis.people[*at]).collect();
        let pictures = analysis.unit == Unit::Pictures;
        let origin = Origin::of(analysis);
        Self {
            name: name.to_owned(),
            lead: origin.lead(analysis),
            early: analysis.ended_early(),
            pictures,
            facts: facts(analysis),
            expressions: used
                .iter()
                .map(|one| (one.name(), words::title(Some(*one))))
                .collect(),
            together: (analysis.people.len() != 1)
                .then(|| Shares::of("Everybody", &analysis.together, &used, analysis.unit)),
            notes: notes(analysis, people.len()),
            time_line: TimeLine::of(analysis, &people, &used),
            phases: phases(analysis, &listed, &used),
            episodes: Episodes::of(analysis, &people),
            transitions: Transitions::of(&people),
            people: people
                .into_iter()
                .map(|person| PersonView::of(analysis, person, &used))
                .collect(),
            quality: Quality::of(analysis),
            origin,
        }
    }
}

/// The expressions that the models know, and any other that was shown.
fn used(analysis: &Analysis) -> Vec<Expression> {
    let known = |one: &Expression| {
        let mut models = analysis.answering();
        models.any(|model| model.labels.contains(one))
            || analysis.together.of(*one) > 0
            || analysis
                .people
                .iter()
                .any(|person| person.tally.of(*one) > 0)
    };
    Expression::ALL.into_iter().filter(known).collect()
}

/// Who is listed: those seen longest, in the order of their first appearance.
fn listed(analysis: &Analysis) -> Vec<usize> {
    let mut places: Vec<usize> = (0..analysis.people.len()).collect();
    places.sort_by_key(|at| std::cmp::Reverse(analysis.people[*at].tally.seen()));
    places.truncate(LISTED);
    places.sort_unstable();
    places
}

fn facts(analysis: &Analysis) -> Vec<Fact> {
    let unit = analysis.unit;
    let fact = |label, value, note| Fact { label, value, note };
    let gaps: u64 = analysis.gaps.iter().map(super::super::Gap::length).sum();
    let mut facts = Vec::new();
    if unit == Unit::Milliseconds {
        let note = match analysis.gaps.len() {
            0 => "without a gap".to_owned(),
            many => format!(
                "less {} in {}",
                amount(unit, gaps),
                count(many as u64, "gap")
            ),
        };
        facts.push(fact("Watched", amount(unit, analysis.watched), note));
    }
    let somebody = analysis.watched.saturating_sub(analysis.nobody);
    facts.push(fact(
        if unit == Unit::Pictures {
            "Faces"
        } else {
            "People"
        },
        grouped(analysis.people.len() as u64),
        match unit {
            Unit::Pictures => format!(
                "in {} of the pictures",
                percent(of(somebody, analysis.watched))
            ),
            Unit::Milliseconds => format!(
                "somebody in view for {} of it",
                percent(of(somebody, analysis.watched))
            ),
        },
    ));
    let rate = analysis.frames_per_second();
    facts.push(fact(
        if unit == Unit::Pictures {
            "Pictures"
        } else {
            "Frames analysed"
        },
        grouped(analysis.frames),
        rate.map_or_else(String::new, |rate| format!("{rate:.1} a second")),
    ));
    let markers = analysis.phases.iter().filter(|phase| phase.marked).count();
    if unit == Unit::Milliseconds {
        let note = if markers == 0 {
            "no phases to compare"
        } else {
            "each begins a phase"
        };
        facts.push(fact("Markers", grouped(markers as u64), note.to_owned()));
    }
    facts
}

fn of(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn notes(analysis: &Analysis, listed: usize) -> Vec<String> {
    let unit = analysis.unit;
    let mut notes = Vec::new();
    let more = analysis.people.len() - listed;
    if more > 0 {
        let mut seen: Vec<u64> = analysis.people.iter().map(|one| one.tally.seen()).collect();
        seen.sort_unstable();
        let rest: u64 = seen.iter().take(more).sum();
        let faces = count(more as u64, "face");
        notes.push(match unit {
            Unit::Pictures => format!(
                "{faces} more are counted in “Everybody” but not listed: pictures stand alone, so \
                 each face in each of them has its own number."
            ),
            Unit::Milliseconds => format!(
                "{faces} more, in view for {} together, are counted in “Everybody” but not listed. \
                 Somebody who turns away or leaves gets a new number; name the faces to join them.",
                amount(unit, rest)
            ),
        });
    }
    match analysis.left_out.len() as u64 {
        0 => {}
        1 => notes.push("1 face was left out on request.".to_owned()),
        many => notes.push(format!("{many} faces were left out on request.")),
    }
    if analysis.people.is_empty() {
        notes.push("No face that counts was found.".to_owned());
    }
    notes
}

impl PersonView {
    fn of(analysis: &Analysis, person: &Person, used: &[Expression]) -> Self {
        let unit = analysis.unit;
        let seen = person.tally.seen();
        let most = used
            .iter()
            .copied()
            .max_by_key(|one| person.tally.of(*one))
            .filter(|one| person.tally.of(*one) > 0);
        let share = most.and_then(|one| person.tally.share(one));
        let faces: Vec<String> = person.faces.iter().map(ToString::to_string).collect();
        Self {
            name: person.name.clone(),
            faces: faces.join(", "),
            first: position(unit, person.first),
            last: position(
                unit,
                person
                    .last
                    .saturating_sub(u64::from(unit == Unit::Pictures)),
            ),
            seen: amount(unit, seen),
            seen_share: percent(of(seen, analysis.watched)),
            most: match (most, share) {
                (Some(one), Some(share)) => format!("{one}, {}", percent(share)),
                _ => "–".to_owned(),
            },
            shares: Shares::of(&person.name, &person.tally, used, unit),
        }
    }
}

impl Shares {
    fn of(name: &str, tally: &Tally, used: &[Expression], unit: Unit) -> Self {
        let rows: Vec<ShareRow> = used
            .iter()
            .map(|one| ShareRow {
                class: one.name(),
                title: words::title(Some(*one)),
                amount: amount(unit, tally.of(*one)),
                percent: tally.share(*one).map_or_else(|| "–".to_owned(), percent),
                width: thousandths(tally.of(*one), tally.named()),
            })
            .collect();
        let shown: Vec<String> = rows
            .iter()
            .filter(|row| row.width > 0)
            .map(|row| format!("{} {}", row.title.to_lowercase(), row.percent))
            .collect();
        Self {
            name: name.to_owned(),
            any: tally.named() > 0,
            named: amount(unit, tally.named()),
            uncertain: amount(unit, tally.uncertain),
            poor: amount(unit, tally.poor),
            bar: bar(tally, used),
            label: if shown.is_empty() {
                format!("{name}: no steady expression")
            } else {
                format!("{name}: {}", shown.join(", "))
            },
            rows,
        }
    }
}

fn thousandths(part: u64, whole: u64) -> u64 {
    (of(part, whole) * 1000.0).round() as u64
}

/// The parts of a bar over all that was seen; the last ones are the uncertain and the poor.
fn bar(tally: &Tally, used: &[Expression]) -> Vec<(&'static str, u64, u64)> {
    let named = used.iter().map(|one| (one.name(), tally.of(*one)));
    let rest = [("uncertain", tally.uncertain), ("poor", tally.poor)];
    let mut parts = Vec::new();
    let mut before = 0;
    for (class, amount) in named.chain(rest) {
        let start = thousandths(before, tally.seen());
        before += amount;
        let width = thousandths(before, tally.seen()) - start;
        if width > 0 {
            parts.push((class, start, width));
        }
    }
    parts
}

fn phases(analysis: &Analysis, listed: &[usize], used: &[Expression]) -> Vec<PhaseView> {
    if analysis.phases.iter().all(|phase| !phase.marked) {
        return Vec::new();
    }
    let unit = analysis.unit;
    let row = |name: &str, tally: &Tally| PhaseRow {
        name: name.to_owned(),
        seen: amount(unit, tally.seen()),
        shares: Shares::of(name, tally, used, unit),
        cells: used
            .iter()
            .map(|one| tally.share(*one).map_or_else(|| "–".to_owned(), percent))
            .collect(),
        uncertain: amount(unit, tally.uncertain),
        poor: amount(unit, tally.poor),
    };
    let mut views = Vec::new();
    for phase in &analysis.phases {
        let mut everybody = Tally::default();
        for tally in &phase.people {
            everybody += *tally;
        }
        let mut people: Vec<PhaseRow> = listed
            .iter()
            .filter_map(|at| Some(row(&analysis.people.get(*at)?.name, phase.people.get(*at)?)))
            .collect();
        if analysis.people.len() > 1 {
            people.push(row("Everybody", &everybody));
        }
        views.push(PhaseView {
            name: phase.name.clone(),
            start: position(unit, phase.start),
            length: amount(unit, phase.end - phase.start),
            watched: amount(unit, phase.watched),
            people,
        });
    }
    views
}
