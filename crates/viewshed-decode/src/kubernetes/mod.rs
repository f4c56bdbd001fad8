//! ENTERS: answers of Kubernetes servers and objects of manifests, dumps and static pods.
//!
//! Everything is read through small structs of our own that hold only the fields an answer can
//! depend on: unknown fields cost nothing, `null` is the zero value as in Go, and an object with a
//! wrong type is a gap of its own while its neighbours are read. Values of environment variables,
//! config maps and secrets are judged or skipped while they are decoded, never stored.

mod annotations;
mod authentication;
mod authorization;
mod config;
mod container;
mod control_plane;
mod custom;
mod discovery;
mod flags;
mod gateway;
mod kubelet;
mod kubelet_answers;
mod list;
mod meta;
mod network;
mod network_setting;
mod node;
mod object;
mod place;
mod pod;
mod policy;
mod rbac;
mod server;
mod storage;
mod volume;
mod workload;

pub use authorization::authorization_configuration;
pub use control_plane::settings_from_pods;
pub use discovery::{Discovery, api_resources};
pub use kubelet::{configz, kubelet_configuration};
pub use kubelet_answers::{names_in_listing, pod_of_log_folder, pods_of_metrics, pods_of_summary};
pub(crate) use list::add_truncated_list;
pub use list::{ListPage, add_list};
pub use network_setting::network_settings;
pub use object::add_object;
pub(crate) use object::add_to;
pub use place::Place;
pub(crate) use policy::unread_text;
pub use server::{health, version};

#[cfg(test)]
mod tests;
