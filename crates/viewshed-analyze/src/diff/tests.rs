mod against_oracle;
mod docker;
mod reach;
mod settings;
mod steps;

use viewshed_model::{Cluster, DockerHost, Estate, Gap, GapReason, Role, RoleBinding, SightChange};

use super::diff;
use crate::samples::{api_token, binding, deployment, mount, role, service_account};

fn estate(roles: Vec<Role>, bindings: Vec<RoleBinding>) -> Estate {
    Estate {
        clusters: vec![Cluster {
            name: "test".to_owned(),
            roles,
            bindings,
            ..Cluster::default()
        }],
        ..Estate::default()
    }
}

fn line(change: &SightChange) -> String {
    let sign = if change.gained { '+' } else { '-' };
    let place = match &change.namespace {
        Some(namespace) => format!(" in {namespace}"),
        None => String::new(),
    };
    format!("{sign} {}: {}{place}", change.subject, change.what)
}

fn check(before: &Estate, after: &Estate, expected: &str) {
    let found: Vec<String> = diff(before, after, ("a", "b"))
        .changes
        .iter()
        .map(line)
        .collect();
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    assert_eq!(found, expected);
    let mut back: Vec<String> = diff(after, before, ("b", "a"))
        .changes
        .iter()
        .map(line)
        .collect();
    let mut swapped: Vec<String> = found
        .iter()
        .map(|line| match line.strip_prefix('+') {
            Some(rest) => format!("-{rest}"),
            None => line.replacen('-', "+", 1),
        })
        .collect();
    back.sort();
    swapped.sort();
    assert_eq!(back, swapped, "swapped sides give swapped signs");
}

fn lister() -> Role {
    role("lister", &["list | core | pods"])
}

#[test]
fn a_new_binding_is_a_gain_where_it_reaches() {
    check(
        &estate(vec![lister()], vec![]),
        &estate(
            vec![lister()],
            vec![
                binding("shop/x", "ClusterRole/lister", &["user:jane"]),
                binding("x", "ClusterRole/lister", &["group:devs"]),
            ],
        ),
        "+ user jane: list pods in shop
         + group devs: list pods",
    );
}

#[test]
fn a_renamed_binding_and_a_split_role_are_no_change() {
    check(
        &estate(
            vec![role("both", &["get list | core | pods secrets"])],
            vec![binding("x", "ClusterRole/both", &["user:jane"])],
        ),
        &estate(
            vec![
                role("pods", &["list get | core | pods"]),
                role("secrets", &["get list | core | secrets"]),
            ],
            vec![
                binding("y", "ClusterRole/pods", &["user:jane"]),
                binding("z", "ClusterRole/secrets", &["user:jane"]),
            ],
        ),
        "",
    );
}

#[test]
fn what_another_grant_gave_already_is_no_gain() {
    check(
        &estate(
            vec![lister()],
            vec![binding("x", "ClusterRole/lister", &["user:jane"])],
        ),
        &estate(
            vec![lister()],
            vec![
                binding("x", "ClusterRole/lister", &["user:jane"]),
                binding("shop/y", "ClusterRole/lister", &["user:jane"]),
            ],
        ),
        "",
    );
}

#[test]
fn what_everybody_gains_is_told_once() {
    check(
        &estate(
            vec![lister()],
            vec![binding("shop/x", "ClusterRole/lister", &["user:kim"])],
        ),
        &estate(
            vec![lister()],
            vec![
                binding(
                    "shop/x",
                    "ClusterRole/lister",
                    &["user:kim", "sa:shop/cart"],
                ),
                binding("all", "ClusterRole/lister", &["group:system:authenticated"]),
            ],
        ),
        "+ group system:authenticated: list pods",
    );
}

#[test]
fn a_grant_moved_to_everybody_takes_nothing_from_its_holder() {
    check(
        &estate(
            vec![lister()],
            vec![binding("x", "ClusterRole/lister", &["user:kim"])],
        ),
        &estate(
            vec![lister()],
            vec![binding(
                "x",
                "ClusterRole/lister",
                &["group:system:authenticated"],
            )],
        ),
        "+ group system:authenticated: list pods",
    );
}

#[test]
fn a_wildcard_is_one_line_and_not_one_for_each_kind() {
    check(
        &estate(
            vec![role("r", &["list | core | pods"])],
            vec![binding("shop/x", "ClusterRole/r", &["sa:shop/cart"])],
        ),
        &estate(
            vec![role("r", &["* | * | *"])],
            vec![binding("x", "ClusterRole/r", &["sa:shop/cart"])],
        ),
        "+ service account shop/cart: get pods/log, nodes/proxy
         + service account shop/cart: list, watch, get every kind",
    );
}

#[test]
fn single_names_and_paths_count() {
    check(
        &estate(vec![], vec![]),
        &estate(
            vec![role("r", &["get | core | secrets | db", "get | /metrics"])],
            vec![binding("x", "ClusterRole/r", &["user:jane"])],
        ),
        "+ user jane: get /metrics
         + user jane: get secrets db",
    );
    check(
        &estate(
            vec![role("r", &["get | /metrics*"])],
            vec![binding("x", "ClusterRole/r", &["user:jane"])],
        ),
        &estate(
            vec![role("r", &["get | /metrics/cadvisor /metrics*"])],
            vec![binding("x", "ClusterRole/r", &["user:jane"])],
        ),
        "",
    );
}

#[test]
fn a_rolebinding_shows_nothing_outside_namespaces_but_its_own() {
    check(
        &estate(vec![], vec![]),
        &estate(
            vec![role("r", &["get list | core | nodes namespaces"])],
            vec![binding("shop/x", "ClusterRole/r", &["user:jane"])],
        ),
        "+ user jane: get namespaces in shop",
    );
}

#[test]
fn a_workload_that_changes_its_account_gains_what_that_account_sees() {
    let with = |account: &str| {
        let mut web = deployment("shop/web", "web:1");
        account.clone_into(&mut web.template.service_account);
        mount(&mut web.template, api_token(), "/token");
        let mut estate = estate(
            vec![lister()],
            vec![binding("x", "ClusterRole/lister", &["sa:shop/wide"])],
        );
        let cluster = &mut estate.clusters[0];
        cluster.workloads = vec![web];
        cluster.service_accounts =
            vec![service_account("shop/wide"), service_account("shop/narrow")];
        estate
    };
    check(
        &with("narrow"),
        &with("wide"),
        "+ Deployment shop/web: list pods",
    );
    check(&with("wide"), &with("wide"), "");
}

#[test]
fn each_verb_is_told_with_the_grant_that_gives_it() {
    let roles = || vec![lister(), role("getter", &["get | core | pods"])];
    let bindings = |who: &str| {
        vec![
            binding("a", "ClusterRole/lister", &[who]),
            binding("b", "ClusterRole/getter", &[who]),
        ]
    };
    let two_lines = |who: &str| format!("+ {who}: list pods\n+ {who}: get pods");
    let sorted = |text: String| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    check(
        &estate(roles(), vec![]),
        &estate(roles(), bindings("user:jane")),
        &sorted(two_lines("user jane")),
    );
    let with = |account: &str| {
        let mut web = deployment("shop/web", "web:1");
        account.clone_into(&mut web.template.service_account);
        mount(&mut web.template, api_token(), "/token");
        let mut estate = estate(roles(), bindings("sa:shop/wide"));
        estate.clusters[0].workloads = vec![web];
        estate
    };
    check(
        &with("narrow"),
        &with("wide"),
        &sorted(two_lines("Deployment shop/web")),
    );
}

#[test]
fn clusters_are_matched_by_name_and_a_lonely_one_is_a_gap() {
    let named = |names: &[&str], bindings: Vec<RoleBinding>| {
        let mut all = estate(vec![lister()], bindings);
        let one = all.clusters.remove(0);
        all.clusters = names
            .iter()
            .map(|name| Cluster {
                name: (*name).to_owned(),
                ..one.clone()
            })
            .collect();
        all
    };
    let bound = vec![binding("x", "ClusterRole/lister", &["user:jane"])];
    let report = diff(
        &named(&["a", "b"], vec![]),
        &named(&["b", "c"], bound),
        ("x", "y"),
    );
    let lines: Vec<String> = report.changes.iter().map(line).collect();
    assert_eq!(lines, ["+ user jane: list pods"]);
    let alone: Vec<&str> = report.gaps.iter().map(|gap| &*gap.source).collect();
    assert_eq!(alone, ["a", "c"]);
}

#[test]
fn bindings_that_could_not_be_read_are_no_loss() {
    let before = estate(
        vec![lister()],
        vec![binding("x", "ClusterRole/lister", &["user:jane"])],
    );
    let mut after = estate(vec![lister()], vec![]);
    after.gaps.push(Gap {
        source: "test".to_owned(),
        what: "list `clusterrolebindings`".to_owned(),
        reason: GapReason::Forbidden,
        detail: String::new(),
        hint: String::new(),
        count: 1,
    });
    let report = diff(&before, &after, ("a", "b"));
    assert_eq!(report.changes, []);
    assert!(report.gaps.iter().any(|gap| gap.source == "b"));
}

#[test]
fn a_mounted_runtime_socket_is_a_gain() {
    let host = |socket: bool| {
        let mut container = viewshed_model::DockerContainer {
            name: "agent".to_owned(),
            ..viewshed_model::DockerContainer::default()
        };
        if socket {
            container.mounts.push(viewshed_model::Mount {
                source: "/var/run/docker.sock".to_owned(),
                destination: "/var/run/docker.sock".to_owned(),
                ..viewshed_model::Mount::default()
            });
        }
        Estate {
            docker_hosts: vec![DockerHost {
                name: "build".to_owned(),
                containers: vec![container],
                ..DockerHost::default()
            }],
            ..Estate::default()
        }
    };
    let report = diff(&host(false), &host(true), ("a", "b"));
    let lines: Vec<String> = report.changes.iter().map(line).collect();
    let [sees, leads] = lines.as_slice() else {
        panic!("what it sees and what it leads to: {lines:?}");
    };
    let wanted = "+ container agent: leads to root on Docker host build in 1 step: ";
    assert!(leads.starts_with(wanted), "{lines:?}");
    assert!(
        sees.starts_with("+ container agent: container `agent` sees and controls every container")
    );
    assert_eq!(diff(&host(true), &host(true), ("a", "b")).changes, []);
}

/// A shop whose database lets in the web tier, on the ports of the policy.
fn shop(policy: &str) -> Estate {
    let text = format!(
        r"
apiVersion: v1
kind: Pod
metadata: {{ name: web, namespace: shop, labels: {{ app: web }} }}
spec: {{ containers: [{{ name: main, image: example }}] }}
---
apiVersion: v1
kind: Pod
metadata: {{ name: db, namespace: shop, labels: {{ app: db }} }}
spec: {{ containers: [{{ name: main, image: example }}] }}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {{ name: cilium, namespace: kube-system }}
spec: {{ selector: {{}}, template: {{ metadata: {{}}, spec: {{ hostNetwork: true, containers: [{{ name: agent, image: cilium/cilium }}] }} }} }}
---
{policy}"
    );
    let mut set = viewshed_decode::files::FileSet::new("shop");
    set.add("shop.yaml", text.as_bytes());
    set.finish()
}

fn database_policy(ports: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: NAME, namespace: shop }}\n\
         spec: {{ podSelector: {{ matchLabels: {{ app: db }} }}, ingress: [{{ from: [{{ podSelector: {{ matchLabels: {{ app: web }} }} }}], ports: [{ports}] }}] }}\n"
    )
}

#[test]
fn what_policies_let_through_is_compared_not_how_they_are_written() {
    let narrow = database_policy("{ port: 5432 }");
    let wide = database_policy("{ port: 5432 }, { port: 22 }");
    let report = diff(&shop(&narrow), &shop(&wide), ("a", "b"));
    let lines: Vec<String> = report.changes.iter().map(line).collect();
    assert_eq!(lines, ["+ Pod shop/web: reaches shop/db on TCP 22"]);
    assert!(
        report.changes[0].position.is_some(),
        "the policy that opens it"
    );
    let report = diff(&shop(&wide), &shop(&narrow), ("a", "b"));
    let lines: Vec<String> = report.changes.iter().map(line).collect();
    assert_eq!(lines, ["- Pod shop/web: reaches shop/db on TCP 22"]);
    // Another name, a range instead of a port: the same meaning.
    let renamed = database_policy("{ port: 5432, endPort: 5432 }").replace("NAME", "other");
    assert_eq!(
        diff(&shop(&narrow), &shop(&renamed), ("a", "b")).changes,
        []
    );
}

/// Repositories hold few of the objects that their rules are about.
#[test]
fn rights_over_kinds_that_no_file_holds_are_gains() {
    let argo = |rule: &str, place: &str| {
        estate(
            vec![role("argo", &[rule])],
            vec![binding(place, "ClusterRole/argo", &["user:mallory"])],
        )
    };
    let none = estate(vec![], vec![]);
    for (rule, place, expected) in [
        (
            "list | argoproj.io | applications",
            "x",
            "+ user mallory: list applications.argoproj.io (of which neither side holds any)",
        ),
        (
            "get watch | argoproj.io | applications appprojects",
            "shop/x",
            "+ user mallory: watch, get applications.argoproj.io, appprojects.argoproj.io (kinds of which \
             neither side holds any) in shop",
        ),
        (
            "* | argoproj.io | *",
            "x",
            "+ user mallory: list, watch, get *.argoproj.io (of which neither side holds any)",
        ),
        // These change or ask something, and show nothing.
        ("create delete | argoproj.io | applications", "x", ""),
        ("get | argoproj.io | applications/status", "x", ""),
        ("* | authentication.k8s.io | tokenreviews", "x", ""),
        ("* | core | bindings", "x", ""),
    ] {
        check(&none, &argo(rule, place), expected);
    }
    // The wider right is there already.
    check(
        &argo("list | argoproj.io | *", "x"),
        &argo("list | argoproj.io | * applications", "x"),
        "",
    );
}
