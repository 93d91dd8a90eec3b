//! Draws an observation onto its own picture: boxes, labels, ids, the clock; hides faces when asked.

use std::time::Duration;

use ab_glyph::FontRef;
use image::RgbImage;

use super::canvas::{Canvas, Ink, Letters, Rect};
use crate::face::{Face, FaceBox};
use crate::observation::Observation;
use crate::palette;
use crate::words::{clock, percent, title};

/// The size of letters as a share of the picture's shorter side, and its bounds in pixels: as large
/// as subtitles in small videos, and no banner in large ones. Chosen by eye.
const LETTER: f32 = 0.03;
const LETTER_BOUNDS: (f32, f32) = (11.0, 80.0);

const WHITE: Ink = Ink([250; 3], 1.0);
const GREY: Ink = Ink([190; 3], 1.0);
/// Beside a small face letters are no higher than this share of its width.
const LETTER_IN_FACE: f32 = 0.22;

/// Behind letters, on any picture.
const GROUND: Ink = Ink([12, 14, 18], 0.85);
/// Beside a box's line, so that it is seen on bright pictures.
const SHADOW: Ink = Ink([0; 3], 0.35);

/// A hidden face has so few cells across the whole head that nobody can be known by them.
const CELLS: u32 = 5;
/// How much of the box's side is hidden besides the box: hair, ears and chin.
const HIDDEN_MARGIN: f32 = 0.6;
/// A face that is missed stays hidden where it was for this long, a little longer than the tracker
/// remembers it, in a place that grows by its side each second.
const HIDDEN_AFTER: Duration = Duration::from_secs(1);

/// Draws one frame after another of the same input.
pub(super) struct Artist {
    regular: FontRef<'static>,
    semibold: FontRef<'static>,
    blur: bool,
    /// Faces to hide: where and when each was seen last.
    seen: Vec<(u64, FaceBox, Duration)>,
    /// The corner that the clock stands in, an index into [`clock_places`]' answer.
    corner: usize,
}

impl Artist {
    /// With `blur`, faces are hidden.
    pub(super) fn new(blur: bool) -> Self {
        let font = |bytes: &'static [u8]| {
            FontRef::try_from_slice(bytes).unwrap_or_else(|_| unreachable!("built in and tested"))
        };
        Self {
            regular: font(include_bytes!("../../assets/fonts/Inter-Regular.otf")),
            semibold: font(include_bytes!("../../assets/fonts/Inter-SemiBold.otf")),
            blur,
            seen: Vec::new(),
            corner: 0,
        }
    }

    /// The observation's picture with everything on it.
    pub(super) fn draw(&mut self, observation: &Observation) -> RgbImage {
        let frame = &observation.frame;
        let mut picture = frame.picture.clone();
        let (width, height) = picture.dimensions();
        let size = (width.min(height) as f32 * LETTER).clamp(LETTER_BOUNDS.0, LETTER_BOUNDS.1);
        let room = Rect {
            left: 0.0,
            top: 0.0,
            width: width as f32,
            height: height as f32,
        };
        let mut canvas = Canvas(&mut picture);
        if self.blur {
            self.hide(&mut canvas, observation);
        }

        let mut faces: Vec<&Face> = observation.faces.iter().collect();
        faces.sort_by(|left, right| right.face_box.area().total_cmp(&left.face_box.area()));
        let size_at = |face: &Face| {
            let most = face.face_box.width * LETTER_IN_FACE;
            size.min(most.max(LETTER_BOUNDS.0))
        };
        for face in faces.iter().rev() {
            outline(&mut canvas, face, size_at(face));
        }
        let boxes: Vec<Rect> = faces.iter().map(|face| face.face_box.into()).collect();
        let mut taken = Vec::new();
        if !frame.still {
            taken.push(self.draw_clock(&mut canvas, frame.time, size, &room, &boxes));
        }
        let inside = room.grown(-size / 4.0);
        for face in faces {
            let size = size_at(face);
            taken.extend(self.label(&mut canvas, face, size, &inside, &boxes, &taken));
        }
        picture
    }

    /// Hides the faces in this frame and those of just before.
    fn hide(&mut self, canvas: &mut Canvas, observation: &Observation) {
        let now = observation.frame.time;
        if observation.frame.still {
            self.seen.clear();
        }
        self.seen.retain(|(id, _, seen)| {
            now.saturating_sub(*seen) <= HIDDEN_AFTER
                && observation.faces.iter().all(|face| face.id != *id)
        });
        let faces = observation.faces.iter();
        self.seen
            .extend(faces.map(|face| (face.id, face.face_box, now)));
        for (_, face_box, seen) in &self.seen {
            let away = now.saturating_sub(*seen).as_secs_f32();
            canvas.mosaic(&face_box.squared(HIDDEN_MARGIN + away).into(), CELLS);
        }
    }

    /// Writes the time into a corner without a face, and stays there while it is without. Returns
    /// its place.
    fn draw_clock(
        &mut self,
        canvas: &mut Canvas,
        time: Duration,
        size: f32,
        room: &Rect,
        faces: &[Rect],
    ) -> Rect {
        let words = format!("{}.{:03}", clock(time), time.subsec_millis());
        let letters = Letters {
            font: &self.regular,
            size,
        };
        let (across, down) = (letters.width_of(&words) + size, size * 1.7);
        let places = clock_places(across, down, &room.grown(-size / 2.0));
        let free = |corner: &usize| !faces.iter().any(|face| face.touches(&places[*corner]));
        let corner = std::iter::once(self.corner)
            .chain(0..places.len())
            .find(free);
        self.corner = corner.unwrap_or(self.corner);
        let place = places[self.corner];
        canvas.fill(&place, size * 0.35, GROUND);
        let middle = place.top + down / 2.0;
        canvas.write(&words, letters, place.left + size / 2.0, middle, WHITE);
        place
    }

    /// Writes a face's label where it hides no face and no other label, as much of it as there is
    /// room for. Returns its place, if it has one.
    fn label(
        &self,
        canvas: &mut Canvas,
        face: &Face,
        size: f32,
        room: &Rect,
        faces: &[Rect],
        taken: &[Rect],
    ) -> Option<Rect> {
        let own = Rect::from(face.face_box);
        let free = |place: &Rect| {
            room.holds(place) && !faces.iter().chain(taken).any(|other| other.touches(place))
        };
        let labels = self.labels(face, size);
        let beside = labels.iter().find_map(|label| {
            let places = places_beside(&own, label.width(), label.height(), size, room);
            Some((label, places.into_iter().find(free)?))
        });
        // A face that fills the picture has room for its label only in itself.
        let inside = || {
            let label = labels.first()?;
            let place = Rect {
                left: own.left.max(room.left) + size / 2.0,
                top: own.top.max(room.top) + size / 2.0,
                width: label.width(),
                height: label.height(),
            };
            let fits = own.height > 6.0 * place.height && room.holds(&place);
            (fits && !taken.iter().any(|other| other.touches(&place))).then_some((label, place))
        };
        let (label, place) = beside.or_else(inside)?;
        label.paint(canvas, &place, palette::on_dark(face.reading.shown));
        Some(place)
    }

    /// A face's label, the fullest first. A small face gets no words much wider than itself.
    fn labels(&self, face: &Face, size: f32) -> Vec<Label<'_>> {
        let (regular, semibold) = (&self.regular, &self.semibold);
        let words = |font, size, words: String, ink| (Letters { font, size }, words, ink);
        let name = || words(semibold, size, title(face.reading.shown), WHITE);
        let share = percent(face.reading.shown_probability());
        let id = |size| words(regular, size, format!("#{}", face.id), GREY);
        let full = vec![name(), words(regular, size, share, WHITE), id(size * 0.85)];
        let all = [full, vec![name(), id(size * 0.85)], vec![id(size)]];
        let widest = (2.0 * face.face_box.width).max(3.0 * size);
        all.into_iter()
            .map(|words| Label { size, words })
            .filter(|label| label.words.len() == 1 || label.width() <= widest)
            .collect()
    }
}

fn outline(canvas: &mut Canvas, face: &Face, size: f32) {
    let place = Rect::from(face.face_box);
    let line = (size / 8.0).max(1.5);
    let radius = place.width * 0.06;
    canvas.outline(&place, radius, line * 2.0, SHADOW);
    let color = palette::on_dark(face.reading.shown);
    canvas.outline(&place, radius, line, Ink(color, 1.0));
}

/// The corners of `room`, in the order in which a clock likes them.
fn clock_places(width: f32, height: f32, room: &Rect) -> [Rect; 4] {
    let (left, right) = (room.left, room.right() - width);
    let (top, bottom) = (room.top, room.bottom() - height);
    [(left, bottom), (right, bottom), (left, top), (right, top)].map(|(left, top)| Rect {
        left,
        top,
        width,
        height,
    })
}

/// Where a label may stand, best first: above, below, to the right, to the left.
fn places_beside(face: &Rect, width: f32, height: f32, size: f32, room: &Rect) -> [Rect; 4] {
    let gap = size * 0.4;
    let most = (room.right() - width).max(room.left);
    let along = face.left.clamp(room.left, most);
    let beside = face.top.max(room.top);
    [
        (along, face.top - gap - height),
        (along, face.bottom() + gap),
        (face.right() + gap, beside),
        (face.left - gap - width, beside),
    ]
    .map(|(left, top)| Rect {
        left,
        top,
        width,
        height,
    })
}

/// Words in a row after a dot.
struct Label<'a> {
    size: f32,
    words: Vec<(Letters<'a>, String, Ink)>,
}

impl Label<'_> {
    fn dot(&self) -> f32 {
        self.size * 0.55
    }

    fn gap(&self) -> f32 {
        self.size * 0.4
    }

    fn padding(&self) -> f32 {
        self.size * 0.5
    }

    fn width(&self) -> f32 {
        let words = self.words.iter();
        let words: f32 = words
            .map(|(letters, words, _)| self.gap() + letters.width_of(words))
            .sum();
        2.0 * self.padding() + self.dot() + words
    }

    fn height(&self) -> f32 {
        self.size * 1.7
    }

    fn paint(&self, canvas: &mut Canvas, place: &Rect, color: [u8; 3]) {
        canvas.fill(place, self.size * 0.35, GROUND);
        let middle = place.top + place.height / 2.0;
        let mut left = place.left + self.padding();
        let dot = Rect {
            left,
            top: middle - self.dot() / 2.0,
            width: self.dot(),
            height: self.dot(),
        };
        canvas.fill(&dot, self.dot() / 2.0, Ink(color, 1.0));
        left += self.dot();
        for (letters, words, ink) in &self.words {
            left += self.gap();
            canvas.write(words, *letters, left, middle, *ink);
            left += letters.width_of(words);
        }
    }
}

#[cfg(test)]
mod tests;
