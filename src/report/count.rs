//! One pass over a session's rows, and what came of it.

use std::collections::HashMap;
use std::path::Path;

use super::analysis::{Analysis, Person, Shown, Span, Unit};
use super::episodes::{Episodes, Look};
use super::second;
use super::tally::{Flags, Tally};
use super::walk::{Step, Walk};
use crate::error::{Error, Result};
use crate::session::{Header, OBSERVATIONS_FILE, People, Row};

/// Reads the session in `folder`, one row after another, with `people` in place of the names kept in
/// it if there are any.
///
/// # Errors
/// [`Error::Session`] if it is none, is damaged, or has no frame.
pub fn analyze(folder: &Path, people: Option<&People>) -> Result<Analysis> {
    let mut header = Header::read(folder)?;
    if let Some(people) = people {
        people.put_into(&mut header);
    }
    let mut walk = Walk::begin(folder, &header)?;
    let mut count = Count::new(People::from(&header), walk.unit);
    while let Some(step) = walk.step()? {
        count.take(&step).map_err(|reason| Error::Session {
            path: folder.join(OBSERVATIONS_FILE),
            reason,
        })?;
    }
    Ok(Analysis {
        second: second::compare(folder)?,
        ..count.finish(header, walk)
    })
}

/// What a row shows of its face.
///
/// # Errors
/// A sentence about the row.
pub(super) fn shown(row: &Row) -> Result<Shown, String> {
    if !row.quality.is_empty() {
        return Ok(Shown::Poor);
    }
    if row.shown == "uncertain" {
        return Ok(Shown::Uncertain);
    }
    let expression = row
        .shown
        .parse()
        .map_err(|error| format!("frame {}: {error}", row.frame))?;
    Ok(Shown::Expression(expression))
}

/// What is known so far.
struct Count {
    names: People,
    unit: Unit,
    people: Vec<Counted>,
    /// By name.
    places: HashMap<String, usize>,
    /// By face; `None` is left out.
    faces: HashMap<u64, Option<usize>>,
    left_out: Vec<u64>,
    /// By phase and person.
    phases: Vec<Vec<Tally>>,
    together: Tally,
    flags: Flags,
    watched: u64,
    nobody: u64,
    /// How often something came between two frames.
    breaks: u64,
    models: Vec<String>,
}

/// What is known of a person so far.
struct Counted {
    person: Person,
    episodes: Episodes,
    /// [`Count::breaks`] when they were seen last.
    breaks: u64,
}

impl Count {
    fn new(names: People, unit: Unit) -> Self {
        Self {
            names,
            unit,
            people: Vec::new(),
            places: HashMap::new(),
            faces: HashMap::new(),
            left_out: Vec::new(),
            phases: Vec::new(),
            together: Tally::default(),
            flags: Flags::default(),
            watched: 0,
            nobody: 0,
            breaks: 0,
            models: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), String> {
        self.watched += step.amount;
        self.breaks += u64::from(step.apart);
        if let Some(row) = step.rows.first()
            && !self.models.contains(&row.model)
        {
            self.models.push(row.model.clone());
        }
        // Nobody counts twice in one frame, though two of their faces may seem to be there.
        let mut here = Vec::with_capacity(step.rows.len());
        for row in &step.rows {
            let Some(place) = row.face_id.and_then(|face| self.place(face, step)) else {
                continue;
            };
            if !here.contains(&place) {
                here.push(place);
                self.see(place, row, step)?;
            }
        }
        if here.is_empty() {
            self.nobody += step.amount;
        }
        Ok(())
    }

    /// Where in [`Self::people`] a face is; `None` if it is left out.
    fn place(&mut self, face: u64, step: &Step) -> Option<usize> {
        if let Some(place) = self.faces.get(&face) {
            return *place;
        }
        let place = if self.names.is_left_out(face) {
            self.left_out.push(face);
            None
        } else {
            let name = self.names.name_of(face);
            let place = *self.places.entry(name.clone()).or_insert(self.people.len());
            if place == self.people.len() {
                self.people.push(Counted::new(name, step.position));
            }
            self.people[place].person.faces.push(face);
            Some(place)
        };
        self.faces.insert(face, place);
        place
    }

    fn see(&mut self, place: usize, row: &Row, step: &Step) -> Result<(), String> {
        let shown = shown(row)?;
        if self.phases.len() <= step.phase {
            self.phases.resize_with(step.phase + 1, Vec::new);
        }
        let phase = &mut self.phases[step.phase];
        if phase.len() <= place {
            phase.resize_with(place + 1, Tally::default);
        }
        phase[place].add(shown, step.amount);
        self.together.add(shown, step.amount);
        self.flags.add(&row.quality, step.amount);

        let counted = &mut self.people[place];
        let apart = std::mem::replace(&mut counted.breaks, self.breaks) != self.breaks;
        let person = &mut counted.person;
        person.last = step.position + step.amount;
        person.tally.add(shown, step.amount);
        extend(&mut person.spans, step, shown, apart);
        if self.unit == Unit::Milliseconds {
            let probability = match shown {
                Shown::Expression(expression) => row.probability(expression).unwrap_or(0.0),
                Shown::Uncertain | Shown::Poor => 0.0,
            };
            counted.episodes.take(Look {
                position: step.position,
                amount: step.amount,
                shown,
                probability,
                phase: step.phase,
                apart,
            });
        }
        Ok(())
    }

    fn finish(mut self, header: Header, walk: Walk) -> Analysis {
        let people: Vec<Person> = self.people.into_iter().map(Counted::finish).collect();
        let mut phases = walk.phases;
        self.phases.resize_with(phases.len(), Vec::new);
        for (phase, mut tallies) in phases.iter_mut().zip(self.phases) {
            tallies.resize_with(people.len(), Tally::default);
            phase.people = tallies;
        }
        let dropped = if header.ended_utc.is_some() {
            header.frames.dropped
        } else {
            walk.dropped
        };
        Analysis {
            header,
            unit: walk.unit,
            frames: walk.frames,
            dropped,
            end: walk.end,
            watched: self.watched,
            nobody: self.nobody,
            people,
            together: self.together,
            flags: self.flags,
            left_out: self.left_out,
            phases,
            gaps: walk.gaps,
            stretches: walk.stretches,
            models: self.models,
            second: None,
            errors: walk.errors,
            failures: walk.failures,
        }
    }
}

impl Counted {
    fn new(name: String, first: u64) -> Self {
        Self {
            person: Person {
                name,
                faces: Vec::new(),
                first,
                last: first,
                tally: Tally::default(),
                spans: Vec::new(),
                episodes: Vec::new(),
                transitions: Vec::new(),
            },
            episodes: Episodes::default(),
            breaks: 0,
        }
    }

    fn finish(self) -> Person {
        let (episodes, transitions) = self.episodes.finish();
        Person {
            episodes,
            transitions,
            ..self.person
        }
    }
}

/// Makes the last span longer, or begins another.
fn extend(spans: &mut Vec<Span>, step: &Step, shown: Shown, apart: bool) {
    let end = step.position + step.amount;
    match spans.last_mut() {
        Some(last) if last.shown == shown && last.end == step.position && !apart => last.end = end,
        _ => spans.push(Span {
            start: step.position,
            end,
            shown,
        }),
    }
}
