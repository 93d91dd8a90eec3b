//! Episodes and transitions in words.

use serde::Serialize;

use crate::expression::Expression;
use crate::report::page::amounts::{amount, count, grouped, precise};
use crate::report::{Analysis, Episode, Person, Unit};
use crate::words;

/// Episodes listed one by one, at most: the longest.
const LISTED: usize = 300;

#[derive(Debug, Serialize)]
pub(super) struct Episodes {
    summary: Vec<Summary>,
    list: Vec<Line>,
    /// What is not in the list.
    note: Option<String>,
}

/// All episodes of one expression of one person.
#[derive(Debug, Serialize)]
struct Summary {
    person: String,
    class: &'static str,
    title: String,
    count: String,
    median: String,
    longest: String,
    peak: String,
}

#[derive(Debug, Serialize)]
struct Line {
    person: String,
    class: &'static str,
    title: String,
    onset: String,
    length: String,
    peak: String,
    peak_at: String,
    phase: String,
}

impl Episodes {
    /// `None` for pictures.
    pub(super) fn of(analysis: &Analysis, people: &[&Person]) -> Option<Self> {
        let all: Vec<(&Person, &Episode)> = people
            .iter()
            .flat_map(|person| person.episodes.iter().map(move |one| (*person, one)))
            .collect();
        if all.is_empty() {
            return None;
        }
        let found = all.len();
        let mut longest = all;
        longest.sort_by_key(|(_, episode)| std::cmp::Reverse(episode.length()));
        longest.truncate(LISTED);
        longest.sort_by_key(|(_, episode)| episode.start);
        let marked = analysis.phases.iter().any(|phase| phase.marked);
        let phase = |at: usize| {
            let phase = analysis.phases.get(at).filter(|_| marked);
            phase.map_or_else(String::new, |phase| phase.name.clone())
        };
        Some(Self {
            summary: people.iter().flat_map(|one| summaries(one)).collect(),
            list: longest
                .into_iter()
                .map(|(person, episode)| Line {
                    person: person.name.clone(),
                    class: episode.expression.name(),
                    title: words::title(Some(episode.expression)),
                    onset: precise(episode.start),
                    length: amount(Unit::Milliseconds, episode.length()),
                    peak: words::percent(episode.peak),
                    peak_at: precise(episode.peak_at),
                    phase: phase(episode.phase),
                })
                .collect(),
            note: (found > LISTED).then(|| {
                let found = count(found as u64, "episode");
                format!("The {LISTED} longest of {found}.")
            }),
        })
    }
}

fn summaries(person: &Person) -> Vec<Summary> {
    let mut summaries = Vec::new();
    for expression in Expression::ALL {
        let of_it = person
            .episodes
            .iter()
            .filter(|one| one.expression == expression);
        let mut lengths: Vec<u64> = of_it.clone().map(Episode::length).collect();
        lengths.sort_unstable();
        let (Some(longest), Some(median)) = (lengths.last(), median(&lengths)) else {
            continue;
        };
        let peak = of_it.map(|one| one.peak).fold(0.0, f32::max);
        summaries.push(Summary {
            person: person.name.clone(),
            class: expression.name(),
            title: words::title(Some(expression)),
            count: grouped(lengths.len() as u64),
            median: amount(Unit::Milliseconds, median),
            longest: amount(Unit::Milliseconds, *longest),
            peak: words::percent(peak),
        });
    }
    summaries
}

/// The middle of sorted values; the mean of the two in the middle.
fn median(sorted: &[u64]) -> Option<u64> {
    let right = sorted.get(sorted.len() / 2)?;
    let left = sorted.get((sorted.len() - 1) / 2)?;
    Some(u64::midpoint(*left, *right))
}

/// From which expression to which, for one person.
#[derive(Debug, Serialize)]
pub(super) struct Transitions {
    name: String,
    total: String,
    /// What was entered, as columns: class and title.
    to: Vec<(&'static str, String)>,
    rows: Vec<FromRow>,
}

#[derive(Debug, Serialize)]
struct FromRow {
    class: &'static str,
    title: String,
    /// How often, and how dark the cell is: 0 to 4.
    cells: Vec<(String, u64)>,
}

impl Transitions {
    pub(super) fn of(people: &[&Person]) -> Vec<Self> {
        let any = people.iter().filter(|one| !one.transitions.is_empty());
        any.map(|person| Self::of_person(person)).collect()
    }

    fn of_person(person: &Person) -> Self {
        let steps = &person.transitions;
        let counted = |from, to| {
            let step = steps.iter().find(|one| (one.from, one.to) == (from, to));
            step.map_or(0, |step| step.count)
        };
        let most = steps.iter().map(|step| step.count).max().unwrap_or(1);
        let total: u64 = steps.iter().map(|step| step.count).sum();
        let among = |known: &dyn Fn(Expression) -> bool| -> Vec<Expression> {
            Expression::ALL
                .into_iter()
                .filter(|one| known(*one))
                .collect()
        };
        let from = among(&|one| steps.iter().any(|step| step.from == one));
        let to = among(&|one| steps.iter().any(|step| step.to == one));
        let named = |one: &Expression| (one.name(), words::title(Some(*one)));
        let cell = |count: u64| match count {
            0 => (String::new(), 0),
            _ => (grouped(count), (4 * count).div_ceil(most)),
        };
        Self {
            name: person.name.clone(),
            total: count(total, "transition"),
            rows: from
                .iter()
                .map(|from| FromRow {
                    class: from.name(),
                    title: words::title(Some(*from)),
                    cells: to.iter().map(|to| cell(counted(*from, *to))).collect(),
                })
                .collect(),
            to: to.iter().map(named).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7));
        assert_eq!(median(&[1, 3]), Some(2));
        assert_eq!(median(&[1, 3, 100]), Some(3));
    }
}
