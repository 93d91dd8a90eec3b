//! Where the numbers come from: sources, models, program, settings.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use crate::report::{Analysis, Second};
use crate::session::SourceEntry;

#[derive(Debug, Serialize)]
pub(super) struct Origin {
    sources: Vec<String>,
    models: Vec<ModelView>,
    /// Whether several of them gave the numbers; a second model gives none.
    mixed: bool,
    /// Model, program and settings: names and values.
    rows: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
struct ModelView {
    name: String,
    labels: String,
    sha256: String,
}

impl Origin {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let header = &analysis.header;
        let mut rows = vec![
            ("Runs on".to_owned(), provider(&header.provider)),
            ("Program".to_owned(), format!("Mien {}", header.mien)),
            ("Log format".to_owned(), header.format.to_string()),
            ("Began".to_owned(), date(header.started_utc.0)),
            (
                "Ended".to_owned(),
                header
                    .ended_utc
                    .map_or_else(|| "not recorded".to_owned(), |end| date(end.0)),
            ),
        ];
        if let Some(second) = &analysis.second {
            rows.push(("Second model".to_owned(), agreement(second)));
        }
        if let Value::Object(settings) = &header.settings {
            rows.extend(settings.iter().map(|(key, value)| {
                let value = match value {
                    Value::Null => "not set".to_owned(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                (format!("Setting: {}", key.replace('_', " ")), value)
            }));
        }
        Self {
            sources: header.sources.iter().map(source_name).collect(),
            models: header
                .models
                .iter()
                .map(|model| ModelView {
                    name: model.name.clone(),
                    labels: model
                        .labels
                        .iter()
                        .map(|label| label.name())
                        .collect::<Vec<_>>()
                        .join(", "),
                    sha256: model.sha256.clone(),
                })
                .collect(),
            mixed: analysis.models.len() > 1,
            rows,
        }
    }

    /// What was looked at, and when, in one sentence.
    pub(super) fn lead(&self, analysis: &Analysis) -> String {
        let header = &analysis.header;
        let live = header
            .sources
            .iter()
            .any(|one| one.kind == "camera" || one.kind == "demo");
        let done = if live { "Recorded" } else { "Analysed" };
        let what = match &self.sources[..] {
            [] => String::new(),
            [name] => format!(" from {name}"),
            [name, others @ ..] => format!(" from {name} and {} more", others.len()),
        };
        format!("{done} on {}{what}.", date(header.started_utc.0))
    }
}

/// How often a second model said the same.
fn agreement(second: &Second) -> String {
    let models = second.models.join(", ");
    if second.faces == 0 {
        return format!("{models}; no face was seen with it");
    }
    let share = 100.0 * second.same as f64 / second.faces as f64;
    format!(
        "{models}; it gave the same name to {share:.0} % of {} faces, each frame's counted anew",
        second.faces
    )
}

/// Without the folders of a file, which do not concern whoever is given the page.
fn source_name(source: &SourceEntry) -> String {
    match source.kind.as_str() {
        "demo" => "the built-in demo".to_owned(),
        kind => format!("the {kind} “{}”", source.name),
    }
}

fn provider(name: &str) -> String {
    match name {
        "" => "not recorded".to_owned(),
        "CPU" => "the processor (CPU)".to_owned(),
        other => other.to_owned(),
    }
}

/// A moment as people write it, in the one time zone that everybody can convert.
fn date(moment: Timestamp) -> String {
    let moment = moment.to_zoned(TimeZone::UTC);
    moment.strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
}
