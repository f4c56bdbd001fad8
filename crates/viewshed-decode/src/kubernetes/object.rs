//! One object of any kind into the cluster.

mod naming;

use serde::Deserialize;
use serde_json::Value;
use viewshed_model::{Cluster, ConfigKind, Gap, GapReason, Meta, Namespace, OtherObject, Position};

use naming::{is_nameless, is_stored, label_of};

use super::config::ConfigWire;
use super::gateway::{GatewayWire, IngressWire};
use super::kubelet;
use super::list::{add_items, split_list};
use super::meta::{MetaOnly, ObjectKind, TypeMeta, split_api_version};
use super::network::{EndpointsWire, ServiceWire};
use super::network_setting;
use super::node::NodeWire;
use super::place::Place;
use super::pod::PodWire;
use super::policy::{PolicyWire, is_policy, unread};
use super::rbac::{BindingWire, RoleWire, ServiceAccountWire};
use super::storage::{AttachmentWire, ClaimWire, VolumeWire};
use super::workload::WorkloadWire;
use super::{authentication, authorization, custom};
use crate::gaps::GapList;

/// Lists within lists that are followed: `kubectl` makes one level, `helm get manifest` none.
const LIST_DEPTH_MAX: u32 = 4;

/// Adds one JSON object of any kind, or every item of a `List`; returns how many were added.
///
/// What cannot be read becomes a gap that names kind, name and (in files) line. A key given twice
/// is reported and the last one holds: that is what `kubectl` and kube-apiserver do with it
/// (`sigs.k8s.io/yaml` `YAMLToJSON` without `Strict`, `sigs.k8s.io/json` `kjson`), except that
/// `kubectl --validate=strict` and `fieldValidation=Strict` refuse it when they still see it.
pub fn add_object(
    cluster: &mut Cluster,
    gaps: &mut Vec<Gap>,
    place: &Place<'_>,
    body: &str,
) -> usize {
    add_any(cluster, &mut GapList::new(gaps), place, body, 0)
}

/// As [`add_object`]; `line` is where the content starts, which may be below where the text does.
pub(crate) fn add_to(
    cluster: &mut Cluster,
    gaps: &mut GapList<'_>,
    place: &Place<'_>,
    (body, line): (&str, u32),
) -> usize {
    let is_list = serde_json::from_str::<TypeMeta<'_>>(body)
        .is_ok_and(|type_meta| type_meta.kind.ends_with("List"));
    // Lines of a list's items are counted from the start of the text.
    let place = if is_list { *place } else { place.at(line) };
    add_any(cluster, gaps, &place, body, 0)
}

pub(super) fn add_any(
    cluster: &mut Cluster,
    gaps: &mut GapList<'_>,
    place: &Place<'_>,
    body: &str,
    depth: u32,
) -> usize {
    let type_meta: TypeMeta<'_> = match serde_json::from_str(body) {
        Ok(type_meta) => type_meta,
        Err(error) if is_duplicate(&error) => {
            return add_without_duplicates(cluster, gaps, place, (body, depth), &error);
        }
        Err(error) => {
            gaps.push(place.gap(
                "read an object",
                GapReason::Malformed,
                &error.to_string(),
                "",
            ));
            return 0;
        }
    };
    let (group, version) = split_api_version(&type_meta.api_version);
    if type_meta.kind.is_empty() {
        gaps.push(place.gap(
            "read an object",
            GapReason::Unsupported,
            "it has no `kind`",
            "give objects of Kubernetes with `apiVersion` and `kind`",
        ));
        return 0;
    }
    if type_meta.kind.ends_with("List") {
        let parts = split_list(body);
        if parts.has_items {
            if depth >= LIST_DEPTH_MAX {
                let detail = format!("lists within lists deeper than {LIST_DEPTH_MAX}");
                gaps.push(place.gap("read a `List`", GapReason::TooLarge, &detail, ""));
                return 0;
            }
            let kind = type_meta.kind.strip_suffix("List").unwrap_or_default();
            let kind = ObjectKind {
                group,
                version,
                kind,
                resource: "",
            };
            return add_items(cluster, gaps, place, (body, &parts, depth + 1), &kind);
        }
    }
    let kind = ObjectKind {
        group,
        version,
        kind: &type_meta.kind,
        resource: "",
    };
    add_known(cluster, gaps, place, body, &kind)
}

fn add_without_duplicates(
    cluster: &mut Cluster,
    gaps: &mut GapList<'_>,
    place: &Place<'_>,
    (body, depth): (&str, u32),
    error: &serde_json::Error,
) -> usize {
    match last_key_wins(body) {
        Some(text) => {
            gaps.push(duplicate_gap(place, &label_of(body, None), error));
            add_any(cluster, gaps, place, &text, depth)
        }
        None => {
            let detail = error.to_string();
            gaps.push(place.gap("read an object", GapReason::Malformed, &detail, ""));
            0
        }
    }
}

/// Adds one object whose kind is known; 1 when it was added.
pub(super) fn add_known(
    cluster: &mut Cluster,
    gaps: &mut GapList<'_>,
    place: &Place<'_>,
    body: &str,
    kind: &ObjectKind<'_>,
) -> usize {
    if place.file.is_some() && is_stored(kind) && is_nameless(body) {
        gaps.push(place.gap(
            &format!("read {}", label_of(body, Some(kind))),
            GapReason::Malformed,
            "its `metadata` has neither `name` nor `generateName`",
            "the API server would refuse it too: name it",
        ));
        return 0;
    }
    let Err(first) = decode(cluster, body, kind, place.position()) else {
        return 1;
    };
    let label = label_of(body, Some(kind));
    if is_duplicate(&first)
        && let Some(text) = last_key_wins(body)
        && decode(cluster, &text, kind, place.position()).is_ok()
    {
        gaps.push(duplicate_gap(place, &label, &first));
        return 1;
    }
    // What a policy that cannot be read would decide, nobody knows.
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    cluster.network_policies.extend(unread(&value, kind, place));
    gaps.push(place.gap(
        &format!("read {label}"),
        GapReason::Malformed,
        &first.to_string(),
        "the API server would refuse it too: correct the field",
    ));
    0
}

fn duplicate_gap(place: &Place<'_>, label: &str, error: &serde_json::Error) -> Gap {
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
    let here = place.at(place.line.saturating_add(line.saturating_sub(1)));
    here.gap(
        &format!("be sure of {label}"),
        GapReason::Malformed,
        &error.to_string(),
        "a key stands there twice; the last one was taken, as kubectl does",
    )
}

/// serde's derived structs refuse a repeated field with these words; nothing finer is exposed.
fn is_duplicate(error: &serde_json::Error) -> bool {
    error.is_data() && error.to_string().starts_with("duplicate field")
}

fn last_key_wins(body: &str) -> Option<String> {
    let value: Value = serde_json::from_str(body).ok()?;
    Some(value.to_string())
}

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, serde_json::Error> {
    serde_json::from_str(body)
}

/// The one place that knows which kind goes where.
fn decode(
    cluster: &mut Cluster,
    body: &str,
    kind: &ObjectKind<'_>,
    position: Option<Box<Position>>,
) -> Result<(), serde_json::Error> {
    match (kind.group, kind.kind) {
        ("", _) => return decode_core(cluster, body, kind, position),
        (
            "rbac.authorization.k8s.io",
            "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding",
        ) => decode_rbac(cluster, body, kind, position)?,
        ("discovery.k8s.io", "EndpointSlice") => cluster
            .endpoints
            .push(read::<EndpointsWire>(body)?.into_endpoints(kind, position)),
        ("networking.k8s.io" | "extensions", "Ingress") => cluster
            .ingresses
            .push(read::<IngressWire>(body)?.into_ingress(position)),
        ("gateway.networking.k8s.io", name) if name == "Gateway" || name.ends_with("Route") => {
            cluster
                .gateways
                .push(read::<GatewayWire>(body)?.into_gateway(kind, position));
        }
        (group, name) if is_policy(group, name) => cluster
            .network_policies
            .push(read::<PolicyWire>(body)?.into_policy(kind, position)),
        (group, name) if network_setting::is_object(group, name) => cluster
            .network_settings
            .push(network_setting::of_object(body, kind, position)?),
        ("storage.k8s.io", "VolumeAttachment") => cluster
            .volume_attachments
            .push(read::<AttachmentWire>(body)?.into_attachment(position)),
        (group, name) if authorization::is_configuration(group, name) => {
            cluster.authorizers = Some(authorization::chain(body)?);
        }
        (group, name) if authentication::is_configuration(group, name) => {
            if let Some(access) = authentication::anonymous(body)? {
                cluster.anonymous_access = Some(access);
            }
        }
        (group, name) if kubelet::is_configuration(group, name) => cluster
            .kubelet_files
            .push(kubelet::settings(body, position)?),
        ("apps" | "batch" | "extensions", name) if is_builtin_workload(name) => {
            if name == "DaemonSet" {
                let variables = network_setting::of_variables(body, position.clone());
                cluster.network_settings.extend(variables);
            }
            cluster
                .workloads
                .push(read::<WorkloadWire>(body)?.into_workload(kind, position));
        }
        _ => return decode_foreign(cluster, body, kind, position),
    }
    Ok(())
}

fn is_builtin_workload(kind: &str) -> bool {
    matches!(
        kind,
        "CronJob" | "DaemonSet" | "Deployment" | "Job" | "ReplicaSet" | "StatefulSet"
    )
}

fn decode_rbac(
    cluster: &mut Cluster,
    body: &str,
    kind: &ObjectKind<'_>,
    position: Option<Box<Position>>,
) -> Result<(), serde_json::Error> {
    if kind.kind.ends_with("Binding") {
        let wire = read::<BindingWire>(body)?;
        if let Some(fault) = wire.fault(kind.kind == "ClusterRoleBinding") {
            return Err(serde::de::Error::custom(fault));
        }
        let mut binding = wire.into_binding(position);
        keep_apart(kind, &mut binding.meta);
        cluster.bindings.push(binding);
    } else {
        let mut role = read::<RoleWire>(body)?.into_role(position);
        keep_apart(kind, &mut role.meta);
        cluster.roles.push(role);
    }
    Ok(())
}

/// A Role or RoleBinding of a manifest that names no namespace is not a ClusterRole: its namespace is
/// empty until [`crate::files`] settles it. A namespace that a manifest gives to a ClusterRole is
/// ignored, as the server ignores it (`staging/src/k8s.io/apiserver/pkg/registry/rest/create.go`).
fn keep_apart(kind: &ObjectKind<'_>, meta: &mut Meta) {
    match kind.kind {
        "Role" | "RoleBinding" => {
            meta.namespace.get_or_insert_default();
        }
        _ => meta.namespace = None,
    }
}

fn decode_core(
    cluster: &mut Cluster,
    body: &str,
    kind: &ObjectKind<'_>,
    position: Option<Box<Position>>,
) -> Result<(), serde_json::Error> {
    match kind.kind {
        "Namespace" => cluster.namespaces.push(Namespace {
            meta: read::<MetaOnly>(body)?.metadata.0.into_meta(position),
        }),
        "Node" => cluster
            .nodes
            .push(read::<NodeWire>(body)?.into_node(position)),
        "Pod" => cluster.pods.push(read::<PodWire>(body)?.into_pod(position)),
        "Service" => cluster
            .services
            .push(read::<ServiceWire>(body)?.into_service(position)),
        "Endpoints" => cluster
            .endpoints
            .push(read::<EndpointsWire>(body)?.into_endpoints(kind, position)),
        "ServiceAccount" => cluster
            .service_accounts
            .push(read::<ServiceAccountWire>(body)?.into_account(position)),
        "ConfigMap" => {
            let settings = network_setting::of_config_map(body, position.as_deref());
            cluster.network_settings.extend(settings);
            cluster
                .configs
                .push(read::<ConfigWire>(body)?.into_names(ConfigKind::ConfigMap, position));
        }
        "Secret" => cluster
            .configs
            .push(read::<ConfigWire>(body)?.into_names(ConfigKind::Secret, position)),
        "PersistentVolumeClaim" => cluster
            .volume_claims
            .push(read::<ClaimWire>(body)?.into_claim(position)),
        "PersistentVolume" => cluster
            .volumes
            .push(read::<VolumeWire>(body)?.into_volume(position)),
        "ReplicationController" | "PodTemplate" => cluster
            .workloads
            .push(read::<WorkloadWire>(body)?.into_workload(kind, position)),
        _ => return decode_foreign(cluster, body, kind, position),
    }
    Ok(())
}

/// A kind without a type of its own: a workload when it has a pod template, else a name.
fn decode_foreign(
    cluster: &mut Cluster,
    body: &str,
    kind: &ObjectKind<'_>,
    position: Option<Box<Position>>,
) -> Result<(), serde_json::Error> {
    if position.is_some() && custom::is_definition(kind.group, kind.kind) {
        custom::add_resource(cluster, body);
    } else if let Ok(wire) = read::<WorkloadWire>(body)
        && wire.makes_pods()
    {
        cluster.workloads.push(wire.into_workload(kind, position));
        return Ok(());
    }
    cluster.others.push(OtherObject {
        group: kind.group.to_owned(),
        resource: kind.resource.to_owned(),
        kind: kind.kind.to_owned(),
        meta: read::<MetaOnly>(body)?.metadata.0.into_meta(position),
    });
    Ok(())
}
