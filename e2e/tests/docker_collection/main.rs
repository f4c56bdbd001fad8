//! Collection from real Docker hosts, compared with what the docker command prints.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

mod swarm;
mod ways;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;

use viewshed_bench::docker::{Tcp, Version};
use viewshed_bench::{DockerHost, DockerOptions, Image};
use viewshed_collect::docker::{self, Endpoint, Limits};
use viewshed_collect::{Environment, Quiet};
use viewshed_model::{DockerContainer, DockerHost as CollectedHost, Gap, GapReason, Tell};

/// Stands in a variable's value, a swarm secret and a swarm config; must not stand in any result.
const SECRET: &str = "hunter2-4711";

fn with_tcp(tcp: Tcp) -> DockerOptions {
    DockerOptions {
        tcp,
        ..DockerOptions::default()
    }
}

/// One container of each kind that matters, a network and a volume.
fn fill(host: &DockerHost) {
    let image = Image::new("bench.test/shop:1").with_variable("SHOP_TOKEN", SECRET);
    host.add_image(&image).unwrap();
    host.docker(&["network", "create", "--internal", "shop"])
        .unwrap();
    host.docker(&["volume", "create", "orders"]).unwrap();
    let password = format!("DB_PASSWORD={SECRET}");
    host.run_container(&[
        "--name=web",
        "--network=shop",
        "--publish=127.0.0.1:8080:80",
        "--volume=orders:/orders",
        "--user=1000",
        "--label=tier=front",
        "--env",
        &password,
        "--env=DB_HOST=db.shop.svc",
        "--env=MODE=fast",
        "bench.test/shop:1",
    ])
    .unwrap();
    host.run_container(&[
        "--name=agent",
        "--volume=/var/run/docker.sock:/var/run/docker.sock:ro",
        Image::BASE,
    ])
    .unwrap();
    // Not started: old versions of runc cannot, where this machine itself lacks a capability.
    host.docker(&[
        "create",
        "--name=root",
        "--privileged",
        "--net=host",
        "--pid=host",
        Image::BASE,
    ])
    .unwrap();
    host.run_container(&["--name=done", Image::BASE, "true"])
        .unwrap();
    host.docker(&["wait", "done"]).unwrap();
}

fn environment(variables: &BTreeMap<&'static str, String>) -> Environment {
    Environment {
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        root: PathBuf::from("/"),
    }
}

fn collect(endpoint: &Endpoint) -> (CollectedHost, Vec<Gap>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(docker::collect(endpoint, &Limits::default(), &Quiet))
        .unwrap()
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// The lines that the docker command prints, sorted.
fn printed(host: &DockerHost, arguments: &[&str]) -> Vec<String> {
    let text = host.docker(arguments).unwrap();
    sorted(text.lines().map(str::to_owned).collect())
}

/// What was read, line by line, is what `docker ARGUMENTS --format FORMAT` prints.
fn compare(host: &DockerHost, lines: impl Iterator<Item = String>, arguments: &str, format: &str) {
    let mut arguments: Vec<&str> = arguments.split(' ').collect();
    arguments.extend(["--format", format]);
    assert_eq!(sorted(lines.collect()), printed(host, &arguments));
}

fn compare_with_docker(host: &DockerHost, read: &CollectedHost) {
    let containers = read
        .containers
        .iter()
        .map(|each| format!("{} {} {} {}", each.id, each.name, each.image, each.state));
    let format = "{{.ID}} {{.Names}} {{.Image}} {{.State}}";
    compare(host, containers, "ps --all --no-trunc", format);
    let images = read.images.iter().flat_map(|image| {
        let tags = image.tags.iter();
        tags.map(move |tag| format!("{} {tag}", image.id))
    });
    compare(
        host,
        images,
        "images --no-trunc",
        "{{.ID}} {{.Repository}}:{{.Tag}}",
    );
    let networks = read
        .networks
        .iter()
        .map(|network| format!("{} {} {}", network.name, network.driver, network.internal));
    compare(
        host,
        networks,
        "network ls",
        "{{.Name}} {{.Driver}} {{.Internal}}",
    );
    let volumes = read
        .volumes
        .iter()
        .map(|volume| format!("{} {}", volume.name, volume.driver));
    compare(host, volumes, "volume ls", "{{.Name}} {{.Driver}}");
    let daemon = &read.daemon;
    let line = format!("{} {} {}", daemon.version, daemon.host_name, daemon.os);
    let format = "{{.ServerVersion}} {{.Name}} {{.OperatingSystem}}";
    compare(host, std::iter::once(line), "info", format);
    let line = format!("{} {}", daemon.api_version, daemon.min_api_version);
    let format = "{{.Server.APIVersion}} {{.Server.MinAPIVersion}}";
    compare(host, std::iter::once(line), "version", format);
    assert_eq!(daemon.product, "Docker");
    assert!(
        daemon
            .disk_usage
            .iter()
            .any(|(kind, bytes)| kind == "images" && *bytes > 0)
    );
}

fn container<'a>(read: &'a CollectedHost, name: &str) -> &'a DockerContainer {
    read.containers
        .iter()
        .find(|each| each.name == name)
        .unwrap()
}

fn check_rights_and_variables(read: &CollectedHost) {
    let web = container(read, "web");
    let told = |name: &str| {
        let variable = web.env.iter().find(|variable| variable.name == name);
        variable.map(|variable| variable.tells.clone())
    };
    assert_eq!(told("DB_PASSWORD"), Some(vec![Tell::Credential]));
    assert_eq!(told("SHOP_TOKEN"), Some(vec![Tell::Credential]));
    assert_eq!(told("DB_HOST"), Some(vec![Tell::ServiceAddress]));
    assert_eq!(told("MODE"), Some(Vec::new()));
    assert_eq!(web.user, "1000");
    assert_eq!(web.labels["tier"], "front");
    assert_eq!(web.networks[0].0, "shop");
    assert!(web.networks[0].1.contains('.'), "{:?}", web.networks);
    assert_eq!(
        (web.mounts[0].source.as_str(), web.mounts[0].kind.as_str()),
        ("orders", "volume")
    );
    // An internal network publishes nothing, whatever was asked for.
    let root = container(read, "root");
    assert!(root.privileged);
    assert_eq!(
        (root.network_mode.as_str(), root.pid_mode.as_str()),
        ("host", "host")
    );
    let socket = &container(read, "agent").mounts[0];
    assert_eq!(socket.source, "/var/run/docker.sock");
    assert!(socket.read_only);
    assert_eq!(container(read, "done").state, "exited");
    let all = serde_json::to_string(read).unwrap();
    assert!(!all.contains(SECRET));
}

fn check(version: Version, tcp: Tcp) {
    let Some(host) = DockerHost::start_if_available(version, &with_tcp(tcp)).unwrap() else {
        return;
    };
    fill(&host);
    let endpoint = docker::resolve(&environment(&host.environment()), None).unwrap();
    let (read, gaps) = collect(&endpoint);
    assert_eq!(gaps, []);
    compare_with_docker(&host, &read);
    check_rights_and_variables(&read);
    let says_open = read
        .daemon
        .warnings
        .iter()
        .any(|warning| warning.contains("without encryption"));
    assert_eq!(says_open, tcp == Tcp::Plain, "{:?}", read.daemon.warnings);
}

#[test]
fn debians_docker_is_read_over_its_socket() {
    check(Version::Debian, Tcp::Off);
}

#[test]
fn debians_docker_is_read_over_tcp() {
    check(Version::Debian, Tcp::Plain);
}

#[test]
fn debians_docker_is_read_over_tls() {
    check(Version::Debian, Tcp::Tls);
}

#[test]
fn the_newest_docker_is_read_over_its_socket() {
    check(Version::Newest, Tcp::Off);
}

#[test]
fn the_newest_docker_is_read_over_tcp() {
    check(Version::Newest, Tcp::Plain);
}

#[test]
fn the_newest_docker_is_read_over_tls() {
    check(Version::Newest, Tcp::Tls);
}

#[test]
fn what_an_authorization_plugin_denies_is_a_gap() {
    for version in [Version::Debian, Version::Newest] {
        let options = DockerOptions {
            denied_paths: Some(vec!["/volumes".to_owned(), "/system/df".to_owned()]),
            ..DockerOptions::default()
        };
        let Some(host) = DockerHost::start_if_available(version, &options).unwrap() else {
            return;
        };
        let endpoint = docker::resolve(&environment(&host.environment()), None).unwrap();
        let (read, gaps) = collect(&endpoint);
        let words: Vec<(&str, GapReason)> = gaps
            .iter()
            .map(|gap| (gap.what.as_str(), gap.reason))
            .collect();
        assert_eq!(
            words,
            [
                ("disk usage", GapReason::Forbidden),
                ("volumes", GapReason::Forbidden)
            ]
        );
        assert!(gaps[0].detail.contains("denied by the bench"), "{gaps:?}");
        assert_eq!(read.images.len(), 1);
        assert_eq!(read.daemon.authorization_plugins.len(), 1);
    }
}
