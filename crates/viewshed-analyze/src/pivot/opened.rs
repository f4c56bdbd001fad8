//! Where the powers of an identity lead.

use super::graph::{State, Step, Why};
use super::powers::Leads;
use super::rights::{BOOTSTRAP_PLACE, Held, Rights};

/// The groups of whoever has a bootstrap token: this one, and others that the token may name, all of which begin so
/// (`staging/src/k8s.io/cluster-bootstrap/token/api`).
const BOOTSTRAPPERS: &str = "system:bootstrappers";

impl<'c> Rights<'c> {
    /// The steps that one power opens.
    pub(super) fn take(&self, (power, place): Held<'c>, steps: &mut Vec<Step<'c>>) {
        let why = || Why::Power(power, place.unwrap_or_default().to_owned());
        let [pods, changeable, accounts, tokens] = groups_of(place);
        let mut step = |to: State<'c>| steps.push(Step::to(to, why()));
        match power.leads {
            Leads::Administrator => step(State::Administrator),
            Leads::AnyUser => step(State::AnyUser),
            Leads::AnyCertificate => {
                step(State::AnyUser);
                step(State::AnyGroup);
                step(State::AllAccounts);
            }
            Leads::Kubelets => step(State::AllKubelets),
            Leads::Secrets => step(State::AllSecrets),
            Leads::Pods => step(pods),
            Leads::Changeable => step(changeable),
            Leads::Accounts => step(accounts),
            Leads::Tokens => {
                step(tokens);
                self.join(place, &why, steps);
            }
            Leads::Nodes => step(State::AllNodes),
            Leads::Unguarded => {
                // Elsewhere whoever starts pods gets there anyhow.
                if let Some(place) = place.filter(|place| self.guarded.contains(place)) {
                    let fact = format!(
                        "whether admission refuses paths of the node in namespace {place} without its label"
                    );
                    steps.push(Step {
                        to: State::AllNodes,
                        why: why(),
                        doubt: Some(fact),
                    });
                }
            }
            Leads::Webhook => steps.push(Step {
                to: State::AllAccounts,
                why: why(),
                doubt: Some("whether pods are made while the webhook is asked".to_owned()),
            }),
            Leads::Workloads(kind) if !self.has_workload(kind, place) => {}
            Leads::Workloads(_) | Leads::AccountsAndNodes => {
                let accounts = match (power.leads, place) {
                    (Leads::Workloads(kind), None) => State::AccountsBeside(kind),
                    _ => accounts,
                };
                step(accounts);
                if place.is_none_or(|place| !self.guarded.contains(place)) {
                    let place = place.map_or_else(
                        || "every namespace".to_owned(),
                        |place| format!("namespace {place}"),
                    );
                    let fact = format!("whether admission refuses paths of the node in {place}");
                    steps.push(Step {
                        to: State::AllNodes,
                        why: why(),
                        doubt: Some(fact),
                    });
                }
            }
        }
    }

    /// Whether there is a workload of a kind in a namespace, or anywhere.
    fn has_workload(&self, kind: &str, namespace: Option<&str>) -> bool {
        let from = (kind, namespace.unwrap_or_default(), "");
        let found = self.workloads.range::<(&str, &str, &str), _>(from..).next();
        found.is_some_and(|(found, place, _)| {
            *found == kind && namespace.is_none_or(|namespace| namespace == *place)
        })
    }

    /// Whoever reads a bootstrap token is in its groups.
    fn join(&self, place: Option<&str>, why: &impl Fn() -> Why, steps: &mut Vec<Step<'c>>) {
        if !self.has_bootstrap_token || place.is_some_and(|place| place != BOOTSTRAP_PLACE) {
            return;
        }
        let groups = self
            .groups
            .iter()
            .filter(|group| group.starts_with(BOOTSTRAPPERS));
        steps.extend(groups.map(|group| {
            Step {
                to: State::Group(group),
                why: why(),
                doubt: (*group != BOOTSTRAPPERS)
                    .then(|| format!("whether a bootstrap token names group {group}")),
            }
        }));
    }
}

/// The pods of a namespace, those of them that can be changed, its accounts, and those with tokens in its Secrets.
fn groups_of(place: Option<&str>) -> [State<'_>; 4] {
    match place {
        None => [
            State::AllPods,
            State::AllChangeable,
            State::AllAccounts,
            State::AllTokens,
        ],
        Some(place) => [
            State::PodsIn(place),
            State::ChangeableIn(place),
            State::AccountsIn(place),
            State::TokensIn(place),
        ],
    }
}
