//! What the card of a model without one probably says: shapes tell size and layout, answers to the
//! faces of nobody tell scale, output and label order.

use std::collections::BTreeMap;
use std::path::Path;

use super::fit::{BETTER, Fit};
use super::{References, answers};
use crate::card::Output;
use crate::catalog::{self, Model};
use crate::classifier::Shapes;
use crate::error::{Error, Result};
use crate::expression::Expression::{
    self, Angry, Contempt, Disgust, Fear, Happy, Neutral, Sad, Surprise,
};

/// Orders of labels that people export: the challenge's, folders by name (Keras, `torchvision`),
/// FER+'s, `AffectNet`'s with and without contempt, RAF-DB's.
const ORDERS: [&[Expression]; 8] = [
    &[Angry, Disgust, Fear, Happy, Sad, Surprise, Neutral],
    &[Angry, Disgust, Fear, Happy, Neutral, Sad, Surprise],
    &[Neutral, Happy, Surprise, Sad, Angry, Disgust, Fear],
    &[Neutral, Happy, Sad, Surprise, Fear, Disgust, Angry],
    &[Surprise, Fear, Disgust, Happy, Sad, Angry, Neutral],
    &[
        Neutral, Happy, Surprise, Sad, Angry, Disgust, Fear, Contempt,
    ],
    &[
        Neutral, Happy, Sad, Surprise, Fear, Disgust, Angry, Contempt,
    ],
    &[
        Angry, Contempt, Disgust, Fear, Happy, Neutral, Sad, Surprise,
    ],
];

/// The most usual first.
const SCALES: [&str; 3] = ["0..255", "0..1", "-1..1"];

/// Completes `known` (keys as in a side file) by what the model at `path` most probably needs. What
/// cannot be guessed, the labels of a model with five classes for instance, is left out.
///
/// # Errors
/// [`Error::BadModel`] when the file is no network that Mien can run; those of
/// [`crate::runtime::Runtime::start`].
pub fn guess(path: &Path, known: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let shapes = Shapes::read(&path.display().to_string(), &catalog::read_model(path)?)?;
    let mut keys = known.clone();
    let mut say = |key: &str, value: String| {
        keys.entry(key.to_owned()).or_insert(value);
    };
    if let Some((input, layout)) = input(&shapes.input) {
        say("input", input);
        say("layout", layout.to_owned());
    }
    // Three channels of a network for faces in grey hold the brightness three times.
    say("color", "gray".to_owned());
    let classes = shapes.output.last().copied().unwrap_or(-1);
    let orders: Vec<&[Expression]> = ORDERS
        .into_iter()
        .filter(|order| i64::try_from(order.len()) == Ok(classes))
        .collect();
    try_out(path, &mut keys, &orders)?;
    Ok(keys)
}

/// `48x48x1` and the order of the axes.
fn input(shape: &[i64]) -> Option<(String, &'static str)> {
    let channels = |size: i64| size == 1 || size == 3;
    match *shape {
        [_, height, width, depth] if channels(depth) && height > 3 && width > 3 => {
            Some((format!("{height}x{width}x{depth}"), "NHWC"))
        }
        [_, depth, height, width] if channels(depth) && height > 3 && width > 3 => {
            Some((format!("{height}x{width}x{depth}"), "NCHW"))
        }
        _ => None,
    }
}

/// Tries every scale, output and order that is not known, and keeps those that fit best.
fn try_out(
    path: &Path,
    keys: &mut BTreeMap<String, String>,
    orders: &[&[Expression]],
) -> Result<()> {
    let faces = References::new()?;
    let mut best: Option<(f32, BTreeMap<String, String>)> = None;
    for scale in SCALES {
        let mut tried = keys.clone();
        tried
            .entry("scale".to_owned())
            .or_insert_with(|| scale.to_owned());
        // Any order will do for the run: the answers are read in each order afterwards.
        if let Some(order) = orders.first() {
            tried
                .entry("labels".to_owned())
                .or_insert_with(|| list(order));
        }
        for output in [Output::Probabilities, Output::Logits] {
            let mut tried = tried.clone();
            tried
                .entry("output".to_owned())
                .or_insert_with(|| output.to_string());
            let Some(fit) = fit(path, &tried, &faces)? else {
                continue;
            };
            for (order, fit) in fit.read_as(if keys.contains_key("labels") {
                &[]
            } else {
                orders
            }) {
                // In the same scale the better order; another scale only for good reason.
                let least = best.as_ref().map_or(f32::NEG_INFINITY, |(highest, found)| {
                    let same = found.get("scale") == tried.get("scale");
                    highest + if same { 0.0 } else { BETTER }
                });
                if fit > least {
                    let mut found = tried.clone();
                    if let Some(order) = order {
                        found.insert("labels".to_owned(), list(order));
                    }
                    best = Some((fit, found));
                }
            }
            // What is a distribution would be one after a soft-max, too.
            break;
        }
    }
    if let Some((_, found)) = best {
        *keys = found;
    }
    Ok(())
}

/// How a model with this card fits the faces; `None` if it cannot be run so.
fn fit(path: &Path, keys: &BTreeMap<String, String>, faces: &References) -> Result<Option<Fit>> {
    let model = match Model::with_side(path, Some(&side_file(keys))) {
        Ok(model) => model,
        Err(Error::BadModel { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    match answers(&model, faces) {
        Ok(answers) => Ok(Some(Fit::new(&model.card, faces, &answers))),
        Err(Error::BadModel { .. } | Error::BadAnswer { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn list(labels: &[Expression]) -> String {
    let names: Vec<&str> = labels.iter().map(|label| label.name()).collect();
    names.join(",")
}

/// The text of a side file with these keys.
#[must_use]
pub fn side_file(keys: &BTreeMap<String, String>) -> String {
    let table: toml::Table = keys
        .iter()
        .map(|(key, value)| (key.clone(), toml::Value::String(value.clone())))
        .collect();
    table.to_string()
}

impl Fit {
    /// The fit with the values read in other orders of labels; in the card's own if there are none.
    fn read_as<'o>(&self, orders: &[&'o [Expression]]) -> Vec<(Option<&'o [Expression]>, f32)> {
        if orders.is_empty() {
            return vec![(None, self.declared())];
        }
        orders
            .iter()
            .map(|order| {
                let fit = self.faces.iter().enumerate().map(|(face, expression)| {
                    let place = order.iter().position(|label| label == expression);
                    place.map_or(Self::LEAST.ln(), |place| self.table[face][place])
                });
                (Some(*order), fit.sum::<f32>() - self.penalty)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::MUCH_BETTER;
    use super::*;
    use crate::catalog::Catalog;

    fn guessed(known: &[(&str, &str)]) -> BTreeMap<String, String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/mien-m.onnx");
        let known = known
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        guess(Path::new(path), &known).unwrap()
    }

    #[test]
    fn the_card_of_a_shipped_model_is_guessed_from_its_answers() {
        let keys = guessed(&[]);
        for (key, value) in [
            ("labels", "angry,disgust,fear,happy,sad,surprise,neutral"),
            ("input", "48x48x1"),
            ("layout", "NCHW"),
            ("color", "gray"),
            ("scale", "0..255"),
            ("output", "logits"),
        ] {
            assert_eq!(keys[key], value);
        }
    }

    /// The answers of each shipped model, as if they came in another order.
    #[test]
    fn each_order_is_told_from_all_others_by_what_a_model_answers() {
        let orders: Vec<&[Expression]> = ORDERS.into_iter().filter(|o| o.len() == 7).collect();
        let faces = References::new().unwrap();
        for model in Catalog::new(None).list() {
            let own = Fit::new(&model.card, &faces, &answers(&model, &faces).unwrap());
            for true_order in &orders {
                let place = |label| model.card.labels.iter().position(|own| own == label);
                let places: Vec<usize> = true_order.iter().filter_map(place).collect();
                let row = |row: &Vec<f32>| places.iter().map(|place| row[*place]).collect();
                let mut fit = Fit::new(&model.card, &faces, &[]);
                fit.table = own.table.iter().map(row).collect();
                let mut read = fit.read_as(&orders);
                read.sort_by(|(_, left), (_, right)| right.total_cmp(left));
                let gain = read[0].1 - read[1].1;
                println!("{}: {true_order:?} gains {gain}", model.card.name);
                assert_eq!(read[0].0, Some(*true_order), "{}", model.card.name);
                assert!(gain > MUCH_BETTER, "{}: {gain}", model.card.name);
            }
        }
    }

    #[test]
    fn what_is_known_is_left_as_it_is() {
        let keys = guessed(&[("scale", "-1..1"), ("labels", "happy,sad")]);
        assert_eq!((&*keys["scale"], &*keys["labels"]), ("-1..1", "happy,sad"));
    }

    #[test]
    fn shapes_tell_size_and_layout() {
        assert_eq!(
            input(&[-1, 1, 48, 48]),
            Some(("48x48x1".to_owned(), "NCHW"))
        );
        assert_eq!(
            input(&[1, 224, 224, 3]),
            Some(("224x224x3".to_owned(), "NHWC"))
        );
        assert_eq!(input(&[-1, -1, -1, 3]), None);
        assert_eq!(input(&[-1, 2304]), None);
    }
}
