//! Gets what the tests need and runs every test, in the order in which failures are cheapest.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::repository::root;
use crate::say;

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything, the real servers included.
    Everything,
    /// Leaves out what needs real servers.
    WithoutServers,
}

/// One step: its name and the cargo arguments.
type Step = (&'static str, &'static [&'static str]);

const BEFORE: [Step; 3] = [
    ("format", &["fmt", "--all", "--check"]),
    (
        "lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "--deny",
            "warnings",
        ],
    ),
    // A workspace of its own, which the lints do not see.
    (
        "fuzz targets compile",
        &[
            "check",
            "--manifest-path",
            "fuzz/Cargo.toml",
            "--no-default-features",
            "--locked",
        ],
    ),
];

const UNIT_TESTS: Step = (
    "unit tests and repository rules",
    &[
        "test",
        "--workspace",
        "--exclude",
        "viewshed-bench",
        // Its programs measure and have no tests; ten of them would be linked for nothing. The lints compile them.
        "--exclude",
        "viewshed-benchmarks",
        "--locked",
        "--no-fail-fast",
    ],
);

const PREPARE: Step = (
    "test bench",
    &[
        "run",
        "--locked",
        "--package",
        "viewshed-bench",
        "--bin",
        "bench",
        "--",
        "prepare",
    ],
);

const SERVER_TESTS: Step = (
    "tests on real servers",
    &[
        "test",
        "--package",
        "viewshed-bench",
        "--locked",
        "--no-fail-fast",
        "--",
        "--test-threads=1",
        "--nocapture",
    ],
);

/// Settings of cargo for machines that build once and throw the result away: a failed assertion names its line
/// without debug information, and nothing is compiled a second time.
const FOR_CI: [(&str, &str); 2] = [("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_INCREMENTAL", "0")];

/// Runs the steps; stops at the first that fails.
pub(crate) fn run(extent: Extent) -> Result<()> {
    for step in BEFORE {
        run_step(step)?;
    }
    run_step(UNIT_TESTS)?;
    if extent == Extent::Everything {
        run_step(PREPARE)?;
        run_step(SERVER_TESTS)?;
    }
    Ok(())
}

fn run_step((name, arguments): Step) -> Result<()> {
    say(&format!("== {name}: cargo {}", arguments.join(" ")));
    let started = Instant::now();
    let root = root()?;
    // One target folder for both workspaces saves a second build of what both depend on.
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| root.join("target").into());
    let mut command = Command::new(env!("CARGO"));
    command
        .args(arguments)
        .current_dir(root)
        .env("CARGO_TARGET_DIR", target);
    if std::env::var_os("CI").is_some() {
        let unset = FOR_CI
            .into_iter()
            .filter(|(name, _)| std::env::var_os(name).is_none());
        command.envs(unset);
    }
    let status = command
        .status()
        .with_context(|| format!("cannot start cargo for the step `{name}`"))?;
    anyhow::ensure!(status.success(), "the step `{name}` failed");
    say(&format!(
        "== {name}: passed in {} s",
        started.elapsed().as_secs()
    ));
    Ok(())
}
