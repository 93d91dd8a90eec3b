//! Raw pictures as a Matroska stream: the simplest form in which `ffmpeg` takes pictures that each
//! have a time of their own.
//!
//! Element ids and their meaning: RFC 9559. An element is its id, its length and its contents.

use std::io::{self, Write};
use std::time::Duration;

use image::RgbImage;

/// Times are written in millionths of a second.
const TICK_NANOS: u64 = 1_000;

/// The beginning of a stream: what it is, and one track of raw RGB pictures of this size, which
/// follow each other at the usual `distance`.
pub(super) fn header(size: (u32, u32), distance: Duration) -> Vec<u8> {
    let kind = [
        element(&[0x42, 0x82], b"matroska"),
        number(&[0x42, 0x87], 4),
        number(&[0x42, 0x85], 2),
    ];
    let info = [
        number(&[0x2A, 0xD7, 0xB1], TICK_NANOS),
        element(&[0x4D, 0x80], b"Mien"),
        element(&[0x57, 0x41], b"Mien"),
    ];
    let picture = [
        number(&[0xB0], size.0.into()),
        number(&[0xBA], size.1.into()),
        // Red, green, blue: 24 bits.
        element(&[0x2E, 0xB5, 0x24], b"RGB\x18"),
    ];
    let track = [
        number(&[0xD7], 1),
        number(&[0x73, 0xC5], 1),
        number(&[0x83], 1),
        number(&[0x9C], 0),
        element(&[0x86], b"V_UNCOMPRESSED"),
        number(&[0x23, 0xE3, 0x83], nanos(distance)),
        element(&[0xE0], &picture.concat()),
    ];
    let track = element(&[0xAE], &track.concat());
    [
        element(&[0x1A, 0x45, 0xDF, 0xA3], &kind.concat()),
        // The segment: of unknown length, as it is still being written.
        vec![0x18, 0x53, 0x80, 0x67],
        vec![0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        element(&[0x15, 0x49, 0xA9, 0x66], &info.concat()),
        element(&[0x16, 0x54, 0xAE, 0x6B], &track),
    ]
    .concat()
}

/// Writes one picture, shown at `time` from the start: a cluster of its own.
pub(super) fn write(output: &mut impl Write, picture: &RgbImage, time: Duration) -> io::Result<()> {
    let pixels = picture.as_raw();
    let clock = number(&[0xE7], nanos(time) / TICK_NANOS);
    // The first track, at the cluster's own time, a picture that needs no other.
    let block_head = [0x81, 0x00, 0x00, 0x80];
    let block = [
        &[0xA3],
        length(block_head.len() + pixels.len()).as_slice(),
        &block_head,
    ]
    .concat();
    let whole = length(clock.len() + block.len() + pixels.len());
    output.write_all(&[&[0x1F, 0x43, 0xB6, 0x75], whole.as_slice(), &clock, &block].concat())?;
    output.write_all(pixels)
}

fn element(id: &[u8], contents: &[u8]) -> Vec<u8> {
    [id, &length(contents.len()), contents].concat()
}

fn number(id: &[u8], number: u64) -> Vec<u8> {
    element(id, &number.to_be_bytes())
}

/// A length in its longest form: eight bytes, the first of which says so.
fn length(bytes: usize) -> [u8; 8] {
    (bytes as u64 | 1 << 56).to_be_bytes()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
