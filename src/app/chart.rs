//! The last minute of the chosen face, a line for each expression.

use std::collections::VecDeque;

use egui::accesskit::Role;
use egui::{Align2, Rangef, RichText, Ui, WidgetInfo, vec2};
use egui_plot::{
    AxisHints, GridMark, Line, LineStyle, Plot, PlotPoint, PlotPoints, PlotUi, Text, VLine,
};

use super::colors;
use super::history::{History, SPAN};
use super::theme::{Palette, regular, size};
use crate::expression::Expression;
use crate::face::Face;
use crate::pipeline::Marker;

/// Seconds between two marks below the chart.
const MARKS: [f64; 3] = [-60.0, -30.0, 0.0];

/// Draws the chart into what room there is.
pub(super) fn chart_ui(
    ui: &mut Ui,
    history: &History,
    face: Option<&Face>,
    known: &[Expression],
    markers: &VecDeque<Marker>,
) {
    let palette = Palette::of(ui.visuals());
    let theme = ui.theme();
    let axis = |hints: AxisHints<'static>| {
        hints
            .tick_label_color(palette.weak)
            .tick_label_font(regular(11.0))
    };
    let seconds = axis(AxisHints::new_x())
        .formatter(|mark, _| match mark.value {
            value if value > -1.0 => "now".to_owned(),
            value => format!("{:.0} s ago", -value),
        })
        .label_spacing(Rangef::new(1.0, 2.0));
    let shares = axis(AxisHints::new_y())
        .formatter(|mark, _| format!("{:.0}%", mark.value * 100.0))
        .label_spacing(Rangef::new(1.0, 2.0))
        .min_thickness(34.0);
    let marks = |values: &'static [f64]| {
        move |_| {
            values
                .iter()
                .map(|value| GridMark {
                    value: *value,
                    step_size: 30.0,
                })
                .collect()
        }
    };

    let shown = face.and_then(|face| face.reading.shown);
    let response = Plot::new("last minute")
        .height(ui.available_height().max(80.0))
        // Half of the word below its right end stands beyond it.
        .width(ui.available_width() - 10.0)
        .show_background(false)
        .show_crosshair(false)
        .custom_x_axes(vec![seconds])
        .custom_y_axes(vec![shares])
        .x_grid_spacer(marks(&MARKS))
        .y_grid_spacer(marks(&[0.0, 0.5, 1.0]))
        .grid_color(palette.line)
        .grid_fade(0.0)
        .set_margin_fraction(vec2(0.0, 0.0))
        .auto_bounds(false)
        .default_x_bounds(-SPAN.as_secs_f64(), 0.0)
        // A little beyond, so that lines at 0 and 100 % keep their whole width.
        .default_y_bounds(-0.03, 1.03)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .sense(egui::Sense::hover())
        .show(ui, |plot| {
            markers_ui(plot, history, markers, palette);
            let Some(face) = face else {
                return;
            };
            // The shown expression last, on top of the others.
            let mut order: Vec<Expression> = known.to_vec();
            order.sort_by_key(|expression| Some(*expression) == shown);
            for expression in order {
                let color = colors::expression(theme, Some(expression));
                let width = if Some(expression) == shown { 2.5 } else { 1.5 };
                for points in history.lines(face.id, expression) {
                    let line = Line::new(expression.name(), PlotPoints::new(points));
                    plot.line(
                        line.color(color)
                            .width(width)
                            .allow_hover(false)
                            .allow_band(false),
                    );
                }
            }
        })
        .response;
    response.widget_info(|| {
        let names: Vec<&str> = shown_markers(history, markers)
            .map(|(_, _, marker)| marker.name.as_str())
            .collect();
        let label = if names.is_empty() {
            "Chart of the last minute".to_owned()
        } else {
            format!("Chart of the last minute, marked: {}", names.join(", "))
        };
        WidgetInfo::labeled(Role::GraphicsDocument, true, label)
    });
}

/// The markers of the last minute: their numbers, where they lie, and they themselves.
fn shown_markers<'a>(
    history: &History,
    markers: &'a VecDeque<Marker>,
) -> impl Iterator<Item = (usize, f64, &'a Marker)> {
    let placed = markers
        .iter()
        .enumerate()
        .map(|(number, marker)| (number, history.position(marker.at), marker));
    placed.filter(|(_, x, _)| *x > -SPAN.as_secs_f64())
}

/// Letters of a marker's name that have room in the chart.
const LETTERS: usize = 16;

/// A line for each marker, its name at its left; names close together stand below one another.
fn markers_ui(
    plot: &mut PlotUi<'_>,
    history: &History,
    markers: &VecDeque<Marker>,
    palette: &Palette,
) {
    for (number, x, marker) in shown_markers(history, markers) {
        let (color, style) = if marker.kept {
            (palette.strong, LineStyle::Solid)
        } else {
            (palette.weak, LineStyle::dashed_dense())
        };
        plot.vline(
            VLine::new(marker.name.clone(), x)
                .color(color)
                .width(1.0)
                .style(style)
                .allow_hover(false),
        );
        let mut name: String = marker.name.chars().take(LETTERS).collect();
        if name.len() < marker.name.len() {
            name.push('…');
        }
        let words = RichText::new(format!(" {name} "))
            .font(regular(size::SMALL))
            .background_color(palette.panel.gamma_multiply(0.85));
        let y = 1.0 - 0.11 * (number % 4) as f64;
        let text = Text::new(marker.name.clone(), PlotPoint::new(x, y), words);
        plot.text(
            text.color(color)
                .anchor(Align2::RIGHT_TOP)
                .allow_hover(false),
        );
    }
}
