//! From crops to the tensor that a network takes: layout and scale by its card.

use crate::card::{Layout, ModelCard, Scale};
use crate::crop::Crop;

/// The input tensor of a batch; its memory is used again for the next one.
#[derive(Debug)]
pub(super) struct Input {
    card: InputCard,
    /// What a byte becomes, for each channel.
    scaled: Vec<[f32; 256]>,
    values: Vec<f32>,
}

/// What of a card matters here.
#[derive(Debug)]
struct InputCard {
    height: u32,
    width: u32,
    channels: u32,
    layout: Layout,
}

impl Input {
    pub(super) fn new(card: &ModelCard) -> Self {
        let input = card.input;
        let scaled = (0..input.channels as usize)
            .map(|channel| table(&card.scale, channel))
            .collect();
        let card = InputCard {
            height: input.height,
            width: input.width,
            channels: input.channels,
            layout: card.layout,
        };
        Self {
            card,
            scaled,
            values: Vec::new(),
        }
    }

    /// Takes a batch and gives the tensor's shape.
    ///
    /// # Errors
    /// A predicate when a crop is not as the card asks.
    pub(super) fn fill(&mut self, crops: &[Crop]) -> Result<[usize; 4], String> {
        let InputCard {
            height,
            width,
            channels,
            layout,
        } = self.card;
        self.values.clear();
        for crop in crops {
            let fits = (crop.height, crop.width, crop.channels) == (height, width, channels)
                && crop.pixels.len() == (height * width * channels) as usize;
            if !fits {
                return Err(format!(
                    "was given a face of {}x{}x{} where it takes {height}x{width}x{channels}",
                    crop.height, crop.width, crop.channels
                ));
            }
            let pixels = crop.pixels.chunks_exact(self.scaled.len());
            match layout {
                Layout::Nhwc => self.values.extend(pixels.flat_map(|pixel| {
                    pixel
                        .iter()
                        .zip(&self.scaled)
                        .map(|(byte, scaled)| scaled[usize::from(*byte)])
                })),
                Layout::Nchw => {
                    for (channel, scaled) in self.scaled.iter().enumerate() {
                        let bytes = pixels.clone().map(|pixel| pixel[channel]);
                        self.values
                            .extend(bytes.map(|byte| scaled[usize::from(byte)]));
                    }
                }
            }
        }
        Ok(order(layout, crops.len(), height, width, channels))
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }
}

/// The tensor's shape for so many faces.
pub(super) fn shape(card: &ModelCard, faces: usize) -> [usize; 4] {
    order(
        card.layout,
        faces,
        card.input.height,
        card.input.width,
        card.input.channels,
    )
}

fn order(layout: Layout, faces: usize, height: u32, width: u32, channels: u32) -> [usize; 4] {
    let [height, width, channels] = [height, width, channels].map(|size| size as usize);
    match layout {
        Layout::Nchw => [faces, channels, height, width],
        Layout::Nhwc => [faces, height, width, channels],
    }
}

/// What each byte becomes in one channel.
fn table(scale: &Scale, channel: usize) -> [f32; 256] {
    std::array::from_fn(|byte| {
        let byte = byte as f32;
        match scale {
            Scale::Bytes => byte,
            Scale::Unit => byte / 255.0,
            Scale::Signed => byte / 127.5 - 1.0,
            Scale::Standard { mean, std } => {
                (byte / 255.0 - of_channel(mean, channel, 0.0)) / of_channel(std, channel, 1.0)
            }
        }
    })
}

/// The channel's own value, or the one for all.
fn of_channel(values: &[f32], channel: usize, otherwise: f32) -> f32 {
    values
        .get(channel)
        .or(values.first())
        .copied()
        .unwrap_or(otherwise)
}

/// A picture to try a network on. It is not flat: many networks divide by its deviation.
pub(super) fn any_face(card: &ModelCard) -> Crop {
    let (height, width, channels) = (card.input.height, card.input.width, card.input.channels);
    let bytes = height * width * channels;
    let pixels = (0..bytes)
        .map(|position| (position * 97 % 256) as u8)
        .collect();
    Crop {
        height,
        width,
        channels,
        pixels,
    }
}
