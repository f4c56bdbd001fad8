//! The Debian packages that the bench uses. Nothing here installs anything.

use std::collections::BTreeSet;
use std::process::Command;

use crate::run::output;

/// What a package of Debian is used for: any part, or parts that need root.
const PACKAGES: [&str; 11] = [
    "busybox-static",              // the contents of images
    "containernetworking-plugins", // pod networks
    "curl",                        // asking the kubelet without the API server
    "docker.io",                   // the old Docker; its containerd and runc also run the pods
    "iproute2",                    // virtual network cards
    "iptables",                    // stands in for kube-proxy
    "libseccomp-dev",              // for building runc
    "nftables",                    // the new Docker's other firewall backend
    "pkg-config",                  // for building runc
    "procps",                      // for people who look at a running bench
    "util-linux",                  // nsenter, unshare, setpriv
];

/// The packages that are not installed, sorted.
///
/// On a system without `dpkg-query` all of them are reported.
pub fn missing() -> BTreeSet<&'static str> {
    let mut query = Command::new("dpkg-query");
    query
        .args([
            "--show",
            "--showformat",
            "${Package} ${db:Status-Status}\\n",
        ])
        .args(PACKAGES);
    // It ends with status 1 when one package is unknown, and still lists the others.
    let listed =
        output(&mut query, None).map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let listed = listed.unwrap_or_default();
    let installed: BTreeSet<&str> = listed
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .collect();
    PACKAGES
        .into_iter()
        .filter(|package| !installed.contains(package))
        .collect()
}
