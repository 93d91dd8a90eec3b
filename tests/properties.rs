//! Whatever lies in a file, the readers answer with a value that keeps its promises, or with a sentence.
//! `tests/fuzz/` asks the same of bytes that a fuzzer thinks up.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "common/promises.rs"]
mod promises;

use std::fs;

use mien::card::KEYS;
use mien::face::FaceBox;
use mien::session::{self, EVENTS_FILE, HEADER_FILE, OBSERVATIONS_FILE, Row};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tempfile::TempDir;

/// A number that a box may have: near a picture, far from it, or none at all.
fn coordinate() -> impl Strategy<Value = f32> {
    prop_oneof![8 => -200.0..200.0_f32, 2 => any::<f32>()]
}

fn face_box() -> impl Strategy<Value = FaceBox> {
    (coordinate(), coordinate(), coordinate(), coordinate()).prop_map(|(x, y, width, height)| {
        FaceBox {
            x,
            y,
            width,
            height,
        }
    })
}

/// What people write behind a key: what belongs there, numbers, and anything else.
fn value() -> impl Strategy<Value = String> {
    let usual = vec![
        "angry,happy",
        "happy,happiness",
        "happy",
        "48x48x1",
        "2000x48x3",
        "NCHW",
        "nhwc",
        "gray",
        "rgb",
        "BGR",
        "0..255",
        "-1..1",
        "mean=0.5;std=0.25",
        "mean=;std=",
        "mean=0;std=0",
        "logits",
        "probabilities",
        "{}",
        "[1]",
        "1e400",
        "-0",
        "NaN",
        "inf",
        "\u{0}",
        "a/b",
    ];
    prop_oneof![
        select(usual).prop_map(str::to_owned),
        any::<f32>().prop_map(|number| number.to_string()),
        "mean=[-0-9.,]{0,8};std=[-0-9.,]{0,8}",
        "[0-9]{0,5}x[0-9]{0,5}x[0-9]{0,2}",
        ".{0,40}",
    ]
}

/// A session with these rows.
fn session_with(rows: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    promises::write_session(folder.path());
    fs::write(folder.path().join(OBSERVATIONS_FILE), rows).unwrap();
    folder
}

/// The test session's rows as text. There are no quotes in it.
fn rows() -> String {
    let folder = tempfile::tempdir().unwrap();
    promises::write_session(folder.path());
    fs::read_to_string(folder.path().join(OBSERVATIONS_FILE)).unwrap()
}

fn text(cells: &[Vec<&str>]) -> String {
    cells.iter().map(|line| line.join(",") + "\n").collect()
}

fn data_set(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fer2013.csv");
    fs::write(&path, bytes).unwrap();
    promises::challenge_is_read_or_refused(&path);
}

/// A line of the challenge: what belongs there, or nearly.
fn challenge_line() -> impl Strategy<Value = String> {
    let count = prop_oneof![3 => Just(48 * 48), 1 => 0..2400_usize];
    let pixels = count.prop_flat_map(|count| vec(0..260_u16, count));
    let usage = select(vec!["Training", "PublicTest", "PrivateTest", "", "Else"]);
    ("[0-9]{1,2}|[a-z\"]{0,6}", pixels, usage).prop_map(|(emotion, pixels, usage)| {
        let pixels: Vec<String> = pixels.iter().map(ToString::to_string).collect();
        format!("{emotion},{},{usage}\n", pixels.join(" "))
    })
}

proptest! {
    // Enough to find what is common; the rest is the fuzzer's.
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_crop_of_any_box_has_the_cards_shape_and_the_pictures_values(
        face in face_box(),
        size in (1..80_u32, 1..80_u32),
        side in (1..40_u32, 1..40_u32),
        channels in select(vec![1_u32, 3]),
        margin in -0.5..=2.0_f32,
    ) {
        let card = promises::card_for(side, channels, margin);
        promises::crop_is_the_cards_and_the_pictures(&face, size, &card);
    }

    #[test]
    fn a_box_becomes_a_square_about_the_same_middle(
        x in -4000.0..4000.0_f32,
        y in -4000.0..4000.0_f32,
        width in 1.0..4000.0_f32,
        height in 1.0..4000.0_f32,
        margin in -0.5..=2.0_f32,
    ) {
        let face = FaceBox { x, y, width, height };
        let square = face.squared(margin);
        prop_assert_eq!(square.width.to_bits(), square.height.to_bits());
        let expected = width.max(height) * (1.0 + margin);
        prop_assert!((square.width - expected).abs() <= 1e-3 * expected);
        let (middle, other) = (face.center(), square.center());
        prop_assert!((middle.0 - other.0).abs() < 0.01 && (middle.1 - other.1).abs() < 0.01);
    }

    #[test]
    fn any_bytes_are_a_model_with_a_sound_card_or_are_refused(
        bytes in vec(any::<u8>(), 0..600),
        side in proptest::option::of(".{0,200}"),
    ) {
        promises::card_is_sound_or_refused(&bytes, side.as_deref());
    }

    #[test]
    fn a_damaged_model_has_a_sound_card_or_is_refused(
        changes in vec((any::<Index>(), any::<u8>()), 0..6),
        end in proptest::option::of(any::<Index>()),
    ) {
        let mut bytes = promises::small_model().to_vec();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        promises::card_is_sound_or_refused(&bytes, None);
    }

    #[test]
    fn any_side_file_gives_a_sound_card_or_is_refused(
        entries in btree_map(select(KEYS.to_vec()), value(), 0..14),
        slip in proptest::option::of("[a-z_]{1,8}"),
    ) {
        let entries = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
        let side: toml::Table = entries
            .chain(slip.clone().map(|slip| (slip, String::new())))
            .map(|(key, value)| (key, toml::Value::String(value)))
            .collect();
        let side = side.to_string();
        let model = promises::silent_model();
        promises::card_is_sound_or_refused(model, Some(&side));
        let keys = mien::card::keys(model, Some(&side));
        let known = slip.is_none_or(|slip| promises::is_key(&slip));
        prop_assert_eq!(keys.is_ok(), known, "{:?}", keys);
    }

    #[test]
    fn any_bytes_are_a_session_or_are_refused_by_the_files_name(
        file in select(vec![HEADER_FILE, OBSERVATIONS_FILE, EVENTS_FILE]),
        begins_well in any::<bool>(),
        bytes in vec(any::<u8>(), 0..300),
    ) {
        let folder = session_with(rows().as_bytes());
        let path = folder.path().join(file);
        let mut content = if begins_well { fs::read(&path).unwrap() } else { Vec::new() };
        content.extend(&bytes);
        fs::write(&path, content).unwrap();
        promises::session_is_read_or_refused(folder.path(), file);
    }

    #[test]
    fn a_session_cut_anywhere_keeps_its_whole_rows(end in any::<Index>()) {
        let whole = rows();
        let all = session::read(session_with(whole.as_bytes()).path()).unwrap().rows;
        let cut = &whole.as_bytes()[..end.index(whole.len())];
        let lines = cut.split(|byte| *byte == b'\n').count() - 1;
        let read = session::read(session_with(cut).path()).unwrap().rows;
        prop_assert_eq!(&read[..], &all[..lines.saturating_sub(1)]);
    }

    #[test]
    fn columns_may_stand_in_any_order_but_none_may_be_missing_or_misnamed(
        order in Just((0..Row::COLUMNS.len()).collect::<Vec<_>>()).prop_shuffle(),
        wrong in any::<Index>(),
        name in "[a-z]{0,12}",
    ) {
        prop_assume!(!Row::COLUMNS.contains(&&*name));
        let whole = rows();
        let all = session::read(session_with(whole.as_bytes()).path()).unwrap().rows;
        let mut cells: Vec<Vec<&str>> = whole
            .lines()
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                order.iter().map(|column| cells[*column]).collect()
            })
            .collect();
        let read = session::read(session_with(text(&cells).as_bytes()).path()).unwrap().rows;
        prop_assert_eq!(read, all);

        let column = wrong.index(order.len());
        let right = cells[0][column];
        cells[0][column] = &name;
        let error = session::read(session_with(text(&cells).as_bytes()).path()).unwrap_err();
        let sentence = format!("lacks the column '{right}'");
        prop_assert!(error.to_string().contains(&sentence), "{}", error);
    }

    #[test]
    fn any_bytes_are_a_data_set_or_are_refused(
        header in select(vec!["", "emotion,pixels,Usage\n", "pixels,emotion\n"]),
        bytes in vec(any::<u8>(), 0..400),
    ) {
        data_set(&[header.as_bytes(), &bytes].concat());
    }

    #[test]
    fn each_line_of_the_challenge_is_a_face_or_has_a_reason(lines in vec(challenge_line(), 1..4)) {
        data_set(format!("emotion,pixels,Usage\n{}", lines.concat()).as_bytes());
    }
}
