//! Docker daemons that take API calls over TCP without asking for a client certificate.

use viewshed_model::{Confidence, DockerHost, Finding, Mitigation, Severity};

use super::facts::{
    Behind, Listener, Protection, PublishedApi, Reach, container_place, links,
    listener_place as place, listeners, published_apis, reproduce,
};
use super::{Check, MANY};

pub(super) static CHECK: Check = Check {
    name: "docker-api-without-tls",
    title: "the Docker API is open over TCP without a client certificate",
    mitigation: Mitigation::M1035,
    worst: Severity::Critical,
    page: include_str!("../../../../docs/checks/docker-api-without-tls.md"),
    findings_max: MANY,
    on_cluster: None,
    on_docker_host: Some(judge),
};

const FIX: &str = "listen on the Unix socket only (remove `tcp://` from `hosts` in daemon.json and from `-H`) and \
     connect with `docker context create NAME --docker host=ssh://USER@HOST`; where TCP must stay, set \
     `\"tlsverify\": true` with `tlscacert`, `tlscert` and `tlskey`";

const FIX_PUBLISHED: &str = "publish no port of the API: let those who need it share a network of its own with the \
     container (`expose` is enough), or publish port 2376 alone, where the daemon asks for certificates \
     (`DOCKER_TLS_CERTDIR`); a proxy in front of the socket is for its own network only";

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

/// A port that a container publishes: what answers there, and whether it asks for a certificate on the port of plain
/// text after all, is not seen.
fn judge_published(host: &DockerHost, published: &PublishedApi<'_>) -> Option<Finding> {
    let mut finding = judge_listener(host, &published.listener)?;
    let address = &published.listener.address;
    let (who, _) = finding.title.split_once(" controls ")?;
    let whose = match published.behind {
        Behind::OwnDaemon => "the daemon in",
        Behind::HostDaemon => "the host's daemon, as far as it is let, by",
    };
    let name = &published.container.name;
    finding.title = format!("{who} controls {whose} container `{name}` through `{address}`");
    let place = container_place(host, published.container);
    finding.object = place.object;
    finding.location = place.location;
    finding.confidence = Confidence::Medium;
    finding.fix = FIX_PUBLISHED.into();
    finding.evidence.links.truncate(2);
    Some(finding)
}

fn judge_listener(host: &DockerHost, listener: &Listener) -> Option<Finding> {
    let how = match listener.protection {
        Protection::ClientCertificate => return None,
        Protection::ServerCertificate => {
            "encrypted, but without asking the client for a certificate (`tls` without `tlsverify`)"
        }
        Protection::Nothing => "in plain text and without asking who calls",
    };
    let (severity, who) = match listener.reach {
        Reach::Loopback => (
            Severity::Medium,
            "every process of the host and every container in the host's network",
        ),
        Reach::Private => (Severity::Critical, "everybody on its private network"),
        Reach::Everywhere => (
            Severity::Critical,
            "everybody who can route a packet to any address of the host",
        ),
        Reach::Public => (Severity::Critical, "everybody on the internet"),
    };
    let address = &listener.address;
    let mut finding = CHECK.finding(place(host, listener), severity, Confidence::High);
    finding.title = format!("{who} controls the daemon through `{address}`");
    finding.exposed_count = host.containers.len() as u64;
    let rights = if host.daemon.authorization_plugins.is_empty() {
        "no authorization plugin limits what a caller may do".to_owned()
    } else {
        "an authorization plugin is installed, but it knows no name of a caller without a certificate"
            .to_owned()
    };
    finding.evidence = links([
        listener.told_by.clone(),
        format!("so the API is served at `{address}` {how}"),
        rights,
    ]);
    finding.fix = FIX.into();
    finding.reproduce = reproduce(&["docker", "-H", &format!("tcp://{address}"), "version"]);
    Some(finding)
}
