//! What a server says of itself: version and health.

use serde::Deserialize;
use viewshed_model::{HealthCheck, ServerVersion};

use crate::DecodeError;
use crate::nullable::Nullable;
use crate::text::{clean, clean_short};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VersionWire {
    git_version: Nullable<String>,
    major: Nullable<String>,
    minor: Nullable<String>,
    platform: Nullable<String>,
}

/// Reads the answer of `/version` (`k8s.io/apimachinery/pkg/version.Info`).
pub fn version(body: &[u8]) -> Result<ServerVersion, DecodeError> {
    let wire: VersionWire = serde_json::from_slice(body).map_err(|error| DecodeError::Json {
        expected: "a server version",
        detail: clean_short(&error.to_string()),
    })?;
    if wire.git_version.is_empty() && wire.major.is_empty() {
        return Err(DecodeError::Kind {
            expected: "a server version",
            found: "JSON without `gitVersion`".to_owned(),
        });
    }
    Ok(ServerVersion {
        git_version: clean(&wire.git_version).into_owned(),
        major: clean(&wire.major).into_owned(),
        minor: clean(&wire.minor).into_owned(),
        platform: clean(&wire.platform).into_owned(),
    })
}

/// Checks that one answer may list; a server has some dozens.
const CHECKS_MAX: usize = 1000;

/// Reads the text of `/livez?verbose` or `/readyz?verbose`: lines `[+]name ok` and
/// `[-]name failed: reason withheld` (`k8s.io/apiserver/pkg/server/healthz`). Other lines are not
/// checks and are left out; at most [`CHECKS_MAX`] are read.
pub fn health(endpoint: &str, body: &[u8]) -> Vec<HealthCheck> {
    String::from_utf8_lossy(body)
        .lines()
        .filter_map(|line| {
            let (ok, rest) = line
                .strip_prefix("[+]")
                .map(|rest| (true, rest))
                .or_else(|| line.strip_prefix("[-]").map(|rest| (false, rest)))?;
            Some(HealthCheck {
                endpoint: endpoint.to_owned(),
                check: clean_short(rest.split_whitespace().next()?),
                ok,
            })
        })
        .take(CHECKS_MAX)
        .collect()
}
