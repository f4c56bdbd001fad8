//! Who may read what the kubelet keeps on its node, by the modes of files.

use viewshed_model::PodSpec;

/// Who reads the folders that the kubelet keeps for the node's pods. They stand below folders that only root and
/// its group may enter (mode 0750).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Root,
    /// A user of the group of root, by number where it is known.
    RootsGroup(Option<i64>),
}

impl Reader {
    /// Volumes of a pod with a group of its own are that group's (`SetVolumeOwnership` in
    /// `pkg/volume/volume_linux.go`); others are readable for everybody who gets there (mode 0644 by default).
    pub(super) fn may_read_volumes(self, spec: &PodSpec) -> bool {
        self == Self::Root || spec.fs_group.is_none_or(|group| group == 0)
    }

    /// Tokens of a pod whose containers all run as one user are that user's alone (mode 0600, `collectData` in
    /// `pkg/volume/projected/projected.go`, `FsUserFrom` in `pkg/volume/util/util.go`).
    pub(super) fn may_read_projected_tokens(self, spec: &PodSpec) -> bool {
        let mut users = spec
            .containers
            .iter()
            .map(|container| container.run_as_user);
        let first = users.next().flatten();
        let has_one_user = first.is_some() && users.all(|user| user == first);
        match self {
            Self::Root => true,
            Self::RootsGroup(user) => !has_one_user || user == first,
        }
    }
}
