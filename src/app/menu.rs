//! The menu bar.

use egui::{MenuBar, ThemePreference, Ui};

use super::action::Action;
use super::background::{Background, Pick};
use super::keys::NUMBERS;
use super::page::Page;
use super::settings::Settings;
use super::theme::{RADIUS, space};
use super::widgets::{Mark, MenuItem, menu_heading, sentence};
use super::{ModelEntry, markers, record::RecordView};
use crate::pipeline::{Command, Place, State};
use crate::runtime::ProviderChoice;
use crate::source::SourceSpec;

/// What the menus list.
pub(super) struct Lists<'a> {
    /// The models, in their order.
    pub models: &'a [ModelEntry],
    /// The cameras that were found, `None` before the first look.
    pub cameras: Option<&'a [String]>,
    /// The look that is going on, if any.
    pub looking: &'a Background<Vec<String>>,
    /// Why CUDA cannot be had, once that is known.
    pub cuda_reason: Option<&'a str>,
    /// Whether a session is looked at.
    pub session: bool,
    /// Whether the window fills the screen.
    pub full_screen: bool,
}

/// Draws the bar, with recording at its right.
pub(super) fn menu_ui(
    ui: &mut Ui,
    lists: &Lists<'_>,
    state: &State,
    settings: &mut Settings,
    record: &RecordView,
    actions: &mut Vec<Action>,
) {
    MenuBar::new().style(bar_style).ui(ui, |ui| {
        ui.menu_button("Source", |ui| source_menu(ui, lists, state, actions));
        ui.menu_button("Model", |ui| model_menu(ui, lists, state, actions));
        ui.menu_button("Provider", |ui| provider_menu(ui, lists, state, actions));
        ui.menu_button("View", |ui| view_menu(ui, lists, state, settings, actions));
        ui.menu_button("Markers", |ui| {
            menu(ui, 240.0);
            markers::menu_ui(ui, &settings.markers, state, actions);
        });
        ui.menu_button("Help", |ui| help_menu(ui, actions));
        let right = egui::Layout::right_to_left(egui::Align::Center);
        if !lists.session || state.recording.is_some() {
            ui.with_layout(right, |ui| record.ui(ui, state, actions));
        }
    });
}

/// Flat names that show a ground under the pointer only.
fn bar_style(style: &mut egui::Style) {
    style.spacing.button_padding = egui::vec2(10.0, 4.0);
    style.spacing.item_spacing.x = 2.0;
    let widgets = &mut style.visuals.widgets;
    widgets.inactive.weak_bg_fill = egui::Color32::TRANSPARENT;
    for visuals in [&mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
        visuals.corner_radius = RADIUS.into();
    }
}

/// Sets a menu's width and the gaps between its rows.
fn menu(ui: &mut Ui, width: f32) {
    ui.set_min_width(width);
    ui.spacing_mut().item_spacing.y = 1.0;
}

pub(super) fn separator(ui: &mut Ui) {
    ui.add(egui::Separator::default().spacing(space::S + 1.0));
}

fn source_menu(ui: &mut Ui, lists: &Lists<'_>, state: &State, actions: &mut Vec<Action>) {
    menu(ui, 240.0);
    // Once each time the menu opens: the list that was looked up before is shown until then.
    let id = ui.scope_id().with("cameras looked for");
    let pass = ui.ctx().cumulative_pass_nr();
    let last = ui.data_mut(|data| data.get_temp::<u64>(id));
    if last.is_none_or(|last| last + 1 < pass) {
        actions.push(Action::ListCameras);
    }
    ui.data_mut(|data| data.insert_temp(id, pass));

    menu_heading(ui, "Cameras");
    match lists.cameras {
        None => drop(ui.add_enabled(
            false,
            MenuItem::new("Looking for cameras…").mark(Mark::Busy),
        )),
        Some([]) => {
            let label = if lists.looking.is_busy() {
                "Looking for cameras…"
            } else {
                "None found"
            };
            ui.add_enabled(false, MenuItem::new(label));
        }
        Some(cameras) => {
            for name in cameras {
                let active = matches!(&state.source, Some(SourceSpec::Camera(_)))
                    && state.source_name == *name;
                if ui
                    .add(MenuItem::new(name).mark(Mark::Tick(active)))
                    .clicked()
                {
                    let spec = SourceSpec::Camera(Some(name.clone()));
                    actions.push(Action::Tell(Command::Source(spec)));
                }
            }
        }
    }
    separator(ui);
    if ui.add(MenuItem::new("Open file…")).clicked() {
        actions.push(Action::Pick(Pick::File));
    }
    if ui.add(MenuItem::new("Open folder…")).clicked() {
        actions.push(Action::Pick(Pick::Folder));
    }
    if ui.add(MenuItem::new("Open session…")).clicked() {
        actions.push(Action::Pick(Pick::Session));
    }
    separator(ui);
    let demo = Mark::Tick(state.source == Some(SourceSpec::Demo));
    let item = MenuItem::new("Demo")
        .detail("An averaged face, through all expressions")
        .mark(demo);
    if ui.add(item).clicked() {
        actions.push(Action::Tell(Command::Source(SourceSpec::Demo)));
    }
}

fn model_menu(ui: &mut Ui, lists: &Lists<'_>, state: &State, actions: &mut Vec<Action>) {
    menu(ui, 300.0);
    let active = state.model.as_ref().map(|model| &*model.card.name);
    let loading = state.loading.as_deref();
    let mark = |name: &str| {
        if loading == Some(name) {
            Mark::Busy
        } else {
            Mark::Tick(active == Some(name))
        }
    };
    let add = |ui: &mut Ui, text: &str| ui.add(MenuItem::new(text)).clicked();
    for (index, model) in lists.models.iter().enumerate() {
        let key = if index < NUMBERS.len() {
            (index + 1).to_string()
        } else {
            String::new()
        };
        let item = MenuItem::new(&model.title)
            .detail(&model.summary)
            .key(key)
            .mark(mark(&model.name));
        if ui.add(item).clicked() {
            actions.push(Action::PickModel(model.name.clone()));
        }
    }
    // A model that was named by its path is in no list.
    if let Some(model) = &state.model
        && !lists
            .models
            .iter()
            .any(|entry| *entry.name == *model.card.name)
    {
        separator(ui);
        ui.add(MenuItem::new(&model.card.title).mark(Mark::Tick(true)));
    }
    separator(ui);
    ui.scope(|ui| {
        // In line with the other rows' words.
        ui.spacing_mut().button_padding = egui::vec2(26.0, 6.0);
        ui.menu_button("Second model", |ui| second_menu(ui, lists, state, actions));
    });
    if add(ui, "About this model…") {
        actions.push(Action::Show(Page::Card(Place::First)));
    }
    if add(ui, "Confidence threshold…") {
        actions.push(Action::Show(Page::Certain));
    }
    separator(ui);
    if add(ui, "Add…") {
        actions.push(Action::Pick(Pick::Model));
    }
}

/// The models that can answer beside the first.
fn second_menu(ui: &mut Ui, lists: &Lists<'_>, state: &State, actions: &mut Vec<Action>) {
    menu(ui, 300.0);
    let active = state.second.as_ref().map(|model| &*model.card.name);
    let loading = state.second_loading.as_deref();
    let none = MenuItem::new("None").mark(Mark::Tick(active.is_none() && loading.is_none()));
    if ui.add(none).clicked() {
        actions.push(Action::Tell(Command::SecondModel(None)));
    }
    for model in lists.models {
        let mark = if loading == Some(&model.name) {
            Mark::Busy
        } else {
            Mark::Tick(active == Some(&model.name))
        };
        let label = format!("And {}", model.title);
        let item = MenuItem::new(&label).detail(&model.summary).mark(mark);
        if ui.add(item).clicked() {
            let second = Command::SecondModel(Some(model.name.clone()));
            actions.push(Action::Tell(second));
        }
    }
    if state.second.is_some() {
        separator(ui);
        if ui.add(MenuItem::new("About the second model…")).clicked() {
            actions.push(Action::Show(Page::Card(Place::Second)));
        }
    }
}

fn provider_menu(ui: &mut Ui, lists: &Lists<'_>, state: &State, actions: &mut Vec<Action>) {
    menu(ui, 260.0);
    let rows = [
        (
            ProviderChoice::Auto,
            "Auto",
            "CUDA if there is one, else the CPU",
        ),
        (ProviderChoice::Cpu, "CPU", "Works everywhere"),
        (ProviderChoice::Cuda, "CUDA", "NVIDIA cards only"),
    ];
    for (choice, label, detail) in rows {
        let reason = lists.cuda_reason.filter(|_| choice == ProviderChoice::Cuda);
        let detail = if reason.is_some() {
            "Not available here"
        } else {
            detail
        };
        let item = MenuItem::new(label)
            .detail(detail)
            .mark(Mark::Tick(state.provider == choice));
        let mut response = ui.add_enabled(reason.is_none(), item);
        if let Some(reason) = reason {
            response = response.on_disabled_hover_text(sentence(reason));
        }
        if response.clicked() {
            actions.push(Action::Tell(Command::Provider(choice)));
        }
    }
}

fn view_menu(
    ui: &mut Ui,
    lists: &Lists<'_>,
    state: &State,
    settings: &mut Settings,
    actions: &mut Vec<Action>,
) {
    menu(ui, 220.0);
    let mirrored = settings.mirrors(state.source.as_ref());
    if ui
        .add(MenuItem::new("Mirror").key("M").mark(Mark::Tick(mirrored)))
        .clicked()
    {
        actions.push(Action::ToggleMirror);
    }
    let switches = [
        ("Boxes and labels", &mut settings.boxes),
        ("Bars", &mut settings.bars),
        ("What the network saw", &mut settings.seen),
        ("Chart", &mut settings.chart),
    ];
    for (label, switch) in switches {
        if ui
            .add(MenuItem::new(label).mark(Mark::Tick(*switch)))
            .clicked()
        {
            *switch = !*switch;
        }
    }
    separator(ui);
    let themes = [
        ("Light", ThemePreference::Light),
        ("Dark", ThemePreference::Dark),
        ("As the system", ThemePreference::System),
    ];
    for (label, theme) in themes {
        if ui
            .add(MenuItem::new(label).mark(Mark::Tick(settings.theme == theme)))
            .clicked()
        {
            settings.theme = theme;
        }
    }
    separator(ui);
    let full = Mark::Tick(lists.full_screen);
    if ui
        .add(MenuItem::new("Full screen").key("F").mark(full))
        .clicked()
    {
        actions.push(Action::ToggleFullScreen);
    }
}

fn help_menu(ui: &mut Ui, actions: &mut Vec<Action>) {
    menu(ui, 200.0);
    if ui.add(MenuItem::new("Keyboard shortcuts")).clicked() {
        actions.push(Action::Show(Page::Shortcuts));
    }
    if ui.add(MenuItem::new("About Mien")).clicked() {
        actions.push(Action::Show(Page::About));
    }
}
