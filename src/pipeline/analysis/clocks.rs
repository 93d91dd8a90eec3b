//! Notices that the computer slept or the program was stopped, and that somebody changed the clock.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

/// Less is a busy machine, or a clock that is being put right.
const NOTICED: f64 = 2.0;

/// What happened to time since it was looked at last, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Jump {
    /// Nothing was done for so long.
    Asleep(f64),
    /// The wall clock was set forward, or back if below zero.
    Clock(f64),
}

/// Compares the clocks each time it is asked.
#[derive(Debug)]
pub(super) struct Clocks {
    last: Reading,
}

/// Seconds, each from a start of its own.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// Stands still while the computer sleeps.
    awake: f64,
    /// Goes on meanwhile.
    up: f64,
    /// By the calendar.
    wall: f64,
}

impl Clocks {
    /// Looks at the clocks for the first time; `started` is any moment before.
    pub(super) fn new(started: Instant) -> Self {
        Self {
            last: Reading::now(started),
        }
    }

    /// What happened since the last look, of which `idle` was spent waiting for no longer than a
    /// moment.
    pub(super) fn look(&mut self, started: Instant, idle: Duration) -> Option<Jump> {
        let now = Reading::now(started);
        let before = std::mem::replace(&mut self.last, now);
        jump(before, now, idle.as_secs_f64())
    }
}

impl Reading {
    fn now(started: Instant) -> Self {
        let awake = started.elapsed().as_secs_f64();
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            awake,
            // Where the system does not tell, sleep looks like a clock that was set forward.
            up: uptime().unwrap_or(awake),
            wall: wall.map_or(0.0, |since| since.as_secs_f64()),
        }
    }
}

/// Seconds since the computer was started, those asleep included.
fn uptime() -> Option<f64> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn jump(before: Reading, now: Reading, idle: f64) -> Option<Jump> {
    let (awake, up, wall) = (
        now.awake - before.awake,
        now.up - before.up,
        now.wall - before.wall,
    );
    // A program that is stopped waits long for what was to take a moment.
    let stopped = if idle > NOTICED { idle } else { 0.0 };
    let asleep = (up - awake).max(0.0) + stopped;
    if asleep > NOTICED {
        return Some(Jump::Asleep(asleep));
    }
    let set = wall - up;
    (set.abs() > NOTICED).then_some(Jump::Clock(set))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds that pass on each clock.
    fn after(awake: f64, up: f64, wall: f64, idle: f64) -> Option<Jump> {
        let before = Reading {
            awake: 10.0,
            up: 7000.0,
            wall: 1.7e9,
        };
        let now = Reading {
            awake: before.awake + awake,
            up: before.up + up,
            wall: before.wall + wall,
        };
        jump(before, now, idle)
    }

    #[test]
    fn sleep_is_told_from_a_changed_clock_and_both_from_a_slow_analysis() {
        assert_eq!(after(0.1, 0.1, 0.1, 0.1), None);
        assert_eq!(after(9.0, 9.0, 9.0, 0.1), None, "nine seconds of work");
        let slept = after(0.5, 600.5, 600.5, 0.1);
        assert!(matches!(slept, Some(Jump::Asleep(time)) if (time - 600.0).abs() < 0.1));
        let stopped = after(5.0, 5.0, 5.0, 5.0);
        assert!(matches!(stopped, Some(Jump::Asleep(time)) if (time - 5.0).abs() < 0.1));
        let back = after(0.5, 0.5, -3599.5, 0.1);
        assert!(matches!(back, Some(Jump::Clock(time)) if (time + 3600.0).abs() < 0.1));
        assert_eq!(after(0.1, 0.1, 1.0, 0.1), None, "put right by a second");
    }

    #[test]
    fn nothing_jumps_between_two_looks() {
        let started = Instant::now();
        let mut clocks = Clocks::new(started);
        assert_eq!(clocks.look(started, Duration::ZERO), None);
    }
}
