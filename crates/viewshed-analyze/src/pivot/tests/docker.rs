//! Containers of Docker hosts.

use viewshed_model::{
    Daemon, DockerContainer, DockerHost, DockerNetwork, Estate, Mount, PublishedPort,
};

use crate::pivot::docker_ranks;

fn container(name: &str) -> DockerContainer {
    DockerContainer {
        id: format!("{name}-id"),
        name: name.to_owned(),
        state: "running".to_owned(),
        networks: vec![("front".to_owned(), String::new())],
        network_mode: "front".to_owned(),
        ..DockerContainer::default()
    }
}

fn mounting(name: &str, source: &str) -> DockerContainer {
    DockerContainer {
        mounts: vec![Mount {
            source: source.to_owned(),
            destination: "/mounted".to_owned(),
            kind: "bind".to_owned(),
            read_only: true,
            ..Mount::default()
        }],
        ..container(name)
    }
}

fn estate(daemon: Daemon) -> Estate {
    let mut open = mounting("traefik", "/var/run/docker.sock");
    open.ports.push(PublishedPort {
        container_port: 80,
        protocol: "tcp".to_owned(),
        host_ip: String::new(),
        host_port: 80,
    });
    let agent = DockerContainer {
        privileged: true,
        ..container("agent")
    };
    let user = DockerContainer {
        user: "1000".to_owned(),
        ..mounting("user", "/run/docker.sock")
    };
    let stopped = DockerContainer {
        state: "exited".to_owned(),
        privileged: true,
        ..container("stopped")
    };
    let host = DockerHost {
        name: "build".to_owned(),
        daemon,
        networks: vec![DockerNetwork {
            name: "front".to_owned(),
            driver: "bridge".to_owned(),
            ..DockerNetwork::default()
        }],
        containers: vec![
            container("plain"),
            agent,
            open,
            user,
            stopped,
            mounting("reader", "/srv/data"),
        ],
        is_live: true,
        ..DockerHost::default()
    };
    Estate {
        docker_hosts: vec![host],
        ..Estate::default()
    }
}

/// `name`, `name?` where it depends on a fact, with `<` where it is reached from outside.
fn ranked(daemon: Daemon, depth: u32) -> (Vec<String>, u64) {
    let report = docker_ranks(&estate(daemon), depth);
    let one = |rank: &viewshed_model::PivotRank| {
        let doubt = if rank.pivot.depends_on.is_empty() {
            ""
        } else {
            "?"
        };
        let open = if rank.ways_in.is_empty() { "" } else { "<" };
        assert_eq!(rank.pivot.name, "build");
        format!("{open}{}{doubt}", rank.from)
    };
    (report.ranks.iter().map(one).collect(), report.harmless)
}

fn engine() -> Daemon {
    Daemon {
        version: "29.1.0".to_owned(),
        ..Daemon::default()
    }
}

/// Docker's documentation, "Docker daemon attack surface"; a read-only mount does not weaken a socket.
#[test]
fn sockets_and_privileges_lead_to_the_host() {
    let found = ["<build/traefik", "build/agent", "build/user?"];
    let (ranks, harmless) = ranked(engine(), 6);
    assert_eq!(ranks, found);
    assert_eq!(harmless, 2);
    assert_eq!(ranked(engine(), 0), (Vec::new(), 5));
}

/// `/info` warns of the listener; with it every container that reaches the host is root there.
#[test]
fn an_open_api_leads_there_from_every_container_that_reaches_it() {
    let warning = "WARNING: API is accessible on http://0.0.0.0:2375 without encryption.";
    let daemon = Daemon {
        warnings: vec![warning.to_owned()],
        ..engine()
    };
    let (ranks, harmless) = ranked(daemon, 6);
    let all = [
        "<build/traefik",
        "build/agent",
        "build/plain",
        "build/reader",
        "build/user",
    ];
    assert_eq!(ranks, all);
    assert_eq!(harmless, 0);
    let certified = Daemon {
        hosts: vec!["tcp://0.0.0.0:2376".to_owned()],
        tls_verify: Some(true),
        ..engine()
    };
    assert_eq!(ranked(certified, 6).1, 2);
}

/// "Rootless mode": the daemon and its containers run as a user; "Access authorization plugin".
#[test]
fn what_confines_the_engine_is_a_fact_that_the_step_needs() {
    let rootless = Daemon {
        security_options: vec!["name=rootless".to_owned()],
        ..engine()
    };
    let found = ["<build/traefik?", "build/agent?", "build/user?"];
    assert_eq!(ranked(rootless, 6).0, found);
    let authorized = Daemon {
        authorization_plugins: vec!["opa".to_owned()],
        ..engine()
    };
    let found = ["<build/traefik?", "build/agent", "build/user?"];
    assert_eq!(ranked(authorized, 6).0, found);
}
