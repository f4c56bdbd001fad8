//! Which rules can ever fire on a log.
