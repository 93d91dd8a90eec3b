//! How much of each expression somebody showed, or everyone together.

use egui::{ComboBox, RichText, ScrollArea, Ui};

use super::super::bars::{heading_ui, meter_ui};
use super::super::colors;
use super::super::theme::{Palette, semibold, size, space};
use super::amount;
use crate::expression::Expression;
use crate::report::{Analysis, Tally};
use crate::words::title;

/// Draws the shares of a person (an index into the analysis' people) or of everyone, in a phase or
/// over all.
pub(super) fn shares_ui(
    ui: &mut Ui,
    analysis: &Analysis,
    person: Option<usize>,
    phase: &mut Option<usize>,
) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let whose = person.and_then(|index| analysis.people.get(index));
        let palette = Palette::of(ui.visuals());
        let name = whose.map_or("Everyone", |person| person.name.as_str());
        let heading = RichText::new(name).font(semibold(size::TITLE));
        ui.label(heading.color(palette.strong));
        *phase = phase.filter(|index| *index < analysis.phases.len());
        if analysis.phases.len() > 1 {
            phase_ui(ui, analysis, phase);
        }
        let tally = tally(analysis, person, *phase);
        let seen = format!("In view for {}", amount(analysis.unit, tally.seen()));
        ui.label(RichText::new(seen).small().color(palette.weak));
        ui.add_space(space::S);
        meters_ui(ui, analysis, &tally);
    });
}

fn phase_ui(ui: &mut Ui, analysis: &Analysis, phase: &mut Option<usize>) {
    let name = |index: Option<usize>| {
        let phase = index.and_then(|index| analysis.phases.get(index));
        phase.map_or("Whole session", |phase| phase.name.as_str())
    };
    ComboBox::from_id_salt("phase")
        .width(ui.available_width())
        .selected_text(name(*phase))
        .show_ui(ui, |ui| {
            let all = std::iter::once(None).chain((0..analysis.phases.len()).map(Some));
            for index in all {
                ui.selectable_value(phase, index, name(index));
            }
        })
        .response
        .accessible_name("Phase");
}

fn meters_ui(ui: &mut Ui, analysis: &Analysis, tally: &Tally) {
    let theme = ui.theme();
    ui.spacing_mut().item_spacing.y = 0.0;
    heading_ui(ui, "Of the time with an expression");
    ui.add_space(space::XS);
    let known = |one: &Expression| {
        let mut models = analysis.answering();
        models.any(|model| model.labels.contains(one))
    };
    for expression in Expression::ALL.into_iter().filter(known) {
        let share = tally.share(expression).map(|share| share as f32);
        let color = colors::expression(theme, Some(expression));
        meter_ui(ui, &title(Some(expression)), share, color, false)
            .on_hover_text(amount(analysis.unit, tally.of(expression)));
    }
    ui.add_space(space::M);
    heading_ui(ui, "Of the time in view");
    ui.add_space(space::XS);
    let rows = [
        ("Uncertain", tally.uncertain, "Nothing stood out"),
        ("Poor", tally.poor, "Small, dark, blurred or cut off"),
    ];
    let seen = tally.seen();
    for (name, part, why) in rows {
        let share = (seen > 0).then(|| part as f32 / seen as f32);
        let color = colors::expression(theme, None);
        meter_ui(ui, name, share, color, false)
            .on_hover_text(format!("{why}: {}", amount(analysis.unit, part)));
    }
}

fn tally(analysis: &Analysis, person: Option<usize>, phase: Option<usize>) -> Tally {
    let Some(phase) = phase.and_then(|index| analysis.phases.get(index)) else {
        let whose = person.and_then(|index| analysis.people.get(index));
        return whose.map_or(analysis.together, |person| person.tally);
    };
    if let Some(person) = person {
        return phase.people.get(person).copied().unwrap_or_default();
    }
    let mut together = Tally::default();
    for tally in &phase.people {
        together += *tally;
    }
    together
}
