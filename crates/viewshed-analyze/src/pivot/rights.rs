//! Steps that an identity takes by its rights at the API server.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use viewshed_model::{Cluster, ConfigKind, Identity, PolicyRule, SubjectKind};

use super::build::{Inhabitant, member, own_account};
use super::graph::{State, Step, Why};
use super::powers::{Leads, NAMED_RIGHTS, Named, NamedRight, POWERS, Power, Whom};
use crate::checks::namespace_of;
use crate::rbac::{Session, Verdict};
use crate::see::pod_accounts;
use crate::sight::SightIndex;

/// Who there is in a cluster, and what names in rules can mean.
#[derive(Debug, Default)]
pub(super) struct Rights<'c> {
    users: BTreeSet<&'c str>,
    groups: BTreeSet<&'c str>,
    /// Service accounts by namespace.
    accounts_in: Accounts<'c>,
    /// Namespaces by name of the account.
    accounts: FxHashMap<&'c str, Vec<&'c str>>,
    /// Namespaces by name of the pod.
    pods: FxHashMap<&'c str, Vec<&'c str>>,
    nodes: BTreeSet<&'c str>,
    /// Accounts by the namespace and name of the Secrets that keep their tokens.
    tokens: FxHashMap<(&'c str, &'c str), &'c str>,
    /// Accounts, by the namespace of such Secrets.
    tokens_in: Accounts<'c>,
    /// Workloads by kind, namespace and name.
    workloads: BTreeSet<(&'c str, &'c str, &'c str)>,
    /// Namespaces in which anything is bound.
    bound: BTreeSet<&'c str>,
    /// Namespaces where admission refuses paths of the node.
    guarded: BTreeSet<&'c str>,
}

/// A power that an identity holds: everywhere, or in one namespace.
type Held<'c> = (&'static Power, Option<&'c str>);

/// A right on one named object that an identity holds, and where it leads.
type HeldByName<'c> = (State<'c>, Named);

/// Whether a name can be taken on by whoever may take on any: nobody is made anonymous, and signers and
/// admission refuse `system:masters` (`plugin/pkg/admission/certificates/subjectrestriction`).
fn is_free(name: &str) -> bool {
    !matches!(
        name,
        "system:anonymous" | "system:unauthenticated" | "system:masters"
    )
}

/// Accounts by namespace.
type Accounts<'c> = BTreeMap<&'c str, BTreeSet<&'c str>>;

fn accounts_of<'t, 'c>(
    table: &'t Accounts<'c>,
    namespace: &'c str,
) -> impl Iterator<Item = Step<'c>> + use<'t, 'c> {
    let names = table.get(namespace).into_iter().flatten();
    names.map(move |name| member(State::Account(namespace, name)))
}

fn all_accounts<'t, 'c>(table: &'t Accounts<'c>) -> impl Iterator<Item = Step<'c>> + use<'t, 'c> {
    let namespaces = table.keys();
    namespaces.flat_map(move |namespace| accounts_of(table, namespace))
}

impl<'c> Rights<'c> {
    pub(super) fn of(cluster: &'c Cluster, inhabitants: &[Inhabitant<'c>]) -> Self {
        let mut rights = Self::default();
        for account in &cluster.service_accounts {
            rights.add_account(namespace_of(&account.meta), &account.meta.name);
        }
        rights.tokens = token_secrets(cluster, &rights.accounts_in);
        let mut tokens: Vec<_> = rights.tokens.iter().collect();
        tokens.sort_unstable();
        for ((namespace, _), account) in tokens {
            let accounts = rights.tokens_in.entry(namespace).or_default();
            accounts.insert(account);
        }
        let workloads = cluster.workloads.iter();
        rights.workloads = workloads
            .map(|workload| {
                let namespace = namespace_of(&workload.meta);
                (&*workload.kind, namespace, &*workload.meta.name)
            })
            .collect();
        // Manifests leave out the accounts that the cluster makes by itself.
        for pod in inhabitants {
            let account = own_account(pod);
            if rights.account(pod.namespace, account).is_none() {
                let tokens = pod_accounts(cluster, (pod.namespace, pod.name), (pod.spec, pod.pod));
                if tokens.iter().any(|(held, _)| held == account) {
                    rights.add_account(pod.namespace, account);
                }
            }
        }
        for pod in &cluster.pods {
            let namespaces = rights.pods.entry(&pod.meta.name).or_default();
            namespaces.push(namespace_of(&pod.meta));
        }
        rights.nodes = cluster.nodes.iter().map(|node| &*node.meta.name).collect();
        let bindings = cluster.bindings.iter();
        rights.bound = bindings
            .filter_map(|binding| binding.meta.namespace.as_deref())
            .collect();
        rights.guarded = guarded_namespaces(cluster);
        rights.add_people(cluster);
        rights
    }

    fn add_account(&mut self, namespace: &'c str, name: &'c str) {
        if self.accounts_in.entry(namespace).or_default().insert(name) {
            self.accounts.entry(name).or_default().push(namespace);
        }
    }

    /// Users and groups that bindings and rules name.
    fn add_people(&mut self, cluster: &'c Cluster) {
        let bindings = cluster.bindings.iter();
        for subject in bindings.flat_map(|binding| &binding.subjects) {
            match subject.kind {
                // As a user, an account is the account.
                SubjectKind::User if !subject.name.starts_with("system:serviceaccount:") => {
                    self.users.insert(&subject.name);
                }
                SubjectKind::Group => {
                    self.groups.insert(&subject.name);
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
                self.users.extend(names.clone());
            }
            if has("groups") {
                self.groups.extend(names);
            }
        }
    }

    /// The account by the name that the cluster has for it.
    pub(super) fn account(&self, namespace: &str, name: &str) -> Option<&'c str> {
        self.accounts_in.get(namespace)?.get(name).copied()
    }

    /// The state of every identity.
    pub(super) fn subjects(&self) -> impl Iterator<Item = State<'c>> + '_ {
        let accounts = self.accounts_in.iter();
        let accounts = accounts.flat_map(|(namespace, names)| {
            names.iter().map(|name| State::Account(namespace, name))
        });
        let users = self.users.iter().map(|name| State::User(name));
        let groups = self.groups.iter().map(|name| State::Group(name));
        accounts.chain(users).chain(groups)
    }

    /// The identities that a state stands for.
    pub(super) fn members(&self, of: State<'c>, steps: &mut Vec<Step<'c>>) {
        match of {
            State::AccountsIn(namespace) => steps.extend(accounts_of(&self.accounts_in, namespace)),
            State::TokensIn(namespace) => steps.extend(accounts_of(&self.tokens_in, namespace)),
            State::AllAccounts => steps.extend(all_accounts(&self.accounts_in)),
            State::AllTokens => steps.extend(all_accounts(&self.tokens_in)),
            State::AccountsBeside(kind) => {
                let workloads = self.workloads.iter();
                let beside: BTreeSet<&'c str> = workloads
                    .filter(|(known, ..)| *known == kind)
                    .map(|(_, namespace, _)| *namespace)
                    .collect();
                steps.extend(beside.into_iter().map(|one| member(State::AccountsIn(one))));
            }
            State::AnyUser => {
                let users = self.users.iter().filter(|user| is_free(user));
                steps.extend(users.map(|user| member(State::User(user))));
            }
            State::AnyGroup => {
                let groups = self.groups.iter().filter(|group| is_free(group));
                steps.extend(groups.map(|group| member(State::Group(group))));
            }
            _ => {}
        }
    }

    /// Everything that an identity may become by its rights.
    pub(super) fn use_of(
        &self,
        sight: &SightIndex<'c>,
        identity: &Identity,
        steps: &mut Vec<Step<'c>>,
    ) {
        let session = sight.access.session(identity);
        for held in self.powers_of(&session) {
            self.take(held, steps);
        }
        for (to, named) in self.named_by(&session) {
            steps.push(Step::to(to, Why::Named(named)));
        }
    }

    /// The steps that one power opens.
    fn take(&self, (power, place): Held<'c>, steps: &mut Vec<Step<'c>>) {
        let why = || Why::Power(power, place.unwrap_or_default().to_owned());
        let (pods, accounts, tokens) = match place {
            None => (State::AllPods, State::AllAccounts, State::AllTokens),
            Some(place) => (
                State::PodsIn(place),
                State::AccountsIn(place),
                State::TokensIn(place),
            ),
        };
        let mut step = |to: State<'c>| steps.push(Step::to(to, why()));
        match power.leads {
            Leads::Administrator => step(State::Administrator),
            Leads::AnyUser => step(State::AnyUser),
            Leads::AnyCertificate => {
                step(State::AnyUser);
                step(State::AnyGroup);
                step(State::AllAccounts);
            }
            Leads::Secrets => step(State::AllSecrets),
            Leads::Pods => step(pods),
            Leads::Accounts => step(accounts),
            Leads::Tokens => step(tokens),
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

    fn powers_of(&self, session: &Session<'_>) -> Vec<Held<'c>> {
        let mut found: Vec<Held<'c>> = Vec::new();
        let own: Vec<&'c str> = session
            .namespaces()
            .into_iter()
            .filter_map(|name| self.bound.get(name).copied())
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

/// The accounts of which Secrets keep a token, by namespace and name of the Secret: the Secret says so, the account lists
/// it, or the Secret's name begins with the account's, as the token controller named them up to Kubernetes 1.23.
fn token_secrets<'c>(
    cluster: &'c Cluster,
    accounts: &Accounts<'c>,
) -> FxHashMap<(&'c str, &'c str), &'c str> {
    let mut listed: FxHashMap<(&str, &str), &'c str> = FxHashMap::default();
    for account in &cluster.service_accounts {
        for secret in &account.secrets {
            let key = (namespace_of(&account.meta), secret.as_str());
            listed.entry(key).or_insert(&account.meta.name);
        }
    }
    let secrets = cluster.configs.iter().filter(|config| {
        config.kind == ConfigKind::Secret
            && config.secret_type == "kubernetes.io/service-account-token"
    });
    let mut found = FxHashMap::default();
    for secret in secrets {
        let (namespace, name) = (namespace_of(&secret.meta), secret.meta.name.as_str());
        let begins = || {
            let known = accounts.get(namespace)?;
            let mut ends = name.rmatch_indices("-token").map(|(at, _)| at);
            ends.find_map(|at| known.get(name.get(..at)?).copied())
        };
        let account = match secret.token_of.as_str() {
            "" => listed.get(&(namespace, name)).copied().or_else(begins),
            account => accounts
                .get(namespace)
                .and_then(|known| known.get(account).copied()),
        };
        if let Some(account) = account {
            found.insert((namespace, name), account);
        }
    }
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
