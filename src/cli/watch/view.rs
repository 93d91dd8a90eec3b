//! What a person sees of `mien watch`.

use std::io;
use std::time::{Duration, Instant};

use console::Term;
use mien::face::{Face, Reading};
use mien::observation::Observation;
use mien::pipeline::{Condition, Doubt, State};

/// How often a line is printed where there is no terminal.
const LINE: Duration = Duration::from_secs(1);

/// What is on the terminal: refreshed in place there, a line a second elsewhere.
pub(super) struct View {
    silent: bool,
    terminal: Term,
    /// Lines to draw over.
    drawn: usize,
    printed: Option<Instant>,
    condition: Condition,
    failures: u64,
    /// The model in doubt that was told of.
    doubted: Option<String>,
}

impl View {
    pub(super) fn new(silent: bool) -> Self {
        Self {
            silent,
            terminal: Term::stdout(),
            drawn: 0,
            printed: None,
            condition: Condition::Opening,
            failures: 0,
            doubted: None,
        }
    }

    /// A sentence that stays.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        let drawn = std::mem::take(&mut self.drawn);
        // Standard output may be held up by whoever reads it.
        if drawn > 0 {
            self.terminal.clear_last_lines(drawn)?;
        }
        eprintln!("{text}.");
        Ok(())
    }

    pub(super) fn show(
        &mut self,
        state: &State,
        observation: Option<&Observation>,
    ) -> io::Result<()> {
        if self.condition != state.condition || self.failures != state.failures {
            self.condition = state.condition.clone();
            self.failures = state.failures;
            if let Some(text) = condition_text(state) {
                self.say(&text)?;
            }
        }
        let doubted = state.doubt.as_ref().map(|doubt| doubt.named.clone());
        if self.doubted != doubted {
            self.doubted = doubted;
            if let Some(doubt) = &state.doubt {
                self.say(&doubt_text(doubt))?;
            }
        }
        if self.silent {
            return Ok(());
        }
        if self.terminal.is_term() {
            return self.draw(state, observation);
        }
        let due = self.printed.is_none_or(|printed| printed.elapsed() >= LINE);
        let last = state.condition == Condition::Ended;
        if let Some(observation) = observation
            && (due || last)
        {
            self.printed = Some(Instant::now());
            let seconds = observation.frame.time.as_secs_f32();
            let source = &observation.frame.source;
            self.terminal.write_line(&format!(
                "{source} {seconds:.1} s: {}",
                faces_text(state, observation)
            ))?;
        }
        Ok(())
    }

    fn draw(&mut self, state: &State, observation: Option<&Observation>) -> io::Result<()> {
        let mut lines = vec![header(state, observation)];
        match observation {
            Some(observation) if observation.faces.is_empty() => {
                lines.push(faceless_text(state).to_owned());
            }
            Some(observation) => lines.extend(observation.faces.iter().map(face_line)),
            None => {}
        }
        let (height, width) = self.terminal.size();
        lines.truncate(usize::from(height).saturating_sub(1).max(1));
        self.terminal
            .clear_last_lines(std::mem::take(&mut self.drawn))?;
        for line in &lines {
            let line = console::truncate_str(line, usize::from(width), "…");
            self.terminal.write_line(&line)?;
        }
        self.drawn = lines.len();
        Ok(())
    }
}

/// What to say when the source's condition changes; `None` when all is well.
fn condition_text(state: &State) -> Option<String> {
    let name = &state.source_name;
    match &state.condition {
        Condition::Gone(reason) if state.captured > 0 => Some(format!(
            "The camera is gone ({reason}); Mien goes on when it is back"
        )),
        Condition::Gone(reason) => Some(format!("{reason}. Mien goes on when it is there")),
        Condition::Failed(reason) => Some(reason.clone()),
        Condition::Stalled => Some(format!("'{name}' sends no pictures; Mien waits for it")),
        _ => None,
    }
}

/// What speaks against a model that a command asked for, and how to take it all the same.
fn doubt_text(doubt: &Doubt) -> String {
    let Doubt { title, reason, .. } = doubt;
    format!("'{title}' is not used: {reason}; the command `use` takes it all the same")
}

fn header(state: &State, observation: Option<&Observation>) -> String {
    let model = state.model.as_ref().map_or("", |model| &model.card.name);
    let second = state.second.as_ref();
    let second = second.map_or(String::new(), |second| format!(" ({})", second.card.name));
    let provider = state.model.as_ref().map_or("", |model| model.provider);
    let millis = observation.map_or(0.0, |seen| seen.times.total().as_secs_f64() * 1e3);
    let recording = if state.recording.is_some() {
        "  ● recording"
    } else {
        ""
    };
    format!(
        "{}  {:.0} fps  {millis:.1} ms  {model}{second} on {provider}  {} dropped{recording}",
        state.source_name, state.frames_per_second, state.dropped
    )
}

fn face_line(face: &Face) -> String {
    let bars: Vec<String> = face
        .reading
        .smoothed
        .iter()
        .map(|(expression, value)| format!("{expression} {:3.0}%", value * 100.0))
        .collect();
    format!("{}  {}", face_text(face), bars.join("  "))
}

/// What is read in a face, and in brackets what the second model reads.
fn face_text(face: &Face) -> String {
    let percent = |reading: &Reading| reading.shown_probability() * 100.0;
    let second = face.second.as_ref().map_or(String::new(), |second| {
        format!(" ({} {:.0}%)", second.shown_name(), percent(second))
    });
    format!(
        "#{} {:<9} {:3.0}%{second}",
        face.id,
        face.reading.shown_name(),
        percent(&face.reading)
    )
}

/// Why there is no face to name.
fn faceless_text(state: &State) -> &'static str {
    if state.no_answer {
        "the model gives no answer"
    } else {
        "no face"
    }
}

fn faces_text(state: &State, observation: &Observation) -> String {
    if observation.faces.is_empty() {
        return faceless_text(state).to_owned();
    }
    observation
        .faces
        .iter()
        .map(face_text)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::sample::observation;
    use super::*;

    #[test]
    fn a_second_models_answer_stands_in_brackets() {
        let text = |second| faces_text(&State::default(), &observation(second));
        assert_eq!(text(true), "#1 happy      75% (sad 75%)");
        assert_eq!(text(false), "#1 happy      75%");
    }
}
