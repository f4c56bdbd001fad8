//! What a kubelet's identity may do.

use viewshed_model::{
    Cluster, Container, Identity, Meta, OtherObject, Pod, PodSpec, PodVolume, ServerVersion,
    StorageVolume, VolumeAttachment, VolumeClaim, VolumeSource,
};

use super::scenery::action;
use crate::rbac::{AccessIndex, Verdict};

fn meta(namespace: &str, name: &str) -> Meta {
    Meta {
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: name.to_owned(),
        ..Meta::default()
    }
}

fn pod(name: &str, node: &str, spec: PodSpec) -> Pod {
    Pod {
        meta: meta("shop", name),
        node: node.to_owned(),
        spec,
        ..Pod::default()
    }
}

/// `web` on n1 uses secrets, a config map, a claim bound to `disk`; `api` runs on n2.
fn scenery() -> Cluster {
    let volume = |name: &str, source| PodVolume {
        name: name.to_owned(),
        sources: vec![source],
        ..PodVolume::default()
    };
    let web = PodSpec {
        service_account: "cart".to_owned(),
        image_pull_secrets: vec!["pull".to_owned()],
        resource_claims: vec!["gpu".to_owned()],
        containers: vec![Container {
            env_secrets: vec!["env-secret".to_owned()],
            env_config_maps: vec!["env-config".to_owned()],
            ..Container::default()
        }],
        volumes: vec![
            volume("v1", VolumeSource::Secret("mounted".to_owned())),
            volume("v2", VolumeSource::ConfigMap("config".to_owned())),
            volume("v3", VolumeSource::PersistentVolumeClaim("data".to_owned())),
            volume("scratch", VolumeSource::Ephemeral),
            volume("v5", VolumeSource::DriverSecret("driver".to_owned())),
        ],
        ..PodSpec::default()
    };
    let mut mirror = pod("static", "n1", web.clone());
    mirror.is_mirror = true;
    mirror.spec.service_account = "mirror-account".to_owned();
    let mut waiting = pod("waiting", "", PodSpec::default());
    waiting.spec.image_pull_secrets = vec!["waiting".to_owned()];
    Cluster {
        pods: vec![
            pod("web", "n1", web),
            pod("api", "n2", PodSpec::default()),
            mirror,
            waiting,
        ],
        volume_claims: vec![VolumeClaim {
            meta: meta("shop", "data"),
            volume: "disk".to_owned(),
        }],
        volumes: vec![
            StorageVolume {
                meta: meta("", "disk"),
                claim: Some(("shop".to_owned(), "data".to_owned())),
                secrets: vec![("storage".to_owned(), "ceph".to_owned())],
                ..StorageVolume::default()
            },
            StorageVolume {
                meta: meta("", "free"),
                claim: None,
                secrets: vec![("storage".to_owned(), "other".to_owned())],
                ..StorageVolume::default()
            },
        ],
        volume_attachments: vec![VolumeAttachment {
            meta: meta("", "attached"),
            node: "n1".to_owned(),
        }],
        others: vec![OtherObject {
            group: "resource.k8s.io".to_owned(),
            resource: "resourceslices".to_owned(),
            kind: "ResourceSlice".to_owned(),
            meta: meta("", "slice"),
        }],
        ..Cluster::default()
    }
}

fn answer(cluster: &Cluster, identity: &Identity, question: &str) -> Verdict {
    AccessIndex::new(cluster)
        .session(identity)
        .verdict(&action(question))
}

/// The answer for node n1 on the newest version.
fn check(question: &str, expected: Verdict) {
    let actual = answer(&scenery(), &Identity::node("n1"), question);
    assert_eq!(actual, expected, "{question}");
}

fn check_version(minor: &str, question: &str, expected: Verdict) {
    let mut cluster = scenery();
    cluster.version = Some(ServerVersion {
        minor: minor.to_owned(),
        ..ServerVersion::default()
    });
    let actual = answer(&cluster, &Identity::node("n1"), question);
    assert_eq!(actual, expected, "{question} on 1.{minor}");
}

use Verdict::{No, Unknown, Yes};

#[test]
fn objects_of_its_own_pods_are_readable() {
    for name in ["pull", "env-secret", "mounted", "driver"] {
        for verb in ["get", "list", "watch"] {
            check(&format!("{verb} secrets -n shop {name}"), Yes);
        }
    }
    check("get secrets -n storage ceph", Yes);
    check("get secrets -n storage other", No);
    check("get secrets -n shop waiting", No);
    check("get secrets -n shop unknown", No);
    check("get secrets -n bank mounted", No);
    check("get configmaps -n shop env-config", Yes);
    check("get configmaps -n shop config", Yes);
    check("get configmaps -n shop mounted", No);
    check("get persistentvolumeclaims -n shop data", Yes);
    check("get persistentvolumeclaims -n shop web-scratch", Yes);
    check("get persistentvolumeclaims -n shop web-other", No);
    check("get persistentvolumes disk", Yes);
    check("get persistentvolumes free", No);
    check("get volumeattachments.storage.k8s.io attached", Yes);
    check("get volumeattachments.storage.k8s.io other", No);
    check("get resourceclaims.resource.k8s.io -n shop gpu", Yes);
}

#[test]
fn reading_needs_a_name_and_no_other_verb_helps() {
    check("list secrets -n shop", No);
    check("list secrets", No);
    check("get secrets mounted", No);
    check("delete secrets -n shop mounted", No);
    check("get secrets/status -n shop mounted", No);
    check("list persistentvolumeclaims -n shop data", No);
    check("update persistentvolumeclaims/status -n shop data", Yes);
    check("get persistentvolumeclaims/status -n shop data", No);
}

#[test]
fn tokens_are_for_service_accounts_of_its_pods() {
    check("create serviceaccounts/token -n shop cart", Yes);
    check("get serviceaccounts -n shop cart", Yes);
    check("create serviceaccounts/token -n shop default", No);
    check("create serviceaccounts/token -n shop", No);
    check("create serviceaccounts -n shop cart", No);
    check("list serviceaccounts -n shop", No);
    check("create serviceaccounts/token -n shop mirror-account", No);
}

#[test]
fn pods_are_its_own_or_selected_by_its_name() {
    check("get pods -n shop web", Yes);
    check("get pods -n shop static", Yes);
    check("get pods -n shop api", No);
    check("list pods", No);
    check("list pods --field-selector spec.nodeName=n1", Yes);
    check(
        "watch pods --field-selector spec.nodeName==n1,status.phase!=Failed",
        Yes,
    );
    check("list pods --field-selector spec.nodeName!=n1", No);
    check("list pods --field-selector spec.nodeName=n2", No);
    check("list pods -n shop web", Yes);
    check("create pods -n shop", Yes);
    check("delete pods -n bank any", Yes);
    check("deletecollection pods -n shop", No);
    check("patch pods/status -n shop any", Yes);
    check("create pods/eviction -n shop any", Yes);
    check("get pods/log -n shop web", No);
}

#[test]
fn nodes_leases_and_csi_nodes_are_its_own() {
    check("get nodes n1", Yes);
    check("watch nodes n1", Yes);
    check("get nodes n2", No);
    check("list nodes", No);
    check("patch nodes n2", Yes);
    check("update nodes/status n2", Yes);
    check("delete nodes n1", No);
    check("get nodes/proxy n1", No);
    check(
        "update leases.coordination.k8s.io -n kube-node-lease n1",
        Yes,
    );
    check("create leases.coordination.k8s.io -n kube-node-lease", Yes);
    check(
        "update leases.coordination.k8s.io -n kube-node-lease n2",
        No,
    );
    check("get leases.coordination.k8s.io -n kube-system n1", No);
    check("list leases.coordination.k8s.io -n kube-node-lease", No);
    check("get csinodes.storage.k8s.io n1", Yes);
    check("get csinodes.storage.k8s.io n2", No);
    check("update csinodes.storage.k8s.io/status n1", No);
}

#[test]
fn every_node_may_use_the_fixed_rules() {
    check("list services", Yes);
    check("get endpoints -n shop any", Yes);
    check("create events -n shop", Yes);
    check("create events.events.k8s.io -n shop", Yes);
    check("create subjectaccessreviews.authorization.k8s.io", Yes);
    check("get clustertrustbundles.certificates.k8s.io any", Yes);
    check("list namespaces", No);
    check("get /metrics", No);
}

#[test]
fn resource_slices_depend_on_the_node_that_they_name() {
    check("create resourceslices.resource.k8s.io", Yes);
    check("get resourceslices.resource.k8s.io slice", Unknown);
    check("get resourceslices.resource.k8s.io gone", No);
    check("list resourceslices.resource.k8s.io", No);
    check(
        "list resourceslices.resource.k8s.io --field-selector spec.nodeName=n1",
        Yes,
    );
}

#[test]
fn older_versions_let_nodes_read_all_nodes_and_pods() {
    check_version("31", "list pods", Yes);
    check_version("31", "get nodes n2", Yes);
    check_version("32", "list pods", No);
    check_version("32+", "get nodes n2", No);
    check_version("33", "get serviceaccounts -n shop cart", No);
    check_version("34", "get serviceaccounts -n shop cart", Yes);
    check_version("34", "create events.events.k8s.io -n shop", No);
    check_version(
        "36",
        "create podcertificaterequests.certificates.k8s.io -n shop",
        No,
    );
    check_version(
        "37",
        "create podcertificaterequests.certificates.k8s.io -n shop",
        Yes,
    );
}

#[test]
fn a_node_is_user_name_and_group_together() {
    let question = "get nodes n1";
    let nobody = Identity::user("system:node:n1", []);
    assert_eq!(answer(&scenery(), &nobody, question), No);
    let nameless = Identity::exactly("system:node:", ["system:nodes"]);
    assert_eq!(answer(&scenery(), &nameless, question), No);
    let other = Identity::exactly("n1", ["system:nodes"]);
    assert_eq!(answer(&scenery(), &other, question), No);
}

#[test]
fn a_pod_without_a_service_account_name_runs_as_default() {
    let identity = Identity::node("n2");
    let question = "create serviceaccounts/token -n shop default";
    assert_eq!(answer(&scenery(), &identity, question), Yes);
}
