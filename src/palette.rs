//! A colour for each expression that colour-blind people can tell apart.
//!
//! The hues are those of Okabe and Ito ("Color Universal Design", 2008): vermilion, bluish green,
//! reddish purple, yellow, blue, orange, sky blue, and black for neutral. Their lightness was
//! searched for each ground, so that every colour stands out from it and every pair stays apart in
//! normal sight and in the three dichromacies; the tests in `app/colors.rs` hold that.

use crate::expression::Expression;

/// Red, green and blue of an expression on a dark ground and on pictures; `None` is uncertain.
#[must_use]
pub const fn on_dark(expression: Option<Expression>) -> [u8; 3] {
    match expression {
        Some(Expression::Angry) => [0xC1, 0x56, 0x48],
        Some(Expression::Disgust) => [0x87, 0xC0, 0x95],
        Some(Expression::Fear) => [0xA2, 0x64, 0xB3],
        Some(Expression::Happy) => [0xFC, 0xD7, 0x3E],
        Some(Expression::Sad) => [0x2A, 0x74, 0xF0],
        Some(Expression::Surprise) => [0xEA, 0xA0, 0x56],
        Some(Expression::Neutral) => [0xE4, 0xE8, 0xEF],
        Some(Expression::Contempt) => [0x68, 0xD0, 0xFF],
        None => [0x80, 0x84, 0x8A],
    }
}

/// Red, green and blue of an expression on a light ground; `None` is uncertain.
#[must_use]
pub const fn on_light(expression: Option<Expression>) -> [u8; 3] {
    match expression {
        Some(Expression::Angry) => [0x98, 0x3F, 0x00],
        Some(Expression::Disgust) => [0x14, 0x66, 0x3F],
        Some(Expression::Fear) => [0x80, 0x14, 0x7C],
        Some(Expression::Happy) => [0xA3, 0x91, 0x00],
        Some(Expression::Sad) => [0x06, 0x5F, 0xD9],
        Some(Expression::Surprise) => [0xC5, 0x81, 0x51],
        Some(Expression::Neutral) => [0x2E, 0x31, 0x37],
        Some(Expression::Contempt) => [0x08, 0x9D, 0xC6],
        None => [0x7A, 0x7E, 0x85],
    }
}
