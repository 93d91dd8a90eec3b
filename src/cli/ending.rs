//! The requests to end: Ctrl-C, the system's, a terminal that closes.

use std::time::Duration;

/// Requests closer together are one: a terminal that closes sends several.
const TOGETHER: Duration = Duration::from_millis(300);

#[cfg(unix)]
pub(super) use self::unix::on_request;

#[cfg(unix)]
mod unix {
    use std::time::Instant;
    use std::{fs, io, process, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::TOGETHER;

    /// Calls `end` at the first request; a second one ends the program at once.
    pub fn on_request(end: impl Fn() + Send + 'static) -> io::Result<()> {
        let mut requests = vec![SIGINT, SIGTERM];
        // What `nohup` has started outlives its terminal.
        if !ignores(SIGHUP) {
            requests.push(SIGHUP);
        }
        let mut signals = Signals::new(requests)?;
        thread::Builder::new()
            .name("requests to end".to_owned())
            .spawn(move || {
                let mut first: Option<Instant> = None;
                for _ in signals.forever() {
                    match first {
                        None => end(),
                        Some(first) if first.elapsed() > TOGETHER => process::exit(130),
                        Some(_) => {}
                    }
                    first.get_or_insert_with(Instant::now);
                }
            })
            .map(|_| ())
    }

    /// Whether this process was started to ignore a signal, as by `nohup`, where the system tells.
    fn ignores(signal: i32) -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = (status.lines()).find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
    }
}

/// Calls `end` at the first request; a second one ends the program at once.
#[cfg(not(unix))]
pub(super) fn on_request(end: impl Fn() + Send + 'static) -> std::io::Result<()> {
    let mut first: Option<std::time::Instant> = None;
    ctrlc::set_handler(move || {
        match first {
            None => end(),
            Some(first) if first.elapsed() > TOGETHER => std::process::exit(130),
            Some(_) => {}
        }
        first.get_or_insert_with(std::time::Instant::now);
    })
    .map_err(std::io::Error::other)
}
