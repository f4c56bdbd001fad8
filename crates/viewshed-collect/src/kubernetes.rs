//! The Kubernetes API: a client that can only read, and what it asks.

mod client;
mod connect;
mod failure;
mod kubeconfig;
mod limits;
mod proxy;
mod request;
#[cfg(test)]
mod testing;
pub mod verify;

pub use client::{Answer, Client};
pub use connect::{Impersonation, Options, connect};
pub use failure::{Failure, Refusal};
pub use limits::Limits;
pub use request::{
    Document, GroupVersion, List, NodeName, Path, READ_IN_FULL, Request, Review, Scope,
};
