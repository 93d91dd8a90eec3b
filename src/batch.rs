//! Offline: every frame of every file, as fast as the machine allows.
