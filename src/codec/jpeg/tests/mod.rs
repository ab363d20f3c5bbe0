//! Tests of the whole codec, by theme.
