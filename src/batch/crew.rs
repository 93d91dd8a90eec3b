//! Several files side by side, each on a thread with an analyzer of its own.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::{Batch, Item, Outcome, Progress};
use crate::crash;
use crate::error::{Error, Result};

/// Hears what came of an item; an error of its own ends the work.
pub type Done<'items, 'a> = dyn FnMut(&'items Item, Result<Outcome>) -> Result<()> + 'a;

/// Analyses items in their order, `jobs` at a time, each job with a batch of its own. `done` hears on
/// this thread what came of each, as soon as it has ended.
///
/// After an error that would spoil the next item as well, no job begins another one.
///
/// # Errors
/// [`Error::Thread`], or the first that `done` returns; the jobs then end after their items.
pub fn run_all<'items, 'stop>(
    items: &'items [Item],
    jobs: NonZeroUsize,
    batch: &(dyn Fn() -> Batch<'stop> + Sync),
    progress: &Progress,
    done: &mut Done<'items, '_>,
) -> Result<()> {
    let jobs = jobs.get().min(items.len());
    let next = AtomicUsize::new(0);
    let spoilt = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, ended) = sync_channel(jobs);
        let mut result = Ok(());
        for number in 1..=jobs {
            let sender = sender.clone();
            let (next, spoilt) = (&next, &spoilt);
            let job = move || {
                let mut batch = batch();
                while !spoilt.load(Ordering::Relaxed) && !batch.is_stopped() {
                    let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        break;
                    };
                    let outcome = crash::caught(|| batch.analyze(item, progress));
                    if outcome.is_err() {
                        spoilt.store(true, Ordering::Relaxed);
                    }
                    // Nobody listens any more only after an error, which is told already.
                    let _ended = sender.send((item, outcome));
                }
            };
            let builder = thread::Builder::new().name(format!("job {number}"));
            if let Err(error) = builder.spawn_scoped(scope, job) {
                spoilt.store(true, Ordering::Relaxed);
                result = Err(Error::Thread(error));
                break;
            }
        }
        drop(sender);
        for (item, outcome) in ended {
            if result.is_ok() {
                result = done(item, outcome);
            }
            if result.is_err() {
                spoilt.store(true, Ordering::Relaxed);
            }
        }
        result
    })
}
