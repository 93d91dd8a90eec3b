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
    /// The same by Holm's correction (1979) for all pairs that were compared: of many pairs, one
    /// differs so much by chance more often than a single one does.
    pub p_holm: f64,
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
    let p = mcnemar(only_first, only_second);
    Comparison {
        models,
        only_first,
        only_second,
        p,
        p_holm: p,
    }
}

/// Corrects the pairs for their number.
pub(super) fn holm(pairs: &mut [Comparison]) {
    let mut by_p: Vec<&mut Comparison> = pairs.iter_mut().collect();
    by_p.sort_by(|left, right| left.p.total_cmp(&right.p));
    let (mut left, mut highest) = (by_p.len() as f64, 0.0_f64);
    for pair in by_p {
        highest = highest.max((left * pair.p).min(1.0));
        pair.p_holm = highest;
        left -= 1.0;
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
    fn of_many_pairs_each_needs_more_than_a_single_one() {
        let names = || ["a".to_owned(), "b".to_owned()];
        let pair = |p| Comparison {
            models: names(),
            only_first: 0,
            only_second: 0,
            p,
            p_holm: p,
        };
        // By hand: 4 times the least, 3 times the next, and none less than the one before it.
        let mut pairs = [0.04, 0.01, 0.03, 0.9].map(pair);
        holm(&mut pairs);
        for (pair, expected) in pairs.iter().zip([0.09, 0.04, 0.09, 0.9]) {
            assert!(
                (pair.p_holm - expected).abs() < 1e-9,
                "{pair:?}: {expected}"
            );
        }
        let mut one = [compare(names(), [(true, false)].into_iter())];
        holm(&mut one);
        assert!((one[0].p_holm - one[0].p).abs() < 1e-9);
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
