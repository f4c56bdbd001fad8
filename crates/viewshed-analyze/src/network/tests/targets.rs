//! Targets, services and columns: words as exact points.

use viewshed_model::{KubeletSettings, Place, ReachVerdict, Target};

use super::{ask, check, cluster_of_yaml, node, pod, verdict};
use crate::network::{Cni, NetworkIndex};

const ESTATE: &str = r"
apiVersion: v1
kind: Node
metadata: { name: cp, labels: { node-role.kubernetes.io/control-plane: '' } }
spec: { providerID: 'aws:///eu-west-1a/i-0' }
status: { addresses: [{ type: InternalIP, address: 10.9.0.1 }] }
---
apiVersion: v1
kind: Node
metadata: { name: n1 }
spec: { providerID: 'aws:///eu-west-1a/i-1' }
status: { addresses: [{ type: InternalIP, address: 10.9.0.2 }], daemonEndpoints: { kubeletEndpoint: { Port: 10251 } } }
---
apiVersion: v1
kind: Pod
metadata: { name: etcd-cp, namespace: kube-system, labels: { component: etcd } }
spec: { nodeName: cp, hostNetwork: true, containers: [{ name: etcd, image: etcd, command: [etcd] }] }
status: { phase: Running, podIP: 10.9.0.1, podIPs: [{ ip: 10.9.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: kube-scheduler-cp, namespace: kube-system }
spec: { nodeName: cp, hostNetwork: true, containers: [{ name: kube-scheduler, image: s, command: [kube-scheduler, --bind-address=127.0.0.1] }] }
status: { phase: Running, podIP: 10.9.0.1, podIPs: [{ ip: 10.9.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: a, labels: { app: web } }
spec: { nodeName: n1, containers: [{ name: main, image: example, ports: [{ name: metrics, containerPort: 9100 }] }] }
status: { phase: Running, podIP: 10.0.0.1, podIPs: [{ ip: 10.0.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: shut, namespace: b, labels: { app: shut } }
spec: { nodeName: n1, containers: [{ name: main, image: example }] }
status: { phase: Running, podIP: 10.0.0.2, podIPs: [{ ip: 10.0.0.2 }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shut, namespace: b }
spec: { podSelector: {}, policyTypes: [Ingress, Egress], egress: [{ to: [{ ipBlock: { cidr: 10.9.0.2/32 } }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: a }
spec: { type: NodePort, clusterIP: 10.32.0.9, clusterIPs: [10.32.0.9], selector: { app: web }, ports: [{ port: 80, targetPort: metrics, nodePort: 30080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: front, namespace: a }
spec: { type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24], externalTrafficPolicy: Local, clusterIP: 10.32.0.8, clusterIPs: [10.32.0.8], selector: { app: web }, ports: [{ port: 80, targetPort: 9100 }] }
---
apiVersion: v1
kind: Service
metadata: { name: empty, namespace: a }
spec: { clusterIP: 10.32.0.7, clusterIPs: [10.32.0.7], selector: { app: nobody }, ports: [{ port: 80 }] }
---
";

#[test]
fn targets_are_exact_points() {
    let cluster = cluster_of_yaml(ESTATE);
    let rows = [
        ("a/web kubelet", "allowed"),
        // Only the kubelet of n1, on the port that its node tells.
        ("b/shut kubelet", "allowed"),
        ("b/shut node:cp 10250", "denied"),
        ("b/shut etcd", "denied"),
        ("a/web etcd", "allowed"),
        // It listens on the loopback address; whoever shares the node's network is there.
        ("a/web scheduler", "denied"),
        ("kube-system/etcd-cp scheduler", "allowed"),
        // No pod of the estate runs it.
        (
            "a/web controller-manager",
            "depends on where kube-controller-manager runs",
        ),
        ("a/web metadata", "allowed"),
        ("b/shut metadata", "denied"),
        (
            "b/shut apiserver",
            "depends on the IPv4 address of the API server",
        ),
        ("a/web apiserver", "allowed"),
        // The nodes do not say what they run.
        (
            "a/web docker",
            "depends on whether a Docker engine listens on TCP there",
        ),
        // Nobody read the kubelets' settings.
        (
            "a/web kubelet 10255",
            "depends on whether the kubelet's read-only port is open",
        ),
        // Only the points that have the port.
        ("a/web etcd 9999", "denied"),
        ("a/web kubelet 10251", "allowed"),
        ("b/shut kubelet 10250", "denied"),
        ("b/shut world", "denied"),
        ("a/web world", "allowed"),
        ("a/web dashboard", "depends on where `dashboard` is"),
        ("b/shut metrics", "denied"),
    ];
    check(&cluster, Some(Cni::Generic), &rows);
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let ports = ask(&index, "b/shut kubelet").ports;
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["TCP 10251"]);
}

#[test]
fn services_lead_to_their_endpoints() {
    let cluster = cluster_of_yaml(ESTATE);
    let rows = [
        // The service's port, by the name of the container's port; no other port.
        ("kube-system/etcd-cp service:a/web 80", "allowed"),
        ("kube-system/etcd-cp service:a/web 9100", "denied"),
        ("b/shut service:a/web 80", "denied"),
        ("kube-system/etcd-cp 10.32.0.9 80", "allowed"),
        ("kube-system/etcd-cp service:a/empty 80", "denied"),
        // A node's port is the service's.
        ("b/shut node:n1 30080", "denied"),
        ("b/shut node:n1 30081", "allowed"),
        // kubernetes/kubernetes#95879 leaves the hairpin open; nothing isolates this pod.
        ("a/web service:a/web 80", "allowed"),
        // The load balancer lets in these addresses only.
        ("198.51.100.7 service:a/front 80", "allowed"),
        ("8.8.8.8 service:a/front 80", "denied"),
        ("8.8.8.8 service:a/empty 80", "denied"),
    ];
    check(&cluster, Some(Cni::Generic), &rows);
}

/// A column has the verdict that each source has when it is asked alone.
#[test]
fn columns_agree_with_single_questions() {
    let cluster = cluster_of_yaml(ESTATE);
    for cni in [
        Cni::Generic,
        Cni::Unknown,
        Cni::Calico,
        Cni::Cilium,
        Cni::AwsVpcCni,
        Cni::KubeRouter,
    ] {
        let index = NetworkIndex::new(&cluster, Some(cni));
        for target in Target::ALL {
            let column = index
                .sources(&Place::Target(target), None, None)
                .expect("a target");
            assert!(column.sources.len() >= 5, "{cni} {target:?}");
            for source in &column.sources {
                let from = match (source.namespace.as_str(), source.name.as_str()) {
                    ("", "world") => "world".to_owned(),
                    ("", node) => format!("node:{node}"),
                    (namespace, _) => format!("{namespace}/{}", source.example),
                };
                let question = format!("{from} {}", target.name());
                let alone = ask(&index, &question);
                assert_eq!(
                    (source.verdict, &source.ports, &source.uncertain_ports),
                    (alone.verdict, &alone.ports, &alone.uncertain_ports),
                    "{cni} {question}: {source:#?} {alone:#?}"
                );
            }
        }
    }
}

/// The places where metrics are told.
fn metrics(text: &str) -> Vec<String> {
    let cluster = cluster_of_yaml(text);
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let place = Place::Target(Target::Metrics);
    let column = index.sources(&place, None, None).expect("a target");
    column.points
}

/// READMEs of the projects: they answer whoever asks, at 9090 and 8080 unless told otherwise.
#[test]
fn programs_that_tell_metrics_are_known_by_their_image() {
    let image =
        |text: String, image: &str| text.replace("image: example", &format!("image: {image}"));
    let text = [
        node("n1", "{}", "10.9.0.1"),
        image(
            pod(
                "m/prom",
                "n1",
                "{}",
                ("10.0.0.1", "[{ name: web, containerPort: 9091 }]"),
            ),
            "quay.io/prometheus/prometheus:v3.1.0",
        ),
        image(
            pod("m/advisor", "n1", "{}", ("10.0.0.2", "[]")),
            "gcr.io/cadvisor/cadvisor:v0.49",
        ),
        pod(
            "m/other",
            "n1",
            "{}",
            ("10.0.0.3", "[{ name: web, containerPort: 80 }]"),
        ),
    ];
    assert_eq!(
        metrics(&text.concat()),
        [
            "metrics of pod `m/advisor`: TCP 8080",
            "metrics of pod `m/prom`: TCP 9091",
        ]
    );
}

/// Annotations as Prometheus' example configuration reads them on pods and on services, and ports of services that
/// are named so, by the number that they lead to.
#[test]
fn metrics_are_where_annotations_and_services_say() {
    let annotated = |text: String, annotations: &str| {
        text.replace("labels: ", &format!("annotations: {annotations}, labels: "))
    };
    let service = |name: &str, app: &str, port: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{ name: {name}, namespace: m }}\n\
             spec: {{ selector: {{ app: {app} }}, ports: [{port}] }}\n---\n"
        )
    };
    let text = [
        node("n1", "{}", "10.9.0.1"),
        annotated(
            pod("m/ann", "n1", "{}", ("10.0.0.1", "[{ containerPort: 80 }]")),
            "{ prometheus.io/scrape: 'true', prometheus.io/port: '9102', prometheus.io/path: /m }",
        ),
        annotated(
            pod(
                "m/every",
                "n1",
                "{}",
                ("10.0.0.2", "[{ containerPort: 81 }]"),
            ),
            "{ prometheus.io/scrape: 'true' }",
        ),
        annotated(
            pod("m/not", "n1", "{}", ("10.0.0.3", "[{ containerPort: 82 }]")),
            "{ prometheus.io/scrape: 'false', prometheus.io/port: '9102' }",
        ),
        pod("m/quiet", "n1", "{ app: quiet }", ("10.0.0.4", "[]")),
        service("quiet", "quiet", "{ name: http, port: 80 }, { name: http-metrics, port: 81, targetPort: 8443 }"),
        pod("m/seen", "n1", "{ app: seen }", ("10.0.0.5", "[]")),
        annotated(
            service("seen", "seen", "{ port: 80 }").replace("metadata: { ", "metadata: { labels: {}, "),
            "{ prometheus.io/scrape: 'true', prometheus.io/port: '9000' }",
        ),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: made, namespace: m }\n\
         spec: { selector: { matchLabels: { app: made } }, template: { metadata: { labels: { app: made }, \
         annotations: { prometheus.io/scrape: 'true', prometheus.io/port: '7000' } }, \
         spec: { containers: [{ name: main, image: example }] } } }\n---\n"
            .to_owned(),
    ];
    assert_eq!(
        metrics(&text.concat()),
        [
            "metrics of pod `m/ann`: TCP 9102",
            "metrics of pod `m/every`: TCP 81",
            "metrics of pod `m/made`: TCP 7000",
            "metrics of pod `m/quiet`: TCP 8443",
            "metrics of pod `m/seen`: TCP 9000",
        ]
    );
}

/// Settings that a node or a file tells, and runtimes that nodes name.
#[test]
fn nodes_tell_what_listens_on_them() {
    let mut cluster = cluster_of_yaml(ESTATE);
    let with_port = |read_only_port| KubeletSettings {
        read_only_port,
        ..KubeletSettings::default()
    };
    let row = |verdict| [("a/web kubelet 10255", verdict)];
    cluster.kubelet_files = vec![with_port(Some(10_255))];
    let fact = "depends on whether the kubelet's read-only port is open";
    check(&cluster, Some(Cni::Generic), &row(fact));
    cluster.kubelet_files = vec![with_port(None)];
    check(&cluster, Some(Cni::Generic), &row("denied"));
    for node in &mut cluster.nodes {
        node.kubelet = Some(with_port(Some(10_255)));
        node.runtime = "docker://24.0.5".to_owned();
    }
    check(&cluster, Some(Cni::Generic), &row("allowed"));
    let docker = "depends on whether a Docker engine listens on TCP there";
    check(&cluster, Some(Cni::Generic), &[("a/web docker", docker)]);
    for node in &mut cluster.nodes {
        node.runtime = "containerd://2.1.0".to_owned();
    }
    let nowhere = "depends on where `docker` is";
    check(&cluster, Some(Cni::Generic), &[("a/web docker", nowhere)]);
}

/// Every port that is open at some point is named, whichever point comes first.
#[test]
fn columns_name_the_ports_of_every_point() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: out, namespace: a }\n\
                  spec: { podSelector: {}, policyTypes: [Egress], egress: [\
                  { to: [{ ipBlock: { cidr: 10.9.0.1/32 } }], ports: [{ port: 10250 }] }, \
                  { to: [{ ipBlock: { cidr: 10.9.0.3/32 } }], ports: [{ port: 10255 }] }] }\n---\n";
    let mut cluster = cluster_of_yaml(
        &[
            node("n1", "{}", "10.9.0.1"),
            node("n2", "{}", "10.9.0.2"),
            node("n3", "{}", "10.9.0.3"),
            pod("a/web", "n2", "{ app: web }", ("10.0.0.1", "[]")),
            policy.to_owned(),
        ]
        .concat(),
    );
    for node in &mut cluster.nodes {
        let settings = KubeletSettings {
            read_only_port: Some(10_255),
            ..KubeletSettings::default()
        };
        node.kubelet = Some(settings);
    }
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let kubelet = Place::Target(Target::Kubelet);
    let column = index.sources(&kubelet, None, None).expect("a target");
    let web = column.sources.iter().find(|source| source.name == "web");
    let ports = &web.expect("it is listed").ports;
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["TCP 10250", "TCP 10255"]);
}

#[test]
fn a_question_without_a_port_lists_the_open_ones() {
    let open = format!(
        "{ESTATE}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: a }}\n\
         spec: {{ podSelector: {{}}, ingress: [{{ ports: [{{ port: 80, endPort: 90 }}, {{ port: 53, protocol: UDP }}] }}] }}\n"
    );
    let cluster = cluster_of_yaml(&open);
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let answer = ask(&index, "kube-system/etcd-cp a/web");
    let ports: Vec<String> = answer.ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["TCP 80-90", "UDP 53"]);
    assert_eq!(answer.verdict, ReachVerdict::Allowed);
    assert_eq!(verdict(&index, "kube-system/etcd-cp a/web 91"), "denied");
}

/// Where clouds tell a machine about itself: AWS and Azure have addresses beside 169.254.169.254, Alibaba
/// Cloud only another (each cloud's documentation). Its controller writes `REGION.INSTANCE`.
#[test]
fn metadata_is_where_the_cloud_has_it() {
    let estate = |provider: &str, egress: &str| {
        let cloud = ESTATE
            .replace("aws:///eu-west-1a/i-0", provider)
            .replace("aws:///eu-west-1a/i-1", provider);
        format!(
            "{cloud}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: out, namespace: a }}\n\
             spec: {{ podSelector: {{}}, policyTypes: [Egress], egress: [{{ to: [{{ ipBlock: {egress} }}] }}] }}\n"
        )
    };
    let but_one = "{ cidr: 0.0.0.0/0, except: [169.254.169.254/32] }";
    let alibaba = "{ cidr: 100.100.100.200/32 }";
    let elsewhere = "{ cidr: 203.0.113.0/24 }";
    let unknown = "depends on which cloud the nodes run in";
    for (provider, egress, wanted) in [
        ("", but_one, unknown),
        ("k3s://n1", but_one, unknown),
        ("", "{ cidr: 169.254.169.254/32 }", "allowed"),
        ("", alibaba, unknown),
        ("", elsewhere, "denied"),
        ("openstack:///0", but_one, "denied"),
        ("azure:///subscriptions/0", but_one, "allowed"),
        ("aws:///eu-west-1a/i-1", alibaba, "denied"),
        ("cn-hangzhou.i-bp1abc", alibaba, "allowed"),
        ("alicloud://cn-hangzhou.i-bp1abc", alibaba, "allowed"),
    ] {
        let cluster = cluster_of_yaml(&estate(provider, egress));
        check(&cluster, Some(Cni::Generic), &[("a/web metadata", wanted)]);
        let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
        let place = "metadata".parse().expect("a place");
        let sources = index
            .sources(&place, None, None)
            .expect("there are sources");
        let web = sources.sources.iter().find(|source| source.name == "web");
        let listed = web.expect("the pod is listed").verdict;
        assert_eq!(
            listed,
            ask(&index, "a/web metadata").verdict,
            "{provider} {egress}"
        );
    }
}

/// The API server's endpoints are addresses: what a pod reaches of its node in the other family is none of them, in
/// the column as in single questions.
#[test]
fn columns_know_the_family_of_a_point() {
    let slice = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: kubernetes, namespace: default, \
         labels: { kubernetes.io/service-name: kubernetes } }\naddressType: IPv4\nendpoints: [{ addresses: [10.9.0.1] }]\n\
         ports: [{ port: 6443 }]\n---\n";
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: out, namespace: a }\n\
         spec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: '::/0' } }] }] }\n---\n";
    let text = [
        node("n1", "{}", "10.9.0.1").replace(
            "address: 10.9.0.1 }",
            "address: 10.9.0.1 }, { type: InternalIP, address: 'fd99::1' }",
        ),
        pod("a/web", "n2", "{}", ("10.0.0.1", "[]")).replace(
            "[{ ip: 10.0.0.1 }]",
            "[{ ip: 10.0.0.1 }, { ip: 'fd00::1' }]",
        ),
        slice.to_owned(),
        policy.to_owned(),
    ];
    let cluster = cluster_of_yaml(&text.concat());
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    assert_eq!(verdict(&index, "a/web fd99::1 6443"), "allowed");
    assert_eq!(verdict(&index, "a/web apiserver"), "denied");
    let verdicts = index.verdicts_by_pod(&Place::Target(Target::Apiserver), None);
    assert_eq!(verdicts.get(&("a", "web")), Some(&ReachVerdict::Denied));
}
