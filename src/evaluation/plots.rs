//! Figures as pictures: the only door to the plotting crate.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Once;

use image::RgbImage;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::metrics::Scores;
use super::run::{Evaluation, ModelScores};
use crate::error::{Error, Result};

type Area<'b> = DrawingArea<BitMapBackend<'b>, Shift>;
type Chart<'a, 'b> =
    ChartContext<'a, BitMapBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// The plotting crate's error, of which only the words matter.
type Drawn = Result<(), Box<dyn std::error::Error>>;

const FONT: &str = "Inter";
const INK: RGBColor = RGBColor(0x22, 0x26, 0x2B);
const FAINT: RGBColor = RGBColor(0xD8, 0xDC, 0xE2);
/// Three hues of Okabe and Ito ("Color Universal Design", 2008): blue, orange, bluish green.
const HUES: [RGBColor; 3] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
];

/// Pixels of one cell of the confusion matrix.
const CELL: i32 = 88;
/// Pixels of a chart with axes.
const CHART: (u32, u32) = (960, 540);
const SQUARE: (u32, u32) = (640, 640);

/// Writes PNG files into `folder`, which is made if it is not there: for each model its confusion matrix
/// (`confusion-NAME.png`), precision, recall and F1 per expression (`classes-NAME.png`) and how
/// right it is when it is so sure (`reliability-NAME.png`); with several models also `models.png`.
///
/// # Errors
/// [`Error::File`] when the folder or a file cannot be written.
pub fn plot(evaluation: &Evaluation, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|source| Error::File {
        path: folder.to_owned(),
        source,
    })?;
    for model in &evaluation.models {
        let path = |kind: &str| folder.join(format!("{kind}-{}.png", model.name));
        let cells: i32 = model.scores.labels.iter().map(|_| CELL).sum();
        let size = ((cells + 150) as u32, (cells + 150) as u32);
        save(&path("confusion"), size, |area| confusion(area, model))?;
        save(&path("classes"), CHART, |area| classes(area, model))?;
        save(&path("reliability"), SQUARE, |area| {
            reliability(area, model)
        })?;
    }
    if evaluation.models.len() > 1 {
        save(&folder.join("models.png"), CHART, |area| {
            models(area, &evaluation.models)
        })?;
    }
    Ok(())
}

/// Draws a picture of this size and writes it.
fn save(path: &Path, size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<()> {
    static REGISTERED: Once = Once::new();
    // A font of our own: the system may have none, and looks the same everywhere.
    REGISTERED.call_once(|| {
        let font = include_bytes!("../../assets/fonts/Inter-Regular.otf");
        if plotters::style::register_font(FONT, FontStyle::Normal, font).is_err() {
            log::error!("the font for plots is broken");
        }
    });
    let failed = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let mut picture = RgbImage::new(size.0, size.1);
    let drawn = {
        let area = BitMapBackend::with_buffer(&mut picture, size).into_drawing_area();
        area.fill(&WHITE)
            .map_err(Into::into)
            .and_then(|()| draw(&area))
            .and_then(|()| Ok(area.present()?))
    };
    drawn.map_err(|error| failed(io::Error::other(error.to_string())))?;
    picture
        .save(path)
        .map_err(|error| failed(io::Error::other(error)))
}

fn text(size: i32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&INK)
}

fn centered(size: i32) -> TextStyle<'static> {
    text(size).pos(Pos::new(HPos::Center, VPos::Center))
}

/// Truth downwards, answers across; a cell is as dark as its share of its row.
fn confusion(area: &Area<'_>, model: &ModelScores) -> Drawn {
    const LEFT: i32 = 120;
    const TOP: i32 = 110;
    let scores = &model.scores;
    let title = format!("{}: truth (rows) and answer (columns)", model.name);
    area.draw_text(&title, &text(22), (24, 24))?;
    for (row, (truth, counts)) in (0..).zip(scores.labels.iter().zip(&scores.confusion)) {
        let middle = |place: i32| place * CELL + CELL / 2;
        let right = text(17).pos(Pos::new(HPos::Right, VPos::Center));
        area.draw_text(truth.name(), &right, (LEFT - 12, TOP + middle(row)))?;
        area.draw_text(truth.name(), &centered(17), (LEFT + middle(row), TOP - 18))?;
        let all: u64 = counts.iter().sum();
        for (column, count) in (0..).zip(counts) {
            let share = *count as f64 / all.max(1) as f64;
            let corner = (LEFT + column * CELL, TOP + row * CELL);
            let opposite = (corner.0 + CELL - 2, corner.1 + CELL - 2);
            area.draw(&Rectangle::new([corner, opposite], shade(share).filled()))?;
            let ink = if share > 0.65 { WHITE } else { INK };
            let at = (LEFT + middle(column), TOP + middle(row));
            let number = centered(20).color(&ink);
            let rate = centered(14).color(&ink);
            area.draw_text(&count.to_string(), &number, (at.0, at.1 - 10))?;
            area.draw_text(&format!("{:.0} %", 100.0 * share), &rate, (at.0, at.1 + 14))?;
        }
    }
    Ok(())
}

/// From almost white to the first hue.
fn shade(share: f64) -> RGBColor {
    let from = RGBColor(0xF3, 0xF6, 0xF9);
    let between =
        |from: u8, to: u8| (f64::from(from) + share * (f64::from(to) - f64::from(from))) as u8;
    RGBColor(
        between(from.0, HUES[0].0),
        between(from.1, HUES[0].1),
        between(from.2, HUES[0].2),
    )
}

fn classes(area: &Area<'_>, model: &ModelScores) -> Drawn {
    let scores = &model.scores;
    let names: Vec<&str> = scores.labels.iter().map(|label| label.name()).collect();
    let of = |value: fn(&super::ClassScores) -> f64| -> Vec<f64> {
        scores
            .per_class
            .iter()
            .map(|(_, class)| value(class))
            .collect()
    };
    let series = [
        ("precision", of(|class| class.precision)),
        ("recall", of(|class| class.recall)),
        ("F1", of(|class| class.f1)),
    ];
    bars(
        area,
        &format!("{}, per expression", model.name),
        &names,
        &series,
    )
}

fn models(area: &Area<'_>, models: &[ModelScores]) -> Drawn {
    let names: Vec<&str> = models.iter().map(|model| &*model.name).collect();
    let of = |value: fn(&Scores) -> f64| -> Vec<f64> {
        models.iter().map(|model| value(&model.scores)).collect()
    };
    let series = [
        ("accuracy", of(|scores| scores.accuracy)),
        ("balanced accuracy", of(|scores| scores.balanced_accuracy)),
        ("macro F1", of(|scores| scores.macro_average.f1)),
    ];
    bars(area, "Models side by side", &names, &series)
}

/// Groups of three bars from 0 to 1, each with its height in per cent.
fn bars(area: &Area<'_>, title: &str, groups: &[&str], series: &[(&str, Vec<f64>); 3]) -> Drawn {
    // The legend stands above the bars.
    let mut chart = axes(area, title, 0.0..groups.len() as f64, 1.25)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(FAINT)
        .y_labels(6)
        .y_label_formatter(&|share| match share {
            ..=1.0 => format!("{:.0} %", 100.0 * share),
            _ => String::new(),
        })
        .label_style(text(16))
        .draw()?;
    for (place, (name, values)) in series.iter().enumerate() {
        let left = |group: usize| group as f64 + 0.14 + 0.24 * place as f64;
        chart
            .draw_series(values.iter().enumerate().map(|(group, value)| {
                let corners = [(left(group), 0.0), (left(group) + 0.22, *value)];
                Rectangle::new(corners, HUES[place].filled())
            }))?
            .label(*name)
            .legend(move |(x, y)| {
                Rectangle::new([(x, y - 6), (x + 12, y + 6)], HUES[place].filled())
            });
        let above = text(13).pos(Pos::new(HPos::Center, VPos::Bottom));
        chart.draw_series(values.iter().enumerate().map(|(group, value)| {
            EmptyElement::at((left(group) + 0.11, *value))
                + Text::new(format!("{:.0}", 100.0 * value), (0, -3), above.clone())
        }))?;
    }
    let below = text(17).pos(Pos::new(HPos::Center, VPos::Top));
    chart.draw_series(groups.iter().enumerate().map(|(group, name)| {
        EmptyElement::at((group as f64 + 0.5, 0.0))
            + Text::new((*name).to_owned(), (0, 10), below.clone())
    }))?;
    legend(&mut chart)
}

/// How often answers of a confidence are right, against the diagonal where both are the same.
fn reliability(area: &Area<'_>, model: &ModelScores) -> Drawn {
    let scores = &model.scores;
    let title = format!("{}: ECE {:.3}", model.name, scores.ece);
    let mut chart = axes(area, &title, 0.0..1.0, 1.05)?;
    let percent = |share: &f64| format!("{:.0} %", 100.0 * share);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(FAINT)
        .axis_style(FAINT)
        .x_labels(6)
        .y_labels(6)
        .x_label_formatter(&percent)
        .y_label_formatter(&percent)
        .x_desc("confidence")
        .y_desc("share of right answers")
        .axis_desc_style(text(17))
        .label_style(text(16))
        .draw()?;
    let width = 1.0 / scores.reliability.len().max(1) as f64;
    let answers: u64 = scores.reliability.iter().map(|bin| bin.answers).sum();
    let full = scores
        .reliability
        .iter()
        .enumerate()
        .filter(|(_, bin)| bin.answers > 0);
    chart
        .draw_series(full.map(|(place, bin)| {
            // A bin with few answers is pale: its height is mostly luck.
            let weight = (bin.answers as f64 / answers as f64 / width).min(1.0);
            let left = place as f64 * width;
            let color = HUES[0].mix(0.25 + 0.75 * weight);
            Rectangle::new(
                [(left + 0.004, 0.0), (left + width - 0.004, bin.accuracy)],
                color.filled(),
            )
        }))?
        .label("right answers (pale: few)")
        .legend(|(x, y)| Rectangle::new([(x, y - 6), (x + 12, y + 6)], HUES[0].filled()));
    chart
        .draw_series(LineSeries::new(
            [(0.0, 0.0), (1.0, 1.0)],
            INK.stroke_width(2),
        ))?
        .label("as sure as right")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 12, y)], INK.stroke_width(2)));
    legend(&mut chart)
}

/// An empty chart whose upward axis is a share.
fn axes<'a, 'b>(
    area: &'a Area<'b>,
    title: &str,
    across: Range<f64>,
    top: f64,
) -> Result<Chart<'a, 'b>, Box<dyn std::error::Error>>
where
    'b: 'a,
{
    let chart = ChartBuilder::on(area)
        .caption(title, text(22))
        .margin(20)
        .x_label_area_size(48)
        .y_label_area_size(72)
        .build_cartesian_2d(across, 0.0..top)?;
    Ok(chart)
}

fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>) -> Drawn {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(FAINT)
        .label_font(text(15))
        .draw()?;
    Ok(())
}
