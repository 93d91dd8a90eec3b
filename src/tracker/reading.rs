//! What is steadily read in one face.

use std::time::Duration;

use super::{TrackerSettings, share};
use crate::expression::{Expression, Probabilities};
use crate::face::Reading;

/// One model's answers for one face over time.
#[derive(Debug)]
pub(super) struct SteadyReading {
    smoothed: Probabilities,
    shown: Option<Expression>,
    /// What would take over, and since when.
    next: (Option<Expression>, Duration),
}

impl SteadyReading {
    /// Takes in an answer: the first of this face, or one after others. `time` is the frame's, and
    /// how long after the one before it is.
    pub(super) fn read(
        steady: &mut Option<Self>,
        (now, passed): (Duration, Duration),
        raw: Probabilities,
        settings: &TrackerSettings,
    ) -> Reading {
        let steady = match steady {
            Some(steady) => {
                steady.update(now, passed, raw, settings);
                steady
            }
            none => none.insert(Self::new(now, raw, settings)),
        };
        Reading {
            raw,
            smoothed: steady.smoothed,
            shown: steady.shown,
        }
    }

    /// Shows a label from this smoothed probability on, whatever was shown before.
    pub(super) fn show_from(&mut self, certain: f32) {
        self.shown = self.smoothed.top_from(certain);
        self.next.0 = self.shown;
    }

    fn new(now: Duration, raw: Probabilities, settings: &TrackerSettings) -> Self {
        let shown = raw.top_from(settings.certain);
        Self {
            smoothed: raw,
            shown,
            next: (shown, now),
        }
    }

    fn update(
        &mut self,
        now: Duration,
        passed: Duration,
        raw: Probabilities,
        settings: &TrackerSettings,
    ) {
        self.smoothed = self
            .smoothed
            .towards(&raw, share(passed, settings.smoothing));
        let (top, probability) = self.smoothed.top();
        let shown = self.shown.map_or(0.0, |shown| self.smoothed.of(shown));
        let next = if probability >= settings.certain {
            Some(top)
        } else if shown >= settings.doubtful {
            self.shown
        } else {
            None
        };
        if next != self.next.0 {
            self.next = (next, now);
        }
        let leads = next.is_some() && probability - shown >= settings.lead;
        let has_waited = now.saturating_sub(self.next.1) >= settings.patience;
        if leads || has_waited {
            self.shown = next;
        }
    }
}
