//! What REACH costs: from JSON to all pairs on all ports, who reaches the API server, one changed policy.
//!
//! Wall time, and the CPU time of all threads beside it; each figure is the median of several runs. The
//! last line is the largest memory that the process held.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark stops where its own input is wrong"
)]

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use viewshed_analyze::SightIndex;
use viewshed_analyze::network::{
    Cni, EditableNetwork, Followed, NetworkIndex, PolicyEdit, PolicyKey,
};
use viewshed_analyze::pivot::PivotIndex;
use viewshed_benchmarks::generate::network::{Lists, NetworkSize, lists};
use viewshed_benchmarks::generate::{Size, estate, yaml};
use viewshed_decode::files::FileSet;
use viewshed_decode::kubernetes::add_list;
use viewshed_model::{Cluster, Estate, NetworkPolicy, Place, ReachQuestion, Target};

const RUNS: usize = 5;
/// Policies that are edited one by one.
const EDITS: usize = 200;

fn main() {
    run_yaml(NetworkSize::ORDINARY);
    for (name, size) in [
        ("ordinary", NetworkSize::ORDINARY),
        ("large", NetworkSize::LARGE),
    ] {
        run(name, size);
    }
    run_pivots(&estate(Size::LARGE, 1));
    if let Some(kib) = peak_memory_kib() {
        println!("largest memory of the process: {} MiB", kib / 1024);
    }
}

fn run(name: &str, size: NetworkSize) {
    let lists = lists(size, 1);
    let bytes = lists.pods.len() + lists.policies.len();
    println!(
        "{name}: {} pods of {} workloads, {} policies, {} MB of JSON",
        size.pods,
        size.workloads,
        size.policies,
        bytes / 1_000_000
    );
    measure("decode", || decode(&lists));
    let cluster = decode(&lists);
    measure("index with all tables", || {
        NetworkIndex::new(&cluster, Some(Cni::Generic))
    });
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    println!("  {:?}", index.sizes());
    measure("all pairs on all ports", || index.pair_sums());
    for sum in index.pair_sums().iter().take(3) {
        let ports: Vec<String> = sum.ports.iter().take(3).map(ToString::to_string).collect();
        println!(
            "    {} of {} pairs on {}...",
            sum.allowed,
            sum.pairs,
            ports.join(", ")
        );
    }
    measure("who reaches the API server", || {
        index.verdicts_by_pod(&Place::Target(Target::Apiserver), None)
    });
    measure("who reaches the API server, with reasons", || {
        index.sources(&Place::Target(Target::Apiserver), None, None)
    });
    measure("a thousand single questions", || {
        questions(&cluster, 1000)
            .iter()
            .filter_map(|question| index.answer(question).ok())
            .count()
    });
    drop(index);
    edit(&cluster);
    drop(cluster);
    measure("JSON to all pairs on all ports", || {
        let cluster = decode(&lists);
        NetworkIndex::new(&cluster, Some(Cni::Generic)).pair_sums()
    });
}

/// Single policies that go, come back, and change into what another one says.
fn edit(cluster: &Cluster) {
    let mut network = EditableNetwork::new(cluster, Some(Cni::Generic));
    let policies = &cluster.network_policies;
    let each = (0..EDITS).filter_map(|number| {
        let policy = policies.get(number * 7919 % policies.len().max(1))?;
        let other = policies.get(number * 104_729 % policies.len().max(1))?;
        let mut changed = other.clone();
        changed.meta = policy.meta.clone();
        Some((policy, changed))
    });
    let each: Vec<_> = each.collect();
    let mut show = |what: &str, edits: Vec<PolicyEdit>| {
        let mut times: Vec<f64> = Vec::new();
        let (mut classes, mut afresh) = (0, 0);
        for edit in edits {
            let start = duration(ClockId::Monotonic);
            match network.apply(edit) {
                Followed::Partly(count) => classes += count,
                Followed::Afresh => afresh += 1,
            }
            let time = duration(ClockId::Monotonic).saturating_sub(start);
            times.push(time.as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times.get((times.len() * part / 100).min(times.len() - 1));
        println!(
            "  one policy {what}: {:.2} ms, 95 of 100 within {:.2} ms, all within {:.2} ms ({} classes of pods each, {afresh} of {} from the beginning)",
            at(50).unwrap_or(&0.0),
            at(95).unwrap_or(&0.0),
            at(100).unwrap_or(&0.0),
            classes / times.len().max(1),
            times.len(),
        );
    };
    let put = |policy: &NetworkPolicy| PolicyEdit::Put(Box::new(policy.clone()));
    let edits = each.iter();
    show(
        "removed",
        edits
            .clone()
            .map(|(own, _)| PolicyEdit::Remove(PolicyKey::of(own)))
            .collect(),
    );
    show("added", edits.clone().map(|(own, _)| put(own)).collect());
    show("changed", edits.map(|(_, changed)| put(changed)).collect());
}

/// Questions between pods that stand far apart in the list.
fn questions(cluster: &Cluster, count: usize) -> Vec<ReachQuestion> {
    let place = |number: usize| {
        let pod = cluster.pods.get(number % cluster.pods.len().max(1));
        let meta = pod.map(|pod| &pod.meta);
        Place::Pod {
            namespace: meta.map_or("", |meta| meta.namespace_or_empty()).to_owned(),
            name: meta.map(|meta| meta.name.clone()).unwrap_or_default(),
        }
    };
    (0..count)
        .map(|number| ReachQuestion {
            from: place(number * 7919),
            to: place(number * 104_729 + 13),
            port: Some(8080),
            protocol: None,
        })
        .collect()
}

/// What every workload leads to, from a cluster that is decoded already.
fn run_pivots(estate: &Estate) {
    let mut cluster = estate.clusters.first().expect("one cluster").clone();
    // As manifests, of which every pod will get a token: no step begins without one.
    cluster.is_live = false;
    for pod in &mut cluster.pods {
        pod.phase.clear();
    }
    let cluster = &cluster;
    println!(
        "pivots: {} pods, {} bindings",
        cluster.pods.len(),
        cluster.bindings.len()
    );
    let sight = SightIndex::new(cluster);
    let network = NetworkIndex::new(cluster, Some(Cni::Generic));
    measure("what every workload leads to", || {
        PivotIndex::new(&sight, &network).ranks(6)
    });
    let report = PivotIndex::new(&sight, &network).ranks(6);
    println!(
        "    {} workloads lead somewhere, {} nowhere",
        report.ranks.len(),
        report.harmless
    );
}

/// From manifests to all pairs, as `viewshed reach --from FOLDER` reads them.
fn run_yaml(size: NetworkSize) {
    let lists = lists(size, 1);
    let texts: Vec<String> = [
        &lists.namespaces,
        &lists.nodes,
        &lists.pods,
        &lists.policies,
    ]
    .into_iter()
    .map(|list| yaml::documents(list))
    .collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    println!(
        "manifests: {} pods, {} policies, {} kB of YAML",
        size.pods,
        size.policies,
        bytes / 1000
    );
    measure("YAML to all pairs on all ports", || {
        let mut set = FileSet::new("generated");
        for (text, number) in texts.iter().zip(0..) {
            set.add(&format!("{number}.yaml"), text.as_bytes());
        }
        let estate = set.finish();
        assert!(estate.gaps.is_empty(), "{:?}", estate.gaps.first());
        let cluster = estate.clusters.first().expect("one cluster");
        assert_eq!(cluster.pods.len(), size.pods);
        NetworkIndex::new(cluster, Some(Cni::Generic)).pair_sums()
    });
}

fn decode(lists: &Lists) -> Cluster {
    let mut cluster = Cluster {
        name: "generated".to_owned(),
        is_live: true,
        ..Cluster::default()
    };
    let mut gaps = Vec::new();
    for (group, resource, body) in [
        ("", "namespaces", &lists.namespaces),
        ("", "nodes", &lists.nodes),
        ("", "pods", &lists.pods),
        ("", "services", &lists.services),
        ("discovery.k8s.io", "endpointslices", &lists.endpoints),
        ("networking.k8s.io", "networkpolicies", &lists.policies),
    ] {
        let read = add_list(
            &mut cluster,
            &mut gaps,
            "generated",
            group,
            resource,
            body.as_bytes(),
        );
        assert!(read.is_ok(), "{read:?}");
    }
    assert!(gaps.is_empty(), "{:?}", gaps.first());
    cluster
}

/// `VmHWM` of `/proc/self/status`.
fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn duration(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}

fn measure<T>(what: &str, work: impl Fn() -> T) {
    let mut runs: Vec<(f64, f64)> = (0..RUNS)
        .map(|_| {
            let (cpu, wall) = (
                duration(ClockId::ProcessCPUTime),
                duration(ClockId::Monotonic),
            );
            black_box(work());
            let ms =
                |start: Duration, clock| duration(clock).saturating_sub(start).as_secs_f64() * 1e3;
            (
                ms(wall, ClockId::Monotonic),
                ms(cpu, ClockId::ProcessCPUTime),
            )
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((wall, cpu)) = runs.get(RUNS / 2) {
        println!("  {what}: {wall:.1} ms ({cpu:.1} ms of CPU)");
    }
}
