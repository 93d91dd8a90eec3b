//! The later stages: perceptrons that look at features of a window and say whether it shows a face and
//! where.

use fearless_simd::{Level, Simd, SimdBase, SimdFrom, dispatch, f32x16};

use super::surf::{FEATURE, GradientSums, Patch};

/// So many outputs of a layer are computed side by side; their sums stay in the processor's registers.
const BLOCK: usize = 32;

/// The weights from one input to a block of outputs.
type Weights = [[f32; 16]; 2];

/// A perceptron of several layers.
pub(super) struct Perceptron {
    pub(super) patches: Vec<Patch>,
    pub(super) layers: Vec<Layer>,
}

/// One layer: weights by blocks of outputs, then by inputs, then by outputs.
pub(super) struct Layer {
    weights: Vec<Weights>,
    biases: Vec<f32>,
    inputs: usize,
}

/// What a perceptron is asked about several windows, and then what it answers; one after another.
pub(super) struct Answers {
    level: Level,
    values: Vec<f32>,
    next: Vec<f32>,
}

impl Answers {
    pub(super) fn new(level: Level) -> Self {
        Self {
            level,
            values: Vec::new(),
            next: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
    }

    /// How sure it is that a window shows a face, and the face's place: to the right, down, larger; all
    /// from 0 to 1.
    pub(super) fn get(&self, window: usize) -> [f32; 4] {
        std::array::from_fn(|index| self.values[4 * window + index])
    }
}

impl Perceptron {
    /// Takes in one more window.
    pub(super) fn look(&self, sums: &GradientSums, answers: &mut Answers) {
        let start = answers.values.len();
        let end = start + self.patches.len() * FEATURE;
        answers.values.resize(end, 0.0);
        let values = answers.values[start..].chunks_exact_mut(FEATURE);
        for (patch, values) in self.patches.iter().zip(values) {
            sums.feature(patch, values);
        }
    }

    /// Answers for all windows that it has looked at.
    pub(super) fn answer(&self, answers: &mut Answers) {
        let Answers {
            level,
            values,
            next,
        } = answers;
        let last = self.layers.len() - 1;
        for (number, layer) in self.layers.iter().enumerate() {
            dispatch!(*level, simd => layer.compute(simd, values, next));
            for value in next.iter_mut() {
                *value = if number < last {
                    value.max(0.0)
                } else {
                    1.0 / (1.0 + (-*value).exp())
                };
            }
            std::mem::swap(values, next);
        }
    }
}

impl Layer {
    /// A layer from weights by outputs, then by inputs.
    pub(super) fn new(weights: &[f32], biases: Vec<f32>, inputs: usize) -> Self {
        let blocks = biases.len().div_ceil(BLOCK);
        let weight = |output: usize, input: usize| {
            let index = output * inputs + input;
            if output < biases.len() {
                weights[index]
            } else {
                0.0
            }
        };
        let weights = (0..blocks)
            .flat_map(|block| (0..inputs).map(move |input| (block * BLOCK, input)))
            .map(|(first, input)| {
                [first, first + BLOCK / 2]
                    .map(|first| std::array::from_fn(|output| weight(first + output, input)))
            })
            .collect();
        Self {
            weights,
            biases,
            inputs,
        }
    }

    /// The outputs of several windows from their inputs. The weights come from further away than all else, so
    /// each is used for two windows.
    #[expect(
        clippy::inline_always,
        reason = "compiled anew for each kind of processor"
    )]
    #[inline(always)]
    fn compute<S: Simd>(&self, simd: S, inputs: &[f32], outputs: &mut Vec<f32>) {
        let width = self.biases.len();
        outputs.clear();
        outputs.resize(inputs.len() / self.inputs * width, 0.0);
        let two = inputs.chunks(2 * self.inputs);
        for (inputs, outputs) in two.zip(outputs.chunks_mut(2 * width)) {
            let blocks = self.weights.chunks_exact(self.inputs);
            for (number, (weights, biases)) in blocks.zip(self.biases.chunks(BLOCK)).enumerate() {
                let sums = match inputs.split_at(self.inputs) {
                    // The last of an odd number: there are outputs for one alone.
                    (one, []) => [sums(simd, weights, [one])[0]; 2],
                    (one, other) => sums(simd, weights, [one, other]),
                };
                for (outputs, sums) in outputs.chunks_exact_mut(width).zip(&sums) {
                    let outputs = outputs[number * BLOCK..].iter_mut().zip(biases);
                    let sums = sums.iter().flat_map(SimdBase::as_slice);
                    for ((output, bias), sum) in outputs.zip(sums) {
                        *output = sum + bias;
                    }
                }
            }
        }
    }
}

/// The sums of a block for each window, in the order of the inputs.
#[expect(
    clippy::inline_always,
    reason = "compiled anew for each kind of processor"
)]
#[inline(always)]
fn sums<S: Simd, const WINDOWS: usize>(
    simd: S,
    weights: &[Weights],
    inputs: [&[f32]; WINDOWS],
) -> [[f32x16<S>; 2]; WINDOWS] {
    let inputs = inputs.map(|inputs| &inputs[..weights.len()]);
    let mut sums = [[f32x16::splat(simd, 0.0); 2]; WINDOWS];
    for (index, weights) in weights.iter().enumerate() {
        let weights = weights.map(|lanes| f32x16::simd_from(simd, lanes));
        for (sums, inputs) in sums.iter_mut().zip(inputs) {
            let input = f32x16::splat(simd, inputs[index]);
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += input * weight;
            }
        }
    }
    sums
}
