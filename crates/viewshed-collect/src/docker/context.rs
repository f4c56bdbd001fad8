//! ENTERS: the docker command's configuration and contexts (`config.json`, `contexts/meta/*/meta.json`).

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::endpoint::Verification;
use super::tls::TlsFiles;
use crate::environment::Environment;
use crate::error::Error;

/// Bytes of one file of the configuration; a `config.json` with many registries has some kilobytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Contexts that are looked at; people have a handful.
const CONTEXTS_MAX: usize = 1_000;

/// What a context says about its daemon.
pub(super) struct Context {
    pub(super) host: String,
    pub(super) tls: Option<TlsFiles>,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default, rename = "currentContext")]
    current_context: String,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Name")]
    name: String,
    #[serde(default, rename = "Endpoints")]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
struct DockerEndpoint {
    #[serde(default, rename = "Host")]
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// `DOCKER_CONFIG`, else `.docker` in the home folder.
pub(super) fn folder(environment: &Environment) -> Option<PathBuf> {
    match environment.variable("DOCKER_CONFIG") {
        Some(folder) => Some(environment.path(folder)),
        None => environment
            .variable("HOME")
            .map(|home| environment.path(home).join(".docker")),
    }
}

/// The current context; `None` for the default one or without a configuration.
pub(super) fn current(environment: &Environment) -> Result<Option<String>, Error> {
    let Some(path) = folder(environment).map(|folder| folder.join("config.json")) else {
        return Ok(None);
    };
    if !path.exists() {
        return Ok(None);
    }
    let configuration: Configuration = read(&path)?;
    Ok(Some(configuration.current_context).filter(|name| !name.is_empty() && name != "default"))
}

/// Finds a context by its name. The folders' names are hashes of the contexts' names; the files say the name too.
pub(super) fn load(environment: &Environment, name: &str) -> Result<Context, Error> {
    let unknown = || Error::DockerContext {
        context: crate::text::one_line(name),
    };
    let contexts = folder(environment).ok_or_else(unknown)?.join("contexts");
    let entries = std::fs::read_dir(contexts.join("meta")).map_err(|_| unknown())?;
    for entry in entries.take(CONTEXTS_MAX).flatten() {
        // A broken file of another context must not keep this one from being found.
        let Ok(meta) = read::<Meta>(&entry.path().join("meta.json")) else {
            continue;
        };
        if meta.name != name {
            continue;
        }
        let endpoint = meta.endpoints.docker.ok_or_else(unknown)?;
        let tls = tls_files(
            &contexts.join("tls").join(entry.file_name()).join("docker"),
            &endpoint,
        );
        return Ok(Context {
            host: endpoint.host,
            tls,
        });
    }
    Err(unknown())
}

/// A context uses TLS when it has files for it, or when it says not to check the other side.
fn tls_files(folder: &Path, endpoint: &DockerEndpoint) -> Option<TlsFiles> {
    let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    let files = TlsFiles {
        authority: file("ca.pem"),
        certificate: file("cert.pem"),
        key: file("key.pem"),
        verification: if endpoint.skip_tls_verify {
            Verification::Unverified
        } else {
            Verification::Verified
        },
    };
    (files != TlsFiles::default()).then_some(files)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES_MAX {
        return Err(Error::DockerConfiguration {
            path: path.to_owned(),
            detail: format!("{size} bytes are more than {FILE_BYTES_MAX}"),
        });
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    serde_json::from_slice(&bytes).map_err(|error| Error::DockerConfiguration {
        path: path.to_owned(),
        // The file may hold registry credentials: only the place is told.
        detail: format!("line {}, column {}", error.line(), error.column()),
    })
}
