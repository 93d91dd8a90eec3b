//! Lines for another program, printed on a thread of their own: whoever reads them slowly holds up
//! neither the analysis nor the log.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Lines that may wait: eight seconds at 30 frames a second.
const WAITING: usize = 256;

pub(super) struct Printer {
    lines: SyncSender<String>,
    state: Arc<State>,
    /// Lines that came while too many waited.
    refused: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: AtomicU64,
    /// The reader wants no more.
    is_gone: AtomicBool,
}

impl Printer {
    /// Prints to standard output; a reader that has gone sets `stop`.
    pub(super) fn start(stop: Arc<AtomicBool>) -> Result<Arc<Self>> {
        let (sender, lines) = sync_channel::<String>(WAITING);
        let state = Arc::new(State::default());
        let own = Arc::clone(&state);
        let print = move || {
            let mut stdout = io::stdout();
            for line in lines {
                let written = stdout.write_all(line.as_bytes());
                if written.and_then(|()| stdout.flush()).is_err() {
                    own.is_gone.store(true, Ordering::SeqCst);
                    stop.store(true, Ordering::SeqCst);
                    return;
                }
                own.waiting.fetch_sub(1, Ordering::SeqCst);
            }
        };
        thread::Builder::new()
            .name("printer".to_owned())
            .spawn(print)
            .context("no thread for printing")?;
        Ok(Arc::new(Self {
            lines: sender,
            state,
            refused: AtomicU64::new(0),
        }))
    }

    /// Prints a line when its turn comes, or counts it when too many wait.
    pub(super) fn print(&self, line: String) {
        self.state.waiting.fetch_add(1, Ordering::SeqCst);
        if self.lines.try_send(line).is_err() {
            self.state.waiting.fetch_sub(1, Ordering::SeqCst);
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits for what is still to be printed, as long as somebody reads at least a line in the time of
    /// `patience`. Gives how many lines were not printed.
    pub(super) fn finish(&self, patience: Duration) -> u64 {
        let waiting = || self.state.waiting.load(Ordering::SeqCst);
        let (mut least, mut since) = (waiting(), Instant::now());
        while least > 0 && since.elapsed() < patience {
            if self.state.is_gone.load(Ordering::SeqCst) {
                return 0;
            }
            thread::sleep(Duration::from_millis(5));
            if waiting() < least {
                (least, since) = (waiting(), Instant::now());
            }
        }
        least + self.refused.load(Ordering::SeqCst)
    }
}
