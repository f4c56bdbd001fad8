//! ENTERS: the names that a pod gets from its kubelet: host name, resolver, mounts.

use viewshed_decode::text::clean;
use viewshed_model::{ForeignMount, NAMESPACE_VARIABLES, OwnNames};

use crate::environment::Environment;
use crate::kubernetes::SERVICE_ACCOUNT_FOLDER;
use crate::text::one_line;

/// Bytes of `resolv.conf` that are looked at; resolvers read at most some dozen short lines.
const RESOLVER_BYTES_MAX: usize = 16 * 1024;

/// What the place tells of the pod that it is in. Outside of pods only the host name is there.
pub(super) fn names(environment: &Environment, mounts: &[ForeignMount]) -> OwnNames {
    let read = |path: &str| std::fs::read_to_string(environment.path(path)).unwrap_or_default();
    let file = format!("{SERVICE_ACCOUNT_FOLDER}/namespace");
    let of_variable = NAMESPACE_VARIABLES
        .iter()
        .find_map(|name| Some((*name, environment.variable(name)?)));
    let told = [
        (one_line(&read(&file)), format!("the file {file}")),
        (
            searched_namespace(&read("/etc/resolv.conf")).unwrap_or_default(),
            "the search list of /etc/resolv.conf".to_owned(),
        ),
        match of_variable {
            Some((name, value)) => (value.to_owned(), format!("the variable {name}")),
            None => (String::new(), String::new()),
        },
    ];
    let found = told.into_iter().find(|(namespace, _)| is_label(namespace));
    let (namespace, namespace_from) = found.unwrap_or_default();
    OwnNames {
        host_name: clean(&one_line(&read("/proc/sys/kernel/hostname"))).into_owned(),
        namespace,
        namespace_from,
        container: mounts
            .iter()
            .find_map(|mount| container_of(&mount.root))
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The kubelet writes `NAMESPACE.svc.DOMAIN svc.DOMAIN DOMAIN` into the search list of pods that use the
/// cluster's resolver (`generateSearchesForDNSClusterFirst` in `pkg/kubelet/network/dns/dns.go`).
fn searched_namespace(resolver: &str) -> Option<String> {
    let bounded = resolver.get(..RESOLVER_BYTES_MAX).unwrap_or(resolver);
    // The last `search` line counts (resolv.conf(5)).
    let line = bounded.lines().rev().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == "search").then(|| words.collect::<Vec<_>>())
    })?;
    line.iter().find_map(|entry| {
        let (namespace, services) = entry.split_once('.')?;
        let is_of_cluster = services.starts_with("svc.") && line.contains(&services);
        is_of_cluster.then(|| namespace.to_owned())
    })
}

/// The name in `.../pods/UID/containers/NAME/FILE`, where the kubelet keeps a container's termination
/// message (`getPodContainerDir` in `pkg/kubelet/kubelet_getters.go`).
fn container_of(root: &str) -> Option<&str> {
    let (before, rest) = root.split_once("/containers/")?;
    let (folders, _uid) = before.rsplit_once('/')?;
    let (name, _file) = rest.split_once('/')?;
    (folders.ends_with("/pods") && is_label(name)).then_some(name)
}

/// A DNS label, which namespaces and containers are named by (RFC 1123).
fn is_label(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 63 && name.bytes().all(is_allowed)
}
