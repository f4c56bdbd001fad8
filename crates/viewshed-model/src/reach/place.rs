//! Places that a connection starts from or goes to, and how a user writes them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place in the network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Place {
    /// A pod, or every pod of the workload of that name: `shop/web`.
    Pod {
        /// Namespace.
        namespace: String,
        /// Name of the pod or workload.
        name: String,
    },
    /// A node, and every pod that shares its network: `node:worker-1`.
    Node {
        /// Name.
        name: String,
    },
    /// A service, by its cluster address: `service:shop/web`.
    Service {
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// An address: whatever of the estate has it, else something outside.
    Address(IpAddr),
    /// A place that matters, by its name: `apiserver`.
    Target(Target),
    /// A container of a Docker host: `container:web`, or `container:HOST/web` when several hosts have one.
    Container {
        /// Host as named in the estate; empty when the user named none.
        host: String,
        /// Name or id.
        name: String,
    },
    /// A Docker host itself: `host:NAME`.
    Host {
        /// As named in the estate.
        name: String,
    },
}

/// Places that matter to discovery, wherever they are in an estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The API server, at its service address and its endpoints.
    Apiserver,
    /// The kubelets of all nodes.
    Kubelet,
    /// etcd.
    Etcd,
    /// The scheduler's own port.
    Scheduler,
    /// The controller manager's own port.
    ControllerManager,
    /// kube-proxy's health and metrics ports.
    KubeProxy,
    /// The address at which a cloud tells a machine about itself.
    Metadata,
    /// Docker's and other runtimes' APIs over TCP.
    Docker,
    /// Dashboards.
    Dashboard,
    /// Ports that programs publish metrics on.
    Metrics,
    /// Public addresses outside the estate.
    World,
}

impl Target {
    /// Every target, in a fixed order.
    pub const ALL: [Self; 11] = [
        Self::Apiserver,
        Self::Kubelet,
        Self::Etcd,
        Self::Scheduler,
        Self::ControllerManager,
        Self::KubeProxy,
        Self::Metadata,
        Self::Docker,
        Self::Dashboard,
        Self::Metrics,
        Self::World,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apiserver => "apiserver",
            Self::Kubelet => "kubelet",
            Self::Etcd => "etcd",
            Self::Scheduler => "scheduler",
            Self::ControllerManager => "controller-manager",
            Self::KubeProxy => "kube-proxy",
            Self::Metadata => "metadata",
            Self::Docker => "docker",
            Self::Dashboard => "dashboard",
            Self::Metrics => "metrics",
            Self::World => "world",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let other_words = [
            ("kube-apiserver", Self::Apiserver),
            ("api-server", Self::Apiserver),
            ("kubernetes", Self::Apiserver),
            ("kubelets", Self::Kubelet),
            ("kube-scheduler", Self::Scheduler),
            ("kube-controller-manager", Self::ControllerManager),
            ("imds", Self::Metadata),
            ("dashboards", Self::Dashboard),
            ("internet", Self::World),
        ];
        let named = Self::ALL.into_iter().map(|target| (target.name(), target));
        named
            .chain(other_words)
            .find(|(word, _)| word.eq_ignore_ascii_case(text))
            .map(|(_, target)| target)
    }
}

/// Why a text names no place or protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceError {
    /// It fits no form.
    Form(String),
    /// It is no protocol.
    Protocol(String),
}

impl fmt::Display for PlaceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(text) => write!(
                formatter,
                "`{text}` is no place: write `namespace/pod`, `node:NAME`, `service:NAMESPACE/NAME`, \
                 `container:NAME`, an address, or one of {}",
                Target::ALL.map(Target::name).join(", ")
            ),
            Self::Protocol(text) => {
                write!(
                    formatter,
                    "`{text}` is no protocol: write TCP, UDP, SCTP or ICMP"
                )
            }
        }
    }
}

impl std::error::Error for PlaceError {}

impl FromStr for Place {
    type Err = PlaceError;

    /// `namespace/name` is a pod or workload; a bare word is a target, else a node.
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let wrong = || PlaceError::Form(text.to_owned());
        let text = text.trim();
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            // An IPv4 address in IPv6 notation is connected to as the former (RFC 4038, section 4.2).
            return Ok(Self::Address(address.to_canonical()));
        }
        let pair = |text: &str| match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && is_name(name) => {
                Some((namespace.to_owned(), name.to_owned()))
            }
            _ => None,
        };
        match text.split_once(':') {
            Some(("pod" | "workload", rest)) => pair(rest)
                .map(|(namespace, name)| Self::Pod { namespace, name })
                .ok_or_else(wrong),
            Some(("service", rest)) => pair(rest)
                .map(|(namespace, name)| Self::Service { namespace, name })
                .ok_or_else(wrong),
            Some(("node", name)) if is_name(name) => Ok(Self::Node {
                name: name.to_owned(),
            }),
            Some(("host", name)) if !name.is_empty() => Ok(Self::Host {
                name: name.to_owned(),
            }),
            Some(("container", rest)) if !rest.is_empty() => {
                // Hosts are named by context, address or file: a name may hold slashes itself.
                let (host, name) = rest.rsplit_once('/').unwrap_or(("", rest));
                Ok(Self::Container {
                    host: host.to_owned(),
                    name: name.to_owned(),
                })
            }
            Some(_) => Err(wrong()),
            None => match (Target::parse(text), pair(text)) {
                (Some(target), _) => Ok(Self::Target(target)),
                (None, Some((namespace, name))) => Ok(Self::Pod { namespace, name }),
                (None, None) if is_name(text) => Ok(Self::Node {
                    name: text.to_owned(),
                }),
                (None, None) => Err(wrong()),
            },
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', ' '])
}

impl fmt::Display for Place {
    /// The form that [`FromStr`] reads back.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pod { namespace, name } => write!(formatter, "{namespace}/{name}"),
            Self::Node { name } => write!(formatter, "node:{name}"),
            Self::Service { namespace, name } => write!(formatter, "service:{namespace}/{name}"),
            Self::Address(address) => write!(formatter, "{address}"),
            Self::Target(target) => formatter.write_str(target.name()),
            Self::Container { host, name } if host.is_empty() => {
                write!(formatter, "container:{name}")
            }
            Self::Container { host, name } => write!(formatter, "container:{host}/{name}"),
            Self::Host { name } => write!(formatter, "host:{name}"),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        text.parse()
    }
}
