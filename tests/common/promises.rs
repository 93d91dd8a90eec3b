//! What the readers promise of anything that lies in a file; kept by `tests/properties.rs` and by the
//! fuzz targets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::{Rgb, RgbImage};
use mien::card::{self, KEYS, ModelCard};
use mien::crop::{self, Crop};
use mien::error::Error;
use mien::evaluation::Dataset;
use mien::expression::Expression;
use mien::face::FaceBox;
use mien::frame::{self, Frame};
use mien::session;

/// A model of some hundred bytes with a card that is right.
pub fn small_model() -> &'static [u8] {
    include_bytes!("../data/models/valid.onnx")
}

/// A model without a card.
pub fn silent_model() -> &'static [u8] {
    include_bytes!("../data/models/no-card.onnx")
}

/// Bytes and the text of a side file are a card that the program can rely on, or are refused.
pub fn card_is_sound_or_refused(onnx: &[u8], side: Option<&str>) {
    if let Ok(keys) = card::keys(onnx, side)
        && side.is_some()
    {
        // The model's own metadata may hold keys of another version; a side file may not.
        assert!(keys.keys().all(|key| !key.is_empty()));
    }
    let card = match ModelCard::read("file", onnx, side) {
        Ok(card) => card,
        Err(Error::BadModel { reason, .. }) => {
            assert!(!reason.is_empty());
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let mut labels: Vec<_> = card.labels.iter().map(|label| label.name()).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), card.labels.len(), "a label twice");
    assert!((2..=Expression::ALL.len()).contains(&labels.len()));
    let input = &card.input;
    assert!((1..=1024).contains(&input.width) && (1..=1024).contains(&input.height));
    assert!(matches!(input.channels, 1 | 3), "{input}");
    assert!(card.temperature > 0.0 && card.temperature <= 100.0);
    assert!((-0.5..=2.0).contains(&card.margin), "{}", card.margin);
    let name = &*card.name;
    assert!(!name.contains(['/', '\\', ',']) && !name.contains(char::is_control));
    assert!(!name.is_empty() && name.chars().count() <= 64);
}

/// Whether a key may stand in a side file.
pub fn is_key(key: &str) -> bool {
    KEYS.contains(&key)
}

/// A session's files, one of them perhaps replaced, are a session or are refused by that file's name.
pub fn session_is_read_or_refused(folder: &Path, file: &str) {
    if let Err(error) = session::read(folder) {
        let named = matches!(&error, Error::Session { path, .. } if path.ends_with(file));
        assert!(named, "{error}");
    }
}

/// A whole small session in `folder`.
pub fn write_session(folder: &Path) {
    let files = [
        (
            session::HEADER_FILE,
            include_str!("../data/session/session.json"),
        ),
        (
            session::OBSERVATIONS_FILE,
            include_str!("../data/session/observations.csv"),
        ),
        (
            session::EVENTS_FILE,
            include_str!("../data/session/events.csv"),
        ),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}

/// Each picture of a data set is one or has a reason; or the whole is refused.
pub fn challenge_is_read_or_refused(path: &Path) {
    match Dataset::open(path, None) {
        Ok(mut dataset) => {
            let all = dataset.len();
            let mut read = 0;
            for sample in dataset.samples() {
                read += 1;
                match sample {
                    Ok(sample) => assert_eq!(sample.picture.dimensions(), (48, 48)),
                    Err(skipped) => assert!(!skipped.reason.is_empty()),
                }
            }
            assert_eq!(read, all);
        }
        Err(Error::Dataset { reason, .. }) => assert!(!reason.is_empty()),
        Err(error) => panic!("{error}"),
    }
}

/// A picture between two colours: whatever leaves that range did not come from it.
pub fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let value = 60 + ((7 * x + 13 * y) % 120) as u8;
        Rgb([value, value / 2 + 30, 180 - value / 3])
    })
}

/// A crop of any box has the card's shape, and no value that the picture does not have.
pub fn crop_is_the_cards_and_the_pictures(face: &FaceBox, size: (u32, u32), card: &ModelCard) {
    let picture = picture(size.0, size.1);
    check(&crop::part(&picture, face, card), card);
    check(&crop::whole(&picture, card), card);
    let frame = Frame {
        source: Arc::from("test"),
        source_frame: 0,
        time: Duration::ZERO,
        utc: None,
        captured: Instant::now(),
        still: false,
        luma: frame::luma(&picture),
        picture,
    };
    check(&crop::crop(&frame, face, card), card);
}

fn check(crop: &Crop, card: &ModelCard) {
    let (size, input) = ((crop.height, crop.width, crop.channels), &card.input);
    assert_eq!(size, (input.height, input.width, input.channels));
    assert_eq!(crop.pixels.len(), (size.0 * size.1 * size.2) as usize);
    // Mixed from the picture's pixels and its repeated border: nothing darker, nothing brighter.
    let strange = crop
        .pixels
        .iter()
        .find(|value| !(55..=185).contains(*value));
    assert_eq!(strange, None);
}

/// The small model's card for another input.
pub fn card_for(side: (u32, u32), channels: u32, margin: f32) -> ModelCard {
    let mut card = ModelCard::read("small", small_model(), None).unwrap();
    (card.input.width, card.input.height) = side;
    card.input.channels = channels;
    card.margin = margin;
    card
}
