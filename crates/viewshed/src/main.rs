//! The `viewshed` command: flags, wiring and exit codes; the work is done in the other crates.
fn main() {}
