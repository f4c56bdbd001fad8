//! What shows only to those who know or guess its name, told as facts that a view depends on.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::MissingFact;

use super::board::{Board, Place};

/// One fact for each scope in which objects that exist show by `get` alone and nothing tells their names.
pub(super) fn facts(board: &Board<'_, '_>) -> Vec<MissingFact> {
    let mut open = Names::default();
    let pods = board.place("", "pods");
    for guess in &board.guesses {
        let marks = board.marks(guess.place).get(guess.range.clone());
        let of_pods = pods
            .filter(|_| guess.place == Place::Logs)
            .and_then(|pods| board.marks(pods).get(guess.range.clone()));
        let is_open = marks
            .unwrap_or_default()
            .iter()
            .enumerate()
            .any(|(at, mark)| {
                let pod = of_pods.and_then(|pods| pods.get(at));
                mark.ways.is_guessed() && !pod.is_some_and(|pod| pod.ways.is_seen())
            });
        if is_open {
            open.add(&guess.scope, &guess.resource);
        }
    }
    open.facts()
}

/// Resources of which nothing tells the names, by scope.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_scope: BTreeMap<String, BTreeSet<String>>,
}

impl Names {
    /// `scope` is " in shop", " in all namespaces" or empty.
    pub(super) fn add(&mut self, scope: &str, resource: &str) {
        let resources = self.by_scope.entry(scope.to_owned()).or_default();
        resources.insert(resource.to_owned());
    }

    pub(super) fn facts(self) -> Vec<MissingFact> {
        let fact = |(scope, resources): (String, BTreeSet<String>)| {
            let resources: Vec<String> = resources.into_iter().collect();
            MissingFact {
                fact: format!(
                    "which names are known or guessed: get {}{scope} is allowed one by one, and nothing here \
                     lists them",
                    resources.join(", ")
                ),
            }
        };
        self.by_scope.into_iter().map(fact).collect()
    }
}
