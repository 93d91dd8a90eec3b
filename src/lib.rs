//! Facial expression recognition, live, on your own machine.
//!
//! Data flows one way: a [`source`] gives frames, the [`analyzer`] makes an [`observation`] of each,
//! and the window, the log and the report show it. `ARCHITECTURE.md` is the map.

// What travels.
pub mod card;
pub mod crash;
pub mod error;
pub mod expression;
pub mod face;
pub mod frame;
pub mod observation;
pub mod palette;
pub mod words;

// The stages.
pub mod analyzer;
pub mod cascade;
pub mod catalog;
pub mod classifier;
pub mod crop;
pub mod detector;
pub mod finder;
pub mod occlusion;
pub mod quality;
pub mod reader;
pub mod reference;
mod resize;
pub mod runtime;
pub mod self_test;
pub mod source;
pub mod tracker;

// The records.
pub mod annotated;
pub mod evaluation;
pub mod import;
pub mod session;

// What the records say.
pub mod report;

// The drivers.
pub mod batch;
pub mod pipeline;

// The window.
pub mod app;
