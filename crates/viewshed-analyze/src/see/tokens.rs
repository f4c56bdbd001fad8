//! The service account tokens that a pod holds.
//!
//! Source: `plugin/pkg/admission/serviceaccount/admission.go` (`shouldAutomount`, mirror pods), and
//! the projected volume API.

use viewshed_model::{Container, PodSpec, VolumeSource};

use crate::sight::AccountTables;

/// Where the admission plugin mounts the token.
pub(super) const DEFAULT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Audiences that API servers accept by default or by common practice: the default issuer of
/// kubeadm, and what managed clusters set. Which one a server really accepts
/// (`--api-audiences`) is not in the estate.
const API_AUDIENCES: [&str; 3] = [
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local",
    "kubernetes.default.svc",
];

/// A token that lies in a pod's file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Name of the service account, in the pod's namespace; `None` when the estate does not tell.
    pub(super) service_account: Option<String>,
    /// File or folder in the container.
    pub(super) path: String,
    /// What it is good for.
    pub(super) audience: Audience,
    /// Name of the secret that holds it, for tokens that never expire.
    pub(super) secret: Option<String>,
    /// The container that had it, where only one that has ended did.
    pub(super) ended_with: Option<String>,
}

/// Whom a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Audience {
    /// The API server.
    ApiServer,
    /// Probably the API server: by a name that it usually has.
    Likely(String),
    /// Somebody else: the API server refuses it.
    Other(String),
}

/// The pod whose tokens are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenHolder<'a> {
    pub(super) accounts: &'a AccountTables<'a>,
    pub(super) namespace: &'a str,
    pub(super) spec: &'a PodSpec,
    /// The pod went through admission: whatever it mounts stands in its volumes.
    pub(super) is_admitted: bool,
    /// A static pod: admission gives it no token.
    pub(super) is_mirror: bool,
}

impl TokenHolder<'_> {
    /// Every token, in the order of the volumes; the automatic one of manifests last.
    pub(super) fn tokens(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        for volume in &self.spec.volumes {
            let Some(mounted) = self.mounted(&volume.name) else {
                continue;
            };
            let mount = mounted.path;
            let of_volume = tokens.len();
            for source in &volume.sources {
                match source {
                    VolumeSource::Token(projection) => tokens.push(Token {
                        service_account: Some(self.account().to_owned()),
                        path: format!("{}/{}", mount.trim_end_matches('/'), projection.path),
                        audience: Audience::of(&projection.audience),
                        secret: None,
                        ended_with: None,
                    }),
                    VolumeSource::Secret(secret) if volume.without_token.contains(secret) => {}
                    VolumeSource::Secret(secret) => {
                        let mut paths = volume.token_paths.iter();
                        let path = paths.find(|(of, _)| of == secret);
                        let path = path.map_or("token", |(_, path)| path.as_str());
                        let token = self.legacy_token(secret);
                        tokens.extend(token.map(|token| Token {
                            path: format!("{}/{path}", mount.trim_end_matches('/')),
                            ..token
                        }));
                    }
                    VolumeSource::HostPath(_)
                    | VolumeSource::ConfigMap(_)
                    | VolumeSource::PersistentVolumeClaim(_)
                    | VolumeSource::Ephemeral
                    | VolumeSource::Other(_)
                    | VolumeSource::DriverSecret(_) => {}
                }
            }
            for token in tokens.iter_mut().skip(of_volume) {
                token.ended_with = mounted.ended_with.map(str::to_owned);
            }
        }
        for container in self.spec.standing() {
            for secret in &container.env_tokens {
                let place = format!("the environment of container {}", container.name);
                let token = self.legacy_token(secret);
                let token = token.map(|token| Token {
                    path: place,
                    ..token
                });
                // One is enough, wherever it lies.
                let is_new = |token: &Token| {
                    tokens
                        .iter()
                        .all(|known: &Token| known.secret != token.secret)
                };
                tokens.extend(token.filter(is_new));
            }
        }
        if self.is_automounted() {
            tokens.push(Token {
                service_account: Some(self.account().to_owned()),
                path: format!("{DEFAULT_PATH}/token"),
                audience: Audience::ApiServer,
                secret: None,
                ended_with: None,
            });
        }
        tokens
    }

    /// Name of the pod's service account.
    pub(super) fn account(&self) -> &str {
        match self.spec.service_account.as_str() {
            "" => "default",
            name => name,
        }
    }

    /// Whether admission will add the token: the pod's field, else the service account's, else yes;
    /// and not to containers that mount something there already.
    pub(super) fn is_automounted(&self) -> bool {
        if self.is_admitted || self.is_mirror {
            return false;
        }
        let of_account = self
            .accounts
            .find(self.namespace, self.account())
            .and_then(|account| account.automount_token);
        let wanted = self.spec.automount_token.or(of_account).unwrap_or(true);
        wanted
            && self.spec.containers.iter().any(|container| {
                !container
                    .mounts
                    .iter()
                    .any(|mount| mount.destination.trim_end_matches('/') == DEFAULT_PATH)
            })
    }

    /// Where a volume is mounted: in a container that somebody can stand in, else in one that has ended.
    fn mounted(&self, volume: &str) -> Option<Mounted<'_>> {
        let path = |container: &'_ Container| {
            let mut mounts = container.mounts.iter();
            mounts.position(|mount| mount.source == volume)
        };
        let standing = self.spec.standing().map(|container| (container, None));
        let all = self.spec.containers.iter();
        let ended = all.map(|container| (container, Some(container.name.as_str())));
        standing.chain(ended).find_map(|(container, ended_with)| {
            let mount = container.mounts.get(path(container)?)?;
            Some(Mounted {
                path: &mount.destination,
                ended_with,
            })
        })
    }

    fn legacy_token(&self, secret: &str) -> Option<Token> {
        let owner = self.accounts.token_in(self.namespace, secret)?;
        Some(Token {
            service_account: owner.map(str::to_owned),
            path: String::new(),
            audience: Audience::ApiServer,
            secret: Some(secret.to_owned()),
            ended_with: None,
        })
    }
}

/// A volume in a container's file system.
struct Mounted<'a> {
    path: &'a str,
    ended_with: Option<&'a str>,
}

impl Audience {
    fn of(audience: &str) -> Self {
        if audience.is_empty() {
            Self::ApiServer
        } else if API_AUDIENCES.contains(&audience) {
            Self::Likely(audience.to_owned())
        } else {
            Self::Other(audience.to_owned())
        }
    }
}

/// What a token is, for people.
pub(super) fn token_text(token: &Token, namespace: &str) -> String {
    let whose = match &token.service_account {
        Some(account) => format!("the token of service account {namespace}/{account}"),
        None => "the token of a service account that the estate does not name".to_owned(),
    };
    let from = match &token.secret {
        Some(secret) => format!(" from secret {namespace}/{secret}, which never expires"),
        None => String::new(),
    };
    format!("{whose}{from} {}", place_text(token))
}

/// "at /token", "in the environment of container main".
pub(super) fn place_text(token: &Token) -> String {
    let at = if token.path.starts_with('/') {
        "at"
    } else {
        "in"
    };
    format!("{at} {}", token.path)
}
