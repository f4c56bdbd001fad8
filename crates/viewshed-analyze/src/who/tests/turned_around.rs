//! WHO is SEE turned around: a pod stands in the answer exactly if the view from it has the object.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use viewshed_decode::snapshot;
use viewshed_model::{Estate, SubjectKind, Vantage, View, WhoAnswer};

use crate::SightIndex;
use crate::network::NetworkIndex;
use crate::samples::inhabited::any_inhabited_cluster;
use crate::see::{Joined, see_joined, see_knowing_names};
use crate::who::{join, who_sees};

/// Kind, namespace and name.
type Key = (String, String, String);

/// The pods that an answer names, apart from those that cannot use what they hold.
fn named(answer: &WhoAnswer) -> BTreeSet<String> {
    let pods = answer.entries.iter().flat_map(|entry| {
        let own = (entry.subject.kind == SubjectKind::Other("Pod".to_owned())).then(|| {
            let namespace = entry.subject.namespace.as_deref().unwrap_or_default();
            format!("{namespace}/{}", entry.subject.name)
        });
        let acting = entry.pods.iter();
        let acting = acting.filter(|pod| !entry.pods_cut_off.contains(pod));
        acting.cloned().chain(own)
    });
    pods.collect()
}

fn counted(view: &View<'_>) -> impl Iterator<Item = Key> {
    let items = view.categories.iter().flat_map(|category| &category.seen);
    items.map(|item| {
        (
            item.kind.to_string(),
            item.namespace.to_string(),
            item.name.to_string(),
        )
    })
}

/// Every pod as `namespace/name`, and the vantage in it.
fn places(index: &SightIndex<'_>) -> Vec<(String, Vantage)> {
    let pods = crate::sight::pod_objects(&index.inventory).iter();
    let place = |namespace: &str, name: &str| {
        let vantage = Vantage::Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        (format!("{namespace}/{name}"), vantage)
    };
    pods.map(|pod| place(pod.namespace, pod.name)).collect()
}

/// For each object the pods whose view has it.
fn seen_from<'c>(
    index: &SightIndex<'c>,
    look: impl Fn(&Vantage) -> View<'c>,
) -> BTreeMap<Key, BTreeSet<String>> {
    let mut seen: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
    let is_namespaced = |title: &str| {
        let mut kinds = index.inventory.kinds.iter();
        kinds.any(|kind| kind.namespaced && kind.title == title)
    };
    for (pod, vantage) in places(index) {
        let own = pod.split_once('/').map_or("", |(namespace, _)| namespace);
        for mut key in counted(&look(&vantage)) {
            // Things of its own namespace are shown without it to a pod that cannot know where it is.
            if key.1.is_empty() && is_namespaced(&key.0) {
                own.clone_into(&mut key.1);
            }
            seen.entry(key).or_default().insert(pod.clone());
        }
    }
    seen
}

/// Every object as `who sees` takes it, and as views name it.
fn objects(index: &SightIndex<'_>) -> Vec<(String, Key)> {
    let kinds = index.inventory.kinds.iter();
    let objects = kinds.flat_map(|kind| {
        kind.objects.iter().map(move |object| {
            let full = match object.namespace {
                "" => object.name.to_owned(),
                namespace => format!("{namespace}/{}", object.name),
            };
            let target = format!("{}.{}/{full}", kind.resource, kind.group);
            let key = (
                kind.title.to_string(),
                object.namespace.to_owned(),
                object.name.to_owned(),
            );
            (target, key)
        })
    });
    objects.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pods_of_random_clusters(cluster in any_inhabited_cluster()) {
        let index = SightIndex::new(&cluster);
        // What a webhook may deny is named by WHO with that fact, and uncertain to SEE.
        prop_assume!(!index.trust.rest_is_unknown);
        let seen = seen_from(&index, |vantage| see_knowing_names(&index, vantage).unwrap());
        for (target, key) in objects(&index) {
            let answer = who_sees(&index, None, &target).unwrap();
            let expected = seen.get(&key).cloned().unwrap_or_default();
            prop_assert_eq!(named(&answer), expected, "{}", target);
        }
    }

    #[test]
    fn pods_of_random_clusters_on_their_network(cluster in any_inhabited_cluster()) {
        let index = SightIndex::new(&cluster);
        prop_assume!(!index.trust.rest_is_unknown);
        let estate = Estate { clusters: vec![cluster.clone()], ..Estate::default() };
        on_the_network(&estate)?;
    }
}

fn on_the_network(estate: &Estate) -> Result<(), TestCaseError> {
    let cluster = &estate.clusters[0];
    let index = SightIndex::new(cluster);
    let network = NetworkIndex::new(cluster, None);
    let seen = seen_from(&index, |vantage| {
        let joined = Joined {
            knows_names: true,
            ..Joined::default()
        };
        see_joined(estate, vantage, joined).unwrap()
    });
    for (target, key) in objects(&index) {
        let mut answer = who_sees(&index, Some(&network), &target).unwrap();
        join(&mut answer, &network, None);
        let expected = seen.get(&key).cloned().unwrap_or_default();
        prop_assert_eq!(named(&answer), expected, "{}", target);
    }
    Ok(())
}

/// The demo was recorded from real servers, and some of its pods are kept from the API server by policies.
#[test]
fn pods_of_the_demo() {
    const DEMO: &[u8] = include_bytes!("../../../../../fixtures/demo/estate.vshed");
    let estate = snapshot::read(DEMO).expect("it is whole");
    on_the_network(&estate).unwrap();
}
