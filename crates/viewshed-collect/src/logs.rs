//! Where events come from: files and folders, standard input, pushed bodies, a Docker daemon's events.
//!
//! All of them end in one place, [`Sources`], which hands out [`Chunk`]s of bytes; what the bytes mean is
//! the matter of `viewshed-decode`. What was handed out counts as read only when it is given back with
//! [`Sources::done`]: [`Sources::positions`] tells how far that is, to be kept together with whatever was made
//! of it, so that after any stop nothing is missing and nothing comes twice.

mod bodies;
mod chunk;
mod compression;
mod docker_events;
mod family;
mod file;
mod follow;
mod head;
mod inbox;
pub mod limits;
mod lines;
mod listener;
mod merge;
mod plan;
mod positions;
mod report;
mod roots;
mod sources;
mod spares;
mod standard_input;
#[cfg(test)]
mod tests;
mod tls;

pub use chunk::Chunk;
pub use compression::uncompressed;
pub use listener::{Acknowledge, ListenerSettings, ListenerTls};
pub use report::SourceState;
pub use sources::{Follow, Next, SourceSettings, Sources};
