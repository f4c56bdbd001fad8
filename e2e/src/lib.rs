//! Real servers for tests: a Kubernetes control plane, a node, Docker hosts.
//!
//! Everything is started on this machine, in a folder of its own, and is gone when the value that
//! stands for it is dropped or when the process that made it ends, even by SIGKILL. What lives
//! here: finding and building the servers, starting them, talking to them. What does not:
//! anything that knows Viewshed.
#![warn(missing_docs)]

mod availability;
pub mod binaries;
mod certificates;
mod daemon;
pub mod docker;
mod forward;
mod image;
pub mod kubernetes;
mod machine;
pub mod packages;
mod progress;
mod run;
mod static_binary;
mod wait;

pub use availability::{Availability, Needs, availability};
pub use certificates::{Authority, KeyedCertificate};
pub use daemon::Daemon;
pub use docker::{DockerHost, DockerOptions};
pub use forward::Forward;
pub use image::Image;
pub use kubernetes::{ControlPlane, ControlPlaneOptions, Node, NodeOptions};
pub use machine::{Machine, NODE_ADDRESS};
pub use run::run;
pub use static_binary::static_binary;
pub use wait::wait_until;
