//! Finds the faces in a picture: the only door to the cascade.

use std::time::{Duration, Instant};

use image::GrayImage;

use crate::cascade::{self, Cascade, Thoroughness};
use crate::error::{Error, Result};
use crate::face::{Detection, FaceBox};
use crate::resize::Resampler;

/// Finds faces.
pub trait FaceDetector: Send {
    /// Faces in `luma`, in its pixels. `smallest_face` is the width of the smallest face worth
    /// finding, as a share of the picture's width; cost grows with the inverse of its square.
    ///
    /// # Errors
    /// When the picture cannot be searched.
    fn detect(&mut self, luma: &GrayImage, smallest_face: f32) -> Result<Vec<Detection>>;

    /// Faces besides those that are `known` to be in this picture; looking only for others may be
    /// cheaper.
    ///
    /// # Errors
    /// As [`Self::detect`].
    fn detect_others(
        &mut self,
        luma: &GrayImage,
        smallest_face: f32,
        known: &[FaceBox],
    ) -> Result<Vec<Detection>> {
        let mut found = self.detect(luma, smallest_face)?;
        found.retain(|found| !known.iter().any(|known| is_same(known, &found.face_box)));
        Ok(found)
    }

    /// The face that was at `known` a moment ago, if it is still near there and about as large; looking
    /// only there may be cheaper.
    ///
    /// # Errors
    /// As [`Self::detect`].
    fn follow(&mut self, luma: &GrayImage, known: &FaceBox) -> Result<Option<Detection>> {
        let smallest_face = known.width / (1.5 * luma.width().max(1) as f32);
        Ok(nearest(self.detect(luma, smallest_face)?, known))
    }

    /// How much of the time since it was last asked went into making pictures smaller.
    fn take_shrink_time(&mut self) -> Duration {
        Duration::ZERO
    }
}

/// Whether two boxes of one picture are the same face: they share more than half of the smaller one.
#[must_use]
pub fn is_same(one: &FaceBox, other: &FaceBox) -> bool {
    one.inclusion(other) > 0.5
}

/// Of these faces the one that `known` has become a moment later.
fn nearest(found: Vec<Detection>, known: &FaceBox) -> Option<Detection> {
    found
        .into_iter()
        .filter(|found| found.face_box.overlap(known) > 0.3)
        .max_by(|left, right| left.score.total_cmp(&right.score))
}

/// The `SeetaFace` cascade for frontal faces, its weights inside the program.
pub struct SeetaDetector {
    cascade: Cascade,
    resampler: Resampler,
    /// What the cascade searches; its memory is used again.
    shrunk: Vec<u8>,
    shrink_time: Duration,
}

/// How a known face is looked for.
struct Nearby {
    /// The side of the place where it is looked for, in its own.
    sides: f32,
    thoroughness: Thoroughness,
}

impl SeetaDetector {
    /// The cascade's window in pixels: it finds no smaller face, and no face in a smaller picture.
    const WINDOW: u32 = cascade::WINDOW as u32;
    /// The picture is resized so that the smallest face fills the window. Enlarged more than twice, a face of
    /// under 20 pixels shows the cascade nothing new, and the cost grows without limit.
    const MOST_ENLARGED: f32 = 2.0;
    /// From one level of the pyramid to the next. Against the authors' 0.8 and steps of 4 this and
    /// steps of 5 take 0.6 of the time and find the same 29 of 29 faces of 50 px in a group
    /// photograph, and a talking woman's in each of 58 frames.
    const PYRAMID: f32 = 0.7;
    /// For a picture of which nothing is known. With steps of 6 or 8 pixels the group loses up to five.
    /// All its 29 faces scored 3.0 and more; the false boxes seen beside the talking head, at some of
    /// those steps, 2.3 to 2.5.
    const ANYWHERE: Thoroughness = Thoroughness {
        step: 5,
        pyramid: Self::PYRAMID,
        threshold: 2.6,
    };
    /// For a place where a face was a moment ago: first a glance, which finds the talking woman in 458 of
    /// 463 frames in 1.1 ms, then a look that finds her in all of them in 2.7 ms.
    const NEARBY: [Nearby; 2] = [
        Nearby {
            sides: 1.5,
            thoroughness: Thoroughness {
                step: 6,
                pyramid: Self::PYRAMID,
                threshold: 2.0,
            },
        },
        Nearby {
            sides: 2.0,
            thoroughness: Thoroughness {
                step: 5,
                pyramid: Self::PYRAMID,
                threshold: 2.0,
            },
        },
    ];
    /// The side that a known face has there, in pixels: a little over the window, so that it fills
    /// windows on two levels of the pyramid. With 48 it is lost more often; cost grows with the square.
    const NEARBY_SIDE: f32 = 52.0;
    /// A box that lies so far in a surer one is a part of that face, such as its mouth and chin; of
    /// 29 people in a group photograph none stands so close behind another.
    const INSIDE: f32 = 0.7;
    /// The most faces of one picture; the surest are kept. A full stadium must not fill the memory
    /// with one batch.
    const MOST_FACES: usize = 128;

    /// Reads the weights; about 10 ms.
    ///
    /// # Errors
    /// When the weights in the program are broken.
    pub fn new() -> Result<Self> {
        let weights = include_bytes!("../assets/detector/seeta_fd_frontal_v1.0.bin");
        let cascade =
            Cascade::read(weights).map_err(|reason| Error::Detector(reason.to_owned()))?;
        Ok(Self {
            cascade,
            resampler: Resampler::default(),
            shrunk: Vec::new(),
            shrink_time: Duration::ZERO,
        })
    }

    /// Searches the part `area` of a picture made `factor` times as large, but for the faces `known`;
    /// gives the surest first, in pixels of the picture.
    fn search(
        &mut self,
        luma: &GrayImage,
        area: &FaceBox,
        factor: f32,
        known: &[FaceBox],
        thoroughness: &Thoroughness,
    ) -> Vec<Detection> {
        let began = Instant::now();
        let searched = |side: f32| (side * factor).round() as u32;
        let size = (searched(area.width), searched(area.height));
        if size.0.min(size.1) < Self::WINDOW {
            return Vec::new();
        }
        self.resampler
            .inner_part(luma, area, size, &mut self.shrunk);
        for face_box in known {
            paint_over(&mut self.shrunk, size, &face_box.scaled(factor));
        }
        self.shrink_time += began.elapsed();

        let found = (self.cascade).search(&self.shrunk, size.0 as usize, thoroughness);
        let mut candidates: Vec<Detection> = found
            .iter()
            .map(|found| {
                let face_box = FaceBox {
                    x: area.x + found.x as f32 / factor,
                    y: area.y + found.y as f32 / factor,
                    width: found.side as f32 / factor,
                    height: found.side as f32 / factor,
                };
                Detection {
                    face_box,
                    score: found.score as f32,
                }
            })
            .collect();
        candidates.sort_by(|left, right| right.score.total_cmp(&left.score));
        let mut detections: Vec<Detection> = Vec::new();
        for candidate in candidates.into_iter().take(Self::MOST_FACES) {
            let part_of =
                |surer: &Detection| surer.face_box.inclusion(&candidate.face_box) > Self::INSIDE;
            if !detections.iter().any(part_of) {
                detections.push(candidate);
            }
        }
        detections
    }
}

impl FaceDetector for SeetaDetector {
    fn detect(&mut self, luma: &GrayImage, smallest_face: f32) -> Result<Vec<Detection>> {
        self.detect_others(luma, smallest_face, &[])
    }

    /// A face in the picture costs the cascade more than half of a search (measured at 596×336), so
    /// the known ones are painted over.
    fn detect_others(
        &mut self,
        luma: &GrayImage,
        smallest_face: f32,
        known: &[FaceBox],
    ) -> Result<Vec<Detection>> {
        let smallest = smallest_face * luma.width() as f32;
        let factor = (Self::WINDOW as f32 / smallest).min(Self::MOST_ENLARGED);
        let mut found = self.search(luma, &whole(luma), factor, known, &Self::ANYWHERE);
        found.retain(|found| !known.iter().any(|known| is_same(known, &found.face_box)));
        Ok(found)
    }

    fn follow(&mut self, luma: &GrayImage, known: &FaceBox) -> Result<Option<Detection>> {
        let FaceBox {
            x,
            y,
            width,
            height,
        } = *known;
        // A box of numbers that are none has no place either.
        if ![x, y, width, height].into_iter().all(f32::is_finite) {
            return Ok(None);
        }
        let factor = Self::NEARBY_SIDE / known.width.max(known.height).max(1.0);
        for nearby in &Self::NEARBY {
            let area = known.squared(nearby.sides - 1.0).within(&whole(luma));
            let found = self.search(luma, &area, factor, &[], &nearby.thoroughness);
            let found = nearest(found, known);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn take_shrink_time(&mut self) -> Duration {
        std::mem::take(&mut self.shrink_time)
    }
}

/// All of a picture.
fn whole(luma: &GrayImage) -> FaceBox {
    FaceBox {
        x: 0.0,
        y: 0.0,
        width: luma.width() as f32,
        height: luma.height() as f32,
    }
}

/// Makes a box of a picture grey, and a little round it: in what is flat the cascade sees no face.
fn paint_over(pixels: &mut [u8], (width, height): (u32, u32), face_box: &FaceBox) {
    const ROUND_IT: f32 = 0.2;
    const GREY: u8 = 128;
    let area = face_box.squared(ROUND_IT);
    let edge = |at: f32, most: u32| (at.max(0.0) as usize).min(most as usize);
    let (left, right) = (edge(area.x, width), edge(area.x + area.width, width));
    let (top, bottom) = (edge(area.y, height), edge(area.y + area.height, height));
    for line in pixels
        .chunks_exact_mut(width as usize)
        .skip(top)
        .take(bottom - top)
    {
        line[left..right].fill(GREY);
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// A portrait free to use (`tests/data/README.md`), with the face at about (175, 65) to (270, 160).
    fn portrait() -> GrayImage {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/astronaut.png");
        image::open(path).unwrap().to_luma8()
    }

    #[test]
    fn a_face_is_found_in_pixels_of_the_picture_whatever_is_looked_for() {
        let mut detector = SeetaDetector::new().unwrap();
        for smallest_face in [1.0 / 12.0, 1.0 / 8.0, 1.0 / 40.0] {
            let found = detector.detect(&portrait(), smallest_face).unwrap();
            assert_eq!(found.len(), 1, "{smallest_face}: {found:?}");
            let (x, y) = found[0].face_box.center();
            assert!(
                (200.0..245.0).contains(&x) && (90.0..140.0).contains(&y),
                "{found:?}"
            );
            assert!(
                (75.0..150.0).contains(&found[0].face_box.width),
                "{found:?}"
            );
        }
    }

    #[test]
    fn pictures_without_a_face_have_none() {
        let mut detector = SeetaDetector::new().unwrap();
        let stripes = GrayImage::from_fn(320, 240, |x, y| Luma([((x * 7) ^ (y * 3)) as u8]));
        for picture in [GrayImage::new(320, 240), stripes] {
            assert_eq!(detector.detect(&picture, 1.0 / 12.0).unwrap(), []);
        }
    }

    #[test]
    fn pictures_too_small_for_a_face_are_no_error() {
        let mut detector = SeetaDetector::new().unwrap();
        for (width, height) in [(0, 0), (1, 1), (19, 400), (400, 19), (1000, 3), (21, 21)] {
            let picture = GrayImage::from_pixel(width, height, Luma([90]));
            for smallest_face in [1.0 / 12.0, 1.0, 0.0, -1.0, f32::NAN] {
                assert_eq!(detector.detect(&picture, smallest_face).unwrap(), []);
            }
        }
    }

    #[test]
    fn a_known_face_is_found_again_nearby_and_nowhere_else() {
        let mut detector = SeetaDetector::new().unwrap();
        let portrait = portrait();
        let found = detector.detect(&portrait, 1.0 / 12.0).unwrap()[0].face_box;
        let nudged = |x: f32, y: f32, scale: f32| {
            let scaled = found.squared(scale - 1.0);
            FaceBox {
                x: scaled.x + x * found.width,
                y: scaled.y + y * found.height,
                ..scaled
            }
        };
        for known in [
            found,
            nudged(0.2, 0.0, 1.0),
            nudged(-0.2, 0.2, 1.0),
            nudged(0.0, -0.2, 1.2),
            nudged(0.0, 0.0, 0.8),
        ] {
            let again = detector.follow(&portrait, &known).unwrap().unwrap();
            let overlap = again.face_box.overlap(&found);
            assert!(overlap > 0.7, "{known:?} {again:?}");
        }
        let elsewhere = nudged(2.0, 1.0, 1.0);
        assert_eq!(detector.follow(&portrait, &elsewhere).unwrap(), None);
        for nonsense in [f32::NAN, f32::INFINITY, -1e9, 0.0] {
            let known = FaceBox {
                x: nonsense,
                y: nonsense,
                width: nonsense,
                height: nonsense,
            };
            assert_eq!(detector.follow(&portrait, &known).unwrap(), None);
        }
    }

    #[test]
    fn known_faces_are_left_out_and_others_are_not() {
        let mut detector = SeetaDetector::new().unwrap();
        // Two of the portrait side by side.
        let portrait = portrait();
        let mut two = GrayImage::new(portrait.width() * 2, portrait.height());
        image::imageops::replace(&mut two, &portrait, 0, 0);
        image::imageops::replace(&mut two, &portrait, i64::from(portrait.width()), 0);
        let mut both = detector.detect(&two, 1.0 / 12.0).unwrap();
        assert_eq!(both.len(), 2, "{both:?}");
        both.sort_by(|left, right| left.face_box.x.total_cmp(&right.face_box.x));
        let known = [both[0].face_box];
        let others = detector.detect_others(&two, 1.0 / 12.0, &known).unwrap();
        assert_eq!(others.len(), 1, "{others:?}");
        assert!(others[0].face_box.overlap(&both[1].face_box) > 0.7);
    }
}
