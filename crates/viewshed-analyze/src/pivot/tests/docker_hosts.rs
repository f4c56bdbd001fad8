//! What makes a container root on its Docker host, from compose files.

use viewshed_decode::files::FileSet;
use viewshed_model::Estate;

use crate::pivot::docker_ranks;

/// Services in braces, one per line.
fn estate(services: &str) -> Estate {
    let lines = services.lines().map(|line| format!("  {}\n", line.trim()));
    let networks = "networks: { api: {}, front: {}, lone: {} }\n";
    let text: String = [networks, "services:\n"]
        .into_iter()
        .map(str::to_owned)
        .chain(lines)
        .collect();
    let mut set = FileSet::new("host");
    set.add("compose.yaml", text.as_bytes());
    set.finish()
}

/// The engine of an estate tells that it takes no API calls over TCP.
fn live(mut estate: Estate) -> Estate {
    for host in &mut estate.docker_hosts {
        host.is_live = true;
    }
    estate
}

/// `name`, or `name: the fact that it depends on`; the rest leads nowhere.
fn ranked(estate: &Estate) -> Vec<String> {
    let report = docker_ranks(estate, 6);
    let one = |rank: &viewshed_model::PivotRank| {
        let name = rank.from.rsplit('/').next().unwrap_or_default().to_owned();
        match rank.pivot.depends_on.first() {
            Some(fact) => format!("{name}: {}", fact.fact),
            None => name,
        }
    };
    report.ranks.iter().map(one).collect()
}

fn check(services: &str, wanted: &[&str]) {
    let estate = live(estate(services));
    let mut found = ranked(&estate);
    found.sort();
    assert_eq!(found, wanted);
}

/// cron(8), systemd.unit(5), core(5); a folder that can only be read makes nothing run.
#[test]
fn whoever_writes_what_root_runs_is_root() {
    check(
        "etc: { image: i, volumes: ['/etc:/host/etc'] }
         reader: { image: i, volumes: ['/etc:/host/etc:ro'] }
         cron: { image: i, volumes: ['/etc/cron.d:/c'] }
         bin: { image: i, volumes: ['/usr/local/bin:/b'] }
         data: { image: i, volumes: ['/srv/data:/d'] }
         named: { image: i, volumes: ['data:/d'] }",
        &["bin", "cron", "etc"],
    );
}

/// dockerd reference: the engine reads `daemon.json` and its containers' settings when it starts. Logins need
/// somebody who logs in.
#[test]
fn what_is_read_later_is_a_fact_that_the_step_needs() {
    check(
        "lib: { image: i, volumes: ['/var/lib/docker:/d'] }
         settings: { image: i, volumes: ['/etc/docker:/d'] }
         volumes: { image: i, volumes: ['/var/lib/docker/volumes:/d'] }
         keys: { image: i, volumes: ['/root/.ssh:/s'] }",
        &[
            "keys: whether root, or somebody who becomes root, logs in on host host",
            "lib: whether the engine starts again on host host",
            "settings: whether the engine starts again on host host",
        ],
    );
}

/// capabilities(7); moby `profiles/apparmor/template.go` forbids mounts and tracing, loading modules it does not.
#[test]
fn added_capabilities_lead_to_the_host() {
    check(
        "all: { image: i, cap_add: [ALL] }
         module: { image: i, cap_add: [CAP_SYS_MODULE] }
         free: { image: i, cap_add: [SYS_ADMIN], security_opt: ['apparmor:unconfined'] }
         confined: { image: i, cap_add: [SYS_ADMIN] }
         tracer: { image: i, cap_add: [SYS_PTRACE] }
         among: { image: i, cap_add: [SYS_PTRACE], pid: host }
         handles: { image: i, cap_add: [DAC_READ_SEARCH] }
         network: { image: i, cap_add: [NET_ADMIN] }
         processes: { image: i, pid: host }
         somebody: { image: i, cap_add: [ALL], user: '1000' }",
        &[
            "all",
            "among: whether AppArmor or SELinux keeps container among from that",
            "confined: whether AppArmor or SELinux keeps container confined from that",
            "free",
            "handles: whether the engine's data lie on the file system of host host itself",
            "module",
            "somebody: whether user `1000` of container `somebody` may do what root may",
        ],
    );
}

/// `docker run --device`: the device cgroup lets the container at them.
#[test]
fn disks_of_the_host_lead_there() {
    check(
        "disk: { image: i, devices: ['/dev/sda:/dev/sda'] }
         all: { image: i, devices: ['/dev:/dev'] }
         sound: { image: i, devices: ['/dev/snd:/dev/snd'] }",
        &["all", "disk: whether /dev/sda holds the files of host host"],
    );
}

const PROXIED: &str = "
    proxy: { image: 'tecnativa/docker-socket-proxy:0.3', volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro'], networks: [api] }
    user: { image: i, networks: [api] }
    apart: { image: i, networks: [front] }
    relay: { image: example, expose: ['2375'], volumes: ['/run/docker.sock:/s'], networks: [front] }
    plain: { image: i, networks: [lone] }";

/// tecnativa/docker-socket-proxy, README: it listens on 2375 and lets pass what its variables allow.
#[test]
fn who_reaches_a_proxy_of_the_socket_gets_what_that_passes_on() {
    check(
        PROXIED.trim(),
        &[
            "apart: what container `relay` passes on to the Docker API",
            "proxy",
            "relay",
            "user: what container `proxy` passes on to the Docker API",
        ],
    );
    let report = docker_ranks(&live(estate(PROXIED.trim())), 6);
    let user = report
        .ranks
        .iter()
        .find(|rank| rank.from.ends_with("/user"));
    let steps = &user.expect("it is ranked").pivot.steps;
    let texts: Vec<&str> = steps.iter().map(|step| step.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "container user reaches TCP 2375 of container proxy, which mounts /run/docker.sock of its host and \
             listens there (image tecnativa/docker-socket-proxy:0.3)",
            "container proxy passes on what the Docker API of host host is asked: whoever speaks to that starts a \
             container that has the whole host",
        ]
    );
}
