//! The cluster's grants, arranged so that questions are answered without walking every binding.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use viewshed_model::{
    AccessRequest, Cluster, Decision, Identity, MissingFact, Role, RoleBinding, SubjectKind,
};

use super::compiled::CompiledRoles;
use super::node::NodeGraph;
use super::numbers::Numbers;
use super::versions::Features;
use super::{Session, chain};

/// Every grant of one cluster, ready for bulk questions. Borrows the cluster; building it costs
/// one pass over roles and bindings.
///
/// Where several objects have the same name (manifests in one folder), the last one counts, as it
/// would after `kubectl apply`.
#[derive(Debug)]
pub struct AccessIndex<'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) features: Features,
    /// Cluster-wide bindings first, then by namespace and name.
    pub(super) bindings: Vec<IndexedBinding<'c>>,
    /// Binding entries by user name; service accounts stand under their user name.
    users: FxHashMap<Cow<'c, str>, Vec<Entry>>,
    groups: FxHashMap<&'c str, Vec<Entry>>,
    /// Numbers of the namespaces that hold RoleBindings, in their order; one less than in
    /// [`IndexedBinding::namespace`].
    namespaces: Numbers,
    pub(super) node_graph: NodeGraph<'c>,
    pub(super) roles: CompiledRoles<'c>,
    /// Whether the chain is Node and RBAC only, so that every answer is yes or no.
    pub(super) is_plain_chain: bool,
}

/// A binding with its role looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct IndexedBinding<'c> {
    pub binding: &'c RoleBinding,
    /// `None` when the role does not exist: then the binding grants nothing.
    pub role: Option<&'c Role>,
    /// The role's number in the compiled table.
    pub role_number: Option<u32>,
    /// Number of the binding's namespace, in order; 0 is cluster-wide.
    pub namespace: u32,
}

/// Position of a binding in the index, and of a subject in that binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub binding: u32,
    pub subject: u32,
}

impl<'c> AccessIndex<'c> {
    /// Builds the index.
    pub fn new(cluster: &'c Cluster) -> Self {
        let mut roles = CompiledRoles::default();
        let mut namespaces = Numbers::default();
        let bindings = resolve_bindings(cluster, &mut roles, &mut namespaces);
        let mut users: FxHashMap<Cow<'c, str>, Vec<Entry>> = FxHashMap::default();
        let mut groups: FxHashMap<&'c str, Vec<Entry>> = FxHashMap::default();
        for (binding_at, indexed) in (0u32..).zip(&bindings) {
            for (subject_at, subject) in (0u32..).zip(&indexed.binding.subjects) {
                let entry = Entry {
                    binding: binding_at,
                    subject: subject_at,
                };
                match &subject.kind {
                    SubjectKind::User => users
                        .entry(Cow::Borrowed(subject.name.as_str()))
                        .or_default()
                        .push(entry),
                    SubjectKind::Group => groups.entry(&subject.name).or_default().push(entry),
                    SubjectKind::ServiceAccount => {
                        if let Some(user) = service_account_user(indexed.binding, subject) {
                            users.entry(Cow::Owned(user)).or_default().push(entry);
                        }
                    }
                    SubjectKind::Other(_) => {}
                }
            }
        }
        Self {
            cluster,
            features: Features::of(cluster.version.as_ref()),
            bindings,
            users,
            groups,
            node_graph: NodeGraph::new(cluster),
            roles,
            namespaces,
            is_plain_chain: chain::is_plain(cluster),
        }
    }

    /// The cluster that was indexed.
    pub fn cluster(&self) -> &'c Cluster {
        self.cluster
    }

    /// Answers one question with its evidence. For many questions of one identity, make a
    /// [`Session`] once.
    pub fn decide(&self, request: &AccessRequest) -> Decision {
        self.session(&request.identity).decide(&request.action)
    }

    /// Everything that the bindings give one identity, looked up once.
    pub fn session(&self, identity: &Identity) -> Session<'_> {
        Session::new(self, identity)
    }

    /// The authorizers whose rules are not in the estate, so that more may be allowed (or denied)
    /// than the bindings say.
    pub fn undecided_by(&self) -> Vec<MissingFact> {
        chain::unknown_authorizers(self.cluster)
    }

    /// The bindings that name the identity, each once with the first subject that matches
    /// (`appliesTo` in `pkg/registry/rbac/validation/rule.go`), in the order of the index.
    pub(super) fn entries_of(&self, identity: &Identity) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self
            .users
            .get(identity.user.as_str())
            .into_iter()
            .chain(
                identity
                    .groups
                    .iter()
                    .filter_map(|group| self.groups.get(group.as_str())),
            )
            .flatten()
            .copied()
            .collect();
        entries.sort_unstable();
        entries.dedup_by_key(|entry| entry.binding);
        entries
    }

    /// The number of a namespace that holds RoleBindings.
    pub(super) fn namespace_number(&self, namespace: &str) -> Option<u32> {
        Some(self.namespaces.get(namespace)? + 1)
    }

    pub(super) fn is_masters(identity: &Identity) -> bool {
        identity
            .groups
            .iter()
            .any(|group| group == "system:masters")
    }
}

/// The user name that a service account subject stands for; `None` when it can match nobody.
fn service_account_user(
    binding: &RoleBinding,
    subject: &viewshed_model::Subject,
) -> Option<String> {
    let namespace = subject
        .namespace
        .as_deref()
        .filter(|namespace| !namespace.is_empty())
        .unwrap_or_else(|| binding.meta.namespace_or_empty());
    (!namespace.is_empty()).then(|| format!("system:serviceaccount:{namespace}:{}", subject.name))
}

fn resolve_bindings<'c>(
    cluster: &'c Cluster,
    compiled: &mut CompiledRoles<'c>,
    namespaces: &mut Numbers,
) -> Vec<IndexedBinding<'c>> {
    let roles: FxHashMap<(Option<&str>, &str), (&Role, u32)> = cluster
        .roles
        .iter()
        .map(|role| {
            let key = (role.meta.namespace.as_deref(), role.meta.name.as_str());
            (key, (role, compiled.add(role)))
        })
        .collect();
    let bindings: BTreeMap<(Option<&str>, &str), &RoleBinding> = cluster
        .bindings
        .iter()
        .filter(|binding| binding.meta.namespace.as_deref() != Some(""))
        .map(|binding| {
            let meta = &binding.meta;
            ((meta.namespace.as_deref(), meta.name.as_str()), binding)
        })
        .collect();
    bindings
        .into_iter()
        .map(|((namespace, _), binding)| {
            let name = binding.role.name.as_str();
            let role = match binding.role.kind.as_str() {
                // A Role is looked up in the binding's namespace; a ClusterRoleBinding has none.
                "Role" if namespace.is_some() => roles.get(&(namespace, name)),
                "ClusterRole" => roles.get(&(None, name)),
                _ => None,
            };
            IndexedBinding {
                binding,
                role: role.map(|found| found.0),
                role_number: role.map(|found| found.1),
                namespace: namespace.map_or(0, |name| namespaces.add(name) + 1),
            }
        })
        .collect()
}
