//! The later stages: perceptrons that look at features of a window and say whether it shows a face and
//! where.

use fearless_simd::{Level, dispatch};

use super::surf::{FEATURE, GradientSums, Patch};

/// So many outputs of a layer are computed side by side; their sums stay in the processor's registers.
const BLOCK: usize = 32;

/// A perceptron of several layers.
pub(super) struct Perceptron {
    pub(super) patches: Vec<Patch>,
    pub(super) layers: Vec<Layer>,
}

/// One layer: weights by blocks of outputs, then by inputs, then by outputs.
pub(super) struct Layer {
    weights: Vec<[f32; BLOCK]>,
    biases: Vec<f32>,
    inputs: usize,
}

/// Memory for answers.
pub(super) struct Answer {
    level: Level,
    values: Vec<f32>,
    next: Vec<f32>,
}

impl Answer {
    pub(super) fn new(level: Level) -> Self {
        Self {
            level,
            values: Vec::new(),
            next: Vec::new(),
        }
    }
}

impl Perceptron {
    /// How sure it is of a face, and its place: to the right, down, larger; all from 0 to 1.
    pub(super) fn answer(&self, sums: &GradientSums, answer: &mut Answer) -> [f32; 4] {
        let Answer {
            level,
            values,
            next,
        } = answer;
        values.resize(self.patches.len() * FEATURE, 0.0);
        for (patch, values) in self.patches.iter().zip(values.chunks_exact_mut(FEATURE)) {
            sums.feature(patch, values);
        }
        let last = self.layers.len() - 1;
        for (number, layer) in self.layers.iter().enumerate() {
            dispatch!(*level, _ => layer.compute(values, next));
            if number < last {
                for value in next.iter_mut() {
                    *value = value.max(0.0);
                }
            }
            std::mem::swap(values, next);
        }
        std::array::from_fn(|index| 1.0 / (1.0 + (-values[index]).exp()))
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
            .map(|(first, input)| std::array::from_fn(|output| weight(first + output, input)))
            .collect();
        Self {
            weights,
            biases,
            inputs,
        }
    }

    /// Each sum is taken in the order of the inputs.
    #[expect(
        clippy::inline_always,
        reason = "compiled anew for each kind of processor"
    )]
    #[inline(always)]
    fn compute(&self, inputs: &[f32], outputs: &mut Vec<f32>) {
        outputs.clear();
        let blocks = self.weights.chunks_exact(self.inputs);
        for (weights, biases) in blocks.zip(self.biases.chunks(BLOCK)) {
            let mut sums = [0.0_f32; BLOCK];
            for (weights, &input) in weights.iter().zip(inputs) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += input * weight;
                }
            }
            outputs.extend(sums.iter().zip(biases).map(|(sum, bias)| sum + bias));
        }
    }
}
