//! Docker daemons that listen on a public address, or on every address of their host.

use viewshed_model::{Confidence, DockerHost, Finding, Mitigation, Severity};

use super::facts::{
    Listener, Protection, Reach, links, listener_place as place, listeners, reproduce,
};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "docker-api-on-public-address",
    title: "the Docker API listens on a public address or on every address",
    mitigation: Mitigation::M1035,
    worst: Severity::High,
    page: include_str!("../../../../docs/checks/docker-api-on-public-address.md"),
    findings_max: MANY,
    on_cluster: None,
    on_docker_host: Some(judge),
};

const FIX: &str = "bind the listener to the address of a management network or a VPN (`\"hosts\": \
     [\"fd://\", \"tcp://10.0.0.5:2376\"]` in daemon.json), or remove it and use `ssh://`; block ports \
     2375 and 2376 at the firewall";

fn judge(host: &DockerHost) -> Vec<Finding> {
    listeners(host)
        .iter()
        .filter_map(|listener| judge_listener(host, listener))
        .collect()
}

fn judge_listener(host: &DockerHost, listener: &Listener) -> Option<Finding> {
    let (where_, confidence) = match listener.reach {
        Reach::Loopback | Reach::Private => return None,
        Reach::Everywhere => ("on every address of the host", Confidence::Medium),
        Reach::Public => ("on a public address", Confidence::High),
    };
    let (severity, guard) = match listener.protection {
        Protection::ClientCertificate => (
            Severity::Low,
            "a client certificate is asked for: its key, and every flaw of the TLS code, is all that \
             stands between a stranger and root on the host",
        ),
        Protection::ServerCertificate | Protection::Nothing => {
            (Severity::High, "no client certificate is asked for")
        }
    };
    let address = &listener.address;
    let mut finding = CHECK.finding(place(host, listener), severity, confidence);
    finding.title = format!("the daemon listens {where_}: `{address}`");
    finding.exposed_count = host.containers.len() as u64;
    finding.evidence = links([listener.told_by.clone(), guard.to_owned()]);
    finding.fix = FIX.into();
    finding.reproduce = reproduce(&["docker", "-H", &format!("tcp://{address}"), "version"]);
    Some(finding)
}
