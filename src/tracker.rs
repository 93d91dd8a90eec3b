//! Which face is which over time; smoothing and the steady label of each.
