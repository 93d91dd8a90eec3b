//! The model card: what a model expects and what it answers, read from the ONNX file or its side file.

use std::sync::Arc;

use crate::expression::Expression;

/// Height, width and channels that a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputSize {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// 1 or 3.
    pub channels: u32,
}

/// The order of a tensor's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Batch, channels, height, width.
    Nchw,
    /// Batch, height, width, channels.
    Nhwc,
}

/// What the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Rec. 601 luma; three channels hold it three times.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// What a pixel's 0–255 becomes before the network sees it.
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    /// As it is.
    Bytes,
    /// Divided by 255.
    Unit,
    /// −1 to 1.
    Signed,
    /// Divided by 255, less the mean, over the deviation; one value for each channel, or one for all.
    Standard {
        /// Per channel, after the division by 255.
        mean: Vec<f32>,
        /// Per channel.
        std: Vec<f32>,
    },
}

/// What the network's output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A distribution.
    Probabilities,
    /// Scores before the soft-max.
    Logits,
}

/// What a model expects and answers: the only description of a model that there is.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCard {
    /// Unique, short; what `--model` and the log name.
    pub name: Arc<str>,
    /// For people.
    pub title: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The output's order.
    pub labels: Vec<Expression>,
    /// Input shape without the batch axis.
    pub input: InputSize,
    /// Axes of the input.
    pub layout: Layout,
    /// Meaning of the channels.
    pub color: Color,
    /// Range of a pixel.
    pub scale: Scale,
    /// Meaning of the output.
    pub output: Output,
    /// Logits, or the log of probabilities, are divided by it.
    pub temperature: f32,
    /// The crop's side is the face box's longer side times `1 + margin`.
    pub margin: f32,
    /// Data it learned from.
    pub trained_on: String,
    /// Licence of the weights.
    pub license: String,
    /// Measured figures.
    pub metrics: serde_json::Value,
    /// Where it comes from.
    pub source: String,
}
