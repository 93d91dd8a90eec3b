//! What makes a reading doubtful: small, dark, blurred, edge.
