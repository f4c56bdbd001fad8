//! Docker hosts: published ports, shared networks and what containers lead to.

use viewshed_decode::files::FileSet;
use viewshed_model::Estate;

use super::{diff, line};

fn compose(db: &str, web: &str) -> Estate {
    let text = format!(
        "services:\n  web: {{ image: example, networks: [front], {web} }}\n  \
         db: {{ image: example, networks: [back], {db} }}\nnetworks: {{ front: {{}}, back: {{}} }}\n"
    );
    let mut set = FileSet::new("host");
    set.add("compose.yaml", text.as_bytes());
    set.finish()
}

#[test]
fn what_containers_open_is_a_gain() {
    let before = compose("ports: ['127.0.0.1:5432:5432']", "");
    for (after, expected) in [
        (
            compose("ports: ['5432:5432']", ""),
            "+ Addresses outside the Docker host: reaches db on TCP 5432",
        ),
        (
            compose("ports: ['127.0.0.1:5432:5432']", "privileged: true"),
            "+ container web: leads to root on Docker host host in 1 step: ",
        ),
    ] {
        let lines: Vec<String> = diff(&before, &after, ("a", "b"))
            .changes
            .iter()
            .map(line)
            .collect();
        let told = lines.iter().filter(|line| line.starts_with(expected));
        assert_eq!(told.count(), 1, "{expected}: {lines:?}");
        let back: Vec<String> = diff(&after, &before, ("b", "a"))
            .changes
            .iter()
            .map(line)
            .collect();
        let swapped: Vec<String> = lines
            .iter()
            .map(|line| line.replacen('+', "-", 1))
            .collect();
        assert_eq!(back.len(), swapped.len());
    }
    assert_eq!(diff(&before, &before, ("a", "b")).changes, []);
}

/// One host by the name that collecting gives it, the address of its socket.
fn host_at(address: &str, agent: &str) -> viewshed_model::DockerHost {
    let mut estate = compose("", &format!("container_name: agent, {agent}"));
    let mut host = estate.docker_hosts.remove(0);
    host.name = address.to_owned();
    host
}

#[test]
fn a_container_has_one_name_whatever_its_host_is_called() {
    const SOCKET: &str = "volumes: ['/var/run/docker.sock:/var/run/docker.sock']";
    let estate = |agent: &str, hosts: &[&str]| Estate {
        docker_hosts: hosts.iter().map(|host| host_at(host, agent)).collect(),
        ..Estate::default()
    };
    let (one, other) = ("unix:///run/user/9/docker.sock", "tcp://192.0.2.7:2376");
    for (hosts, names) in [
        (&[one][..], &["agent"][..]),
        (
            &[one, other],
            &[
                "tcp://192.0.2.7:2376/agent",
                "unix:///run/user/9/docker.sock/agent",
            ],
        ),
    ] {
        let changes = diff(&estate("", hosts), &estate(SOCKET, hosts), ("a", "b")).changes;
        let mut found: Vec<&str> = changes.iter().map(|one| &*one.subject.name).collect();
        found.dedup();
        assert_eq!(found, names);
        // The socket, and root on the host by it.
        assert_eq!(changes.len(), 2 * names.len(), "{changes:#?}");
    }
}
