//! What capabilities that are added to a container open on its machine (capabilities(7)).

use super::host_paths::Opening;

/// One of them.
pub(super) struct Capability {
    /// Without `CAP_`.
    pub(super) name: &'static str,
    /// On a node of a cluster.
    pub(super) openings: &'static [Opening],
    /// What the container may do, before and after the word for its machine.
    effect: [&'static str; 2],
    /// Whether it is of use among the processes of the machine only.
    pub(super) among_processes: bool,
}

impl Capability {
    /// Completes "container c of pod p may ...".
    pub(super) fn effect(&self, machine: &str) -> String {
        let [before, after] = self.effect;
        format!("{before} {machine}{after}")
    }
}

const fn capability(name: &'static str, effect: [&'static str; 2]) -> Capability {
    Capability {
        name,
        openings: &[Opening::Root],
        effect,
        among_processes: false,
    }
}

const CAPABILITIES: [Capability; 5] = [
    capability(
        "ALL",
        [
            "use every capability (ALL) and is as good as privileged on its",
            "",
        ],
    ),
    capability(
        "SYS_MODULE",
        ["load modules into the kernel of its", " (SYS_MODULE)"],
    ),
    capability(
        "SYS_ADMIN",
        [
            "administer the kernel of its",
            " (SYS_ADMIN), programs in it included",
        ],
    ),
    Capability {
        among_processes: true,
        ..capability(
            "SYS_PTRACE",
            [
                "trace the processes of its",
                " (SYS_PTRACE with the process table of the host)",
            ],
        )
    },
    // open_by_handle_at(2): the files that are mounted into each container lie on the machine's file system.
    Capability {
        openings: &[Opening::NodeCredentials, Opening::PodVolumes],
        ..capability(
            "DAC_READ_SEARCH",
            ["open every file of its", " by its handle (DAC_READ_SEARCH)"],
        )
    },
];

/// The worst that was added, with or without the process table of the machine.
pub(super) fn added(names: &[String], shares_processes: bool) -> Option<&'static Capability> {
    let has = |name: &str| {
        let mut names = names.iter();
        names.any(|known| {
            let known = known.to_ascii_uppercase();
            known.strip_prefix("CAP_").unwrap_or(&known) == name
        })
    };
    let mut known = CAPABILITIES.iter();
    known.find(|one| has(one.name) && (!one.among_processes || shares_processes))
}
