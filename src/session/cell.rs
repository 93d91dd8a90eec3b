//! How a number and a moment are printed in the log: plain decimals, RFC 3339 with milliseconds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

/// A number printed with a fixed count of decimals, never in scientific notation.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(transparent)]
pub struct Decimals<const PLACES: usize>(pub f32);

impl<const PLACES: usize> Serialize for Decimals<PLACES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.PLACES$}", self.0))
    }
}

/// A moment by the wall clock, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self(Timestamp::now())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_stay_plain_decimals() {
        assert_eq!(
            serde_json::to_string(&Decimals::<6>(0.000_01)).unwrap(),
            "\"0.000010\""
        );
        assert_eq!(
            serde_json::to_string(&Decimals::<1>(-12.34)).unwrap(),
            "\"-12.3\""
        );
    }

    #[test]
    fn a_moment_always_has_three_decimals_and_a_z() {
        let moment = Moment(Timestamp::from_millisecond(1_700_000_000_000).unwrap());
        let printed = serde_json::to_string(&moment).unwrap();
        assert_eq!(printed, "\"2023-11-14T22:13:20.000Z\"");
        assert_eq!(serde_json::from_str::<Moment>(&printed).unwrap(), moment);
    }
}
