//! ENTERS: which containers the mount table and the process table tell of: `/proc/self/mountinfo`, `/proc/*/cgroup`.

use std::collections::BTreeSet;

use viewshed_model::{ForeignMount, HostAccess};

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

/// Ids of the containers whose processes show in a process table, here or where that of the node is mounted, beside
/// the own one. Those that only hold a pod's namespaces open run nothing and are left out. In a pod that does not share
/// the processes of its node, the table here has those of the pod's own containers at most.
pub(super) fn of_processes(
    environment: &Environment,
    mounts: &[ForeignMount],
    host: HostAccess,
) -> Vec<String> {
    let own = read(environment, "/proc/self/cgroup");
    let own = own.lines().find_map(id_in);
    let is_pod = environment.variable("KUBERNETES_SERVICE_HOST").is_some();
    let here = (host.pid || !is_pod).then_some("/proc");
    let mut ids = BTreeSet::new();
    for table in here.into_iter().chain(process_tables(mounts)) {
        ids.extend(in_table(environment, table));
    }
    ids.into_iter()
        .filter(|id| Some(id.as_str()) != own)
        .collect()
}

/// Process tables that are mounted from outside.
pub(super) fn process_tables(mounts: &[ForeignMount]) -> impl Iterator<Item = &str> {
    let tables = mounts
        .iter()
        .filter(|mount| mount.filesystem == "proc" && mount.root == "/" && mount.path != "/proc");
    tables.map(|mount| mount.path.trim_end_matches('/'))
}

fn in_table(environment: &Environment, table: &str) -> BTreeSet<String> {
    let (mut ids, mut sandboxes) = (BTreeSet::new(), BTreeSet::new());
    let entries = std::fs::read_dir(environment.path(table));
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
        let process = format!("{table}/{number}");
        let cgroup = read(environment, &format!("{process}/cgroup"));
        let Some(id) = cgroup.lines().find_map(id_in) else {
            continue;
        };
        if holds_namespaces(environment, &process) {
            sandboxes.insert(id.to_owned());
        }
        ids.insert(id.to_owned());
    }
    ids.retain(|id| !sandboxes.contains(id));
    ids
}

/// Whether a process only holds the namespaces of its pod open: its program is `pause`, or the kernel spares it as
/// runtimes ask for such processes alone (containerd `defaultSandboxOOMAdj`, CRI-O `PodInfraOOMAdj`).
fn holds_namespaces(environment: &Environment, process: &str) -> bool {
    let told = |file: &str| read(environment, &format!("{process}/{file}"));
    told("comm").trim_end() == "pause" || told("oom_score_adj").trim_end() == SANDBOX_SCORE
}

/// How much the kernel spares the process of a sandbox.
const SANDBOX_SCORE: &str = "-998";

fn read(environment: &Environment, path: &str) -> String {
    std::fs::read_to_string(environment.path(path)).unwrap_or_default()
}

/// The last run of exactly 64 lower-case hexadecimal digits: `/docker/ID`, `/kubepods/.../cri-containerd-ID.scope`.
fn id_in(path: &str) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let words = path.split(|character: char| !character.is_ascii_alphanumeric());
    words
        .rev()
        .find(|word| word.len() == ID_LENGTH && word.bytes().all(is_digit))
}
