//! Containers of a pod.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use viewshed_model::{Container, EnvName, Mount, Port};

use super::flags::flags;
use super::meta::NameWire;
use crate::nullable::Nullable;
use crate::tells::tells;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerWire {
    name: Nullable<String>,
    image: Nullable<String>,
    command: Nullable<Vec<String>>,
    args: Nullable<Vec<String>>,
    env: Nullable<Vec<EnvWire>>,
    env_from: Nullable<Vec<EnvFromWire>>,
    volume_mounts: Nullable<Vec<MountWire>>,
    ports: Nullable<Vec<PortWire>>,
    security_context: Nullable<SecurityWire>,
    restart_policy: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EnvWire {
    name: Nullable<String>,
    value: Nullable<String>,
    value_from: Option<ValueFromWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ValueFromWire {
    config_map_key_ref: Nullable<NameWire>,
    secret_key_ref: Nullable<KeyRefWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyRefWire {
    name: Nullable<String>,
    key: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EnvFromWire {
    config_map_ref: Nullable<NameWire>,
    secret_ref: Nullable<NameWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MountWire {
    name: Nullable<String>,
    mount_path: Nullable<String>,
    read_only: Nullable<bool>,
    sub_path: Nullable<String>,
    sub_path_expr: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PortWire {
    name: Nullable<String>,
    protocol: Nullable<String>,
    container_port: Nullable<u16>,
    host_port: Nullable<u16>,
    #[serde(rename = "hostIP")]
    host_ip: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SecurityWire {
    privileged: Nullable<bool>,
    run_as_user: Option<i64>,
    run_as_group: Option<i64>,
    run_as_non_root: Option<bool>,
    /// Only of pods.
    pub(super) fs_group: Option<i64>,
    /// Only of pods.
    pub(super) supplemental_groups: Nullable<Vec<i64>>,
    capabilities: Nullable<CapabilitiesWire>,
    windows_options: Nullable<WindowsWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WindowsWire {
    host_process: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CapabilitiesWire {
    add: Nullable<Vec<String>>,
}

impl ContainerWire {
    pub(super) fn into_container(self, role: &str, pod: &SecurityWire) -> Container {
        let mut env_config_maps = Vec::new();
        let mut env_secrets = Vec::new();
        let mut env_tokens = Vec::new();
        for source in self.env_from.0 {
            keep_name(&mut env_config_maps, &source.config_map_ref.name);
            keep_name(&mut env_secrets, &source.secret_ref.name);
            keep_name(&mut env_tokens, &source.secret_ref.name);
        }
        let mut env = Vec::with_capacity(self.env.len());
        for variable in self.env.0 {
            let value = match variable.value_from {
                None => Some(variable.value.as_str()),
                Some(_) => None,
            };
            env.push(EnvName {
                is_reference: variable.value_from.is_some(),
                tells: tells(&variable.name, value),
                name: variable.name.0,
            });
            let source = variable.value_from.unwrap_or_default();
            keep_name(&mut env_config_maps, &source.config_map_key_ref.name);
            let secret = &source.secret_key_ref;
            keep_name(&mut env_secrets, &secret.name);
            if secret.key.as_str() == "token" {
                keep_name(&mut env_tokens, &secret.name);
            }
        }
        let security = self.security_context.0;
        // Kubernetes documentation, "Create a Windows HostProcess Pod": it runs on the node itself.
        let own = security.windows_options.host_process;
        let is_on_host = own.or(pod.windows_options.host_process) == Some(true);
        Container {
            name: self.name.0,
            image: self.image.0,
            env,
            env_config_maps,
            env_secrets,
            env_tokens,
            mounts: self.volume_mounts.0.into_iter().map(Into::into).collect(),
            ports: self.ports.0.into_iter().map(Into::into).collect(),
            privileged: security.privileged.0 || is_on_host,
            run_as_user: security.run_as_user.or(pod.run_as_user),
            run_as_group: security.run_as_group.or(pod.run_as_group),
            run_as_non_root: security.run_as_non_root.or(pod.run_as_non_root),
            added_capabilities: security.capabilities.0.add.0,
            flags: flags(&self.command, &self.args),
            program: self.command.0.into_iter().next().unwrap_or_default(),
            // kubernetes/kubernetes `pkg/api/v1/pod/util.go`, `isRestartableInitContainer`.
            role: match (role, self.restart_policy.0.as_str()) {
                ("init", "Always") => "sidecar".to_owned(),
                (role, _) => role.to_owned(),
            },
            runtime_id: String::new(),
            has_ended: false,
        }
    }
}

fn keep_name(names: &mut Vec<String>, name: &str) {
    if !name.is_empty() && !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

impl From<MountWire> for Mount {
    fn from(wire: MountWire) -> Self {
        Self {
            source: wire.name.0,
            destination: wire.mount_path.0,
            kind: String::new(),
            read_only: wire.read_only.0,
            sub_path: match wire.sub_path.0 {
                path if path.is_empty() => wire.sub_path_expr.0,
                path => path,
            },
        }
    }
}

impl From<PortWire> for Port {
    fn from(wire: PortWire) -> Self {
        Self {
            name: wire.name.0,
            protocol: protocol_or_tcp(wire.protocol.0),
            port: wire.container_port.0,
            target: String::new(),
            node_port: wire.host_port.0,
            host_ip: wire.host_ip.0,
        }
    }
}

/// The API server's default (`SetDefaults_ContainerPort` and its kin).
pub(super) fn protocol_or_tcp(protocol: String) -> String {
    if protocol.is_empty() {
        "TCP".to_owned()
    } else {
        protocol
    }
}

/// `intstr.IntOrString` as text; empty for 0 and `""`.
#[derive(Debug, Default)]
pub(super) struct IntOrText(pub(super) String);

impl<'de> Deserialize<'de> for IntOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = IntOrText;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number or a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<IntOrText, E> {
                Ok(IntOrText(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<IntOrText, E> {
                Ok(IntOrText(match number {
                    0 => String::new(),
                    number => number.to_string(),
                }))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
