//! How an expression, a probability and a time are written for people.

use std::time::Duration;

use crate::expression::Expression;

/// What the law forbids, as people are told before they record.
pub const LAW: &str = "In the European Union, Article 5 of the AI Act forbids inferring emotions of \
                       people at work and in education, except for medical or safety reasons.";

/// An expression as a title: `Happy`, `Uncertain`.
#[must_use]
pub fn title(shown: Option<Expression>) -> String {
    let name = shown.map_or("uncertain", Expression::name);
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A probability as people read it: `81%`.
#[must_use]
pub fn percent(probability: f32) -> String {
    format!("{:.0}%", probability * 100.0)
}

/// A duration as a clock shows it: `0:07`, `1:02:03`.
#[must_use]
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_times_read_as_people_write_them() {
        assert_eq!(title(Some(Expression::Happy)), "Happy");
        assert_eq!(title(None), "Uncertain");
        assert_eq!(percent(0.806), "81%");
        assert_eq!(clock(Duration::from_secs(7)), "0:07");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }
}
