//! ENTERS: which daemon is meant: flag, environment, contexts and well-known sockets, as the docker command chooses.

use std::path::PathBuf;

use super::address::Address;
use super::context;
use super::tls::TlsFiles;
use crate::environment::Environment;
use crate::error::Error;

/// The docker command's default.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// One daemon and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name of the context, or the address; names the host in the estate.
    pub name: String,
    /// Where it listens.
    pub address: Address,
    /// TLS, with the files for it; `None` for plain HTTP. Has no meaning for sockets and `ssh`.
    pub tls: Option<TlsFiles>,
    /// The `ssh` program; found in `PATH`.
    pub ssh_program: PathBuf,
    /// `User-Agent` of every request, for example `viewshed/0.1.0`.
    pub user_agent: String,
}

/// Whether the daemon's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// Against the given authority, else the system's.
    #[default]
    Verified,
    /// Not at all: `DOCKER_TLS` without `DOCKER_TLS_VERIFY`, or a context with `SkipTLSVerify`. Nothing secret
    /// is sent, but the answers may come from anybody.
    Unverified,
}

/// Chooses the daemon: the flag (an address or a context's name), `DOCKER_HOST`, `DOCKER_CONTEXT`, the current
/// context of the configuration, else the first well-known socket that exists: Docker's, rootless Docker's,
/// the user's Podman's, the system's Podman's (docker/cli `cli/command/cli.go`, `resolveContextName`).
///
/// # Errors
/// An address that cannot be used, or a context that does not exist or cannot be read.
pub fn resolve(environment: &Environment, flag: Option<&str>) -> Result<Endpoint, Error> {
    if let Some(flag) = flag {
        return if flag.contains("://") || flag.starts_with('/') {
            of_address(environment, flag)
        } else {
            of_context(environment, flag)
        };
    }
    if let Some(host) = environment.variable("DOCKER_HOST") {
        return of_address(environment, host);
    }
    let context = match environment.variable("DOCKER_CONTEXT") {
        Some(name) => Some(name.to_owned()),
        None => context::current(environment)?,
    };
    match context {
        Some(name) => of_context(environment, &name),
        None => of_address(environment, &well_known_socket(environment)),
    }
}

fn of_context(environment: &Environment, name: &str) -> Result<Endpoint, Error> {
    if name == "default" {
        let host = environment
            .variable("DOCKER_HOST")
            .map_or_else(|| well_known_socket(environment), str::to_owned);
        return of_address(environment, &host);
    }
    let found = context::load(environment, name)?;
    let mut endpoint = parsed(environment, &found.host)?;
    name.clone_into(&mut endpoint.name);
    endpoint.tls = match found.tls {
        Some(tls) => Some(tls),
        None => endpoint.tls.map(|_| TlsFiles::default()),
    };
    Ok(endpoint)
}

fn of_address(environment: &Environment, host: &str) -> Result<Endpoint, Error> {
    let mut endpoint = parsed(environment, host)?;
    let is_tls_set = ["DOCKER_TLS_VERIFY", "DOCKER_TLS"]
        .iter()
        .any(|name| environment.variable(name).is_some());
    if is_tls_set || endpoint.tls.is_some() {
        endpoint.tls = Some(tls_of_variables(environment));
    }
    Ok(endpoint)
}

fn parsed(environment: &Environment, host: &str) -> Result<Endpoint, Error> {
    let (address, needs_tls) = Address::parse(host).map_err(|bad| Error::DockerAddress {
        address: crate::text::one_line(host),
        detail: bad.0,
    })?;
    let address = match address {
        Address::Unix(path) => Address::Unix(environment.path(path)),
        other => other,
    };
    Ok(Endpoint {
        name: address.to_string(),
        address,
        tls: needs_tls.then(TlsFiles::default),
        ssh_program: program(environment, "ssh"),
        user_agent: concat!("viewshed/", env!("CARGO_PKG_VERSION")).to_owned(),
    })
}

/// As the docker command's flags `--tls` and `--tlsverify` take them from the environment; the files lie in
/// `DOCKER_CERT_PATH`, else in the configuration's folder, and each may be missing, but for the authority of a folder that is named.
fn tls_of_variables(environment: &Environment) -> TlsFiles {
    let folder = match environment.variable("DOCKER_CERT_PATH") {
        Some(folder) => Some(environment.path(folder)),
        None => context::folder(environment),
    };
    let file = |name: &str| {
        folder
            .as_ref()
            .map(|folder| folder.join(name))
            .filter(|path| path.is_file())
    };
    let is_verified = environment.variable("DOCKER_TLS_VERIFY").is_some();
    // Of a folder that the user named, the authority must be there (docker/cli `cli/flags/options.go`).
    let named = environment
        .variable("DOCKER_CERT_PATH")
        .filter(|_| is_verified);
    TlsFiles {
        authority: match named {
            Some(named) => Some(environment.path(named).join("ca.pem")),
            None => file("ca.pem"),
        },
        certificate: file("cert.pem"),
        key: file("key.pem"),
        verification: if environment.variable("DOCKER_TLS").is_some() && !is_verified {
            Verification::Unverified
        } else {
            Verification::Verified
        },
    }
}

/// The first that exists; Docker's when none does, so that the error names the usual one.
fn well_known_socket(environment: &Environment) -> String {
    let runtime = environment.variable("XDG_RUNTIME_DIR");
    let candidates = [
        Some(DEFAULT_SOCKET.to_owned()),
        runtime.map(|folder| format!("{folder}/docker.sock")),
        runtime.map(|folder| format!("{folder}/podman/podman.sock")),
        Some("/run/podman/podman.sock".to_owned()),
    ];
    candidates
        .into_iter()
        .flatten()
        .find(|path| environment.path(path).exists())
        .unwrap_or_else(|| DEFAULT_SOCKET.to_owned())
}

/// A program of the environment's `PATH`; its bare name when it is not there, for the error.
fn program(environment: &Environment, name: &str) -> PathBuf {
    environment
        .variable("PATH")
        .into_iter()
        .flat_map(std::env::split_paths)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}
