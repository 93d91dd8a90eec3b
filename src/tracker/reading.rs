//! What is steadily read in one face.

use std::time::Duration;

use super::{TrackerSettings, share};
use crate::expression::{Expression, Probabilities};

/// One model's answers for one face over time.
#[derive(Debug)]
pub(super) struct SteadyReading {
    pub(super) smoothed: Probabilities,
    pub(super) shown: Option<Expression>,
    /// What would take over, and since when.
    next: (Option<Expression>, Duration),
}

impl SteadyReading {
    pub(super) fn new(now: Duration, raw: Probabilities, settings: &TrackerSettings) -> Self {
        let (top, probability) = raw.top();
        let shown = (probability >= settings.certain).then_some(top);
        Self {
            smoothed: raw,
            shown,
            next: (shown, now),
        }
    }

    pub(super) fn update(
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
