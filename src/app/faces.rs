//! The faces in the picture: boxes in the colour of their expression, and labels where there is room.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{
    Align2, Color32, CursorIcon, Galley, Painter, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

use super::colors::on_picture;
use super::theme::{RADIUS, regular, semibold, size};
use crate::face::Face;
use crate::words::{percent, title};

/// A face on the screen.
struct Marked<'a> {
    face: &'a Face,
    /// Its box, in the window.
    place: Rect,
    /// Chosen, or under the pointer: its label is always shown.
    raised: bool,
}

/// Draws boxes and labels onto `picture`; `places` are the boxes in the window, `name` says whose a
/// face is. Returns the face that was clicked.
pub(super) fn faces_ui(
    ui: &Ui,
    picture: Rect,
    faces: &[Face],
    places: &[Rect],
    chosen: Option<u64>,
    name: &dyn Fn(u64) -> String,
) -> Option<u64> {
    let painter = ui.painter().with_clip_rect(picture);
    let mut clicked = None;
    let mut marked = Vec::new();
    for (face, place) in faces.iter().zip(places) {
        let chosen = Some(face.id) == chosen;
        let id = ui.scope_id().with(("face", face.id));
        let response = ui
            .interact(place.intersect(picture), id, Sense::click())
            .on_hover_cursor(CursorIcon::PointingHand);
        let name = face.reading.shown_name();
        let share = percent(face.reading.shown_probability());
        response.widget_info(|| {
            let label = format!("Face {}: {name} {share}", face.id);
            WidgetInfo::selected(Role::RadioButton, true, chosen, label)
        });
        if response.clicked() {
            clicked = Some(face.id);
        }
        let raised = chosen || response.hovered() || response.has_focus();
        marked.push(Marked {
            face,
            place: *place,
            raised,
        });
    }
    // The raised ones last, above the others; then from large to small.
    marked.sort_by(|left, right| {
        (left.raised.cmp(&right.raised)).then(left.place.area().total_cmp(&right.place.area()))
    });
    for one in &marked {
        paint_box(&painter, one);
    }
    paint_labels(&painter, &marked, name);
    clicked
}

fn paint_box(painter: &Painter, one: &Marked<'_>) {
    let color = on_picture(one.face.reading.shown);
    let width = if one.raised { 3.0 } else { 2.0 };
    let radius = (one.place.width() * 0.06).clamp(3.0, 10.0);
    // A dark line behind keeps the box visible on bright pictures.
    let behind = Stroke::new(width + 2.0, Color32::from_black_alpha(90));
    painter.rect_stroke(one.place, radius, behind, StrokeKind::Middle);
    painter.rect_stroke(
        one.place,
        radius,
        Stroke::new(width, color),
        StrokeKind::Middle,
    );
}

/// The most important first. In a crowd a label that would hide a face or another label is written
/// shorter or left out; the box has its colour, and the pointer brings the label back.
fn paint_labels(painter: &Painter, marked: &[Marked<'_>], name: &dyn Fn(u64) -> String) {
    let picture = painter.clip_rect().shrink(4.0);
    let mut taken: Vec<Rect> = Vec::new();
    for one in marked.iter().rev() {
        let free = |rect: &Rect| {
            let other_face =
                |other: &&Marked<'_>| other.face.id != one.face.id && other.place.intersects(*rect);
            !taken.iter().any(|label| label.intersects(*rect))
                && marked.iter().find(other_face).is_none()
        };
        let label = [true, false]
            .into_iter()
            .filter(|full| one.raised || !full || one.place.width() >= FULL_LABEL)
            .map(|full| {
                let label = Label::new(painter, one.face, full.then(|| name(one.face.id)));
                let rect = label_place(one.place, label.size(), picture);
                (label, rect)
            })
            .find(|(_, rect)| one.raised || free(rect));
        if let Some((label, rect)) = label {
            label.paint(painter, rect, on_picture(one.face.reading.shown));
            taken.push(rect);
        }
    }
}

/// The narrowest box whose label is written out in full; below it, the expression alone.
const FULL_LABEL: f32 = 72.0;

/// A label's words, laid out in a row after a dot.
struct Label(Vec<Arc<Galley>>);

impl Label {
    const DOT: f32 = 8.0;
    const GAP: f32 = 6.0;
    const PADDING: Vec2 = vec2(8.0, 4.0);

    /// The expression, and in full its share and whose face that is.
    fn new(painter: &Painter, face: &Face, name: Option<String>) -> Self {
        let text = |words: String, font, shade| painter.layout_no_wrap(words, font, shade);
        let white = Color32::from_gray(250);
        let expression = title(face.reading.shown);
        let Some(name) = name else {
            return Self(vec![text(expression, regular(11.0), white)]);
        };
        let share = percent(face.reading.shown_probability());
        Self(vec![
            text(expression, semibold(size::BODY), white),
            text(share, regular(size::BODY), white),
            text(name, regular(size::SMALL), Color32::from_gray(190)),
        ])
    }

    fn size(&self) -> Vec2 {
        let words: f32 = self.0.iter().map(|part| part.size().x + Self::GAP).sum();
        let height = self.0.iter().map(|part| part.size().y).fold(0.0, f32::max);
        vec2(Self::DOT + words, height) + 2.0 * Self::PADDING
    }

    fn paint(self, painter: &Painter, rect: Rect, color: Color32) {
        let ground = Color32::from_rgba_unmultiplied(12, 14, 18, 215);
        painter.rect_filled(rect, RADIUS, ground);
        let mut left = rect.left_center() + vec2(Self::PADDING.x, 0.0);
        painter.circle_filled(left + vec2(Self::DOT / 2.0, 0.0), Self::DOT / 2.0, color);
        left.x += Self::DOT + Self::GAP;
        for part in self.0 {
            let width = part.size().x;
            let at = Align2::LEFT_CENTER.anchor_size(pos2(left.x, left.y), part.size());
            painter.galley(at.min, part, Color32::WHITE);
            left.x += width + Self::GAP;
        }
    }
}

/// Above the box if the picture has room there; else inside its upper edge, or below a box that the
/// label would fill. Never outside the picture.
fn label_place(face: Rect, wanted: Vec2, picture: Rect) -> Rect {
    let above = face.top() - wanted.y - 6.0;
    let top = if above >= picture.top() {
        above
    } else if face.height() < 3.0 * wanted.y {
        face.bottom() + 6.0
    } else {
        face.top() + 6.0
    };
    let most = (picture.max - wanted).max(picture.min);
    let min = Pos2::new(face.left(), top).clamp(picture.min, most);
    Rect::from_min_size(min, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_stays_inside_the_picture_wherever_the_face_is() {
        let picture = Rect::from_min_max(Pos2::ZERO, pos2(400.0, 300.0));
        for x in [-50.0, 0.0, 200.0, 390.0] {
            for y in [-50.0, 0.0, 200.0, 290.0] {
                let face = Rect::from_min_size(pos2(x, y), vec2(60.0, 60.0));
                let label = label_place(face, vec2(120.0, 24.0), picture);
                assert!(picture.contains_rect(label), "{face}");
            }
        }
    }
}
