//! Rights of an identity on objects that rules name.

use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::PolicyRule;

use super::graph::State;
use super::named::{NAMED_RIGHTS, Named, NamedRight, Whom};
use super::rights::{HeldByName, Rights, names_right};
use crate::rbac::{Session, Verdict};

impl<'c> Rights<'c> {
    /// The rights on named objects that a session holds, each object once.
    pub(super) fn named_by(&self, session: &Session<'_>) -> Vec<HeldByName<'c>> {
        let mut found = Found::default();
        // Few rules name objects, and most sessions have none that does.
        let mut rules: Vec<(Option<&str>, &PolicyRule)> = Vec::new();
        for grant in session.grants() {
            let of_role = grant.role.map_or(&[][..], |role| &role.rules);
            let of_role = of_role.iter().filter(|rule| is_telling(rule));
            rules.extend(of_role.map(|rule| (grant.namespace(), rule)));
        }
        if rules.is_empty() {
            return found.held;
        }
        for right in &NAMED_RIGHTS {
            let is_of_groups = right.whom == Whom::Group;
            if is_of_groups && !has_user_name(session, &found.held) {
                continue;
            }
            for (place, rule) in rules.iter().filter(|(_, rule)| covers(rule, right)) {
                if is_of_groups && rule.resource_names.is_empty() {
                    let every = Named::of(right, "", "");
                    found.add(session, State::Administrator, every);
                }
                for name in &rule.resource_names {
                    for (state, namespace) in self.meant(right, name, *place) {
                        found.add(session, state, Named::of(right, namespace, name));
                    }
                }
            }
        }
        found.held
    }

    /// What a name in a rule means, with the namespace of the request.
    fn meant(
        &self,
        right: &NamedRight,
        name: &str,
        place: Option<&str>,
    ) -> Vec<(State<'c>, &'c str)> {
        let in_place = |namespaces: &FxHashMap<&'c str, Vec<&'c str>>| {
            let entry = namespaces.get_key_value(name);
            let each = entry.into_iter().flat_map(|(name, namespaces)| {
                namespaces.iter().map(|namespace| (*namespace, *name))
            });
            each.filter(|(namespace, _)| place.is_none_or(|place| place == *namespace))
                .collect::<Vec<_>>()
        };
        match right.whom {
            Whom::User => {
                let user = self.users.get(name).into_iter();
                user.map(|name| (State::User(name), "")).collect()
            }
            Whom::Group => {
                let group = self.groups.get(name).into_iter();
                group.map(|name| (State::Group(name), "")).collect()
            }
            Whom::Node => {
                let node = self.nodes.get(name).into_iter();
                node.map(|name| (State::PodsOn(name), "")).collect()
            }
            Whom::Secret => {
                let secrets = self.tokens.iter();
                let mut accounts: Vec<(State<'c>, &'c str)> = secrets
                    .filter(|((namespace, secret), _)| {
                        *secret == name && place.is_none_or(|place| place == *namespace)
                    })
                    .map(|((namespace, _), account)| {
                        (State::Account(namespace, account), *namespace)
                    })
                    .collect();
                accounts.sort_unstable_by_key(|(_, namespace)| *namespace);
                accounts
            }
            Whom::Workload(kind) => {
                let workloads = self.workloads.iter();
                workloads
                    .filter(|(known, namespace, workload)| {
                        *known == kind
                            && *workload == name
                            && place.is_none_or(|place| place == *namespace)
                    })
                    .map(|(_, namespace, _)| (State::AccountsIn(namespace), *namespace))
                    .collect()
            }
            Whom::Role => Vec::new(),
            Whom::Account => in_place(&self.accounts)
                .into_iter()
                .map(|(namespace, name)| (State::Account(namespace, name), namespace))
                .collect(),
            Whom::Pod => in_place(&self.pods)
                .into_iter()
                .filter(|place| !right.changes_pods() || !self.static_pods.contains(place))
                .map(|(namespace, name)| (State::Entered(namespace, name), namespace))
                .collect(),
        }
    }
}

impl Named {
    pub(super) fn of(right: &'static NamedRight, namespace: &str, name: &str) -> Self {
        Self {
            right,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// Rights on named objects, each way once.
#[derive(Default)]
struct Found<'c> {
    held: Vec<HeldByName<'c>>,
    states: FxHashSet<State<'c>>,
}

impl<'c> Found<'c> {
    /// Adds a right that the session certainly holds, unless something leads there already.
    fn add(&mut self, session: &Session<'_>, state: State<'c>, named: Named) {
        if !self.states.contains(&state) && session.verdict(named.question()) == Verdict::Yes {
            self.states.insert(state);
            self.held.push((state, named));
        }
    }
}

/// Whether the session may take on any user name at all, as a request that takes on a group must.
fn has_user_name(session: &Session<'_>, found: &[HeldByName<'_>]) -> bool {
    let by_name = found
        .iter()
        .any(|(_, named)| named.right.verb == "impersonate");
    let anybody = |right: &'static NamedRight, namespace: &str| {
        session.verdict(Named::of(right, namespace, "").question()) == Verdict::Yes
    };
    by_name
        || NAMED_RIGHTS
            .iter()
            .filter(|right| right.verb == "impersonate")
            .any(|right| match right.whom {
                Whom::User => anybody(right, ""),
                // Accounts are impersonated in their namespace: a role there is enough.
                Whom::Account => {
                    let places = session.grants().filter_map(|grant| grant.namespace());
                    std::iter::once("")
                        .chain(places)
                        .any(|place| anybody(right, place))
                }
                _ => false,
            })
}

/// Whether a rule can matter here at all: it names objects, or lets take on any group.
fn is_telling(rule: &PolicyRule) -> bool {
    !rule.resource_names.is_empty() || rule.resources.iter().any(|resource| resource == "groups")
}

/// Whether a rule speaks of a right in so many words; whether it allows it is decided afterwards.
fn covers(rule: &PolicyRule, right: &NamedRight) -> bool {
    let resource = |known: &String| match right.subresource {
        "" => known == right.resource,
        subresource => known.split_once('/').is_some_and(|(resource, known)| {
            known == subresource && (resource == "*" || resource == right.resource)
        }),
    };
    names_right(rule, right.verb)
        && rule
            .resources
            .iter()
            .any(|known| known == "*" || resource(known))
}
