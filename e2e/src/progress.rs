//! LEAVES: progress lines on standard error, for whoever waits for a build.

/// Prints one line, marked as the bench's.
#[expect(
    clippy::print_stderr,
    reason = "builds take minutes, and the person waiting must see why"
)]
pub(crate) fn progress(line: &str) {
    eprintln!("bench: {line}");
}
