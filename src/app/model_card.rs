//! A model's card: what it learned from, how good it is and by which truth, what it mixes up, how far
//! its probabilities can be trusted, and its limits.

use egui::accesskit::Role;
use egui::{
    Align2, Color32, Grid, Pos2, Rect, RichText, ScrollArea, Sense, Shape, Stroke, Ui, WidgetInfo,
    pos2, vec2,
};
use serde_json::Value;

use super::page::paragraph_ui;
use super::theme::{Palette, regular, semibold, size, space};
use crate::card::{Bin, Figures, ModelCard, Truth};
use crate::expression::Expression;
use crate::pipeline::ActiveModel;
use crate::words::title;

/// Height of what stands round the scrolling part of the page.
const AROUND: f32 = 190.0;

/// Draws the card, as much of it as there is.
pub(super) fn card_ui(ui: &mut Ui, model: &ActiveModel) {
    let palette = Palette::of(ui.visuals());
    let card = &*model.card;
    ui.label(
        RichText::new(&card.title)
            .font(semibold(size::READOUT))
            .color(palette.strong),
    );
    let parameters = card.metrics.get("parameters").and_then(Value::as_u64);
    let parameters = parameters.map_or_else(String::new, |n| {
        format!(" · {} thousand parameters", (n + 500) / 1000)
    });
    let about = format!("{} · on {}{parameters}", card.name, model.provider);
    ui.label(RichText::new(about).color(palette.weak));
    let height = (ui.ctx().content_rect().height() - AROUND).max(120.0);
    ScrollArea::vertical().max_height(height).show(ui, |ui| {
        // The bar takes its place beside the words.
        ui.set_width(ui.available_width() - space::S);
        figures_ui(ui, card);
        let figures = card.figures(card.truth());
        confusion_ui(ui, card, &figures);
        calibration_ui(ui, card, &figures);
        for (heading, text) in [
            ("What it learned from", &card.trained_on),
            ("Licence", &card.license),
            ("Where it comes from", &card.source),
        ] {
            paragraph_ui(ui, heading, or_nothing(text));
        }
        paragraph_ui(ui, "Limits", &limits(card, &figures));
        paragraph_ui(ui, "What it takes", &takes(card));
    });
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() {
        "The card does not say."
    } else {
        text
    }
}

/// A share of pictures: `83.9%`.
fn percent(share: f32) -> String {
    format!("{:.1}%", share * 100.0)
}

fn by(truth: Truth) -> &'static str {
    match truth {
        Truth::Labels => "The data set's labels",
        Truth::Crowd => "Most of ten people",
    }
}

/// A row of figures for each truth.
fn figures_ui(ui: &mut Ui, card: &ModelCard) {
    let palette = Palette::of(ui.visuals());
    let rows: Vec<_> = [Truth::Crowd, Truth::Labels]
        .into_iter()
        .map(|truth| (truth, card.figures(truth)))
        .filter(|(_, figures)| !figures.is_empty())
        .collect();
    if rows.is_empty() {
        let text = format!(
            "The card holds no figures. Measure them: mien eval DATASET --model {}",
            card.name
        );
        paragraph_ui(ui, "How good it is", &text);
        return;
    }
    let measured = card.metrics.get("measured_on").and_then(Value::as_str);
    let measured = measured.map_or_else(String::new, |on| format!("Measured on {on}."));
    paragraph_ui(ui, "How good it is", &measured);
    let strong = |text: &str| RichText::new(text).font(semibold(size::SMALL));
    let show = |share: Option<f32>| share.map_or_else(|| "–".to_owned(), percent);
    Grid::new("figures")
        .num_columns(5)
        .min_row_height(20.0)
        .spacing(vec2(space::L, space::XS))
        .show(ui, |ui| {
            for heading in [
                "Judged by",
                "Right answers",
                "Mean recall",
                "Macro F1",
                "ECE",
            ] {
                ui.label(strong(heading).color(palette.weak));
            }
            ui.end_row();
            for (truth, figures) in &rows {
                let made_for = *truth == card.truth() && rows.len() > 1;
                let name = if made_for {
                    strong(by(*truth)).color(palette.strong)
                } else {
                    RichText::new(by(*truth))
                };
                ui.label(name);
                for share in [figures.accuracy, figures.mean_recall, figures.macro_f1] {
                    ui.label(show(share));
                }
                ui.label(
                    figures
                        .ece
                        .map_or_else(|| "–".to_owned(), |ece| format!("{ece:.3}")),
                );
                ui.end_row();
            }
        });
    if rows.len() > 1 {
        let text = "People often see something else in a picture than its label says. The model is \
                    made for the truth in bold; all below is by that one.";
        ui.label(RichText::new(text).small().color(palette.weak));
    }
}

/// A side of one cell of the matrix, and the room for the names beside it.
const CELL: f32 = 56.0;
const NAMES: f32 = 76.0;

/// What it answers (columns) to what is there (rows), each row's shares in colour.
fn confusion_ui(ui: &mut Ui, card: &ModelCard, figures: &Figures) {
    let heading = "What it mixes up";
    let Some(confusion) = &figures.confusion else {
        if let Some(recall) = &figures.recall {
            paragraph_ui(ui, heading, &recalls(card, recall));
        } else {
            let text = format!(
                "The card does not say. mien eval DATASET --model {} --plots DIR draws it.",
                card.name
            );
            paragraph_ui(ui, heading, &text);
        }
        return;
    };
    paragraph_ui(
        ui,
        heading,
        "A row for what is in the picture, a column for the answer, in percent of the row.",
    );
    let classes = card.labels.len() as f32;
    let wanted = vec2(NAMES + classes * CELL, 22.0 + classes * 26.0);
    let (area, response) = ui.allocate_exact_size(wanted, Sense::hover());
    let said: Vec<String> = card
        .labels
        .iter()
        .zip(confusion)
        .enumerate()
        .map(|(index, (label, row))| format!("{label} {:.0}%", share(row, index) * 100.0))
        .collect();
    response.widget_info(|| {
        WidgetInfo::labeled(
            Role::Figure,
            true,
            format!("Confusion matrix, right answers: {}", said.join(", ")),
        )
    });
    let palette = Palette::of(ui.visuals());
    let painter = ui.painter();
    let center = |row: usize, column: usize| {
        pos2(
            area.left() + NAMES + (column as f32 + 0.5) * CELL,
            area.top() + 22.0 + (row as f32 + 0.5) * 26.0,
        )
    };
    let small = || regular(size::SMALL);
    for (index, label) in card.labels.iter().enumerate() {
        let name = title(Some(*label));
        let at = pos2(area.left(), center(index, 0).y);
        painter.text(at, Align2::LEFT_CENTER, &name, small(), palette.text);
        let at = pos2(center(0, index).x, area.top() + 9.0);
        painter.text(at, Align2::CENTER_CENTER, &name, small(), palette.weak);
    }
    for (row, counts) in confusion.iter().enumerate() {
        for column in 0..counts.len() {
            let share = share(counts, column);
            let cell = Rect::from_center_size(center(row, column), vec2(CELL - 2.0, 24.0));
            painter.rect_filled(cell, 3.0, heat(palette, share));
            let color = if share > 0.3 {
                palette.on_accent
            } else if share >= 0.005 {
                palette.text
            } else {
                palette.weak
            };
            let text = format!("{:.0}", share * 100.0);
            painter.text(cell.center(), Align2::CENTER_CENTER, text, small(), color);
        }
    }
}

/// The share of a row's pictures in one column.
fn share(row: &[u32], column: usize) -> f32 {
    let all: u32 = row.iter().sum();
    row[column] as f32 / all.max(1) as f32
}

/// From the empty track to the accent.
fn heat(palette: &Palette, share: f32) -> Color32 {
    // The root lets rare mistakes show.
    palette
        .track
        .lerp_to_gamma(palette.accent, share.clamp(0.0, 1.0).sqrt())
}

fn recalls(card: &ModelCard, recall: &[f32]) -> String {
    let each: Vec<String> = card
        .labels
        .iter()
        .zip(recall)
        .map(|(label, share)| format!("{label} {:.0}%", share * 100.0))
        .collect();
    format!("Of each expression it finds: {}.", each.join(", "))
}

/// How far its probabilities can be taken at their word.
fn calibration_ui(ui: &mut Ui, card: &ModelCard, figures: &Figures) {
    let Some(ece) = figures.ece else {
        let text = "Nobody has measured whether it is right as often as it says.";
        paragraph_ui(ui, "Calibration", text);
        return;
    };
    let trust = match ece {
        ..0.05 => "When it says 80%, it is right about 80 times in a hundred.",
        0.05..0.1 => "Its probabilities are roughly those of being right.",
        _ => "Its probabilities are not those of being right: take them as an order only.",
    };
    let temperature = if (card.temperature - 1.0).abs() < 0.005 {
        String::new()
    } else {
        format!(
            " Before that, its answers are divided by {:.2}, a temperature found on other pictures.",
            card.temperature
        )
    };
    let text = format!(
        "{trust} On average, what it says and how often it is right are {:.1} points apart.{temperature}",
        ece * 100.0
    );
    paragraph_ui(ui, "Calibration", &text);
    if let Some(bins) = &figures.reliability {
        ui.add_space(space::XS);
        reliability_ui(ui, bins);
    }
}

/// Right answers against confidence: on the line, it is as sure as it is right.
fn reliability_ui(ui: &mut Ui, bins: &[Bin]) {
    let palette = Palette::of(ui.visuals());
    let (area, response) = ui.allocate_exact_size(vec2(260.0, 190.0), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Figure, true, "Right answers against confidence")
    });
    let plot = Rect::from_min_max(area.min + vec2(40.0, 6.0), area.max - vec2(8.0, 34.0));
    let at = |confidence: f32, accuracy: f32| -> Pos2 {
        pos2(
            plot.left() + confidence * plot.width(),
            plot.bottom() - accuracy * plot.height(),
        )
    };
    let painter = ui.painter();
    painter.rect_filled(plot, 4.0, palette.track);
    painter.extend(Shape::dashed_line(
        &[at(0.0, 0.0), at(1.0, 1.0)],
        Stroke::new(1.0, palette.weak),
        4.0,
        4.0,
    ));
    let most = bins.iter().map(|bin| bin.pictures).fold(1.0, f32::max);
    let points: Vec<Pos2> = bins
        .iter()
        .map(|bin| at(bin.confidence.clamp(0.0, 1.0), bin.accuracy.clamp(0.0, 1.0)))
        .collect();
    painter.line(points.clone(), Stroke::new(1.5, palette.accent));
    for (point, bin) in points.iter().zip(bins) {
        // An area by the number of pictures.
        let radius = 2.0 + 5.0 * (bin.pictures / most).sqrt();
        painter.circle_filled(*point, radius, palette.accent);
    }
    let font = || regular(size::SMALL);
    for (share, text) in [(0.0, "0%"), (0.5, "50%"), (1.0, "100%")] {
        let below = pos2(at(share, 0.0).x, plot.bottom() + 10.0);
        painter.text(below, Align2::CENTER_CENTER, text, font(), palette.weak);
        let beside = pos2(plot.left() - 5.0, at(0.0, share).y);
        painter.text(beside, Align2::RIGHT_CENTER, text, font(), palette.weak);
    }
    let below = pos2(plot.center().x, plot.bottom() + 25.0);
    let text = "how sure it was; upwards: how often right";
    painter.text(below, Align2::CENTER_CENTER, text, font(), palette.weak);
}

/// What it is bad at, and what nobody should do with it.
fn limits(card: &ModelCard, figures: &Figures) -> String {
    let mut found: Vec<(Expression, f32)> = figures
        .recall
        .iter()
        .flat_map(|recall| card.labels.iter().copied().zip(recall.iter().copied()))
        .filter(|(_, recall)| *recall < 0.6)
        .collect();
    found.sort_by(|left, right| left.1.total_cmp(&right.1));
    let weakest: Vec<String> = found
        .iter()
        .map(|(label, recall)| format!("{label} ({:.0}% found)", recall * 100.0))
        .collect();
    let weakest = if weakest.is_empty() {
        String::new()
    } else {
        format!("It is weakest on {}. ", weakest.join(", "))
    };
    format!(
        "{weakest}It names the expression that a face resembles, not what somebody feels. The figures \
         hold for pictures like those that they were measured on; expect more errors for other \
         people and other light: glasses, beards, masks, hands before the face, children, old people, \
         faces from the side."
    )
}

/// What goes in and what comes out.
fn takes(card: &ModelCard) -> String {
    let labels: Vec<&str> = card.labels.iter().map(|label| label.name()).collect();
    format!(
        "The face as {} × {} pixels, {}, {}, {}. It answers {} in the order {}.\nSHA-256 {}",
        card.input.width,
        card.input.height,
        card.color,
        card.layout,
        card.scale,
        card.output,
        labels.join(", "),
        card.sha256
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn limits_name_the_weakest_expressions_first() {
        let card = Catalog::new(None).find("mien-m").unwrap().card;
        let figures = Figures {
            recall: Some(vec![0.55, 0.3, 0.7, 0.9, 0.7, 0.8, 0.8]),
            ..Figures::default()
        };
        let text = limits(&card, &figures);
        assert!(
            text.starts_with("It is weakest on disgust (30% found), angry (55% found)."),
            "{text}"
        );
        assert!(limits(&card, &Figures::default()).starts_with("It names"));
    }
}
