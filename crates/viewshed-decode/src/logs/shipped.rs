//! What container runtimes and log shippers put around a line.

use super::shape::field;
use super::sink::Sink;
use super::time::rfc3339_us;

/// A line without its wrapper.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shipped<'a> {
    /// When the wrapper says that it was written; 0 when it does not.
    pub(super) at_us: i64,
    /// The line itself.
    pub(super) text: &'a str,
}

impl<'a> Shipped<'a> {
    /// Takes off the wrapper of a CRI log (`TIME stdout F TEXT`, kubernetes/cri-client `pkg/logs`), of Docker's
    /// json-file driver (`{"log":"TEXT\n","stream":"stdout","time":"TIME"}`), or the time alone.
    pub(super) fn of(line: &'a str, sink: &Sink<'a, '_>) -> Self {
        let line = line.trim_ascii();
        if line.starts_with("{\"log\":") {
            let text = sink.text_of(line, "log").trim_ascii();
            let at_us = rfc3339_us(sink.text_of(line, "time")).unwrap_or_default();
            if field(line, "log").is_some() {
                return Self { at_us, text };
            }
        }
        Self::bare(line)
    }

    /// The same for a line in which nothing is escaped.
    pub(super) fn bare(line: &'a str) -> Self {
        let Some((first, rest)) = line.split_once(' ') else {
            return Self {
                at_us: 0,
                text: line,
            };
        };
        let Some(at_us) = rfc3339_us(first) else {
            return Self {
                at_us: 0,
                text: line,
            };
        };
        let text = ["stdout ", "stderr "]
            .iter()
            .find_map(|stream| rest.strip_prefix(stream))
            .and_then(|rest| rest.split_once(' '))
            .map_or(rest, |(_tag, text)| text);
        Self { at_us, text }
    }
}
