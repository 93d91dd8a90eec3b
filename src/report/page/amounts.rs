//! How positions, amounts and shares are written for people.

use std::time::Duration;

use crate::report::Unit;
use crate::words;

/// A position on the time line: `1:02:03`, or the picture's number from 1.
pub(super) fn position(unit: Unit, position: u64) -> String {
    match unit {
        Unit::Milliseconds => words::clock(Duration::from_millis(position)),
        Unit::Pictures => format!("picture {}", position + 1),
    }
}

/// A position with tenths of seconds: `2:03.4`.
pub(super) fn precise(position: u64) -> String {
    let tenths = position / 100;
    let clock = words::clock(Duration::from_secs(tenths / 10));
    format!("{clock}.{}", tenths % 10)
}

/// An amount: `0.4 s`, `2 min 05 s`, `1 h 03 min`, `12 pictures`.
pub(super) fn amount(unit: Unit, amount: u64) -> String {
    if unit == Unit::Pictures {
        return count(amount, "picture");
    }
    let seconds = (amount + 500) / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        _ if amount < 59_950 => format!("{:.1} s", amount as f64 / 1e3),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// `1 face`, `2 faces`.
pub(super) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// A number with thin spaces between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A share, 0 to 1, in whole percent; what is hardly there is not called nothing.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.5 => "<1%".to_owned(),
        percent => format!("{percent:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_say_them() {
        let time = |millis| amount(Unit::Milliseconds, millis);
        assert_eq!(time(0), "0.0 s");
        assert_eq!(time(340), "0.3 s");
        assert_eq!(time(59_960), "1 min 00 s");
        assert_eq!(time(125_400), "2 min 05 s");
        assert_eq!(time(3_723_000), "1 h 02 min");
        assert_eq!(amount(Unit::Pictures, 1), "1 picture");
        assert_eq!(count(432_000, "row"), "432\u{202f}000 rows");
        assert_eq!(precise(83_460), "1:23.4");
    }

    #[test]
    fn a_small_share_is_not_nothing() {
        assert_eq!(percent(0.0), "0%");
        assert_eq!(percent(0.002), "<1%");
        assert_eq!(percent(0.755), "76%");
        assert_eq!(percent(1.0), "100%");
    }
}
