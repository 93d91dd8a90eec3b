//! What is allocated for a frame once a face is followed: no picture, and little besides.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures, with --nocapture")]

mod common;

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use mien::analyzer::Analyzer;
use mien::classifier::Classifier;
use mien::crop::{Crop, Cutter};
use mien::expression::Expression;
use mien::face::FaceBox;
use mien::source::FrameSource;
use mien::source::demo::Demo;

use common::{FakeClassifier, FakeDetector};

/// Frames until all memory has its size: a full search is among them.
const WARM_UP: usize = 30;
const FRAMES: usize = 60;

/// Allocations for one frame, in the mean.
fn each(what: &str, sum: AllocationInfo) -> f64 {
    let count = sum.count_total as f64 / FRAMES as f64;
    println!("{what}: {count:.1} allocations a frame");
    count
}

/// The frames' memory is one store for the whole program, so one test after the other.
#[test]
fn a_frame_is_made_and_read_with_the_memory_of_those_before() {
    pictures_use_the_memory_of_those_before();
    faces_are_read_with_the_memory_of_those_before();
}

fn pictures_use_the_memory_of_those_before() {
    let mut demo = Demo::new().unwrap();
    let mut play = |frames| (0..frames).for_each(|_| drop(demo.next_frame().unwrap()));
    play(WARM_UP);
    let sum = measure(|| play(FRAMES));
    each("the demo", sum);
    // At no moment more than the tables of the library that resamples: the brightness alone has 307,200.
    assert!(sum.bytes_max < 100_000, "{sum:?}");
}

/// The library that resamples makes a table for each picture, with an allocation for each line and
/// column; a followed face is resampled for the network and for its quality. What is left is ours.
fn faces_are_read_with_the_memory_of_those_before() {
    let mut demo = Demo::new().unwrap();
    let face = FaceBox {
        x: 200.0,
        y: 100.0,
        width: 240.0,
        height: 240.0,
    };
    let detector = Box::new(FakeDetector(vec![face]));
    let classifier = FakeClassifier::sure_of("fake", Expression::Happy);
    let card = classifier.card().clone();
    let mut analyzer = Analyzer::new(detector, Box::new(classifier));
    let (mut cutter, mut crop) = (Cutter::default(), Crop::default());

    let mut all = AllocationInfo::default();
    let mut resampling = AllocationInfo::default();
    for number in 0..WARM_UP + FRAMES {
        let frame = Arc::new(demo.next_frame().unwrap().unwrap());
        let cut = measure(|| cutter.cut(&frame, &face, &card, &mut crop));
        let analysis = measure(|| drop(analyzer.analyze(frame).unwrap()));
        if number >= WARM_UP {
            all += analysis;
            resampling += cut;
            resampling += cut;
        }
    }
    // Boxes, answers and faces: the lists that go from stage to stage and into the observation.
    let ours = each("the analysis", all) - each("resampling in it", resampling);
    assert!(ours < 4.5, "{ours}");
}
