//! Steps that an identity takes by its rights at the API server.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use viewshed_model::{Cluster, Evidence, Identity, Pod, PolicyRule, SubjectKind};

use super::build::{Inhabitant, is_unplaced, member, own_account};
use super::graph::{State, Step, Why};
use super::named::Named;
use super::powers::{POWERS, Power};
use crate::checks::namespace_of;
use crate::rbac::Session;
use crate::see::pod_accounts;
use crate::sight::SightIndex;

/// Who there is in a cluster, and what names in rules can mean.
#[derive(Debug, Default)]
pub(super) struct Rights<'c> {
    pub(super) users: BTreeSet<&'c str>,
    pub(super) groups: BTreeSet<&'c str>,
    /// Service accounts by namespace.
    pub(super) accounts_in: Accounts<'c>,
    /// Namespaces by name of the account.
    pub(super) accounts: FxHashMap<&'c str, Vec<&'c str>>,
    /// Namespaces by name of the pod.
    pub(super) pods: FxHashMap<&'c str, Vec<&'c str>>,
    /// Namespace and name of the static ones.
    pub(super) static_pods: BTreeSet<(&'c str, &'c str)>,
    pub(super) nodes: BTreeSet<&'c str>,
    /// Accounts by the namespace and name of the Secrets that keep their tokens.
    pub(super) tokens: FxHashMap<(&'c str, &'c str), &'c str>,
    /// Accounts, by the namespace of such Secrets.
    tokens_in: Accounts<'c>,
    /// Workloads by kind, namespace and name.
    pub(super) workloads: BTreeSet<(&'c str, &'c str, &'c str)>,
    /// Whether `kube-system` keeps a token that new nodes join with.
    pub(super) has_bootstrap_token: bool,
    /// Namespaces in which anything is bound.
    pub(super) bound: BTreeSet<&'c str>,
    /// Namespaces where admission refuses paths of the node.
    pub(super) guarded: BTreeSet<&'c str>,
}

/// Where bootstrap tokens count (Kubernetes documentation, "Authenticating with Bootstrap Tokens").
pub(super) const BOOTSTRAP_PLACE: &str = "kube-system";

/// Where the controllers have their accounts.
const CONTROLLERS: &str = "kube-system";

/// A power that an identity holds: everywhere, or in one namespace.
pub(super) type Held<'c> = (&'static Power, Option<&'c str>);

/// A right on one named object that an identity holds, and where it leads.
pub(super) type HeldByName<'c> = (State<'c>, Named);

/// Whether a name can be taken on by whoever may take on any: nobody is made anonymous, and signers and
/// admission refuse `system:masters` (`plugin/pkg/admission/certificates/subjectrestriction`).
fn is_free(name: &str) -> bool {
    !matches!(
        name,
        "system:anonymous" | "system:unauthenticated" | "system:masters"
    )
}

/// Accounts by namespace.
pub(super) type Accounts<'c> = BTreeMap<&'c str, BTreeSet<&'c str>>;

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
    pub(super) fn of(sight: &SightIndex<'c>, inhabitants: &[Inhabitant<'c>]) -> Self {
        let cluster = sight.cluster;
        let mut rights = Self::default();
        for account in &cluster.service_accounts {
            rights.add_account(namespace_of(&account.meta), &account.meta.name);
        }
        for (namespace, secret, account) in sight.accounts().token_secrets() {
            rights.tokens.insert((namespace, secret), account);
            let accounts = rights.tokens_in.entry(namespace).or_default();
            accounts.insert(account);
        }
        if !cluster.is_live {
            rights.add_controllers(cluster);
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
                let tokens = pod_accounts(sight, (pod.namespace, pod.name), (pod.spec, pod.pod));
                if tokens.iter().any(|(held, _)| held == account) {
                    rights.add_account(pod.namespace, account);
                }
            }
        }
        for pod in cluster.pods.iter().filter(|pod| !is_unplaced(pod)) {
            let namespaces = rights.pods.entry(&pod.meta.name).or_default();
            namespaces.push(namespace_of(&pod.meta));
            if is_static(Some(pod)) {
                let place = (namespace_of(&pod.meta), pod.meta.name.as_str());
                rights.static_pods.insert(place);
            }
        }
        rights.nodes = cluster.nodes.iter().map(|node| &*node.meta.name).collect();
        let bindings = cluster.bindings.iter();
        rights.bound = bindings
            .filter_map(|binding| binding.meta.namespace.as_deref())
            .collect();
        rights.guarded = guarded_namespaces(cluster);
        rights.has_bootstrap_token = cluster.configs.iter().any(|config| {
            config.secret_type == "bootstrap.kubernetes.io/token"
                && config.meta.namespace.as_deref() == Some(BOOTSTRAP_PLACE)
        });
        rights.add_people(cluster);
        rights
    }

    fn add_account(&mut self, namespace: &'c str, name: &'c str) {
        if self.accounts_in.entry(namespace).or_default().insert(name) {
            self.accounts.entry(name).or_default().push(namespace);
        }
    }

    /// The accounts that the cluster's own controllers make for themselves, which no manifest has: those of
    /// `kube-system` that bindings name (`kube-controller-manager --use-service-account-credentials`, as kubeadm sets it).
    fn add_controllers(&mut self, cluster: &'c Cluster) {
        let bindings = cluster.bindings.iter();
        for subject in bindings.flat_map(|binding| &binding.subjects) {
            if subject.kind == SubjectKind::ServiceAccount
                && let Some(namespace @ CONTROLLERS) = subject.namespace.as_deref()
            {
                self.add_account(namespace, &subject.name);
            }
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

    /// Everything that an identity may become by the rights of its session.
    pub(super) fn use_of(
        &self,
        cluster: &'c Cluster,
        session: &Session<'_>,
        steps: &mut Vec<Step<'c>>,
    ) {
        self.hold(session, steps);
        self.change_roles(cluster, session, steps);
    }

    /// What the rights of a session open by themselves.
    pub(super) fn hold(&self, session: &Session<'_>, steps: &mut Vec<Step<'c>>) {
        for held in self.powers_of(session) {
            self.take(held, steps);
        }
        for (to, named) in self.named_by(session) {
            steps.push(Step::to(to, Why::Named(named)));
        }
    }

    /// The same of a kubelet, by bindings alone: what the Node authorizer lets it do is held to its own pods by
    /// admission (`plugin/pkg/admission/noderestriction`).
    pub(super) fn use_of_kubelet(
        &self,
        sight: &SightIndex<'c>,
        node: &str,
        steps: &mut Vec<Step<'c>>,
    ) {
        let session = sight.access.session(&Identity::node(node));
        for (power, place) in self.powers_of(&session) {
            let evidence = power.evidence(&session, place.unwrap_or_default());
            if matches!(evidence, Some((Evidence::Grant { .. }, _))) {
                self.take((power, place), steps);
            }
        }
    }

    fn powers_of(&self, session: &Session<'_>) -> Vec<Held<'c>> {
        let mut found: Vec<Held<'c>> = Vec::new();
        let own: Vec<&'c str> = session
            .namespaces()
            .into_iter()
            .filter_map(|name| self.namespace(name))
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
}

pub(super) fn names_right(rule: &PolicyRule, verb: &str) -> bool {
    rule.verbs.iter().any(|known| known == verb || known == "*")
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

/// Whether a pod mirrors a static one, which the API server refuses to add containers to, and whose file the kubelet
/// runs whatever becomes of the mirror (kubernetes/kubernetes `pkg/apis/core/validation`,
/// `ValidatePodEphemeralContainersUpdate`).
pub(super) fn is_static(pod: Option<&Pod>) -> bool {
    pod.is_some_and(|pod| {
        let owner = pod.meta.owner.as_ref();
        pod.is_mirror || owner.is_some_and(|owner| owner.kind == "Node")
    })
}
