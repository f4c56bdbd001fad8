//! Intruders who ask what there is and what they may do, and touch no object.

use viewshed_bench::ControlPlane;

use crate::client::{Client, Tool};

/// Nothing but the description of the API, which everybody may read.
pub(crate) fn description(plane: &ControlPlane, at: &str) {
    let client = Client::service_account(plane, "shop/cart", at, "curl/8.14.1");
    for path in [
        "/api",
        "/apis",
        "/api/v1",
        "/apis/apps/v1",
        "/apis/batch/v1",
        "/openapi/v3/apis/apps/v1",
        "/openapi/v2",
    ] {
        assert_eq!(client.get(path).code, 200, "{path}");
    }
}

/// The same with a tool that reads it before whatever it does.
pub(crate) fn description_with_kubectl(plane: &ControlPlane, at: &str) {
    let kubectl = Tool::service_account(plane, "shop/cart", at);
    kubectl.run("api-resources");
    kubectl.run("api-versions");
    kubectl.run("explain pods");
    kubectl.run("explain deployments");
    kubectl.run("get --raw /openapi/v2");
    kubectl.run("get --raw /apis/batch/v1");
}

/// Nothing but questions about its own rights, under a name of its own.
pub(crate) fn questions(plane: &ControlPlane, at: &str) {
    let client = Client::service_account(plane, "shop/cart", at, "metrics-agent/1.2");
    for kind in [
        "secrets",
        "pods",
        "nodes",
        "clusterroles",
        "namespaces",
        "configmaps",
    ] {
        client.may("list", kind, "");
    }
}
