//! The one error of this crate: only where there is no answer at all. Parts that are missing are gaps.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a source gave nothing. The text says what failed on what; [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A kubeconfig file that was named cannot be read.
    #[error("cannot read kubeconfig `{path}`")]
    KubeconfigUnreadable {
        /// As the user gave it.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A kubeconfig file is not a kubeconfig. Its content is never repeated: it may hold credentials.
    #[error("`{path}` is not a kubeconfig: {detail}")]
    KubeconfigMalformed {
        /// As the user gave it.
        path: PathBuf,
        /// What is wrong and where, without the text found there.
        detail: String,
    },
    /// The kubeconfig is well-formed but does not lead to a server.
    #[error("the kubeconfig cannot be used: {detail}")]
    KubeconfigIncomplete {
        /// What is missing.
        detail: String,
        /// What to do.
        hint: String,
    },
    /// KUBECONFIG is set, but no file of its list exists or names a cluster, and this is not a pod.
    #[error("no cluster to connect to: KUBECONFIG names {files}, and no cluster is named there")]
    KubeconfigAbsent {
        /// The files of the list, each in back quotes.
        files: String,
    },
    /// Neither a kubeconfig nor a service account's files were found.
    #[error("no cluster to connect to: no kubeconfig found, and this is not a pod")]
    NoCluster,
    /// A pod without a service account's token, and no kubeconfig.
    #[error(
        "no credential for the cluster: no kubeconfig found, and no token is mounted in this pod"
    )]
    NoTokenInPod,
    /// A token file or credential plugin of the kubeconfig gave no credential.
    #[error("no credential for `{server}`: {detail}")]
    NoCredential {
        /// Address.
        server: String,
        /// What failed, without what it printed on its standard output.
        detail: String,
    },
    /// Nothing answers at that address.
    #[error("cannot reach `{server}`: {detail}")]
    Unreachable {
        /// Address.
        server: String,
        /// The network's own words.
        detail: String,
    },
    /// The TLS handshake failed.
    #[error("no trusted connection to `{server}`: {detail}")]
    Untrusted {
        /// Address.
        server: String,
        /// What the handshake said.
        detail: String,
    },
    /// A token that was found is kept back: nothing at hand vouches for the server.
    #[error(
        "nothing at hand vouches for `{server}`: no ca.crt lies here, and the system's authorities do not know it; the token was not sent"
    )]
    NoAuthority {
        /// Address.
        server: String,
    },
    /// The server took the connection and then gave no complete answer in time.
    #[error("`{server}` gave no complete answer within {seconds} s")]
    TimedOut {
        /// Address.
        server: String,
        /// The limit.
        seconds: u64,
    },
    /// 429 to every try: the server limits how often it is asked (API priority and fairness).
    #[error("`{server}` is too busy to answer: {detail}")]
    Busy {
        /// Address.
        server: String,
        /// The status, and the server's words.
        detail: String,
    },
    /// The kubeconfig's credential plugin did not end in time; it was ended.
    #[error("the credential plugin `{plugin}` gave no credential within {seconds} s and was ended")]
    PluginTimedOut {
        /// The command.
        plugin: String,
        /// The limit.
        seconds: u64,
    },
    /// 401: the token is expired or the certificate is not of this cluster.
    #[error("`{server}` does not accept the credential: {detail}")]
    Unauthenticated {
        /// Address.
        server: String,
        /// The server's words.
        detail: String,
    },
    /// `--as` is not allowed for the credential.
    #[error("`{server}` does not let the credential act as another: {detail}")]
    ImpersonationForbidden {
        /// Address.
        server: String,
        /// The server's words.
        detail: String,
    },
    /// Something answers, but not as the API should.
    #[error("`{server}` does not answer like {expected}: {detail}")]
    NotTheApi {
        /// Address.
        server: String,
        /// For example "a Kubernetes API server".
        expected: &'static str,
        /// What came instead.
        detail: String,
    },
    /// A Docker address that cannot be used.
    #[error("cannot use the Docker address `{address}`: {detail}")]
    DockerAddress {
        /// As it was given.
        address: String,
        /// What is wrong.
        detail: String,
    },
    /// No context of the docker command has this name, or it names no daemon.
    #[error("there is no Docker context `{context}`")]
    DockerContext {
        /// As it was given.
        context: String,
    },
    /// A file of the docker command's configuration is not JSON. Its content is never repeated.
    #[error("cannot read the docker command's configuration `{path}`: {detail}")]
    DockerConfiguration {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        detail: String,
    },
    /// A certificate or key for a Docker daemon cannot be used.
    #[error("cannot use `{path}` for TLS: {detail}")]
    DockerTls {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// No Docker daemon answers there.
    #[error("cannot reach the Docker daemon at `{server}`: {detail}")]
    DaemonUnreachable {
        /// Address.
        server: String,
        /// The system's or `ssh`'s own words.
        detail: String,
        /// What to do.
        hint: &'static str,
    },
    /// The TLS handshake with a Docker daemon failed.
    #[error("no trusted connection to the Docker daemon at `{server}`: {detail}")]
    DaemonUntrusted {
        /// Address.
        server: String,
        /// What the handshake said.
        detail: String,
    },
    /// A listener's address cannot be used.
    #[error("cannot listen on `{address}`")]
    CannotListen {
        /// Address and port.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A listener without TLS outside loopback: anybody could read and forge what is pushed to it.
    #[error("will not listen on `{address}` without TLS")]
    ListenerUnsafe {
        /// Address and port.
        address: SocketAddr,
    },
    /// A certificate, key or authority of the listener cannot be used.
    #[error("cannot use `{path}` for the listener: {detail}")]
    ListenerTls {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Kept reading positions that this program did not write, or a newer version of it.
    #[error("the kept reading positions cannot be used: {detail}")]
    PositionsUnusable {
        /// What is wrong.
        detail: String,
    },
    /// A thread for a source cannot be started.
    #[error("cannot start reading `{name}`")]
    NoThread {
        /// Name of the source.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file or folder that the user named cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// As the user gave it.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    /// What to do about it, in one line; empty when nothing better than the text can be said.
    pub fn hint(&self) -> &str {
        match self {
            Self::KubeconfigUnreadable { .. } => {
                "name another file with `--kubeconfig`, or unset KUBECONFIG"
            }
            Self::KubeconfigMalformed { .. } => {
                "check the file with `kubectl config view --kubeconfig FILE`"
            }
            Self::KubeconfigIncomplete { hint, .. } => hint,
            Self::KubeconfigAbsent { .. } => {
                "correct KUBECONFIG, unset it, or name a file with `--kubeconfig FILE`"
            }
            Self::NoCluster => "name a kubeconfig with `--kubeconfig FILE` or KUBECONFIG",
            Self::NoTokenInPod => {
                "`viewshed see --here` shows what is seen without one; or name a kubeconfig with `--kubeconfig FILE`"
            }
            Self::NoCredential { .. } => {
                "log in again, or run the plugin of the kubeconfig by hand to see what it says"
            }
            Self::Unreachable { .. } => {
                "check the address in the kubeconfig, the network and the proxy settings"
            }
            Self::Untrusted { .. } => {
                "check `certificate-authority` and `tls-server-name` in the kubeconfig"
            }
            Self::NoAuthority { .. } => {
                "mount the cluster's ca.crt, or send the token to whoever answers there with `--insecure-skip-tls-verify`"
            }
            Self::TimedOut { .. } => "check the network, or try again when the server is less busy",
            Self::Busy { .. } => "try again later, or with a credential of higher priority",
            Self::PluginTimedOut { .. } => {
                "run the plugin of the kubeconfig by hand to see what it waits for, or give it more \
                 time with `--timeout SECONDS`"
            }
            Self::Unauthenticated { .. } => "log in again: the token or certificate is not valid",
            Self::ImpersonationForbidden { .. } => {
                "drop `--as`, or use a credential that may `impersonate` this identity"
            }
            Self::NotTheApi { .. } => "check the address and the port",
            Self::DockerAddress { .. } => {
                "write it as `unix:///path`, `tcp://host:port` or `ssh://user@host`"
            }
            Self::DockerContext { .. } => "list the contexts with `docker context ls`",
            Self::DockerConfiguration { .. } => {
                "mend the file, or name a daemon with `--docker-host ADDRESS`"
            }
            Self::DockerTls { .. } => "check the files in DOCKER_CERT_PATH or in the context",
            Self::DaemonUnreachable { hint, .. } => hint,
            Self::DaemonUntrusted { .. } => {
                "check DOCKER_TLS_VERIFY and the files in DOCKER_CERT_PATH or in the context"
            }
            Self::CannotListen { .. } => "choose a free port of an address of this machine",
            Self::ListenerUnsafe { .. } => "give a certificate and its key, or a loopback address",
            Self::ListenerTls { .. } => "give certificate, key and authority as PEM files",
            Self::PositionsUnusable { .. } => "use another state folder, or remove this one",
            Self::NoThread { .. } => "check the limits on threads and memory",
            Self::Unreadable { .. } => "check the path and its permissions",
        }
    }
}
