//! The fold against the evaluator, asked question by question.

use proptest::prelude::*;
use viewshed_model::{Cluster, Identity};

use super::super::rules::{Gain, Side, Sides, Sight, gains, number_rules};
use crate::rbac::{AccessIndex, Verdict};
use crate::samples::random::any_cluster;
use crate::sight::{SightIndex, Target, Targets, Verbs};
use crate::who::Row;

/// Namespaces of the generated bindings, one without any, and the whole cluster.
const NAMESPACES: [Option<&str>; 4] = [None, Some("shop"), Some("ops"), Some("other")];
/// Names of the generated rules, one that no rule has, and every name at once.
const NAMES: [Option<&str>; 8] = [
    None,
    Some("db"),
    Some("shop"),
    Some("cart"),
    Some("worker-1"),
    Some("core"),
    Some("web"),
    Some("other"),
];

fn rbac_only(mut cluster: Cluster) -> Cluster {
    cluster.authorizers = None;
    cluster
}

/// Whether the evaluator allows every verb at the place; a whole kind is asked for without a name or, for
/// `get`, with a name that no rule has.
fn allows(
    access: &AccessIndex<'_>,
    identity: &Identity,
    (target, namespace, name, verb): (&Target, Option<&str>, Option<&str>, &str),
) -> bool {
    let name = match (name, verb) {
        (Some(name), _) => name,
        (None, "get") => "a-name-that-no-rule-has",
        (None, _) => "",
    };
    target.groups.iter().any(|group| {
        let asked = target.question(group, verb, namespace.unwrap_or_default(), name);
        access.session(identity).verdict(asked) == Verdict::Yes
    })
}

fn covers(gain: &Gain<'_>, place: (Option<&str>, usize, Option<&str>), verb: Verbs) -> bool {
    let (namespace, target, name) = gain.place;
    gain.verbs.contains(verb)
        && target == place.1
        && (namespace.is_none() || namespace == place.0)
        && (name.is_none() || name == place.2)
}

type Asked<'a> = (
    usize,
    &'a Target,
    Option<&'static str>,
    Option<&'static str>,
    (Verbs, &'static str),
);

/// Every verb at every place. Lists have no name, and cluster-scoped kinds no namespace.
fn questions(targets: &Targets) -> Vec<Asked<'_>> {
    let mut all = Vec::new();
    for (at, target) in targets.all.iter().enumerate() {
        for verb in Verbs::EACH {
            for namespace in NAMESPACES {
                for name in NAMES {
                    if target.verbs.contains(verb.0)
                        && (name.is_none() || verb.1 == "get")
                        && (target.namespaced || namespace.is_none())
                    {
                        all.push((at, target, namespace, name, verb));
                    }
                }
            }
        }
    }
    all
}

fn check(before: &Cluster, after: &Cluster) -> Result<(), TestCaseError> {
    let (old, new) = (SightIndex::new(before), SightIndex::new(after));
    let targets = Targets::union(&old.targets, &new.targets);
    let [old_rules, new_rules] = number_rules([before, after]);
    let (old, new) = (
        Side::new(old, &targets, old_rules),
        Side::new(new, &targets, new_rules),
    );
    let sides = Sides {
        before: &old,
        after: &new,
        targets: &targets,
    };
    for row in Row::bound(after) {
        let is_special = row.identity.user.starts_with("system:node:")
            || row
                .identity
                .groups
                .iter()
                .any(|group| group == "system:masters");
        if is_special {
            continue;
        }
        let found = gains(
            &Sight::of(sides.before, &targets, &row),
            &Sight::of(sides.after, &targets, &row),
        );
        let own_group = &row.subject.name;
        let inherited = Identity::exactly(
            "",
            row.identity
                .groups
                .iter()
                .map(String::as_str)
                .filter(|group| group != own_group),
        );
        for (at, target, namespace, name, (verb, word)) in questions(&targets) {
            let question = (target, namespace, name, word);
            let expected = allows(&new.index.access, &row.identity, question)
                && !allows(&old.index.access, &row.identity, question)
                && !allows(&new.index.access, &inherited, question);
            let place = (namespace, at, name);
            let told = found.iter().any(|gain| covers(gain, place, verb));
            prop_assert!(
                told || !expected,
                "{} gains {question:?}, untold",
                row.subject
            );
            let told_here = found
                .iter()
                .any(|gain| gain.place == place && gain.verbs.contains(verb));
            prop_assert!(
                expected || !told_here,
                "{} does not gain {question:?}",
                row.subject
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_gain_is_told_and_nothing_else(before in any_cluster(), after in any_cluster()) {
        check(&rbac_only(before), &rbac_only(after))?;
    }

    #[test]
    fn the_same_cluster_has_no_change(cluster in any_cluster()) {
        let estate = viewshed_model::Estate {
            clusters: vec![cluster],
            ..viewshed_model::Estate::default()
        };
        prop_assert_eq!(super::diff(&estate, &estate, ("a", "a")).changes, []);
    }

    #[test]
    fn more_bindings_take_nothing_away(cluster in any_cluster(), more in any_cluster()) {
        let before = rbac_only(cluster);
        let mut after = before.clone();
        for (at, binding) in more.bindings.into_iter().enumerate() {
            let mut binding = binding;
            binding.meta.name = format!("more-{at}");
            after.bindings.push(binding);
        }
        let estate = |cluster| viewshed_model::Estate {
            clusters: vec![cluster],
            ..viewshed_model::Estate::default()
        };
        let report = super::diff(&estate(before), &estate(after), ("a", "b"));
        prop_assert!(report.changes.iter().all(|change| change.gained));
    }
}
