//! A model of the user's own on its way into the menu: what its card lacks is asked for, it is tried,
//! and the result is shown before it is taken.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egui::{ComboBox, Grid, RichText, TextEdit, Ui, vec2};

use super::background::Background;
use super::page::{buttons_ui, show};
use super::theme::{Palette, semibold, size, space};
use super::widgets::{button, main_button, sentence};
use super::{App, ModelEntry};
use crate::catalog::Model;
use crate::error::Result;
use crate::import::{Import, Keys, Trial};
use crate::pipeline::{Notice, Severity};
use crate::self_test::Verdict;

/// What is asked for, in this order; the choices of those that are one of a few.
const ASKED: [(&str, &str, &[&str]); 7] = [
    ("name", "Name", &[]),
    ("labels", "Labels, in the output's order", &[]),
    ("input", "Height x width x channels", &[]),
    ("layout", "Order of the axes", &["NCHW", "NHWC"]),
    ("color", "Colours", &["gray", "rgb", "bgr"]),
    ("scale", "Range of a pixel", &["0..255", "0..1", "-1..1"]),
    ("output", "What it answers", &["probabilities", "logits"]),
];

/// Width of a field: seven labels fit.
const FIELD: f32 = 336.0;

/// How far it is.
enum Step {
    /// The file is read and its card guessed.
    Reading(Background<Result<(Keys, Keys)>>),
    /// The user completes the card.
    Asking,
    /// The model is tried.
    Trying(Background<Result<Trial>>),
    /// The result is read.
    Tried(Trial),
    /// The file is of no use.
    Refused(String),
}

impl Step {
    fn name(&self) -> &'static str {
        match self {
            Self::Reading(_) => "model read",
            Self::Asking => "model asked about",
            Self::Trying(_) => "model on trial",
            Self::Tried(_) => "model tried",
            Self::Refused(_) => "model refused",
        }
    }
}

/// One model on its way.
pub(super) struct AddModel {
    import: Import,
    file: PathBuf,
    keys: Keys,
    /// Keys that nobody said: guessed, or left open.
    guessed: Vec<&'static str>,
    step: Step,
    /// What was wrong with the card the last time.
    complaint: Option<String>,
    /// Set to end what goes on in the background.
    stop: Arc<AtomicBool>,
}

/// What came of one pass.
pub(super) enum Outcome {
    /// It goes on.
    Open,
    /// The user changed their mind.
    Closed,
    /// The model is there.
    Added(Model),
}

impl AddModel {
    /// Begins with a file.
    pub fn open(ctx: &egui::Context, import: Import, file: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut reading = Background::default();
        let (importer, path, flag) = (import.clone(), file.clone(), Arc::clone(&stop));
        reading.start(ctx, "model guess", move || {
            let known = Import::known(&path)?;
            let guessed = if Import::missing(&known).is_empty() {
                known.clone()
            } else {
                importer.guess(&path, &known, &flag)?
            };
            Ok((known, guessed))
        });
        Self {
            import,
            file,
            keys: Keys::new(),
            guessed: Vec::new(),
            step: Step::Reading(reading),
            complaint: None,
            stop,
        }
    }

    /// Draws the page.
    pub fn ui(&mut self, ctx: &egui::Context) -> Outcome {
        self.listen();
        let mut outcome = Outcome::Open;
        let closed = show(ctx, self.step.name(), 590.0, |ui| {
            ui.heading("Add a model");
            let weak = Palette::of(ui.visuals()).weak;
            ui.label(RichText::new(self.file.display().to_string()).color(weak));
            ui.add_space(space::S);
            match &self.step {
                Step::Reading(_) => busy_ui(ui, "Looking at the file…"),
                Step::Trying(_) => busy_ui(ui, "Trying it on seven averaged faces…"),
                Step::Asking => self.ask_ui(ui),
                Step::Refused(reason) => {
                    ui.label(sentence(reason));
                    buttons_ui(ui, |ui| main_button(ui, "Close").clicked())
                }
                Step::Tried(trial) => match result_ui(ui, trial) {
                    Answer::Add => {
                        outcome = self.take();
                        false
                    }
                    Answer::Change => {
                        self.step = Step::Asking;
                        false
                    }
                    Answer::Cancel => true,
                    Answer::None => false,
                },
            }
        });
        if closed { Outcome::Closed } else { outcome }
    }

    /// Takes in what the background has found.
    fn listen(&mut self) {
        match &mut self.step {
            Step::Reading(reading) => match reading.take() {
                Some(Ok((known, guessed))) => {
                    self.guessed = ASKED
                        .into_iter()
                        .map(|(key, ..)| key)
                        .filter(|key| !known.contains_key(*key))
                        .collect();
                    self.keys = guessed;
                    let stem = self.file.file_stem().unwrap_or_default();
                    self.keys
                        .entry("name".to_owned())
                        .or_insert_with(|| stem.to_string_lossy().into_owned());
                    self.step = Step::Asking;
                }
                Some(Err(error)) => self.step = Step::Refused(error.to_string()),
                None => {}
            },
            Step::Trying(trying) => match trying.take() {
                Some(Ok(trial)) => self.step = Step::Tried(trial),
                Some(Err(error)) => {
                    self.complaint = Some(error.to_string());
                    self.step = Step::Asking;
                }
                None => {}
            },
            Step::Asking | Step::Tried(_) | Step::Refused(_) => {}
        }
    }

    /// The card's fields. Returns whether the user changed their mind.
    fn ask_ui(&mut self, ui: &mut Ui) -> bool {
        let palette = Palette::of(ui.visuals());
        ui.label(
            "How the model was trained decides how it must be fed. What the file does not say is \
             guessed from its shapes and from its answers to seven averaged faces: look it over.",
        );
        ui.add_space(space::S);
        Grid::new("card")
            .num_columns(3)
            .spacing(vec2(space::M, space::S))
            .show(ui, |ui| {
                for (key, name, choices) in ASKED {
                    let label = ui.label(name);
                    let value = self.keys.entry(key.to_owned()).or_default();
                    let listed = choices.contains(&value.as_str());
                    if listed || (value.is_empty() && !choices.is_empty()) {
                        let chosen = value.clone();
                        let list = ComboBox::from_id_salt(key)
                            .width(FIELD)
                            .selected_text(chosen)
                            .show_ui(ui, |ui| {
                                for choice in choices {
                                    ui.selectable_value(value, (*choice).to_owned(), *choice);
                                }
                            });
                        list.response.labelled_by(label.id);
                    } else {
                        let field = TextEdit::singleline(value)
                            .margin(vec2(8.0, 5.0))
                            .desired_width(FIELD);
                        ui.add(field).labelled_by(label.id);
                    }
                    let guessed = self.guessed.contains(&key) && key != "name";
                    let hint = if guessed { "guess" } else { "" };
                    ui.label(RichText::new(hint).small().color(palette.warn));
                    ui.end_row();
                }
            });
        if let Some(complaint) = &self.complaint {
            ui.label(RichText::new(sentence(complaint)).color(palette.error));
        }
        let mut tries = false;
        let closed = buttons_ui(ui, |ui| {
            tries = main_button(ui, "Try it").clicked();
            button(ui, "Cancel").clicked()
        });
        if tries {
            self.try_out(ui.ctx());
        }
        closed
    }

    fn try_out(&mut self, ctx: &egui::Context) {
        self.complaint = None;
        let mut keys = self.keys.clone();
        keys.retain(|_, value| !value.trim().is_empty());
        let (import, file, stop) = (
            self.import.clone(),
            self.file.clone(),
            Arc::clone(&self.stop),
        );
        let mut trying = Background::default();
        trying.start(ctx, "model trial", move || {
            import.try_out(&file, &keys, &stop)
        });
        self.step = Step::Trying(trying);
    }

    fn take(&mut self) -> Outcome {
        let Step::Tried(trial) = std::mem::replace(&mut self.step, Step::Asking) else {
            return Outcome::Open;
        };
        match trial.take() {
            Ok(model) => Outcome::Added(model),
            Err(error) => {
                self.complaint = Some(error.to_string());
                Outcome::Open
            }
        }
    }
}

impl App {
    /// Begins to take a model in.
    pub(super) fn add_model(&mut self, ctx: &egui::Context, file: PathBuf) {
        match &self.options.import {
            Some(import) => self.adding = Some(AddModel::open(ctx, import.clone(), file)),
            None => self.complain(ctx, "there is no home folder for models"),
        }
    }

    /// A model has been taken in: it is in the menu from now on.
    pub(super) fn added(&mut self, ctx: &egui::Context, model: &Model) {
        self.adding = None;
        let entry = ModelEntry::new(&model.card, model.bytes);
        let text = format!("'{}' is in the menu now", entry.title);
        self.options.models.push(entry);
        let severity = Severity::Info;
        self.toasts.add(ctx, Notice { severity, text });
    }
}

impl Drop for AddModel {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Whether a dropped or picked file is a model.
pub(super) fn is_model(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}

/// That it takes a moment. Returns whether the user changed their mind.
fn busy_ui(ui: &mut Ui, text: &str) -> bool {
    ui.horizontal(|ui| {
        ui.spinner();
        ui.label(text);
    });
    buttons_ui(ui, |ui| button(ui, "Cancel").clicked())
}

enum Answer {
    None,
    Add,
    Change,
    Cancel,
}

/// What was found, and what to do about it.
fn result_ui(ui: &mut Ui, trial: &Trial) -> Answer {
    let palette = Palette::of(ui.visuals());
    let passed = trial.test.passed();
    let (color, verdict) = if passed {
        (palette.good, "It can be used")
    } else {
        (palette.error, "It should not be used like this")
    };
    ui.label(
        RichText::new(verdict)
            .font(semibold(size::TITLE))
            .color(color),
    );
    ui.add_space(space::XS);
    Grid::new("checks")
        .num_columns(2)
        .min_row_height(22.0)
        .spacing(vec2(space::M, space::XS))
        .show(ui, |ui| {
            for check in &trial.test.checks {
                let color = match check.verdict {
                    Verdict::Passed => palette.good,
                    Verdict::Doubtful => palette.warn,
                    Verdict::Failed => palette.error,
                };
                ui.horizontal(|ui| {
                    let (dot, _) = ui.allocate_exact_size(vec2(8.0, 20.0), egui::Sense::hover());
                    ui.painter().circle_filled(dot.center(), 4.0, color);
                    ui.label(RichText::new(&check.name).font(semibold(size::BODY)));
                });
                ui.scope(|ui| {
                    ui.set_max_width(480.0);
                    ui.add(egui::Label::new(sentence(&check.detail)).wrap());
                });
                ui.end_row();
            }
        });
    buttons_ui(ui, |ui| {
        let add = if passed {
            main_button(ui, "Add").clicked()
        } else {
            false
        };
        let change = if passed {
            button(ui, "Change").clicked()
        } else {
            main_button(ui, "Change").clicked()
        };
        let anyway = !passed && button(ui, "Add anyway").clicked();
        let cancel = button(ui, "Cancel").clicked();
        match () {
            () if add || anyway => Answer::Add,
            () if change => Answer::Change,
            () if cancel => Answer::Cancel,
            () => Answer::None,
        }
    })
}
