//! ENTERS: the folders in which a kubelet keeps the logs of its pods.

use std::collections::BTreeMap;
use std::fs::{self, File};

use viewshed_decode::kubernetes::pod_of_log_folder;
use viewshed_decode::text::clean;
use viewshed_model::{ForeignMount, LoggedPod};

use super::mounts::is_foreign;
use crate::environment::Environment;

/// Entries that are looked at: a kubelet runs some hundred pods, and keeps folders of ended ones for a while.
const ENTRIES_MAX: usize = 10_000;
/// Containers and logs of one pod that are looked at.
const ENTRIES_OF_POD_MAX: usize = 256;

/// Where `/var/log/pods` of the node shows below a mount: `/`, `/var`, `/var/log`, the folder itself.
const BELOW: [&str; 4] = ["", "/pods", "/log/pods", "/var/log/pods"];

/// The pods whose folders of logs a mount brings, each once. Logs are opened and not read.
pub(super) fn find(environment: &Environment, mounts: &[ForeignMount]) -> Vec<LoggedPod> {
    let mut found: BTreeMap<(String, String), LoggedPod> = BTreeMap::new();
    for mount in mounts.iter().filter(|mount| is_foreign(mount)) {
        for below in BELOW {
            let folder = format!("{}{below}", mount.path.trim_end_matches('/'));
            for name in names_in(environment, &folder, ENTRIES_MAX) {
                let path = format!("{folder}/{name}");
                let pod = named(&name).map(|pod| looked_into(environment, &path, pod));
                let Some(pod) = pod else { continue };
                let key = (pod.namespace.clone(), pod.name.clone());
                // A pod that was made anew under its name has a folder for each life.
                let known = found.entry(key).or_insert_with(|| LoggedPod {
                    folder: clean(&folder).into_owned(),
                    ..pod.clone()
                });
                known.is_readable |= pod.is_readable;
                known.containers.extend(pod.containers);
                known.containers.sort_unstable();
                known.containers.dedup();
            }
        }
    }
    found.into_values().collect()
}

fn named(folder: &str) -> Option<LoggedPod> {
    let (namespace, name) = pod_of_log_folder(folder)?;
    Some(LoggedPod {
        namespace,
        name,
        ..LoggedPod::default()
    })
}

fn looked_into(environment: &Environment, path: &str, pod: LoggedPod) -> LoggedPod {
    let containers = names_in(environment, path, ENTRIES_OF_POD_MAX);
    let opens = |container: &String| {
        let folder = format!("{path}/{container}");
        let mut logs = names_in(environment, &folder, ENTRIES_OF_POD_MAX).into_iter();
        logs.any(|log| {
            let file = environment.path(format!("{folder}/{log}"));
            // Links lead to where the runtime keeps the log, which need not be mounted.
            fs::metadata(&file).is_ok_and(|found| found.is_file()) && File::open(file).is_ok()
        })
    };
    LoggedPod {
        is_readable: containers.iter().any(opens),
        containers: (containers.iter())
            .map(|name| clean(name).into_owned())
            .collect(),
        ..pod
    }
}

fn names_in(environment: &Environment, folder: &str, at_most: usize) -> Vec<String> {
    let entries = fs::read_dir(environment.path(folder)).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.take(at_most).collect()
}
