//! The models there are: built in, in the user's folder, or anywhere by path.
