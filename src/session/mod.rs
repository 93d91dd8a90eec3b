//! A session is a folder: the log, its header and its events.
