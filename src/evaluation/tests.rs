//! Data sets in their three forms, and models measured on them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use image::Luma;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::error::Error;
use crate::expression::Expression::{self, Angry, Happy, Sad};

const FILES: [(&str, u8); 6] = [
    ("test/happy/1.png", 10),
    ("test/anger/2.png", 20),
    ("test/bored/3.png", 30),
    ("test/bored/4.png", 40),
    ("train/sad/5.png", 50),
    ("train/dull/6.png", 60),
];

fn png(level: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(4, 4, Luma([level]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// The data set's files in a folder, one of its pictures broken.
fn folder() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("faces");
    for (name, level) in FILES {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, png(level)).unwrap();
    }
    fs::write(root.join("test/happy/broken.png"), "no picture").unwrap();
    (home, root)
}

/// The same as a zip.
fn zip() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("faces.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, level) in FILES {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&png(level)).unwrap();
    }
    zip.start_file("test/happy/broken.png", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(b"no picture").unwrap();
    zip.finish().unwrap();
    (home, path)
}

/// The same as the challenge's file; a line with too few pixels is the broken picture.
fn csv() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("fer2013.csv");
    let line = |emotion: &str, usage: &str, level: &str| {
        let pixels = vec![level; 48 * 48].join(" ");
        [emotion, usage, &pixels].join(",")
    };
    let lines = [
        "emotion, Usage, pixels".to_owned(),
        line("3", "PublicTest", "10"),
        line("4", "Training", "50"),
        line("0", "PrivateTest", "20"),
        line("9", "PrivateTest", "30"),
        line("9", "PublicTest", "40"),
        "3,PublicTest,10 10 10".to_owned(),
    ];
    fs::write(&path, lines.join("\n")).unwrap();
    (home, path)
}

/// Label and brightness of every picture that can be read, and how many cannot.
fn seen(dataset: &mut Dataset) -> (BTreeMap<u8, Expression>, usize) {
    let (good, bad): (Vec<_>, Vec<_>) = dataset.samples().partition(Result::is_ok);
    let good = good.into_iter().map(Result::unwrap);
    (
        good.map(|sample| (sample.picture.get_pixel(0, 0).0[0], sample.label))
            .collect(),
        bad.len(),
    )
}

fn open(path: &Path, usage: Option<Usage>) -> Dataset {
    Dataset::open(path, usage).unwrap()
}

#[test]
fn a_folder_a_zip_and_the_challenges_file_give_the_same_pictures() {
    for (_home, path) in [folder(), zip(), csv()] {
        let mut dataset = open(&path, None);
        let test = BTreeMap::from([(10, Happy), (20, Angry)]);
        assert_eq!(seen(&mut dataset), (test, 1), "{}", path.display());
        let left_out: u64 = dataset
            .skipped()
            .iter()
            .map(|skipped| skipped.pictures)
            .sum();
        assert_eq!(left_out, 2, "{:?}", dataset.skipped());

        let mut dataset = open(&path, Some(Usage::Training));
        assert_eq!(seen(&mut dataset), (BTreeMap::from([(50, Sad)]), 0));
    }
}

#[test]
fn a_data_set_can_be_read_twice() {
    for (_home, path) in [folder(), zip(), csv()] {
        let mut dataset = open(&path, None);
        assert_eq!(seen(&mut dataset), seen(&mut dataset));
    }
}

#[test]
fn the_two_tests_of_the_challenge_are_told_apart() {
    let (_home, path) = csv();
    let mut dataset = open(&path, Some(Usage::PrivateTest));
    assert_eq!(seen(&mut dataset), (BTreeMap::from([(20, Angry)]), 0));
}

/// How many pictures of each part can be read.
fn parts(dataset: &mut Dataset) -> BTreeMap<&'static str, u64> {
    let mut parts = BTreeMap::new();
    for part in dataset.samples().flatten().filter_map(|sample| sample.part) {
        *parts.entry(part).or_default() += 1;
    }
    parts
}

#[test]
fn each_picture_says_which_part_it_is_of() {
    let (_home, path) = csv();
    let both = BTreeMap::from([("PrivateTest", 1), ("PublicTest", 1)]);
    assert_eq!(parts(&mut open(&path, None)), both);
    let (_home, path) = folder();
    fs::create_dir_all(path.join("val/sad")).unwrap();
    fs::write(path.join("val/sad/7.png"), png(70)).unwrap();
    let both = BTreeMap::from([("test", 2), ("validation", 1)]);
    for public in [None, Some(Usage::PublicTest)] {
        assert_eq!(parts(&mut open(&path, public)), both);
    }
    let test = BTreeMap::from([("test", 2)]);
    let private = Some(Usage::PrivateTest);
    assert_eq!(parts(&mut open(&path, private)), test);
    assert_eq!(parts(&mut open(&path.join("train"), None)), BTreeMap::new());
}

#[test]
fn a_folder_without_parts_counts_whole() {
    let (_home, path) = folder();
    let mut dataset = open(&path.join("train"), None);
    assert_eq!(seen(&mut dataset), (BTreeMap::from([(50, Sad)]), 0));
    let error = Dataset::open(&path.join("train"), Some(Usage::PublicTest))
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("none of its 2 pictures is of PublicTest"),
        "{error}"
    );
}

#[test]
fn what_is_no_data_set_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("notes.csv");
    fs::write(&file, "a,b\n1,2\n").unwrap();
    let cut = home.path().join("cut.zip");
    fs::write(&cut, "PK\u{3}\u{4} and nothing more").unwrap();
    let missing = home.path().join("missing");
    for path in [file, cut, missing, home.path().to_owned()] {
        let error = Dataset::open(&path, None).err().unwrap();
        assert!(
            matches!(&error, Error::Dataset { path: named, .. } if *named == path),
            "{error}"
        );
    }
}
