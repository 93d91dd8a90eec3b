//! How much was seen of what.

use std::ops::AddAssign;

use super::analysis::Shown;
use crate::expression::Expression;

/// Amounts of time in which faces were in view, by what they showed: milliseconds, or pictures (see
/// [`super::Unit`]). Poorly seen and uncertain time is kept apart and part of no expression's share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    expressions: [u64; Expression::ALL.len()],
    /// Nothing stood out.
    pub uncertain: u64,
    /// The face was small, dark, blurred or cut off by the edge.
    pub poor: u64,
}

impl Tally {
    pub(super) fn add(&mut self, shown: Shown, amount: u64) {
        *match shown {
            Shown::Expression(expression) => &mut self.expressions[expression as usize],
            Shown::Uncertain => &mut self.uncertain,
            Shown::Poor => &mut self.poor,
        } += amount;
    }

    /// How much one expression was shown.
    #[must_use]
    pub fn of(&self, expression: Expression) -> u64 {
        self.expressions[expression as usize]
    }

    /// How much any expression was shown: what shares are shares of.
    #[must_use]
    pub fn named(&self) -> u64 {
        self.expressions.iter().sum()
    }

    /// How much a face was in view.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.named() + self.uncertain + self.poor
    }

    /// The share of one expression in [`Self::named`], 0 to 1; `None` when no expression was.
    #[must_use]
    pub fn share(&self, expression: Expression) -> Option<f64> {
        let named = self.named();
        (named > 0).then(|| self.of(expression) as f64 / named as f64)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (sum, amount) in self.expressions.iter_mut().zip(other.expressions) {
            *sum += amount;
        }
        self.uncertain += other.uncertain;
        self.poor += other.poor;
    }
}

/// Amounts of time in which faces were seen poorly, by the reason; several may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Fewer pixels than the network's input.
    pub small: u64,
    /// Too little light.
    pub dark: u64,
    /// Out of focus or moving.
    pub blurred: u64,
    /// The box leaves the frame.
    pub edge: u64,
}

impl Flags {
    /// Adds `amount` to each flag in a row's `quality`.
    pub(super) fn add(&mut self, quality: &str, amount: u64) {
        for flag in quality.split('+') {
            *match flag {
                "small" => &mut self.small,
                "dark" => &mut self.dark,
                "blurred" => &mut self.blurred,
                "edge" => &mut self.edge,
                _ => continue,
            } += amount;
        }
    }
}
