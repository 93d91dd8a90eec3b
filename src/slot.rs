//! A place for the newest value only.
