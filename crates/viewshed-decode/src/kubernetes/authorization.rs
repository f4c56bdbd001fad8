//! The authorizer chain: AuthorizationConfiguration files and kube-apiserver's flags.

use serde::Deserialize;
use viewshed_model::{Authorizer, AuthorizerKind, Container};

use super::flags::value_of;
use super::meta::{TypeMeta, split_api_version};
use crate::DecodeError;
use crate::nullable::Nullable;
use crate::text::clean_short;
use crate::yaml;

const EXPECTED: &str = "an `AuthorizationConfiguration`";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConfigurationWire {
    authorizers: Nullable<Vec<AuthorizerWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AuthorizerWire {
    r#type: Nullable<String>,
    name: Nullable<String>,
    webhook: Nullable<WebhookWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WebhookWire {
    failure_policy: Nullable<String>,
    match_conditions: Nullable<Vec<ConditionWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConditionWire {
    expression: Nullable<String>,
}

/// Reads an `AuthorizationConfiguration` (`apiserver.config.k8s.io` v1, v1beta1, v1alpha1) from
/// YAML or JSON, in the order of the chain.
pub fn authorization_configuration(body: &[u8]) -> Result<Vec<Authorizer>, DecodeError> {
    let json = yaml::one_document(body)?;
    let type_meta: TypeMeta<'_> = serde_json::from_str(&json).unwrap_or_default();
    let (group, version) = split_api_version(&type_meta.api_version);
    if !is_configuration(group, &type_meta.kind)
        || !matches!(version, "v1" | "v1beta1" | "v1alpha1")
    {
        return Err(DecodeError::Kind {
            expected: EXPECTED,
            found: clean_short(&format!("{} {}", *type_meta.api_version, *type_meta.kind)),
        });
    }
    chain(&json).map_err(|error| DecodeError::Json {
        expected: EXPECTED,
        detail: clean_short(&error.to_string()),
    })
}

pub(super) fn is_configuration(group: &str, kind: &str) -> bool {
    group == "apiserver.config.k8s.io" && kind == "AuthorizationConfiguration"
}

pub(super) fn chain(json: &str) -> Result<Vec<Authorizer>, serde_json::Error> {
    let wire: ConfigurationWire = serde_json::from_str(json)?;
    Ok(wire
        .authorizers
        .0
        .into_iter()
        .map(|authorizer| {
            let webhook = authorizer.webhook.0;
            Authorizer {
                kind: kind_of(&authorizer.r#type),
                name: authorizer.name.0,
                match_conditions: webhook
                    .match_conditions
                    .0
                    .into_iter()
                    .map(|condition| condition.expression.0)
                    .collect(),
                failure_policy: webhook.failure_policy.0,
            }
        })
        .collect())
}

/// The chain that kube-apiserver's own flags give; `None` when they point to a file instead.
///
/// Without either flag every request is allowed (`pkg/kubeapiserver/options/authorization.go`:
/// the default mode is `AlwaysAllow`).
pub(super) fn chain_of_flags(container: &Container) -> Option<Vec<Authorizer>> {
    if value_of(&container.flags, "authorization-config").is_some() {
        return None;
    }
    let modes = value_of(&container.flags, "authorization-mode").unwrap_or("AlwaysAllow");
    Some(
        modes
            .split(',')
            .map(|mode| mode.trim().trim_matches(['"', '\'']))
            .filter(|mode| !mode.is_empty())
            .map(|mode| Authorizer {
                kind: kind_of(mode),
                name: mode.to_owned(),
                match_conditions: Vec::new(),
                // A webhook that was set up by flags: `authorization_webhook_config.go` uses
                // `FailurePolicyNoOpinion` for the legacy flags.
                failure_policy: match mode {
                    "Webhook" => "NoOpinion".to_owned(),
                    _ => String::new(),
                },
            })
            .collect(),
    )
}

/// `pkg/kubeapiserver/authorizer/modes`; compared exactly.
fn kind_of(mode: &str) -> AuthorizerKind {
    match mode {
        "Node" => AuthorizerKind::Node,
        "RBAC" => AuthorizerKind::Rbac,
        "ABAC" => AuthorizerKind::Abac,
        "Webhook" => AuthorizerKind::Webhook,
        "AlwaysAllow" => AuthorizerKind::AlwaysAllow,
        "AlwaysDeny" => AuthorizerKind::AlwaysDeny,
        _ => AuthorizerKind::Unknown,
    }
}
