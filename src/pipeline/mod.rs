//! The live threads: capture, analysis, and what joins them to the window.
