//! ENTERS: kubeconfig files, and the credential that a pod gets.
//!
//! The rules are those of client-go's `tools/clientcmd`: a named file, else the list in KUBECONFIG
//! (missing files are skipped, the first file to set a thing wins), else `~/.kube/config`, else the
//! service account of the pod. A credential plugin runs only when one of these files names it.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kube::config::{
    AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError, NamedAuthInfo, NamedCluster,
    NamedContext,
};

use super::connect::Options;
use crate::environment::Environment;
use crate::error::Error;
use crate::text::one_line;

/// The kubeconfig that applies.
pub(crate) fn load(options: &Options) -> Result<Kubeconfig, Error> {
    if let Some(path) = &options.kubeconfig {
        return read_file(path);
    }
    let environment = &options.environment;
    let merged = match environment.variable("KUBECONFIG") {
        Some(list) => merge_files(std::env::split_paths(list))?,
        None => merge_files(
            environment
                .variable("HOME")
                .map(|home| Path::new(home).join(".kube/config")),
        )?,
    };
    if let Some(kubeconfig) = merged {
        return Ok(kubeconfig);
    }
    of_pod(environment).ok_or_else(|| match environment.variable("KUBECONFIG") {
        Some(list) if !list.is_empty() => missing(list),
        // The kubelet tells every container of a pod where the API server is.
        _ if environment.variable("KUBERNETES_SERVICE_HOST").is_some() => Error::NoTokenInPod,
        _ => Error::NoCluster,
    })
}

// Somebody meant a cluster: that none was found is not the same as that none was wanted.
fn missing(list: &str) -> Error {
    let files: Vec<String> = std::env::split_paths(list)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| format!("`{}`", one_line(&path.display().to_string())))
        .collect();
    Error::KubeconfigAbsent {
        files: files.join(", "),
    }
}

/// The namespace of requests that name none: that of the context; inside a pod whose kubeconfig says nothing
/// of it, the pod's own; else `default` (`DeferredLoadingClientConfig.Namespace` and
/// `inClusterClientConfig.Namespace` in client-go's `tools/clientcmd`). Sends nothing.
///
/// # Errors
/// No usable kubeconfig.
pub fn default_namespace(options: &Options) -> Result<String, Error> {
    let kubeconfig = load(options)?;
    let chosen = options.context.as_ref();
    let context = chosen.or(kubeconfig.current_context.as_ref());
    let named = kubeconfig
        .contexts
        .iter()
        .find(|named| Some(&named.name) == context)
        .and_then(|named| named.context.as_ref()?.namespace.clone())
        .filter(|namespace| !namespace.is_empty());
    Ok(named
        .or_else(|| namespace_of_pod(&options.environment))
        .unwrap_or_else(|| "default".to_owned()))
}

fn namespace_of_pod(environment: &Environment) -> Option<String> {
    environment.variable("KUBERNETES_SERVICE_HOST")?;
    environment.variable("KUBERNETES_SERVICE_PORT")?;
    let folder = environment.path(SERVICE_ACCOUNT_FOLDER);
    if !folder.join("token").exists() {
        return None;
    }
    if let Some(namespace) = environment.variable("POD_NAMESPACE") {
        return Some(namespace.to_owned());
    }
    let namespace = std::fs::read_to_string(folder.join("namespace")).ok()?;
    Some(namespace.trim().to_owned()).filter(|namespace| !namespace.is_empty())
}

/// Merges the files that exist and say anything; `None` when there is none.
fn merge_files(paths: impl IntoIterator<Item = PathBuf>) -> Result<Option<Kubeconfig>, Error> {
    let mut merged: Option<Kubeconfig> = None;
    for path in paths {
        if path.as_os_str().is_empty() {
            continue;
        }
        let next = match read_file(&path) {
            Ok(next) => next,
            Err(Error::KubeconfigUnreadable { source, .. })
                if source.kind() == ErrorKind::NotFound =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        merged = Some(match merged {
            None => next,
            Some(first) => first
                .merge(next)
                .map_err(|error| malformed(&path, &error))?,
        });
    }
    Ok(merged.filter(|kubeconfig| {
        !kubeconfig.clusters.is_empty()
            || !kubeconfig.contexts.is_empty()
            || kubeconfig.current_context.is_some()
    }))
}

fn read_file(path: &Path) -> Result<Kubeconfig, Error> {
    Kubeconfig::read_from(path).map_err(|error| match error {
        KubeconfigError::ReadConfig(source, _) => Error::KubeconfigUnreadable {
            path: path.to_owned(),
            source,
        },
        other => malformed(path, &other),
    })
}

/// Gives addresses without a scheme the one that client-go takes: `https` where the cluster or the user has
/// anything for TLS, else `http` (`rest.DefaultServerURL` and `defaultServerUrlFor`).
pub(crate) fn complete_addresses(kubeconfig: &mut Kubeconfig) {
    let with_certificate: BTreeSet<&str> = kubeconfig
        .auth_infos
        .iter()
        .filter(|named| {
            named.auth_info.as_ref().is_some_and(|user| {
                user.client_certificate.is_some() || user.client_certificate_data.is_some()
            })
        })
        .map(|named| named.name.as_str())
        .collect();
    let contexts = kubeconfig.contexts.iter();
    let of_certificates: BTreeSet<&str> = contexts
        .filter_map(|named| named.context.as_ref())
        .filter(|context| {
            let user = context.user.as_deref();
            user.is_some_and(|user| with_certificate.contains(user))
        })
        .map(|context| context.cluster.as_str())
        .collect();
    for named in &mut kubeconfig.clusters {
        let Some(cluster) = &mut named.cluster else {
            continue;
        };
        let uses_tls = of_certificates.contains(named.name.as_str())
            || cluster.certificate_authority.is_some()
            || cluster.certificate_authority_data.is_some()
            || cluster.insecure_skip_tls_verify == Some(true);
        if let Some(server) = &mut cluster.server
            && !server.is_empty()
            && !server.contains("://")
        {
            let scheme = if uses_tls { "https" } else { "http" };
            *server = format!("{scheme}://{server}");
        }
    }
}

/// The `proxy-url` of the context's cluster.
pub(crate) fn proxy_named(kubeconfig: &Kubeconfig, context: &str) -> Option<String> {
    let named = kubeconfig
        .contexts
        .iter()
        .find(|named| named.name == context)?;
    let cluster = &named.context.as_ref()?.cluster;
    let named = kubeconfig
        .clusters
        .iter()
        .find(|named| &named.name == cluster)?;
    named.cluster.as_ref()?.proxy_url.clone()
}

// The parser quotes the lines around a mistake, and those may hold a token.
fn malformed(path: &Path, error: &KubeconfigError) -> Error {
    let detail = match error {
        KubeconfigError::Parse(error) => match error.location() {
            Some(place) => format!("line {}, column {}", place.line(), place.column()),
            None => "it is not YAML of that kind".to_owned(),
        },
        other => one_line(&other.to_string()),
    };
    Error::KubeconfigMalformed {
        path: path.to_owned(),
        detail,
    }
}

pub(crate) fn incomplete(error: &KubeconfigError) -> Error {
    let (detail, hint) = match error {
        KubeconfigError::CurrentContextNotSet => (
            "it has no current context".to_owned(),
            "name one with `--context`",
        ),
        KubeconfigError::LoadContext(name) => (
            format!("it has no context `{}`", one_line(name)),
            "list them with `kubectl config get-contexts`",
        ),
        KubeconfigError::LoadClusterOfContext(name) => (
            format!("it has no cluster `{}`", one_line(name)),
            "check the context's `cluster`",
        ),
        KubeconfigError::MissingClusterUrl => (
            "its cluster has no `server`".to_owned(),
            "add the address of the API server",
        ),
        KubeconfigError::ParseClusterUrl(_) => (
            "its `server` is not an address".to_owned(),
            "write it as `https://HOST:PORT`",
        ),
        other => (
            one_line(&other.to_string()),
            "check the files that the kubeconfig names",
        ),
    };
    Error::KubeconfigIncomplete {
        detail,
        hint: hint.to_owned(),
    }
}

/// Where a service account's token, CA and namespace are mounted
/// (`plugin/pkg/admission/serviceaccount`).
pub(crate) const SERVICE_ACCOUNT_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The credential that a pod gets, when this is one (client-go `rest.InClusterConfig`).
fn of_pod(environment: &Environment) -> Option<Kubeconfig> {
    let folder = environment.path(SERVICE_ACCOUNT_FOLDER);
    let token = folder.join("token");
    if !token.exists() {
        return None;
    }
    let namespace = std::fs::read_to_string(folder.join("namespace")).ok();
    let token = Token::File(&token);
    of_variables(environment, Some(token), &folder.join("ca.crt"), namespace)
}

/// A service account's token, and where it lies.
#[derive(Clone, Copy)]
pub(crate) enum Token<'t> {
    File(&'t Path),
    Text(&'t str),
}

const NAME: &str = "in-cluster";

/// A kubeconfig in memory for the server that the pod's variables name, with the token of a file or
/// without any credential. Only a token needs to know whom it is sent to: where there is neither a token
/// nor an authority, the server's certificate is not checked.
pub(crate) fn of_variables(
    environment: &Environment,
    token: Option<Token<'_>>,
    authority: &Path,
    namespace: Option<String>,
) -> Option<Kubeconfig> {
    let host = environment.variable("KUBERNETES_SERVICE_HOST")?;
    let port = environment.variable("KUBERNETES_SERVICE_PORT")?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let cluster = Cluster {
        server: Some(format!("https://{host}:{port}")),
        certificate_authority: authority
            .exists()
            .then(|| authority.to_string_lossy().into_owned()),
        insecure_skip_tls_verify: (token.is_none() && !authority.exists()).then_some(true),
        ..Cluster::default()
    };
    let mut user = AuthInfo::default();
    match token {
        Some(Token::File(path)) => user.token_file = Some(path.to_string_lossy().into_owned()),
        Some(Token::Text(text)) => user.token = Some(text.to_owned().into()),
        None => {}
    }
    let context = Context {
        cluster: NAME.to_owned(),
        user: Some(NAME.to_owned()),
        namespace: namespace.map(|name| name.trim().to_owned()),
        ..Context::default()
    };
    Some(Kubeconfig {
        clusters: vec![NamedCluster {
            name: NAME.to_owned(),
            cluster: Some(cluster),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: NAME.to_owned(),
            auth_info: Some(user),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: NAME.to_owned(),
            context: Some(context),
            ..NamedContext::default()
        }],
        current_context: Some(NAME.to_owned()),
        ..Kubeconfig::default()
    })
}

#[cfg(test)]
mod tests;
