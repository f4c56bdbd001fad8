//! What the place where the program runs tells of itself: the pod of its tokens, and its environment.

use viewshed_model::{Cluster, ConfigKind, ConfigNames, Meta, Pod, Service, Surroundings};

use super::board::{Board, link};
use super::ways::Ways;

/// Objects that the surroundings name.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Namespace of the pod; empty when no token tells it.
    namespace: String,
    pod: String,
    node: String,
    /// Namespace and name of services in the environment.
    services: Vec<(String, String)>,
    /// The authorities' config map, mounted beside a token.
    has_authorities: bool,
}

/// Where admission mounts a pod's token, its namespace and the API server's authorities
/// (`plugin/pkg/admission/serviceaccount/admission.go`); `/var/run` may be a link to `/run`.
const TOKEN_PLACE: &str = "/run/secrets/kubernetes.io/serviceaccount/token";
/// The config map that the authorities come from (`RootCAConfigMapName` of the same file).
pub(super) const AUTHORITIES: &str = "kube-root-ca.crt";
const SERVICE_HOST: &str = "_SERVICE_HOST";

impl Own {
    pub(super) fn of(surroundings: &Surroundings) -> Self {
        let mut own = Self::default();
        // Tokens of other pods may be mounted too; the one on the usual place is its own.
        let mut tokens: Vec<_> = surroundings.tokens.iter().collect();
        tokens.sort_by_key(|token| !token.path.ends_with(TOKEN_PLACE));
        for token in tokens {
            let account = token.subject.strip_prefix("system:serviceaccount:");
            let Some((namespace, _)) = account.and_then(|account| account.split_once(':')) else {
                continue;
            };
            if token.path.ends_with(TOKEN_PLACE) && !token.pod.is_empty() {
                own.has_authorities = true;
            }
            if own.namespace.is_empty() {
                namespace.clone_into(&mut own.namespace);
                own.pod.clone_from(&token.pod);
                own.node.clone_from(&token.node);
            }
        }
        for variable in &surroundings.variables {
            // A service's name has no underscore and no capital, so the way back is certain
            // (`makeEnvVariableName` in `pkg/kubelet/envvars/envvars.go`).
            let Some(name) = variable.name.strip_suffix(SERVICE_HOST) else {
                continue;
            };
            let name = name.to_lowercase().replace('_', "-");
            if name == "kubernetes" {
                own.services.push(("default".to_owned(), name));
            } else if !own.namespace.is_empty() {
                own.services.push((own.namespace.clone(), name));
            }
        }
        own
    }

    /// Adds what no list showed, so that it can be marked.
    pub(super) fn add_to(&self, cluster: &mut Cluster) {
        for (namespace, name) in &self.services {
            let meta = named(Some(namespace), name);
            if !cluster
                .services
                .iter()
                .any(|known| same(&known.meta, &meta))
            {
                cluster.services.push(Service {
                    meta,
                    ..Service::default()
                });
            }
        }
        if self.namespace.is_empty() {
            return;
        }
        super::here::add_namespace(cluster, &self.namespace);
        let meta = named(Some(&self.namespace), &self.pod);
        if !self.pod.is_empty() && !cluster.pods.iter().any(|known| same(&known.meta, &meta)) {
            cluster.pods.push(Pod {
                meta,
                node: self.node.clone(),
                ..Pod::default()
            });
        }
        if !self.node.is_empty() {
            super::here::add_node(cluster, &self.node);
        }
        let meta = named(Some(&self.namespace), AUTHORITIES);
        let is_known =
            |known: &ConfigNames| known.kind == ConfigKind::ConfigMap && same(&known.meta, &meta);
        if self.has_authorities && !cluster.configs.iter().any(is_known) {
            cluster.configs.push(ConfigNames {
                kind: ConfigKind::ConfigMap,
                meta,
                secret_type: String::new(),
                keys: Vec::new(),
            });
        }
    }

    pub(super) fn mark(&self, board: &mut Board<'_, '_>) {
        if !self.services.is_empty() {
            let chain = board.chain(vec![link(
                "the kubelet writes services into the environment".to_owned(),
            )]);
            for (namespace, name) in &self.services {
                let object = (namespace.as_str(), name.as_str());
                board.mark_object(("", "services"), object, Ways::ENVIRONMENT, chain);
            }
        }
        if self.namespace.is_empty() {
            return;
        }
        let namespace = self.namespace.as_str();
        let chain = board.chain(vec![link("the mounted token names its pod".to_owned())]);
        board.mark_object(("", "namespaces"), ("", namespace), Ways::OWN, chain);
        board.mark_object(("", "pods"), (namespace, &self.pod), Ways::OWN, chain);
        board.mark_object(("", "nodes"), ("", &self.node), Ways::OWN, chain);
        if self.has_authorities {
            let chain = board.chain(vec![link(
                "the API server's authorities are mounted beside the token".to_owned(),
            )]);
            let object = (namespace, AUTHORITIES);
            board.mark_object(("", "configmaps"), object, Ways::MOUNTED, chain);
        }
    }
}

/// The name of an object that other things tell.
pub(super) fn named(namespace: Option<&str>, name: &str) -> Meta {
    Meta {
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        ..Meta::default()
    }
}

fn same(one: &Meta, other: &Meta) -> bool {
    (one.namespace_or_empty(), &one.name) == (other.namespace_or_empty(), &other.name)
}
