//! From a camera's bytes to pictures: MJPEG, YUYV and NV12.

use std::fmt;
use std::io::Cursor;

use fearless_simd::{Level, dispatch};
use image::codecs::jpeg::JpegDecoder;
use image::{ColorType, DynamicImage, GrayImage, ImageDecoder, RgbImage};
use serde::Serialize;

use crate::frame;

/// How a camera packs its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PixelFormat {
    /// A JPEG for each frame.
    Mjpeg,
    /// Rec. 601 YUV 4:2:2 in groups Y U Y V; Y 16–235.
    Yuyv,
    /// Rec. 601 YUV 4:2:0: the Y plane, then U and V by turns; Y 16–235.
    Nv12,
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Mjpeg => "MJPEG",
            Self::Yuyv => "YUYV",
            Self::Nv12 => "NV12",
        })
    }
}

/// The picture and its brightness in a camera's buffer of `width` × `height` pixels. An MJPEG frame
/// brings its own size. The buffer may be longer than the frame.
///
/// `stride` is from where one line begins to where the next does, in bytes; drivers may fill lines up.
/// Where it is shorter than a line, as the zero of those that leave it out, lines follow closely.
///
/// # Errors
/// A sentence without a subject if the frame is damaged.
pub fn decode(
    format: PixelFormat,
    (width, height): (u32, u32),
    stride: usize,
    buffer: &[u8],
) -> Result<(RgbImage, GrayImage), String> {
    match format {
        PixelFormat::Mjpeg => from_mjpeg(buffer),
        PixelFormat::Yuyv => from_yuyv(width, height, stride, buffer),
        PixelFormat::Nv12 => from_nv12(width, height, stride, buffer),
    }
}

/// Pixels that no camera sends; a damaged frame may claim them.
const LARGEST: u64 = 64_000_000;

/// Most webcams leave the Huffman tables out and mean the standard ones. The decoder fills these in
/// where the picture says that it comes from an AVI file, so each is made to say so.
const AVI_MARK: &[u8] = b"\xff\xe0\x00\x10AVI1\0\0\0\0\0\0\0\0\0\0";

fn from_mjpeg(buffer: &[u8]) -> Result<(RgbImage, GrayImage), String> {
    let (start, rest) = buffer.split_at_checked(2).ok_or("broke off")?;
    // The decoder would fill what is missing with grey instead of failing.
    if !rest.windows(2).any(|pair| pair == b"\xff\xd9") {
        return Err("broke off".to_owned());
    }
    let marked = [start, AVI_MARK, rest].concat();
    let damaged = |error| format!("was damaged: {error}");
    let jpeg = JpegDecoder::new(Cursor::new(marked)).map_err(damaged)?;
    let (width, height) = jpeg.dimensions();
    if u64::from(width) * u64::from(height) > LARGEST {
        return Err("claimed to be larger than any camera's".to_owned());
    }
    let picture = if jpeg.color_type() == ColorType::Rgb8 {
        let mut rgb = frame::memory(jpeg.total_bytes() as usize);
        // The decoder leaves out what a damaged frame lacks, and no older picture is to show there.
        rgb.fill(0);
        jpeg.read_image(&mut rgb).map_err(damaged)?;
        RgbImage::from_vec(width, height, rgb).ok_or("had another size")?
    } else {
        DynamicImage::from_decoder(jpeg)
            .map_err(damaged)?
            .into_rgb8()
    };
    if picture.is_empty() {
        return Err("was empty".to_owned());
    }
    let luma = frame::luma(&picture);
    Ok((picture, luma))
}

fn from_yuyv(
    width: u32,
    height: u32,
    stride: usize,
    buffer: &[u8],
) -> Result<(RgbImage, GrayImage), String> {
    let (columns, rows) = (width as usize, height as usize);
    let lines = plane(buffer, columns.div_ceil(2) * 4, stride, rows)?;
    let mut rgb = frame::memory(columns * rows * 3);
    let mut luma = frame::memory(columns * rows);
    for (line, (rgb, luma)) in lines.zip(lines_of(&mut rgb, &mut luma, columns)) {
        // The last group of an odd width gives one pixel only: `chunks` ends short.
        for (group, (rgb, luma)) in line
            .as_chunks::<4>()
            .0
            .iter()
            .zip(rgb.chunks_mut(6).zip(luma.chunks_mut(2)))
        {
            let [first, u, second, v] = *group;
            let chroma = Chroma::of(u, v);
            for ((y, rgb), luma) in [first, second]
                .into_iter()
                .zip(rgb.as_chunks_mut::<3>().0)
                .zip(luma)
            {
                (*rgb, *luma) = chroma.with(y);
            }
        }
    }
    pictures(width, height, rgb, luma)
}

fn from_nv12(
    width: u32,
    height: u32,
    stride: usize,
    buffer: &[u8],
) -> Result<(RgbImage, GrayImage), String> {
    let (columns, rows) = (width as usize, height as usize);
    let (brightness, colours) = buffer
        .split_at_checked(columns.max(stride) * rows)
        .ok_or("broke off")?;
    let brightness = plane(brightness, columns, stride, rows)?;
    // Each line of colours serves two lines of brightness.
    let colours = plane(colours, columns.div_ceil(2) * 2, stride, rows.div_ceil(2))?;
    let lines = brightness.zip(colours.flat_map(|line| [line, line]));
    let mut rgb = frame::memory(columns * rows * 3);
    let mut luma = frame::memory(columns * rows);
    for ((line, colours), (rgb, luma)) in lines.zip(lines_of(&mut rgb, &mut luma, columns)) {
        let groups = line.chunks(2).zip(colours.as_chunks::<2>().0);
        for ((ys, [u, v]), (rgb, luma)) in groups.zip(rgb.chunks_mut(6).zip(luma.chunks_mut(2))) {
            let chroma = Chroma::of(*u, *v);
            for ((y, rgb), luma) in ys.iter().zip(rgb.as_chunks_mut::<3>().0).zip(luma) {
                (*rgb, *luma) = chroma.with(*y);
            }
        }
    }
    pictures(width, height, rgb, luma)
}

/// The `rows` lines of a plane, each of so many bytes. What fills up the last one may be missing.
fn plane(
    buffer: &[u8],
    bytes: usize,
    stride: usize,
    rows: usize,
) -> Result<impl Iterator<Item = &[u8]>, String> {
    let stride = stride.max(bytes).max(1);
    let last = rows.saturating_sub(1) * stride;
    if buffer.len() < last + bytes {
        return Err("broke off".to_owned());
    }
    let lines = buffer.chunks(stride).take(rows);
    Ok(lines.filter_map(move |line| line.get(..bytes)))
}

/// The lines of a picture and of its brightness, to be written.
fn lines_of<'a>(
    rgb: &'a mut [u8],
    luma: &'a mut [u8],
    columns: usize,
) -> impl Iterator<Item = (&'a mut [u8], &'a mut [u8])> {
    rgb.chunks_exact_mut((columns * 3).max(1))
        .zip(luma.chunks_exact_mut(columns.max(1)))
}

fn pictures(
    width: u32,
    height: u32,
    rgb: Vec<u8>,
    luma: Vec<u8>,
) -> Result<(RgbImage, GrayImage), String> {
    if luma.is_empty() {
        return Err("was empty".to_owned());
    }
    RgbImage::from_vec(width, height, rgb)
        .zip(GrayImage::from_vec(width, height, luma))
        .ok_or_else(|| "had another size".to_owned())
}

/// What U and V add to red, green and blue, in units of 1/65536: ITU-R BT.601, studio range.
struct Chroma {
    red: i32,
    green: i32,
    blue: i32,
}

impl Chroma {
    fn of(u: u8, v: u8) -> Self {
        let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
        Self {
            red: 104_597 * v,
            green: -25_675 * u - 53_279 * v,
            blue: 132_201 * u,
        }
    }

    /// The colour and the full-range brightness of a pixel.
    fn with(&self, y: u8) -> ([u8; 3], u8) {
        let brightness = brightness(y);
        let byte = |value: i32| (value >> 16).clamp(0, 255) as u8;
        let colour = [self.red, self.green, self.blue].map(|part| byte(brightness + part));
        (colour, byte(brightness))
    }
}

/// The full-range brightness of a Y of studio range, in units of 1/65536, and a half to round: times
/// 255 / 219.
const fn brightness(y: u8) -> i32 {
    76_309 * (y as i32 - 16) + 0x8000
}

/// Makes a Y plane of studio range, 16–235, one of full range.
pub(super) fn expand(luma: &mut GrayImage) {
    dispatch!(Level::new(), _ => widen(luma));
}

#[expect(
    clippy::inline_always,
    reason = "compiled anew for each kind of processor"
)]
#[inline(always)]
fn widen(luma: &mut [u8]) {
    for value in luma {
        *value = (brightness(*value) >> 16).clamp(0, 255) as u8;
    }
}

#[cfg(test)]
mod tests {
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
        let picture =
            RgbImage::from_fn(64, 48, |x, _| Rgb(if x < 32 { [255; 3] } else { [20; 3] }));
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
}
