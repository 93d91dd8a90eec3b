//! Any box on pictures and inputs of any size up to 128 pixels.

#![no_main]

#[path = "../../common/promises.rs"]
#[allow(dead_code, reason = "each target keeps its own promise")]
mod promises;

use libfuzzer_sys::fuzz_target;
use mien::face::FaceBox;

fuzz_target!(|numbers: ([f32; 4], [u8; 4], bool, f32)| {
    let ([x, y, width, height], sides, colors, margin) = numbers;
    // As a card has it, which is checked when it is read.
    if !(-0.5..=2.0).contains(&margin) {
        return;
    }
    let face = FaceBox {
        x,
        y,
        width,
        height,
    };
    let [wide, high, across, down] = sides.map(|side| u32::from(side % 128) + 1);
    let card = promises::card_for((across, down), if colors { 3 } else { 1 }, margin);
    promises::crop_is_the_cards_and_the_pictures(&face, (wide, high), &card);
});
