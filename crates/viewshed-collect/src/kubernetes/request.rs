//! Everything that may leave towards an API server. Closed: nothing here can write, and no shape of
//! request can bring the value of a Secret.
//!
//! The answers of a few requests must not be kept; what sends them drops the bodies unread.
//! The only POSTs are the reviews of `authorization.k8s.io/v1` and `authentication.k8s.io/v1`, which
//! the server answers and does not store.

use http::Method;

mod guess;
mod list;
mod path;
mod review;
mod watch;

pub use guess::Guess;
pub use list::{List, READ_IN_FULL, Scope};
pub(crate) use path::NetworkPlugin;
pub use path::Path;
pub use review::Review;
pub use watch::Watch;

use path::is_plain;

/// One request that the client can send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A document of the server itself.
    Document(Document),
    /// One page of a list.
    List(List),
    /// A watch that the server ends by itself.
    Watch(Watch),
    /// The metadata of one object by a name that may not exist; of a Secret its row in a table.
    Guess(Guess),
    /// A question about access; stored nowhere.
    Review(Review),
}

/// Documents outside the object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// `/api`: aggregated discovery of the core group where offered, else its versions.
    CoreDiscovery,
    /// `/apis`: aggregated discovery of all other groups where offered, else the groups.
    GroupDiscovery,
    /// The resources of one group and version, for servers without aggregated discovery.
    Resources(GroupVersion),
    /// The settings of a kubelet, through the server's node proxy (`configz`).
    KubeletSettings(NodeName),
    /// The pods of a kubelet, through the server's node proxy. Its answer is decoded as lists of pods are, so that no
    /// value of an environment variable is kept.
    KubeletPods(NodeName),
    /// At most one byte of a pod's log. Only for requests whose answer is not kept.
    LogByte(PodName),
    /// A path outside the resource API, such as `/version`.
    Path(Path),
}

/// A group and version whose names fit into a path unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupVersion {
    group: String,
    version: String,
}

impl GroupVersion {
    /// `None` for names that Kubernetes does not allow: they come from the server and could lead
    /// to another path.
    pub fn new(group: &str, version: &str) -> Option<Self> {
        ((group.is_empty() || is_plain(group)) && is_plain(version)).then(|| Self {
            group: group.to_owned(),
            version: version.to_owned(),
        })
    }

    fn path(&self) -> String {
        if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        }
    }
}

/// A node's name that fits into a path unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName(String);

impl NodeName {
    /// `None` for names that Kubernetes does not allow.
    pub fn new(name: &str) -> Option<Self> {
        is_plain(name).then(|| Self(name.to_owned()))
    }
}

/// A pod's namespace and name that fit into a path unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodName {
    namespace: String,
    name: String,
}

impl PodName {
    /// `None` for names that Kubernetes does not allow.
    pub fn new(namespace: &str, name: &str) -> Option<Self> {
        (is_plain(namespace) && is_plain(name)).then(|| Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

// Newest first; the last entry is what every server has.
const DISCOVERY_FORMS: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

impl Request {
    /// GET, or POST for the reviews.
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Document(_) | Self::List(_) | Self::Watch(_) | Self::Guess(_) => Method::GET,
            Self::Review(_) => Method::POST,
        }
    }

    /// Path and query.
    pub(crate) fn path_and_query(&self) -> String {
        match self {
            Self::Document(document) => document.path_and_query(),
            Self::List(list) => list.path_and_query(),
            Self::Watch(watch) => watch.path_and_query(),
            Self::Guess(guess) => guess.path_and_query(),
            Self::Review(review) => review.path().to_owned(),
        }
    }

    /// The `Accept` header.
    pub(crate) fn accept(&self) -> &'static str {
        match self {
            Self::Document(Document::CoreDiscovery | Document::GroupDiscovery) => DISCOVERY_FORMS,
            Self::Document(Document::Path(_)) => "application/json, */*",
            Self::Document(
                Document::Resources(_) | Document::KubeletSettings(_) | Document::KubeletPods(_),
            ) => "application/json",
            Self::Document(Document::LogByte(_)) => "text/plain",
            Self::List(list) => list.accept(),
            Self::Watch(watch) => watch.accept(),
            Self::Guess(guess) => guess.accept(),
            Self::Review(_) => "application/json",
        }
    }

    /// The JSON body; `None` for GET.
    pub(crate) fn body(&self) -> Option<String> {
        match self {
            Self::Document(_) | Self::List(_) | Self::Watch(_) | Self::Guess(_) => None,
            Self::Review(review) => Some(review.body()),
        }
    }
}

impl Document {
    fn path_and_query(&self) -> String {
        match self {
            Self::CoreDiscovery => "/api".to_owned(),
            Self::GroupDiscovery => "/apis".to_owned(),
            Self::Resources(group_version) => group_version.path(),
            Self::KubeletSettings(NodeName(node)) => {
                format!("/api/v1/nodes/{node}/proxy/configz")
            }
            Self::KubeletPods(NodeName(node)) => format!("/api/v1/nodes/{node}/proxy/pods"),
            Self::LogByte(PodName { namespace, name }) => {
                format!("/api/v1/namespaces/{namespace}/pods/{name}/log?limitBytes=1&tailLines=1")
            }
            Self::Path(path) => path.path_and_query().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
