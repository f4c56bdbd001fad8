use viewshed_model::{
    DockerContainer, DockerHost, DockerImage, DockerNetwork, DockerVolume, EnvName, Estate, Mount,
    Vantage, View,
};

use super::super::{Joined, see, see_joined};

fn container(name: &str, network: &str) -> DockerContainer {
    DockerContainer {
        id: format!("{name}0123456789abcdef"),
        name: name.to_owned(),
        image: format!("{name}:1"),
        networks: vec![(network.to_owned(), "172.18.0.2".to_owned())],
        env: vec![EnvName {
            name: "TOKEN".to_owned(),
            ..EnvName::default()
        }],
        ..DockerContainer::default()
    }
}

/// A host with two containers on one network and a third on another.
fn host() -> DockerHost {
    let network = |name: &str| DockerNetwork {
        name: name.to_owned(),
        ..DockerNetwork::default()
    };
    DockerHost {
        name: "box".to_owned(),
        endpoint: "unix:///var/run/docker.sock".to_owned(),
        is_live: true,
        containers: vec![
            container("web", "shop"),
            container("db", "shop"),
            container("agent", "ops"),
        ],
        images: vec![DockerImage {
            id: "sha256:1".to_owned(),
            tags: Vec::new(),
        }],
        networks: vec![network("shop"), network("ops")],
        volumes: vec![DockerVolume {
            name: "data".to_owned(),
            driver: "local".to_owned(),
        }],
        ..DockerHost::default()
    }
}

fn bind(source: &str) -> Mount {
    Mount {
        source: source.to_owned(),
        destination: "/mnt".to_owned(),
        kind: "bind".to_owned(),
        read_only: true,
        ..Mount::default()
    }
}

fn view(host: DockerHost, vantage: &Vantage) -> View<'static> {
    let estate = Estate {
        docker_hosts: vec![host],
        ..Estate::default()
    };
    see(&estate, vantage).unwrap().into_owned()
}

fn inside(name: &str) -> Vantage {
    Vantage::Container {
        host: "box".to_owned(),
        name: name.to_owned(),
    }
}

fn shown(view: &View<'_>) -> String {
    view.categories
        .iter()
        .flat_map(|category| &category.seen)
        .map(|item| format!("{} {}: {}", item.kind, item.name, item.verbs.join(", ")))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Checks everything that shows from inside `agent`, after `change`.
fn check(change: impl FnOnce(&mut DockerHost), expected: &str) {
    let mut changed = host();
    change(&mut changed);
    let lines: Vec<&str> = expected.lines().map(str::trim).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    assert_eq!(shown(&view(changed, &inside("agent"))), lines.join("\n"));
}

/// Whether `agent` sees everything, after `change`.
fn sees_everything(change: impl FnOnce(&mut DockerHost)) -> bool {
    let mut changed = host();
    change(&mut changed);
    let view = view(changed, &inside("agent"));
    view.categories
        .iter()
        .all(|category| category.hidden_count == 0 && category.uncertain_count == 0)
}

#[test]
fn a_plain_container_sees_itself_and_its_network() {
    check(
        |_| {},
        "Container agent: own, same network
         Network ops: own
         Environment variable agent/TOKEN: environment",
    );
}

#[test]
fn containers_on_one_network_see_each_other() {
    check(
        |host| {
            host.containers[2]
                .networks
                .push(("shop".to_owned(), String::new()));
        },
        "Container agent: own, same network
         Container db: same network
         Container web: same network
         Network ops: own
         Network shop: own
         Environment variable agent/TOKEN: environment",
    );
}

#[test]
fn the_network_of_another_container_is_shared() {
    let mut changed = host();
    changed.containers[2].networks.clear();
    changed.containers[2].network_mode = "container:db0123456789abcdef".to_owned();
    assert!(shown(&view(changed, &inside("agent"))).contains("Container web: same network"));
}

#[test]
fn the_socket_shows_everything_also_when_read_only() {
    for path in [
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/var/run",
        "/run/",
        "/",
        "/run/user/1000/docker.sock",
        "/var/snap/docker/common/run/docker.sock",
        "/srv/docker.sock",
        "./run/docker.sock",
        r"\\.\pipe\docker_engine",
    ] {
        assert!(
            sees_everything(|host| host.containers[2].mounts.push(bind(path))),
            "{path}"
        );
    }
    for path in [
        "/var/run/docker",
        "/run2",
        "/srv/docker.sock.d",
        "/etc",
        ".",
        "./",
        "",
    ] {
        assert!(
            !sees_everything(|host| host.containers[2].mounts.push(bind(path))),
            "{path}"
        );
    }
}

#[test]
fn the_address_at_which_the_daemon_was_read_is_its_socket() {
    let through = |path: &str| {
        sees_everything(|host| {
            host.endpoint = "unix:///opt/engine/run/api".to_owned();
            host.containers[2].mounts.push(bind(path));
        })
    };
    assert!(through("/opt/engine/run/api"));
    assert!(through("/opt/engine"));
    assert!(!through("/opt/engine/run/api2"));
    assert!(sees_everything(|host| {
        host.daemon.hosts = vec!["unix:///opt/other".to_owned()];
        host.containers[2].mounts.push(bind("/opt/other"));
    }));
}

#[test]
fn a_source_that_only_a_variable_holds_is_told_by_where_it_is_mounted() {
    let mounted = |destination: &str| {
        sees_everything(|host| {
            host.containers[2].mounts.push(Mount {
                destination: destination.to_owned(),
                ..bind("${SOCK}")
            });
        })
    };
    assert!(mounted("/var/run/docker.sock"));
    assert!(!mounted("/data"));
}

#[test]
fn the_socket_of_another_runtime_shows_containers_that_are_not_in_the_estate() {
    for path in [
        "/run/crio/crio.sock",
        "/var/snap/microk8s/common/run/containerd.sock",
    ] {
        let mut changed = host();
        changed.containers[2].mounts.push(bind(path));
        let view = view(changed, &inside("agent"));
        assert!(!shown(&view).contains("runtime socket"), "{path}");
        assert!(view.depends_on[0].fact.contains(path), "{path}");
    }
}

#[test]
fn an_authorization_plugin_makes_the_socket_uncertain() {
    let mut changed = host();
    changed.containers[2]
        .mounts
        .push(bind("/var/run/docker.sock"));
    changed.daemon.authorization_plugins = vec!["opa".to_owned()];
    let view = view(changed, &inside("agent"));
    assert!(!shown(&view).contains("Container db"));
    assert_eq!(
        view.depends_on[0].fact,
        "what the authorization plugin `opa` allows"
    );
    assert!(
        view.categories
            .iter()
            .all(|category| category.hidden_count == 0)
    );
}

#[test]
fn a_privileged_container_is_root_on_the_host() {
    assert!(sees_everything(|host| host.containers[2].privileged = true));
}

#[test]
fn the_process_table_of_the_host_shows_containers() {
    check(
        |host| host.containers[2].pid_mode = "host".to_owned(),
        "Container agent: own, same network, processes
         Container db: processes
         Container web: processes
         Network ops: own
         Environment variable agent/TOKEN: environment",
    );
}

#[test]
fn docker_folders_show_what_they_hold() {
    let through = |path: &str| {
        let mut changed = host();
        changed.containers[2].mounts.push(bind(path));
        shown(&view(changed, &inside("agent")))
    };
    let logs = through("/var/lib/docker/containers");
    assert!(logs.contains("Container log db: host files"));
    assert!(!logs.contains("Volume data"));
    assert!(through("/var/lib/docker").contains("Volume data: host files"));
}

#[test]
fn an_open_listener_counts_where_it_can_be_reached() {
    let outcome = |mode: &str, address: &str, tls_verify: Option<bool>| {
        let mut changed = host();
        changed.containers[2].network_mode = mode.to_owned();
        changed.daemon.hosts = vec![address.to_owned()];
        changed.daemon.tls_verify = tls_verify;
        let view = view(changed, &inside("agent"));
        (
            shown(&view).contains("Container db"),
            !view.depends_on.is_empty(),
        )
    };
    assert_eq!(outcome("host", "tcp://127.0.0.1:2375", None), (true, false));
    assert_eq!(
        outcome("host", "tcp://0.0.0.0:2376", Some(true)),
        (false, false)
    );
    assert_eq!(
        outcome("shop", "tcp://127.0.0.1:2375", None),
        (false, false)
    );
    assert_eq!(outcome("shop", "tcp://0.0.0.0:2375", None), (false, true));
    assert_eq!(outcome("none", "tcp://0.0.0.0:2375", None), (false, false));
    assert_eq!(outcome("host", "unix:///run/x.sock", None), (false, false));
}

#[test]
fn the_daemons_own_warning_names_an_open_listener() {
    let mut changed = host();
    changed.containers[2].network_mode = "host".to_owned();
    changed.daemon.warnings = vec![
        "[DEPRECATION NOTICE]: API is accessible on http://0.0.0.0:2375 without encryption."
            .to_owned(),
    ];
    assert!(shown(&view(changed, &inside("agent"))).contains("Container db"));
}

#[test]
fn the_api_shows_everything_on_the_host() {
    let view = view(
        host(),
        &Vantage::DockerApi {
            host: "box".to_owned(),
        },
    );
    assert!(
        view.categories
            .iter()
            .all(|category| category.hidden_count == 0)
    );
    assert!(shown(&view).contains("Image sha256:1: GET /images/json"));
    assert_eq!(
        view.chains[0].links[0].text,
        "the Docker API at unix:///var/run/docker.sock"
    );
}

#[test]
fn containers_are_found_by_short_id_and_near_names_are_suggested() {
    let estate = Estate {
        docker_hosts: vec![host()],
        ..Estate::default()
    };
    let at = |name: &str| see(&estate, &inside(name));
    assert!(at("agent0123456").is_ok());
    assert!(at("agent0").is_err());
    assert_eq!(
        at("agant").unwrap_err().to_string(),
        "there is no container `agant` in the estate; did you mean `agent`?"
    );
}

/// The socket and Docker's own folder are root's, and the socket its group's; the process table is everybody's.
#[test]
fn what_only_root_opens_depends_for_another_user() {
    for source in ["/var/run/docker.sock", "/", "/var/lib/docker"] {
        let look = |user: &str| {
            let mut changed = host();
            user.clone_into(&mut changed.containers[2].user);
            changed.containers[2].mounts = vec![bind(source)];
            let view = view(changed, &inside("agent"));
            let doubts = view
                .depends_on
                .iter()
                .filter(|one| one.fact.contains("user `1000`"));
            (shown(&view).contains("Container web"), doubts.count())
        };
        assert_eq!(look(""), (true, 0), "{source}");
        assert_eq!(look("0:0"), (true, 0), "{source}");
        assert_eq!(look("1000:1000"), (false, 1), "{source}");
    }
}

/// Whoever reaches the API starts a container that has the host; what confines the daemon stays a fact.
#[test]
fn the_api_leads_to_root_on_the_host() {
    let leads = |host: DockerHost, depth: Option<u32>| {
        let estate = Estate {
            docker_hosts: vec![host],
            ..Estate::default()
        };
        let vantage = Vantage::DockerApi {
            host: "box".to_owned(),
        };
        let joined = Joined {
            depth,
            ..Joined::default()
        };
        let view = see_joined(&estate, &vantage, joined).expect("it exists");
        let pivots = view.pivots.iter();
        let pivots = pivots.map(|pivot| {
            let steps = pivot.steps.len();
            format!(
                "{:?} {} {steps} {}",
                pivot.kind,
                pivot.name,
                pivot.depends_on.len()
            )
        });
        pivots.collect::<Vec<String>>()
    };
    assert_eq!(leads(host(), Some(6)), ["Host box 1 0"]);
    assert_eq!(leads(host(), None), Vec::<String>::new());
    let mut rootless = host();
    rootless.daemon.security_options = vec!["name=rootless".to_owned()];
    assert_eq!(leads(rootless, Some(6)), ["Host box 1 1"]);
}
