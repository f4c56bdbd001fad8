//! Where Cilium's settings stand: the config map, arguments of the agent, settings of single nodes.

use super::{check, cluster_of_yaml, node, pod};

/// A pod that one policy closes, beside one that none selects.
fn estate(more: &str) -> String {
    let places = [
        node("n1", "{ zone: a }", "192.168.0.1"),
        node("n2", "{ zone: b }", "192.168.0.2"),
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/cli", "n2", "{ app: cli }", ("10.0.0.2", "[]")),
    ];
    places.concat()
        + "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: a }\n\
           spec: { podSelector: {}, policyTypes: [Ingress] }\n---\n"
        + more
}

fn agent(arguments: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{ name: cilium, namespace: kube-system }}\n\
         spec: {{ selector: {{ matchLabels: {{ k8s-app: cilium }} }}, template: {{ metadata: {{ labels: {{ k8s-app: cilium }} }}, \
         spec: {{ hostNetwork: true, containers: [{{ name: cilium-agent, image: quay.io/cilium/cilium, \
         args: [--config-dir=/tmp/cilium/config-map, {arguments}] }}] }} }} }}\n---\n"
    )
}

fn map(settings: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: cilium-config, namespace: kube-system }}\ndata: {{ {settings} }}\n---\n"
    )
}

fn of_nodes(name: &str, selector: &str, settings: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNodeConfig\nmetadata: {{ name: {name}, namespace: kube-system }}\n\
         spec: {{ {selector} defaults: {{ {settings} }} }}\n---\n"
    )
}

/// cilium/cilium `Documentation/configuration/per-node-config.rst`, `pkg/option/resolver/resolver.go`; flags of the
/// agent beat its directory of settings.
#[test]
fn what_is_nearest_to_the_agent_counts() {
    let closing = "ipam: kubernetes";
    let never = "enable-policy: never";
    let every = "nodeSelector: {},";
    let some = "nodeSelector: { matchLabels: { zone: a } },";
    let none = "nodeSelector: { matchLabels: { zone: z } },";
    let depends = "depends on";
    let rows: [(String, &str, &str); 11] = [
        (
            agent("--enable-policy=default") + &map(never),
            "denied",
            "allowed",
        ),
        (
            agent("--policy-audit-mode=true") + &map(closing),
            "allowed",
            "allowed",
        ),
        (
            agent("--enable-policy=never") + &map(closing),
            "allowed",
            "allowed",
        ),
        (
            agent("--enable-policy=always") + &map(never),
            "denied",
            "denied",
        ),
        (agent("") + &map(never), "allowed", "allowed"),
        (
            agent("") + &map(closing) + &of_nodes("a", every, never),
            "allowed",
            "allowed",
        ),
        (
            agent("") + &map(closing) + &of_nodes("a", some, never),
            depends,
            depends,
        ),
        (
            agent("") + &map(closing) + &of_nodes("a", none, never),
            "denied",
            "allowed",
        ),
        // Without a selector it counts for no node.
        (
            agent("") + &map(closing) + &of_nodes("a", "", never),
            "denied",
            "allowed",
        ),
        // The last by name.
        (
            agent("")
                + &map(closing)
                + &of_nodes("b", every, "enable-policy: default")
                + &of_nodes("a", every, never),
            "denied",
            "allowed",
        ),
        (
            agent("--enable-policy=default") + &map(closing) + &of_nodes("a", some, never),
            "denied",
            "allowed",
        ),
    ];
    for (settings, to_web, to_cli) in rows {
        let cluster = cluster_of_yaml(&estate(&settings));
        check(
            &cluster,
            None,
            &[("b/cli a/web 80", to_web), ("a/web b/cli 80", to_cli)],
        );
    }
}

/// cilium/cilium `Documentation/network/clustermesh/policy.rst`; `pkg/defaults/defaults.go`, `ClusterName`.
#[test]
fn policies_name_the_cluster_by_its_own_name() {
    let policy = |selector: &str| {
        format!(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{ name: q, namespace: b }}\n\
             spec: {{ endpointSelector: {{}}, ingress: [{{ fromEndpoints: [{{ {selector} }}] }}] }}\n---\n"
        )
    };
    let named = |name: &str| {
        policy(&format!(
            "matchLabels: {{ k8s:io.kubernetes.pod.namespace: a, io.cilium.k8s.policy.cluster: {name} }}"
        ))
    };
    let but = "matchLabels: { io.kubernetes.pod.namespace: a }, matchExpressions: [{ key: 'k8s:io.cilium.k8s.policy.cluster', operator: NotIn, values: [east] }]";
    let east = map("cluster-name: east");
    let rows = [
        (named("east") + &east, "allowed"),
        (named("west") + &east, "denied"),
        (policy(but) + &east, "denied"),
        (named("default") + &map("ipam: kubernetes"), "allowed"),
        (
            named("east"),
            "depends on the cluster's name in Cilium's cluster mesh",
        ),
    ];
    for (objects, wanted) in rows {
        let cluster = cluster_of_yaml(&estate(&(agent("") + &objects)));
        check(&cluster, None, &[("a/web b/cli 80", wanted)]);
    }
}
