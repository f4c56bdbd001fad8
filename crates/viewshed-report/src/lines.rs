//! Adding to a text under construction.

/// Appends `text` and a line break.
pub(crate) fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Appends `text` alone.
pub(crate) fn put(out: &mut String, text: &str) {
    out.push_str(text);
}
