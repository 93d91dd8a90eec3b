//! Two models on the same pictures: is one better, or was it luck?

use serde::Serialize;

/// How two models differ on the same pictures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Their names.
    pub models: [String; 2],
    /// Pictures on which only the first was right.
    pub only_first: u64,
    /// Pictures on which only the second was right.
    pub only_second: u64,
    /// How often two equally good models differ at least so much (`McNemar` 1947, the exact
    /// two-sided test): a small value says that one is better on such pictures.
    pub p: f64,
}

/// Compares two models; `right` has for each picture whether the first and the second were right.
pub(super) fn compare(
    models: [String; 2],
    right: impl Iterator<Item = (bool, bool)>,
) -> Comparison {
    let (mut only_first, mut only_second) = (0, 0);
    for pair in right {
        match pair {
            (true, false) => only_first += 1,
            (false, true) => only_second += 1,
            _ => {}
        }
    }
    Comparison {
        models,
        only_first,
        only_second,
        p: mcnemar(only_first, only_second),
    }
}

/// Twice the chance of at most the smaller count among so many tosses of a fair coin.
fn mcnemar(left: u64, right: u64) -> f64 {
    let tosses = (left + right) as f64;
    // The logarithm of the chance of no head at all, then of one more each time: the numbers
    // themselves are too small for a float.
    let mut ln_chance = -tosses * 2.0_f64.ln();
    let mut chance = ln_chance.exp();
    for heads in 0..left.min(right) {
        let heads = heads as f64;
        ln_chance += ((tosses - heads) / (heads + 1.0)).ln();
        chance += ln_chance.exp();
    }
    (2.0 * chance).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_gives_the_exact_chances() {
        for (left, right, p) in [
            (0, 0, 1.0),
            (5, 5, 1.0),
            (1, 9, 22.0 / 1024.0),
            (9, 1, 22.0 / 1024.0),
            // scipy.stats.binomtest(120, 300).pvalue
            (120, 180, 0.000_634_2),
        ] {
            let found = mcnemar(left, right);
            assert!((found - p).abs() < 1e-6, "{left} and {right}: {found}");
        }
        assert!(mcnemar(3000, 5000) < 1e-90);
    }

    #[test]
    fn only_pictures_on_which_they_differ_count() {
        let right = [
            (true, true),
            (true, false),
            (false, false),
            (false, true),
            (true, false),
        ];
        let found = compare(["a".to_owned(), "b".to_owned()], right.into_iter());
        assert_eq!((found.only_first, found.only_second), (2, 1));
        assert!((found.p - 1.0).abs() < 1e-9);
    }
}
