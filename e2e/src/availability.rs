//! Whether a test may use a part of the bench here, must, or should say that it cannot.

use std::env;

use anyhow::{Result, bail};

use crate::binaries::{self, Binary};
use crate::packages;
use crate::progress::progress;

/// A part of the bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// etcd, kube-apiserver, kube-controller-manager; no root.
    ControlPlane,
    /// A control plane with a node; root and Debian's packages.
    Node,
    /// Debian's Docker; root and Debian's packages.
    DockerDebian,
    /// The newest Docker; root and Debian's packages.
    DockerNewest,
}

/// The answer of [`availability`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Go on.
    Ready,
    /// Return from the test; the reason was printed.
    Skip,
}

/// Tells a test whether to go on.
///
/// With `CI` or `VIEWSHED_BENCH=require` in the environment, a part that cannot run is an error,
/// and what is not built yet is built. Otherwise such a test is skipped, with the reason on
/// standard error.
pub fn availability(needs: Needs) -> Result<Availability> {
    let Some(reason) = obstacle(needs) else {
        return Ok(Availability::Ready);
    };
    let required = env::var_os("VIEWSHED_BENCH").is_some_and(|value| value == "require");
    if !required && env::var_os("CI").is_none_or(|value| value.is_empty() || value == "false") {
        progress(&format!("SKIPPED, the test did not run: {reason}"));
        return Ok(Availability::Skip);
    }
    match reason {
        Obstacle::NotBuilt(_) => Ok(Availability::Ready),
        Obstacle::NoRoot | Obstacle::NoPackages(_) => bail!("{reason}"),
    }
}

enum Obstacle {
    NoRoot,
    NoPackages(String),
    NotBuilt(String),
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoRoot => write!(f, "nodes and Docker hosts need root"),
            Self::NoPackages(packages) => {
                write!(
                    f,
                    "Debian packages are missing ({packages}): run `cargo run -p viewshed-bench -- prepare`"
                )
            }
            Self::NotBuilt(names) => {
                write!(
                    f,
                    "not built yet: {names}: run `cargo run -p viewshed-bench -- prepare`"
                )
            }
        }
    }
}

fn obstacle(needs: Needs) -> Option<Obstacle> {
    if needs != Needs::ControlPlane {
        if !rustix::process::geteuid().is_root() {
            return Some(Obstacle::NoRoot);
        }
        let missing: Vec<&str> = packages::missing().into_iter().collect();
        if !missing.is_empty() {
            return Some(Obstacle::NoPackages(missing.join(", ")));
        }
    }
    let needed: &[Binary] = match needs {
        Needs::ControlPlane => &binaries::CONTROL_PLANE,
        Needs::Node => &binaries::NODE,
        Needs::DockerDebian => &[],
        Needs::DockerNewest => &binaries::DOCKER_NEWEST,
    };
    let absent: Vec<&str> = needed
        .iter()
        .filter(|b| b.find().is_none())
        .map(|b| b.name())
        .collect();
    (!absent.is_empty()).then(|| Obstacle::NotBuilt(absent.join(", ")))
}
