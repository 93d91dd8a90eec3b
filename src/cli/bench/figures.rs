//! What is measured: times of stages, frames a second, processor time, memory.

use std::fmt;
use std::fs;
use std::time::Duration;

use mien::observation::StageTimes;
use serde::Serialize;

/// The spread of a time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Millis {
    pub median: f64,
    pub p95: f64,
    pub p99: f64,
}

impl Millis {
    /// Of these times, by the nearest rank; zero without any.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let rank = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            let time = times.get(rank.saturating_sub(1));
            time.map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        Self {
            median: rank(0.5),
            p95: rank(0.95),
            p99: rank(0.99),
        }
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, p95, p99 } = self;
        write!(formatter, "{median:8.2} {p95:8.2} {p99:8.2}")
    }
}

/// What each stage took for each frame.
#[derive(Debug, Default)]
pub(super) struct Laps {
    frames: Vec<[Duration; NAMES.len()]>,
}

/// The stages in the order of their work, and all but the decoding, which is ffmpeg's.
const NAMES: [&str; 8] = [
    "decode",
    "shrink",
    "detect",
    "crop",
    "classify",
    "track",
    "log",
    "without decode",
];

impl Laps {
    pub fn add(&mut self, decode: Duration, times: &StageTimes, log: Duration) {
        let StageTimes {
            shrink,
            detect,
            crop,
            classify,
            track,
        } = *times;
        let all = times.total() + log;
        self.frames
            .push([decode, shrink, detect, crop, classify, track, log, all]);
    }

    /// Each stage and its times.
    pub fn stages(&self) -> Vec<(&'static str, Millis)> {
        let stage = |(index, name): (usize, &&'static str)| {
            let times = self.frames.iter().map(|frame| frame[index]);
            (*name, Millis::of(times.collect()))
        };
        NAMES.iter().enumerate().map(stage).collect()
    }
}

/// How quickly frames went through, and what that took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Throughput {
    pub frames_per_second: f64,
    /// Of this process and the programs it ran; `None` where the system does not tell.
    pub cpu_seconds_per_frame: Option<f64>,
}

impl Throughput {
    pub fn new(
        frames: u64,
        time: Duration,
        before: Option<Duration>,
        after: Option<Duration>,
    ) -> Self {
        let frames = frames as f64;
        let cpu = after
            .zip(before)
            .map(|(after, before)| after.saturating_sub(before).as_secs_f64() / frames.max(1.0));
        Self {
            frames_per_second: frames / time.as_secs_f64(),
            cpu_seconds_per_frame: cpu,
        }
    }
}

impl fmt::Display for Throughput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:>12.1}", self.frames_per_second)?;
        match self.cpu_seconds_per_frame {
            Some(seconds) => write!(formatter, " {:>20.2}", seconds * 1e3),
            None => write!(formatter, " {:>20}", "not known here"),
        }
    }
}

/// Processor time of this process and of the programs that it ran to their ends.
pub(super) fn cpu_time() -> Option<Duration> {
    cpu_time_in(&fs::read_to_string("/proc/self/stat").ok()?)
}

fn cpu_time_in(stat: &str) -> Option<Duration> {
    // Linux counts in hundredths of a second wherever Rust runs.
    const TICK: Duration = Duration::from_millis(10);
    // The name, in brackets, may hold anything.
    let (_, numbers) = stat.rsplit_once(')')?;
    let ticks = numbers
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(|ticks| ticks.parse::<u32>().ok());
    let ticks: Option<u32> = ticks.sum();
    Some(TICK * ticks?)
}

/// The most memory that this process ever held, in megabytes.
pub(super) fn peak_memory() -> Option<f64> {
    peak_memory_in(&fs::read_to_string("/proc/self/status").ok()?)
}

fn peak_memory_in(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_of_the_sorted_times() {
        let millis = Millis::of((1..=100).rev().map(Duration::from_millis).collect());
        let expected = Millis {
            median: 50.0,
            p95: 95.0,
            p99: 99.0,
        };
        assert_eq!(millis, expected);
        assert!(Millis::of(Vec::new()).median.abs() < 1e-9);
        assert!((Millis::of(vec![Duration::from_millis(7)]).p99 - 7.0).abs() < 1e-9);
    }

    #[test]
    fn processor_time_is_the_sum_of_ours_and_our_childrens() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 25 30 5 20 0 9 0";
        assert_eq!(cpu_time_in(stat), Some(Duration::from_millis(2100)));
        assert_eq!(cpu_time_in("nonsense"), None);
    }

    #[test]
    fn peak_memory_is_read_in_kibibytes() {
        let status = "Name:\tmien\nVmHWM:\t  125000 kB\nVmRSS:\t 9 kB\n";
        assert_eq!(peak_memory_in(status), Some(128.0));
        assert_eq!(peak_memory_in("VmRSS: 9 kB"), None);
    }
}
