//! What the network takes from a view, and what it adds.

use viewshed_decode::files::FileSet;
use viewshed_model::{Estate, KubeletSettings, Vantage, View};

use super::{in_pod, shown};
use crate::network::Cni;
use crate::see::{Joined, see_joined};

/// One node with two pods, and a policy on what `shop/web` may send, where `egress` has one.
fn estate(egress: &str, kubelet: Option<&KubeletSettings>) -> Estate {
    let policy = if egress.is_empty() {
        String::new()
    } else {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: out, namespace: shop }}\n\
             spec: {{ podSelector: {{}}, policyTypes: [Egress], egress: [{egress}] }}\n---\n"
        )
    };
    let text = format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{ name: n1 }}\n\
         status: {{ addresses: [{{ type: InternalIP, address: 10.9.0.1 }}], daemonEndpoints: {{ kubeletEndpoint: {{ Port: 10250 }} }} }}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{ name: web, namespace: shop }}\n\
         spec: {{ nodeName: n2, automountServiceAccountToken: false, enableServiceLinks: false, containers: [{{ name: main, image: example }}] }}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{ name: db, namespace: back }}\n\
         spec: {{ nodeName: n1, automountServiceAccountToken: false, containers: [{{ name: main, image: example }}] }}\n---\n{policy}"
    );
    let mut set = FileSet::new("test");
    set.add("estate.yaml", text.as_bytes());
    let mut estate = set.finish();
    assert_eq!(estate.gaps, []);
    for node in &mut estate.clusters[0].nodes {
        node.kubelet = kubelet.cloned();
    }
    estate
}

fn seen(estate: &Estate, vantage: &Vantage) -> View<'static> {
    let joined = Joined {
        cni: Some(Cni::Generic),
        depth: None,
        ..Joined::default()
    };
    see_joined(estate, vantage, joined)
        .expect("it exists")
        .into_owned()
}

/// Whether `shop/web` sees the pod of the other namespace, and by which words of its kubelet.
fn sees_db(egress: &str, kubelet: &KubeletSettings) -> Option<String> {
    let view = seen(&estate(egress, Some(kubelet)), &in_pod("shop", "web"));
    let text = shown(&view);
    let items = view.categories.iter().flat_map(|category| &category.seen);
    let item = items
        .clone()
        .find(|item| item.kind == "Pod" && item.name == "db");
    assert_eq!(item.is_some(), text.contains("Pod back/db"), "{text}");
    let links = &view.chains[item?.chain].links;
    assert_eq!(links[0].text, "pod shop/web reaches the kubelet of node n1");
    Some(links[1].text.clone())
}

fn kubelet(anonymous: bool, read_only_port: u16) -> KubeletSettings {
    KubeletSettings {
        anonymous: Some(anonymous),
        authorization_mode: "AlwaysAllow".to_owned(),
        read_only_port: Some(read_only_port),
        ..KubeletSettings::default()
    }
}

#[test]
fn an_open_kubelet_shows_its_pods_to_those_who_reach_it() {
    let open = "the kubelet of node n1 accepts requests without credentials";
    let read_only = "read-only port 10255 of node n1 lists its pods to everybody";
    let only = |port: u16| format!("{{ ports: [{{ port: {port} }}] }}");
    let rows = [
        (String::new(), kubelet(true, 0), Some(open)),
        (String::new(), kubelet(false, 0), None),
        (String::new(), kubelet(false, 10_255), Some(read_only)),
        (only(10_250), kubelet(true, 0), Some(open)),
        (only(443), kubelet(true, 10_255), None),
        // Each port by itself.
        (only(10_255), kubelet(true, 10_255), Some(read_only)),
        (only(10_255), kubelet(true, 0), None),
        (only(10_250), kubelet(false, 10_255), None),
    ];
    for (egress, settings, wanted) in rows {
        let words = format!("{egress} {settings:?}");
        assert_eq!(sees_db(&egress, &settings).as_deref(), wanted, "{words}");
    }
}

#[test]
fn settings_that_were_not_read_are_named() {
    let view = seen(&estate("", None), &in_pod("shop", "web"));
    let facts: Vec<&str> = view
        .depends_on
        .iter()
        .map(|fact| fact.fact.as_str())
        .collect();
    assert!(
        facts.contains(
            &"whether the kubelets of 1 node, whose settings were not read, answer without a credential"
        ),
        "{facts:?}"
    );
}

#[test]
fn a_kubelet_that_refuses_strangers_shows_nothing_reached_or_not() {
    let doubts = |settings: &KubeletSettings| {
        let vantage = Vantage::Kubelet {
            address: "n1".to_owned(),
        };
        seen(&estate("", Some(settings)), &vantage).depends_on.len()
    };
    assert_eq!(doubts(&kubelet(false, 0)), 0);
    assert_eq!(doubts(&kubelet(false, 10_255)), 1);
    assert_eq!(doubts(&kubelet(true, 0)), 1);
}

#[test]
fn a_container_is_told_what_it_reaches_and_leads_to() {
    let text = "services:\n  agent:\n    image: example\n    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n  \
                web: { image: example }\n";
    let mut set = FileSet::new("build");
    set.add("compose.yaml", text.as_bytes());
    let estate = set.finish();
    let leads = |name: &str| {
        let vantage = Vantage::Container {
            host: String::new(),
            name: name.to_owned(),
        };
        let joined = Joined {
            depth: Some(3),
            ..Joined::default()
        };
        let view = see_joined(&estate, &vantage, joined).expect("it exists");
        let pivots = view.pivots.iter();
        let pivots: Vec<String> = pivots
            .map(|pivot| format!("{} in {}", pivot.kind.words(), pivot.steps.len()))
            .collect();
        (pivots.join(", "), view.paths.len())
    };
    assert_eq!(leads("agent"), ("root on Docker host in 1".to_owned(), 3));
    assert_eq!(leads("web"), (String::new(), 3));
}

/// What the view says of the credential of `shop/web` in a phase.
fn credential_in(phase: &str) -> String {
    let mut estate = estate("", None);
    let pods = &mut estate.clusters[0].pods;
    let web = pods.iter_mut().find(|pod| pod.meta.name == "web");
    let web = web.expect("it is there");
    web.phase = phase.to_owned();
    web.spec.automount_token = Some(true);
    let view = seen(&estate, &in_pod("shop", "web"));
    let how = view.identities.first().map(|held| held.how.clone());
    how.expect("it holds a token")
}

#[test]
fn a_pod_in_which_nothing_runs_says_so() {
    for phase in ["Succeeded", "Failed"] {
        let how = credential_in(phase);
        assert!(
            how.ends_with("; of no use here: the pod has ended, nothing runs in it"),
            "{how}"
        );
    }
    let how = credential_in("Pending");
    assert!(
        how.ends_with("; nothing runs in the pod yet (phase Pending)"),
        "{how}"
    );
    assert!(!credential_in("Running").contains("runs in"));
}

/// What `shop/web` sees of `back/db` with a right at the kubelet: by the kubelet, not, or only if a fact holds.
fn at_kubelet(right: &str, egress: &str, settings: Option<&KubeletSettings>) -> String {
    let mut estate = estate(egress, settings);
    let cluster = &mut estate.clusters[0];
    let web = cluster.pods.iter_mut().find(|pod| pod.meta.name == "web");
    let spec = &mut web.expect("it is there").spec;
    crate::samples::mount(spec, crate::samples::api_token(), "/token");
    cluster.roles.push(crate::samples::role("reader", &[right]));
    let subjects = ["sa:shop/default"];
    let binding = crate::samples::binding("reader", "ClusterRole/reader", &subjects);
    cluster.bindings.push(binding);
    let view = seen(&estate, &in_pod("shop", "web"));
    let text = shown(&view);
    let mut found: Vec<&str> = [
        "Pod back/db",
        "Container back/db/main",
        "Image example",
        "pods/log back/db",
    ]
    .into_iter()
    .filter(|what| {
        text.lines()
            .any(|line| line.contains(what) && line.contains("kubelet"))
    })
    .collect();
    let facts = view.depends_on.iter().map(|fact| fact.fact.as_str());
    let facts: Vec<&str> = facts.filter(|fact| fact.contains("nodes/")).collect();
    found.extend(facts.iter().map(|fact| {
        if fact.contains("settings were not read") {
            "if it asks"
        } else {
            "if it is reached"
        }
    }));
    found.join(", ")
}

/// `pkg/kubelet/server/auth.go`: `/pods` is asked for as `nodes/pods` and then as `nodes/proxy`, `/stats/summary` has no
/// images, and `/logs/pods` is the folder of all logs. `authentication.webhook.enabled` is on where it is not set.
#[test]
fn rights_at_a_kubelet_count_where_the_network_lets_the_pod_reach_it() {
    let mode = |mode: &str| KubeletSettings {
        authorization_mode: mode.to_owned(),
        ..KubeletSettings::default()
    };
    let asks = mode("Webhook");
    let without_tokens = KubeletSettings {
        webhook_authentication: Some(false),
        ..mode("Webhook")
    };
    let only = |port: u16| format!("{{ ports: [{{ port: {port} }}] }}");
    let (pod, all) = (
        "Pod back/db, Container back/db/main, Image example",
        "Pod back/db, Container back/db/main, Image example, pods/log back/db",
    );
    let names = "Pod back/db, Container back/db/main";
    let logs = "Pod back/db, Container back/db/main, pods/log back/db";
    let any = || String::new();
    let (open, unset) = (mode("AlwaysAllow"), mode(""));
    #[rustfmt::skip]
    let rows = [
        ("get | core | nodes/pods", any(), Some(&asks), pod),
        ("get | core | nodes/metrics", any(), Some(&asks), pod),
        ("get | core | nodes/stats", any(), Some(&asks), names),
        ("get | core | nodes/log", any(), Some(&asks), logs),
        ("get | core | nodes/configz", any(), Some(&asks), ""),
        ("get | core | nodes/healthz", any(), Some(&asks), ""),
        ("create | core | nodes/checkpoint", any(), Some(&asks), ""),
        ("get | core | nodes/pods | n1", any(), Some(&asks), pod),
        ("get | core | nodes/pods | n9", any(), Some(&asks), ""),
        ("list | core | nodes/pods", any(), Some(&asks), ""),
        // The way to the API server is another: only the kubelet's port counts.
        ("get | core | nodes/pods", only(10_250), Some(&asks), pod),
        ("get | core | nodes/pods", only(443), Some(&asks), ""),
        ("get | core | nodes/proxy", only(10_250), Some(&asks), all),
        ("get | core | nodes/pods", any(), Some(&unset), pod),
        ("get | core | nodes/pods", any(), Some(&without_tokens), ""),
        ("get | core | nodes/pods", any(), None, "if it asks"),
        // No right is asked for.
        ("get | core | pods", any(), Some(&open), all),
    ];
    for (right, egress, settings, wanted) in rows {
        let found = at_kubelet(right, &egress, settings);
        assert_eq!(found, wanted, "{right} {egress} {settings:?}");
    }
}
