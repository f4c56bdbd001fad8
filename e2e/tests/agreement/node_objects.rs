//! Nodes, and the pods and volumes that lead to them.

use serde_json::{Value, json};
use viewshed_benchmarks::random::Random;

use crate::api::Request;
use crate::objects::{NODES, namespace, node};

/// Names that pods and volumes refer to, and that questions ask for.
pub(crate) const OBJECTS: usize = 12;
/// Namespaces that hold pods.
pub(crate) const POD_NAMESPACES: usize = 4;

fn create(path: &str, object: &Value) -> Request {
    Request {
        method: "POST".to_owned(),
        target: path.to_owned(),
        body: object.to_string(),
        ..Request::default()
    }
}

fn object_name(kind: &str, random: &mut Random) -> String {
    format!("{kind}-{}", random.below(OBJECTS))
}

pub(crate) fn nodes() -> Vec<Request> {
    (0..NODES)
        .map(|number| {
            create(
                "/api/v1/nodes",
                &json!({"metadata": {"name": node(number)}}),
            )
        })
        .collect()
}

pub(crate) fn volumes(random: &mut Random) -> Vec<Request> {
    (0..OBJECTS)
        .map(|number| {
            let object = json!({
                "metadata": {"name": format!("pv-{number}")},
                "spec": volume_spec(number, random),
            });
            create("/api/v1/persistentvolumes", &object)
        })
        .collect()
}

fn volume_spec(number: usize, random: &mut Random) -> Value {
    let reference = |kind: &str, random: &mut Random| json!({"name": object_name(kind, random), "namespace": namespace(random.below(POD_NAMESPACES))});
    let mut spec = json!({
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        // The one volume without a claim stays so: claims of pods ask for another class, else the controller
        // would bind one to it whenever it gets to it.
        "storageClassName": if number == 0 { "unclaimed" } else { "none" },
    });
    let (source, body) = match number % 6 {
        0 | 1 => (
            "csi",
            json!({
                "driver": "example.com", "volumeHandle": format!("v-{number}"),
                "nodePublishSecretRef": reference("secret", random),
                "nodeStageSecretRef": reference("secret", random),
                "nodeExpandSecretRef": reference("secret", random),
                "controllerPublishSecretRef": reference("secret", random),
                "controllerExpandSecretRef": reference("secret", random),
            }),
        ),
        2 => (
            "cephfs",
            json!({"monitors": ["192.0.2.9"], "secretRef": reference("secret", random)}),
        ),
        3 => (
            "rbd",
            json!({"monitors": ["192.0.2.9"], "image": "i", "secretRef": reference("secret", random)}),
        ),
        4 => (
            "azureFile",
            json!({"secretName": object_name("secret", random), "shareName": "s",
                   "secretNamespace": random.chance(50).then(|| namespace(0))}),
        ),
        _ => (
            "iscsi",
            json!({"targetPortal": "192.0.2.9:3260", "iqn": "iqn.2000-01.com.example:s", "lun": 0,
                   "chapAuthSession": true, "secretRef": reference("secret", random)}),
        ),
    };
    spec[source] = body;
    if number != 0 {
        spec["claimRef"] = json!({
            "namespace": namespace(random.below(POD_NAMESPACES)),
            "name": object_name("claim", random),
        });
    }
    spec
}

pub(crate) fn attachments(random: &mut Random) -> Vec<Request> {
    (0..OBJECTS)
        .map(|number| {
            let object = json!({
                "metadata": {"name": format!("va-{number}")},
                "spec": {
                    "attacher": "example.com",
                    "nodeName": node(random.below(NODES)),
                    "source": {"persistentVolumeName": format!("pv-{number}")},
                },
            });
            create("/apis/storage.k8s.io/v1/volumeattachments", &object)
        })
        .collect()
}

pub(crate) fn pods(random: &mut Random) -> Vec<Request> {
    (0..NODES * 8)
        .map(|number| {
            let namespace = namespace(number % POD_NAMESPACES);
            let path = format!("/api/v1/namespaces/{namespace}/pods");
            create(&path, &pod(number, random))
        })
        .collect()
}

fn pod(number: usize, random: &mut Random) -> Value {
    // Some stay without a node: they lead nowhere.
    let node_name = random.chance(90).then(|| node(random.below(NODES)));
    let mut object = json!({
        "metadata": {"name": format!("pod-{number}")},
        "spec": {"containers": [container("main", random)], "nodeName": node_name},
    });
    if random.chance(12) && node_name.is_some() {
        // A static pod's mirror may refer to nothing.
        object["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
        object["spec"]["containers"] = json!([{"name": "main", "image": "i"}]);
        return object;
    }
    let spec = &mut object["spec"];
    if random.chance(60) {
        spec["serviceAccountName"] = json!(format!("sa-{}", random.below(3)));
    }
    if random.chance(30) {
        spec["automountServiceAccountToken"] = json!(false);
    }
    if random.chance(40) {
        spec["imagePullSecrets"] = json!([{"name": object_name("secret", random)}]);
    }
    if random.chance(40) {
        spec["initContainers"] = json!([container("init", random)]);
    }
    if random.chance(30) {
        spec["resourceClaims"] =
            json!([{"name": "r", "resourceClaimName": object_name("resource-claim", random)}]);
    }
    let count = random.below(4);
    let volumes: Vec<Value> = (0..count).map(|at| volume(at, random)).collect();
    spec["volumes"] = json!(volumes);
    object
}

fn container(name: &str, random: &mut Random) -> Value {
    let mut container = json!({"name": name, "image": "i"});
    if random.chance(30) {
        container["envFrom"] = json!([
            {"secretRef": {"name": object_name("secret", random)}},
            {"configMapRef": {"name": object_name("config", random)}},
        ]);
    }
    if random.chance(30) {
        container["env"] = json!([
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": object_name("secret", random), "key": "k"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": object_name("config", random), "key": "k"}}},
        ]);
    }
    container
}

fn volume(at: usize, random: &mut Random) -> Value {
    let secret = object_name("secret", random);
    let (source, body) = match random.below(10) {
        0 => ("secret", json!({"secretName": secret})),
        1 => ("configMap", json!({"name": object_name("config", random)})),
        2 | 3 => (
            "persistentVolumeClaim",
            json!({"claimName": object_name("claim", random)}),
        ),
        4 => (
            "projected",
            json!({"sources": [
                {"secret": {"name": secret}},
                {"configMap": {"name": object_name("config", random)}},
                {"serviceAccountToken": {"path": "t", "audience": "other"}},
            ]}),
        ),
        5 => (
            "ephemeral",
            json!({"volumeClaimTemplate": {"spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "none",
                "resources": {"requests": {"storage": "1Gi"}}}}}),
        ),
        6 => (
            "csi",
            json!({"driver": "example.com", "nodePublishSecretRef": {"name": secret}}),
        ),
        7 => (
            "cephfs",
            json!({"monitors": ["192.0.2.9"], "secretRef": {"name": secret}}),
        ),
        8 => ("azureFile", json!({"secretName": secret, "shareName": "s"})),
        _ => (
            "flexVolume",
            json!({"driver": "example.com/d", "secretRef": {"name": secret}}),
        ),
    };
    json!({"name": format!("v{at}"), source: body})
}

/// The last pod: when the server knows it, it knows all.
pub(crate) fn mark() -> Request {
    let object = json!({
        "metadata": {"name": "mark"},
        "spec": {"nodeName": node(0), "containers": [{"name": "main", "image": "i"}]},
    });
    create("/api/v1/namespaces/n-0/pods", &object)
}
