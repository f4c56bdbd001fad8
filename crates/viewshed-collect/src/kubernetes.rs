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
mod watches;

pub(crate) use client::As;
pub use client::{Answer, Client};
pub use collect::collect;
pub use connect::Unchecked;
pub(crate) use connect::{Found, connect_as_stranger, connect_with_token};
pub use connect::{Impersonation, Options, connect, prepare};
pub use failure::{Failure, Refusal};
pub use kubeconfig::default_namespace;
pub(crate) use kubeconfig::{SERVICE_ACCOUNT_FOLDER, Token};
pub use limits::Limits;
pub(crate) use lists::{Part, full_name};
pub use request::{
    Document, GroupVersion, Guess, List, NodeName, Path, PodName, READ_IN_FULL, Request, Review,
    Scope, Watch,
};
pub(crate) use watches::read_watch;
