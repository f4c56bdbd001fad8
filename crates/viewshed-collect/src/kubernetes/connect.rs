//! ENTERS: the credential that a kubeconfig names, and with it the first answer of the server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::client::Client;
use super::failure::{Failure, classify};
use super::kubeconfig::{
    SERVICE_ACCOUNT_FOLDER, Token, complete_addresses, incomplete, load, of_variables, proxy_named,
};
use super::limits::Limits;
use super::proxy::proxy_for;
use super::request::{Request, Review};
use super::verify::identity_in;
use crate::environment::Environment;
use crate::error::Error;
use crate::text::one_line;

/// How to connect. `Options::new` fills in what a user does not name.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`; else the kubeconfig's current one.
    pub context: Option<String>,
    /// `--as`, `--as-group`, `--as-uid`.
    pub impersonation: Impersonation,
    /// Namespaces to ask one by one where the credential may not list namespaces.
    pub namespaces: Vec<String>,
    /// Variables and files around the program.
    pub environment: Environment,
    /// What the server's audit log shows, for example `viewshed/0.1.0`.
    pub user_agent: String,
    /// Bounds.
    pub limits: Limits,
}

/// Whom to act as. All empty: oneself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impersonation {
    /// `Impersonate-User`; the server demands it when one of the others is given.
    pub user: Option<String>,
    /// `Impersonate-Group`.
    pub groups: Vec<String>,
    /// `Impersonate-Uid`.
    pub uid: Option<String>,
}

impl Options {
    /// What holds when the user names nothing.
    pub fn new(environment: Environment, user_agent: &str) -> Self {
        Self {
            kubeconfig: None,
            context: None,
            impersonation: Impersonation::default(),
            namespaces: Vec::new(),
            environment,
            user_agent: user_agent.to_owned(),
            limits: Limits::default(),
        }
    }
}

/// Connects and asks the server who it takes the credential for.
///
/// # Errors
/// No usable kubeconfig, no connection, no trust, no credential, or a credential that the server does
/// not accept.
pub async fn connect(options: &Options) -> Result<Client, Error> {
    let kubeconfig = load(options)?;
    let mut client = open(kubeconfig, options).await?;
    client.identity = check_credential(&client).await?;
    Ok(client)
}

/// Reads the kubeconfig, or finds the pod's credential, and sends nothing.
///
/// # Errors
/// No usable kubeconfig, or a credential plugin that fails.
pub async fn prepare(options: &Options) -> Result<Client, Error> {
    open(load(options)?, options).await
}

/// A token that lies in a pod, and files that may hold the authorities of its API server.
pub(crate) struct Found<'t> {
    pub(crate) token: Token<'t>,
    /// Tried after the file beside the token and the usual one, in this order.
    pub(crate) authorities: &'t [PathBuf],
    pub(crate) unchecked: Unchecked,
}

/// Whether a token is also sent to a server whose certificate nothing vouches for: whoever answers at the address
/// that the variables name then has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchecked {
    /// It is kept back.
    Refused,
    /// The user said so.
    Allowed,
}

/// A connection with a token that was found.
pub(crate) struct Taken {
    pub(crate) client: Client,
    /// Whether no authority at hand vouches for the server, so that its certificate was not checked.
    pub(crate) is_unverified: bool,
}

/// Connects to the server that a pod's variables name, with a token and an authority that vouches for the server;
/// where none lies in the pod, one of the system's, as client-go does. The token's own namespace file is used when
/// there is one.
///
/// # Errors
/// No server named, no connection, no trust, or a token that the server does not accept.
pub(crate) async fn connect_with_token(
    options: &Options,
    found: &Found<'_>,
) -> Result<Taken, Error> {
    let environment = &options.environment;
    let path = match found.token {
        Token::File(path) => Some(path),
        Token::Text(_) => None,
    };
    let namespace = beside(options, path, "namespace").next();
    let namespace = namespace.and_then(|path| std::fs::read_to_string(path).ok());
    let token = path.map(|path| environment.path(path));
    let token = match (found.token, &token) {
        (Token::File(_), Some(path)) => Token::File(path),
        (other, _) => other,
    };
    let mut last = Error::NoCluster;
    for (authority, is_unverified) in ways(options, path, found) {
        let mut kubeconfig = of_variables(environment, Some(token), &authority, namespace.clone())
            .ok_or(Error::NoCluster)?;
        let server = server_of(&kubeconfig);
        if is_unverified {
            let clusters = kubeconfig.clusters.iter_mut();
            for cluster in clusters.filter_map(|named| named.cluster.as_mut()) {
                cluster.insecure_skip_tls_verify = Some(true);
            }
        }
        let opened = async {
            let mut client = open(kubeconfig, options).await?;
            client.identity = check_credential(&client).await?;
            Ok(client)
        };
        match opened.await {
            Ok(client) => {
                return Ok(Taken {
                    client,
                    is_unverified,
                });
            }
            // Another cluster's authority, or none at all: the next may be the one.
            Err(Error::Untrusted { .. } | Error::KubeconfigIncomplete { .. })
                if authority.as_os_str().is_empty() =>
            {
                last = Error::NoAuthority { server };
            }
            Err(error @ (Error::Untrusted { .. } | Error::KubeconfigIncomplete { .. })) => {
                last = error;
            }
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// The authorities to try, and whether the certificate goes unchecked: an empty path stands for the system's.
fn ways(options: &Options, token: Option<&Path>, found: &Found<'_>) -> Vec<(PathBuf, bool)> {
    let more = found.authorities.iter();
    let more = more.map(|path| options.environment.path(path));
    let mut authorities: Vec<PathBuf> = beside(options, token, "ca.crt").chain(more).collect();
    let mut seen = BTreeSet::new();
    authorities.retain(|path| path.is_file() && seen.insert(path.clone()));
    if authorities.is_empty() {
        authorities.push(PathBuf::new());
    }
    let mut ways: Vec<(PathBuf, bool)> =
        authorities.into_iter().map(|path| (path, false)).collect();
    if found.unchecked == Unchecked::Allowed {
        ways.push((PathBuf::new(), true));
    }
    ways
}

/// The address that a kubeconfig made of variables names.
fn server_of(kubeconfig: &Kubeconfig) -> String {
    let clusters = kubeconfig.clusters.iter();
    let mut clusters = clusters.filter_map(|named| named.cluster.as_ref());
    let server = clusters.find_map(|cluster| cluster.server.clone());
    server.unwrap_or_default()
}

/// Files of a name beside a token, and in the usual folder.
fn beside<'p>(
    options: &'p Options,
    token: Option<&'p Path>,
    name: &'p str,
) -> impl Iterator<Item = PathBuf> + 'p {
    let folders = [
        token.and_then(Path::parent),
        Some(Path::new(SERVICE_ACCOUNT_FOLDER)),
    ];
    let paths = folders.into_iter().flatten();
    paths
        .map(move |folder| options.environment.path(folder.join(name)))
        .filter(|path| path.exists())
}

/// Prepares a connection to the server that a pod's variables name, for requests without any
/// credential. Nothing is sent.
///
/// # Errors
/// No server named.
pub(crate) async fn connect_as_stranger(options: &Options) -> Result<Client, Error> {
    let namespace = beside(options, None, "namespace").next();
    let namespace = namespace.and_then(|path| std::fs::read_to_string(path).ok());
    let authority = beside(options, None, "ca.crt").next().unwrap_or_default();
    let kubeconfig = of_variables(&options.environment, None, &authority, namespace);
    open(kubeconfig.ok_or(Error::NoCluster)?, options).await
}

/// Asks one thing that needs a valid credential but no permission.
async fn check_credential(client: &Client) -> Result<Option<viewshed_model::Identity>, Error> {
    match client.get(&Request::Review(Review::WhoAmI)).await {
        Ok(body) => Ok(identity_in(&body)),
        // A server before 1.28, or a role set without `system:basic-user`.
        Err(Failure::Status(refusal)) if matches!(refusal.code, 404 | 405) => Ok(None),
        Err(Failure::Status(refusal)) if refusal.code == 403 => {
            if refusal.message.contains("cannot impersonate") {
                return Err(Error::ImpersonationForbidden {
                    server: client.server.clone(),
                    detail: refusal.message,
                });
            }
            Ok(None)
        }
        Err(failure) => Err(failure.into_error(&client.server)),
    }
}

/// Opens both connections without sending anything.
pub(crate) async fn open(mut kubeconfig: Kubeconfig, options: &Options) -> Result<Client, Error> {
    complete_addresses(&mut kubeconfig);
    let context = options
        .context
        .clone()
        .or_else(|| kubeconfig.current_context.clone());
    let proxy = context
        .as_deref()
        .and_then(|context| proxy_named(&kubeconfig, context));
    let choice = KubeConfigOptions {
        context: options.context.clone(),
        ..KubeConfigOptions::default()
    };
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &choice)
        .await
        .map_err(|error| incomplete(&error))?;
    let server = without_password(&config.cluster_url);
    // The library takes the variables for a proxy but judges NO_PROXY by the proxy's own name.
    config.proxy_url = proxy_for(&config.cluster_url, proxy.as_deref(), &options.environment);
    credential::fit(&mut config.auth_info, &options.impersonation)?;
    if config.accept_invalid_certs && config.root_cert.is_none() {
        // The library would load the system's authorities although nobody asks them, and fail in an
        // image that has none.
        config.root_cert = Some(Vec::new());
    }
    config.default_retry = false;
    config.connect_timeout = Some(options.limits.answer_time_max.min(CONNECT_TIME_MAX));
    config.read_timeout = None;
    let name = context.map_or_else(|| server.clone(), |name| one_line(&name));
    let namespace = config.default_namespace.clone();
    let mut stranger = config.clone();
    stranger.auth_info = AuthInfo::default();
    Ok(Client {
        with_credential: make(config, &server, options.limits.plugin_time_max).await?,
        without_credential: make(stranger, &server, options.limits.plugin_time_max).await?,
        name,
        server,
        namespace,
        known_namespaces: options.namespaces.clone(),
        identity: None,
        user_agent: options.user_agent.clone(),
        limits: options.limits,
        seats: Semaphore::new(options.limits.requests_at_once.max(1)),
        review_seats: Semaphore::new(options.limits.reviews_at_once.max(1)),
        timeouts: AtomicU32::new(0),
    })
}

const CONNECT_TIME_MAX: Duration = Duration::from_secs(15);

/// Making a client may run the credential plugin, which blocks.
async fn make(
    mut config: kube::Config,
    server: &str,
    plugin_time_max: Duration,
) -> Result<kube::Client, Error> {
    let plugin = config
        .auth_info
        .exec
        .as_ref()
        .and_then(|exec| exec.command.clone());
    let mark = plugin::mark(&mut config.auth_info);
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let making = tokio::task::spawn_blocking(move || kube::Client::try_from(config));
    let made = match timeout(plugin_time_max, making).await {
        Ok(Ok(made)) => made,
        Ok(Err(_)) => {
            return Err(Error::NoCredential {
                server: server.to_owned(),
                detail: "the credential plugin could not be run".to_owned(),
            });
        }
        Err(_) => {
            plugin::end(&mark);
            return Err(Error::PluginTimedOut {
                plugin: one_line(plugin.as_deref().unwrap_or("of the kubeconfig")),
                seconds: plugin_time_max.as_secs(),
            });
        }
    };
    made.map_err(|error| match error {
        kube::Error::InferKubeconfig(error) => incomplete(&error),
        error @ kube::Error::Auth(_) => match (classify(&error).into_error(server), plugin) {
            (Error::NoCredential { server, detail }, Some(plugin)) => Error::NoCredential {
                server,
                detail: format!("{detail} (`{}`)", one_line(&plugin)),
            },
            (other, _) => other,
        },
        other => Error::KubeconfigIncomplete {
            detail: one_line(&other.to_string()),
            hint: "check the certificates and the proxy in the kubeconfig".to_owned(),
        },
    })
}

/// The address for messages and reports: an old style of login puts a password into it.
fn without_password(server: &http::Uri) -> String {
    let address = server.to_string();
    match (address.split_once("://"), server.authority()) {
        (Some((scheme, rest)), Some(authority)) => match authority.as_str().rsplit_once('@') {
            Some((login, _)) => {
                let rest = rest.strip_prefix(login).unwrap_or(rest);
                format!("{scheme}://{}", rest.trim_start_matches('@'))
            }
            None => address,
        },
        _ => address,
    }
}

mod credential;
mod plugin;
#[cfg(test)]
mod tests;
