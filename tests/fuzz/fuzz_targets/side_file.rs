//! Any text as the side file of a model without a card.

#![no_main]

#[path = "../../common/promises.rs"]
#[allow(dead_code, reason = "each target keeps its own promise")]
mod promises;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|side: &str| {
    promises::card_is_sound_or_refused(promises::silent_model(), Some(side));
});
