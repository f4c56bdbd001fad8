//! An index that follows edits against one that is made from the edited list.

use viewshed_model::{Cluster, NetworkPolicy, Protocol};

use super::cluster;
use super::generated::{OUTSIDE, PORTS, Random};
use crate::network::ports::point;
use crate::network::{Cni, EditableNetwork, Followed, NetworkIndex, PolicyEdit, PolicyKey};

const PODS: usize = 8;
const EDITS: usize = 12;
const CLUSTERS: u64 = if cfg!(debug_assertions) { 40 } else { 1000 };

/// How edits were followed, and how many verdicts were compared.
#[derive(Debug, Default)]
struct Counts {
    partly: u64,
    afresh: u64,
    verdicts: u64,
}

/// Policies that another round of the generator made; some have names that the first round gave, too.
fn more(random: &mut Random) -> Vec<NetworkPolicy> {
    let rounds = (0..3).map(|_| cluster(&random.policies()).network_policies);
    rounds.flatten().collect()
}

/// The list after an edit, as `kubectl` would leave it.
fn edit(list: &mut Vec<NetworkPolicy>, edit: &PolicyEdit) {
    let key = match edit {
        PolicyEdit::Put(policy) => PolicyKey::of(policy),
        PolicyEdit::Remove(key) => key.clone(),
    };
    list.retain(|policy| PolicyKey::of(policy) != key);
    if let PolicyEdit::Put(policy) = edit {
        list.push((**policy).clone());
    }
}

/// Compares every verdict between pods and addresses; returns how many.
fn compare(followed: &NetworkIndex<'_>, edited: &Cluster, what: &str) -> u64 {
    let afresh = NetworkIndex::new(edited, Some(Cni::Generic));
    assert_eq!(followed.pair_sums(), afresh.pair_sums(), "{what}");
    assert_eq!(followed.gaps(), afresh.gaps(), "{what}");
    let ends = |index: &NetworkIndex<'_>| -> Vec<u32> {
        let pods = 0..u32::try_from(PODS).expect("few pods");
        let pods = pods.filter_map(|pod| index.pod_end(pod));
        let outside = OUTSIDE.iter().map(|text| text.parse().expect("an address"));
        let all = pods.chain(outside.map(|address| index.address_end(address)));
        let kernel = &index.kernels[0];
        all.map(|end| index.spot(kernel.family, &end).expect("a spot"))
            .collect()
    };
    let (of_followed, of_afresh) = (ends(followed), ends(&afresh));
    let mut compared = 0;
    for (from, also_from) in of_followed.iter().zip(&of_afresh) {
        for (to, also_to) in of_followed.iter().zip(&of_afresh) {
            for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
                for port in PORTS {
                    let point = point(protocol, port);
                    let one = followed.kernels[0].verdict((*from, *to), point);
                    let two = afresh.kernels[0].verdict((*also_from, *also_to), point);
                    assert_eq!(one, two, "{what}: {from} to {to} on {protocol} {port}");
                    compared += 1;
                }
            }
        }
    }
    compared
}

fn follow(seed: u64) -> Counts {
    let mut random = Random(seed);
    let mut objects = random.namespaces();
    objects.extend(random.pods(PODS));
    let drafts = more(&mut random);
    objects.extend(random.policies());
    let cluster = cluster(&objects);
    let mut edited = cluster.clone();
    let mut network = EditableNetwork::new(&cluster, Some(Cni::Generic));
    let mut counts = Counts::default();
    for number in 0..EDITS {
        let policies = &mut edited.network_policies;
        let change = if policies.is_empty() || !random.one_in(3) {
            PolicyEdit::Put(Box::new(drafts[random.below(drafts.len())].clone()))
        } else {
            PolicyEdit::Remove(PolicyKey::of(&policies[random.below(policies.len())]))
        };
        edit(policies, &change);
        match network.apply(change.clone()) {
            Followed::Partly(_) => counts.partly += 1,
            Followed::Afresh => counts.afresh += 1,
        }
        let what = format!("seed {seed}, edit {number}: {change:?}");
        counts.verdicts += compare(network.index(), &edited, &what);
    }
    counts
}

#[test]
#[expect(clippy::print_stdout, reason = "it tells how many were compared")]
fn an_edited_index_answers_as_one_made_afresh() {
    use rayon::prelude::*;
    let all = (0..CLUSTERS).into_par_iter().map(follow);
    let sum = all.reduce(Counts::default, |one, two| Counts {
        partly: one.partly + two.partly,
        afresh: one.afresh + two.afresh,
        verdicts: one.verdicts + two.verdicts,
    });
    println!("{sum:?} in {CLUSTERS} generated clusters");
    assert!(sum.partly > sum.afresh, "{sum:?}");
    assert!(sum.verdicts > CLUSTERS * 20_000, "{sum:?}");
}

/// What is not there cannot go, and a policy that nobody understands takes its gap with it.
#[test]
fn nothing_and_gaps_come_and_go() {
    let mut random = Random(1);
    let mut objects = random.namespaces();
    objects.extend(random.pods(PODS));
    let cluster = cluster(&objects);
    let mut network = EditableNetwork::new(&cluster, Some(Cni::Generic));
    let before = network.index().pair_sums();
    let odd = NetworkPolicy {
        api_group: "networking.k8s.io".to_owned(),
        kind: "NetworkPolicy".to_owned(),
        meta: viewshed_model::Meta {
            namespace: Some("a".to_owned()),
            name: "odd".to_owned(),
            ..viewshed_model::Meta::default()
        },
        isolates_ingress: true,
        spec_json: r#"{"ingress":[{"from":[{"planets":{}}]}]}"#.to_owned(),
        ..NetworkPolicy::default()
    };
    let key = PolicyKey::of(&odd);
    assert_eq!(
        network.apply(PolicyEdit::Remove(key.clone())),
        Followed::Partly(0)
    );
    network.apply(PolicyEdit::Put(Box::new(odd)));
    assert_eq!(network.index().gaps().len(), 1);
    network.apply(PolicyEdit::Remove(key));
    assert_eq!(network.index().gaps(), []);
    assert_eq!(network.index().pair_sums(), before);
}
