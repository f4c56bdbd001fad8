use viewshed_model::{
    Action, Category, Cluster, DaemonSight, DockerContainer, DockerHost, Gap, GapReason, Identity,
    Meta, NonResourceRequest, OwnAnswer, ResourceRequest, Sight, Surroundings, View,
};

use super::{chain_of, shown};
use crate::samples::shop;
use crate::see::{HereAnswers, see_here};

fn of_server(sights: Vec<Sight>) -> HereAnswers {
    HereAnswers {
        sights,
        ..HereAnswers::default()
    }
}

/// `VERB RESOURCE [NAMESPACE [NAME]]`, or a path; `no` in front of what is refused.
pub(super) fn answer(words: &str) -> OwnAnswer {
    let (allowed, words) = match words.strip_prefix("no ") {
        Some(rest) => (false, rest),
        None => (true, words),
    };
    let mut parts = words.split(' ').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let (verb, resource) = (next(), next());
    let action = if resource.starts_with('/') {
        let path = resource;
        Action::NonResource(NonResourceRequest { verb, path })
    } else {
        let (resource, subresource) = match resource.split_once('/') {
            Some((resource, subresource)) => (resource.to_owned(), subresource.to_owned()),
            None => (resource, String::new()),
        };
        Action::Resource(ResourceRequest {
            verb,
            resource,
            subresource,
            namespace: next(),
            name: next(),
            ..ResourceRequest::default()
        })
    };
    OwnAnswer {
        action,
        allowed,
        reason: "because".to_owned(),
    }
}

fn sight(credential: &str, identity: Identity, cluster: Cluster, answers: &[&str]) -> Sight {
    Sight {
        credential: credential.to_owned(),
        identity,
        cluster,
        answers: answers.iter().map(|words| answer(words)).collect(),
        ..Sight::default()
    }
}

fn seen(answers: &[&str]) -> View<'static> {
    let cart = Identity::service_account("shop", "cart");
    let sight = sight("/token", cart, shop(), answers);
    see_here(Surroundings::default(), of_server(vec![sight]))
}

#[test]
fn only_what_the_server_allowed_shows() {
    assert_eq!(shown(&seen(&["no list pods shop", "no list pods"])), "");
    let view = shown(&seen(&["list pods shop", "no list services shop"]));
    assert!(view.contains("Pod shop/cart: list"), "{view}");
    assert!(!view.contains("Service "), "{view}");
}

#[test]
fn a_name_that_may_be_read_shows_that_object_alone() {
    let view = shown(&seen(&["get pods shop cart"]));
    assert!(view.contains("Pod shop/cart: get"), "{view}");
    assert!(!view.contains("Pod shop/web"), "{view}");
}

/// A rule of several kinds and names allows each name of each kind, whether it exists or not.
#[test]
fn what_a_rule_names_and_nobody_has_is_not_told() {
    let api = |resource: &str, kind: &str| viewshed_model::ApiResource {
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        kind: kind.to_owned(),
        namespaced: true,
        verbs: vec!["get".to_owned(), "list".to_owned()],
        ..viewshed_model::ApiResource::default()
    };
    let cluster = Cluster {
        api_resources: vec![api("secrets", "Secret"), api("configmaps", "ConfigMap")],
        ..Cluster::default()
    };
    let look = |answers: &[&str], absent: &[&str]| {
        let cart = Identity::service_account("shop", "cart");
        let mut sight = sight("/token", cart, cluster.clone(), answers);
        let absent = absent.iter().map(|words| match answer(words).action {
            Action::Resource(request) => request,
            Action::NonResource(_) => unreachable!(),
        });
        sight.absent = absent.collect();
        shown(&see_here(Surroundings::default(), of_server(vec![sight])))
    };
    let named = ["get secrets shop db", "get configmaps shop db"];
    assert_eq!(
        look(&named, &["get configmaps shop db"]),
        "Secret shop/db: get"
    );
    // A list showed every ConfigMap that there is.
    let listed = [&named[..], &["list configmaps"]].concat();
    assert_eq!(look(&listed, &[]), "Secret shop/db: get");
}

#[test]
fn what_a_rule_names_is_told_by_the_rule() {
    let api = |resource: &str, kind: &str| viewshed_model::ApiResource {
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        kind: kind.to_owned(),
        namespaced: true,
        verbs: vec!["get".to_owned()],
        ..viewshed_model::ApiResource::default()
    };
    let cluster = Cluster {
        api_resources: vec![api("secrets", "Secret"), api("pods", "Pod")],
        ..Cluster::default()
    };
    let cart = Identity::service_account("shop", "cart");
    let answers = [
        "get secrets shop db-pass",
        "get pods shop",
        // It holds everywhere, so it does not tell where the object is.
        "get pods  anywhere",
    ];
    let sight = sight("/token", cart, cluster, &answers);
    let view = see_here(Surroundings::default(), of_server(vec![sight]));
    assert_eq!(shown(&view), "Secret shop/db-pass: get");
    let facts: Vec<&str> = view
        .depends_on
        .iter()
        .map(|one| one.fact.as_str())
        .collect();
    assert_eq!(
        facts,
        [
            "what namespaces other than `shop` show: they cannot be listed from here; name those that you know \
             with `--namespaces`",
            "which names are known or guessed: get pods in shop is allowed one by one, and nothing \
          here lists them"
        ]
    );
}

#[test]
fn every_credential_shows_its_own_and_objects_count_once() {
    let services = Cluster {
        services: vec![viewshed_model::Service {
            meta: Meta {
                namespace: Some("open".to_owned()),
                name: "front".to_owned(),
                ..Meta::default()
            },
            ..viewshed_model::Service::default()
        }],
        ..Cluster::default()
    };
    let cart = Identity::service_account("shop", "cart");
    let view = see_here(
        Surroundings::default(),
        of_server(vec![
            sight("/token", cart.clone(), shop(), &["list pods shop"]),
            sight("/other", cart, shop(), &["watch pods shop"]),
            sight(
                "",
                Identity::anonymous(),
                services,
                &["list services open", "get /version", "no get /metrics"],
            ),
        ]),
    );
    let text = shown(&view);
    assert_eq!(
        text.matches("Pod shop/cart: list, watch").count(),
        1,
        "{text}"
    );
    assert!(text.contains("Service open/front: list"), "{text}");
    assert_eq!(
        chain_of(&view, "path", "/version")[0],
        "a request to the API server without a credential"
    );
    let here = view.here.unwrap();
    let answered: Vec<(&str, usize)> = here
        .credentials
        .iter()
        .map(|answered| (answered.credential.as_str(), answered.answers.len()))
        .collect();
    assert_eq!(answered, [("/token", 1), ("/other", 1), ("", 3)]);
}

/// A daemon with one container of this name, reached through this socket.
fn daemon(socket: &str, container: &str) -> DaemonSight {
    DaemonSight {
        way: format!("the socket {socket} is at hand"),
        host: DockerHost {
            name: format!("unix://{socket}"),
            is_live: true,
            containers: vec![DockerContainer {
                id: format!("{container}0123456789abcdef"),
                name: container.to_owned(),
                image: "web:1".to_owned(),
                ..DockerContainer::default()
            }],
            ..DockerHost::default()
        },
        gaps: vec![Gap {
            source: format!("unix://{socket}"),
            what: "plugins".to_owned(),
            reason: GapReason::Forbidden,
            detail: String::new(),
            hint: String::new(),
            count: 1,
        }],
    }
}

#[test]
fn what_daemons_answer_joins_what_the_server_does() {
    let cart = Identity::service_account("shop", "cart");
    let answers = HereAnswers {
        sights: vec![sight("/token", cart, shop(), &["list pods shop"])],
        daemons: vec![
            daemon("/run/docker.sock", "web"),
            daemon("/podman.sock", "batch"),
        ],
        kubelets: Vec::new(),
    };
    let view = see_here(Surroundings::default(), answers);
    let text = shown(&view);
    assert!(text.contains("Pod shop/cart: list"), "{text}");
    assert_eq!(
        chain_of(&view, "Container", "web"),
        [
            "the socket /run/docker.sock is at hand",
            "the Docker API answers there, whoever asks",
            "GET /containers/json"
        ]
    );
    assert_eq!(
        chain_of(&view, "Container", "batch")[0],
        "the socket /podman.sock is at hand"
    );
    assert_eq!(
        chain_of(&view, "Pod", "cart").last().map(String::as_str),
        Some("list pods in shop")
    );
    let kinds: Vec<Category> = view.categories.iter().map(|entry| entry.category).collect();
    assert_eq!(kinds, Category::ALL);
    assert_eq!(view.gaps.len(), 2);
    assert!(
        view.estate
            .ends_with("unix:///run/docker.sock and unix:///podman.sock")
    );
}

#[test]
fn a_daemon_alone_names_the_view() {
    let answers = HereAnswers {
        daemons: vec![daemon("/run/docker.sock", "web")],
        ..HereAnswers::default()
    };
    let view = see_here(Surroundings::default(), answers);
    assert_eq!(view.estate, "unix:///run/docker.sock");
    assert!(shown(&view).contains("Container log web"));
    assert_eq!(view.identities, []);
}

/// A container that Docker made, with these variables.
fn in_docker(beside: &[&str], daemons: Vec<DaemonSight>) -> View<'static> {
    let variable = |name: &str| viewshed_model::EnvName {
        name: name.to_owned(),
        ..viewshed_model::EnvName::default()
    };
    let surroundings = Surroundings {
        container_id: "3fa1b2c4d5e6f708".to_owned(),
        variables: ["HOME", "DB_PASSWORD", "PATH"].map(variable).to_vec(),
        beside: beside.iter().map(|id| (*id).to_owned()).collect(),
        ..Surroundings::default()
    };
    let answers = HereAnswers {
        daemons,
        ..HereAnswers::default()
    };
    see_here(surroundings, answers)
}

#[test]
fn a_container_of_docker_has_itself_and_its_variables() {
    let view = in_docker(&[], Vec::new());
    assert_eq!(
        shown(&view),
        "Container 3fa1b2c4d5e6: own\n\
         Environment variable 3fa1b2c4d5e6/DB_PASSWORD: environment\n\
         Environment variable 3fa1b2c4d5e6/PATH: environment"
    );
    assert!(
        view.depends_on[0]
            .fact
            .starts_with("who else is on its networks")
    );
    // A daemon that answers has told of the container by its name.
    let told = in_docker(&["77"], vec![daemon("/run/docker.sock", "web")]);
    assert!(!shown(&told).contains("3fa1b2c4d5e6"), "{}", shown(&told));
}

#[test]
fn a_shared_process_table_tells_of_containers() {
    let view = shown(&in_docker(&["0123456789abcdef"], Vec::new()));
    assert!(view.contains("Container 0123456789ab: processes"), "{view}");
}

/// A kubelet shows pods of all namespaces, whatever the API server does.
#[test]
fn what_kubelets_answer_counts_by_the_kubelet() {
    let mut told = crate::samples::pod("back/db", "worker-1", "db:1");
    told.node = "worker-1".to_owned();
    let kubelet = viewshed_model::KubeletSight {
        address: "tcp://10.1.0.1:10250".to_owned(),
        address_from: "the gateway of the network".to_owned(),
        credential: "/token".to_owned(),
        subject: "system:serviceaccount:shop:cart".to_owned(),
        is_unverified: true,
        node: "worker-1".to_owned(),
        paths: vec!["/pods".to_owned()],
        pods: vec![told],
        logged: Vec::new(),
    };
    let answers = HereAnswers {
        kubelets: vec![kubelet],
        ..HereAnswers::default()
    };
    let view = see_here(Surroundings::default(), answers);
    assert_eq!(
        shown(&view),
        "Container back/db/main: kubelet\nImage db:1: kubelet\nPod back/db: kubelet\nNode worker-1: kubelet\n\
         Namespace back: indirect"
    );
    assert_eq!(
        view.chains[0].links[0].text,
        "the kubelet at tcp://10.1.0.1:10250 (the gateway of the network) was asked with the token /token of service \
         account shop/cart, without checking its certificate"
    );
}
