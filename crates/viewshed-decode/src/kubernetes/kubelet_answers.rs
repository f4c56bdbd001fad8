//! What a kubelet's own API tells of its pods, beside the list of `/pods`, which is that of the API server.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use viewshed_model::{Container, Meta, Pod, PodSpec};

use crate::DecodeError;
use crate::nullable::Nullable;
use crate::text::{clean, clean_short};

/// Pods of one kubelet: their namespaces, names and containers, with what else is told of these.
type Told = BTreeMap<(String, String), BTreeMap<String, String>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SummaryWire {
    node: Nullable<NodeWire>,
    pods: Nullable<Vec<PodWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeWire {
    node_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodWire {
    pod_ref: Nullable<ReferenceWire>,
    containers: Nullable<Vec<NameWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReferenceWire {
    name: String,
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NameWire {
    name: String,
}

/// The node, the pods and their containers of a kubelet's `/stats/summary` (`staging/src/k8s.io/kubelet/pkg/apis/stats`);
/// it has no images.
///
/// # Errors
/// When the body is not JSON of that shape.
pub fn pods_of_summary(body: &[u8]) -> Result<(String, Vec<Pod>), DecodeError> {
    let wire: SummaryWire = serde_json::from_slice(body).map_err(|error| DecodeError::Json {
        expected: "a kubelet's summary of its pods",
        detail: clean_short(&error.to_string()),
    })?;
    let mut told = Told::new();
    for pod in wire.pods.0 {
        let pod_ref = pod.pod_ref.0;
        let containers = told.entry((pod_ref.namespace, pod_ref.name)).or_default();
        let names = pod.containers.0.into_iter();
        containers.extend(names.map(|container| (container.name, String::new())));
    }
    Ok((clean(&wire.node.0.node_name).into_owned(), pods(told)))
}

/// The pods, containers and images of cAdvisor's metrics (`metricsName{container="C",image="I",namespace="N",pod="P"}`,
/// cAdvisor `metrics/prometheus.go` with the labels of `pkg/kubelet/server/server.go`). The sandbox of a pod is no container.
pub fn pods_of_metrics(body: &[u8]) -> Vec<Pod> {
    let text = String::from_utf8_lossy(body);
    let mut told = Told::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let labels = line
            .split_once('{')
            .and_then(|(_, rest)| rest.rsplit_once('}'));
        let Some((labels, _)) = labels else { continue };
        // Every container has some hundred lines with the same labels.
        if !known.insert(labels) {
            continue;
        }
        let labels = labels_of(labels);
        let label = |name: &str| labels.get(name).map_or("", String::as_str);
        let (namespace, pod) = (label("namespace"), label("pod"));
        if namespace.is_empty() || pod.is_empty() {
            continue;
        }
        let containers = told
            .entry((namespace.to_owned(), pod.to_owned()))
            .or_default();
        if !matches!(label("container"), "" | "POD") {
            let image = containers.entry(label("container").to_owned()).or_default();
            if image.is_empty() {
                label("image").clone_into(image);
            }
        }
    }
    pods(told)
}

/// Labels of one line of the text format of Prometheus ("Exposition formats": values are quoted, with `\\`, `\"`, `\n`).
fn labels_of(mut text: &str) -> BTreeMap<&str, String> {
    let mut labels = BTreeMap::new();
    while let Some((name, rest)) = text.split_once("=\"") {
        let mut value = String::new();
        let mut letters = rest.char_indices();
        let mut end = rest.len();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    end = at + 1;
                    break;
                }
                '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
                plain => value.push(plain),
            }
        }
        labels.insert(name.trim_matches([',', ' ']), value);
        text = rest.get(end..).unwrap_or_default();
    }
    labels
}

/// The names of a folder as Go's file server lists it: one link a line (`net/http/fs.go`, `dirList`). Folders end with a
/// slash, which is left out.
pub fn names_in_listing(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let links = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("<a href=\"")?;
        let (name, _) = rest.split_once('"')?;
        Some(clean(name.trim_end_matches('/')).into_owned())
    });
    links.filter(|name| !name.is_empty()).collect()
}

/// Namespace and name of a pod by its folder of logs, `NAMESPACE_NAME_UID` (`BuildPodLogsDirectory` in
/// `pkg/kubelet/kuberuntime/helpers.go`); the UID of a static pod is a hash of its manifest.
pub fn pod_of_log_folder(folder: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = folder.split('_').collect();
    let [namespace, name, uid] = parts[..] else {
        return None;
    };
    let is_pod = !namespace.is_empty() && !name.is_empty() && uid.len() >= 32;
    is_pod.then(|| (clean(namespace).into_owned(), clean(name).into_owned()))
}

fn pods(told: Told) -> Vec<Pod> {
    let named = told
        .into_iter()
        .filter(|((namespace, name), _)| !namespace.is_empty() && !name.is_empty());
    named
        .map(|((namespace, name), containers)| Pod {
            meta: Meta {
                namespace: Some(clean(&namespace).into_owned()),
                name: clean(&name).into_owned(),
                ..Meta::default()
            },
            spec: PodSpec {
                containers: containers
                    .into_iter()
                    .map(|(name, image)| Container {
                        name: clean(&name).into_owned(),
                        image: clean(&image).into_owned(),
                        ..Container::default()
                    })
                    .collect(),
                ..PodSpec::default()
            },
            ..Pod::default()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use viewshed_model::Pod;

    use super::{names_in_listing, pod_of_log_folder, pods_of_metrics, pods_of_summary};

    fn told(pods: &[Pod]) -> String {
        let told = pods.iter().map(|pod| {
            let containers = pod.spec.containers.iter();
            let containers: Vec<String> = containers
                .map(|one| format!("{}={}", one.name, one.image))
                .collect();
            format!("{} [{}]", pod.meta.full_name(), containers.join(" "))
        });
        told.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_summary_names_the_node_its_pods_and_their_containers() {
        let body = br#"{"node": {"nodeName": "worker-1", "cpu": null}, "pods": [
            {"podRef": {"name": "cart", "namespace": "shop", "uid": "u"}, "containers": [{"name": "main", "cpu": {}}]},
            {"podRef": {"name": "db", "namespace": "back"}, "containers": null}]}"#;
        let (node, pods) = pods_of_summary(body).expect("it is one");
        assert_eq!(node, "worker-1");
        assert_eq!(told(&pods), "back/db []; shop/cart [main=]");
        assert!(pods_of_summary(b"forbidden").is_err());
    }

    #[test]
    fn metrics_name_pods_containers_and_images() {
        let body = br#"# HELP container_last_seen Last time a container was seen by the exporter
container_last_seen{container="main",id="/kubepods/pod1/c",image="cart:1",name="c",namespace="shop",pod="cart"} 1.7e+09 17
container_last_seen{container="",id="/kubepods/pod1",image="",name="",namespace="shop",pod="cart"} 1.7e+09 17
container_last_seen{container="POD",id="/kubepods/pod2",image="pause:3",name="p",namespace="back",pod="db"} 1
container_last_seen{container="odd",image="a\"b,c=\"d\\",namespace="shop",pod="cart"} 1
container_last_seen{container="",id="/",image="",name="",namespace="",pod=""} 1.7e+09
machine_cpu_cores 2
"#;
        assert_eq!(
            told(&pods_of_metrics(body)),
            r#"back/db []; shop/cart [main=cart:1 odd=a"b,c="d\]"#
        );
    }

    #[test]
    fn a_listing_names_the_folders_of_pods() {
        let body = b"<!doctype html>\n<pre>\n<a href=\"shop_cart_12345678-1234-1234-1234-123456789012/\">shop</a>\n\
                     <a href=\"a%20b\">a b</a>\n</pre>\n";
        let names = names_in_listing(body);
        assert_eq!(names.len(), 2);
        let pod = ("shop".to_owned(), "cart".to_owned());
        assert_eq!(pod_of_log_folder(&names[0]), Some(pod));
        assert_eq!(pod_of_log_folder(&names[1]), None);
    }
}
