//! The repository as the rules see it: its tracked Rust files and its package graph.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

/// Everything that a rule may look at.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Root folder.
    pub(crate) root: PathBuf,
    /// Tracked and new text files by path below the root.
    pub(crate) files: BTreeMap<String, String>,
    /// Packages of the build, by name.
    pub(crate) packages: BTreeMap<String, Package>,
}

/// One package and what its library or program is built from.
#[derive(Debug, Default)]
pub(crate) struct Package {
    /// Whether it is ours.
    pub(crate) is_member: bool,
    /// Names of its normal dependencies, as resolved with default features.
    pub(crate) dependencies: Vec<String>,
}

impl Repository {
    /// Reads the repository that this program was built in.
    pub(crate) fn open() -> Result<Self> {
        let root = root()?.to_owned();
        let files = read_files(&root)?;
        let packages = read_packages(&root)?;
        Ok(Self {
            root,
            files,
            packages,
        })
    }

    /// Rust files with their paths.
    pub(crate) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(|(path, _)| {
                Path::new(path)
                    .extension()
                    .is_some_and(|ending| ending == "rs")
            })
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// Folder of the repository that this program was built in.
pub(crate) fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("the xtask crate stands two folders below the root")
}

fn read_files(root: &Path) -> Result<BTreeMap<String, String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    anyhow::ensure!(output.status.success(), "git ls-files failed");
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut files = BTreeMap::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        // Binary files and files that are gone from the work tree say nothing about the rules.
        if let Ok(text) = std::fs::read_to_string(root.join(name)) {
            files.insert(name.to_owned(), text);
        }
    }
    Ok(files)
}

fn read_packages(root: &Path) -> Result<BTreeMap<String, Package>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let names_by_id: BTreeMap<&str, &str> = items(&metadata, "/packages")
        .filter_map(|package| Some((text(package, "id")?, text(package, "name")?)))
        .collect();
    let members: Vec<&str> = items(&metadata, "/workspace_members")
        .filter_map(Value::as_str)
        .collect();
    let mut packages = BTreeMap::new();
    for node in items(&metadata, "/resolve/nodes") {
        let Some(id) = text(node, "id") else {
            continue;
        };
        let Some(name) = names_by_id.get(id) else {
            continue;
        };
        let dependencies = items(node, "/deps")
            .filter(|dependency| {
                items(dependency, "/dep_kinds")
                    .any(|kind| kind.get("kind").is_none_or(Value::is_null))
            })
            .filter_map(|dependency| names_by_id.get(text(dependency, "pkg")?))
            .map(|dependency| (*dependency).to_owned())
            .collect();
        let is_member = members.contains(&id);
        packages.insert(
            (*name).to_owned(),
            Package {
                is_member,
                dependencies,
            },
        );
    }
    Ok(packages)
}

fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}
