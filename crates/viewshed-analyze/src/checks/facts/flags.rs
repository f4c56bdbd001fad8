//! Flags of containers, as their manifests give them.

use viewshed_model::Container;

/// Whether the flag is given, with or without a value.
pub(in crate::checks) fn has_flag(container: &Container, name: &str) -> bool {
    container.flags.iter().any(|(flag, _)| flag == name)
}

/// The value of the flag's last use, where it was kept.
pub(in crate::checks) fn flag_value<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    let last = container
        .flags
        .iter()
        .rev()
        .find(|(flag, _)| flag == name)?;
    last.1.as_deref()
}

/// A boolean flag; without a value it is true, as Go's flag packages have it (`strconv.ParseBool`).
pub(in crate::checks) fn switch(container: &Container, name: &str) -> Option<bool> {
    if !has_flag(container, name) {
        return None;
    }
    match flag_value(container, name) {
        None | Some("1" | "t" | "T" | "true" | "True" | "TRUE") => Some(true),
        Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Some(false),
        Some(_) => None,
    }
}
