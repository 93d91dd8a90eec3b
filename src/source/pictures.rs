//! Single pictures, and folders of them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits, RgbImage,
};

use super::FrameSource;
use crate::error::{Error, Result};
use crate::frame::{self, Frame};

/// How long each picture of a folder is shown in the live view.
pub(crate) const SHOWN_FOR: Duration = Duration::from_secs(1);

/// The longest side of a picture; a panorama of a modern camera stays below it.
const LONGEST_SIDE: u32 = 30_000;

/// Pictures from files, one after another.
#[derive(Debug)]
pub struct Pictures {
    name: String,
    files: IntoIter<PathBuf>,
    time: Duration,
}

impl Pictures {
    /// One picture.
    #[must_use]
    pub fn single(path: &Path) -> Self {
        Self::of(path, vec![path.to_owned()])
    }

    /// The pictures directly in a folder, in the natural order of their names (2 before 10).
    /// Hidden files and files that do not carry a picture's extension are left out.
    ///
    /// # Errors
    /// [`Error::File`] if the folder cannot be read, [`Error::NoPictures`] if there is none in it.
    pub fn folder(path: &Path) -> Result<Self> {
        let mut files = files_in(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        if files.is_empty() {
            return Err(Error::NoPictures(path.to_owned()));
        }
        alphanumeric_sort::sort_path_slice(&mut files);
        Ok(Self::of(path, files))
    }

    fn of(path: &Path, files: Vec<PathBuf>) -> Self {
        Self {
            name: file_name(path),
            files: files.into_iter(),
            time: Duration::ZERO,
        }
    }
}

impl FrameSource for Pictures {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let Some(path) = self.files.next() else {
            return Ok(None);
        };
        let time = self.time;
        self.time += SHOWN_FOR;
        let picture = read(&path)?;
        Ok(Some(Frame {
            source: Arc::from(file_name(&path)),
            source_frame: 0,
            time,
            utc: None,
            captured: Instant::now(),
            still: true,
            luma: frame::luma(&picture),
            picture,
        }))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn expected_frames(&self) -> Option<u64> {
        Some(self.files.len() as u64)
    }
}

/// Whether a file carries the extension of a picture that Mien can read.
#[must_use]
pub fn is_picture_name(path: &Path) -> bool {
    ImageFormat::from_path(path).is_ok_and(|format| format.reading_enabled())
}

/// A picture as people see it: turned by its EXIF orientation, eight bits a channel.
///
/// # Errors
/// [`Error::BadPicture`] if it cannot be read, is empty, or is too large to be one.
pub fn read(path: &Path) -> Result<RgbImage> {
    let bad = |reason: String| Error::BadPicture {
        path: path.to_owned(),
        reason,
    };
    let picture = File::open(path)
        .map_err(ImageError::IoError)
        .and_then(|file| decode(BufReader::new(file)))
        .map_err(|error| bad(error.to_string()))?;
    if picture.width() == 0 || picture.height() == 0 {
        return Err(bad("it has no pixels".to_owned()));
    }
    Ok(picture)
}

/// What a picture may need: a few bytes can claim gigabytes of pixels.
pub(super) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    // A telephone's 200 megapixels take 600 MB.
    limits.max_alloc = Some(1 << 30);
    limits
}

/// Decodes a picture of any format, turned by its EXIF orientation.
pub(crate) fn decode(file: impl BufRead + Seek) -> ImageResult<RgbImage> {
    let mut reader = ImageReader::new(file).with_guessed_format()?;
    let mut limits = limits();
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    // Not every decoder counts the picture itself.
    limits.reserve(decoder.total_bytes())?;
    // A picture whose notes are damaged is still a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

/// Names of files in a folder that look like pictures.
fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && is_picture_name(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

/// A file's name without its folders, as the log writes it.
pub(crate) fn file_name(path: &Path) -> String {
    // `.` and `..` have no name of their own.
    let whole = || path.canonicalize().ok()?.file_name().map(OsStr::to_owned);
    path.file_name()
        .map(OsStr::to_owned)
        .or_else(whole)
        .unwrap_or_else(|| path.as_os_str().to_owned())
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};

    /// The smallest EXIF block that says only how the picture is turned.
    fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let exif = [
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(),
            &[orientation, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], b"\xff\xe1", &length, &exif, &jpeg[2..]].concat()
    }

    #[test]
    fn a_folder_gives_its_pictures_in_natural_order_one_second_apart() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["10.png", "9.png", "a2.PNG", "a10.png", ".hidden.png"] {
            RgbImage::new(3, 2).save(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("notes.txt"), "no picture").unwrap();
        fs::create_dir(folder.path().join("inside.png")).unwrap();
        let mut pictures = Pictures::folder(folder.path()).unwrap();
        assert_eq!(pictures.expected_frames(), Some(4));
        assert_eq!(
            pictures.name(),
            folder.path().file_name().unwrap().to_string_lossy()
        );
        let mut seen = Vec::new();
        while let Some(frame) = pictures.next_frame().unwrap() {
            assert!(frame.still && frame.utc.is_none() && frame.source_frame == 0);
            assert_eq!(frame.luma.dimensions(), frame.size());
            seen.push((frame.source.to_string(), frame.time.as_secs()));
        }
        let seen: Vec<(&str, u64)> = seen.iter().map(|(name, time)| (&**name, *time)).collect();
        assert_eq!(
            seen,
            [("9.png", 0), ("10.png", 1), ("a2.PNG", 2), ("a10.png", 3)]
        );
    }

    #[test]
    fn a_bad_picture_is_an_error_and_the_next_one_follows() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.png"), "no picture").unwrap();
        fs::write(folder.path().join("2.png"), "").unwrap();
        RgbImage::new(3, 2)
            .save(folder.path().join("3.png"))
            .unwrap();
        let mut pictures = Pictures::folder(folder.path()).unwrap();
        for _ in 0..2 {
            assert!(matches!(
                pictures.next_frame(),
                Err(Error::BadPicture { .. })
            ));
        }
        assert_eq!(&*pictures.next_frame().unwrap().unwrap().source, "3.png");
        assert!(pictures.next_frame().unwrap().is_none());
    }

    #[test]
    fn a_folder_without_pictures_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Pictures::folder(folder.path()),
            Err(Error::NoPictures(_))
        ));
        let missing = folder.path().join("missing");
        assert!(matches!(
            Pictures::folder(&missing),
            Err(Error::File { .. })
        ));
    }

    #[test]
    fn a_photo_is_turned_by_its_exif_orientation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("turned.jpg");
        // White above black; orientation 6 says: turn clockwise, so white comes to the right.
        let picture = RgbImage::from_fn(16, 32, |_, y| Rgb(if y < 16 { [255; 3] } else { [0; 3] }));
        picture.save(&path).unwrap();
        let jpeg = fs::read(&path).unwrap();
        fs::write(&path, with_orientation(&jpeg, 6)).unwrap();
        let frame = Pictures::single(&path).next_frame().unwrap().unwrap();
        assert_eq!(frame.size(), (32, 16));
        assert!(frame.luma.get_pixel(2, 8).0[0] < 20 && frame.luma.get_pixel(29, 8).0[0] > 235);
    }

    #[test]
    fn grey_deep_and_transparent_pictures_become_plain_rgb() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        GrayImage::from_pixel(2, 2, Luma([100]))
            .save(file("grey.png"))
            .unwrap();
        ImageBuffer::from_pixel(2, 2, LumaA([100_u8, 255]))
            .save(file("grey-alpha.png"))
            .unwrap();
        ImageBuffer::from_pixel(2, 2, Rgba([100_u8, 100, 100, 255]))
            .save(file("alpha.png"))
            .unwrap();
        ImageBuffer::from_pixel(2, 2, Rgb([100 * 257_u16; 3]))
            .save(file("deep.png"))
            .unwrap();
        ImageBuffer::from_pixel(2, 2, Luma([100 * 257_u16]))
            .save(file("deep.tiff"))
            .unwrap();
        for name in [
            "grey.png",
            "grey-alpha.png",
            "alpha.png",
            "deep.png",
            "deep.tiff",
        ] {
            assert_eq!(
                read(&file(name)).unwrap().get_pixel(1, 1).0,
                [100; 3],
                "{name}"
            );
        }
    }

    #[test]
    fn a_small_file_that_claims_a_huge_picture_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.bmp");
        RgbImage::new(1, 1).save(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        // Width and height of a BMP lie at 18 and 22.
        bytes[18..22].copy_from_slice(&29_999_u32.to_le_bytes());
        bytes[22..26].copy_from_slice(&29_999_u32.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        assert!(matches!(read(&path), Err(Error::BadPicture { .. })));

        // A GIF says its size at 6 and 8, and that of its picture again.
        let path = folder.path().join("bomb.gif");
        let (side, colors) = (29_999_u16.to_le_bytes(), [0, 0, 0, 255, 255, 255]);
        let screen = [&b"GIF89a"[..], &side, &side, &[0x80, 0, 0], &colors].concat();
        let picture = [
            &b",\0\0\0\0"[..],
            &side,
            &side,
            &[0, 2, 2, 0x4c, 1, 0, 0x3b],
        ]
        .concat();
        fs::write(&path, [screen, picture].concat()).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains("bomb.gif") && error.to_lowercase().contains("limit"),
            "{error}"
        );
    }
}
