//! Any bytes as a model's file.

#![no_main]

#[path = "../../common/promises.rs"]
#[allow(dead_code, reason = "each target keeps its own promise")]
mod promises;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|onnx: &[u8]| promises::card_is_sound_or_refused(onnx, None));
