//! What can be seen from one place: the answer of `viewshed see`.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::{Evidence, Gap, Identity, MissingFact, OwnAnswer, Pivot, ReachAnswer, Surroundings};

/// The place that the intruder stands at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Vantage {
    /// Network access to the API server, no credential.
    Anonymous,
    /// A credential of this identity.
    Identity {
        /// Who.
        identity: Identity,
    },
    /// Inside a pod.
    Pod {
        /// Namespace.
        namespace: String,
        /// Pod name.
        name: String,
    },
    /// On a node, as root.
    Node {
        /// Node name.
        name: String,
    },
    /// Inside a container of a Docker host.
    Container {
        /// Host, as named in the estate.
        host: String,
        /// Container name or id.
        name: String,
    },
    /// With the API of a Docker host.
    DockerApi {
        /// Host, as named in the estate.
        host: String,
    },
    /// With network access to a kubelet, no credential.
    Kubelet {
        /// Node name or address.
        address: String,
    },
    /// Where the program runs.
    Here,
}

/// What a vantage can discover. Names are borrowed from the estate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View<'a> {
    /// From where.
    pub vantage: Vantage,
    /// Cluster or host that the view is of.
    pub estate: String,
    /// The identities that the vantage holds, each with how it came by it.
    pub identities: Vec<HeldIdentity>,
    /// The ways to see; `SeenItem::chain` points in here.
    pub chains: Vec<Chain>,
    /// One entry per category, always in the order of [`Category::ALL`].
    pub categories: Vec<CategoryView<'a>>,
    /// What the vantage holds of objects whose names nothing there tells: "container main of pod shop/cart has
    /// keys of Secret shop/db in its environment". Such objects are not counted as seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unnamed: Vec<String>,
    /// Whom the identities may impersonate, each with how to look on: a view is that of the vantage's own
    /// names, and what another name shows is not part of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_act_as: Vec<String>,
    /// Facts that would change the answer.
    pub depends_on: Vec<MissingFact>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// Which of the places that matter the vantage reaches over the network; only from pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<ReachAnswer>,
    /// What the vantage may become, the most powerful first; not from Docker hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pivots: Vec<Pivot>,
    /// What the program found around itself; only from [`Vantage::Here`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<Box<Here>>,
}

/// What is around the program where it runs, and what the API server answered it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Here {
    /// Found without asking anybody.
    pub surroundings: Surroundings,
    /// What the API server answered, credential by credential.
    pub credentials: Vec<AnsweredCredential>,
}

/// Every question that was put to the API server with one credential, with its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnsweredCredential {
    /// Path of the token; empty for requests without a credential.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential: String,
    /// Who the server takes it for.
    pub identity: Identity,
    /// The questions and answers, in the order in which they were asked.
    pub answers: Vec<OwnAnswer>,
}

/// An identity that a vantage can act as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldIdentity {
    /// Who.
    pub identity: Identity,
    /// How, in plain words: "token mounted at /var/run/secrets/...".
    pub how: String,
    /// Whether the API server accepts the credential; it refuses a token that is for somebody else.
    pub is_accepted: bool,
}

/// A chain of steps that opens a view; the last link shows the objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The steps in order.
    pub links: Vec<Link>,
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// In plain words: "ClusterRoleBinding `ops` grants ClusterRole `view` to group `devs`".
    pub text: String,
    /// The machine-readable reason, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// The kinds of things that T1613 names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Containers.
    Containers,
    /// Images.
    Images,
    /// Deployments and every other workload kind.
    Workloads,
    /// Pods.
    Pods,
    /// Nodes.
    Nodes,
    /// Services, endpoints, ingresses, gateways; Docker networks.
    Services,
    /// Namespaces.
    Namespaces,
    /// Health, version, component and daemon state, events.
    ClusterStatus,
    /// Names of config maps and secrets; Docker volumes.
    ConfigurationNames,
    /// Container logs.
    Logs,
    /// Roles, bindings, service accounts, network policies.
    AccessRules,
    /// Everything else.
    Other,
}

impl Category {
    /// Every category in the order in which reports list them.
    pub const ALL: [Self; 12] = [
        Self::Containers,
        Self::Images,
        Self::Workloads,
        Self::Pods,
        Self::Nodes,
        Self::Services,
        Self::Namespaces,
        Self::ClusterStatus,
        Self::ConfigurationNames,
        Self::Logs,
        Self::AccessRules,
        Self::Other,
    ];

    /// The words for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Images => "images",
            Self::Workloads => "workloads",
            Self::Pods => "pods",
            Self::Nodes => "nodes",
            Self::Services => "services",
            Self::Namespaces => "namespaces",
            Self::ClusterStatus => "cluster status",
            Self::ConfigurationNames => "configuration names",
            Self::Logs => "logs",
            Self::AccessRules => "access rules",
            Self::Other => "other objects",
        }
    }
}

/// What is seen and what stays hidden in one category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryView<'a> {
    /// Which.
    pub category: Category,
    /// What is seen, sorted by kind, namespace, name.
    pub seen: Vec<SeenItem<'a>>,
    /// How many objects of the estate stay hidden.
    pub hidden_count: u64,
    /// How many objects depend on missing facts.
    pub uncertain_count: u64,
}

/// One thing that can be discovered. A view of a large cluster holds hundreds of thousands, so names are
/// borrowed and words that repeat are shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenItem<'a> {
    /// Kind, for example `Pod`, or `pods/log` for logs.
    pub kind: Cow<'a, str>,
    /// Namespace; empty when there is none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub namespace: Cow<'a, str>,
    /// Name.
    pub name: Cow<'a, str>,
    /// How it shows.
    pub verbs: SeenBy,
    /// Index into [`View::chains`].
    pub chain: usize,
}

/// How a thing shows: `list`, `watch`, `get`, or the Docker call. Things that show alike share the words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Cow<'static, str>>")]
pub struct SeenBy(Arc<[Cow<'static, str>]>);

impl From<Vec<Cow<'static, str>>> for SeenBy {
    fn from(words: Vec<Cow<'static, str>>) -> Self {
        Self(words.into())
    }
}

impl Deref for SeenBy {
    type Target = [Cow<'static, str>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Serialize for SeenBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl View<'_> {
    /// The same with names of its own, for an estate that does not live as long.
    pub fn into_owned(self) -> View<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let item = |item: SeenItem<'_>| SeenItem {
            kind: own(item.kind),
            namespace: own(item.namespace),
            name: own(item.name),
            verbs: item.verbs,
            chain: item.chain,
        };
        let categories = self.categories.into_iter().map(|view| CategoryView {
            category: view.category,
            seen: view.seen.into_iter().map(item).collect(),
            hidden_count: view.hidden_count,
            uncertain_count: view.uncertain_count,
        });
        View {
            categories: categories.collect(),
            vantage: self.vantage,
            estate: self.estate,
            identities: self.identities,
            chains: self.chains,
            unnamed: self.unnamed,
            may_act_as: self.may_act_as,
            depends_on: self.depends_on,
            gaps: self.gaps,
            paths: self.paths,
            pivots: self.pivots,
            here: self.here,
        }
    }
}

/// A difference between what was computed and what the live server answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewDifference {
    /// The question, for example ``list `pods` in `shop` ``.
    pub question: String,
    /// What Viewshed says.
    pub computed: String,
    /// What the server says.
    pub server: String,
}

/// What came of asking a live server the same questions (`viewshed see --verify`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verification {
    /// How many questions were put to the server.
    pub asked: u64,
    /// Every question on which the two answers differ.
    pub differences: Vec<ViewDifference>,
}
