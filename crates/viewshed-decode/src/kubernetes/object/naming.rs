//! What objects are called, and which must be called something.

use serde::Deserialize;
use serde_json::Value;

use super::is_builtin_workload;
use crate::kubernetes::meta::ObjectKind;

/// Kinds that a server stores, of those that are read in full. Others share their form with settings of
/// programs, which have no name.
pub(super) fn is_stored(kind: &ObjectKind<'_>) -> bool {
    match kind.group {
        "" => matches!(
            kind.kind,
            "ConfigMap"
                | "Endpoints"
                | "Namespace"
                | "Node"
                | "PersistentVolume"
                | "PersistentVolumeClaim"
                | "Pod"
                | "ReplicationController"
                | "Secret"
                | "Service"
                | "ServiceAccount"
        ),
        "apps" | "batch" => is_builtin_workload(kind.kind),
        "rbac.authorization.k8s.io" => true,
        "networking.k8s.io" => matches!(kind.kind, "Ingress" | "NetworkPolicy"),
        _ => false,
    }
}

/// Whether an object has nothing that a server could call it by. What cannot be read is left to those who
/// name it.
pub(super) fn is_nameless(body: &str) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Names {
        name: Value,
        generate_name: Value,
    }
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        metadata: Option<Names>,
    }
    let says = |value: &Value| !value.is_null() && value != "";
    serde_json::from_str::<Named>(body).is_ok_and(|object| {
        let names = object.metadata.unwrap_or_default();
        !says(&names.name) && !says(&names.generate_name)
    })
}

/// `Pod` and name in backticks, as far as they can be read.
pub(super) fn label_of(body: &str, kind: Option<&ObjectKind<'_>>) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    let kind = kind.map_or_else(|| text("/kind"), |kind| kind.kind);
    match (text("/metadata/namespace"), text("/metadata/name")) {
        (_, "") => format!("a nameless `{kind}`"),
        ("", name) => format!("`{kind}` `{name}`"),
        (namespace, name) => format!("`{kind}` `{namespace}/{name}`"),
    }
}
