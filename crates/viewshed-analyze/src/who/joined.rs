//! An answer joined with the network: pods that cannot use their token, and who gets there by steps.

use viewshed_model::{Place, ReachVerdict, Target, WhoAnswer};

use crate::network::NetworkIndex;
use crate::pivot::{PivotIndex, Sought};

/// Marks the pods that the network keeps from the API server, and, with an index of steps, adds those who
/// become one of the answer's subjects in at most so many steps.
pub fn join(
    answer: &mut WhoAnswer,
    network: &NetworkIndex<'_>,
    steps: Option<(&PivotIndex<'_, '_>, Sought, u32)>,
) {
    let has_pods = answer.entries.iter().any(|entry| !entry.pods.is_empty());
    if has_pods {
        let verdicts = network.verdicts_by_pod(&Place::Target(Target::Apiserver), None);
        let is_cut_off = |pod: &&String| {
            let key = pod.split_once('/');
            key.and_then(|key| verdicts.get(&key)) == Some(&ReachVerdict::Denied)
        };
        for entry in &mut answer.entries {
            entry.pods_cut_off = entry.pods.iter().filter(is_cut_off).cloned().collect();
        }
    }
    if let Some((index, sought, depth)) = steps {
        (answer.by_steps, answer.more_by_steps) = index.toward(&answer.entries, sought, depth);
    }
}
