//! The published cases of np-guard/netpol-analyzer (Apache-2.0): every pair, every port, every address.
//!
//! np-guard knows TCP, UDP and SCTP only, leaves out connections of a workload to itself, and joins
//! address ranges in its own way; both sides are therefore cut into the same ranges and compared piece
//! by piece. Nothing of these cases is out of scope: their kinds are NetworkPolicy,
//! AdminNetworkPolicy, BaselineAdminNetworkPolicy and Ingress.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use viewshed_decode::files::FileSet;
use viewshed_model::{EndKind, Estate, Meta, Pod, PortRange, Protocol, ReachEnd, ReachMatrix};

use crate::network::{Cni, NetworkIndex};

/// Cases with `expected.txt` or `expected_exposure.txt`, and those without, which must still be read
/// without a gap.
const CASES_WITH_ANSWERS: usize = 23;
const CASES_WITHOUT_ANSWERS: usize = 4;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/network/np-guard")
}

fn files(folder: &Path, keep: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the corpus");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| keep(path));
    paths.sort();
    paths
}

pub(super) fn estate(case: &str) -> Estate {
    let mut set = FileSet::new(case);
    let is_manifest = |path: &Path| path.extension().is_some_and(|end| end == "yaml");
    for path in files(&corpus().join(case).join("manifests"), is_manifest) {
        let bytes = fs::read(&path).expect("a manifest");
        set.add(&path.file_name().unwrap().to_string_lossy(), &bytes);
    }
    let mut estate = set.finish();
    // np-guard knows no host network: to it, such pods are pods like others.
    for pod in estate
        .clusters
        .iter_mut()
        .flat_map(|cluster| &mut cluster.pods)
    {
        pod.spec.host.network = false;
    }
    estate
}

pub(super) fn cases() -> Vec<String> {
    files(&corpus(), Path::is_dir)
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// One end of a connection: a workload, or addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Named(String),
    Addresses(u32, u32),
}

/// Connections before addresses are cut.
type Lines = Vec<(End, End, BTreeSet<PortRange>)>;

fn end(text: &str) -> End {
    let Some(range) = text.strip_suffix("[External]") else {
        return End::Named(text.to_owned());
    };
    let (first, last) = range.split_once('-').expect("a range");
    let number = |text: &str| u32::from(text.parse::<Ipv4Addr>().expect("an address"));
    End::Addresses(number(first), number(last))
}

/// `SCTP 1-9002,9004-65535,TCP 80`, `All Connections`, `No Connections`.
fn ports(text: &str) -> BTreeSet<PortRange> {
    let mut found = BTreeSet::new();
    let mut protocol = Protocol::Tcp;
    let all = |protocol| PortRange {
        protocol,
        first: 1,
        last: u16::MAX,
    };
    match text {
        "All Connections" => {
            return [Protocol::Tcp, Protocol::Udp, Protocol::Sctp]
                .map(all)
                .into();
        }
        "No Connections" => return found,
        _ => {}
    }
    for part in text.split(',') {
        let range = match part.split_once(' ') {
            Some((name, range)) => {
                protocol = name.parse().expect("a protocol");
                range
            }
            None => part,
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        found.insert(PortRange {
            protocol,
            first: first.parse().expect("a port"),
            last: last.parse().expect("a port"),
        });
    }
    found
}

fn expected(text: &str) -> Lines {
    text.lines()
        .filter_map(|line| {
            let (pair, connection) = line.rsplit_once(" : ")?;
            let (from, to) = pair.split_once(" => ")?;
            // Lines of the exposure part are set in with tabs.
            let is_connection = !pair.contains('\t') && !from.contains("{ingress-controller}");
            is_connection.then(|| (end(from.trim()), end(to.trim()), ports(connection.trim())))
        })
        .collect()
}

fn expected_json(text: &str) -> Lines {
    let list: Vec<Value> = serde_json::from_str(text).expect("a list");
    let text = |value: &Value, key: &str| value[key].as_str().expect("a text").to_owned();
    list.iter()
        .filter(|entry| text(entry, "src") != "{ingress-controller}")
        .map(|entry| {
            let (from, to) = (end(&text(entry, "src")), end(&text(entry, "dst")));
            (from, to, ports(&text(entry, "conn")))
        })
        .collect()
}

fn ours(matrix: &ReachMatrix) -> Lines {
    let mut found = Lines::new();
    for cell in &matrix.cells {
        let from = &matrix.ends[cell.from as usize];
        let to = &matrix.ends[cell.to as usize];
        if from.kind == EndKind::Node || to.kind == EndKind::Node {
            continue;
        }
        assert_eq!(cell.uncertain, [], "{from:?} to {to:?}");
        let ports: BTreeSet<PortRange> = cell
            .allowed
            .iter()
            .copied()
            .filter(|range| range.protocol != Protocol::Icmp)
            .collect();
        for from in names(from) {
            for to in names(to) {
                if from != to {
                    found.push((from.clone(), to, ports.clone()));
                }
            }
        }
    }
    found
}

fn names(end: &ReachEnd) -> Vec<End> {
    match end.kind {
        EndKind::Pods => {
            // A pod without an owner is a peer of its own.
            let kind = &end.workload_kind;
            vec![End::Named(format!(
                "{}/{}[{kind}]",
                end.namespace, end.name
            ))]
        }
        EndKind::Node => Vec::new(),
        EndKind::Container | EndKind::Host => unreachable!("a cluster has none"),
        EndKind::Outside => end
            .addresses
            .iter()
            .map(|range| self::end(&format!("{range}[External]")))
            .collect(),
    }
}

/// Cuts all address ranges at the same places, so that equal connections are equal entries.
fn cut(lines: &Lines, cuts: &BTreeSet<u32>) -> BTreeMap<(End, End), BTreeSet<PortRange>> {
    let pieces = |end: &End| match end {
        End::Named(_) => vec![end.clone()],
        End::Addresses(first, last) => cuts
            .range(first..=last)
            .map(|start| End::Addresses(*start, *start))
            .collect(),
    };
    let mut found: BTreeMap<(End, End), BTreeSet<PortRange>> = BTreeMap::new();
    for (from, to, ports) in lines {
        for from in pieces(from) {
            for to in pieces(to) {
                let pair = (from.clone(), to);
                found.entry(pair).or_default().extend(ports.iter().copied());
            }
        }
    }
    found.retain(|_, ports| !ports.is_empty());
    found
}

fn compare(case: &str, expected: &Lines, ours: &Lines) {
    let mut cuts = BTreeSet::new();
    for end in expected
        .iter()
        .chain(ours)
        .flat_map(|(from, to, _)| [from, to])
    {
        if let End::Addresses(first, last) = end {
            cuts.insert(*first);
            cuts.extend(last.checked_add(1));
        }
    }
    let (expected, ours) = (cut(expected, &cuts), cut(ours, &cuts));
    let pairs: BTreeSet<_> = expected.keys().chain(ours.keys()).collect();
    let differing: Vec<String> = pairs
        .into_iter()
        .filter(|pair| expected.get(pair) != ours.get(pair))
        .map(|pair| {
            let (wanted, got) = (expected.get(pair), ours.get(pair));
            format!("{pair:?}: expected {wanted:?}, got {got:?}")
        })
        .collect();
    assert!(differing.is_empty(), "{case}:\n{}", differing.join("\n"));
}

/// Two workloads may be one to np-guard: pods of a workload that differ in labels ("labels gap").
#[test]
fn every_pair_every_port_and_every_address_is_as_published() {
    let mut with_answers = 0;
    for case in cases() {
        let estate = estate(&case);
        assert_eq!(estate.gaps, [], "{case}");
        let index = NetworkIndex::new(&estate.clusters[0], Some(Cni::Generic));
        assert_eq!(index.gaps(), [], "{case}");
        let ours = ours(&index.matrix().expect("a small estate"));
        let answer = |name: &str| fs::read_to_string(corpus().join(&case).join(name)).ok();
        with_answers += usize::from(
            ["expected.txt", "expected_exposure.txt"]
                .iter()
                .any(|name| answer(name).is_some()),
        );
        for text in ["expected.txt", "expected_exposure.txt"]
            .iter()
            .filter_map(|name| answer(name))
        {
            // The exposure of a workload alone tells nothing about pairs.
            let lines = expected(&text);
            if !lines.is_empty() {
                compare(&case, &lines, &ours);
            }
        }
        if let Some(text) = answer("expected.json") {
            compare(&case, &expected_json(&text), &ours);
        }
    }
    assert_eq!(with_answers, CASES_WITH_ANSWERS);
    assert_eq!(cases().len(), CASES_WITH_ANSWERS + CASES_WITHOUT_ANSWERS);
}

/// `workload <= entire-cluster : TCP 8050`: what any pod that may yet come reaches. Such a pod is put
/// into the estate: in a namespace of its own, without labels.
#[test]
fn exposure_to_the_whole_cluster_is_as_published() {
    for case in cases() {
        let path = corpus().join(&case).join("expected_exposure.txt");
        let Ok(text) = fs::read_to_string(path) else {
            continue;
        };
        let mut estate = estate(&case);
        let cluster = &mut estate.clusters[0];
        cluster.pods.push(Pod {
            meta: Meta {
                namespace: Some("stranger".to_owned()),
                name: "stranger".to_owned(),
                ..Meta::default()
            },
            ..Pod::default()
        });
        let index = NetworkIndex::new(&estate.clusters[0], Some(Cni::Generic));
        let stranger = End::Named("stranger/stranger[Pod]".to_owned());
        let ours: Lines = ours(&index.matrix().expect("a small estate"))
            .into_iter()
            .filter(|(from, to, _)| {
                let is_outside = |end: &End| matches!(end, End::Addresses(..));
                (*from == stranger || *to == stranger) && !is_outside(from) && !is_outside(to)
            })
            .collect();
        let mut wanted = Lines::new();
        for line in text.lines().filter(|line| line.contains("entire-cluster")) {
            let (pair, connection) = line.rsplit_once(" : ").expect("a connection");
            let ports = ports(connection.trim());
            let workload = |text: &str| End::Named(text.trim().to_owned());
            match (pair.split_once("<="), pair.split_once("=>")) {
                (Some((to, _)), _) => wanted.push((stranger.clone(), workload(to), ports)),
                (None, Some((from, _))) => wanted.push((workload(from), stranger.clone(), ports)),
                (None, None) => panic!("{line}"),
            }
        }
        // np-guard says of workloads that no policy guards nothing in this part.
        compare(&case, &wanted, &ours);
    }
}
