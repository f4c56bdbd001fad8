//! The collection of a real cluster, compared with what kubectl sees.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

#[path = "collect_kubernetes/counts.rs"]
mod counts;
#[path = "collect_kubernetes/wire.rs"]
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use counts::counts;
use serde_json::json;
use viewshed_bench::kubernetes::Endpoint;
use viewshed_bench::{
    Availability, ControlPlane, ControlPlaneOptions, Needs, availability, wait_until,
};
use viewshed_collect::kubernetes::{Client, Options, collect, connect, verify};
use viewshed_collect::{Environment, Error, Quiet};
use viewshed_model::{AccessRequest, Action, Cluster, Gap, GapReason, Identity, ResourceRequest};
use wire::{Recorder, write_config_maps};

/// The shared control plane with a small estate on it, or nothing where the bench may be skipped.
fn plane() -> Option<&'static ControlPlane> {
    static PLANE: OnceLock<Option<ControlPlane>> = OnceLock::new();
    PLANE.get_or_init(|| start().inspect(furnish)).as_ref()
}

fn start() -> Option<ControlPlane> {
    match availability(Needs::ControlPlane).unwrap() {
        Availability::Ready => Some(ControlPlane::start(&ControlPlaneOptions::default()).unwrap()),
        Availability::Skip => None,
    }
}

fn furnish(plane: &ControlPlane) {
    plane.kubectl().apply(SHOP).unwrap();
    let arguments = [
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "crd/widgets.example.com",
    ];
    plane.kubectl().run(&arguments).unwrap();
    plane.kubectl().apply(WIDGET).unwrap();
    // Controllers work for a moment: their objects are part of what is compared.
    wait_until("the replica set of `cart`", Duration::from_secs(30), || {
        let pods = plane
            .kubectl()
            .run(&["get", "pods", "-n", "shop", "-o", "name"])?;
        Ok((pods.lines().count() == 2).then_some(()))
    })
    .unwrap();
}

const SHOP: &str = include_str!("collect_kubernetes/shop.yaml");

const WIDGET: &str = "
apiVersion: example.com/v1
kind: Widget
metadata: {name: gear, namespace: shop}
teeth: 12
";

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn options(kubeconfig: &Path) -> Options {
    let environment = Environment {
        variables: BTreeMap::new(),
        root: PathBuf::from("/nonexistent"),
    };
    Options {
        kubeconfig: Some(kubeconfig.to_owned()),
        ..Options::new(environment, "viewshed/test")
    }
}

async fn client(kubeconfig: &Path) -> Client {
    connect(&options(kubeconfig)).await.unwrap()
}

async fn read(kubeconfig: &Path) -> (Cluster, Vec<Gap>) {
    collect(&client(kubeconfig).await, &Quiet).await.unwrap()
}

#[test]
fn an_admin_gets_what_kubectl_lists_kind_by_kind() {
    let Some(plane) = plane() else { return };
    let (cluster, gaps) = run(read(plane.kubeconfig()));
    let kinds = plane
        .kubectl()
        .run(&["api-resources", "--verbs=list", "--output=name"]);
    // kubectl fails because of the broken group, after printing the others.
    let kinds = kinds.unwrap_or_else(|_| {
        let output = plane
            .kubectl()
            .output(&["api-resources", "--verbs=list", "--output=name"]);
        String::from_utf8(output.unwrap().stdout).unwrap()
    });
    let mut expected = BTreeMap::new();
    for kind in kinds.lines() {
        // Written all the time.
        if kind.starts_with("events") || kind.starts_with("leases") {
            continue;
        }
        let names = plane
            .kubectl()
            .run(&["get", kind, "--all-namespaces", "--output=name"])
            .unwrap();
        if !names.is_empty() {
            expected.insert(kind.to_owned(), names.lines().count());
        }
    }
    let mut found = counts(&cluster);
    found.retain(|kind, _| !kind.starts_with("events") && !kind.starts_with("leases"));
    assert_eq!(found, expected);
    assert!(expected.contains_key("widgets.example.com"), "{expected:?}");
    let reasons: Vec<&str> = gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(reasons.len(), 1, "{gaps:?}");
    assert!(reasons[0].contains("broken.example.com"), "{gaps:?}");
    assert_eq!(gaps[0].reason, GapReason::Unreachable);
}

#[test]
fn names_of_keys_are_read_and_values_are_not() {
    let Some(plane) = plane() else { return };
    let (cluster, _) = run(read(plane.kubeconfig()));
    let keys = |name: &str| {
        let found = cluster
            .configs
            .iter()
            .find(|config| config.meta.name == name);
        found.unwrap().keys.clone()
    };
    assert_eq!(keys("settings"), ["colour", "size"]);
    assert_eq!(keys("tls"), ["tls.crt", "tls.key"]);
    assert_eq!(keys("login"), [""; 0]);
    assert!(!serde_json::to_string(&cluster).unwrap().contains("hunter2"));
}

#[test]
fn no_value_of_a_secret_crosses_the_wire_and_nothing_but_reads_leaves() {
    let Some(plane) = plane() else { return };
    let token = plane.token("shop", "collector").unwrap();
    let kubeconfig = plane
        .kubeconfig_with_token(&token, Endpoint::Outside)
        .unwrap();
    let text = std::fs::read_to_string(kubeconfig).unwrap();
    let (requests, answers) = run(async {
        let recorder = Recorder::start(plane).await;
        let through = format!("https://{}", recorder.address);
        let text = text.replace(plane.server(Endpoint::Outside), &through);
        let path = plane.machine().folder().join("through-recorder.kubeconfig");
        std::fs::write(&path, text).unwrap();
        let (cluster, _) = read(&path).await;
        assert!(
            cluster
                .configs
                .iter()
                .any(|config| config.meta.name == "login")
        );
        (recorder.requests(), recorder.answers())
    });
    assert!(answers.contains(r#""login""#), "the recording can be read");
    for value in ["hunter2", "aHVudGVyMi12YWx1ZQ"] {
        assert!(!answers.contains(value), "{value}");
    }
    // A body ends with `}` and no line break, so the next request may follow on its line.
    let mut before: Vec<&str> = requests.split(" HTTP/1.1\r\n").collect();
    before.pop();
    let lines: Vec<&str> = before
        .iter()
        .map(|text| text.rsplit(['\n', '}']).next().unwrap())
        .collect();
    assert!(lines.len() > 50, "{}", lines.len());
    for line in lines {
        let is_review = line.starts_with("POST /apis/authorization.k8s.io/v1/selfsubject")
            || line.starts_with("POST /apis/authentication.k8s.io/v1/selfsubjectreviews");
        assert!(line.starts_with("GET /") || is_review, "{line}");
    }
}

#[test]
fn a_user_with_few_rights_gets_those_and_named_gaps() {
    let Some(plane) = plane() else { return };
    let kubeconfig = plane
        .kubeconfig_for("jane", &[], Endpoint::Outside)
        .unwrap();
    let (cluster, gaps) = run(async {
        let options = Options {
            namespaces: vec!["shop".to_owned()],
            ..options(&kubeconfig)
        };
        let client = connect(&options).await.unwrap();
        assert_eq!(client.identity().unwrap().user, "jane");
        collect(&client, &Quiet).await.unwrap()
    });
    assert_eq!(counts(&cluster), BTreeMap::from([("pods".to_owned(), 2)]));
    let secrets = gaps
        .iter()
        .find(|gap| gap.what == "list `secrets` in all namespaces")
        .unwrap();
    assert_eq!(secrets.reason, GapReason::Forbidden);
    assert!(
        secrets
            .detail
            .contains(r#"User "jane" cannot list resource "secrets""#),
        "{secrets:?}"
    );
    assert!(
        secrets
            .hint
            .starts_with("grant `list` on `secrets` to `jane`"),
        "{secrets:?}"
    );
    for gap in &gaps {
        assert!(
            !gap.hint.is_empty() && !gap.what.contains("without a credential"),
            "{gap:?}"
        );
    }
}

#[test]
fn strangers_get_what_the_default_roles_give() {
    let Some(plane) = plane() else { return };
    let (cluster, _) = run(read(plane.kubeconfig()));
    let status = |wanted: u16| -> Vec<&str> {
        let answers = cluster.anonymous.iter();
        let paths = answers.filter(|answer| answer.status == wanted);
        paths.map(|answer| answer.path.as_str()).collect()
    };
    assert_eq!(status(200), ["/healthz", "/livez", "/readyz", "/version"]);
    assert_eq!(
        status(403).len(),
        cluster.anonymous.len() - 4,
        "{:?}",
        cluster.anonymous
    );
}

#[test]
fn version_and_health_are_read() {
    let Some(plane) = plane() else { return };
    let (cluster, _) = run(read(plane.kubeconfig()));
    assert_eq!(cluster.version.unwrap().git_version, "v1.37.2");
    assert!(
        cluster
            .health
            .iter()
            .any(|check| check.check == "etcd" && check.ok)
    );
}

#[test]
fn twenty_five_thousand_objects_are_paged() {
    // One of its own: the other tests compare counts.
    let Some(plane) = start() else { return };
    let arguments = [
        "create",
        "clusterrolebinding",
        "writer",
        "--clusterrole=cluster-admin",
    ];
    let subject = "--serviceaccount=default:default";
    plane
        .kubectl()
        .run(&[&arguments[..], &[subject]].concat())
        .unwrap();
    let token = plane.token("default", "default").unwrap();
    let found = run(async {
        write_config_maps(&plane, &token, "default", 25_000).await;
        let (cluster, gaps) = read(plane.kubeconfig()).await;
        assert_eq!(gaps, []);
        let configs = cluster.configs.into_iter();
        configs
            .map(|config| config.meta.name)
            .filter(|name| name.starts_with("many-"))
            .collect::<BTreeSet<_>>()
    });
    assert_eq!(found.len(), 25_000);
}

#[test]
fn reviews_in_bulk_are_those_of_single_questions() {
    let Some(plane) = plane() else { return };
    let mut questions = Vec::new();
    for user in ["jane", "ann"] {
        for namespace in ["shop", "default", ""] {
            for resource in ["pods", "secrets"] {
                questions.push(AccessRequest {
                    identity: Identity::user(user, []),
                    action: Action::Resource(ResourceRequest {
                        verb: "list".to_owned(),
                        resource: resource.to_owned(),
                        namespace: namespace.to_owned(),
                        ..ResourceRequest::default()
                    }),
                });
            }
        }
    }
    let verdicts = run(async {
        let client = client(plane.kubeconfig()).await;
        verify::review(&client, &questions, &Quiet).await
    });
    let mut allowed = 0;
    for (question, verdict) in questions.iter().zip(verdicts) {
        let Action::Resource(request) = &question.action else {
            continue;
        };
        let groups: Vec<&str> = question
            .identity
            .groups
            .iter()
            .map(String::as_str)
            .collect();
        let attributes = json!({
            "verb": request.verb, "resource": request.resource, "namespace": request.namespace,
        });
        let single = plane
            .review(&question.identity.user, &groups, &attributes)
            .unwrap();
        let verdict = verdict.unwrap();
        assert_eq!(json!(verdict.allowed), single["allowed"], "{question:?}");
        assert_eq!(
            verdict.reason,
            single["reason"].as_str().unwrap_or_default()
        );
        allowed += usize::from(verdict.allowed);
    }
    assert_eq!(allowed, 1);
}

#[test]
fn a_credential_that_is_not_valid_is_told_apart_from_an_authority_that_is_not() {
    let Some(plane) = plane() else { return };
    let bad_token = plane
        .kubeconfig_with_token("a.b.c", Endpoint::Outside)
        .unwrap();
    let error = run(connect(&options(&bad_token))).unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error}");

    let other = viewshed_bench::Authority::new("other").unwrap();
    let (certificate, _) = other
        .keyed()
        .write(plane.machine().folder(), "other-authority")
        .unwrap();
    let text = format!(
        "current-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
         clusters: [{{name: a, cluster: {{server: '{}', certificate-authority: '{}'}}}}]\n\
         users: [{{name: a, user: {{token: x}}}}]\n",
        plane.server(Endpoint::Outside),
        certificate.display(),
    );
    let path = plane.machine().folder().join("other-authority.kubeconfig");
    std::fs::write(&path, text).unwrap();
    let error = run(connect(&options(&path))).unwrap_err();
    assert!(matches!(error, Error::Untrusted { .. }), "{error}");
}

#[test]
fn impersonation_asks_as_another_and_is_refused_without_permission() {
    let Some(plane) = plane() else { return };
    let as_jane = |kubeconfig: &Path| {
        let mut options = options(kubeconfig);
        options.impersonation.user = Some("jane".to_owned());
        options
    };
    let client = run(connect(&as_jane(plane.kubeconfig()))).unwrap();
    assert_eq!(client.identity().unwrap().user, "jane");
    let kubeconfig = plane.kubeconfig_for("ann", &[], Endpoint::Outside).unwrap();
    let error = run(connect(&as_jane(&kubeconfig))).unwrap_err();
    assert!(
        matches!(error, Error::ImpersonationForbidden { .. }),
        "{error}"
    );
}
