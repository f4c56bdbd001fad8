//! What annotations tell.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::nullable::Nullable;

/// Annotations that make a load balancer an internal one, and by which values; empty for any (Kubernetes
/// documentation, "Service", internal load balancer; AWS Load Balancer Controller, "Service annotations").
const INTERNAL_BALANCERS: [(&str, &str); 11] = [
    ("networking.gke.io/load-balancer-type", "internal"),
    ("cloud.google.com/load-balancer-type", "internal"),
    (
        "service.beta.kubernetes.io/aws-load-balancer-internal",
        "true",
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-scheme",
        "internal",
    ),
    (
        "service.beta.kubernetes.io/azure-load-balancer-internal",
        "true",
    ),
    (
        "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type",
        "private",
    ),
    (
        "service.beta.kubernetes.io/openstack-internal-load-balancer",
        "true",
    ),
    (
        "service.beta.kubernetes.io/cce-load-balancer-internal-vpc",
        "true",
    ),
    (
        "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid",
        "",
    ),
    (
        "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type",
        "intranet",
    ),
    (
        "service.beta.kubernetes.io/oci-load-balancer-internal",
        "true",
    ),
];

/// Whether an annotation makes the load balancer an internal one. AWS' older one also takes a block (`0.0.0.0/0`).
fn is_internal(key: &str, value: &str) -> bool {
    let mut known = INTERNAL_BALANCERS.iter().filter(|(name, _)| *name == key);
    known.any(|(_, wanted)| {
        let is_block = key.ends_with("aws-load-balancer-internal") && value == "0.0.0.0/0";
        !value.is_empty() && (wanted.is_empty() || is_block || value.eq_ignore_ascii_case(wanted))
    })
}

/// The annotations that are kept; none of them can hold a credential.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    /// The object mirrors a static pod (`kubernetes.io/config.mirror`, `pkg/kubelet/types`).
    pub(super) is_mirror: bool,
    /// The class of an Ingress before there was a field for it (`k8s.io/api/networking/v1`,
    /// `AnnotationIngressClass`).
    pub(super) ingress_class: String,
    /// An `IngressClass` is the one of Ingresses that name none (`AnnotationIsDefaultIngressClass`).
    pub(super) is_default_class: bool,
    /// The annotation that makes the load balancer of a Service an internal one.
    pub(super) internal_balancer: String,
    /// `service.beta.kubernetes.io/load-balancer-source-ranges` (Kubernetes documentation, "Well-Known Labels,
    /// Annotations and Taints").
    pub(super) has_source_ranges: bool,
    /// Whose token a Secret keeps (`k8s.io/api/core/v1`, `ServiceAccountNameKey`).
    pub(super) service_account: String,
    /// What the command line of a k3s server says of network policies (k3s `pkg/nodeconfig`,
    /// `NodeArgsAnnotation`: the arguments as a JSON list, secrets left out).
    pub(super) disables_network_policies: Option<bool>,
    /// `prometheus.io/scrape` and `prometheus.io/port`, by which scrape configurations choose what they ask for
    /// metrics (prometheus/prometheus `documentation/examples/prometheus-kubernetes.yml`, "kubernetes-pods").
    /// `k8s.v1.cni.cncf.io/networks` ("Kubernetes Network Custom Resource Definition De-facto Standard", 4.1) and
    /// `v1.multus-cni.io/default-network` (Multus, "Specify default cluster network in Pod annotations"); sorted.
    pub(super) further_networks: Vec<String>,
    tells_metrics: bool,
    metrics_at: u16,
}

impl Annotations {
    /// The port that metrics are told at; 0 for every port that is declared.
    pub(super) fn metrics_port(&self) -> Option<u16> {
        self.tells_metrics.then_some(self.metrics_at)
    }
}

/// Whether the arguments of k3s switch network policies off; `None` for agents.
fn without_policies(arguments: &str) -> Option<bool> {
    let arguments: Vec<String> = serde_json::from_str(arguments).ok()?;
    let flag = |argument: &String| {
        let value = argument.strip_prefix("--disable-network-policy")?;
        Some(!matches!(value, "=false" | "=0"))
    };
    let is_server = arguments.first().is_some_and(|word| word == "server");
    is_server.then(|| {
        arguments
            .iter()
            .filter_map(flag)
            .next_back()
            .unwrap_or(false)
    })
}

/// The networks of a selection: a JSON list of objects, or `[NAMESPACE/]NAME[@INTERFACE]` with commas. A selection
/// that cannot be understood is a network of that text.
fn networks(selection: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Element {
        name: String,
        #[serde(default)]
        namespace: String,
    }
    if let Ok(elements) = serde_json::from_str::<Vec<Element>>(selection) {
        let elements = elements.into_iter();
        let named = elements.map(|element| match element.namespace.as_str() {
            "" => element.name,
            namespace => format!("{namespace}/{}", element.name),
        });
        return named.collect();
    }
    let parts = selection.split(',');
    let names = parts.map(|part| part.split('@').next().unwrap_or_default().trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Annotations;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("annotations")
            }

            fn visit_unit<E>(self) -> Result<Annotations, E> {
                Ok(Annotations::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
                let mut annotations = Annotations::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match key.as_ref() {
                        "kubernetes.io/ingress.class" => {
                            annotations.ingress_class = map.next_value::<Nullable<String>>()?.0;
                        }
                        "ingressclass.kubernetes.io/is-default-class" => {
                            let value = map.next_value::<Nullable<String>>()?;
                            annotations.is_default_class = value.as_str() == "true";
                        }
                        "kubernetes.io/service-account.name" => {
                            annotations.service_account = map.next_value::<Nullable<String>>()?.0;
                        }
                        "k3s.io/node-args" => {
                            let value = map.next_value::<Nullable<String>>()?;
                            annotations.disables_network_policies = without_policies(&value);
                        }
                        "service.beta.kubernetes.io/load-balancer-source-ranges" => {
                            let value = map.next_value::<Nullable<String>>()?;
                            annotations.has_source_ranges = !value.trim().is_empty();
                        }
                        "k8s.v1.cni.cncf.io/networks" | "v1.multus-cni.io/default-network" => {
                            let value = map.next_value::<Nullable<String>>()?;
                            annotations.further_networks.extend(networks(&value));
                        }
                        "prometheus.io/scrape" => {
                            let value = map.next_value::<Nullable<String>>()?;
                            annotations.tells_metrics = value.as_str() == "true";
                        }
                        "prometheus.io/port" => {
                            let value = map.next_value::<Nullable<String>>()?;
                            annotations.metrics_at = value.parse().unwrap_or_default();
                        }
                        key if INTERNAL_BALANCERS.iter().any(|(known, _)| *known == key) => {
                            let value = map.next_value::<Nullable<String>>()?;
                            if is_internal(key, &value) {
                                key.clone_into(&mut annotations.internal_balancer);
                            }
                        }
                        key => {
                            annotations.is_mirror |= key == "kubernetes.io/config.mirror";
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                annotations.further_networks.sort_unstable();
                annotations.further_networks.dedup();
                Ok(annotations)
            }
        }
        deserializer.deserialize_any(Keys)
    }
}
