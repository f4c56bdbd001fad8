//! ENTERS: which containers the mount table and the process table tell of: `/proc/self/mountinfo`, `/proc/*/cgroup`.

use std::collections::BTreeSet;

use viewshed_model::ForeignMount;

use crate::environment::Environment;

/// Processes that are looked at. A node that runs 110 pods has some thousands.
const PROCESSES_MAX: usize = 20_000;
/// Hexadecimal digits of a container's id, of every runtime.
const ID_LENGTH: usize = 64;

/// The id of the container that the program is in, where Docker or Podman made it: both keep its host name in the
/// container's own folder (`daemon/container/container.go`, `HostnamePath`). Empty elsewhere.
pub(super) fn own_id(mounts: &[ForeignMount]) -> String {
    let host_name = mounts.iter().find(|mount| mount.path == "/etc/hostname");
    let folder = host_name
        .map(|mount| mount.root.as_str())
        .filter(|root| root.contains("containers/"));
    folder.and_then(id_in).unwrap_or_default().to_owned()
}

/// Ids of the containers whose processes show here, beside the own one. Those that only hold a pod's namespaces
/// open (`pause`) run nothing and are left out.
pub(super) fn of_processes(environment: &Environment) -> Vec<String> {
    let read = |path: &str| std::fs::read_to_string(environment.path(path)).unwrap_or_default();
    let own = read("/proc/self/cgroup");
    let own = own.lines().find_map(id_in);
    let mut ids = BTreeSet::new();
    let entries = std::fs::read_dir(environment.path("/proc"));
    for entry in entries.into_iter().flatten().take(PROCESSES_MAX) {
        let Some(number) = entry
            .ok()
            .and_then(|entry| entry.file_name().into_string().ok())
        else {
            continue;
        };
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let cgroup = read(&format!("/proc/{number}/cgroup"));
        let Some(id) = cgroup.lines().find_map(id_in).filter(|id| Some(*id) != own) else {
            continue;
        };
        if read(&format!("/proc/{number}/comm")).trim_end() != "pause" {
            ids.insert(id.to_owned());
        }
    }
    ids.into_iter().collect()
}

/// The last run of exactly 64 lower-case hexadecimal digits: `/docker/ID`, `/kubepods/.../cri-containerd-ID.scope`.
fn id_in(path: &str) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let words = path.split(|character: char| !character.is_ascii_alphanumeric());
    words
        .rev()
        .find(|word| word.len() == ID_LENGTH && word.bytes().all(is_digit))
}
