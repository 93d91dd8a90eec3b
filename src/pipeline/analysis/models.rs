//! The models at work: each is loaded beside the one that answers and takes its place when it is
//! ready, unless its self-test speaks against it.

use std::sync::Arc;

use super::{Analysis, lock};
use crate::analyzer::Analyzer;
use crate::error::{Error, Result};
use crate::observation::Observation;
use crate::pipeline::{ActiveModel, Agreement, Condition, Doubt, Loaded, Place};
use crate::runtime::ProviderChoice;
use crate::session::EventKind;

impl Analysis {
    pub(super) fn load_model(&mut self, place: Place, name: String) {
        self.state.doubt = None;
        match place {
            Place::First => self.wanted.first.clone_from(&name),
            Place::Second => self.wanted.second = Some(name.clone()),
        }
        let choice = self.state.provider;
        let started = self.loading.start(place, &name, choice, &self.inbox);
        self.show_loading(place, started.is_ok().then_some(name));
        if let Err(error) = started {
            self.report(&Error::Thread(error));
        }
    }

    /// Loads what is wanted once more, on another provider.
    pub(super) fn load_elsewhere(&mut self, choice: ProviderChoice) {
        self.state.provider = choice;
        self.load_model(Place::First, self.wanted.first.clone());
        if let Some(second) = self.wanted.second.clone() {
            self.load_model(Place::Second, second);
        }
    }

    /// Uses the model that is in doubt, or leaves it.
    pub(super) fn overrule(&mut self, use_it: bool) {
        let Some(doubt) = self.state.doubt.take() else {
            return;
        };
        if use_it {
            self.overruled.insert(doubt.named.clone());
            self.load_model(doubt.place, doubt.named);
        }
    }

    pub(super) fn take_model(
        &mut self,
        analyzer: &mut Analyzer,
        errand: u64,
        outcome: Result<Loaded>,
    ) {
        let Some((place, name)) = self.loading.finish(errand) else {
            return;
        };
        self.show_loading(place, None);
        match outcome {
            Ok(Loaded {
                doubt: Some(reason),
                classifier,
                ..
            }) if !self.overruled.contains(&name) => {
                self.want_what_is_at_work(place);
                self.state.doubt = Some(Doubt {
                    place,
                    named: name,
                    title: classifier.card().title.clone(),
                    reason,
                });
            }
            Ok(loaded) => {
                let active = ActiveModel::of(&loaded, &name);
                self.record_model(place, &active);
                self.state.agreement = Agreement::default();
                match place {
                    Place::First => {
                        self.state.model = Some(active);
                        analyzer.set_classifier(loaded.classifier);
                    }
                    Place::Second => {
                        self.state.second = Some(active);
                        analyzer.set_second(Some(loaded.classifier));
                    }
                }
                self.state.no_answer = false;
                self.look_again(analyzer, place);
            }
            Err(error) => {
                self.want_what_is_at_work(place);
                self.report(&error);
            }
        }
    }

    /// From now on one model answers alone.
    pub(super) fn end_second(&mut self, analyzer: &mut Analyzer) {
        self.wanted.second = None;
        self.loading.abandon(Place::Second);
        self.show_loading(Place::Second, None);
        if self.state.second.take().is_none() {
            return;
        }
        self.state.agreement = Agreement::default();
        let written = match &mut self.recorder {
            Some(recorder) => recorder.second_model(None),
            None => Ok(()),
        };
        self.keep_recording(written);
        analyzer.set_second(None);
        self.touch_up(|observation| {
            observation.second = None;
            for face in &mut observation.faces {
                face.second = None;
            }
        });
    }

    /// Shows a label from this share on.
    pub(super) fn be_certain(&mut self, analyzer: &mut Analyzer, share: f32) {
        self.state.certain = share;
        analyzer.set_certain(share);
        self.event(EventKind::Certain, &format!("{share:.2}"));
        self.touch_up(|observation| {
            for face in &mut observation.faces {
                face.reading.show_from(share);
                if let Some(second) = &mut face.second {
                    second.show_from(share);
                }
            }
        });
    }

    /// Whether no other picture comes: what changes is to be seen in this one.
    fn stands_still(&self) -> bool {
        matches!(self.state.condition, Condition::Paused | Condition::Ended)
    }

    /// Analyses the picture anew when no other one comes. For another first model it is one more frame,
    /// with a row that names the model; what a second one says of it is only shown.
    fn look_again(&mut self, analyzer: &mut Analyzer, place: Place) {
        let Some(frame) = self.latest.clone().filter(|_| self.stands_still()) else {
            return;
        };
        if place == Place::First {
            self.count(0);
        }
        match (self.look(analyzer, frame), place) {
            (Some(observation), Place::First) => self.keep(observation),
            (Some(observation), Place::Second) => self.show(observation),
            (None, Place::First) => self.lose(),
            (None, Place::Second) => {}
        }
    }

    /// Changes what is shown of the picture when no other one comes. It is the same answer: no row.
    fn touch_up(&mut self, change: impl FnOnce(&mut Observation)) {
        if self.stands_still()
            && let Some(shown) = lock(&self.board.observation).as_mut()
        {
            change(Arc::make_mut(shown));
        }
    }

    fn record_model(&mut self, place: Place, active: &ActiveModel) {
        let written = match (&mut self.recorder, place) {
            (None, _) => Ok(()),
            (Some(recorder), Place::First) => recorder.model(active),
            (Some(recorder), Place::Second) => recorder.second_model(Some(active)),
        };
        self.keep_recording(written);
    }

    fn want_what_is_at_work(&mut self, place: Place) {
        let named = |model: &Option<ActiveModel>| model.as_ref().map(|model| model.named.clone());
        match place {
            Place::First => {
                if let Some(named) = named(&self.state.model) {
                    self.wanted.first = named;
                }
            }
            Place::Second => self.wanted.second = named(&self.state.second),
        }
    }

    /// Waits for no model for ever.
    pub(super) fn give_up_loading(&mut self) {
        for place in [Place::First, Place::Second] {
            if !self.loading.takes_too_long(place) {
                continue;
            }
            let abandoned = self.loading.abandon(place);
            self.show_loading(place, None);
            self.want_what_is_at_work(place);
            if let Some(model) = abandoned {
                let seconds = self.loading.patience.as_secs();
                let reason =
                    format!("it did not load within {seconds} seconds; choose another model");
                self.report(&Error::BadModel { model, reason });
            }
        }
    }

    fn show_loading(&mut self, place: Place, name: Option<String>) {
        match place {
            Place::First => self.state.loading = name,
            Place::Second => self.state.second_loading = name,
        }
    }
}

impl ActiveModel {
    pub(in crate::pipeline) fn of(loaded: &Loaded, named: &str) -> Self {
        Self {
            named: named.to_owned(),
            card: Arc::new(loaded.classifier.card().clone()),
            provider: loaded.provider,
            provider_reason: loaded.provider_reason.clone(),
        }
    }
}
