//! ENTERS: what a pod or container offers a rehearsal: its node's address, its token, sockets.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::here::look_around;
use crate::kubernetes::SERVICE_ACCOUNT_FOLDER;

/// What is within reach where the program stands. Empty outside of pods and containers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foothold {
    /// The node that the token is bound to.
    pub node: Option<String>,
    /// Namespace and name of the pod that the token is bound to.
    pub pod: Option<(String, String)>,
    /// In a pod the node's address, from a variable of the downward API, else the default gateway.
    pub kubelet: Option<String>,
    /// The file of the pod's token.
    pub token: Option<PathBuf>,
    /// The file of the cluster's authority.
    pub authority: Option<PathBuf>,
    /// Sockets of Docker and Podman.
    pub docker_sockets: Vec<String>,
    /// Sockets that speak another protocol than Docker's API; nothing is asked of them.
    pub other_sockets: Vec<String>,
}

/// Names by which manifests commonly pass `status.hostIP` (docs: "Expose Pod Information to Containers").
const ADDRESS_VARIABLES: [&str; 4] = ["NODE_IP", "HOST_IP", "MY_NODE_IP", "K8S_NODE_IP"];

/// Looks for it without asking anybody.
pub fn foothold(environment: &Environment) -> Foothold {
    let is_pod = environment.variable("KUBERNETES_SERVICE_HOST").is_some();
    if !is_pod && !environment.path("/.dockerenv").exists() {
        return Foothold::default();
    }
    let around = look_around(environment);
    let folder = Path::new(SERVICE_ACCOUNT_FOLDER);
    let own = around
        .tokens
        .iter()
        .find(|token| Path::new(&token.path).starts_with(folder));
    let file = |name: &str| Some(environment.path(folder.join(name))).filter(|path| path.exists());
    let (docker_sockets, other_sockets) =
        around.sockets.iter().cloned().partition(|socket| {
            socket.ends_with("/docker.sock") || socket.ends_with("/podman.sock")
        });
    Foothold {
        node: own
            .map(|token| token.node.clone())
            .filter(|name| !name.is_empty()),
        pod: own.and_then(|token| {
            let (namespace, _) = viewshed_model::service_account_of(&token.subject)?;
            let pod = (namespace.to_owned(), token.pod.clone());
            Some(pod).filter(|(_, name)| !name.is_empty())
        }),
        // The gateway of another container is nobody's node.
        kubelet: is_pod
            .then(|| address(environment, around.host.network))
            .flatten(),
        token: file("token"),
        authority: file("ca.crt"),
        docker_sockets,
        other_sockets,
    }
}

fn address(environment: &Environment, has_host_network: bool) -> Option<String> {
    let named = ADDRESS_VARIABLES
        .iter()
        .find_map(|name| environment.variable(name));
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    if has_host_network {
        return Some(Ipv4Addr::LOCALHOST.to_string());
    }
    let routes = std::fs::read_to_string(environment.path("/proc/net/route")).ok()?;
    gateway(&routes).map(|address| address.to_string())
}

/// The default route's gateway in `/proc/net/route` (Linux `net/ipv4/fib_trie.c`, `fib_route_seq_show`):
/// addresses are in hexadecimal, in the machine's byte order.
fn gateway(routes: &str) -> Option<Ipv4Addr> {
    routes.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let (_, destination, gateway) = (fields.next()?, fields.next()?, fields.next()?);
        let gateway = u32::from_str_radix(gateway, 16).ok()?;
        (destination == "00000000" && gateway != 0).then(|| Ipv4Addr::from(gateway.to_ne_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Foothold, foothold, gateway};
    use crate::environment::Environment;

    /// A machine with a default route, and the marks of a container or pod.
    fn check(files: &[&str], variables: &[(&str, &str)], expected: Option<&str>) {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let routes = format!("{HEAD}eth0\t00000000\t0100F40A\t0003\t0\t0\t0\t00000000\n");
        write("proc/net/route", &routes);
        for file in files {
            write(file, "");
        }
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let found = foothold(&Environment {
            variables: variables.iter().map(own).collect::<BTreeMap<_, _>>(),
            root: root.path().to_owned(),
        });
        assert_eq!(
            found.kubelet.as_deref(),
            expected,
            "{files:?} {variables:?}"
        );
        if files.is_empty() && variables.is_empty() {
            assert_eq!(found, Foothold::default());
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn only_a_pod_has_a_kubelet_beside_it() {
        let pod = ("KUBERNETES_SERVICE_HOST", "10.96.0.1");
        check(&[], &[], None);
        check(&[".dockerenv"], &[], None);
        check(&[".dockerenv"], &[("HOST_IP", "192.0.2.9")], None);
        check(&[], &[pod], Some("10.244.0.1"));
        check(&[], &[pod, ("HOST_IP", "192.0.2.9")], Some("192.0.2.9"));
    }

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_gateway_is_that_of_the_default_route() {
        let routes = format!(
            "{HEAD}eth0\t0000F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n\
             eth0\t00000000\t0100F40A\t0003\t0\t0\t0\t00000000\n"
        );
        assert_eq!(gateway(&routes).unwrap().to_string(), "10.244.0.1");
    }

    #[test]
    fn a_machine_without_a_default_route_has_no_gateway() {
        assert_eq!(gateway(HEAD), None);
        assert_eq!(gateway("nonsense\nx 00000000 zz\n"), None);
        let direct = format!("{HEAD}eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\n");
        assert_eq!(gateway(&direct), None);
    }
}
