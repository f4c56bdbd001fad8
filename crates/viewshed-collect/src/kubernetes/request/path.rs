//! Paths outside the resource API, and what may stand in a path.

/// A path that reads no object: not below `/api/VERSION` or `/apis/GROUP/VERSION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(String);

/// A network plugin that keeps its settings in a config map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkPlugin {
    /// Cilium.
    Cilium,
    /// Amazon's VPC CNI.
    AwsVpcCni,
}

impl NetworkPlugin {
    /// Each of them.
    pub(crate) const ALL: [Self; 2] = [Self::Cilium, Self::AwsVpcCni];

    /// The config map's name.
    pub(crate) const fn config_map(self) -> &'static str {
        match self {
            Self::Cilium => "cilium-config",
            Self::AwsVpcCni => "amazon-vpc-cni",
        }
    }

    /// The name of its DaemonSet.
    pub(crate) const fn daemon_set(self) -> &'static str {
        match self {
            Self::Cilium => "cilium",
            Self::AwsVpcCni => "aws-node",
        }
    }
}

impl Path {
    /// `/version`.
    pub fn version() -> Self {
        Self("/version".to_owned())
    }

    /// `/livez?verbose`: every check with its result.
    pub fn livez() -> Self {
        Self("/livez?verbose".to_owned())
    }

    /// `/readyz?verbose`: every check with its result.
    pub fn readyz() -> Self {
        Self("/readyz?verbose".to_owned())
    }

    /// The config map of a network plugin, whose settings decide on connections. They are asked for by name and hold
    /// no Secret (cilium/cilium `install/kubernetes/cilium/templates/cilium-configmap.yaml`;
    /// aws/amazon-vpc-cni-k8s `charts/aws-vpc-cni/templates/configmap.yaml`).
    pub(crate) fn network_settings(plugin: NetworkPlugin) -> Self {
        let name = plugin.config_map();
        Self(format!("/api/v1/namespaces/kube-system/configmaps/{name}"))
    }

    /// The public description of the cluster that `kubeadm join` reads without a credential: an object that is asked
    /// for by name, public by design and without a Secret.
    pub fn cluster_info() -> Self {
        Self("/api/v1/namespaces/kube-public/configmaps/cluster-info".to_owned())
    }

    /// The list of namespaces. Only for requests without a credential: their bodies are not read.
    pub(crate) fn namespaces() -> Self {
        Self("/api/v1/namespaces".to_owned())
    }

    /// A path that the caller names, without query. `None` when it could reach an object or when a
    /// server could read it in another way: `//`, `.`, `..`, escapes, `?` and `#` are refused, and
    /// so is everything deeper than discovery.
    pub fn new(path: &str) -> Option<Self> {
        let rest = path.strip_prefix('/')?;
        let mut segments: Vec<&str> = rest.split('/').collect();
        // A closing slash is part of some paths (`/debug/pprof/`) and harmless.
        if segments.last() == Some(&"") {
            segments.pop();
        }
        let is_clean = segments.iter().all(|segment| {
            !segment.is_empty()
                && *segment != "."
                && *segment != ".."
                && segment.bytes().all(is_clean_byte)
        });
        let deepest = match segments.first() {
            Some(&"api") => 2,
            Some(&"apis") => 3,
            _ => PATH_SEGMENTS_MAX,
        };
        (is_clean && segments.len() <= deepest).then(|| Self(path.to_owned()))
    }

    pub(crate) fn path_and_query(&self) -> &str {
        &self.0
    }
}

// Far deeper than any path that a server has.
const PATH_SEGMENTS_MAX: usize = 32;

fn is_clean_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':')
}

// DNS-1123 subdomain (apimachinery `pkg/util/validation`), which names of groups, resources,
// namespaces and nodes all obey.
const NAME_BYTES_MAX: usize = 253;

/// Whether a name is what Kubernetes allows for groups, versions, resources, namespaces and nodes.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
        })
}

/// Percent-encodes a query value: only unreserved characters (RFC 3986) stay.
pub(crate) fn encode(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            for half in [byte >> 4, byte & 0xf] {
                text.extend(char::from_digit(u32::from(half), 16));
            }
        }
    }
    text
}
