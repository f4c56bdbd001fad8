//! What the place where the program runs tells of itself: the pod of its tokens, and its environment.

use viewshed_model::{
    Cluster, ConfigKind, ConfigNames, Container, EnvName, Meta, MissingFact, Pod, PodSpec, Service,
    Surroundings,
};

use super::board::{Board, Place, link};
use super::ways::Ways;

/// Objects that the surroundings name.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Namespace of the pod; empty when nothing tells it.
    namespace: String,
    /// What tells the namespace, in plain words.
    namespace_from: String,
    /// Name of the pod; empty outside of pods, and when nothing tells it.
    pod: String,
    pod_from: String,
    /// The name is the host name, which `spec.hostname` may give.
    is_guess: bool,
    /// The container in the pod.
    container: String,
    node: String,
    node_from: String,
    /// Namespace and name of services in the environment.
    services: Vec<(String, String)>,
    /// Whether a kubelet made the place.
    pub(super) is_pod: bool,
    /// The authorities' config map, mounted beside a token.
    has_authorities: bool,
}

/// Where admission mounts a pod's token, its namespace and the API server's authorities
/// (`plugin/pkg/admission/serviceaccount/admission.go`); `/var/run` may be a link to `/run`.
const TOKEN_PLACE: &str = "/run/secrets/kubernetes.io/serviceaccount/token";
/// The config map that the authorities come from (`RootCAConfigMapName` of the same file).
pub(super) const AUTHORITIES: &str = "kube-root-ca.crt";
const SERVICE_HOST: &str = "_SERVICE_HOST";
/// In the environment of every container that a kubelet starts.
const SERVER_HOST: &str = "KUBERNETES_SERVICE_HOST";
/// Bytes of a host name; longer pod names are cut there (`truncatePodHostnameIfNeeded` in
/// `pkg/kubelet/kubelet_pods.go`), so one of this length may be a part.
pub(super) const HOST_NAME_LENGTH_MAX: usize = 63;
/// Where the kubelet keeps the volumes of all its pods, and single files of them: tokens there are other pods'.
const OTHERS_TOKENS: [&str; 2] = ["/volumes/kubernetes.io~", "/volume-subpaths/"];

impl Own {
    /// Namespaces come from tokens, else from what the kubelet gave the pod, else from the only pod of this
    /// host name that a list showed.
    pub(super) fn of(surroundings: &Surroundings, cluster: &Cluster) -> Self {
        let mut own = Self::of_tokens(surroundings);
        let names = &surroundings.own;
        let has_server = |variable: &EnvName| variable.name == SERVER_HOST;
        own.is_pod = !own.namespace.is_empty()
            || !names.container.is_empty()
            || surroundings.variables.iter().any(has_server);
        if !own.is_pod {
            return own;
        }
        if own.namespace.is_empty() {
            own.namespace.clone_from(&names.namespace);
            own.namespace_from.clone_from(&names.namespace_from);
        }
        let is_own_name = names.host_name.len() < HOST_NAME_LENGTH_MAX;
        if surroundings.host.network {
            if own.node.is_empty() {
                own.node.clone_from(&names.host_name);
                "the host name is the node's, whose network is shared"
                    .clone_into(&mut own.node_from);
            }
        } else if own.pod.is_empty() && is_own_name {
            own.pod.clone_from(&names.host_name);
            own.is_guess = true;
        }
        if own.namespace.is_empty() && !own.pod.is_empty() {
            let mut listed = cluster.pods.iter().filter(|pod| pod.meta.name == own.pod);
            if let (Some(pod), None) = (listed.next(), listed.next()) {
                pod.meta.namespace_or_empty().clone_into(&mut own.namespace);
                "the only pod of this host name is listed".clone_into(&mut own.namespace_from);
            }
        }
        own.container.clone_from(&names.container);
        own.read_services(surroundings);
        own
    }

    fn of_tokens(surroundings: &Surroundings) -> Self {
        let mut own = Self::default();
        // Tokens of other pods may be mounted too; the one on the usual place is its own.
        let tokens = surroundings.tokens.iter();
        let mut tokens: Vec<_> = tokens
            .filter(|token| {
                let mut others = OTHERS_TOKENS.iter();
                !others.any(|place| token.path.contains(place))
            })
            .collect();
        tokens.sort_by_key(|token| !token.path.ends_with(TOKEN_PLACE));
        let told = "the mounted token names its pod";
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
                told.clone_into(&mut own.namespace_from);
            }
            if own.pod.is_empty() && !token.pod.is_empty() {
                own.pod.clone_from(&token.pod);
                own.node.clone_from(&token.node);
                told.clone_into(&mut own.pod_from);
                told.clone_into(&mut own.node_from);
            }
        }
        own
    }

    fn read_services(&mut self, surroundings: &Surroundings) {
        for variable in &surroundings.variables {
            // A service's name has no underscore and no capital, so the way back is certain
            // (`makeEnvVariableName` in `pkg/kubelet/envvars/envvars.go`).
            let Some(name) = variable.name.strip_suffix(SERVICE_HOST) else {
                continue;
            };
            let name = name.to_lowercase().replace('_', "-");
            let namespace = if name == "kubernetes" {
                "default".to_owned()
            } else {
                self.namespace.clone()
            };
            self.services.push((namespace, name));
        }
    }

    /// Adds what no list showed, so that it can be marked. What is in an unknown namespace has none.
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
        if !self.node.is_empty() {
            super::here::add_node(cluster, &self.node);
        }
        self.add_pod(cluster);
        if self.namespace.is_empty() {
            return;
        }
        super::here::add_namespace(cluster, &self.namespace);
        let meta = named(Some(&self.namespace), AUTHORITIES);
        let is_known =
            |known: &ConfigNames| known.kind == ConfigKind::ConfigMap && same(&known.meta, &meta);
        if self.has_authorities && !cluster.configs.iter().any(is_known) {
            cluster.configs.push(ConfigNames {
                kind: ConfigKind::ConfigMap,
                meta,
                secret_type: String::new(),
                token_of: String::new(),
                keys: Vec::new(),
            });
        }
    }

    fn add_pod(&self, cluster: &mut Cluster) {
        let meta = named(Some(&self.namespace), &self.pod);
        if self.pod.is_empty() || cluster.pods.iter().any(|known| same(&known.meta, &meta)) {
            return;
        }
        let container = Container {
            name: self.container.clone(),
            ..Container::default()
        };
        cluster.pods.push(Pod {
            meta,
            node: self.node.clone(),
            spec: PodSpec {
                containers: Vec::from_iter((!self.container.is_empty()).then_some(container)),
                ..PodSpec::default()
            },
            ..Pod::default()
        });
    }

    pub(super) fn mark(&self, board: &mut Board<'_, '_>) {
        let namespace = self.namespace.as_str();
        if !self.services.is_empty() {
            let chain = board.chain(vec![link(
                "the kubelet writes services into the environment".to_owned(),
            )]);
            for (namespace, name) in &self.services {
                let object = (namespace.as_str(), name.as_str());
                board.mark_object(("", "services"), object, Ways::ENVIRONMENT, chain);
            }
        }
        let of_pod = if self.is_guess {
            board.depends_on.insert(host_name_fact());
            Ways::UNCERTAIN
        } else {
            Ways::OWN
        };
        let told = [
            (
                "namespaces",
                ("", namespace),
                &self.namespace_from,
                Ways::OWN,
            ),
            ("pods", (namespace, &self.pod), &self.pod_from, of_pod),
            ("nodes", ("", &self.node), &self.node_from, Ways::OWN),
        ];
        for (resource, object, from, ways) in told {
            let chain = board.chain(vec![link(from.clone())]);
            board.mark_object(("", resource), object, ways, chain);
        }
        self.mark_container(board);
        if self.has_authorities {
            let chain = board.chain(vec![link(
                "the API server's authorities are mounted beside the token".to_owned(),
            )]);
            let object = (namespace, AUTHORITIES);
            board.mark_object(("", "configmaps"), object, Ways::MOUNTED, chain);
        }
    }

    fn mark_container(&self, board: &mut Board<'_, '_>) {
        let index = board.index;
        let pods = index.inventory.kind("", "pods");
        let pod = pods.and_then(|kind| index.inventory.find(kind, &self.namespace, &self.pod));
        let range = pod.and_then(|at| index.pods.containers_of_pod.get(at).cloned());
        let own = range.unwrap_or_default().filter(|at| {
            let container = index.pods.containers.get(*at);
            container.is_some_and(|container| container.name == self.container)
        });
        let text = "the mount of its termination message names the container";
        let chain = board.chain(vec![link(text)]);
        let ways = if self.is_guess {
            Ways::UNCERTAIN
        } else {
            Ways::OWN
        };
        board.mark(Place::Containers, own, ways, chain);
    }
}

/// What a pod cannot tell of itself where no token does.
pub(super) fn host_name_fact() -> MissingFact {
    MissingFact {
        fact: "whether the host name is the name of the pod: it is, unless `spec.hostname` gives another, and nothing \
               inside tells which"
            .to_owned(),
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
