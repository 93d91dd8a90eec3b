//! The readers of files that others wrote, as a crate of its own: the library of `tests/fuzz/`. Under the
//! fuzzer it builds in a minute, the whole of Mien in ten.

#![allow(dead_code, unused_imports, reason = "most of it is not fuzzed")]

pub mod card;
pub mod crop;
pub mod error;
pub mod expression;
pub mod face;
pub mod frame;
pub mod observation;
mod resize;
pub mod session;

/// The data sets alone.
pub mod evaluation {
    mod dataset;
    mod shelf;

    pub use dataset::{Dataset, Sample, Skipped, Usage};
}

/// The pictures alone.
pub mod source {
    pub mod pictures;

    /// As in the whole crate.
    pub trait FrameSource {
        fn next_frame(&mut self) -> crate::error::Result<Option<crate::frame::Frame>>;
        fn name(&self) -> &str;
        fn expected_frames(&self) -> Option<u64> {
            None
        }
    }
}
