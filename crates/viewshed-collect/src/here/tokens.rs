//! ENTERS: service account tokens in files and variables. Claims are read, the token itself is never kept or shown.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use viewshed_decode::text::clean;
use viewshed_model::{ForeignMount, MountedToken};

use super::mounts::{self, is_foreign};
use crate::environment::Environment;
use crate::kubernetes::SERVICE_ACCOUNT_FOLDER;

/// Files of one mount that are looked at: a projected volume has a handful, a Secret some dozens.
const FILES_PER_MOUNT_MAX: usize = 256;
/// Folders within folders of a volume: `items` give paths of their own to keys.
const DEPTH_MAX: usize = 8;
/// Bytes of a token file: tokens have one to two thousand.
const TOKEN_BYTES_MAX: u64 = 16 * 1024;

/// Every file that holds a service account's token: on the default path, and in the volumes that the
/// kubelet keeps in memory (projected tokens and secrets).
pub(super) fn find(environment: &Environment, mounts: &[ForeignMount]) -> Vec<MountedToken> {
    let folders: BTreeSet<&str> = mounts
        .iter()
        .filter(|mount| mount.filesystem == "tmpfs")
        .map(|mount| mount.path.as_str())
        .chain([SERVICE_ACCOUNT_FOLDER])
        .collect();
    let mut paths = BTreeSet::new();
    for folder in folders {
        paths.extend(files_of(environment, folder));
    }
    // One file may be seen on two paths: `/var/run` is a link to `/run` in most images.
    let (usual, others): (Vec<_>, Vec<_>) = paths
        .into_iter()
        .partition(|path| path.starts_with(SERVICE_ACCOUNT_FOLDER));
    let mut seen = BTreeSet::new();
    let mut tokens: Vec<MountedToken> = usual
        .into_iter()
        .chain(others)
        .filter_map(|path| {
            let real = environment.path(&path).canonicalize().ok()?;
            if !seen.insert(real) {
                return None;
            }
            let text = read_small(&environment.path(&path))?;
            let mut token = claims(text.trim())?;
            token.path = clean(&path).into_owned();
            Some(token)
        })
        .collect();
    tokens.sort_by(|one, other| one.path.cmp(&other.path));
    tokens
}

/// Processes that are looked at: a pod has some dozens.
const PROCESSES_MAX: usize = 4_096;

/// Tokens of the other containers of a pod whose containers share their processes (`shareProcessNamespace`): the
/// files of each are below `/proc/PID/root` (proc(5)). What is known already, or may not be opened, is left out.
pub(super) fn of_processes(environment: &Environment, known: &[MountedToken]) -> Vec<MountedToken> {
    let namespace =
        |number: &str| std::fs::read_link(environment.path(format!("/proc/{number}/ns/mnt"))).ok();
    let mut seen_namespaces = BTreeSet::from([namespace("self")]);
    let mut seen_files: BTreeSet<(u64, u64)> = known
        .iter()
        .filter_map(|token| identity_of(&environment.path(&token.path)))
        .collect();
    let entries = std::fs::read_dir(environment.path("/proc"));
    let numbers: BTreeSet<String> = entries
        .into_iter()
        .flatten()
        .take(PROCESSES_MAX)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    let mut found = Vec::new();
    for number in numbers {
        if !seen_namespaces.insert(namespace(&number)) {
            continue;
        }
        for mount in mounts::of_process(environment, &number) {
            if mount.filesystem != "tmpfs" {
                continue;
            }
            let folder = format!("/proc/{number}/root{}", mount.path);
            for path in files_of(environment, &folder) {
                let file = environment.path(&path);
                let is_new = identity_of(&file).is_some_and(|file| seen_files.insert(file));
                let token = read_small(&file).filter(|_| is_new);
                if let Some(mut token) = token.and_then(|text| claims(text.trim())) {
                    token.path = clean(&path).into_owned();
                    found.push(token);
                }
            }
        }
    }
    found
}

/// Device and number of a file, which are the same on every path to it.
fn identity_of(path: &Path) -> Option<(u64, u64)> {
    let metadata = path.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// The files of a folder and of the folders in it, or the path itself where it is no folder: with `subPath` the
/// mount is the file.
fn files_of(environment: &Environment, folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    let mut looked_at = 0;
    while let Some((path, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(environment.path(&path)) else {
            files.push(path);
            continue;
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            // `..data` and the dated folder are how the kubelet swaps contents atomically.
            .filter(|name| !name.starts_with(".."))
            .collect();
        names.sort_unstable();
        let path = path.trim_end_matches('/');
        for name in names {
            looked_at += 1;
            if looked_at > FILES_PER_MOUNT_MAX {
                return files;
            }
            let inner = format!("{path}/{name}");
            if environment.path(&inner).is_dir() && depth < DEPTH_MAX {
                folders.push((inner, depth + 1));
            } else {
                files.push(inner);
            }
        }
    }
    files
}

/// Tokens in the own environment, which Secrets of type `kubernetes.io/service-account-token` bring there.
pub(super) fn of_variables(environment: &Environment) -> Vec<MountedToken> {
    let variables = environment.variables.iter();
    let tokens = variables.filter(|(_, value)| {
        u64::try_from(value.len()).is_ok_and(|length| length <= TOKEN_BYTES_MAX)
    });
    let tokens = tokens.filter_map(|(name, value)| {
        let token = claims(value.trim())?;
        Some(MountedToken {
            variable: clean(name).into_owned(),
            ..token
        })
    });
    tokens.collect()
}

/// The file that always holds the kubelet's current client certificate and its key
/// (`pkg/kubelet/certificate/kubelet.go`, `certificate_store.go`).
const NODE_KEY: &str = "kubelet-client-current.pem";

/// Client certificates of kubelets: on the usual path, and below whatever folder of the node is mounted.
pub(super) fn node_keys(environment: &Environment, mounts: &[ForeignMount]) -> Vec<String> {
    let mut paths = BTreeSet::new();
    for mount in mounts.iter().filter(|mount| is_foreign(mount)) {
        let folder = mount.path.trim_end_matches('/');
        for below in [
            "",
            "/pki",
            "/kubelet/pki",
            "/lib/kubelet/pki",
            "/var/lib/kubelet/pki",
        ] {
            paths.insert(format!("{folder}{below}/{NODE_KEY}"));
        }
    }
    paths.insert(format!("/var/lib/kubelet/pki/{NODE_KEY}"));
    let mut seen = BTreeSet::new();
    paths.retain(|path| {
        // The current one is a link to a dated file beside it.
        let link = environment.path(path);
        let is_there = std::fs::symlink_metadata(&link).is_ok();
        is_there && seen.insert(link.canonicalize().unwrap_or(link))
    });
    paths.iter().map(|path| clean(path).into_owned()).collect()
}

fn read_small(path: &Path) -> Option<String> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    let file = File::open(path).ok()?;
    let read = file
        .take(TOKEN_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .ok()?;
    (u64::try_from(read).ok()? <= TOKEN_BYTES_MAX).then_some(text)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: Option<u64>,
    #[serde(rename = "kubernetes.io")]
    bound: Bound,
}

#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Audience {
    Many(Vec<String>),
    One(String),
    #[default]
    None,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Bound {
    pod: Named,
    node: Named,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    name: String,
}

/// The claims of a token of a service account, legacy (`pkg/serviceaccount/legacy.go`) or bound
/// (`pkg/serviceaccount/claims.go`); `None` for anything else.
fn claims(token: &str) -> Option<MountedToken> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    viewshed_model::service_account_of(&claims.sub)?;
    let audiences = match claims.aud {
        Audience::Many(audiences) => audiences,
        Audience::One(audience) => vec![audience],
        Audience::None => Vec::new(),
    };
    let text = |text: &str| clean(text).into_owned();
    Some(MountedToken {
        path: String::new(),
        variable: String::new(),
        issuer: text(&claims.iss),
        subject: text(&claims.sub),
        audiences: audiences.iter().map(|audience| text(audience)).collect(),
        pod: text(&claims.bound.pod.name),
        node: text(&claims.bound.node.name),
        expires_at_seconds: claims.exp,
    })
}
