//! What a source can show at all: every discovery action, visible, partly visible or invisible.
