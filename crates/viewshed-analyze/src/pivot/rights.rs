//! Steps that an identity takes by its rights at the API server.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use viewshed_model::{Cluster, ConfigKind, Identity, PolicyRule, SubjectKind};

use super::graph::{Graph, State, Why};
use super::powers::{Leads, NAMED_RIGHTS, Named, NamedRight, POWERS, Power, Whom};
use crate::checks::namespace_of;
use crate::rbac::{Session, Verdict};
use crate::sight::SightIndex;

/// What names in rules can mean.
#[derive(Debug, Default)]
struct Known<'c> {
    users: BTreeSet<&'c str>,
    groups: BTreeSet<&'c str>,
    /// Namespaces by name of the account.
    accounts: BTreeMap<&'c str, Vec<&'c str>>,
    /// Namespaces by name of the pod.
    pods: BTreeMap<&'c str, Vec<&'c str>>,
    nodes: BTreeSet<&'c str>,
}

/// A power that an identity holds: everywhere, or in one namespace.
type Held<'c> = (&'static Power, Option<&'c str>);

/// A right on one named object that an identity holds, and where it leads.
type HeldByName<'c> = (State<'c>, Named);

/// Everything that the identities of a cluster may become by their rights; `asker` is one more, with all
/// its groups together.
pub(super) fn use_rights<'c>(
    graph: &mut Graph<'c>,
    sight: &SightIndex<'c>,
    accounts: &BTreeSet<(&'c str, &'c str)>,
    asker: Option<&Identity>,
) {
    let cluster = sight.cluster;
    let known = Known::of(cluster, accounts);
    let namespaces: BTreeSet<&'c str> = cluster
        .bindings
        .iter()
        .filter_map(|binding| binding.meta.namespace.as_deref())
        .collect();
    let mut subjects: Vec<(State<'c>, Identity)> = known
        .subjects()
        .filter_map(|state| Some((state, state.identity()?)))
        .collect();
    subjects.extend(asker.map(|identity| (State::Asker, identity.clone())));
    let held: Vec<(Vec<Held<'c>>, Vec<HeldByName<'c>>)> = subjects
        .par_iter()
        .map(|(_, identity)| {
            let session = sight.access.session(identity);
            (powers_of(&session, &namespaces), known.named_by(&session))
        })
        .collect();
    let guarded = guarded_namespaces(cluster);
    for ((from, _), (powers, named)) in subjects.iter().zip(held) {
        for power in powers {
            take(graph, *from, power, &guarded);
        }
        for (to, named) in named {
            graph.step(*from, to, Why::Named(named));
        }
    }
    for user in known.users.iter().filter(|user| is_free(user)) {
        graph.step(State::AnyUser, State::User(user), Why::Member);
    }
    for group in known.groups.iter().filter(|group| is_free(group)) {
        graph.step(State::AnyGroup, State::Group(group), Why::Member);
    }
    for (secret_namespace, account) in token_secrets(cluster) {
        let account = State::Account(secret_namespace, account);
        graph.step(State::TokensIn(secret_namespace), account, Why::Member);
        graph.step(State::AllTokens, account, Why::Member);
    }
}

/// Whether a name can be taken on by whoever may take on any: nobody is made anonymous, and signers and
/// admission refuse `system:masters` (`plugin/pkg/admission/certificates/subjectrestriction`).
fn is_free(name: &str) -> bool {
    !matches!(
        name,
        "system:anonymous" | "system:unauthenticated" | "system:masters"
    )
}

/// The steps that one power opens.
fn take<'c>(
    graph: &mut Graph<'c>,
    from: State<'c>,
    (power, place): Held<'c>,
    guarded: &BTreeSet<&str>,
) {
    let why = || Why::Power(power, place.unwrap_or_default().to_owned());
    let (pods, accounts, tokens) = match place {
        None => (State::AllPods, State::AllAccounts, State::AllTokens),
        Some(place) => (
            State::PodsIn(place),
            State::AccountsIn(place),
            State::TokensIn(place),
        ),
    };
    match power.leads {
        Leads::Administrator => graph.step(from, State::Administrator, why()),
        Leads::AnyUser => graph.step(from, State::AnyUser, why()),
        Leads::AnyCertificate => {
            graph.step(from, State::AnyUser, why());
            graph.step(from, State::AnyGroup, why());
            graph.step(from, State::AllAccounts, why());
        }
        Leads::Secrets => graph.step(from, State::AllSecrets, why()),
        Leads::Pods => graph.step(from, pods, why()),
        Leads::Accounts => graph.step(from, accounts, why()),
        Leads::Tokens => graph.step(from, tokens, why()),
        Leads::AccountsAndNodes => {
            graph.step(from, accounts, why());
            if place.is_none_or(|place| !guarded.contains(place)) {
                let place = place.map_or_else(
                    || "every namespace".to_owned(),
                    |place| format!("namespace {place}"),
                );
                let fact = format!("whether admission refuses paths of the node in {place}");
                graph.step_if(from, State::AllNodes, why(), Some(fact));
            }
        }
    }
}

fn powers_of<'c>(session: &Session<'_>, namespaces: &BTreeSet<&'c str>) -> Vec<Held<'c>> {
    let mut found: Vec<Held<'c>> = Vec::new();
    let own: Vec<&'c str> = session
        .namespaces()
        .into_iter()
        .filter_map(|name| namespaces.get(name).copied())
        .collect();
    for power in &POWERS {
        if power.is_held(session, "") {
            found.push((power, None));
        } else if !power.is_cluster_wide {
            let held = own
                .iter()
                .filter(|namespace| power.is_held(session, namespace));
            found.extend(held.map(|namespace| (power, Some(*namespace))));
        }
    }
    found
}

impl<'c> Known<'c> {
    fn of(cluster: &'c Cluster, accounts: &BTreeSet<(&'c str, &'c str)>) -> Self {
        let mut known = Self::default();
        for (namespace, name) in accounts {
            known.accounts.entry(name).or_default().push(namespace);
        }
        for pod in &cluster.pods {
            let namespaces = known.pods.entry(&pod.meta.name).or_default();
            namespaces.push(namespace_of(&pod.meta));
        }
        known.nodes = cluster.nodes.iter().map(|node| &*node.meta.name).collect();
        for subject in cluster
            .bindings
            .iter()
            .flat_map(|binding| &binding.subjects)
        {
            match subject.kind {
                // As a user, an account is the account.
                SubjectKind::User if !subject.name.starts_with("system:serviceaccount:") => {
                    known.users.insert(&subject.name);
                }
                SubjectKind::Group => {
                    known.groups.insert(&subject.name);
                }
                SubjectKind::User | SubjectKind::ServiceAccount | SubjectKind::Other(_) => {}
            }
        }
        // Whom a rule names need not be in any binding.
        for rule in cluster.roles.iter().flat_map(|role| &role.rules) {
            let names = rule.resource_names.iter().map(String::as_str);
            if !names_right(rule, "impersonate") {
                continue;
            }
            let has = |wanted: &str| {
                let mut resources = rule.resources.iter();
                resources.any(|resource| resource == wanted || resource == "*")
            };
            if has("users") {
                known.users.extend(names.clone());
            }
            if has("groups") {
                known.groups.extend(names);
            }
        }
        known
    }

    /// The state of every identity.
    fn subjects(&self) -> impl Iterator<Item = State<'c>> + '_ {
        let accounts = self.accounts.iter().flat_map(|(name, namespaces)| {
            let of = |namespace: &&'c str| State::Account(namespace, name);
            namespaces.iter().map(of)
        });
        let users = self.users.iter().map(|name| State::User(name));
        let groups = self.groups.iter().map(|name| State::Group(name));
        accounts.chain(users).chain(groups)
    }

    /// The rights on named objects that a session holds, each object once.
    fn named_by(&self, session: &Session<'_>) -> Vec<HeldByName<'c>> {
        let mut found: Vec<HeldByName<'c>> = Vec::new();
        // Few rules name objects, and most sessions have none that does.
        let mut rules: Vec<(Option<&str>, &PolicyRule)> = Vec::new();
        for grant in session.grants() {
            let of_role = grant.role.map_or(&[][..], |role| &role.rules);
            let of_role = of_role.iter().filter(|rule| is_telling(rule));
            rules.extend(of_role.map(|rule| (grant.namespace(), rule)));
        }
        if rules.is_empty() {
            return found;
        }
        for right in &NAMED_RIGHTS {
            let is_of_groups = right.whom == Whom::Group;
            if is_of_groups && !has_user_name(session, &found) {
                continue;
            }
            for (place, rule) in rules.iter().filter(|(_, rule)| covers(rule, right)) {
                if is_of_groups && rule.resource_names.is_empty() {
                    let every = Named::of(right, "", "");
                    add(&mut found, session, State::Administrator, every);
                }
                for name in &rule.resource_names {
                    for (state, namespace) in self.meant(right, name, *place) {
                        add(
                            &mut found,
                            session,
                            state,
                            Named::of(right, namespace, name),
                        );
                    }
                }
            }
        }
        found
    }

    /// What a name in a rule means, with the namespace of the request.
    fn meant(
        &self,
        right: &NamedRight,
        name: &str,
        place: Option<&str>,
    ) -> Vec<(State<'c>, &'c str)> {
        let in_place = |namespaces: &BTreeMap<&'c str, Vec<&'c str>>| {
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
            Whom::Account => in_place(&self.accounts)
                .into_iter()
                .map(|(namespace, name)| (State::Account(namespace, name), namespace))
                .collect(),
            Whom::Pod => in_place(&self.pods)
                .into_iter()
                .map(|(namespace, name)| (State::Entered(namespace, name), namespace))
                .collect(),
        }
    }
}

impl Named {
    fn of(right: &'static NamedRight, namespace: &str, name: &str) -> Self {
        Self {
            right,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// Adds a right that the session certainly holds, unless something leads there already.
fn add<'c>(found: &mut Vec<HeldByName<'c>>, session: &Session<'_>, state: State<'c>, named: Named) {
    let is_new = found.iter().all(|(known, _)| *known != state);
    if is_new && session.verdict(named.question()) == Verdict::Yes {
        found.push((state, named));
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

fn names_right(rule: &PolicyRule, verb: &str) -> bool {
    rule.verbs.iter().any(|known| known == verb || known == "*")
}

/// Whether a rule can matter here at all: it names objects, or lets take on any group.
fn is_telling(rule: &PolicyRule) -> bool {
    !rule.resource_names.is_empty() || rule.resources.iter().any(|resource| resource == "groups")
}

/// Whether a rule speaks of a right in so many words; whether it allows it is decided afterwards.
fn covers(rule: &PolicyRule, right: &NamedRight) -> bool {
    let resource = |known: &String| match right.subresource {
        "" => known == right.resource,
        subresource => {
            known.strip_prefix(right.resource) == Some(&format!("/{subresource}"))
                || known.strip_prefix("*/") == Some(subresource)
        }
    };
    names_right(rule, right.verb)
        && rule
            .resources
            .iter()
            .any(|known| known == "*" || resource(known))
}

/// Namespace and account of every Secret that keeps a token: the account lists it, or its name begins with
/// the account's, as the token controller named them up to Kubernetes 1.23.
fn token_secrets(cluster: &Cluster) -> Vec<(&str, &str)> {
    let secrets = cluster.configs.iter().filter(|config| {
        config.kind == ConfigKind::Secret
            && config.secret_type == "kubernetes.io/service-account-token"
    });
    let mut found: Vec<(&str, &str)> = secrets
        .filter_map(|secret| {
            let namespace = namespace_of(&secret.meta);
            let name = secret.meta.name.as_str();
            let accounts = || {
                let accounts = cluster.service_accounts.iter();
                accounts.filter(|account| namespace_of(&account.meta) == namespace)
            };
            let lists = accounts().find(|account| account.secrets.iter().any(|one| one == name));
            let named = || {
                let begins = accounts().filter(|account| {
                    let rest = name.strip_prefix(account.meta.name.as_str());
                    rest.is_some_and(|rest| rest.starts_with("-token"))
                });
                begins.max_by_key(|account| account.meta.name.len())
            };
            let account = lists.or_else(named)?;
            Some((namespace_of(&account.meta), account.meta.name.as_str()))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Namespaces whose label makes Pod Security refuse paths of the node
/// (`pod-security.kubernetes.io/enforce`, standards `baseline` and `restricted`).
fn guarded_namespaces(cluster: &Cluster) -> BTreeSet<&str> {
    let namespaces = cluster.namespaces.iter();
    let guarded = namespaces.filter(|namespace| {
        let level = namespace
            .meta
            .labels
            .get("pod-security.kubernetes.io/enforce");
        level.is_some_and(|level| matches!(level.as_str(), "baseline" | "restricted"))
    });
    guarded
        .map(|namespace| namespace.meta.name.as_str())
        .collect()
}
