//! The control plane, shared by the tests of this file: it ends with this process.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;
use support::processes_that_mention;
use viewshed_bench::kubernetes::{Audit, Authorization, Endpoint};
use viewshed_bench::{
    Availability, ControlPlane, ControlPlaneOptions, Needs, availability, run, wait_until,
};

/// The shared control plane, or nothing where the bench may be skipped.
fn plane() -> Option<&'static ControlPlane> {
    static PLANE: OnceLock<Option<ControlPlane>> = OnceLock::new();
    PLANE.get_or_init(|| start(&options())).as_ref()
}

fn options() -> ControlPlaneOptions {
    ControlPlaneOptions {
        audit: Audit::RequestResponse,
        ..ControlPlaneOptions::default()
    }
}

fn start(options: &ControlPlaneOptions) -> Option<ControlPlane> {
    match availability(Needs::ControlPlane).unwrap() {
        Availability::Ready => Some(ControlPlane::start(options).unwrap()),
        Availability::Skip => None,
    }
}

#[test]
fn lists_the_namespaces_of_a_new_cluster() {
    let Some(plane) = plane() else { return };
    let names = plane
        .kubectl()
        .run(&["get", "namespaces", "--output=name"])
        .unwrap();
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        assert!(names.contains(&format!("namespace/{name}\n")), "{names}");
    }
}

#[test]
fn says_the_version_it_was_built_from() {
    let Some(plane) = plane() else { return };
    let version = plane.kubectl().get_raw("/version").unwrap();
    assert!(version.contains("\"gitVersion\": \"v1.37.2\""), "{version}");
}

#[test]
fn fills_the_aggregated_roles() {
    let Some(plane) = plane() else { return };
    for role in ["view", "edit", "admin"] {
        let object = plane.kubectl().json(&["get", "clusterrole", role]).unwrap();
        assert!(!object["rules"].as_array().unwrap().is_empty(), "{role}");
    }
}

#[test]
fn answers_access_reviews() {
    let Some(plane) = plane() else { return };
    let attributes = json!({ "verb": "list", "resource": "secrets" });
    let masters = plane.review("x", &["system:masters"], &attributes).unwrap();
    assert_eq!(masters["allowed"], true);
    let nobody = plane
        .review("x", &["system:authenticated"], &attributes)
        .unwrap();
    assert_eq!(nobody["allowed"], false);
}

#[test]
fn knows_the_user_and_all_groups_of_a_certificate() {
    let Some(plane) = plane() else { return };
    let kubectl = plane
        .kubectl_as("jane, the 1st", &["one", "two/2", "three=3"])
        .unwrap();
    let me = kubectl.json(&["auth", "whoami"]).unwrap();
    assert_eq!(me["status"]["userInfo"]["username"], "jane, the 1st");
    let groups = json!(["one", "two/2", "three=3", "system:authenticated"]);
    assert_eq!(me["status"]["userInfo"]["groups"], groups);
}

#[test]
fn knows_a_service_account_by_its_token() {
    let Some(plane) = plane() else { return };
    let token = plane.token("default", "default").unwrap();
    let me = plane
        .kubectl_with_token(&token)
        .unwrap()
        .json(&["auth", "whoami"])
        .unwrap();
    assert_eq!(
        me["status"]["userInfo"]["username"],
        "system:serviceaccount:default:default"
    );
}

#[test]
fn audits_requests_with_their_bodies() {
    let Some(plane) = plane() else { return };
    plane
        .kubectl()
        .run(&["create", "configmap", "audited", "--from-literal=color=red"])
        .unwrap();
    let event = wait_until("the audit event", Duration::from_secs(20), || {
        let events = plane.audit_events()?;
        Ok(events
            .into_iter()
            .find(|event| event["objectRef"]["name"] == "audited"))
    });
    assert_eq!(event.unwrap()["requestObject"]["data"]["color"], "red");
}

#[test]
fn sends_audit_events_to_a_webhook() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let webhook = format!(
        "{{apiVersion: v1, kind: Config, current-context: c, clusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}], \
         users: [], contexts: [{{name: c, context: {{cluster: c, user: ''}}}}]}}"
    );
    let Some(_plane) = start(&ControlPlaneOptions {
        audit_webhook: Some(webhook),
        ..options()
    }) else {
        return;
    };
    let (mut connection, _) = listener.accept().unwrap();
    let mut start = [0; 5];
    connection.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"POST ");
}

#[test]
fn lets_anonymous_see_only_the_paths_of_an_authentication_configuration() {
    let yaml = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n\
                anonymous: {enabled: true, conditions: [{path: /livez}]}\n";
    let authentication = Some(yaml.to_owned());
    let Some(plane) = start(&ControlPlaneOptions {
        authentication,
        ..options()
    }) else {
        return;
    };
    let code = |path: &str| {
        let url = format!("{}{path}", plane.server(Endpoint::Outside));
        let mut curl = Command::new("curl");
        run(curl.args([
            "--silent",
            "--insecure",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            &url,
        ]))
        .unwrap()
    };
    assert_eq!(code("/livez"), "200");
    assert_eq!(code("/version"), "401");
}

#[test]
fn takes_an_authorization_configuration() {
    let yaml = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n\
                authorizers:\n- type: RBAC\n  name: rbac\n- type: Node\n  name: node\n";
    let authorization = Authorization::Configuration(yaml.to_owned());
    let options = ControlPlaneOptions {
        authorization,
        audit: Audit::None,
        ..ControlPlaneOptions::default()
    };
    let Some(plane) = start(&options) else { return };
    assert_eq!(plane.kubectl().get_raw("/healthz").unwrap(), "ok");
    assert_eq!(plane.audit_events().unwrap().len(), 0);
}

#[test]
fn shows_the_log_of_a_server_that_does_not_start() {
    let apiserver_flags = vec!["--no-such-flag".to_owned()];
    if availability(Needs::ControlPlane).unwrap() == Availability::Skip {
        return;
    }
    let error = ControlPlane::start(&ControlPlaneOptions {
        apiserver_flags,
        ..options()
    })
    .unwrap_err();
    assert!(
        format!("{error:#}").contains("unknown flag: --no-such-flag"),
        "{error:#}"
    );
}

#[test]
fn leaves_nothing_when_dropped() {
    let Some(plane) = start(&options()) else {
        return;
    };
    let folder = plane.machine().folder().to_owned();
    assert!(!processes_that_mention(&[&folder.display().to_string()]).is_empty());
    drop(plane);
    assert!(!folder.exists());
    assert_eq!(
        processes_that_mention(&[&folder.display().to_string()]),
        Vec::<String>::new()
    );
}
