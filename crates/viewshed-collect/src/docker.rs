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
mod reading;
mod request;
mod ssh;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
mod version;

pub use address::Address;
pub(crate) use connect::{host_header, open};
pub use endpoint::{Endpoint, Verification, resolve};
pub(crate) use events::{EventsEnd, events};
pub(crate) use failure::Failure;
pub use gather::collect;
pub use limits::Limits;
pub(crate) use reading::{Read, Reader, Reading};
pub use tls::TlsFiles;
pub(crate) use tls::client_config;
