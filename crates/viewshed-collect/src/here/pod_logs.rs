//! ENTERS: the folders in which a kubelet keeps the logs of its pods.

use viewshed_decode::text::clean;
use viewshed_model::{ForeignMount, Gap, GapReason};

use super::mounts::is_foreign;
use crate::environment::Environment;

/// Entries that are looked at: a kubelet runs some hundred pods, and keeps folders of ended ones for a while.
const ENTRIES_MAX: usize = 10_000;

/// Where `/var/log/pods` of the node shows below a mount: `/`, `/var`, `/var/log`, the folder itself.
const BELOW: [&str; 4] = ["", "/pods", "/log/pods", "/var/log/pods"];

/// Folders of logs that a mount brings. Their names tell namespace and name of every pod of the node
/// (`BuildPodLogsDirectory` in `pkg/kubelet/kuberuntime/helpers.go`); that they are not counted is a gap, with
/// the number of pods.
pub(super) fn unread(environment: &Environment, mounts: &[ForeignMount]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for mount in mounts.iter().filter(|mount| is_foreign(mount)) {
        for below in BELOW {
            let folder = format!("{}{below}", mount.path.trim_end_matches('/'));
            let entries = std::fs::read_dir(environment.path(&folder));
            let pods = entries
                .into_iter()
                .flatten()
                .take(ENTRIES_MAX)
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| is_of_pod(name))
                .count();
            if pods > 0 {
                gaps.push(gap(&folder, pods));
                break;
            }
        }
    }
    gaps
}

/// `NAMESPACE_NAME_UID`.
fn is_of_pod(folder: &str) -> bool {
    let parts: Vec<&str> = folder.split('_').collect();
    matches!(parts[..], [namespace, name, uid] if !namespace.is_empty() && !name.is_empty() && uid.len() >= 32)
}

fn gap(folder: &str, pods: usize) -> Gap {
    let folder = clean(folder);
    Gap {
        source: "here".to_owned(),
        what: format!("count the pods and logs in `{folder}`"),
        reason: GapReason::NotCollected,
        detail: format!(
            "its folders are called by namespace and name of {pods} pods of the node, and hold their logs"
        ),
        hint: format!("look at them yourself: `ls {folder}`"),
        count: u64::try_from(pods).unwrap_or(u64::MAX),
    }
}
