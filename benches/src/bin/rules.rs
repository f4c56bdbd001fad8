//! ENTERS: rule files. What rules cost per activity, on one core and on activities that are decoded already.
//!
//! `cargo run --release -p viewshed-benchmarks --features sigma --bin rules -- FOLDER...`; without arguments
//! the folders of Falco's and the public Sigma rules in the corpus. One figure per folder and one for all together.
//! The mixture is that of a busy cluster (controllers' leases and statuses, watches, discovery, some refused
//! requests, pods created with their bodies at level Request).
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs;
use std::hint::black_box;

use viewshed_benchmarks::clock::thread_cpu_time;
use viewshed_benchmarks::random::Random;
use viewshed_detect::rules::RuleSet;
use viewshed_model::{Activity, ActivityObject, Actor, Level, Stage, Texts, Verdict};

const FOLDERS: [&str; 2] = [
    "../shared/corpus/audit/falco",
    "../shared/corpus/audit/sigma",
];
/// Few enough to stay in the cache, as a batch that was just decoded does.
const ACTIVITIES: u32 = 1_000;
const PASSES: u32 = 200;
const ROUNDS: usize = 5;

/// User, agent, verb, group, resource, subresource, namespace, weight in a thousand.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    usize,
);

const MIXTURE: [Row; 12] = [
    (
        "system:kube-controller-manager",
        "kube-controller-manager/v1.33.0 (linux/amd64) kubernetes/6b1d875/leader-election",
        "update",
        "coordination.k8s.io",
        "leases",
        "",
        "kube-system",
        150,
    ),
    (
        "system:node:node-17",
        "kubelet/v1.33.0 (linux/amd64) kubernetes/6b1d875",
        "patch",
        "",
        "nodes",
        "status",
        "",
        120,
    ),
    (
        "system:node:node-17",
        "kubelet/v1.33.0 (linux/amd64) kubernetes/6b1d875",
        "get",
        "coordination.k8s.io",
        "leases",
        "",
        "kube-node-lease",
        150,
    ),
    (
        "system:kube-scheduler",
        "kube-scheduler/v1.33.0 (linux/amd64) kubernetes/6b1d875/scheduler",
        "watch",
        "",
        "pods",
        "",
        "",
        80,
    ),
    (
        "system:serviceaccount:monitoring:prometheus",
        "Prometheus/3.1.0",
        "list",
        "",
        "endpoints",
        "",
        "shop",
        120,
    ),
    (
        "system:serviceaccount:argocd:argocd-application-controller",
        "argocd-application-controller/v0.0.0 (linux/amd64) kubernetes/$Format",
        "get",
        "apps",
        "deployments",
        "",
        "shop",
        120,
    ),
    (
        "system:apiserver",
        "kube-apiserver/v1.33.0 (linux/amd64) kubernetes/6b1d875",
        "get",
        "",
        "",
        "",
        "",
        150,
    ),
    (
        "ann@example.com",
        "kubectl/v1.33.0 (linux/amd64) kubernetes/6b1d875",
        "list",
        "",
        "pods",
        "",
        "shop",
        40,
    ),
    (
        "ann@example.com",
        "kubectl/v1.33.0 (linux/amd64) kubernetes/6b1d875",
        "create",
        "",
        "pods",
        "exec",
        "shop",
        2,
    ),
    (
        "system:serviceaccount:kube-system:replicaset-controller",
        "kube-controller-manager/v1.33.0 (linux/amd64) kubernetes/6b1d875",
        "create",
        "",
        "pods",
        "",
        "shop",
        20,
    ),
    (
        "system:serviceaccount:external-secrets:external-secrets",
        "external-secrets/v0.0.0 (linux/amd64) kubernetes/$Format",
        "list",
        "",
        "secrets",
        "",
        "shop",
        18,
    ),
    (
        "system:serviceaccount:shop:cart",
        "cart/v1 (linux/amd64) kubernetes/$Format",
        "get",
        "",
        "configmaps",
        "",
        "shop",
        30,
    ),
];

const POD: &str = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"generateName":"cart-5cdcc99dbf-","labels":{"app":"cart"}},"spec":{"volumes":[{"name":"kube-api-access","projected":{"sources":[]}}],"containers":[{"name":"cart","image":"registry.example.com/shop/cart:1.4.2","ports":[{"containerPort":8080}],"resources":{},"securityContext":{"runAsNonRoot":true,"capabilities":{"drop":["ALL"]}}}],"serviceAccountName":"cart"}}"#;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folders: Vec<&str> = if arguments.is_empty() {
        FOLDERS.to_vec()
    } else {
        arguments.iter().map(String::as_str).collect()
    };
    let activities = activities();
    let mut all = Vec::new();
    for folder in folders {
        let files = files(folder)?;
        measure(folder, &files, &activities);
        all.extend(files);
    }
    measure("all together", &all, &activities);
    Ok(())
}

/// Names and texts of the rule files of a folder.
fn files(folder: &str) -> std::io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|end| end == "yml" || end == "yaml")
        {
            files.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

fn measure(what: &str, files: &[(String, String)], activities: &[Activity<'_>]) {
    let texts: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let start = thread_cpu_time();
    let (mut rules, problems) = RuleSet::load(&texts);
    let load_ms = thread_cpu_time().saturating_sub(start).as_secs_f64() * 1e3;
    let mut found = Vec::new();
    let mut nanoseconds = Vec::new();
    let mut matches = 0;
    for _ in 0..ROUNDS {
        matches = 0;
        let start = thread_cpu_time();
        for _ in 0..PASSES {
            for activity in activities {
                rules.judge(black_box(activity), &mut found);
                matches += found.len();
                found.clear();
            }
        }
        let spent = thread_cpu_time().saturating_sub(start);
        nanoseconds.push(spent.as_secs_f64() * 1e9 / f64::from(ACTIVITIES * PASSES));
    }
    nanoseconds.sort_by(f64::total_cmp);
    let median = nanoseconds.get(ROUNDS / 2).copied().unwrap_or_default();
    println!(
        "{what}: {} rules ({} problems, loaded in {load_ms:.0} ms), {median:.0} ns per activity, \
         {:.2} M/s, {matches} matches in {}",
        rules.rules().count(),
        problems.len(),
        1e3 / median,
        ACTIVITIES * PASSES,
    );
}

fn activities() -> Vec<Activity<'static>> {
    let mut random = Random::new(4);
    (0..ACTIVITIES)
        .map(|at| activity(at, &mut random))
        .collect()
}

fn activity(at: u32, random: &mut Random) -> Activity<'static> {
    let mut weight = random.below(1000);
    let mut chosen = MIXTURE.first();
    for row in &MIXTURE {
        chosen = Some(row);
        if weight < row.7 {
            break;
        }
        weight = weight.saturating_sub(row.7);
    }
    let Some((user, agent, verb, group, resource, subresource, namespace, _)) = chosen.copied()
    else {
        return Activity::default();
    };
    let is_creation = verb == "create" && subresource.is_empty();
    // Kubelets' and controllers' ordinary refusals.
    let is_refused = random.below(1000) < 5;
    Activity {
        at_us: 1_767_225_600_000_000 + i64::from(at) * 500,
        stage: if verb == "watch" {
            Stage::ResponseStarted
        } else {
            Stage::ResponseComplete
        },
        level: if is_creation {
            Level::Request
        } else {
            Level::Metadata
        },
        id: format!("3a7f2c1e-0000-4000-8000-{at:012x}").into(),
        actor: Actor {
            user: user.into(),
            groups: Texts::Written("\"system:serviceaccounts\",\"system:authenticated\""),
            address: "10.0.3.17".into(),
            user_agent: agent.into(),
            ..Actor::default()
        },
        verb: verb.into(),
        object: ActivityObject {
            api_group: group.into(),
            api_version: "v1".into(),
            resource: resource.into(),
            subresource: subresource.into(),
            namespace: namespace.into(),
            name: if verb == "list" {
                "".into()
            } else {
                format!("object-{}", at % 97).into()
            },
        },
        uri: format!(
            "/apis/{group}/v1/namespaces/{namespace}/{resource}/object-{}?timeout=10s",
            at % 97
        )
        .into(),
        code: if is_refused { 403 } else { 200 },
        verdict: if is_refused {
            Verdict::Refused
        } else {
            Verdict::Allowed
        },
        request_body: if is_creation { POD } else { "" },
        ..Activity::default()
    }
}
