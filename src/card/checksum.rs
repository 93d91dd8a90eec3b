//! The checksum of a model's file.

use std::fmt;
use std::fmt::Write;
use std::sync::OnceLock;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The SHA-256 of a model's file, in hexadecimal.
#[derive(Clone)]
pub struct Checksum {
    hex: OnceLock<String>,
    /// What it is of, as long as nobody has asked for it.
    of: &'static [u8],
}

impl Checksum {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        sha256(bytes).into()
    }

    /// Of a file inside the program, when it is asked for: to read all of them at every start takes 10 ms
    /// and 7 MB.
    #[must_use]
    pub const fn later(of: &'static [u8]) -> Self {
        let hex = OnceLock::new();
        Self { hex, of }
    }

    /// It in hexadecimal.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.hex.get_or_init(|| sha256(self.of))
    }
}

impl From<String> for Checksum {
    fn from(hex: String) -> Self {
        let hex = OnceLock::from(hex);
        Self { hex, of: &[] }
    }
}

impl PartialEq for Checksum {
    fn eq(&self, other: &Self) -> bool {
        self.hex() == other.hex()
    }
}

impl fmt::Debug for Checksum {
    /// Not the megabytes that it is of.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Checksum")
            .field(&self.hex())
            .finish()
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.hex())
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.hex())
    }
}

/// The SHA-256 of some bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _infallible = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_it_is_the_same() {
        // The example of FIPS 180.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Checksum::later(b"abc").to_string(), abc);
        assert_eq!(Checksum::later(b"abc"), Checksum::of(b"abc"));
        assert_ne!(Checksum::later(b"ab"), Checksum::of(b"abc"));
        let debug = format!("{:?}", Checksum::later(b"abc"));
        assert_eq!(debug, format!("Checksum(\"{abc}\")"));
    }
}
