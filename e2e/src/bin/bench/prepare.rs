//! `bench prepare`: everything that the tests need, and a table of it.

use std::io::{self, Write};
use std::process::Command;

use anyhow::{Context, Result, bail};
use viewshed_bench::{binaries, packages, run};

/// Installs missing packages, builds missing binaries and prints what there is.
pub(crate) fn prepare() -> Result<()> {
    install()?;
    print(&row("binary", "version", "path"))?;
    for binary in binaries::ALL {
        let path = binary.get()?;
        print(&row(
            binary.name(),
            binary.version(),
            &path.display().to_string(),
        ))?;
    }
    Ok(())
}

fn row(binary: &str, version: &str, path: &str) -> String {
    format!("{binary:<26}{version:<18}{path}\n")
}

fn install() -> Result<()> {
    let missing = packages::missing();
    if missing.is_empty() {
        return Ok(());
    }
    let list: Vec<&str> = missing.into_iter().collect();
    if !rustix::process::geteuid().is_root() {
        bail!(
            "Debian packages are missing: run `apt-get install {}` as root",
            list.join(" ")
        );
    }
    print(&format!("installing {}\n", list.join(" ")))?;
    let apt = |arguments: &[&str]| {
        run(Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments))
    };
    apt(&["update", "--quiet"])?;
    let mut arguments = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    arguments.extend(list);
    apt(&arguments)?;
    Ok(())
}

fn print(text: &str) -> Result<()> {
    io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .context("cannot print")
}
