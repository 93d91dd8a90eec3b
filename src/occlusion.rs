//! Which parts of a face an answer hangs on: the crop is covered piece by piece, and what that takes
//! from the answer is written down (Zeiler and Fergus 2014, "Visualizing and Understanding
//! Convolutional Networks", section 4.2).

use std::sync::atomic::{AtomicBool, Ordering};

use crate::classifier::Classifier;
use crate::crop::Crop;
use crate::error::{Error, Result};
use crate::expression::Expression;

/// Cells of a map along each side: 3 pixels of a crop of 48.
pub const CELLS: usize = 16;

/// Cells that are covered at once along each side: as much as a mouth takes. Tried on the portrait in
/// `tests/data` and the faces of nobody: with 4, what is left round a cover still tells the answer.
const COVER: usize = 6;

/// How much of an answer hangs on each part of the face.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// The answer.
    pub expression: Expression,
    /// Its probability with nothing covered.
    pub probability: f32,
    /// Its lowest probability with a part covered.
    pub lowest: f32,
    /// How far its log-odds fall with a cell covered, averaged over the covers that hide it:
    /// [`CELLS`] rows of as many. Below 0 where the cell speaks against the answer. Log-odds, since
    /// the probability of a sure answer hardly moves at first.
    pub cells: Vec<f32>,
}

/// Computes the map of the likeliest expression in a crop. Ends early, with what there is, once
/// `stop` is set.
///
/// # Errors
/// Those of [`Classifier::classify`].
pub fn heat_map(
    classifier: &mut dyn Classifier,
    crop: &Crop,
    stop: &AtomicBool,
) -> Result<HeatMap> {
    let whole = classifier.classify(std::slice::from_ref(crop))?;
    let Some(whole) = whole.first() else {
        return Err(Error::BadAnswer {
            model: classifier.card().name.to_string(),
            reason: "answered nothing for a face".to_owned(),
        });
    };
    let (expression, probability) = whole.top();
    let mut lowest = probability;
    let fill = mean(crop);
    let mut sums = vec![0.0; CELLS * CELLS];
    let mut covers = vec![0.0_f32; CELLS * CELLS];
    let places = CELLS - COVER + 1;
    for top in 0..places {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let covered: Vec<Crop> = (0..places)
            .map(|left| cover(crop, (top, left), &fill))
            .collect();
        for (left, answer) in classifier.classify(&covered)?.iter().enumerate() {
            let left_over = answer.of(expression);
            lowest = lowest.min(left_over);
            let lost = log_odds(probability) - log_odds(left_over);
            for row in top..top + COVER {
                for column in left..left + COVER {
                    sums[row * CELLS + column] += lost;
                    covers[row * CELLS + column] += 1.0;
                }
            }
        }
    }
    let cells = sums.iter().zip(covers).map(|(sum, n)| sum / n.max(1.0));
    Ok(HeatMap {
        expression,
        probability,
        lowest,
        cells: cells.collect(),
    })
}

/// Finite also for a probability that was rounded to 0 or 1.
fn log_odds(probability: f32) -> f32 {
    let probability = probability.clamp(1e-6, 1.0 - 1e-6);
    (probability / (1.0 - probability)).ln()
}

/// The crop with the cells from (`top`, `left`) on filled with one value a channel.
fn cover(crop: &Crop, (top, left): (usize, usize), fill: &[u8]) -> Crop {
    let mut covered = crop.clone();
    let (height, width) = (crop.height as usize, crop.width as usize);
    let span =
        |first: usize, length: usize| first * length / CELLS..(first + COVER) * length / CELLS;
    for y in span(top, height) {
        for x in span(left, width) {
            let at = (y * width + x) * fill.len();
            covered.pixels[at..at + fill.len()].copy_from_slice(fill);
        }
    }
    covered
}

/// The mean value of each channel: a cover that adds no brightness of its own.
fn mean(crop: &Crop) -> Vec<u8> {
    let channels = crop.channels as usize;
    let pixels = (crop.pixels.len() / channels).max(1);
    (0..channels)
        .map(|channel| {
            let values = crop.pixels.iter().skip(channel).step_by(channels);
            let sum: usize = values.map(|value| usize::from(*value)).sum();
            (sum / pixels) as u8
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::ModelCard;
    use crate::catalog::Catalog;
    use crate::classifier::OnnxClassifier;
    use crate::expression::Probabilities;
    use crate::runtime::ProviderChoice;

    /// Happy as far as the lower right cells are white.
    struct Corner(ModelCard);

    impl Classifier for Corner {
        fn card(&self) -> &ModelCard {
            &self.0
        }

        fn classify(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>> {
            let labels = [Expression::Happy, Expression::Sad];
            let answer = |crop: &Crop| {
                let white = crop.pixels[crop.pixels.len() - 1] == 255;
                let happy = if white { 0.9 } else { 0.2 };
                Probabilities::from_distribution(&labels, &[happy, 1.0 - happy]).unwrap()
            };
            Ok(crops.iter().map(answer).collect())
        }
    }

    fn crop(pixels: Vec<u8>) -> Crop {
        Crop {
            height: 48,
            width: 48,
            channels: 1,
            pixels,
        }
    }

    #[test]
    fn the_map_is_hot_where_the_answer_comes_from() {
        let card = (*Catalog::new(None).find("mien-s").unwrap().card).clone();
        let mut pixels = vec![0; 48 * 48];
        pixels[48 * 48 - 1] = 255;
        let map = heat_map(&mut Corner(card), &crop(pixels), &AtomicBool::new(false)).unwrap();
        assert_eq!(map.expression, Expression::Happy);
        let lost = log_odds(0.9) - log_odds(0.2);
        assert!((map.cells[CELLS * CELLS - 1] - lost).abs() < 1e-4);
        assert!((map.lowest - 0.2).abs() < 1e-6);
        assert!(
            map.cells[..CELLS * (CELLS - COVER)]
                .iter()
                .all(|lost| *lost == 0.0)
        );
    }

    #[test]
    fn a_smile_hangs_on_the_mouth() {
        let model = Catalog::new(None).find("mien-m").unwrap();
        let mut classifier = OnnxClassifier::load(&model, ProviderChoice::Cpu).unwrap();
        let portrait = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/golden/crop-inside.png"
        );
        let face = image::open(portrait).unwrap().into_rgb8();
        let crop = crate::crop::whole(&face, &model.card);
        let map = heat_map(&mut classifier, &crop, &AtomicBool::new(false)).unwrap();
        assert_eq!(map.expression, Expression::Happy);
        let mean = |rows: std::ops::Range<usize>| {
            let cells = &map.cells[rows.start * CELLS..rows.end * CELLS];
            cells.iter().sum::<f32>() / cells.len() as f32
        };
        let rows: Vec<f32> = (0..CELLS).map(|row| mean(row..row + 1)).collect();
        let (eyes, mouth) = (mean(3..8), mean(10..15));
        assert!(mouth > 0.5 && eyes < 0.0, "{rows:?}, lowest {}", map.lowest);
    }
}
