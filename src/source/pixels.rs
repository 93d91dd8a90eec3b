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
mod tests;
