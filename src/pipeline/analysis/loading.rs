//! Loads models on a thread of their own, and knows which are still waited for.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::crash;
use crate::pipeline::inbox::{Inbox, Word};
use crate::pipeline::{LoadModel, Place};
use crate::runtime::ProviderChoice;

/// A model to be loaded.
struct Errand {
    number: u64,
    name: String,
    choice: ProviderChoice,
}

/// A model that is being loaded.
struct Awaited {
    errand: u64,
    name: String,
    since: Instant,
}

/// How models are loaded, and which are waited for.
pub(in crate::pipeline) struct Loading {
    pub(super) load: Arc<LoadModel>,
    /// The thread that loaded the last one; it ends when this is dropped.
    thread: Option<SyncSender<Errand>>,
    pub(super) patience: Duration,
    /// How many were sent so far.
    errands: u64,
    /// The newest for the first place and for the second; what any other brings comes too late.
    awaited: [Option<Awaited>; 2],
}

impl Loading {
    pub(in crate::pipeline) fn new(load: Arc<LoadModel>, patience: Duration) -> Self {
        Self {
            load,
            thread: None,
            patience,
            errands: 0,
            awaited: [None, None],
        }
    }

    /// Has a model loaded for a place, and waits for no other there.
    pub(super) fn start(
        &mut self,
        place: Place,
        name: &str,
        choice: ProviderChoice,
        inbox: &Arc<Inbox>,
    ) -> io::Result<()> {
        self.abandon(place);
        self.errands += 1;
        let errand = Errand {
            number: self.errands,
            name: name.to_owned(),
            choice,
        };
        self.send(errand, inbox)?;
        self.awaited[place as usize] = Some(Awaited {
            errand: self.errands,
            name: name.to_owned(),
            since: Instant::now(),
        });
        Ok(())
    }

    /// Sends the thread that loaded the last one, for memory that a thread has used stays with it: one for
    /// each model took 24 MB more over 60 of them (docs/reliability.md). One that is still at work, perhaps
    /// for ever, is left to itself.
    fn send(&mut self, errand: Errand, inbox: &Arc<Inbox>) -> io::Result<()> {
        let is_free = self.awaited.iter().all(Option::is_none);
        let errand = match self.thread.take().filter(|_| is_free) {
            None => errand,
            Some(thread) => match thread.try_send(errand) {
                Ok(()) => {
                    self.thread = Some(thread);
                    return Ok(());
                }
                Err(TrySendError::Full(errand) | TrySendError::Disconnected(errand)) => errand,
            },
        };
        let (thread, errands) = sync_channel(1);
        let _there_is_room = thread.try_send(errand);
        let (inbox, load) = (Arc::clone(inbox), Arc::clone(&self.load));
        thread::Builder::new()
            .name("mien-model".to_owned())
            .spawn(move || {
                for errand in errands {
                    let outcome = crash::caught(|| load(&errand.name, errand.choice));
                    inbox.tell(Word::Loaded(errand.number, outcome));
                }
            })?;
        self.thread = Some(thread);
        Ok(())
    }

    /// For which place and by which name a model was loaded; `None` when it is waited for no longer.
    pub(super) fn finish(&mut self, errand: u64) -> Option<(Place, String)> {
        let is_it = |awaited: &mut Awaited| awaited.errand == errand;
        [Place::First, Place::Second].into_iter().find_map(|place| {
            let awaited = self.awaited[place as usize].take_if(is_it)?;
            Some((place, awaited.name))
        })
    }

    /// Waits no longer for what is being loaded for a place, and gives its name. Its thread cannot be
    /// ended; nothing else is to wait behind it.
    pub(super) fn abandon(&mut self, place: Place) -> Option<String> {
        let awaited = self.awaited[place as usize].take()?;
        self.thread = None;
        Some(awaited.name)
    }

    pub(super) fn takes_too_long(&self, place: Place) -> bool {
        let awaited = self.awaited[place as usize].as_ref();
        awaited.is_some_and(|awaited| awaited.since.elapsed() >= self.patience)
    }
}
