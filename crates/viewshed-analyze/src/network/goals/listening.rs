//! Where programs listen, by their flags.

use std::net::IpAddr;

use viewshed_model::Container;

/// Ports of a program: those that others reach, and those of its node's loopback address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listening {
    pub(super) outside: Vec<u16>,
    pub(super) loopback: Vec<u16>,
}

impl Listening {
    fn add(&mut self, host: &str, port: u16) {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_loopback = address.map_or(host == "localhost", |address| address.is_loopback());
        if is_loopback {
            self.loopback.push(port);
        } else {
            self.outside.push(port);
        }
    }
}

/// Where a control-plane program listens; `default` is its port where no flag gives another.
///
/// etcd has addresses as URLs (etcd `--listen-client-urls`), the programs of Kubernetes a port and an address, which
/// kubeadm sets to the loopback one (`cmd/kubeadm/app/phases/controlplane/manifests.go`).
pub(super) fn of_program(container: &Container, default: u16) -> Listening {
    let mut found = Listening::default();
    if let Some(urls) = flag(container, "listen-client-urls") {
        for (host, port) in urls.split(',').filter_map(|url| split(url, default)) {
            found.add(host, port);
        }
        return found;
    }
    let port = flag(container, "secure-port").and_then(|port| port.parse().ok());
    let host = flag(container, "bind-address").unwrap_or_default();
    found.add(host, port.unwrap_or(default));
    found
}

/// Where a program tells metrics to everybody by flags of its own: etcd `--listen-metrics-urls`, kube-proxy
/// `--metrics-bind-address`.
pub(super) fn of_metrics(container: &Container) -> Listening {
    let mut found = Listening::default();
    for (name, default) in [
        ("listen-metrics-urls", ETCD_METRICS),
        ("metrics-bind-address", KUBE_PROXY_METRICS),
    ] {
        let value = flag(container, name).filter(|_| runs(container, name));
        let places = value.into_iter().flat_map(|value| value.split(','));
        for (host, port) in places.filter_map(|place| split(place, default)) {
            found.add(host, port);
        }
    }
    found
}

/// etcd has no port of its own for metrics; examples use this one (etcd "Monitoring etcd").
const ETCD_METRICS: u16 = 2381;
/// kubernetes `pkg/cluster/ports`, `ProxyStatusPort`.
const KUBE_PROXY_METRICS: u16 = 10_249;

/// Controllers have a `--metrics-bind-address` too, of their own, which asks for a credential or not.
fn runs(container: &Container, flag: &str) -> bool {
    let program = container.program.rsplit('/').next().unwrap_or_default();
    let own = if flag == "metrics-bind-address" {
        "kube-proxy"
    } else {
        "etcd"
    };
    program == own || container.name == own
}

/// Host and port of `[SCHEME://]HOST[:PORT]`; a port of 0 is switched off.
fn split(place: &str, default: u16) -> Option<(&str, u16)> {
    let place = place.trim();
    let place = place.split_once("://").map_or(place, |(_, rest)| rest);
    let place = place.trim_end_matches('/');
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
        _ => (place, default),
    };
    (port != 0 && !place.is_empty()).then_some((host, port))
}

/// The value of a flag's last use.
fn flag<'c>(container: &'c Container, name: &str) -> Option<&'c str> {
    let mut flags = container.flags.iter().rev();
    let (_, value) = flags.find(|(flag, _)| flag == name)?;
    value.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        program: &str,
        flags: &[(&str, &str)],
        read: impl Fn(&Container) -> Listening,
        (outside, loopback): (&[u16], &[u16]),
    ) {
        let container = Container {
            program: format!("/usr/local/bin/{program}"),
            flags: flags
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned())))
                .collect(),
            ..Container::default()
        };
        let expected = Listening {
            outside: outside.to_vec(),
            loopback: loopback.to_vec(),
        };
        assert_eq!(read(&container), expected, "{program} {flags:?}");
    }

    #[test]
    fn flags_tell_ports_and_addresses() {
        let etcd = |value: &'static str| [("listen-client-urls", value)];
        let default = |port| move |container: &Container| of_program(container, port);
        check("etcd", &[], default(2379), (&[2379], &[]));
        let both = "https://127.0.0.1:2379,https://10.0.0.4:2379";
        check("etcd", &etcd(both), default(2379), (&[2379], &[2379]));
        let v6 = "https://[::1]:2379";
        check("etcd", &etcd(v6), default(2379), (&[], &[2379]));
        let open = "http://0.0.0.0:4001";
        check("etcd", &etcd(open), default(2379), (&[4001], &[]));
        let kubeadm = [("bind-address", "127.0.0.1")];
        check(
            "kube-scheduler",
            &kubeadm,
            default(10_259),
            (&[], &[10_259]),
        );
        let moved = [("secure-port", "12345"), ("bind-address", "0.0.0.0")];
        check(
            "kube-controller-manager",
            &moved,
            default(10_257),
            (&[12_345], &[]),
        );
    }

    #[test]
    fn metrics_have_flags_of_their_own() {
        let urls = [("listen-metrics-urls", "http://0.0.0.0:2381")];
        check("etcd", &urls, of_metrics, (&[2381], &[]));
        let proxy = [("metrics-bind-address", "0.0.0.0:10249")];
        check("kube-proxy", &proxy, of_metrics, (&[10_249], &[]));
        let plain = [("metrics-bind-address", "127.0.0.1")];
        check("kube-proxy", &plain, of_metrics, (&[], &[10_249]));
        check("manager", &proxy, of_metrics, (&[], &[]));
    }
}
