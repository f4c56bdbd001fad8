//! The Kubernetes API: a client that can only read, and what it asks.

mod client;
mod collect;
mod connect;
mod discovery;
mod failure;
mod kubeconfig;
mod limits;
mod lists;
mod namespaced;
mod network;
mod proxy;
mod request;
mod secrets;
mod status;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
pub(crate) mod testing_certificates;
pub mod verify;

pub(crate) use client::As;
pub use client::{Answer, Client};
pub use collect::collect;
pub use connect::{Impersonation, Options, connect, prepare};
pub(crate) use connect::{connect_as_stranger, connect_with_token};
pub use failure::{Failure, Refusal};
pub(crate) use kubeconfig::SERVICE_ACCOUNT_FOLDER;
pub use kubeconfig::default_namespace;
pub use limits::Limits;
pub use request::{
    Document, GroupVersion, Guess, List, NodeName, Path, PodName, READ_IN_FULL, Request, Review,
    Scope, Watch,
};
