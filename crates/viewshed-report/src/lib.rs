//! Answers in, bytes out: one file per output format. No IO, no clock.
//!
//! [`render`] is the one entry that a caller needs; the functions of the format modules are public for
//! callers that know what they want. Whatever the format, it is made from the same values, and text that
//! came from an estate reaches it only through [`clean()`] or the format's own escaping.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![warn(missing_docs)]

mod answer;
pub mod cef;
mod clean;
pub mod csv;
mod document;
pub mod dot;
pub mod falco;
mod group;
pub mod html;
pub mod json;
mod lines;
pub mod markdown;
pub mod navigator;
pub mod ocsf;
mod sarif;
mod style;
pub mod table;
mod wording;
pub mod yaml;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Format, NotOffered, render};
pub use clean::clean;
pub use document::SCHEMA_VERSION;
pub use sarif::{incidents as sarif_incidents, sarif};
pub use style::{Detail, Style};
