//! Whether the API server takes requests without a credential: AuthenticationConfiguration files and
//! kube-apiserver's flags.

use serde::Deserialize;
use viewshed_model::{AnonymousAccess, Container};

use super::flags::value_of;
use crate::nullable::Nullable;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConfigurationWire {
    anonymous: Option<AnonymousWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AnonymousWire {
    enabled: Nullable<bool>,
    conditions: Nullable<Vec<ConditionWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConditionWire {
    path: Nullable<String>,
}

pub(super) fn is_configuration(group: &str, kind: &str) -> bool {
    group == "apiserver.config.k8s.io" && kind == "AuthenticationConfiguration"
}

/// `anonymous` of the file; `None` where it leaves that to the flag
/// (`staging/src/k8s.io/apiserver/pkg/apis/apiserver`, `AnonymousAuthConfig`).
pub(super) fn anonymous(json: &str) -> Result<Option<AnonymousAccess>, serde_json::Error> {
    let wire: ConfigurationWire = serde_json::from_str(json)?;
    let access = wire.anonymous.map(|anonymous| {
        let conditions = anonymous.conditions.0;
        match (anonymous.enabled.0, conditions.is_empty()) {
            (false, _) => AnonymousAccess::Refused,
            (true, true) => AnonymousAccess::Taken,
            (true, false) => {
                let paths = conditions.into_iter().map(|condition| condition.path.0);
                AnonymousAccess::OnPaths(paths.collect())
            }
        }
    });
    Ok(access)
}

/// What kube-apiserver's own flags say; `None` when a file may say otherwise. True is the default, and the mode
/// `AlwaysAllow`, which is the default one, turns it off whatever the flag says
/// (`pkg/kubeapiserver/options/authentication.go`, `ApplyAuthorization`).
pub(super) fn anonymous_of_flags(container: &Container) -> Option<AnonymousAccess> {
    let flags = &container.flags;
    let allows_all = value_of(flags, "authorization-config").is_none()
        && value_of(flags, "authorization-mode")
            .unwrap_or("AlwaysAllow")
            .split(',')
            .any(|mode| mode == "AlwaysAllow");
    if allows_all {
        return Some(AnonymousAccess::Refused);
    }
    match value_of(flags, "anonymous-auth") {
        Some("false") => Some(AnonymousAccess::Refused),
        Some(_) => Some(AnonymousAccess::Taken),
        None => value_of(flags, "authentication-config")
            .is_none()
            .then_some(AnonymousAccess::Taken),
    }
}
