use http::Method;
use viewshed_model::{Action, ApiResource, Identity, NonResourceRequest, ResourceRequest};

use super::list::{List, READ_IN_FULL, Scope};
use super::path::Path;
use super::{Document, GroupVersion, NodeName, Request, Review};

fn api(group: &str, resource: &str) -> ApiResource {
    ApiResource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        namespaced: true,
        ..ApiResource::default()
    }
}

fn check_list(group: &str, resource: &str, expected: &str) {
    let list = List::new(&api(group, resource), Scope::Everywhere, 500).unwrap();
    assert_eq!(
        format!("{} {}", list.path_and_query(), list.accept()),
        expected
    );
}

#[test]
fn pods_are_read_in_full() {
    check_list("", "pods", "/api/v1/pods?limit=500 application/json");
}

#[test]
fn secrets_are_read_as_names_without_annotations() {
    check_list(
        "",
        "secrets",
        "/api/v1/secrets?limit=500&includeObject=None application/json;as=Table;g=meta.k8s.io;v=v1",
    );
}

#[test]
fn unknown_kinds_are_read_as_metadata() {
    check_list(
        "example.com",
        "vaults",
        "/apis/example.com/v1/vaults?limit=500 application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    );
}

#[test]
fn config_maps_are_read_as_metadata() {
    check_list(
        "",
        "configmaps",
        "/api/v1/configmaps?limit=500 application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    );
}

#[test]
fn no_list_form_lets_the_server_fall_back_to_whole_objects() {
    for (group, resource) in [("", "secrets"), ("", "configmaps"), ("x.io", "things")] {
        let list = List::new(&api(group, resource), Scope::Everywhere, 1).unwrap();
        assert!(!list.accept().contains(','), "{resource}");
    }
}

#[test]
fn without_bodies_only_lowers_what_is_asked() {
    let pods = List::new(&api("", "pods"), Scope::Everywhere, 1).unwrap();
    assert!(
        pods.without_bodies()
            .accept()
            .contains("PartialObjectMetadataList")
    );
    let secrets = List::new(&api("", "secrets"), Scope::Everywhere, 1).unwrap();
    assert!(secrets.without_bodies().accept().contains("Table"));
}

#[test]
fn the_kinds_read_in_full_are_sorted_and_hold_no_values() {
    assert!(READ_IN_FULL.is_sorted());
    for (_, resource) in READ_IN_FULL {
        assert!(
            !resource.contains("secret") && !resource.contains("configmap"),
            "{resource}"
        );
    }
}

/// What policies and ways in refer to is needed whole: names alone decide nothing.
#[test]
fn what_policies_refer_to_is_read_in_full() {
    for (group, resource) in [
        ("crd.projectcalico.org", "felixconfigurations"),
        ("crd.projectcalico.org", "hostendpoints"),
        ("crd.projectcalico.org", "tiers"),
        ("cilium.io", "ciliumcidrgroups"),
        ("gateway.networking.k8s.io", "referencegrants"),
        ("networking.k8s.io", "ingressclasses"),
    ] {
        let list = List::new(&api(group, resource), Scope::Everywhere, 1).unwrap();
        assert_eq!(list.accept(), "application/json", "{resource}");
    }
}

#[test]
fn a_continue_token_stays_one_value() {
    let list = List::new(&api("", "pods"), Scope::Namespace("shop".to_owned()), 5).unwrap();
    assert_eq!(
        list.continued("a&limit=0#/+=", 5).path_and_query(),
        "/api/v1/namespaces/shop/pods?limit=5&continue=a%26limit%3d0%23%2f%2b%3d"
    );
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        "",
        "secrets/x",
        "pods?x",
        "Pods",
        "..",
        "a b",
        "pods%2f",
        "pods\n",
    ] {
        assert_eq!(
            List::new(&api("", name), Scope::Everywhere, 1),
            None,
            "{name}"
        );
        assert_eq!(NodeName::new(name), None, "{name}");
        let inside = Scope::Namespace(name.to_owned());
        assert_eq!(List::new(&api("", "pods"), inside, 1), None, "{name}");
    }
    assert_eq!(GroupVersion::new("a/b", "v1"), None);
    assert_eq!(GroupVersion::new("a", ""), None);
}

#[test]
fn a_path_never_reaches_an_object() {
    for path in [
        "/",
        "/version",
        "/debug/pprof/",
        "/api",
        "/api/v1",
        "/apis/apps/v1",
        "/.well-known/openid-configuration",
    ] {
        assert!(Path::new(path).is_some(), "{path}");
    }
    for path in [
        "",
        "version",
        "/api/v1/secrets",
        "/api/v1/namespaces/a/secrets/b",
        "/apis/apps/v1/deployments",
        "//api/v1/secrets",
        "/x/../api/v1/secrets",
        "/./api/v1/secrets",
        "/%61pi/v1/secrets",
        "/version?x=1",
        "/version#x",
        "/a b",
    ] {
        assert_eq!(Path::new(path), None, "{path}");
    }
}

#[test]
fn only_reviews_are_posted() {
    let action = Action::NonResource(NonResourceRequest::default());
    let reviews = [
        Review::WhoAmI,
        Review::MayI(Box::new(action.clone())),
        Review::MyRules {
            namespace: "a".to_owned(),
        },
        Review::May(Box::new(Identity::anonymous()), Box::new(action)),
    ];
    let posted: Vec<String> = reviews
        .into_iter()
        .map(Request::Review)
        .inspect(|request| assert_eq!(request.method(), Method::POST))
        .map(|request| request.path_and_query())
        .collect();
    assert_eq!(
        posted,
        [
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        ]
    );
    let others = [
        Request::Document(Document::CoreDiscovery),
        Request::Document(Document::GroupDiscovery),
        Request::Document(Document::Resources(GroupVersion::new("", "v1").unwrap())),
        Request::Document(Document::KubeletSettings(NodeName::new("a").unwrap())),
        Request::Document(Document::Path(Path::version())),
        Request::List(List::new(&api("", "pods"), Scope::Everywhere, 1).unwrap()),
    ];
    for request in others {
        assert_eq!((request.method(), request.body()), (Method::GET, None));
    }
}

#[test]
fn a_review_says_exactly_what_was_asked() {
    let action = Action::Resource(ResourceRequest {
        verb: "list".to_owned(),
        resource: "pods".to_owned(),
        subresource: "log".to_owned(),
        namespace: "shop".to_owned(),
        field_selector: "spec.nodeName=a".to_owned(),
        ..ResourceRequest::default()
    });
    let review = Review::May(
        Box::new(Identity::exactly("ann", ["devs"])),
        Box::new(action),
    );
    assert_eq!(
        review.body(),
        serde_json::json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": "ann",
                "groups": ["devs"],
                "resourceAttributes": {
                    "verb": "list",
                    "resource": "pods",
                    "subresource": "log",
                    "namespace": "shop",
                    "fieldSelector": { "rawSelector": "spec.nodeName=a" },
                },
            },
        })
        .to_string()
    );
}
