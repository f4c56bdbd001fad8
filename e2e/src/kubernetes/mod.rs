//! Kubernetes: a control plane alone, or with one node that runs pods.

mod api;
mod apiserver;
mod control_plane;
mod kubeconfig;
mod kubectl;
mod node;
mod node_files;
mod options;

pub use control_plane::ControlPlane;
pub use kubeconfig::Endpoint;
pub use kubectl::Kubectl;
pub use node::Node;
pub use options::{Audit, Authorization, ControlPlaneOptions, NodeOptions, Scheduler};
