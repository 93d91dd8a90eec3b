//! Our cascade against the port of the authors' program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use image::GrayImage;
use image::imageops::{self, FilterType};
use mien::cascade::{Candidate, Cascade, Thoroughness};

const WEIGHTS: &[u8] = include_bytes!("../assets/detector/seeta_fd_frontal_v1.0.bin");

/// A portrait free to use (`tests/data/README.md`).
fn portrait() -> GrayImage {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/astronaut.png");
    image::open(path).unwrap().to_luma8()
}

fn resized(picture: &GrayImage, side: u32) -> GrayImage {
    imageops::resize(picture, side, side, FilterType::Triangle)
}

/// What the port of the authors' program finds.
struct Port(Box<dyn rustface::Detector>);

impl Port {
    fn new() -> Self {
        let model = rustface::read_model(WEIGHTS).unwrap();
        Self(rustface::create_detector_with_model(model))
    }

    fn search(&mut self, picture: &GrayImage, thoroughness: &Thoroughness) -> Vec<Candidate> {
        let step = thoroughness.step as u32;
        self.0.set_slide_window_step(step, step);
        self.0.set_pyramid_scale_factor(thoroughness.pyramid);
        self.0.set_score_thresh(thoroughness.threshold);
        let data = rustface::ImageData::new(picture.as_raw(), picture.width(), picture.height());
        let found = self.0.detect(&data);
        let candidate = |face: &rustface::FaceInfo| Candidate {
            x: face.bbox().x(),
            y: face.bbox().y(),
            side: face.bbox().width().cast_signed(),
            score: face.score(),
        };
        found.iter().map(candidate).collect()
    }
}

fn search<'a>(
    cascade: &'a mut Cascade,
    picture: &GrayImage,
    thoroughness: &Thoroughness,
) -> &'a [Candidate] {
    cascade.search(picture.as_raw(), picture.width() as usize, thoroughness)
}

#[test]
fn it_finds_what_the_port_of_the_authors_program_finds_to_the_last_bit() {
    let mut cascade = Cascade::read(WEIGHTS).unwrap();
    let mut port = Port::new();
    let mut found = 0;
    let (mut our_time, mut its_time) = (Duration::ZERO, Duration::ZERO);
    for side in [60, 96, 177, 256] {
        let portrait = resized(&portrait(), side);
        // The face in the middle, and cut off by each edge in turn.
        let (face, shift) = (0.4 * side as f32, 0.25 * side as f32);
        let pictures = [(0.0, 0.0), (1.0, 0.0), (0.0, 0.3), (1.4, 0.1)].map(|(right, down)| {
            let (x, y) = ((right * shift) as u32, (down * face) as u32);
            imageops::crop_imm(&portrait, x, y, side - x, side - y).to_image()
        });
        for picture in &pictures {
            for (step, pyramid, threshold) in [(5, 0.7, 2.6), (6, 0.7, 2.0), (3, 0.8, 0.1)] {
                let thoroughness = Thoroughness {
                    step,
                    pyramid,
                    threshold,
                };
                let began = Instant::now();
                let ours = search(&mut cascade, picture, &thoroughness);
                our_time += began.elapsed();
                let began = Instant::now();
                let theirs = port.search(picture, &thoroughness);
                its_time += began.elapsed();
                assert_eq!(ours, theirs, "{side} {step}");
                found += ours.len();
            }
        }
    }
    assert!(found > 20, "{found}");
    eprintln!("{found} faces: {our_time:.1?}, the port {its_time:.1?}");
}

#[test]
fn pictures_that_hold_no_window_or_nothing_are_no_error() {
    const THOROUGH: Thoroughness = Thoroughness {
        step: 1,
        pyramid: 0.9,
        threshold: 0.1,
    };
    let mut cascade = Cascade::read(WEIGHTS).unwrap();
    for (width, height) in [(0, 0), (1, 1), (39, 200), (200, 39), (40, 40), (41, 57)] {
        let flat = GrayImage::from_pixel(width, height, image::Luma([90]));
        assert_eq!(search(&mut cascade, &flat, &THOROUGH), []);
    }
    // As much contrast as there can be: the sums of gradients are the largest.
    let stripes = GrayImage::from_fn(90, 90, |x, y| {
        image::Luma([255 * ((x / 2 + y / 20) % 2) as u8])
    });
    search(&mut cascade, &stripes, &THOROUGH);
}

#[test]
fn broken_weights_are_refused() {
    let refused = |weights: &[u8]| Cascade::read(weights).is_err();
    assert!(refused(&[]) && refused(b"no weights at all, but a text"));
    for length in [4, 1000, WEIGHTS.len() / 2, WEIGHTS.len() - 1] {
        assert!(refused(&WEIGHTS[..length]), "{length}");
    }
    let mut longer = WEIGHTS.to_vec();
    longer.push(0);
    assert!(refused(&longer));
}
