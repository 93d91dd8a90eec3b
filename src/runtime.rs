//! Finding and starting ONNX Runtime; which provider runs, and why not the other.
