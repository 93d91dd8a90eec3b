//! How far a second model agreed with the first, face by face.

use std::path::Path;

use crate::error::Result;
use crate::session;

/// What a second model said beside the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Second {
    /// Every second model's name, in the order of its first row.
    pub models: Vec<String>,
    /// Faces that both answered for, each frame's anew.
    pub faces: u64,
    /// How many of these got the same name.
    pub same: u64,
}

/// Compares the session's tables; `None` where there never was a second model. Both have the same
/// frames and faces in the same order, the second one fewer.
///
/// # Errors
/// [`crate::error::Error::Session`] if a table cannot be read.
pub(super) fn compare(folder: &Path) -> Result<Option<Second>> {
    let Some(rows) = session::second_rows(folder)? else {
        return Ok(None);
    };
    let mut firsts = session::rows(folder)?;
    let mut first = firsts.next().transpose()?;
    let mut second = Second::default();
    for row in rows {
        let row = row?;
        if !second.models.contains(&row.model) {
            second.models.push(row.model.clone());
        }
        let place = (row.frame, row.face_id);
        while first
            .as_ref()
            .is_some_and(|first| (first.frame, first.face_id) < place)
        {
            first = firsts.next().transpose()?;
        }
        if let Some(first) = &first
            && (first.frame, first.face_id) == place
            && row.face_id.is_some()
        {
            second.faces += 1;
            second.same += u64::from(first.label == row.label);
        }
    }
    Ok(Some(second))
}
