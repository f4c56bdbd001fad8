//! What SEE and WHO cost on the large estate: the index, one view of each size, the ranked table.
//!
//! CPU time of the whole process, so that threads count too and other programs on the machine do
//! not; wall time beside it. Each figure is the median of several runs, with the allocator of the
//! program. An argument chooses the figures whose names hold it.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::Duration;

use viewshed_analyze::SightIndex;
use viewshed_analyze::diff::diff;
use viewshed_analyze::rbac::Reach;
use viewshed_analyze::{see, who};
use viewshed_benchmarks::clock::{process_cpu_time, wall_time};
use viewshed_benchmarks::generate::{Size, estate, group_name, user_name};
use viewshed_model::{
    Action, Estate, Identity, ResourceRequest, Subject, SubjectKind, Vantage, View,
};

const RUNS: usize = 15;

fn main() {
    let estate = estate(Size::LARGE, 1);
    let Some(cluster) = estate.clusters.first() else {
        return;
    };
    println!(
        "estate: {} pods, {} bindings, {} roles, {} namespaces, {} nodes",
        cluster.pods.len(),
        cluster.bindings.len(),
        cluster.roles.len(),
        cluster.namespaces.len(),
        cluster.nodes.len()
    );
    measure("index", || SightIndex::new(cluster));
    let index = SightIndex::new(cluster);
    for (what, identity) in identities(&estate) {
        let vantage = Vantage::Identity { identity };
        let seen = see::see_in(&index, &vantage).map_or(0, |view| items(&view));
        measure(&format!("see {what} ({seen} things)"), || {
            see::see_in(&index, &vantage)
        });
    }
    if let Some(pod) = cluster.pods.first() {
        let vantage = Vantage::Pod {
            namespace: pod.meta.namespace_or_empty().to_owned(),
            name: pod.meta.name.clone(),
        };
        measure("see a pod", || see::see_in(&index, &vantage));
        measure("see a pod, index included", || see::see(&estate, &vantage));
        let target = format!("pod/{}", pod.meta.full_name());
        measure("who sees a pod", || who::who_sees(&index, None, &target));
    }
    let list_pods = Action::Resource(ResourceRequest {
        verb: "list".to_owned(),
        resource: "pods".to_owned(),
        ..ResourceRequest::default()
    });
    measure("who can list pods, any namespace", || {
        who::who_can(&index, &list_pods, Reach::AnyNamespace)
    });
    let rows = who::rank_in(&index).ranks.len();
    measure(&format!("full WHO ({rows} identities)"), || {
        who::rank_in(&index)
    });
    measure("full WHO, index included", || who::rank(&estate));
    let mut newer = estate.clone();
    let binding = newer
        .clusters
        .first_mut()
        .and_then(|cluster| cluster.bindings.first_mut());
    if let Some(binding) = binding {
        "renamed".clone_into(&mut binding.meta.name);
        binding.subjects.push(Subject {
            kind: SubjectKind::User,
            name: "newcomer".to_owned(),
            namespace: None,
        });
    }
    let changes = diff(&estate, &newer, ("before", "after")).changes.len();
    measure(
        &format!("diff, both indexes included ({changes} changes)"),
        || diff(&estate, &newer, ("before", "after")),
    );
}

fn items(view: &View<'_>) -> usize {
    view.categories
        .iter()
        .map(|category| category.seen.len())
        .sum()
}

/// The narrowest to the widest.
fn identities(estate: &Estate) -> Vec<(&'static str, Identity)> {
    let account = estate
        .clusters
        .first()
        .and_then(|cluster| cluster.service_accounts.first())
        .map_or_else(Identity::anonymous, |account| {
            Identity::service_account(account.meta.namespace_or_empty(), &account.meta.name)
        });
    let group = group_name(1);
    vec![
        ("a service account", account),
        (
            "a user of a team",
            Identity::user(&user_name(1), [group.as_str()]),
        ),
        ("a node", Identity::node("node-1")),
        ("everything", Identity::user("root", ["system:masters"])),
    ]
}

fn measure<T>(what: &str, work: impl Fn() -> T) {
    if std::env::args()
        .nth(1)
        .is_some_and(|chosen| !what.contains(&chosen))
    {
        return;
    }
    let mut runs: Vec<(f64, f64)> = (0..RUNS)
        .map(|_| {
            let (cpu, wall) = (process_cpu_time(), wall_time());
            black_box(work());
            let ms = |start: Duration, end: Duration| end.saturating_sub(start).as_secs_f64() * 1e3;
            (ms(cpu, process_cpu_time()), ms(wall, wall_time()))
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((cpu, wall)) = runs.get(RUNS / 2) {
        println!("{what}: {cpu:.1} ms of CPU, {wall:.1} ms of time");
    }
}
