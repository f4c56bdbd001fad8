//! The same pod from outside and from inside: what it knows of itself.

use viewshed_model::{
    Container, EnvName, HostAccess, Mount, OwnNames, PodSpec, Surroundings, VolumeSource,
};

use super::{chain_of, in_pod, shown, view};
use crate::samples::{api_token, mount, shop};
use crate::see::{HereAnswers, see_here};

/// What shows from outside in pod `shop/web`, which has no token.
fn outside(change: impl FnOnce(&mut PodSpec)) -> String {
    let mut cluster = shop();
    change(&mut cluster.pods[1].spec);
    shown(&view(&cluster, &in_pod("shop", "web")))
}

/// What shows inside it, with no list at all.
fn inside(own: OwnNames, host: HostAccess) -> String {
    let variables = ["KUBERNETES_SERVICE_HOST", "WEB_SERVICE_HOST"];
    let surroundings = Surroundings {
        own,
        host,
        variables: variables
            .map(|name| EnvName {
                name: name.to_owned(),
                ..EnvName::default()
            })
            .to_vec(),
        ..Surroundings::default()
    };
    let view = see_here(surroundings, HereAnswers::default());
    // The sample has no service of the API server.
    let lines = shown(&view);
    let lines = lines.lines().filter(|line| !line.contains("kubernetes"));
    lines.collect::<Vec<_>>().join("\n")
}

fn names(host_name: &str, namespace: &str) -> OwnNames {
    OwnNames {
        host_name: host_name.to_owned(),
        namespace: namespace.to_owned(),
        namespace_from: "the search list of /etc/resolv.conf".to_owned(),
        container: "main".to_owned(),
    }
}

#[test]
fn without_a_token_the_resolver_names_the_namespace() {
    let seen = inside(names("web", "shop"), HostAccess::default());
    assert_eq!(seen, outside(|_| ()));
    assert!(seen.contains("Service shop/web: environment"), "{seen}");
    // That is the host name's word alone.
    assert!(!seen.contains("Pod shop/web"), "{seen}");
    assert!(!seen.contains("Container"), "{seen}");
}

#[test]
fn where_nothing_names_the_namespace_things_have_none() {
    let seen = inside(names("web", ""), HostAccess::default());
    assert_eq!(seen, "Service web: environment");
    assert_eq!(
        seen,
        outside(|spec| "Default".clone_into(&mut spec.dns_policy))
    );
}

#[test]
fn with_the_nodes_network_the_host_name_is_the_nodes() {
    let host = HostAccess {
        network: true,
        ..HostAccess::default()
    };
    let seen = inside(names("worker-2", ""), host);
    assert_eq!(seen, "Node worker-2: own\nService web: environment");
    assert_eq!(seen, outside(|spec| spec.host.network = true));
}

#[test]
fn a_variable_names_the_namespace() {
    let seen = outside(|spec| {
        "Default".clone_into(&mut spec.dns_policy);
        spec.containers[0].env.push(EnvName {
            name: "POD_NAMESPACE".to_owned(),
            ..EnvName::default()
        });
    });
    assert!(seen.contains("Namespace shop: own"), "{seen}");
    assert!(seen.contains("Service shop/web: environment"), "{seen}");
}

#[test]
fn outside_of_pods_the_host_name_is_nobodys() {
    let surroundings = Surroundings {
        own: OwnNames {
            host_name: "laptop".to_owned(),
            ..OwnNames::default()
        },
        ..Surroundings::default()
    };
    assert_eq!(shown(&see_here(surroundings, HereAnswers::default())), "");
}

#[test]
fn values_are_told_and_their_objects_not_counted() {
    let mut cluster = shop();
    let spec = &mut cluster.pods[1].spec;
    spec.containers[0].env_secrets.push("db".to_owned());
    mount(
        spec,
        VolumeSource::ConfigMap("settings".to_owned()),
        "/etc/settings",
    );
    let view = view(&cluster, &in_pod("shop", "web"));
    assert_eq!(
        view.unnamed,
        [
            "container main of pod shop/web has values of Secret shop/db in its environment",
            "container main of pod shop/web reads the keys of ConfigMap shop/settings at /etc/settings",
        ]
    );
    assert!(!shown(&view).contains("Secret"), "{}", shown(&view));
    assert!(!shown(&view).contains("ConfigMap"), "{}", shown(&view));
}

#[test]
fn a_token_of_an_ended_container_is_named_and_not_used() {
    let mut cluster = shop();
    let spec = &mut cluster.pods[1].spec;
    mount(spec, api_token(), "/t");
    let mounts: Vec<Mount> = std::mem::take(&mut spec.containers[0].mounts);
    spec.containers.push(Container {
        name: "first".to_owned(),
        role: "init".to_owned(),
        has_ended: true,
        privileged: true,
        mounts,
        ..Container::default()
    });
    let ended = view(&cluster, &in_pod("shop", "web"));
    let refused: Vec<&str> = ended
        .identities
        .iter()
        .filter(|held| !held.is_accepted)
        .map(|held| held.how.as_str())
        .collect();
    assert_eq!(
        refused,
        [
            "pod shop/web mounts the token of service account shop/default at /t/token, but only into its \
          container first, which has ended"
        ]
    );
    assert!(!shown(&ended).contains("first"), "{}", shown(&ended));
    assert!(!shown(&ended).contains("runtime"), "{}", shown(&ended));
    cluster.pods[1].spec.containers[1].has_ended = false;
    let running = view(&cluster, &in_pod("shop", "web"));
    assert!(
        running.identities.iter().all(|held| held.is_accepted),
        "{:?}",
        running.identities
    );
    let text = shown(&running);
    assert!(
        text.contains("Container shop/web/first: list, watch, get, own"),
        "{text}"
    );
}

#[test]
fn the_socket_of_the_nodes_own_runtime_is_named() {
    for (runtime, path, expected) in [
        (
            "containerd://1.7.0",
            "/run",
            "/run/containerd/containerd.sock",
        ),
        (
            "containerd://1.7.0-k3s1",
            "/run",
            "/run/k3s/containerd/containerd.sock",
        ),
        ("docker://20.10.0", "/run", "/run/docker.sock"),
        ("cri-o://1.30.0", "/var/run", "/run/crio/crio.sock"),
        ("", "/run", "the socket of its container runtime"),
    ] {
        let mut cluster = shop();
        runtime.clone_into(&mut cluster.nodes[0].runtime);
        let host_path = VolumeSource::HostPath(path.to_owned());
        mount(&mut cluster.pods[2].spec, host_path, "/host");
        let view = view(&cluster, &in_pod("ops", "dash"));
        let chain = chain_of(&view, "Pod", "cart").join("; ");
        let wanted = format!("with {expected} in it");
        let chains = view.chains.iter().flat_map(|chain| &chain.links);
        let is_told = chains.into_iter().any(|link| link.text.contains(&wanted));
        assert!(is_told, "{runtime} {path}: {chain}");
    }
}
