//! ENTERS: `/proc/self/mountinfo` (proc(5)).

use viewshed_decode::text::clean;
use viewshed_model::{ForeignMount, Gap, GapReason};

use crate::environment::Environment;

/// Mounts that are read; a pod has some dozens.
const MOUNTS_MAX: usize = 2_000;

/// Every mount, sorted by path.
pub(super) fn read(environment: &Environment, gaps: &mut Vec<Gap>) -> Vec<ForeignMount> {
    let text = match std::fs::read(environment.path("/proc/self/mountinfo")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            gaps.push(unreadable("the mounts", &error));
            return Vec::new();
        }
    };
    let mut mounts: Vec<ForeignMount> = text.lines().filter_map(mount).take(MOUNTS_MAX).collect();
    mounts.sort_unstable();
    mounts.dedup();
    mounts
}

/// Mounts of another process; none where it is gone or may not be looked at.
pub(super) fn of_process(environment: &Environment, number: &str) -> Vec<ForeignMount> {
    let bytes = std::fs::read(environment.path(format!("/proc/{number}/mountinfo")));
    let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    text.lines().filter_map(mount).take(MOUNTS_MAX).collect()
}

pub(super) fn unreadable(what: &str, error: &std::io::Error) -> Gap {
    Gap {
        source: "here".to_owned(),
        what: format!("read {what} of this process"),
        reason: GapReason::Unreachable,
        detail: clean(&error.to_string()).into_owned(),
        hint: String::new(),
        count: 1,
    }
}

/// `36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/root rw`.
fn mount(line: &str) -> Option<ForeignMount> {
    let (left, right) = line.split_once(" - ")?;
    let mut fields = left.split(' ').skip(3);
    let (root, path, options) = (fields.next()?, fields.next()?, fields.next()?);
    Some(ForeignMount {
        path: clean(&unescape(path)).into_owned(),
        root: clean(&unescape(root)).into_owned(),
        filesystem: clean(right.split(' ').next()?).into_owned(),
        is_read_only: options.split(',').any(|option| option == "ro"),
    })
}

/// Blanks, tabs, line breaks and backslashes are written as `\` and three octal digits.
fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (digits, part.get(3..)) {
            (Some(byte), Some(rest)) => {
                plain.push(char::from(byte));
                plain.push_str(rest);
            }
            _ => {
                plain.push('\\');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// Filesystems that the kernel makes up; they bring nothing from outside.
const KERNEL_FILESYSTEMS: [&str; 16] = [
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "proc",
    "pstore",
    "ramfs",
    "securityfs",
    "sysfs",
    "tracefs",
];

/// Files that every container gets from its runtime.
const RUNTIME_FILES: [&str; 4] = [
    "/dev/termination-log",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
];

/// Whether a mount brings something from outside that neither the runtime nor a pod's own volumes put there.
pub(super) fn is_foreign(mount: &ForeignMount) -> bool {
    let is_own_tmpfs = mount.filesystem == "tmpfs" && mount.root == "/";
    // Volumes of the pod itself: kubelet's folder layout (`pkg/volume/util.GetPodVolumeDir`), except
    // host paths, which are mounted straight from where they are.
    let is_pod_volume = mount.root.contains("/volumes/kubernetes.io~");
    // Runtimes hide files behind the null device (`maskedPaths` of the OCI runtime specification).
    let is_mask = mount.root.ends_with("/null")
        && ["/proc/", "/sys/"]
            .iter()
            .any(|place| mount.path.starts_with(place));
    mount.path != "/"
        && !is_own_tmpfs
        && !is_mask
        && !is_pod_volume
        && !KERNEL_FILESYSTEMS.contains(&mount.filesystem.as_str())
        && !RUNTIME_FILES.contains(&mount.path.as_str())
}

/// Folders that are config maps (`pkg/volume/configmap`).
pub(super) fn configured(mounts: &[ForeignMount]) -> Vec<String> {
    let maps = mounts.iter();
    let maps = maps.filter(|mount| mount.root.contains("/volumes/kubernetes.io~configmap/"));
    maps.map(|mount| mount.path.clone()).collect()
}
