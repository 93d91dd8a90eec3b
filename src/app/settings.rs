//! What the window remembers from one run to the next.

use egui::ThemePreference;
use serde::{Deserialize, Serialize};

use super::markers::MarkerNames;
use crate::source::SourceSpec;
use crate::tracker::CERTAIN;

/// Kept by eframe in the user's data folder; a key that is missing there takes its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(super) struct Settings {
    /// Whether cameras are shown as a mirror shows them.
    pub mirror_cameras: bool,
    /// The same for files and the demo.
    pub mirror_files: bool,
    /// Boxes and labels on the picture.
    pub boxes: bool,
    /// The bars beside it.
    pub bars: bool,
    /// The last minute as a chart.
    pub chart: bool,
    /// Light, dark, or as the system says.
    pub theme: ThemePreference,
    /// What the network saw of the chosen face.
    pub seen: bool,
    /// A name is shown from this probability on.
    pub certain: f32,
    /// The model picked last.
    pub model: Option<String>,
    /// What the markers of the keys are called.
    pub markers: MarkerNames,
    /// Whether the notice before the first recording has been read.
    pub notice_read: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mirror_cameras: true,
            mirror_files: false,
            boxes: true,
            bars: true,
            chart: true,
            seen: false,
            certain: CERTAIN,
            theme: ThemePreference::System,
            model: None,
            markers: MarkerNames::default(),
            notice_read: false,
        }
    }
}

impl Settings {
    const KEY: &'static str = "settings";

    /// What was kept, or the defaults.
    pub fn load(storage: Option<&dyn eframe::Storage>) -> Self {
        let mut settings: Self = storage
            .and_then(|storage| eframe::get_value(storage, Self::KEY))
            .unwrap_or_default();
        // Somebody may have written into the file.
        if !(0.0..=1.0).contains(&settings.certain) {
            settings.certain = CERTAIN;
        }
        settings
    }

    /// Keeps the settings.
    pub fn save(&self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, Self::KEY, self);
    }

    /// Whether a source of this kind is mirrored.
    pub fn mirrors(&self, source: Option<&SourceSpec>) -> bool {
        if source.is_some_and(SourceSpec::is_camera) {
            self.mirror_cameras
        } else {
            self.mirror_files
        }
    }

    /// Turns mirroring round for sources of this kind.
    pub fn toggle_mirror(&mut self, source: Option<&SourceSpec>) {
        if source.is_some_and(SourceSpec::is_camera) {
            self.mirror_cameras = !self.mirror_cameras;
        } else {
            self.mirror_files = !self.mirror_files;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_are_mirrored_and_files_are_not_until_the_user_says_so() {
        let mut settings = Settings::default();
        let camera = SourceSpec::Camera(None);
        assert!(settings.mirrors(Some(&camera)));
        assert!(!settings.mirrors(Some(&SourceSpec::Demo)));
        settings.toggle_mirror(Some(&camera));
        assert!(!settings.mirrors(Some(&camera)));
        assert!(!settings.mirrors(Some(&SourceSpec::Demo)));
    }
}
