//! An input once more, with what was seen drawn onto it: a video beside the session's tables, or
//! pictures in a folder beside them.

mod artist;
mod canvas;
mod film;
mod matroska;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use image::ImageFormat;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, RgbImage};

use self::artist::Artist;
use self::film::Film;
use crate::error::{Error, Result};
use crate::observation::Observation;
use crate::source::SourceSpec;

/// The annotated video in a session's folder.
const FILM_FILE: &str = "annotated.mp4";
/// The folder of annotated pictures in a session's folder.
pub const PICTURES_FOLDER: &str = "annotated";

/// Every file of an annotated video, whole or half.
pub(crate) const OWN_FILES: [&str; 3] = [FILM_FILE, "annotated.part.mp4", "annotated.whole.mp4"];

/// JPEG pictures stay about as good as they were.
const JPEG_QUALITY: u8 = 92;

/// Writes the annotated form of one input.
pub struct Annotated {
    artist: Artist,
    input: SourceSpec,
    every: u64,
    /// The session's folder.
    folder: PathBuf,
    /// Begun with the first frame.
    film: Option<Film>,
}

impl Annotated {
    /// Nothing is written yet. It will lie in the session's `folder`; one of `every` frames will be
    /// given. With `blur`, faces are hidden.
    #[must_use]
    pub fn new(input: &SourceSpec, folder: &Path, every: u64, blur: bool) -> Self {
        Self {
            artist: Artist::new(blur),
            input: input.clone(),
            every,
            folder: folder.to_owned(),
            film: None,
        }
    }

    /// Where it lies when it is done.
    #[must_use]
    pub fn place(input: &SourceSpec, folder: &Path) -> PathBuf {
        folder.join(match input {
            SourceSpec::Video(_) => FILM_FILE,
            _ => PICTURES_FOLDER,
        })
    }

    /// Draws and writes one frame.
    ///
    /// # Errors
    /// [`Error::Film`] or [`Error::FfmpegMissing`] when the video cannot be written, [`Error::Log`]
    /// when a picture cannot. Then nothing more is to be written.
    pub fn write(&mut self, observation: &Observation) -> Result<()> {
        let frame = &observation.frame;
        let picture = self.artist.draw(observation);
        let place = Self::place(&self.input, &self.folder);
        let SourceSpec::Video(source) = &self.input else {
            return save(&place, &frame.source, &picture);
        };
        let film = match &mut self.film {
            Some(film) => film,
            none => {
                let film = Film::create(place, source, frame.size(), frame.time, self.every)?;
                none.insert(film)
            }
        };
        film.write(&picture, frame.time)
    }

    /// Completes the video. One that is dropped instead is removed.
    ///
    /// # Errors
    /// [`Error::Film`].
    pub fn finish(self) -> Result<()> {
        self.film.map_or(Ok(()), Film::finish)
    }
}

/// A new file, with a number where there is one of its name: `a.webp` and `a.webp.png` both become
/// `a.webp.png`, and so may names that are no UTF-8.
fn fresh(path: &Path) -> io::Result<fs::File> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let numbered = (2_u32..).map(|number| path.with_extension(format!("{number}.{extension}")));
    for path in std::iter::once(path.to_owned()).chain(numbered) {
        match fs::File::create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made_or_not => return made_or_not,
        }
    }
    unreachable!("a folder does not hold so many")
}

/// Saves a picture under its own name: a JPEG as one, all others as PNG.
fn save(folder: &Path, name: &str, picture: &RgbImage) -> Result<()> {
    let format = ImageFormat::from_path(name).ok();
    let path = match format {
        Some(ImageFormat::Jpeg | ImageFormat::Png) => folder.join(name),
        _ => folder.join(format!("{name}.png")),
    };
    let saved = fs::create_dir_all(folder).and_then(|()| {
        let mut file = io::BufWriter::new(fresh(&path)?);
        let written = if format == Some(ImageFormat::Jpeg) {
            picture.write_with_encoder(JpegEncoder::new_with_quality(&mut file, JPEG_QUALITY))
        } else {
            picture.write_to(&mut file, ImageFormat::Png)
        };
        written.map_err(|error| match error {
            ImageError::IoError(error) => error,
            other => io::Error::other(other),
        })?;
        io::Write::flush(&mut file)
    });
    saved.map_err(|source| Error::Log { path, source })
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn no_picture_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        for (name, grey) in [("a.webp", 0), ("a.webp.png", 255)] {
            save(
                folder.path(),
                name,
                &RgbImage::from_pixel(2, 2, Rgb([grey; 3])),
            )
            .unwrap();
        }
        let grey =
            |name: &str| image::open(folder.path().join(name)).unwrap().into_rgb8()[(0, 0)].0[0];
        assert_eq!([grey("a.webp.png"), grey("a.webp.2.png")], [0, 255]);
    }
}
