//! From requests and audit events to questions.

use viewshed_model::{Action, AuditedObject, AuditedRequest, Identity};

use crate::rbac::{NoQuestion, audited_question, request_info};

/// `verb|group|resource|subresource|namespace|name`, or `verb PATH`.
fn brief(action: &Action) -> String {
    match action {
        Action::NonResource(request) => format!("{} {}", request.verb, request.path),
        Action::Resource(request) => [
            &request.verb,
            &request.api_group,
            &request.resource,
            &request.subresource,
            &request.namespace,
            &request.name,
        ]
        .map(String::as_str)
        .join("|"),
    }
}

fn check(method: &str, target: &str, expected: &str) {
    let actual = request_info(method, target)
        .map_or_else(|error| error.to_string(), |action| brief(&action));
    assert_eq!(actual, expected, "{method} {target}");
}

#[test]
fn methods_become_verbs() {
    let pod = "/api/v1/namespaces/shop/pods/web";
    check("GET", pod, "get||pods||shop|web");
    check("HEAD", pod, "get||pods||shop|web");
    check("PUT", pod, "update||pods||shop|web");
    check("PATCH", pod, "patch||pods||shop|web");
    check("DELETE", pod, "delete||pods||shop|web");
    check("OPTIONS", pod, "||pods||shop|web");
    check("get", pod, "||pods||shop|web");
    let pods = "/api/v1/namespaces/shop/pods";
    check("GET", pods, "list||pods||shop|");
    check("HEAD", pods, "list||pods||shop|");
    check("POST", pods, "create||pods||shop|");
    check("DELETE", pods, "deletecollection||pods||shop|");
}

#[test]
fn groups_subresources_and_deeper_paths() {
    check(
        "GET",
        "/apis/apps/v1/deployments",
        "list|apps|deployments|||",
    );
    check(
        "GET",
        "/apis/apps/v1/namespaces/shop/deployments/web/scale",
        "get|apps|deployments|scale|shop|web",
    );
    check(
        "POST",
        "/api/v1/namespaces/shop/services/web/proxy/admin/login",
        "create||services|proxy|shop|web",
    );
    check("GET", "/api/v1/nodes/n1/proxy/pods", "get||nodes|proxy||n1");
}

#[test]
fn a_namespace_is_its_own_namespace() {
    check("GET", "/api/v1/namespaces", "list||namespaces|||");
    check(
        "GET",
        "/api/v1/namespaces/shop",
        "get||namespaces||shop|shop",
    );
    check(
        "PUT",
        "/api/v1/namespaces/shop/finalize",
        "update||namespaces|finalize|shop|shop",
    );
    check(
        "PUT",
        "/api/v1/namespaces/shop/status",
        "update||namespaces|status|shop|shop",
    );
    check("GET", "/api/v1/namespaces/shop/other", "list||other||shop|");
    check(
        "GET",
        "/api/v1/namespaces?fieldSelector=metadata.name=shop",
        "list||namespaces|||shop",
    );
}

#[test]
fn short_paths_are_no_resources() {
    check("GET", "/", "get /");
    check("GET", "/api", "get /api");
    check("GET", "/api/v1", "get /api/v1");
    check("GET", "/apis/apps/v1", "get /apis/apps/v1");
    check("HEAD", "/healthz", "head /healthz");
    check("POST", "/metrics?x=1", "post /metrics");
    check("GET", "/API/v1/pods", "get /API/v1/pods");
    check("GET", "//api/v1/pods", "list||pods|||");
    check("GET", "/api/v1/pods/", "list||pods|||");
    check("GET", "/api/v1//pods", "get|||||pods");
}

#[test]
fn special_verbs_stand_in_the_path() {
    check("GET", "/api/v1/watch/pods", "watch||pods|||");
    check(
        "GET",
        "/api/v1/watch/namespaces/shop/pods/web",
        "watch||pods||shop|web",
    );
    check(
        "POST",
        "/api/v1/proxy/namespaces/shop/pods/web/log",
        "proxy||pods||shop|web",
    );
    check(
        "GET",
        "/api/v1/watch",
        "the path ends after `watch` or `proxy`",
    );
    check(
        "GET",
        "/api/v1/watch/pods?fieldSelector=metadata.name=web",
        "watch||pods|||",
    );
}

#[test]
fn watch_is_any_value_but_zero_and_false() {
    let watch = |value: &str| format!("/api/v1/pods?watch{value}");
    for yes in ["", "=", "=1", "=true", "=no", "=f"] {
        check("GET", &watch(yes), "watch||pods|||");
    }
    for no in ["=0", "=false", "=FALSE", "=0&watch=1"] {
        check("GET", &watch(no), "list||pods|||");
    }
}

#[test]
fn a_field_selector_may_name_the_object() {
    let named = |query: &str| format!("/api/v1/namespaces/shop/pods?{query}");
    for query in [
        "fieldSelector=metadata.name=web",
        "fieldSelector=metadata.name==web",
        "fieldSelector=metadata.name%3Dweb",
        "fieldSelector=status.phase!=Failed,metadata.name=web",
        "fieldSelector=metadata.name=web&limit=5&labelSelector=app%20in%20(a,b)",
        "fieldSelector=metadata.name=web&fieldSelector=metadata.name=other",
    ] {
        check("GET", &named(query), "list||pods||shop|web");
    }
    check(
        "GET",
        &named("watch=1&fieldSelector=metadata.name=web"),
        "watch||pods||shop|web",
    );
    for query in [
        "fieldSelector=metadata.name!=web",
        "fieldSelector=metadata.name=",
        "fieldSelector=metadata.name=a%2Fb",
        "fieldSelector=metadata.name=..",
        "fieldSelector=metadata.name=a%25b",
        "fieldSelector=metadata.name=a=b",
        "fieldSelector=metadata.name",
        "fieldSelector=metadata.name=a\\x",
        "fieldSelector=metadata.name=web&limit=many",
        "fieldSelector=metadata.name=web&timeoutSeconds=",
        "fieldSelector=metadata.name=web&labelSelector=app%20inn%20(a)",
        "fieldSelector=metadata.name=web&labelSelector=-app",
        "fieldSelector=metadata.name=web;x",
    ] {
        check("GET", &named(query), "list||pods||shop|");
    }
    check(
        "GET",
        &named("fieldSelector=metadata.name=a\\,b"),
        "list||pods||shop|a,b",
    );
    check(
        "DELETE",
        &named("fieldSelector=metadata.name=web"),
        "deletecollection||pods||shop|",
    );
    check("GET", &named("watch=1&limit=x"), "watch||pods||shop|");
}

#[test]
fn selectors_are_kept_where_the_server_keeps_them() {
    let selectors = |method: &str, target: &str| match request_info(method, target).unwrap() {
        Action::Resource(request) => {
            format!("{}|{}", request.field_selector, request.label_selector)
        }
        Action::NonResource(_) => panic!("{target}"),
    };
    let query = "?fieldSelector=spec.nodeName%3Dn1&labelSelector=a+in+(b)";
    assert_eq!(
        selectors("GET", &format!("/api/v1/pods{query}")),
        "spec.nodeName=n1|a in (b)"
    );
    assert_eq!(
        selectors("DELETE", &format!("/api/v1/namespaces/shop/pods{query}")),
        "spec.nodeName=n1|a in (b)"
    );
    assert_eq!(selectors("GET", &format!("/api/v1/watch/pods{query}")), "|");
    assert_eq!(
        selectors("POST", &format!("/api/v1/namespaces/shop/pods{query}")),
        "|"
    );
    assert_eq!(
        selectors("GET", "/api/v1/pods?fieldSelector=broken"),
        "broken|",
        "also one that does not parse"
    );
}

#[test]
fn paths_are_percent_decoded_before_they_are_split() {
    check("GET", "/api/v1/namespaces/shop%2Fpods", "list||pods||shop|");
    check(
        "GET",
        "/api/v1/namespaces/shop/pods/a+b%20c",
        "get||pods||shop|a+b c",
    );
    check(
        "GET",
        "https://kubernetes/api/v1/pods?watch=1",
        "watch||pods|||",
    );
    for bad in ["/api/%zz", "/api/%2", "api/v1/pods", "", "/a\u{7f}"] {
        assert_eq!(
            request_info("GET", bad),
            Err(NoQuestion::BadTarget),
            "{bad}"
        );
    }
}

#[test]
fn label_selectors_parse_as_in_the_server() {
    let is_valid = |labels: &str| {
        let target = format!("/api/v1/pods?fieldSelector=metadata.name=web&labelSelector={labels}");
        brief(&request_info("GET", &target).unwrap()) == "list||pods|||web"
    };
    for good in [
        "",
        "a",
        "!a",
        "a=b",
        "a==b",
        "a!=b",
        "a=",
        "a%3E5",
        "a%3C5",
        "a,b",
        "a+in+()",
        "a+in+(,)",
        "a+in+(b,,c)",
        "a+notin+(b)",
        "in+in+(in)",
        "example.com/a=b",
        "a=b,",
        "!a,b",
        "a+in(b)",
    ] {
        let expected = good != "a=b,";
        assert_eq!(is_valid(good), expected, "{good}");
    }
    for bad in [
        ",",
        "=",
        "a b",
        "a+in",
        "a+in+b",
        "a+in+(b",
        "a+in+(b+c)",
        "a!b",
        "a%3Eb",
        "a%3E-5",
        "!",
        "!!a",
        "a=b=c",
        "a=b c",
        "A.com/x/y",
        "/a",
        "a/",
        "Ab.com/x",
        "a=-b",
        "a,,b",
        "(a)",
    ] {
        assert!(!is_valid(bad), "{bad}");
    }
}

fn event(verb: &str, uri: &str, object: Option<AuditedObject>) -> AuditedRequest {
    AuditedRequest {
        user: Identity::user("jane", []),
        verb: verb.to_owned(),
        request_uri: uri.to_owned(),
        object,
        ..AuditedRequest::default()
    }
}

fn check_event(event: &AuditedRequest, expected: &str) {
    assert_eq!(brief(&audited_question(event).unwrap().action), expected);
}

fn object(subresource: &str, name: &str) -> AuditedObject {
    AuditedObject {
        resource: "pods".to_owned(),
        subresource: subresource.to_owned(),
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        ..AuditedObject::default()
    }
}

#[test]
fn the_uri_of_an_audit_event_decides() {
    let pods = "/api/v1/namespaces/shop/pods";
    check_event(
        &event("create", pods, Some(object("", "web-x7k"))),
        "create||pods||shop|",
    );
    let exec = format!("{pods}/web/exec?command=ls");
    check_event(
        &event("create", &exec, Some(object("exec", "web"))),
        "create||pods|exec|shop|web",
    );
    check_event(
        &event("get", &exec, Some(object("exec", "web"))),
        "get||pods|exec|shop|web",
    );
    check_event(
        &event("deletecollection", pods, Some(object("", ""))),
        "deletecollection||pods||shop|",
    );
    check_event(
        &event("watch", "/api/v1/pods?watch=1", None),
        "watch||pods|||",
    );
    check_event(&event("head", "/healthz", None), "head /healthz");
    check_event(&event("post", "/anything", None), "post /anything");
}

#[test]
fn without_a_uri_the_object_reference_serves_with_its_created_name_removed() {
    check_event(
        &event("create", "", Some(object("", "web-x7k"))),
        "create||pods||shop|",
    );
    check_event(
        &event("create", "", Some(object("exec", "web"))),
        "create||pods|exec|shop|web",
    );
    check_event(
        &event("list", "", Some(object("", "web"))),
        "list||pods||shop|web",
    );
    assert_eq!(audited_question(&event("get", "", None)), None);
}

#[test]
fn an_impersonated_event_is_about_the_impersonated() {
    let mut event = event("get", "/healthz", None);
    event.impersonated = Some(Identity::user("kate", []));
    assert_eq!(audited_question(&event).unwrap().identity.user, "kate");
}
