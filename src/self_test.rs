//! Tries a model on the faces of nobody: does it answer as its card says, and do the card's scale
//! and label order fit?

pub(crate) mod child;
mod fit;
mod guess;
mod memory;

use std::env;
use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use image::{DynamicImage, GrayImage, RgbImage, imageops};
use serde::{Deserialize, Serialize};

use crate::card::{ModelCard, Scale};
use crate::catalog::Model;
use crate::classifier::{Classifier, OnnxClassifier};
use crate::crop;
use crate::error::{Error, Result};
use crate::expression::{Expression, Probabilities};
use crate::reference;
use crate::runtime::{self, ProviderChoice};

use self::fit::{BETTER, Fit, MUCH_BETTER};

pub use self::child::end_with_the_asker;
pub use self::guess::{guess, side_file};

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All is well.
    Passed,
    /// Nobody can tell, or it is a flaw that one can live with.
    Doubtful,
    /// The model should not be used like this.
    Failed,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, one sentence.
    pub detail: String,
}

/// What was found out about a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelfTest {
    /// The model's name.
    pub model: String,
    /// Every check that could be made: a model that does not answer gets no more.
    pub checks: Vec<Check>,
}

impl SelfTest {
    /// Whether no check failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure().is_none()
    }

    /// The first check that failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Check> {
        self.checks
            .iter()
            .find(|check| check.verdict == Verdict::Failed)
    }

    fn add(&mut self, name: &str, (verdict, detail): (Verdict, String)) {
        self.checks.push(Check {
            name: name.to_owned(),
            verdict,
            detail,
        });
    }
}

/// What speaks against a model, in a sentence: the check that a model has to pass before it works.
/// What is in the program has passed it; another model is tried once, and what was found is kept.
/// It is tried by this program, which is Mien, in a process of its own: a file that crashes ONNX
/// Runtime or keeps it busy for ever takes nothing else down.
///
/// # Errors
/// [`Error::BadModel`] when the trial does not end well.
pub fn doubt(model: &Model) -> Result<Option<String>> {
    let Some(file) = model.file() else {
        return Ok(None);
    };
    let folder = runtime::data_folder();
    if let Some(known) = folder
        .as_deref()
        .and_then(|folder| memory::recall(folder, &model.card))
    {
        return Ok(known.doubt);
    }
    let arguments = ["models", "test", "--quiet", "--json", "-"].map(OsString::from);
    let never = AtomicBool::new(false);
    let untried = |reason: String| Error::BadModel {
        model: model.place(),
        reason: format!("it could not be tried: {reason}"),
    };
    let program = env::current_exe().map_err(|error| untried(error.to_string()))?;
    let tests: Vec<SelfTest> = child::ask(&program, &arguments, file, &never)?;
    let test = tests.into_iter().next();
    let test = test.ok_or_else(|| untried("the trial found nothing".to_owned()))?;
    let doubt = test.failure().map(|check| check.detail.clone());
    if let Some(folder) = folder {
        memory::keep(&folder, &model.card, doubt.as_deref());
    }
    Ok(doubt)
}

/// Tries a model on the CPU.
///
/// # Errors
/// When nothing can be tried: ONNX Runtime is missing, or a picture in the program is broken. What
/// is wrong with the model is in the result.
pub fn self_test(model: &Model) -> Result<SelfTest> {
    let mut test = SelfTest {
        model: model.card.name.to_string(),
        checks: Vec::new(),
    };
    test.add("card", check_card(&model.card));
    let faces = References::new()?;
    let tried = answers(model, &faces).and_then(|declared| {
        let apart = apart(model, &faces, &declared)?;
        Ok((declared, apart))
    });
    let (declared, apart) = match tried {
        Ok(tried) => tried,
        Err(error @ (Error::BadModel { .. } | Error::BadAnswer { .. })) => {
            test.add("answer", (Verdict::Failed, error.to_string()));
            return Ok(test);
        }
        Err(error) => return Err(error),
    };
    test.add(
        "answer",
        (
            Verdict::Passed,
            "shapes fit, and every answer is a distribution".to_owned(),
        ),
    );
    test.add("batch", check_batch(apart));
    let fit = Fit::new(&model.card, &faces, &declared);
    test.add("scale", check_scale(model, &faces, &fit)?);
    test.add("labels", fit.check_order());
    Ok(test)
}

/// What a card may leave out and people want to know.
fn check_card(card: &ModelCard) -> (Verdict, String) {
    let silent: Vec<&str> = [
        ("trained_on", card.trained_on.is_empty()),
        ("license", card.license.is_empty()),
        ("metrics", card.metrics.is_null()),
        ("source", card.source.is_empty()),
    ]
    .into_iter()
    .filter_map(|(key, silent)| silent.then_some(key))
    .collect();
    if silent.is_empty() {
        (Verdict::Passed, "says all that it should".to_owned())
    } else {
        (
            Verdict::Doubtful,
            format!("says nothing about {}", silent.join(", ")),
        )
    }
}

/// The reference faces, each seen in several ways so that no single pixel decides.
struct References {
    views: Vec<(Expression, RgbImage)>,
}

impl References {
    /// Shares of a face's side that are seen: whole, and a little closer.
    const ZOOMS: [f32; 3] = [1.0, 0.94, 0.88];

    /// Of each face: every zoom as it is and from left to right.
    const VIEWS: usize = 2 * Self::ZOOMS.len();

    fn new() -> Result<Self> {
        let mut views = Vec::new();
        for expression in reference::EXPRESSIONS {
            let face = reference::face(expression)?;
            for zoom in Self::ZOOMS {
                let view = closer(&face, zoom);
                views.push((expression, color(imageops::flip_horizontal(&view))));
                views.push((expression, color(view)));
            }
        }
        Ok(Self { views })
    }
}

fn closer(face: &GrayImage, zoom: f32) -> GrayImage {
    let side = (face.width() as f32 * zoom) as u32;
    let start = (face.width() - side) / 2;
    imageops::crop_imm(face, start, start, side, side).to_image()
}

fn color(picture: GrayImage) -> RgbImage {
    DynamicImage::from(picture).into_rgb8()
}

/// A model's answers to the references, all in one batch.
fn answers(model: &Model, faces: &References) -> Result<Vec<Probabilities>> {
    let mut classifier = OnnxClassifier::load(model, ProviderChoice::Cpu)?;
    let crops: Vec<_> = faces
        .views
        .iter()
        .map(|(_, view)| crop::whole(view, &model.card))
        .collect();
    classifier.classify(&crops)
}

/// How far a probability is off when a face is answered alone. One view of each face tells, and a
/// large network takes a fifth of a second for it.
fn apart(model: &Model, faces: &References, together: &[Probabilities]) -> Result<f32> {
    let mut classifier = OnnxClassifier::load(model, ProviderChoice::Cpu)?;
    let views = faces.views.iter().zip(together);
    let mut apart: f32 = 0.0;
    for ((_, view), beside_others) in views.step_by(References::VIEWS) {
        for alone in classifier.classify(&[crop::whole(view, &model.card)])? {
            for (label, probability) in alone.iter() {
                apart = apart.max((probability - beside_others.of(label)).abs());
            }
        }
    }
    Ok(apart)
}

fn check_batch(apart: f32) -> (Verdict, String) {
    /// Rounding of float32 stays far below; int8 with one scale for a whole batch can reach it.
    const NOTICEABLE: f32 = 0.001;
    /// From here a face's answer depends on who else is in the picture.
    const WRONG: f32 = 0.05;
    let verdict = match apart {
        ..NOTICEABLE => Verdict::Passed,
        NOTICEABLE..WRONG => Verdict::Doubtful,
        _ => Verdict::Failed,
    };
    let detail = if verdict == Verdict::Passed {
        "a face is answered alike alone and among others".to_owned()
    } else {
        format!("a face's probabilities differ by up to {apart:.3} when others are in the picture")
    };
    (verdict, detail)
}

/// Whether another scale of the pixels fits the references much better than the card's.
fn check_scale(model: &Model, faces: &References, declared: &Fit) -> Result<(Verdict, String)> {
    let mut best: Option<(Scale, f32)> = None;
    let mut highest = f32::NEG_INFINITY;
    for scale in [Scale::Bytes, Scale::Unit, Scale::Signed] {
        if scale == model.card.scale {
            continue;
        }
        let mut other = model.clone();
        other.card = Arc::new(ModelCard {
            scale: scale.clone(),
            ..(*model.card).clone()
        });
        // A scale on which the model answers nonsense is not the right one.
        let fit = match answers(&other, faces) {
            Ok(answers) => Fit::new(&other.card, faces, &answers).best().1,
            Err(Error::BadAnswer { .. } | Error::BadModel { .. }) => continue,
            Err(error) => return Err(error),
        };
        highest = highest.max(fit);
        if best.as_ref().is_none_or(|(_, found)| fit > found + BETTER) {
            best = Some((scale, fit));
        }
    }
    let own = &model.card.scale;
    Ok(match best {
        Some((scale, _)) if highest - declared.best().1 > MUCH_BETTER => (
            Verdict::Failed,
            format!(
                "the card says {own}, but the reference faces are named much better with {scale}; \
                 correct 'scale'"
            ),
        ),
        _ => (Verdict::Passed, format!("{own} fits")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn shipped(name: &str) -> Model {
        Catalog::new(None).find(name).unwrap()
    }

    fn changed(model: &Model, change: impl FnOnce(&mut ModelCard)) -> Model {
        let mut card = (*model.card).clone();
        change(&mut card);
        let mut changed = model.clone();
        changed.card = Arc::new(card);
        changed
    }

    fn verdicts(model: &Model) -> Vec<(String, Verdict)> {
        let test = self_test(model).unwrap();
        test.checks
            .into_iter()
            .map(|check| (check.name, check.verdict))
            .collect()
    }

    #[test]
    fn every_shipped_model_passes_every_check() {
        for model in Catalog::new(None).list() {
            let test = self_test(&model).unwrap();
            println!("{test:#?}");
            for check in &test.checks {
                assert_eq!(check.verdict, Verdict::Passed, "{}: {check:?}", test.model);
            }
        }
    }

    #[test]
    fn a_swap_of_any_two_labels_is_caught_and_named() {
        for name in ["mien-m", "mien-m-challenge", "mien-s"] {
            let model = shipped(name);
            let faces = References::new().unwrap();
            let fit = Fit::new(&model.card, &faces, &answers(&model, &faces).unwrap());
            println!("{name}: gain {}", fit.best().1 - fit.declared());
            assert_eq!(fit.untold(), [], "{name}: a swap that no face would tell");
            for left in 0..7 {
                for right in left + 1..7 {
                    let swapped = changed(&model, |card| card.labels.swap(left, right));
                    let pair = (fit.faces[left], fit.faces[right]);
                    let fit = Fit::new(&swapped.card, &faces, &answers(&swapped, &faces).unwrap());
                    let (verdict, detail) = fit.check_order();
                    println!("{name}, {pair:?}: gain {}", fit.best().1 - fit.declared());
                    assert_eq!(verdict, Verdict::Failed, "{name}, {pair:?}: {detail}");
                    for label in [pair.0, pair.1] {
                        assert!(detail.contains(label.name()), "{detail}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_wrong_scale_is_caught_and_the_right_one_named() {
        let model = changed(&shipped("mien-m"), |card| card.scale = Scale::Unit);
        let test = self_test(&model).unwrap();
        let failure = test.failure().unwrap();
        assert_eq!(failure.name, "scale");
        assert!(failure.detail.contains("0..255"), "{failure:?}");
    }

    #[test]
    fn a_silent_card_is_doubtful_and_a_shape_that_does_not_fit_ends_the_test() {
        let model = changed(&shipped("mien-s"), |card| {
            card.license.clear();
            card.input.width = 64;
        });
        assert_eq!(
            verdicts(&model),
            [("card", Verdict::Doubtful), ("answer", Verdict::Failed)]
                .map(|(name, verdict)| (name.to_owned(), verdict))
        );
    }
}
