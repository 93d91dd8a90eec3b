//! What one person showed, drawn along the time line.

use egui::{Painter, Rect, Theme, pos2};

use super::super::colors;
use super::super::theme::Palette;
use crate::report::{Gap, Shown, Span};

/// From positions on the time line to points of the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The first position in view.
    pub from: f64,
    /// The last one.
    pub to: f64,
    /// Where they lie.
    pub left: f32,
    /// Where they lie.
    pub right: f32,
}

impl Scale {
    /// Where a position lies, perhaps outside.
    pub fn x(&self, position: u64) -> f32 {
        let share = (position as f64 - self.from) / (self.to - self.from);
        self.left + (share * f64::from(self.right - self.left)) as f32
    }

    /// The position at a place.
    pub fn position(&self, x: f32) -> u64 {
        let share = f64::from((x - self.left) / (self.right - self.left).max(1.0));
        (self.from + share * (self.to - self.from)).max(0.0) as u64
    }
}

/// Draws what was shown into `rect`.
pub(super) fn paint(
    painter: &Painter,
    rect: Rect,
    scale: &Scale,
    spans: &[Span],
    gaps: &[Gap],
    theme: Theme,
) {
    let palette = Palette::for_theme(theme);
    let painter = painter.with_clip_rect(painter.clip_rect().intersect(rect));
    painter.rect_filled(rect, 3.0, palette.track.gamma_multiply(0.6));
    for gap in gaps {
        let place = Rect::from_x_y_ranges(scale.x(gap.start)..=scale.x(gap.end), rect.y_range());
        painter.rect_filled(place, 0.0, palette.canvas);
    }
    let columns = columns(spans, scale);
    let mut start = 0;
    for run in columns.chunk_by(|left, right| left == right) {
        let end = start + run.len();
        if let Some(shown) = run[0] {
            let (left, right) = (rect.left() + start as f32, rect.left() + end as f32);
            let (color, height) = match shown {
                Shown::Expression(one) => (colors::expression(theme, Some(one)), rect.height()),
                Shown::Uncertain => (colors::expression(theme, None), rect.height() / 2.0),
                Shown::Poor => (colors::expression(theme, None), 2.0),
            };
            let bottom = rect.bottom();
            let place = Rect::from_min_max(pos2(left, bottom - height), pos2(right, bottom));
            painter.rect_filled(place, 0.0, color);
        }
        start = end;
    }
}

/// What was shown longest in each point of the window's width; nothing where nobody was.
fn columns(spans: &[Span], scale: &Scale) -> Vec<Option<Shown>> {
    let width = (scale.right - scale.left).max(0.0).ceil() as usize;
    let mut columns: Vec<Option<Shown>> = vec![None; width];
    let mut most = vec![0.0_f32; width];
    let first = spans.partition_point(|span| (span.end as f64) < scale.from);
    for span in &spans[first..] {
        if span.start as f64 > scale.to {
            break;
        }
        let (left, right) = (
            scale.x(span.start) - scale.left,
            scale.x(span.end) - scale.left,
        );
        let last = (right.ceil().max(0.0) as usize).min(width);
        for column in left.floor().max(0.0) as usize..last {
            let covered = right.min(column as f32 + 1.0) - left.max(column as f32);
            if covered > most[column] {
                most[column] = covered;
                columns[column] = Some(span.shown);
            }
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression::{Happy, Sad};

    #[test]
    fn a_point_shows_what_was_shown_longest_in_it() {
        let shown = |start, end, shown| Span { start, end, shown };
        let spans = [
            shown(0, 290, Shown::Expression(Happy)),
            shown(290, 300, Shown::Uncertain),
            shown(300, 330, Shown::Expression(Sad)),
            shown(600, 700, Shown::Poor),
        ];
        let scale = Scale {
            from: 100.0,
            to: 1100.0,
            left: 50.0,
            right: 60.0,
        };
        let columns = columns(&spans, &scale);
        let happy = Some(Shown::Expression(Happy));
        let sad = Some(Shown::Expression(Sad));
        assert_eq!(columns.len(), 10);
        assert_eq!(columns[..3], [happy, happy, sad]);
        assert_eq!(columns[3..6], [None, None, Some(Shown::Poor)]);
        assert!(columns[6..].iter().all(Option::is_none));
        assert_eq!(scale.position(scale.x(700)), 700);
    }
}
