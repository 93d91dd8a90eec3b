//! How good a model is: data sets and figures.
