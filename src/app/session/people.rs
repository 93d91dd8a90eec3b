//! The label of a person's lane: who they are, and a menu to name them, make two one, or leave them
//! out.

use egui::accesskit::Role;
use egui::{Align2, Key, Popup, Rect, Response, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2};

use super::super::menu::separator;
use super::super::theme::{Palette, RADIUS, regular, semibold, size, space};
use super::super::widgets::{MenuItem, focus_ring, line_of_text, menu_heading};
use super::amount;
use crate::report::{Analysis, Person};
use crate::session::People;

/// What the user wants with a person.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deed {
    /// Show the shares of the person with this face, or of everyone.
    Choose(Option<u64>),
    /// Change who is who.
    Change(Change),
}

/// Another who is who.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// These faces have this name; an empty one takes it away.
    Name(Vec<u64>, String),
    /// The second is the first.
    Merge(u64, u64),
    /// These do not count.
    LeaveOut(Vec<u64>),
    /// This one counts again.
    TakeBack(u64),
}

impl Change {
    /// Does it.
    pub fn apply(self, people: &mut People) {
        match self {
            Self::Name(faces, name) => faces.iter().for_each(|face| people.name(*face, &name)),
            Self::Merge(face, other) => people.merge(face, other),
            Self::LeaveOut(faces) => faces.iter().for_each(|face| people.leave_out(*face)),
            Self::TakeBack(face) => people.take_back(face),
        }
    }
}

/// A name that is being typed, for the person with this face.
#[derive(Debug, Default)]
pub(super) struct Naming(Option<(u64, String)>);

impl Naming {
    /// Begins with the name that was given, if there is one.
    fn begin(&mut self, face: u64, name: &str) {
        let numbered = People::default().name_of(face);
        let given = if name == numbered { "" } else { name };
        self.0 = Some((face, given.to_owned()));
    }
}

/// Draws the label of a person into `rect`.
pub(super) fn label_ui(
    ui: &mut Ui,
    rect: Rect,
    analysis: &Analysis,
    person: &Person,
    chosen: bool,
    naming: &mut Naming,
) -> Option<Deed> {
    let face = *person.faces.first()?;
    if let Some((_, name)) = naming.0.as_mut().filter(|(named, _)| *named == face) {
        let field = TextEdit::singleline(name)
            .hint_text(People::default().name_of(face))
            .char_limit(60)
            .margin(vec2(6.0, 4.0));
        let field = ui.put(rect.shrink2(vec2(0.0, 2.0)), field);
        field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the person"));
        if !field.lost_focus() {
            field.request_focus();
            return None;
        }
        let name = std::mem::take(name);
        naming.0 = None;
        let kept = !ui.input(|input| input.key_pressed(Key::Escape)) && name != person.name;
        return kept.then(|| Deed::Change(Change::Name(person.faces.clone(), name)));
    }
    let (words, dots) = rect.split_left_right_at_x(rect.right() - 26.0);
    let seen = amount(analysis.unit, person.tally.seen());
    let response = name_ui(ui, words, &person.name, &seen, chosen);
    if response.double_clicked() {
        naming.begin(face, &person.name);
    } else if response.clicked() {
        return Some(Deed::Choose((!chosen).then_some(face)));
    }
    let more = dots_ui(ui, dots, &person.name);
    let menu = Popup::menu(&more).show(|ui| menu_ui(ui, analysis, person, face, naming));
    menu.and_then(|menu| menu.inner).map(Deed::Change)
}

/// The name, and at its right for how long they were in view.
fn name_ui(ui: &Ui, rect: Rect, name: &str, seen: &str, chosen: bool) -> Response {
    let palette = Palette::of(ui.visuals());
    let id = ui.scope_id().with(("person", name));
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| {
        let label = format!("{name}, {seen}");
        WidgetInfo::selected(Role::RadioButton, true, chosen, label)
    });
    if chosen || response.hovered() {
        let fill = if chosen { palette.hover } else { palette.track };
        ui.painter()
            .rect_filled(rect.shrink2(vec2(0.0, 2.0)), RADIUS, fill);
    }
    focus_ring(ui, &response, rect);
    let amount = ui.painter().text(
        rect.right_center() - vec2(space::S, 0.0),
        Align2::RIGHT_CENTER,
        seen,
        regular(size::SMALL),
        palette.weak,
    );
    let (font, color) = if chosen {
        (semibold(size::BODY), palette.strong)
    } else {
        (regular(size::BODY), palette.text)
    };
    let left = rect.left_center() + vec2(space::S, 0.0);
    let width = amount.left() - left.x - space::S;
    line_of_text(ui.painter(), left, name, font, color, width);
    response.on_hover_text("Click to see their shares; double-click to name them")
}

/// Three dots that open a menu.
fn dots_ui(ui: &Ui, rect: Rect, name: &str) -> Response {
    let palette = Palette::of(ui.visuals());
    let id = ui.scope_id().with(("more", name));
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("More about {name}")));
    if response.hovered() {
        ui.painter()
            .rect_filled(rect.shrink(2.0), RADIUS, palette.hover);
    }
    for x in [-5.0, 0.0, 5.0] {
        let dot = rect.center() + vec2(x, 0.0);
        ui.painter().circle_filled(dot, 1.5, palette.weak);
    }
    focus_ring(ui, &response, rect);
    response
}

fn menu_ui(
    ui: &mut Ui,
    analysis: &Analysis,
    person: &Person,
    face: u64,
    naming: &mut Naming,
) -> Option<Change> {
    ui.set_min_width(200.0);
    ui.spacing_mut().item_spacing.y = 1.0;
    let mut change = None;
    if ui.add(MenuItem::new("Name…")).clicked() {
        naming.begin(face, &person.name);
    }
    if ui.add(MenuItem::new("Leave out")).clicked() {
        change = Some(Change::LeaveOut(person.faces.clone()));
    }
    if person.faces.len() > 1 && ui.add(MenuItem::new("Take apart")).clicked() {
        change = Some(Change::Name(person.faces.clone(), String::new()));
    }
    let others = analysis
        .people
        .iter()
        .filter(|other| other.faces != person.faces);
    let others: Vec<_> = others.collect();
    if !others.is_empty() {
        separator(ui);
        menu_heading(ui, "Is the same person as");
        ScrollArea::vertical().max_height(240.0).show(ui, |ui| {
            for other in others {
                if ui.add(MenuItem::new(&other.name)).clicked() {
                    change = other.faces.first().map(|other| Change::Merge(*other, face));
                }
            }
        });
    }
    change
}

/// The label of a face that does not count, with the way to take it back.
pub(super) fn left_out_ui(ui: &mut Ui, rect: Rect, face: u64) -> Option<Deed> {
    let weak = Palette::of(ui.visuals()).weak;
    let left = rect.left_center() + vec2(space::S, 0.0);
    let text = format!("Face {face}, left out");
    line_of_text(
        ui.painter(),
        left,
        &text,
        regular(size::BODY),
        weak,
        rect.width() - 90.0,
    );
    let place = Rect::from_min_max(rect.right_top() - vec2(84.0, 0.0), rect.max);
    let back = egui::Button::new("Take back").small();
    let back = ui.put(place.shrink2(vec2(0.0, 4.0)), back);
    let back = back.on_hover_text(text);
    back.clicked()
        .then_some(Deed::Change(Change::TakeBack(face)))
}
