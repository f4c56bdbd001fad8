//! Tests of REACH on whole estates; each part has tests of its own beside it.

mod np_guard;
