//! Finds episodes and transitions in what one person showed.

use super::analysis::{Episode, Shown, Transition};
use crate::expression::Expression;

/// An episode goes on when the face is missed or poorly seen for no longer than this, in
/// milliseconds: a blink, a turned head. The tracker remembers a missed face for nearly as long.
const BRIDGE: u64 = 1000;

/// Takes in one moment after another.
#[derive(Debug, Default)]
pub(super) struct Episodes {
    found: Vec<Episode>,
    open: Option<Episode>,
    /// What was shown last, and until when the face was well seen, as long as nothing was missed.
    last: Option<Expression>,
    seen_until: u64,
    counts: [[u64; Expression::ALL.len()]; Expression::ALL.len()],
}

/// One person in one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub position: u64,
    pub amount: u64,
    pub shown: Shown,
    /// The probability of what is shown, in this frame.
    pub probability: f32,
    pub phase: usize,
    /// Nothing before goes on here.
    pub apart: bool,
}

impl Episodes {
    pub(super) fn take(&mut self, look: Look) {
        if look.apart || look.position > self.seen_until + BRIDGE {
            self.close();
            self.last = None;
        }
        let expression = match look.shown {
            Shown::Poor => return,
            Shown::Uncertain => {
                self.close();
                self.seen_until = look.position + look.amount;
                return;
            }
            Shown::Expression(expression) => expression,
        };
        let end = look.position + look.amount;
        self.seen_until = end;
        match &mut self.open {
            Some(open) if open.expression == expression => {
                open.end = end;
                if look.probability > open.peak {
                    (open.peak, open.peak_at) = (look.probability, look.position);
                }
            }
            _ => {
                self.close();
                self.begin(expression, look);
            }
        }
    }

    fn begin(&mut self, expression: Expression, look: Look) {
        if let Some(last) = self.last.replace(expression)
            && last != expression
        {
            self.counts[last as usize][expression as usize] += 1;
        }
        self.open = Some(Episode {
            expression,
            start: look.position,
            end: look.position + look.amount,
            peak: look.probability,
            peak_at: look.position,
            phase: look.phase,
        });
    }

    /// Ends everything: somebody else's turn, a gap, the end.
    fn close(&mut self) {
        self.found.extend(self.open.take());
    }

    pub(super) fn finish(mut self) -> (Vec<Episode>, Vec<Transition>) {
        self.close();
        let mut transitions = Vec::new();
        for from in Expression::ALL {
            for to in Expression::ALL {
                let count = self.counts[from as usize][to as usize];
                if count > 0 {
                    transitions.push(Transition { from, to, count });
                }
            }
        }
        (self.found, transitions)
    }
}
