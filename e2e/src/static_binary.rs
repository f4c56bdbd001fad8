//! Building a program of this workspace so that it runs in an image without libraries.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::progress::progress;
use crate::run::run;

/// Builds the program `name` of package `package`, statically linked, and returns its path.
///
/// The first build compiles all its dependencies once more, in `target/static`: about two minutes.
/// Needs a Linux system with glibc's static libraries (Debian's `libc6-dev`).
pub fn static_binary(package: &str, name: &str) -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the bench is in no workspace")?;
    let target = host_target()?;
    let folder = workspace.join("target/static");
    progress(&format!("building {name}, linked statically"));
    let mut build = Command::new("cargo");
    // Named even when it is the host's: the flags then do not reach build scripts and macros.
    build
        .args([
            "build",
            "--quiet",
            "--locked",
            "--package",
            package,
            "--bin",
            name,
            "--target",
            &target,
        ])
        .arg("--target-dir")
        .arg(&folder)
        .current_dir(workspace)
        .env("RUSTFLAGS", "-C target-feature=+crt-static");
    for variable in [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET",
    ] {
        build.env_remove(variable);
    }
    run(&mut build)?;
    let binary = folder.join(target).join("debug").join(name);
    if !binary.is_file() {
        bail!("cargo built no `{}`", binary.display());
    }
    Ok(binary)
}

fn host_target() -> Result<String> {
    let version = run(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| anyhow!("rustc does not say what it compiles for"))
}
