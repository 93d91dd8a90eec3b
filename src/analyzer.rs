//! One frame in, one observation out: strings the stages together.
