//! Names the expression in a face: one network, its session and its card.

mod input;

use std::sync::Arc;

use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use self::input::Input;
use crate::card::{ModelCard, Output};
use crate::catalog::Model;
use crate::crop::Crop;
use crate::error::{Error, Result};
use crate::expression::Probabilities;
use crate::runtime::{ProviderChoice, Runtime, plain};

/// Names expressions.
pub trait Classifier {
    /// What the network expects and answers.
    fn card(&self) -> &ModelCard;

    /// One distribution for each crop, in their order; all crops go through in one batch.
    ///
    /// # Errors
    /// When the network cannot be run or answers what is no distribution.
    fn classify(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>>;
}

/// One answer for each crop, also of a network that gives another number.
pub(crate) fn answers(
    classifier: &mut dyn Classifier,
    crops: &[Crop],
) -> Result<Vec<Probabilities>> {
    if crops.is_empty() {
        return Ok(Vec::new());
    }
    let answers = classifier.classify(crops)?;
    if answers.len() != crops.len() {
        return Err(Error::BadAnswer {
            model: classifier.card().name.to_string(),
            reason: format!("answered for {} of {} faces", answers.len(), crops.len()),
        });
    }
    Ok(answers)
}

/// A model run by ONNX Runtime.
///
/// It may move to another thread, but is to be dropped before the program ends: with CUDA a session
/// that is left over can crash then (github.com/pykeio/ort, issue 609).
#[derive(Debug)]
pub struct OnnxClassifier {
    card: Arc<ModelCard>,
    session: Session,
    input: Input,
    batch: Batch,
    provider: Provider,
    provider_reason: Option<String>,
}

/// How many faces the network takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    Free,
    One,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    Cpu,
    Cuda,
}

impl OnnxClassifier {
    /// Loads a model and lets it answer once, so that a bad one is refused here and the first frame
    /// is as quick as the next.
    ///
    /// # Errors
    /// Those of [`Runtime::start`]; [`Error::BadModel`] when it does not load or does not fit its
    /// card; [`Error::BadAnswer`] when its answer is no distribution; [`Error::CudaUnavailable`]
    /// when the choice is CUDA and that cannot be had.
    pub fn load(model: &Model, choice: ProviderChoice) -> Result<Self> {
        let runtime = Runtime::start()?;
        model.with_bytes(|onnx| {
            if choice == ProviderChoice::Cpu {
                return Self::prepare(runtime, model, onnx, Provider::Cpu);
            }
            let cuda = if runtime.knows_cuda() {
                Self::prepare(runtime, model, onnx, Provider::Cuda).map_err(|error| match error {
                    Error::BadModel { reason, .. } | Error::BadAnswer { reason, .. } => reason,
                    other => other.to_string(),
                })
            } else {
                Err(
                    "this ONNX Runtime has no CUDA support; `make setup CUDA=1` installs one that has"
                        .to_owned(),
                )
            };
            cuda.or_else(|reason| {
                // A model that the CPU refuses too is bad; then CUDA is not to blame.
                let mut classifier = Self::prepare(runtime, model, onnx, Provider::Cpu)?;
                if choice == ProviderChoice::Cuda {
                    return Err(Error::CudaUnavailable { reason });
                }
                log::info!("'{}' runs on the CPU: {reason}", classifier.card.name);
                classifier.provider_reason = Some(reason);
                Ok(classifier)
            })
        })
    }

    /// What it runs on: `CPU` or `CUDA`.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        match self.provider {
            Provider::Cpu => "CPU",
            Provider::Cuda => "CUDA",
        }
    }

    /// Why it does not run on CUDA, when the user's choice allowed it.
    #[must_use]
    pub fn provider_reason(&self) -> Option<&str> {
        self.provider_reason.as_deref()
    }

    fn prepare(runtime: &Runtime, model: &Model, onnx: &[u8], provider: Provider) -> Result<Self> {
        let card = Arc::clone(&model.card);
        let bad = |reason| Error::BadModel {
            model: card.name.to_string(),
            reason,
        };
        let session = open(runtime, onnx, provider)
            .map_err(|error| bad(format!("ONNX Runtime says: {}", plain(error.message()))))?;
        let batch = check_input(session.inputs(), &card).map_err(bad)?;
        check_output(session.outputs(), &card).map_err(bad)?;
        let input = Input::new(&card);
        let mut classifier = Self {
            card,
            session,
            input,
            batch,
            provider,
            provider_reason: None,
        };
        classifier.warm_up()?;
        Ok(classifier)
    }

    /// Lets the network answer for one face and, if it takes several, for two: some declare a free
    /// batch and hold a fixed one inside.
    fn warm_up(&mut self) -> Result<()> {
        let face = input::any_face(&self.card);
        self.classify(std::slice::from_ref(&face))?;
        if self.batch == Batch::Free && self.classify(&[face.clone(), face]).is_err() {
            self.batch = Batch::One;
        }
        Ok(())
    }

    /// One run of the network.
    fn run(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>, String> {
        let shape = self.input.fill(crops)?;
        let tensor = TensorRef::from_array_view((shape, self.input.values()))
            .map_err(|error| failed(&error))?;
        let outputs = self
            .session
            .run(ort::inputs![tensor])
            .map_err(|error| failed(&error))?;
        let (_, answer) = outputs
            .values()
            .next()
            .ok_or_else(|| "answered nothing".to_owned())?
            .try_extract_tensor::<f32>()
            .map(|(shape, values)| (shape.num_elements(), values.to_vec()))
            .map_err(|error| failed(&error))?;
        let labels = &self.card.labels;
        if answer.len() != crops.len() * labels.len() {
            return Err(format!(
                "answered {} values for {} faces and {} labels",
                answer.len(),
                crops.len(),
                labels.len()
            ));
        }
        answer
            .chunks_exact(labels.len())
            .map(|values| read_answer(&self.card, values))
            .collect()
    }
}

impl Classifier for OnnxClassifier {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn classify(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>> {
        let size = match self.batch {
            Batch::Free => crops.len().max(1),
            Batch::One => 1,
        };
        let mut answers = Vec::with_capacity(crops.len());
        for crops in crops.chunks(size) {
            let batch = self.run(crops).map_err(|reason| Error::BadAnswer {
                model: self.card.name.to_string(),
                reason,
            })?;
            answers.extend(batch);
        }
        Ok(answers)
    }
}

/// The shapes of a network that has no card yet; sizes below 0 are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shapes {
    /// Of the only input.
    pub input: Vec<i64>,
    /// Of the first output.
    pub output: Vec<i64>,
}

impl Shapes {
    /// Asks ONNX Runtime for a network's shapes.
    ///
    /// # Errors
    /// Those of [`Runtime::start`]; [`Error::BadModel`] when the network does not load, or takes or
    /// gives something else than one float32 tensor.
    pub fn read(model: &str, onnx: &[u8]) -> Result<Self> {
        let runtime = Runtime::start()?;
        let bad = |reason| Error::BadModel {
            model: model.to_owned(),
            reason,
        };
        let session = open(runtime, onnx, Provider::Cpu)
            .map_err(|error| bad(format!("ONNX Runtime says: {}", plain(error.message()))))?;
        let (Some(input), Some(output)) = (session.inputs().first(), session.outputs().first())
        else {
            return Err(bad("it has no input or no output".to_owned()));
        };
        Ok(Self {
            input: float_shape(input.dtype(), "takes").map_err(bad)?.to_vec(),
            output: float_shape(output.dtype(), "answers")
                .map_err(bad)?
                .to_vec(),
        })
    }
}

/// A session for networks this small: one thread that does not spin. Two that spin take 0.6 of the time on an idle
/// machine (`benches/network.py`), but all of a second core, and when that is busy their slowest runs take ten times as
/// long.
fn open(runtime: &Runtime, onnx: &[u8], provider: Provider) -> ort::Result<Session> {
    let mut builder: SessionBuilder = Session::builder(runtime.environment())?
        .with_intra_threads(1)?
        .with_intra_op_spinning(false)?
        // Each weight in memory of its own, not in pieces of a power of two: 1 MB less.
        .with_config_entry("session.use_device_allocator_for_initializers", "1")?;
    if provider == Provider::Cuda {
        builder = builder.with_execution_providers([runtime.cuda()])?;
    }
    builder.commit_from_memory(onnx)
}

fn failed(error: &ort::Error) -> String {
    format!("could not be run: {}", plain(error.message()))
}

/// A network's values for one face, by its card.
fn read_answer(card: &ModelCard, values: &[f32]) -> Result<Probabilities, String> {
    match card.output {
        Output::Logits => Probabilities::from_logits(&card.labels, values, card.temperature),
        Output::Probabilities => {
            let answered = Probabilities::from_distribution(&card.labels, values)?;
            if (card.temperature - 1.0).abs() < f32::EPSILON {
                return Ok(answered);
            }
            // The log of a probability that was rounded to zero is no number.
            let logs: Vec<f32> = values
                .iter()
                .map(|value| value.max(f32::MIN_POSITIVE).ln())
                .collect();
            Probabilities::from_logits(&card.labels, &logs, card.temperature)
        }
    }
}

/// The network takes one float32 tensor of the card's shape.
fn check_input(inputs: &[Outlet], card: &ModelCard) -> Result<Batch, String> {
    let [input] = inputs else {
        return Err(format!(
            "it takes {} inputs, and Mien gives one: the face",
            inputs.len()
        ));
    };
    let shape = float_shape(input.dtype(), "takes")?;
    let due = input::shape(card, 1);
    let fits = shape.len() == due.len()
        && shape
            .iter()
            .zip(due)
            .skip(1)
            .all(|(has, due)| *has < 0 || usize::try_from(*has) == Ok(due));
    if !fits {
        return Err(format!(
            "it takes {}, but its card says {} {}, which is {} for one face; correct the card",
            show(shape),
            card.input,
            card.layout,
            due.map(|size| size.to_string()).join(" x "),
        ));
    }
    match shape.first() {
        Some(1) => Ok(Batch::One),
        Some(several) if *several > 1 => Err(format!(
            "it takes {several} faces at once; export it with a free batch axis"
        )),
        _ => Ok(Batch::Free),
    }
}

/// The first output is a float32 tensor with as many values for a face as there are labels.
fn check_output(outputs: &[Outlet], card: &ModelCard) -> Result<(), String> {
    let output = outputs.first().ok_or("it has no output")?;
    let shape = float_shape(output.dtype(), "answers")?;
    let for_one_face = shape.iter().skip(1).map(|size| usize::try_from(*size).ok());
    // None: a size is open, and the first answer shows it.
    let values: Option<usize> = for_one_face.product();
    if values.is_some_and(|values| values != card.labels.len()) {
        return Err(format!(
            "it answers {}, but its card names {} labels; correct the card",
            show(shape),
            card.labels.len()
        ));
    }
    Ok(())
}

fn float_shape<'v>(kind: &'v ValueType, does: &str) -> Result<&'v [i64], String> {
    match kind {
        ValueType::Tensor {
            ty: TensorElementType::Float32,
            shape,
            ..
        } => Ok(shape),
        ValueType::Tensor { ty, .. } => Err(format!(
            "it {does} {ty}, and Mien knows float32; export it as float32"
        )),
        _ => Err(format!("it {does} something else than a tensor")),
    }
}

/// `batch x 1 x 48 x 48`; an open size is a question mark.
fn show(shape: &[i64]) -> String {
    let sizes = shape
        .iter()
        .enumerate()
        .map(|(axis, size)| match (axis, size) {
            (0, ..0) => "batch".to_owned(),
            (_, ..0) => "?".to_owned(),
            _ => size.to_string(),
        });
    sizes.collect::<Vec<_>>().join(" x ")
}

#[cfg(test)]
mod tests;
