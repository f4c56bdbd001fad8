//! Where an object is read, for gaps and positions.

use viewshed_model::{Gap, GapReason, Position};

use crate::gaps::gap;

/// Where an object is read.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Cluster or file that gaps are attributed to.
    pub source: &'a str,
    /// File for positions; `None` for answers of a server.
    pub file: Option<&'a str>,
    /// First line of the text that is handed over, counted from 1.
    pub line: u32,
}

impl<'a> Place<'a> {
    /// A server's answer: objects get no position.
    pub fn server(source: &'a str) -> Self {
        Self {
            source,
            file: None,
            line: 1,
        }
    }

    /// The same place, further down.
    #[must_use]
    pub fn at(self, line: u32) -> Self {
        Self { line, ..self }
    }

    pub(crate) fn position(&self) -> Option<Box<Position>> {
        self.file.map(|file| {
            Box::new(Position {
                file: file.to_owned(),
                line: self.line,
            })
        })
    }

    /// A gap about this place; in files the line is named.
    pub(crate) fn gap(&self, what: &str, reason: GapReason, detail: &str, hint: &str) -> Gap {
        match self.file {
            Some(_) => gap(
                self.source,
                &format!("{what} at line {}", self.line),
                reason,
                without_position(detail),
                hint,
            ),
            None => gap(self.source, what, reason, detail, hint),
        }
    }
}

/// The parser's words without its own position, which counts from the object and not from the file
/// (`serde_json` writes ` at line 1 column 73` at the end).
fn without_position(detail: &str) -> &str {
    detail
        .rsplit_once(" at line ")
        .filter(|(_, position)| {
            let mut words = position.split(" column ");
            let is_number = |word: Option<&str>| {
                word.is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
            };
            is_number(words.next()) && is_number(words.next()) && words.next().is_none()
        })
        .map_or(detail, |(text, _)| text)
}
