//! From a face's box to a network's input: the only preprocessing there is.

/// A network's input for one face, as its card asks: `height × width × channels` values before
/// scaling, 0–255, rows first, channels last.
#[derive(Debug, Clone, PartialEq)]
pub struct Crop {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// 1 or 3.
    pub channels: u32,
    /// `height × width × channels` bytes.
    pub pixels: Vec<u8>,
}
