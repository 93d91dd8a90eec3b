//! The faces of nobody: one face for each of the challenge's seven expressions, on which the demo
//! is built and every model is tried. They are averages over many people, made by `training/`; no
//! person is in them.

use std::path::PathBuf;

use image::{GrayImage, ImageFormat};

use crate::error::{Error, Result};
use crate::expression::Expression;

/// The expressions that a face is there for: all but contempt, which FER-2013 does not have.
pub const EXPRESSIONS: [Expression; 7] = [
    Expression::Angry,
    Expression::Disgust,
    Expression::Fear,
    Expression::Happy,
    Expression::Sad,
    Expression::Surprise,
    Expression::Neutral,
];

/// The face of an expression: square, framed as FER-2013's pictures are.
///
/// # Errors
/// [`Error::BadPicture`] for contempt, or if the picture in the program is broken.
pub fn face(expression: Expression) -> Result<GrayImage> {
    let failed = |reason: String| Error::BadPicture {
        path: PathBuf::from(format!("{expression}.png, built in")),
        reason,
    };
    let png: &[u8] = match expression {
        Expression::Angry => include_bytes!("../assets/faces/angry.png"),
        Expression::Disgust => include_bytes!("../assets/faces/disgust.png"),
        Expression::Fear => include_bytes!("../assets/faces/fear.png"),
        Expression::Happy => include_bytes!("../assets/faces/happy.png"),
        Expression::Sad => include_bytes!("../assets/faces/sad.png"),
        Expression::Surprise => include_bytes!("../assets/faces/surprise.png"),
        Expression::Neutral => include_bytes!("../assets/faces/neutral.png"),
        Expression::Contempt => return Err(failed("there is none".to_owned())),
    };
    let face = image::load_from_memory_with_format(png, ImageFormat::Png);
    Ok(face
        .map_err(|error| failed(error.to_string()))?
        .into_luma8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_but_contempt_has_a_square_face() {
        for expression in Expression::ALL {
            let face = face(expression).map(|face| face.dimensions());
            assert_eq!(face.is_ok(), EXPRESSIONS.contains(&expression));
            assert!(face.is_err() || face.is_ok_and(|(width, height)| width == height));
        }
    }
}
