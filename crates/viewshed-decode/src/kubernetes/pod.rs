//! Pods and pod specifications.

use serde::Deserialize;
use serde::de::IgnoredAny;
use viewshed_model::{HostAccess, Pod, PodSpec, Position};

use super::container::{ContainerWire, SecurityWire};
use super::meta::{MetaWire, NameWire};
use super::volume::VolumeWire;
use crate::nullable::Nullable;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PodWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<PodSpecWire>,
    status: Nullable<StatusWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatusWire {
    phase: Nullable<String>,
    #[serde(rename = "podIP")]
    pod_ip: Nullable<String>,
    #[serde(rename = "podIPs")]
    pod_ips: Nullable<Vec<AddressWire>>,
    #[serde(rename = "hostIP")]
    host_ip: Nullable<String>,
    #[serde(rename = "hostIPs")]
    host_ips: Nullable<Vec<AddressWire>>,
    container_statuses: Nullable<Vec<ContainerStatusWire>>,
    init_container_statuses: Nullable<Vec<ContainerStatusWire>>,
    ephemeral_container_statuses: Nullable<Vec<ContainerStatusWire>>,
    resource_claim_statuses: Nullable<Vec<ClaimWire>>,
    extended_resource_claim_status: Nullable<ClaimWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerStatusWire {
    name: Nullable<String>,
    #[serde(rename = "containerID")]
    container_id: Nullable<String>,
    state: Nullable<StateWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StateWire {
    running: Option<IgnoredAny>,
    terminated: Option<TerminatedWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TerminatedWire {
    exit_code: Nullable<i64>,
}

impl StatusWire {
    /// Names of the containers that run, and their ids without the runtime's name before them
    /// (`ContainerStatus.containerID`: `<type>://<container_id>`).
    fn running(&self) -> impl Iterator<Item = (&str, &str)> {
        let init = self.init_container_statuses.iter();
        let ordinary = self.container_statuses.iter();
        let ephemeral = self.ephemeral_container_statuses.iter();
        let all = init.chain(ordinary).chain(ephemeral);
        all.filter(|container| container.state.running.is_some())
            .filter_map(|container| {
                let (_runtime, id) = container.container_id.split_once("://")?;
                Some((container.name.as_str(), id))
            })
    }

    /// Names of the containers that do not run again: init containers that succeeded (others are started
    /// anew, or fail the pod), and ephemeral ones, which are never restarted.
    fn ended(&self) -> impl Iterator<Item = &str> {
        let init = self.init_container_statuses.iter().filter(|container| {
            let terminated = container.state.terminated.as_ref();
            terminated.is_some_and(|end| end.exit_code.0 == 0)
        });
        let ephemeral = self.ephemeral_container_statuses.iter();
        let ephemeral = ephemeral.filter(|container| container.state.terminated.is_some());
        init.chain(ephemeral)
            .map(|container| container.name.as_str())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AddressWire {
    ip: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClaimWire {
    resource_claim_name: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSpecWire {
    service_account_name: Nullable<String>,
    /// The older name of the same field.
    service_account: Nullable<String>,
    automount_service_account_token: Option<bool>,
    enable_service_links: Option<bool>,
    dns_policy: Nullable<String>,
    host_network: Nullable<bool>,
    #[serde(rename = "hostPID")]
    host_pid: Nullable<bool>,
    #[serde(rename = "hostIPC")]
    host_ipc: Nullable<bool>,
    host_users: Option<bool>,
    share_process_namespace: Option<bool>,
    node_name: Nullable<String>,
    volumes: Nullable<Vec<VolumeWire>>,
    containers: Nullable<Vec<ContainerWire>>,
    init_containers: Nullable<Vec<ContainerWire>>,
    ephemeral_containers: Nullable<Vec<ContainerWire>>,
    image_pull_secrets: Nullable<Vec<NameWire>>,
    /// Of the pod's own context only users and groups count for its containers.
    security_context: Nullable<SecurityWire>,
    resource_claims: Nullable<Vec<ClaimWire>>,
}

impl PodWire {
    pub(super) fn into_pod(mut self, position: Option<Box<Position>>) -> Pod {
        let is_mirror = self.metadata.is_mirror();
        let node = std::mem::take(&mut self.spec.0.node_name.0);
        let mut spec = self.spec.0.into_spec();
        spec.metrics_port = self.metadata.metrics_port();
        spec.further_networks = self.metadata.further_networks();
        let status = self.status.0;
        for name in status.ended() {
            let mut containers = spec.containers.iter_mut();
            let ended = containers.find(|one| one.name == name && !one.role.is_empty());
            if let Some(container) = ended {
                container.has_ended = true;
            }
        }
        for (name, id) in status.running() {
            let mut containers = spec.containers.iter_mut();
            if let Some(container) = containers.find(|one| one.name == name) {
                id.clone_into(&mut container.runtime_id);
            }
        }
        // Of what has no status: init containers succeed before the pod is `Running` (Kubernetes documentation,
        // "Init Containers").
        if status.phase.0 == "Running" {
            for container in &mut spec.containers {
                let mut told = status.init_container_statuses.iter();
                let is_told = told.any(|one| one.name.0 == container.name);
                container.has_ended |= container.role == "init" && !is_told;
            }
        }
        spec.resource_claims.extend(claim_names(
            status
                .resource_claim_statuses
                .0
                .into_iter()
                .chain(std::iter::once(status.extended_resource_claim_status.0)),
        ));
        let ips = addresses(status.pod_ips.0, status.pod_ip.0);
        let host_ips = addresses(status.host_ips.0, status.host_ip.0);
        Pod {
            meta: self.metadata.0.into_meta(position),
            spec,
            node,
            phase: status.phase.0,
            ips,
            host_ips,
            is_mirror,
        }
    }
}

/// All addresses, or the one of the older field.
fn addresses(all: Vec<AddressWire>, one: String) -> Vec<String> {
    let mut all: Vec<String> = all.into_iter().map(|address| address.ip.0).collect();
    if all.is_empty() && !one.is_empty() {
        all.push(one);
    }
    all
}

impl PodSpecWire {
    pub(super) fn has_containers(&self) -> bool {
        !self.containers.is_empty()
    }

    pub(super) fn into_spec(self) -> PodSpec {
        let roles = [
            (self.init_containers.0, "init"),
            (self.containers.0, ""),
            (self.ephemeral_containers.0, "ephemeral"),
        ];
        let security = self.security_context.0;
        PodSpec {
            service_account: match self.service_account_name.0 {
                name if name.is_empty() => self.service_account.0,
                name => name,
            },
            automount_token: self.automount_service_account_token,
            service_links: self.enable_service_links,
            dns_policy: match self.dns_policy.0 {
                policy if policy == "ClusterFirst" => String::new(),
                policy => policy,
            },
            host: HostAccess {
                network: self.host_network.0,
                pid: self.host_pid.0,
                ipc: self.host_ipc.0,
            },
            has_own_users: self.host_users == Some(false),
            shares_processes: self.share_process_namespace == Some(true),
            fs_group: security.fs_group,
            supplemental_groups: security.supplemental_groups.0.clone(),
            volumes: self.volumes.0.into_iter().map(|volume| volume.0).collect(),
            containers: roles
                .into_iter()
                .flat_map(|(containers, role)| {
                    let security = &security;
                    containers
                        .into_iter()
                        .map(move |container| container.into_container(role, security))
                })
                .collect(),
            image_pull_secrets: self
                .image_pull_secrets
                .0
                .into_iter()
                .map(|secret| secret.name.0)
                .filter(|name| !name.is_empty())
                .collect(),
            resource_claims: claim_names(self.resource_claims.0).collect(),
            metrics_port: None,
            further_networks: Vec::new(),
        }
    }
}

/// Claims by name; those made from a template are named in the pod's status
/// (`resourceclaim.PodClaims`).
fn claim_names(claims: impl IntoIterator<Item = ClaimWire>) -> impl Iterator<Item = String> {
    claims
        .into_iter()
        .map(|claim| claim.resource_claim_name.0)
        .filter(|name| !name.is_empty())
}
