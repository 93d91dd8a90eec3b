//! Cameras' bytes, made by hand.

use super::*;
use image::Rgb;

#[test]
fn what_a_damaged_jpeg_lacks_is_not_taken_from_an_older_picture() {
    let jpeg = |colour| {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(64, 64, Rgb(colour))
            .write_to(&mut bytes, image::ImageFormat::Jpeg)
            .unwrap();
        bytes.into_inner()
    };
    let (red, _) = from_mjpeg(&jpeg([255, 0, 0])).unwrap();
    let memory = red.into_raw();
    // As the frame before leaves it.
    drop(frame_of(memory));
    let mut damaged = jpeg([0, 0, 255]);
    // A comment in the middle of the scan ends it.
    let scan = damaged
        .windows(2)
        .position(|pair| pair == [0xff, 0xda])
        .unwrap();
    let middle = usize::midpoint(scan, damaged.len());
    damaged.splice(middle..middle, [0xff, 0xfe, 0x00, 0x02]);
    if let Ok((picture, _)) = from_mjpeg(&damaged) {
        assert!(
            !picture
                .pixels()
                .any(|pixel| pixel[0] > 200 && pixel[2] < 60)
        );
    }
}

fn frame_of(memory: Vec<u8>) -> frame::Frame {
    frame::Frame {
        source: "test".into(),
        source_frame: 0,
        time: std::time::Duration::ZERO,
        utc: None,
        captured: std::time::Instant::now(),
        still: false,
        luma: GrayImage::default(),
        picture: RgbImage::from_vec(64, 64, memory).unwrap(),
    }
}

// White, black, and the primaries of 75 % colour bars, as BT.601 lists them.
const WHITE: ([u8; 3], [u8; 3]) = ([235, 128, 128], [255, 255, 255]);
const BLACK: ([u8; 3], [u8; 3]) = ([16, 128, 128], [0, 0, 0]);
const RED: ([u8; 3], [u8; 3]) = ([65, 100, 212], [191, 0, 0]);
const GREEN: ([u8; 3], [u8; 3]) = ([112, 72, 58], [0, 191, 0]);
const BLUE: ([u8; 3], [u8; 3]) = ([35, 212, 114], [0, 0, 191]);

fn near(left: [u8; 3], right: [u8; 3]) -> bool {
    left.iter()
        .zip(right)
        .all(|(left, right)| left.abs_diff(right) <= 2)
}

#[test]
fn yuyv_gives_the_colours_of_rec_601_at_any_width() {
    for ([y, u, v], rgb) in [WHITE, BLACK, RED, GREEN, BLUE] {
        for (width, groups) in [(4, 2), (3, 2), (1, 1)] {
            let buffer = [y, u, y, v].repeat(groups * 2);
            let (picture, luma) = decode(PixelFormat::Yuyv, (width, 2), 0, &buffer).unwrap();
            assert!(picture.pixels().all(|pixel| near(pixel.0, rgb)), "{rgb:?}");
            let expected = frame::luma(&RgbImage::from_pixel(1, 1, Rgb(rgb))).into_raw()[0];
            assert!(
                luma.into_raw()
                    .iter()
                    .all(|luma| luma.abs_diff(expected) <= 2)
            );
        }
    }
}

#[test]
fn nv12_gives_the_colours_of_rec_601_at_any_size() {
    for ([y, u, v], rgb) in [WHITE, BLACK, RED, GREEN, BLUE] {
        for (width, height) in [(4, 4), (5, 3), (1, 1)] {
            let mut buffer = vec![y; width * height];
            buffer.extend([u, v].repeat(width.div_ceil(2) * height.div_ceil(2)));
            let size = (width as u32, height as u32);
            let (picture, _) = decode(PixelFormat::Nv12, size, 0, &buffer).unwrap();
            assert!(picture.pixels().all(|pixel| near(pixel.0, rgb)), "{rgb:?}");
        }
    }
}

#[test]
fn every_pixel_comes_to_its_own_place() {
    let yuyv: Vec<u8> = (0..6).flat_map(|pixel| [16 + pixel * 10, 128]).collect();
    let (_, luma) = decode(PixelFormat::Yuyv, (2, 3), 4, &yuyv).unwrap();
    assert_eq!(luma.into_raw(), [0, 12, 23, 35, 47, 58]);
    let nv12: Vec<u8> = (0..6)
        .map(|pixel| 16 + pixel * 10)
        .chain([128; 4])
        .collect();
    let (_, luma) = decode(PixelFormat::Nv12, (2, 3), 2, &nv12).unwrap();
    assert_eq!(luma.into_raw(), [0, 12, 23, 35, 47, 58]);
}

#[test]
fn what_fills_lines_up_is_passed_over() {
    // White in two lines of three pixels, with noise behind each line.
    let [y, u, v] = WHITE.0;
    let filled = |line: &[u8]| [line, &[77; 16][line.len()..]].concat();
    let groups = [y, u, y, v].repeat(2);
    let yuyv = [filled(&groups), filled(&groups)].concat();
    let nv12 = [filled(&[y; 3]), filled(&[y; 3]), filled(&[u, v, u, v])].concat();
    for (format, buffer) in [(PixelFormat::Yuyv, yuyv), (PixelFormat::Nv12, nv12)] {
        let (picture, luma) = decode(format, (3, 2), 16, &buffer).unwrap();
        assert!(picture.pixels().all(|pixel| near(pixel.0, WHITE.1)));
        assert_eq!(luma.into_raw(), [255; 6], "{format}");
        // The last line need not be filled up.
        assert!(decode(format, (3, 2), 16, &buffer[..buffer.len() - 8]).is_ok());
        assert!(decode(format, (3, 2), 16, &buffer[..buffer.len() - 16]).is_err());
    }
}

#[test]
fn a_buffer_that_is_too_short_is_refused_and_one_too_long_is_not() {
    for (format, bytes) in [
        (PixelFormat::Yuyv, 640 * 480 * 2),
        (PixelFormat::Nv12, 460_800),
    ] {
        assert!(decode(format, (640, 480), 0, &vec![128; bytes - 1]).is_err());
        assert!(decode(format, (640, 480), 0, &vec![128; bytes + 999]).is_ok());
        assert!(decode(format, (0, 0), 0, &[]).is_err());
    }
}

fn jpeg() -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = RgbImage::from_fn(64, 48, |x, _| Rgb(if x < 32 { [255; 3] } else { [20; 3] }));
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

fn without_huffman_tables(jpeg: &[u8]) -> Vec<u8> {
    let mut kept = jpeg[..2].to_vec();
    let mut at = 2;
    while jpeg[at + 1] != 0xda {
        let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if jpeg[at + 1] != 0xc4 {
            kept.extend(&jpeg[at..end]);
        }
        at = end;
    }
    kept.extend(&jpeg[at..]);
    kept
}

#[test]
fn mjpeg_decodes_with_and_without_huffman_tables_and_with_a_tail() {
    let bare = without_huffman_tables(&jpeg());
    assert!(bare.len() < jpeg().len());
    let tail = [bare.clone(), vec![0; 5000]].concat();
    for bytes in [jpeg(), bare, tail] {
        let (picture, luma) = decode(PixelFormat::Mjpeg, (640, 480), 0, &bytes).unwrap();
        assert_eq!(picture.dimensions(), (64, 48));
        assert!(luma.get_pixel(4, 4).0[0] > 250 && luma.get_pixel(60, 40).0[0] < 25);
    }
}

#[test]
fn damaged_mjpeg_frames_are_refused() {
    let whole = jpeg();
    for bytes in [
        &whole[..whole.len() / 2],
        &whole[..1],
        b"",
        b"nonsense\xff\xd9",
    ] {
        assert!(decode(PixelFormat::Mjpeg, (64, 48), 0, bytes).is_err());
    }
}
