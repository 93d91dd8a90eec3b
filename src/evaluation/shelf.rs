//! Where a data set's pictures lie: a folder, a zip, or the challenge's CSV file.

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Component, Path, PathBuf};

use csv::{ByteRecord, Position, Trim};
use image::{DynamicImage, GrayImage, RgbImage};
use zip::ZipArchive;

use super::dataset::{Part, Usage};
use crate::expression::Expression;
use crate::source::pictures;

/// A folder of faces lies no deeper than this, however the data set was packed; ends a circle of
/// links.
const DEEPEST: usize = 8;

/// A picture in a zip is no larger than this, whatever the zip says.
const LARGEST_PICTURE: u64 = 64 << 20;

/// Width and height of the challenge's pictures.
const SIDE: u32 = 48;

/// A picture on its shelf.
#[derive(Debug)]
pub(super) struct Item {
    /// For people.
    pub name: String,
    /// As the data set spells it.
    pub label: String,
    /// `None` if the data set has no parts.
    pub part: Option<Part>,
}

/// Gives pictures by their number in the list of items.
pub(super) trait Shelf {
    /// A picture, or why not.
    fn read(&mut self, number: usize) -> Result<RgbImage, String>;
}

/// Lists what lies at `path`, or says why it is no data set.
pub(super) fn open(path: &Path) -> Result<(Box<dyn Shelf>, Vec<Item>), String> {
    if path.is_dir() {
        return open_folder(path).map_err(|error| error.to_string());
    }
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .map_err(|error| error.to_string())?;
    if start.starts_with(b"PK") {
        return open_zip(path).map_err(|error| error.to_string());
    }
    open_csv(path)
}

struct Folder(Vec<PathBuf>);

fn open_folder(root: &Path) -> Result<(Box<dyn Shelf>, Vec<Item>), io::Error> {
    let mut files = Vec::new();
    walk(root, DEEPEST, &mut files)?;
    files.sort();
    let mut items = Vec::new();
    files.retain(|file| {
        let item = item_at(file.strip_prefix(root).unwrap_or(file));
        let labelled = item.is_some();
        items.extend(item);
        labelled
    });
    Ok((Box::new(Folder(files)), items))
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            files.push(path);
        } else if depth > 0 {
            walk(&path, depth - 1, files)?;
        }
    }
    Ok(())
}

impl Shelf for Folder {
    fn read(&mut self, number: usize) -> Result<RgbImage, String> {
        let path = self.0.get(number).ok_or("it is not there")?;
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        decode(bytes)
    }
}

struct Zip {
    archive: ZipArchive<BufReader<File>>,
    /// Places in the archive.
    places: Vec<usize>,
}

fn open_zip(path: &Path) -> Result<(Box<dyn Shelf>, Vec<Item>), zip::result::ZipError> {
    let archive = ZipArchive::new(BufReader::new(File::open(path)?))?;
    let mut places = Vec::new();
    let mut items = Vec::new();
    for place in 0..archive.len() {
        let Some(name) = archive.name_for_index(place).transpose()? else {
            continue;
        };
        if let Some(item) = item_at(Path::new(&*name)) {
            places.push(place);
            items.push(item);
        }
    }
    Ok((Box::new(Zip { archive, places }), items))
}

impl Shelf for Zip {
    fn read(&mut self, number: usize) -> Result<RgbImage, String> {
        let place = *self.places.get(number).ok_or("it is not there")?;
        let file = self
            .archive
            .by_index(place)
            .map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        file.take(LARGEST_PICTURE)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        decode(bytes)
    }
}

/// A picture with the name of its folder as its label; `None` for anything else.
fn item_at(path: &Path) -> Option<Item> {
    let names: Vec<&str> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let hidden = names
        .iter()
        .any(|name| name.starts_with('.') || *name == "__MACOSX");
    if hidden || !pictures::is_picture_name(path) {
        return None;
    }
    let [above @ .., label, file] = &names[..] else {
        return None;
    };
    // Kaggle's pictures keep the challenge's part in their names: `PrivateTest_10077120.jpg`.
    let own = file
        .split_once('_')
        .and_then(|(part, _)| part.parse().ok())
        .map(Part::Usage);
    Some(Item {
        name: path.display().to_string(),
        label: (*label).to_owned(),
        part: own.or_else(|| above.iter().rev().find_map(|folder| part_called(folder))),
    })
}

fn part_called(folder: &str) -> Option<Part> {
    match folder.to_ascii_lowercase().as_str() {
        "train" => Some(Part::Usage(Usage::Training)),
        "test" => Some(Part::Test),
        "validation" | "valid" | "val" => Some(Part::Validation),
        name => name.parse().ok().map(Part::Usage),
    }
}

fn decode(bytes: Vec<u8>) -> Result<RgbImage, String> {
    pictures::decode(Cursor::new(bytes)).map_err(|error| error.to_string())
}

/// `fer2013.csv`: a number for the expression, the pixels as numbers, the part.
struct Csv {
    reader: csv::Reader<File>,
    pixels: usize,
    lines: Vec<Position>,
    record: ByteRecord,
}

fn open_csv(path: &Path) -> Result<(Box<dyn Shelf>, Vec<Item>), String> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::All)
        .from_path(path)
        .map_err(|error| error.to_string())?;
    let header = reader
        .byte_headers()
        .map_err(|error| error.to_string())?
        .clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|column| column.eq_ignore_ascii_case(name.as_bytes()))
    };
    let (Some(emotion), Some(pixels)) = (column("emotion"), column("pixels")) else {
        return Err(
            "it is no folder, no zip, and no CSV file with the columns emotion, pixels \
                    and Usage"
                .to_owned(),
        );
    };
    let usage = column("usage");
    let mut lines = Vec::new();
    let mut items = Vec::new();
    let mut record = ByteRecord::new();
    loop {
        let position = reader.position().clone();
        if !reader
            .read_byte_record(&mut record)
            .map_err(|error| error.to_string())?
        {
            break;
        }
        let cell = |column: usize| {
            record
                .get(column)
                .map(String::from_utf8_lossy)
                .unwrap_or_default()
                .into_owned()
        };
        items.push(Item {
            name: format!("line {}", position.line()),
            label: label_numbered(cell(emotion)),
            part: usage
                .and_then(|usage| cell(usage).parse().ok())
                .map(Part::Usage),
        });
        lines.push(position);
    }
    Ok((
        Box::new(Csv {
            reader,
            pixels,
            lines,
            record,
        }),
        items,
    ))
}

/// The challenge numbers its seven expressions in the order of [`Expression::ALL`].
fn label_numbered(emotion: String) -> String {
    let expression = emotion
        .parse()
        .ok()
        .and_then(|number: usize| Expression::ALL[..7].get(number));
    expression.map_or(emotion, |expression| expression.name().to_owned())
}

impl Shelf for Csv {
    fn read(&mut self, number: usize) -> Result<RgbImage, String> {
        let line = self.lines.get(number).ok_or("it is not there")?.clone();
        self.reader
            .seek(line)
            .and_then(|()| self.reader.read_byte_record(&mut self.record))
            .map_err(|error| error.to_string())?;
        let text = self
            .record
            .get(self.pixels)
            .map(String::from_utf8_lossy)
            .unwrap_or_default();
        let pixels: Vec<u8> = text
            .split_ascii_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| "its pixels are not all numbers from 0 to 255")?;
        let count = pixels.len();
        let picture = GrayImage::from_vec(SIDE, SIDE, pixels)
            .filter(|_| count == (SIDE * SIDE) as usize)
            .ok_or_else(|| format!("it has {count} pixels, not {SIDE} × {SIDE}"))?;
        Ok(DynamicImage::from(picture).into_rgb8())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_is_the_folder_and_the_part_is_above_it_or_in_the_name() {
        let part = |path: &str| {
            let item = item_at(Path::new(path)).unwrap();
            assert_eq!(item.label, "happy");
            item.part
        };
        let usage = |usage| Some(Part::Usage(usage));
        assert_eq!(part("happy/1.png"), None);
        assert_eq!(part("archive/fer/Test/happy/1.png"), Some(Part::Test));
        assert_eq!(part("train/happy/1.JPG"), usage(Usage::Training));
        assert_eq!(part("validation/happy/1.png"), Some(Part::Validation));
        assert_eq!(
            part("test/happy/PrivateTest_88.jpg"),
            usage(Usage::PrivateTest)
        );
    }

    #[test]
    fn what_is_no_picture_in_a_folder_is_passed_over() {
        for path in [
            "1.png",
            "happy/notes.txt",
            "__MACOSX/happy/1.png",
            "happy/._1.png",
        ] {
            assert!(item_at(Path::new(path)).is_none(), "{path}");
        }
    }

    #[test]
    fn the_challenge_numbers_its_seven_expressions() {
        assert_eq!(label_numbered("0".to_owned()), "angry");
        assert_eq!(label_numbered("6".to_owned()), "neutral");
        assert_eq!(label_numbered("7".to_owned()), "7");
        assert_eq!(label_numbered("sad".to_owned()), "sad");
    }
}
