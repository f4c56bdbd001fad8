//! The built-in detections: one file and one page (`docs/detections/NAME.md`) each.

/// One detection: what it looks for.
#[derive(Debug)]
pub struct Detection {
    /// Kebab-case name: its file, its page and `viewshed explain NAME`.
    pub name: &'static str,
    /// One line: what it notices.
    pub title: &'static str,
    /// ATT&CK technique ids.
    pub techniques: &'static [&'static str],
    /// More weight than this it never adds to a session.
    pub cap: u32,
    /// Its page as Markdown; the cases are run as tests.
    pub page: &'static str,
}

/// Every detection, sorted by name.
pub static ALL: &[&Detection] = &[];

/// The page of a detection, as Markdown; `None` for a name that no detection has.
pub fn page(name: &str) -> Option<&'static str> {
    let detection = ALL.iter().find(|detection| detection.name == name)?;
    Some(detection.page)
}
