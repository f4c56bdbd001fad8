//! Docker daemons that listen on a public address, or on every address of their host.

use viewshed_model::{Confidence, DockerHost, Finding, Mitigation, Severity};

use super::facts::{
    Listener, Protection, PublishedApi, Reach, container_place, links, listener_place as place,
    listeners, published_apis, reproduce,
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

const FIX_PUBLISHED: &str = "publish the port on a loopback or management address (`10.0.0.5:2376:2376`), or not at \
     all: Docker opens published ports past the host's own rules for incoming packets";

fn judge(host: &DockerHost) -> Vec<Finding> {
    let listeners = listeners(host);
    let own = listeners
        .iter()
        .filter_map(|listener| judge_listener(host, listener));
    let published = published_apis(host);
    let published = published
        .iter()
        .filter_map(|one| judge_published(host, one));
    own.chain(published).collect()
}

fn judge_published(host: &DockerHost, published: &PublishedApi<'_>) -> Option<Finding> {
    let mut finding = judge_listener(host, &published.listener)?;
    let (_, where_) = finding.title.split_once("listens ")?;
    let name = &published.container.name;
    finding.title = format!("container `{name}` publishes a Docker API {where_}");
    let place = container_place(host, published.container);
    finding.object = place.object;
    finding.location = place.location;
    finding.confidence = Confidence::Medium;
    finding.fix = FIX_PUBLISHED.into();
    Some(finding)
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
