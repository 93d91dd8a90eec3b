//! The file of weights, as the authors wrote it: little-endian numbers without names.

use super::WINDOW;
use super::patterns::{View, Weak};
use super::perceptron::{Layer, Perceptron};
use super::surf::{self, FEATURE};

/// Or what is wrong with the file.
type Result<T> = std::result::Result<T, &'static str>;

/// All stages.
pub(super) struct Model {
    pub(super) views: Vec<View>,
    pub(super) judges: Vec<Judge>,
}

/// A later stage.
pub(super) struct Judge {
    pub(super) perceptron: Perceptron,
    /// A surer answer is a face.
    pub(super) threshold: f32,
    /// What overlaps by more than this part is merged afterwards; `None` where nothing is.
    pub(super) merge_over: Option<f32>,
}

/// What a stage may be, by its number in the file.
const PATTERNS: usize = 0;
const PERCEPTRON: usize = 1;

const SHORT: &str = "the file of weights is cut short";
const STRANGE: &str = "the file of weights is of another kind";

/// Reads the weights.
pub(super) fn read(bytes: &[u8]) -> Result<Model> {
    let mut file = File(bytes);
    let mut model = Model {
        views: Vec::new(),
        judges: Vec::new(),
    };
    // Views side by side first, then one chain of perceptrons after another.
    let levels = file.count()?;
    for level in 0..levels {
        for _ in 0..file.count()? {
            let stages = file.count()?;
            for stage in 0..stages {
                let kind = file.count()?;
                if kind == PATTERNS && level == 0 && stages == 1 {
                    model.views.push(view(&mut file)?);
                } else if kind == PERCEPTRON && level > 0 {
                    let merge_over = match (stage + 1 == stages, level + 1 == levels) {
                        (false, _) => Some(0.8),
                        (true, true) => Some(0.3),
                        (true, false) => None,
                    };
                    model.judges.push(judge(&mut file, merge_over)?);
                } else {
                    return Err(STRANGE);
                }
            }
            // Whose candidates it takes: always all of the level before; of the first, -1.
            for _ in 0..i32::from_le_bytes(file.word()?) {
                file.count()?;
            }
        }
    }
    if file.0.is_empty() {
        Ok(model)
    } else {
        Err(STRANGE)
    }
}

fn view(file: &mut File) -> Result<View> {
    let (places, last_pattern) = (file.count()?, file.count()?);
    if last_pattern != 255 {
        return Err(STRANGE);
    }
    let corners = (0..places)
        .map(|_| Ok((file.count()?, file.count()?)))
        .collect::<Result<Vec<_>>>()?;
    if corners.iter().any(|&(x, y)| x.max(y) > WINDOW - 9) {
        return Err(STRANGE);
    }
    let thresholds = file.numbers(places)?;
    let weak = corners
        .into_iter()
        .zip(thresholds)
        .map(|((x, y), threshold)| {
            let weights = file.numbers(256)?.into_boxed_slice();
            Ok(Weak {
                x,
                y,
                weights: weights.try_into().map_err(|_| SHORT)?,
                threshold,
            })
        });
    let weak = weak.collect::<Result<_>>()?;
    Ok(View { weak })
}

fn judge(file: &mut File, merge_over: Option<f32>) -> Result<Judge> {
    let (sizes, features) = (file.count()?, file.count()?);
    let all = surf::patches();
    let patches = (0..features)
        .map(|_| {
            let number = file.count()?;
            let patch = number.checked_sub(1).and_then(|index| all.get(index));
            patch.copied().ok_or(STRANGE)
        })
        .collect::<Result<Vec<_>>>()?;
    let threshold = file.number()?;
    let mut inputs = file.count()?;
    if inputs != patches.len() * FEATURE || sizes < 2 {
        return Err(STRANGE);
    }
    let mut layers = Vec::new();
    for _ in 1..sizes {
        let outputs = file.count()?;
        let weights = file.numbers(inputs * outputs)?;
        layers.push(Layer::new(&weights, file.numbers(outputs)?, inputs));
        inputs = outputs;
    }
    if inputs != 4 {
        return Err(STRANGE);
    }
    Ok(Judge {
        perceptron: Perceptron { patches, layers },
        threshold,
        merge_over,
    })
}

/// What is left to read.
struct File<'a>(&'a [u8]);

impl File<'_> {
    /// More than this of anything is no such file.
    const MOST: usize = 1 << 20;

    fn word(&mut self) -> Result<[u8; 4]> {
        let (word, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*word)
    }

    fn count(&mut self) -> Result<usize> {
        let count = i32::from_le_bytes(self.word()?);
        let count = usize::try_from(count).ok();
        count.filter(|count| *count <= Self::MOST).ok_or(STRANGE)
    }

    fn number(&mut self) -> Result<f32> {
        self.word().map(f32::from_le_bytes)
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<f32>> {
        (0..count).map(|_| self.number()).collect()
    }
}
