//! What a pod sees of its node without a credential: processes and logs, as root and as somebody else.

use viewshed_model::{
    Cluster, Container, Identity, LoggedPod, MountedToken, OwnNames, PodSpec, Sight, Surroundings,
    VolumeSource,
};

use super::{in_pod, shown, view};
use crate::samples::{api_token, mount, shop};
use crate::see::{HereAnswers, Joined, see_here, see_joined};

const CART: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const DASH: &str = "da5bda5bda5bda5bda5bda5bda5bda5bda5bda5bda5bda5bda5bda5bda5bda5b";

/// The shop, whose pods `shop/cart` and `ops/dash` run on one node, with a change of the latter.
fn running(change: impl FnOnce(&mut PodSpec)) -> Cluster {
    let mut cluster = shop();
    CART.clone_into(&mut cluster.pods[0].spec.containers[0].runtime_id);
    DASH.clone_into(&mut cluster.pods[2].spec.containers[0].runtime_id);
    change(&mut cluster.pods[2].spec);
    cluster
}

fn from_dash(change: impl FnOnce(&mut PodSpec)) -> String {
    shown(&view(&running(change), &in_pod("ops", "dash")))
}

fn host_path(spec: &mut PodSpec, path: &str) {
    mount(spec, VolumeSource::HostPath(path.to_owned()), "/host");
}

/// What shows inside, where nothing but this is around.
fn inside(around: Surroundings, sights: Vec<Sight>) -> String {
    let answers = HereAnswers {
        sights,
        ..HereAnswers::default()
    };
    shown(&see_here(around, answers))
}

#[test]
fn the_process_table_tells_ids_and_no_names() {
    let expected = "Container c0ffee00c0ff: processes\nNamespace ops: own";
    assert_eq!(from_dash(|spec| spec.host.pid = true), expected);
    let mounted = from_dash(|spec| host_path(spec, "/proc"));
    assert_eq!(mounted, expected);
    // A second container sees the first.
    let two = from_dash(|spec| {
        spec.host.pid = true;
        spec.containers.push(Container {
            name: "second".to_owned(),
            runtime_id: "2".repeat(64),
            ..Container::default()
        });
    });
    assert!(two.contains("Container da5bda5bda5b: processes"), "{two}");
    // A container that does not run has no process.
    let mut ended = running(|spec| spec.host.pid = true);
    ended.pods[0].spec.containers[0].runtime_id.clear();
    assert_eq!(
        shown(&view(&ended, &in_pod("ops", "dash"))),
        "Namespace ops: own"
    );
}

#[test]
fn ids_inside_are_those_of_the_pods_that_lists_show() {
    let around = || Surroundings {
        beside: vec![CART.to_owned(), DASH.to_owned()],
        ..Surroundings::default()
    };
    assert_eq!(
        inside(around(), Vec::new()),
        "Container c0ffee00c0ff: processes\nContainer da5bda5bda5b: processes"
    );
    let mut listed = running(|_| ());
    listed.pods.truncate(1);
    let sight = Sight {
        cluster: listed,
        ..Sight::default()
    };
    let seen = inside(around(), vec![sight]);
    assert_eq!(seen.matches("processes").count(), 2, "{seen}");
    assert!(!seen.contains("Container shop/cart/main: list"), "{seen}");
}

/// Folders of logs name namespaces, pods and containers, and no images.
#[test]
fn folders_of_logs_say_the_same_inside_and_outside() {
    let logged = |namespace: &str, name: &str| LoggedPod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        folder: "/host/pods".to_owned(),
        containers: vec!["main".to_owned()],
        is_readable: true,
    };
    let around = Surroundings {
        own: OwnNames {
            namespace: "ops".to_owned(),
            namespace_from: "the search list of /etc/resolv.conf".to_owned(),
            container: "main".to_owned(),
            ..OwnNames::default()
        },
        logged_pods: vec![logged("ops", "dash"), logged("shop", "cart")],
        ..Surroundings::default()
    };
    let seen = inside(around, Vec::new());
    assert_eq!(seen, from_dash(|spec| host_path(spec, "/var/log")));
    assert!(seen.contains("pods/log shop/cart: node files"), "{seen}");
    assert!(!seen.contains("Image"), "{seen}");
}

/// Users by `runAsUser` and `runAsGroup`: who is in root's group reads what the group may.
#[test]
fn the_group_decides_what_a_user_reads_of_the_node() {
    let as_user = |path: &str, group: Option<i64>| {
        from_dash(|spec| {
            host_path(spec, path);
            spec.containers[0].run_as_user = Some(1000);
            spec.containers[0].run_as_group = group;
        })
    };
    for group in [None, Some(0)] {
        let logs = as_user("/var/log", group);
        assert!(logs.contains("pods/log shop/cart: node files"), "{logs}");
        let socket = as_user("/run/containerd", group);
        assert!(socket.contains("Pod shop/cart: runtime socket"), "{socket}");
    }
    for path in ["/var/log/pods", "/run/containerd", "/var/lib/kubelet"] {
        assert_eq!(as_user(path, Some(1000)), "Namespace ops: own", "{path}");
    }
    let root = as_user("/", Some(1000));
    assert_eq!(
        root,
        "Container c0ffee00c0ff: processes\nNamespace ops: own"
    );
}

/// `pkg/volume/projected`: 0644, else the file of one user, or of one group.
#[test]
fn roots_group_reads_the_tokens_that_are_nobodys() {
    let holds_cart = |change: &dyn Fn(&mut PodSpec)| {
        let mut cluster = running(|spec| {
            host_path(spec, "/var/lib/kubelet");
            spec.containers[0].run_as_user = Some(1000);
        });
        change(&mut cluster.pods[0].spec);
        let view = view(&cluster, &in_pod("ops", "dash"));
        let names: Vec<String> = view
            .identities
            .iter()
            .map(|held| held.identity.to_string())
            .collect();
        // The certificate is root's alone.
        assert!(
            !names.iter().any(|name| name.contains("system:node")),
            "{names:?}"
        );
        names.contains(&"service account shop/cart".to_owned())
    };
    assert!(holds_cart(&|_| ()));
    assert!(!holds_cart(&|cart| cart.containers[0].run_as_user = Some(7)));
    assert!(!holds_cart(&|cart| cart.fs_group = Some(7)));
}

#[test]
fn a_folder_of_an_unknown_node_leads_to_its_identity() {
    let leads = |path: &str| {
        let mut cluster = running(|spec| host_path(spec, path));
        cluster.pods[2].node.clear();
        let estate = viewshed_model::Estate {
            clusters: vec![cluster],
            ..viewshed_model::Estate::default()
        };
        let joined = Joined {
            depth: Some(2),
            ..Joined::default()
        };
        let view = see_joined(&estate, &in_pod("ops", "dash"), joined).unwrap();
        let facts: Vec<String> = view.depends_on.into_iter().map(|one| one.fact).collect();
        let names: Vec<String> = view.pivots.into_iter().map(|pivot| pivot.name).collect();
        (names, facts.join("; "))
    };
    let (names, facts) = leads("/var/lib/kubelet");
    assert!(
        names.contains(&"system:node:(where it runs)".to_owned()),
        "{names:?}"
    );
    assert!(
        names.contains(&"of every pod on node (where it runs)".to_owned()),
        "{names:?}"
    );
    assert!(facts.contains("on which node it runs"), "{facts}");
    let (names, facts) = leads("/srv");
    assert_eq!(names, Vec::<String>::new());
    assert!(!facts.contains("on which node it runs"), "{facts}");
}

#[test]
fn a_token_that_is_refused_shows_nothing_and_says_why() {
    let around = Surroundings {
        tokens: vec![MountedToken {
            path: "/vault/token".to_owned(),
            audiences: vec!["vault".to_owned()],
            ..MountedToken::default()
        }],
        ..Surroundings::default()
    };
    let sight = Sight {
        credential: "/vault/token".to_owned(),
        identity: Identity::service_account("shop", "cart"),
        is_refused: true,
        ..Sight::default()
    };
    let answers = HereAnswers {
        sights: vec![sight],
        ..HereAnswers::default()
    };
    let view = see_here(around, answers);
    let [held] = &view.identities[..] else {
        panic!("{:?}", view.identities);
    };
    assert!(!held.is_accepted);
    assert_eq!(
        held.how,
        "token /vault/token: the API server refuses it (its audience is `vault`)"
    );
    assert_eq!(view.gaps, []);
}

/// A fact about the place, and no failure to read something.
#[test]
fn namespaces_that_cannot_be_listed_are_a_fact() {
    let facts = |answers: &[&str]| {
        let answers = answers.iter().map(|words| super::here::answer(words));
        let sight = Sight {
            answers: answers.collect(),
            ..Sight::default()
        };
        let answers = HereAnswers {
            sights: vec![sight],
            ..HereAnswers::default()
        };
        let view = see_here(Surroundings::default(), answers);
        assert_eq!(view.gaps, []);
        view.depends_on.len()
    };
    assert_eq!(facts(&["no list namespaces", "no list pods shop"]), 1);
    assert_eq!(facts(&["list namespaces", "no list pods shop"]), 0);
    assert_eq!(facts(&[]), 0);
}

#[test]
fn containers_that_hold_different_things_are_told_apart() {
    let facts = |differ: bool| {
        let cluster = running(|spec| {
            let mut second = spec.containers[0].clone();
            second.name = "second".to_owned();
            spec.containers.push(second);
            if differ {
                mount(spec, api_token(), "/t");
            }
        });
        let view = view(&cluster, &in_pod("ops", "dash"));
        let facts = view.depends_on.into_iter().map(|one| one.fact);
        facts
            .filter(|fact| fact.contains("main, second hold together"))
            .count()
    };
    assert_eq!(facts(true), 1);
    assert_eq!(facts(false), 0);
}
