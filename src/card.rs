//! The model card: what a model expects and what it answers, read from the ONNX file or its side file.

mod checksum;
mod figures;
mod onnx;
mod reader;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::expression::Expression;

pub use self::checksum::Checksum;
pub(crate) use self::checksum::sha256;
pub use self::figures::{Bin, Figures, Truth};
pub use self::reader::{KEYS, REQUIRED, keys};

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
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelCard {
    /// Unique, short; what `--model` and the log name.
    pub name: Arc<str>,
    /// For people.
    pub title: String,
    /// Of the file.
    pub sha256: Checksum,
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

impl ModelCard {
    /// Whether the model sees colours; one channel can only be brightness.
    #[must_use]
    pub fn wants_colors(&self) -> bool {
        self.color != Color::Gray && self.input.channels == 3
    }
}

/// Largest height or width: four times what networks for faces take (224), and a batch of eight
/// such inputs still fits 100 MB.
const LARGEST_SIDE: u32 = 1024;

impl fmt::Display for InputSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}x{}x{}",
            self.height, self.width, self.channels
        )
    }
}

impl FromStr for InputSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is no input size; write height x width x channels as 48x48x1");
        let numbers = text
            .split('x')
            .map(|number| number.trim().parse::<u32>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| wrong())?;
        let [height, width, channels] = numbers[..] else {
            return Err(wrong());
        };
        if !(1..=LARGEST_SIDE).contains(&height) || !(1..=LARGEST_SIDE).contains(&width) {
            return Err(format!(
                "the input {text} is not between 1 and {LARGEST_SIDE} pixels a side"
            ));
        }
        if channels != 1 && channels != 3 {
            return Err(format!(
                "the input {text} has {channels} channels where 1 or 3 are possible"
            ));
        }
        Ok(Self {
            height,
            width,
            channels,
        })
    }
}

/// Gives an enum without fields its words, both ways.
macro_rules! words {
    ($name:ident, $what:literal, $($variant:ident = $word:literal),+) => {
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(match self { $(Self::$variant => $word),+ })
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text.trim() {
                    $(word if word.eq_ignore_ascii_case($word) => Ok(Self::$variant),)+
                    _ => Err(format!("'{text}' is no {}; use one of {}", $what, [$($word),+].join(", "))),
                }
            }
        }
    };
}

words!(Layout, "layout", Nchw = "NCHW", Nhwc = "NHWC");
words!(Color, "color", Gray = "gray", Rgb = "rgb", Bgr = "bgr");
words!(
    Output,
    "output",
    Probabilities = "probabilities",
    Logits = "logits"
);

impl fmt::Display for Scale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &[f32]| {
            values
                .iter()
                .map(f32::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        match self {
            Self::Bytes => formatter.pad("0..255"),
            Self::Unit => formatter.pad("0..1"),
            Self::Signed => formatter.pad("-1..1"),
            Self::Standard { mean, std } => {
                write!(formatter, "mean={};std={}", list(mean), list(std))
            }
        }
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "'{text}' is no scale; use 0..255, 0..1, -1..1 or mean=0.5;std=0.5 (after 0..1)"
            )
        };
        let numbers = |list: &str| {
            list.split(',')
                .map(|number| {
                    number
                        .trim()
                        .parse::<f32>()
                        .ok()
                        .filter(|value| value.is_finite())
                })
                .collect::<Option<Vec<f32>>>()
        };
        match text.trim() {
            "0..255" => Ok(Self::Bytes),
            "0..1" => Ok(Self::Unit),
            "-1..1" => Ok(Self::Signed),
            standard => {
                let (mean, std) = standard
                    .split_once(';')
                    .and_then(|(mean, std)| {
                        let mean = numbers(mean.trim().strip_prefix("mean=")?)?;
                        Some((mean, numbers(std.trim().strip_prefix("std=")?)?))
                    })
                    .ok_or_else(wrong)?;
                if std.iter().any(|deviation| *deviation <= 0.0) {
                    return Err(format!(
                        "the scale '{text}' divides by a number that is not above 0"
                    ));
                }
                Ok(Self::Standard { mean, std })
            }
        }
    }
}

/// In JSON these are the words of the card.
macro_rules! serialized_as_words {
    ($($name:ident),+) => {
        $(impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        })+
    };
}

serialized_as_words!(InputSize, Layout, Color, Scale, Output);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_card_reads_back_as_it_prints() {
        for input in ["48x48x1", "224x192x3"] {
            assert_eq!(input.parse::<InputSize>().unwrap().to_string(), input);
        }
        for scale in ["0..255", "0..1", "-1..1", "mean=0.5,0.25,0.125;std=1,2,3"] {
            assert_eq!(scale.parse::<Scale>().unwrap().to_string(), scale);
        }
        assert_eq!("nhwc".parse::<Layout>().unwrap().to_string(), "NHWC");
        assert_eq!("bgr".parse::<Color>().unwrap(), Color::Bgr);
        assert_eq!("logits".parse::<Output>().unwrap(), Output::Logits);
    }

    #[test]
    fn impossible_sizes_and_scales_are_refused() {
        for input in ["48x48", "0x48x1", "48x2000x1", "48x48x2", "axbxc", ""] {
            assert!(input.parse::<InputSize>().is_err(), "{input}");
        }
        for scale in [
            "0..2",
            "mean=0.5",
            "mean=0;std=0",
            "mean=NaN;std=1",
            "mean=;std=1",
        ] {
            assert!(scale.parse::<Scale>().is_err(), "{scale}");
        }
    }
}
