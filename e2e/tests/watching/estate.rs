//! The cluster that all sessions work on.

use viewshed_bench::kubernetes::Audit;
use viewshed_bench::{ControlPlane, ControlPlaneOptions};

/// Records who, what and when of everything, and the bodies of access reviews, as
/// `docs/detections` recommend.
const POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  resources:
  - group: authentication.k8s.io
- level: RequestResponse
  resources:
  - group: authorization.k8s.io
- level: Metadata
";

const OBJECTS: &str = include_str!("estate.yaml");

pub(crate) fn start() -> ControlPlane {
    let options = ControlPlaneOptions {
        audit: audit(),
        ..ControlPlaneOptions::default()
    };
    ControlPlane::start(&options).unwrap()
}

/// What is recorded.
pub(crate) fn audit() -> Audit {
    Audit::Policy(POLICY.to_owned())
}

/// Makes what the sessions need, as the administrator who sets a cluster up.
pub(crate) fn furnish(plane: &ControlPlane) {
    plane.kubectl().apply(OBJECTS).unwrap();
}
