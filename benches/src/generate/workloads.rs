//! Pods and what they stand on: deployments, service accounts, services, names of config maps and secrets.

use std::collections::BTreeMap;

use viewshed_model::{
    Cluster, ConfigKind, ConfigNames, Container, EnvName, Owner, Pod, PodSpec, PodVolume, Port,
    Service, ServiceAccount, TokenProjection, VolumeSource, Workload,
};

use super::{Size, meta, namespace_name, node_name};
use crate::random::Random;

const APPLICATIONS: &[&str] = &[
    "frontend",
    "cart",
    "checkout",
    "catalog",
    "orders",
    "users",
    "mailer",
    "worker",
    "gateway",
    "cache",
    "reports",
    "importer",
    "exporter",
    "scheduler",
    "notifier",
    "ledger",
];
const REPLICAS: usize = 2;

/// Applications of a namespace: each has a service account of its own, a deployment, a service.
pub(super) fn application(number: usize) -> &'static str {
    APPLICATIONS
        .get(number % APPLICATIONS.len())
        .copied()
        .unwrap_or_default()
}

/// How many applications each namespace has.
pub(super) fn applications_per_namespace(size: Size) -> usize {
    (size.pods / size.namespaces.max(1) / REPLICAS).max(1)
}

pub(super) fn add(cluster: &mut Cluster, size: Size, random: &mut Random) {
    let applications = applications_per_namespace(size);
    for number in 0..size.namespaces {
        let namespace = namespace_name(number);
        cluster.service_accounts.push(ServiceAccount {
            meta: meta(&namespace, "default"),
            ..ServiceAccount::default()
        });
        for offset in 0..applications {
            add_application(cluster, &namespace, application(number + offset), random);
        }
    }
    let mut missing = size.pods.saturating_sub(cluster.pods.len());
    for number in (0..size.namespaces).cycle() {
        if missing == 0 {
            break;
        }
        missing -= 1;
        let namespace = namespace_name(number);
        let name = format!("job-{}-{}", missing, suffix(random, 5));
        cluster.pods.push(Pod {
            meta: meta(&namespace, &name),
            phase: "Succeeded".to_owned(),
            ..Pod::default()
        });
    }
    let nodes = size.nodes.max(1);
    for pod in &mut cluster.pods {
        pod.node = node_name(random.below(nodes));
    }
}

fn add_application(cluster: &mut Cluster, namespace: &str, name: &str, random: &mut Random) {
    cluster.service_accounts.push(ServiceAccount {
        meta: meta(namespace, name),
        ..ServiceAccount::default()
    });
    for (kind, suffix) in [
        (ConfigKind::ConfigMap, "config"),
        (ConfigKind::Secret, "credentials"),
    ] {
        cluster.configs.push(ConfigNames {
            kind,
            meta: meta(namespace, &format!("{name}-{suffix}")),
            secret_type: String::new(),
            token_of: String::new(),
            keys: Vec::new(),
        });
    }
    let labels = BTreeMap::from([("app".to_owned(), name.to_owned())]);
    cluster.services.push(Service {
        meta: meta(namespace, name),
        service_type: "ClusterIP".to_owned(),
        selector: Some(labels.clone()),
        ports: vec![Port {
            name: "http".to_owned(),
            protocol: "TCP".to_owned(),
            port: 80,
            ..Port::default()
        }],
        ..Service::default()
    });
    let template = pod_spec(name, random);
    cluster.workloads.push(Workload {
        meta: meta(namespace, name),
        kind: "Deployment".to_owned(),
        api_group: "apps".to_owned(),
        pod_labels: labels.clone(),
        template: template.clone(),
        replicas: Some(2),
        selector: None,
    });
    let replica_set = format!("{name}-{}", suffix(random, 9));
    for _ in 0..REPLICAS {
        let mut pod_meta = meta(namespace, &format!("{replica_set}-{}", suffix(random, 5)));
        pod_meta.labels.clone_from(&labels);
        pod_meta.owner = Some(Owner {
            kind: "ReplicaSet".to_owned(),
            name: replica_set.clone(),
        });
        cluster.pods.push(Pod {
            meta: pod_meta,
            spec: template.clone(),
            phase: "Running".to_owned(),
            ..Pod::default()
        });
    }
}

fn pod_spec(name: &str, random: &mut Random) -> PodSpec {
    let env = |name: &str| EnvName {
        name: name.to_owned(),
        ..EnvName::default()
    };
    let mut sources = vec![VolumeSource::Token(TokenProjection {
        path: "token".to_owned(),
        expiration_seconds: 3607,
        ..TokenProjection::default()
    })];
    if random.chance(1) {
        sources.push(VolumeSource::HostPath("/var/run/docker.sock".to_owned()));
    }
    PodSpec {
        service_account: name.to_owned(),
        volumes: vec![
            PodVolume {
                name: format!("kube-api-access-{}", suffix(random, 5)),
                sources,
                ..PodVolume::default()
            },
            PodVolume {
                name: "config".to_owned(),
                sources: vec![VolumeSource::ConfigMap(format!("{name}-config"))],
                ..PodVolume::default()
            },
        ],
        containers: vec![Container {
            name: name.to_owned(),
            image: format!("registry.example.com/{name}:1.{}.0", random.below(40)),
            env: vec![env("LOG_LEVEL"), env("DATABASE_HOST")],
            env_secrets: vec![format!("{name}-credentials")],
            ..Container::default()
        }],
        ..PodSpec::default()
    }
}

/// Letters as Kubernetes' own generator uses them: no vowels, no look-alikes.
fn suffix(random: &mut Random, length: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    (0..length)
        .map(|_| char::from(*random.pick(LETTERS)))
        .collect()
}
