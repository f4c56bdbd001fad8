//! One page of a list, and how much of each object it brings.

use viewshed_model::ApiResource;

use super::GroupVersion;
use super::path::{encode, is_plain};

/// One page of a list. How much of each object crosses the wire follows from the kind alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    group_version: GroupVersion,
    resource: String,
    scope: Scope,
    form: Form,
    limit: u32,
    continue_token: Option<String>,
}

/// Where to list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Cluster-scoped objects, or those of all namespaces.
    Everywhere,
    /// One namespace.
    Namespace(String),
}

/// How much of each object crosses the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Whole objects: only the kinds of [`READ_IN_FULL`].
    Full,
    /// `PartialObjectMetadataList`: names, labels, annotations, managed fields.
    Metadata,
    /// A `Table` without its objects: name, type and number of keys. `kubectl apply` keeps a whole
    /// Secret, values included, in an annotation, so even the metadata of a Secret would bring values.
    Names,
}

/// Group and resource of the kinds that are read as whole objects, because the model holds more of
/// them than names; sorted. Every other kind, and so every kind that a later server adds, is read as
/// metadata. Secrets and config maps must never stand here.
pub const READ_IN_FULL: [(&str, &str); 61] = [
    ("", "namespaces"),
    ("", "nodes"),
    ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"),
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("", "serviceaccounts"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("apps.openshift.io", "deploymentconfigs"),
    ("argoproj.io", "rollouts"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("cilium.io", "ciliumcidrgroups"),
    ("cilium.io", "ciliumclusterwidenetworkpolicies"),
    ("cilium.io", "ciliumnetworkpolicies"),
    ("crd.antrea.io", "clustergroups"),
    ("crd.antrea.io", "clusternetworkpolicies"),
    ("crd.antrea.io", "groups"),
    ("crd.antrea.io", "networkpolicies"),
    ("crd.antrea.io", "tiers"),
    ("crd.projectcalico.org", "felixconfigurations"),
    ("crd.projectcalico.org", "globalnetworkpolicies"),
    ("crd.projectcalico.org", "globalnetworksets"),
    ("crd.projectcalico.org", "hostendpoints"),
    ("crd.projectcalico.org", "ippools"),
    ("crd.projectcalico.org", "networkpolicies"),
    ("crd.projectcalico.org", "networksets"),
    ("crd.projectcalico.org", "tiers"),
    ("discovery.k8s.io", "endpointslices"),
    ("gateway.networking.k8s.io", "gateways"),
    ("gateway.networking.k8s.io", "grpcroutes"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("gateway.networking.k8s.io", "referencegrants"),
    ("gateway.networking.k8s.io", "tcproutes"),
    ("gateway.networking.k8s.io", "tlsroutes"),
    ("gateway.networking.k8s.io", "udproutes"),
    ("networking.k8s.io", "ingressclasses"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy.networking.k8s.io", "adminnetworkpolicies"),
    ("policy.networking.k8s.io", "baselineadminnetworkpolicies"),
    ("policy.networking.k8s.io", "clusternetworkpolicies"),
    ("projectcalico.org", "felixconfigurations"),
    ("projectcalico.org", "globalnetworkpolicies"),
    ("projectcalico.org", "globalnetworksets"),
    ("projectcalico.org", "hostendpoints"),
    ("projectcalico.org", "ippools"),
    ("projectcalico.org", "networkpolicies"),
    ("projectcalico.org", "networksets"),
    ("projectcalico.org", "profiles"),
    ("projectcalico.org", "tiers"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
    ("serving.knative.dev", "services"),
    ("storage.k8s.io", "volumeattachments"),
];

impl List {
    /// The first page of at most `limit` objects (at least 1). `None` when the server's discovery or
    /// a namespace holds names that Kubernetes does not allow: they could lead to another path.
    pub fn new(api: &ApiResource, scope: Scope, limit: u32) -> Option<Self> {
        let namespace_is_plain = match &scope {
            Scope::Everywhere => true,
            Scope::Namespace(namespace) => is_plain(namespace),
        };
        (is_plain(&api.resource) && namespace_is_plain).then_some(())?;
        Some(Self {
            group_version: GroupVersion::new(&api.group, &api.version)?,
            resource: api.resource.clone(),
            scope,
            form: form_of(&api.group, &api.resource),
            limit: limit.max(1),
            continue_token: None,
        })
    }

    /// The page after `token`.
    #[must_use]
    pub fn continued(&self, token: &str, limit: u32) -> Self {
        Self {
            limit: limit.max(1),
            continue_token: (!token.is_empty()).then(|| token.to_owned()),
            ..self.clone()
        }
    }

    /// The same list as names and labels only.
    #[must_use]
    pub fn without_bodies(mut self) -> Self {
        self.form = match self.form {
            Form::Full | Form::Metadata => Form::Metadata,
            Form::Names => Form::Names,
        };
        self
    }

    /// The same list as table rows without their objects, as `kubectl get` shows them.
    #[must_use]
    pub fn as_names(self) -> Self {
        Self {
            form: Form::Names,
            ..self
        }
    }

    /// The path without a query.
    pub(super) fn path(&self) -> String {
        let base = self.group_version.path();
        let resource = &self.resource;
        match &self.scope {
            Scope::Everywhere => format!("{base}/{resource}"),
            Scope::Namespace(namespace) => format!("{base}/namespaces/{namespace}/{resource}"),
        }
    }

    /// Whether even the metadata of such an object may hold a secret value.
    pub(super) fn is_of_secrets(&self) -> bool {
        self.resource == "secrets"
    }

    /// Whether only the metadata of each object crosses the wire.
    pub(super) fn is_of_metadata(&self) -> bool {
        self.form == Form::Metadata
    }

    pub(crate) fn path_and_query(&self) -> String {
        let mut path = format!("{}?limit={}", self.path(), self.limit);
        if self.form == Form::Names {
            path.push_str("&includeObject=None");
        }
        if let Some(token) = &self.continue_token {
            path.push_str("&continue=");
            path.push_str(&encode(token));
        }
        path
    }

    // No alternative after a comma: a server that lacks the form must refuse (406), not send all.
    pub(crate) fn accept(&self) -> &'static str {
        match self.form {
            Form::Full => "application/json",
            Form::Metadata => "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            Form::Names => "application/json;as=Table;g=meta.k8s.io;v=v1",
        }
    }
}

fn form_of(group: &str, resource: &str) -> Form {
    if resource == "secrets" {
        Form::Names
    } else if READ_IN_FULL.binary_search(&(group, resource)).is_ok() {
        Form::Full
    } else {
        Form::Metadata
    }
}
