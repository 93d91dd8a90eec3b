//! Reads a card from an ONNX file's metadata and the side file beside it, without ONNX Runtime.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use super::{Checksum, Color, InputSize, ModelCard, Scale, onnx};
use crate::error::{Error, Result};
use crate::expression::Expression;

/// What a card's key begins with in an ONNX file.
const PREFIX: &str = "mien.";

/// Every key of a card; anything else in a side file is a slip of the pen.
pub const KEYS: [&str; 14] = [
    "name",
    "title",
    "labels",
    "input",
    "layout",
    "color",
    "scale",
    "output",
    "temperature",
    "margin",
    "trained_on",
    "license",
    "metrics",
    "source",
];

/// The keys that nothing can stand in for.
pub const REQUIRED: [&str; 6] = ["labels", "input", "layout", "color", "scale", "output"];

/// Temperatures found by calibration lie between 0.5 and 5.
const HIGHEST_TEMPERATURE: f32 = 100.0;

/// From half the box to three times the box.
const MARGINS: std::ops::RangeInclusive<f32> = -0.5..=2.0;

/// Longest text of a key in bytes: all of them together go through a pipe and a command line.
const LONGEST_TEXT: usize = 2_000;
const LONGEST_METRICS: usize = 16_000;

/// Characters that set the direction of those that follow (Unicode Annex 9).
const BIDI: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// Longest name: it is a column of every table.
const LONGEST_NAME: usize = 64;

impl ModelCard {
    /// Reads the card of the model `file` (its name without `.onnx`), whose bytes are `onnx`.
    /// `side` is the text of the side file `file.toml`; its keys win over those in the model.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the bytes are no ONNX model, or the card lacks something or says
    /// something impossible.
    pub fn read(file: &str, onnx: &[u8], side: Option<&str>) -> Result<Self> {
        Self::with_checksum(file, onnx, side, Checksum::of(onnx))
    }

    /// Reads the card of a model inside the program.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn built_in(file: &str, onnx: &'static [u8]) -> Result<Self> {
        Self::with_checksum(file, onnx, None, Checksum::later(onnx))
    }

    fn with_checksum(
        file: &str,
        onnx: &[u8],
        side: Option<&str>,
        checksum: Checksum,
    ) -> Result<Self> {
        card(file, onnx, side, checksum).map_err(|reason| Error::BadModel {
            model: file.to_owned(),
            reason,
        })
    }

    /// Whether this is the card of the model with these bytes.
    #[must_use]
    pub fn is_of(&self, onnx: &[u8]) -> bool {
        self.sha256 == Checksum::of(onnx)
    }
}

/// What the model in these bytes and the text of its side file say, key by key.
///
/// # Errors
/// A predicate when the bytes are no ONNX model, or the side file no side file.
pub fn keys(onnx: &[u8], side: Option<&str>) -> Result<BTreeMap<String, String>, String> {
    let mut keys = metadata(onnx)?;
    if let Some(side) = side {
        keys.extend(side_keys(side).map_err(|reason| format!("its side file {reason}"))?);
    }
    keys.retain(|_, value| !value.trim().is_empty());
    for (key, value) in &mut keys {
        let longest = if key == "metrics" {
            LONGEST_METRICS
        } else {
            LONGEST_TEXT
        };
        if value.len() > longest {
            return Err(format!("its card's {key} is longer than {longest} bytes"));
        }
        // Some would move a terminal's cursor, or turn the text that follows round.
        if key != "name" {
            *value = value.replace(|c: char| c.is_control() || BIDI.contains(&c), " ");
        }
    }
    Ok(keys)
}

fn card(
    file: &str,
    onnx: &[u8],
    side: Option<&str>,
    checksum: Checksum,
) -> Result<ModelCard, String> {
    let keys = keys(onnx, side)?;
    let missing: Vec<&str> = REQUIRED
        .into_iter()
        .filter(|key| !keys.contains_key(*key))
        .collect();
    if !missing.is_empty() {
        return Err(format!(
            "its card lacks {}; `mien models add` asks for it, or write it into {file}.toml beside it",
            missing.join(", ")
        ));
    }
    let text = |key: &str| {
        keys.get(key)
            .map(|value| value.trim().to_owned())
            .unwrap_or_default()
    };
    let name = keys.get("name").map_or(file, |name| name.trim());
    if name.chars().count() > LONGEST_NAME
        || name.contains(|c: char| c.is_control() || BIDI.contains(&c) || "/\\,".contains(c))
    {
        return Err(format!(
            "its name '{}' cannot be used; take at most {LONGEST_NAME} letters without / \\ or ,",
            name.escape_debug()
        ));
    }
    let input: InputSize = parse(&keys, "input")?;
    let color: Color = parse(&keys, "color")?;
    if color != Color::Gray && input.channels != 3 {
        return Err(format!(
            "its input {input} has too few channels for {color}"
        ));
    }
    let scale: Scale = parse(&keys, "scale")?;
    if let Scale::Standard { mean, std } = &scale
        && [mean, std]
            .iter()
            .any(|values| values.len() != 1 && values.len() != input.channels as usize)
    {
        return Err(format!(
            "its scale '{scale}' needs one value or one for each of {} channels",
            input.channels
        ));
    }
    Ok(ModelCard {
        name: Arc::from(name),
        title: Some(text("title"))
            .filter(|title| !title.is_empty())
            .unwrap_or_else(|| name.to_owned()),
        sha256: checksum,
        labels: labels(&text("labels"))?,
        input,
        layout: parse(&keys, "layout")?,
        color,
        scale,
        output: parse(&keys, "output")?,
        temperature: number(&keys, "temperature", 1.0, |value| {
            value > 0.0 && value <= HIGHEST_TEMPERATURE
        })?,
        margin: number(&keys, "margin", 0.0, |value| MARGINS.contains(&value))?,
        trained_on: text("trained_on"),
        license: text("license"),
        metrics: metrics(&text("metrics"))?,
        source: text("source"),
    })
}

/// The card's keys in an ONNX file, without their prefix.
fn metadata(onnx: &[u8]) -> Result<BTreeMap<String, String>, String> {
    Ok(onnx::properties(onnx)?
        .filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?.to_owned(), value)))
        .collect())
}

/// The keys of a side file, as the metadata would hold them.
fn side_keys(side: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = side
        .parse()
        .map_err(|error: toml::de::Error| format!("is no TOML: {}", error.message()))?;
    table
        .into_iter()
        .map(|(key, value)| {
            if !KEYS.contains(&key.as_str()) {
                return Err(format!(
                    "has the key '{key}'; a card has {}",
                    KEYS.join(", ")
                ));
            }
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) => number.to_string(),
                toml::Value::Array(items) if key != "metrics" => items
                    .iter()
                    .map(|item| {
                        item.as_str()
                            .map_or_else(|| item.to_string(), str::to_owned)
                    })
                    .collect::<Vec<_>>()
                    .join(","),
                other if key == "metrics" => {
                    serde_json::to_string(&other).map_err(|error| error.to_string())?
                }
                _ => return Err(format!("has no text for '{key}'")),
            };
            Ok((key, text))
        })
        .collect()
}

fn parse<T: FromStr<Err = String>>(
    keys: &BTreeMap<String, String>,
    key: &str,
) -> Result<T, String> {
    keys.get(key)
        .map_or("", |value| value.trim())
        .parse()
        .map_err(|reason| format!("its card says that {reason}"))
}

fn number(
    keys: &BTreeMap<String, String>,
    key: &str,
    otherwise: f32,
    possible: impl Fn(f32) -> bool,
) -> Result<f32, String> {
    let Some(text) = keys.get(key) else {
        return Ok(otherwise);
    };
    text.trim()
        .parse()
        .ok()
        .filter(|value| possible(*value))
        .ok_or_else(|| format!("its card gives '{text}' as {key}, which is impossible"))
}

fn labels(text: &str) -> Result<Vec<Expression>, String> {
    let mut labels = Vec::new();
    for word in text.split(',') {
        let label: Expression = word.parse().map_err(|error: Error| error.to_string())?;
        if labels.contains(&label) {
            return Err(format!("its labels name {label} twice"));
        }
        labels.push(label);
    }
    if labels.len() < 2 {
        return Err("its card has a single label, so there is nothing to tell apart".to_owned());
    }
    Ok(labels)
}

fn metrics(text: &str) -> Result<serde_json::Value, String> {
    if text.is_empty() {
        return Ok(serde_json::Value::Null);
    }
    serde_json::from_str(text)
        .map_err(|error| format!("the metrics in its card are no JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Layout, Output};
    use super::*;

    const CARD: &[(&str, &str)] = &[
        ("mien.name", "small"),
        (
            "mien.labels",
            "angry,disgust,fear,happy,sad,surprise,neutral",
        ),
        ("mien.input", "48x48x1"),
        ("mien.layout", "NCHW"),
        ("mien.color", "gray"),
        ("mien.scale", "0..255"),
        ("mien.output", "logits"),
        ("mien.metrics", r#"{"accuracy": 0.5}"#),
        ("other.key", "ignored"),
    ];

    /// An ONNX file with the card of [`CARD`], some keys changed or, if empty, left out.
    fn onnx(changes: &[(&str, &str)]) -> Vec<u8> {
        let mut keys: BTreeMap<String, String> = CARD
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        for (key, value) in changes {
            keys.insert(format!("{PREFIX}{key}"), (*value).to_owned());
        }
        onnx::with_properties(keys)
    }

    fn refusal(onnx: &[u8], side: Option<&str>) -> String {
        ModelCard::read("file", onnx, side).unwrap_err().to_string()
    }

    #[test]
    fn a_card_is_read_from_the_models_metadata() {
        let bytes = onnx(&[("temperature", "1.5"), ("margin", "0.1")]);
        let card = ModelCard::read("file", &bytes, None).unwrap();
        assert_eq!((&*card.name, card.title.as_str()), ("small", "small"));
        assert_eq!(card.labels, Expression::ALL[..7]);
        assert_eq!((card.layout, card.output), (Layout::Nchw, Output::Logits));
        assert_eq!(card.input.to_string(), "48x48x1");
        assert!((card.temperature - 1.5).abs() < 1e-6 && (card.margin - 0.1).abs() < 1e-6);
        assert_eq!(card.metrics["accuracy"], 0.5);
        assert_eq!(card.sha256.hex().len(), 64);
    }

    #[test]
    fn a_side_file_completes_and_overrides_the_models_own_keys() {
        let bytes = onnx(&[("scale", ""), ("layout", "")]);
        let side = "name = 'mine'\nlabels = ['happy', 'sad']\nscale = '0..1'\nlayout = 'NHWC'\nmargin = 1\nmetrics = { accuracy = 0.75 }";
        let card = ModelCard::read("file", &bytes, Some(side)).unwrap();
        assert_eq!(
            (&*card.name, card.labels.len(), card.layout),
            ("mine", 2, Layout::Nhwc)
        );
        assert_eq!((card.scale, card.margin), (Scale::Unit, 1.0));
        assert_eq!(card.metrics["accuracy"], 0.75);
    }

    #[test]
    fn what_a_card_says_neither_moves_the_cursor_nor_fills_the_screen() {
        let bytes = onnx(&[
            ("title", "\u{1b}]0;x\u{7}A\nB\u{202e}C"),
            ("license", "MIT"),
        ]);
        let card = ModelCard::read("file", &bytes, None).unwrap();
        assert_eq!(card.title, "]0;x A B C");
        let long = "x".repeat(2_001);
        let text = refusal(&onnx(&[("source", &long)]), None);
        assert!(text.contains("source is longer than 2000 bytes"), "{text}");
    }

    #[test]
    fn what_a_card_lacks_is_named() {
        let text = refusal(&onnx(&[("labels", ""), ("scale", "")]), None);
        assert!(
            text.contains("lacks labels, scale;") && text.contains("file.toml"),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_model_is_refused() {
        assert!(refusal(&[], None).contains("empty"));
        assert!(refusal(b"this is a text, not a network", None).contains("no ONNX"));
        assert!(refusal(&[0x08, 0x0a], None).contains("no ONNX network"));
        let whole = onnx(&[]);
        assert!(refusal(&whole[..whole.len() - 3], None).contains("cut short"));
    }

    #[test]
    fn impossible_cards_are_refused_with_a_sentence() {
        for (key, value, says) in [
            ("labels", "happy,bored", "'bored'"),
            ("labels", "happy,happiness", "twice"),
            ("labels", "happy", "single label"),
            ("input", "0x48x1", "between 1 and 1024"),
            ("input", "2000x48x1", "between 1 and 1024"),
            ("input", "48x48", "no input size"),
            ("color", "rgb", "too few channels"),
            ("scale", "mean=0,0;std=1", "one value or one for each"),
            ("temperature", "0", "temperature"),
            ("temperature", "NaN", "temperature"),
            ("margin", "40", "margin"),
            ("metrics", "{", "no JSON"),
            ("name", "a/b", "cannot be used"),
        ] {
            let text = refusal(&onnx(&[(key, value)]), None);
            assert!(text.contains(says), "{key} = {value}: {text}");
        }
        assert!(refusal(&onnx(&[]), Some("labells = 'happy'")).contains("'labells'"));
        assert!(refusal(&onnx(&[]), Some("labels = ")).contains("no TOML"));
    }
}
