//! The heat map of one face, computed on a thread of its own by a copy of the model, so that nothing
//! waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Analysis, lock};
use crate::crash;
use crate::crop;
use crate::error::{Error, Result};
use crate::occlusion::{self, HeatMap};
use crate::pipeline::inbox::Word;
use crate::pipeline::{Asked, Explanation};
use crate::runtime::ProviderChoice;

impl Analysis {
    /// Begins the heat map of a face of the newest observation; one that was begun before ends.
    pub(super) fn explain(&mut self, face: u64) {
        self.stop_explaining();
        let observation = lock(&self.board.observation).clone();
        let found = observation.as_ref().and_then(|observation| {
            let face = observation.faces.iter().find(|one| one.id == face)?;
            Some((observation, face))
        });
        let (Some((observation, face)), Some(model)) = (found, &self.state.model) else {
            return;
        };
        let crop = crop::crop(&observation.frame, &face.detected, &model.card);
        let asked = Asked {
            observation: observation.number,
            face: face.id,
            model: model.named.clone(),
        };
        let stop = Arc::new(AtomicBool::new(false));
        self.explaining = Some(Arc::clone(&stop));
        let (inbox, load) = (Arc::clone(&self.inbox), Arc::clone(&self.loading.load));
        let started = thread::Builder::new()
            .name("mien-explain".to_owned())
            .spawn(move || {
                let outcome = crash::caught(|| {
                    let mut loaded = load(&asked.model, ProviderChoice::Cpu)?;
                    occlusion::heat_map(loaded.classifier.as_mut(), &crop, &stop)
                });
                if !stop.load(Ordering::Relaxed) {
                    inbox.tell(Word::Explained(asked, outcome));
                }
            });
        if let Err(error) = started {
            self.report(&Error::Thread(error));
        }
    }

    pub(super) fn take_map(&mut self, asked: &Asked, outcome: Result<HeatMap>) {
        match outcome {
            Ok(map) => {
                let asked = asked.clone();
                self.state.explanation = Some(Arc::new(Explanation { asked, map }));
            }
            Err(error) => self.report(&error),
        }
    }

    pub(super) fn stop_explaining(&mut self) {
        if let Some(stop) = self.explaining.take() {
            stop.store(true, Ordering::Relaxed);
        }
    }
}
