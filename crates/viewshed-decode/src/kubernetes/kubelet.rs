//! The kubelet's settings: live `configz`, KubeletConfiguration files and flags.

use serde::Deserialize;
use viewshed_model::{Container, KubeletSettings, Position};

use super::flags::value_of;
use super::meta::{TypeMeta, split_api_version};
use crate::DecodeError;
use crate::nullable::Nullable;
use crate::text::clean_short;
use crate::yaml;

const EXPECTED: &str = "a `KubeletConfiguration`";

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConfigurationWire {
    authentication: Nullable<AuthenticationWire>,
    authorization: Nullable<AuthorizationWire>,
    read_only_port: Option<u16>,
    enable_debugging_handlers: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AuthenticationWire {
    anonymous: Nullable<SwitchWire>,
    webhook: Nullable<SwitchWire>,
    x509: Nullable<CertificateWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SwitchWire {
    enabled: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CertificateWire {
    #[serde(rename = "clientCAFile")]
    client_ca_file: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AuthorizationWire {
    mode: Nullable<String>,
}

impl ConfigurationWire {
    fn into_settings(self, position: Option<Box<Position>>) -> KubeletSettings {
        let authentication = self.authentication.0;
        KubeletSettings {
            anonymous: authentication.anonymous.0.enabled,
            webhook_authentication: authentication.webhook.0.enabled,
            client_ca: authentication
                .x509
                .0
                .client_ca_file
                .map(|file| !file.is_empty()),
            authorization_mode: self.authorization.0.mode.0,
            read_only_port: self.read_only_port,
            debugging_handlers: self.enable_debugging_handlers,
            position,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConfigzWire {
    kubeletconfig: Option<ConfigurationWire>,
}

/// Reads a kubelet's `/configz`, which gives the settings in effect, flags included.
pub fn configz(body: &[u8]) -> Result<KubeletSettings, DecodeError> {
    let wire: ConfigzWire = serde_json::from_slice(body).map_err(|error| DecodeError::Json {
        expected: EXPECTED,
        detail: clean_short(&error.to_string()),
    })?;
    wire.kubeletconfig
        .map(|wire| wire.into_settings(None))
        .ok_or_else(|| DecodeError::Kind {
            expected: "a kubelet's `configz`",
            found: "JSON without `kubeletconfig`".to_owned(),
        })
}

/// Reads a `KubeletConfiguration` file (`kubelet.config.k8s.io/v1beta1`), YAML or JSON.
pub fn kubelet_configuration(body: &[u8]) -> Result<KubeletSettings, DecodeError> {
    let json = yaml::one_document(body)?;
    let type_meta: TypeMeta<'_> = serde_json::from_str(&json).unwrap_or_default();
    let (group, _) = split_api_version(&type_meta.api_version);
    if !is_configuration(group, &type_meta.kind) {
        return Err(DecodeError::Kind {
            expected: EXPECTED,
            found: clean_short(&format!("{} {}", *type_meta.api_version, *type_meta.kind)),
        });
    }
    settings(&json, None).map_err(|error| DecodeError::Json {
        expected: EXPECTED,
        detail: clean_short(&error.to_string()),
    })
}

pub(super) fn is_configuration(group: &str, kind: &str) -> bool {
    group == "kubelet.config.k8s.io" && kind == "KubeletConfiguration"
}

pub(super) fn settings(
    json: &str,
    position: Option<Box<Position>>,
) -> Result<KubeletSettings, serde_json::Error> {
    let wire: ConfigurationWire = serde_json::from_str(json)?;
    Ok(wire.into_settings(position))
}

/// The settings that a kubelet's command line gives. Without `--config` the older defaults hold
/// (`cmd/kubelet/app/options` `applyLegacyDefaults`): anonymous requests, no webhook, every request
/// allowed, and the read-only port 10255.
pub(super) fn settings_of_flags(container: &Container) -> KubeletSettings {
    let value = |name| value_of(&container.flags, name);
    let switch = |name| value(name).and_then(|text| text.parse::<bool>().ok());
    let is_legacy = value("config").is_none();
    let legacy = |default: bool| is_legacy.then_some(default);
    KubeletSettings {
        anonymous: switch("anonymous-auth").or(legacy(true)),
        webhook_authentication: switch("authentication-token-webhook").or(legacy(false)),
        client_ca: value("client-ca-file")
            .map(|file| !file.is_empty())
            .or(legacy(false)),
        authorization_mode: value("authorization-mode")
            .or(is_legacy.then_some("AlwaysAllow"))
            .unwrap_or_default()
            .to_owned(),
        read_only_port: value("read-only-port")
            .and_then(|port| port.parse().ok())
            .or(is_legacy.then_some(10255)),
        debugging_handlers: switch("enable-debugging-handlers"),
        position: None,
    }
}
