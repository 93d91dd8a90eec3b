//! What a finished session says: plain numbers, a page, tables for other programs.

mod analysis;
mod count;
mod episodes;
mod export;
mod page;
mod second;
mod tally;
#[cfg(test)]
mod tests;
mod walk;
mod whole;

pub use analysis::{Analysis, Episode, Gap, Person, Phase, Shown, Span, Stretch, Transition, Unit};
pub use count::analyze;
pub use export::{Table, write_table};
pub use page::{name_of, page, write_page};
pub use second::Second;
pub use tally::{Flags, Tally};
