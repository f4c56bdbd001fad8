//! ENTERS: Docker and Podman hosts, through the Engine API. Only GET requests of a closed list leave.
//!
//! The client is our own (docs/decisions/0002-own-docker-client.md): raw answers go through the same decoders
//! as files, and daemons of unknown versions do not fail on typed models.

mod address;
mod client;
mod connect;
mod context;
mod endpoint;
mod events;
mod failure;
mod gather;
mod limits;
mod request;
mod ssh;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
mod version;

pub use address::Address;
pub use endpoint::{Endpoint, Verification, resolve};
pub(crate) use events::{EventsEnd, events};
pub use gather::collect;
pub use limits::Limits;
pub use tls::TlsFiles;
