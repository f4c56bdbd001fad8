//! Container images made here: Debian's static busybox, plus any static binaries.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::run::run;

const BUSYBOX: &str = "/bin/busybox";

/// A recipe for an image with a shell and the usual small tools.
///
/// Without a command of its own it sleeps for ever.
#[derive(Debug, Clone)]
pub struct Image {
    name: String,
    files: Vec<(String, PathBuf)>,
    scripts: Vec<(String, String)>,
    command: Vec<String>,
    environment: Vec<String>,
    user: String,
    labels: Map<String, Value>,
}

impl Image {
    /// The image that every node and Docker host of the bench has.
    pub const BASE: &'static str = "bench.test/busybox:1";
    /// The name of [`Image::pause`].
    pub(crate) const PAUSE: &'static str = "bench.test/pause:1";

    /// An image called `name`. Take one with a dot before the first slash and with a tag, such as
    /// `bench.test/viewshed:1`: other names are read in different ways by different tools.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            files: Vec::new(),
            scripts: Vec::new(),
            command: vec!["/bin/sleep".to_owned(), "2147483647".to_owned()],
            environment: Vec::new(),
            user: String::new(),
            labels: Map::new(),
        }
    }

    /// Adds an executable at `path`. It must be linked statically: there are no libraries.
    #[must_use]
    pub fn with_file(mut self, path: &str, source: impl Into<PathBuf>) -> Self {
        self.files.push((path.to_owned(), source.into()));
        self
    }

    /// The image of the containers that hold the namespaces of pods open. As everywhere, their program is called
    /// `pause`.
    pub(crate) fn pause() -> Self {
        Self::new(Self::PAUSE)
            .with_script("/pause", "while :; do sleep 2147483647; done")
            .with_command(&["/pause"])
    }

    /// Adds a script of the shell at `path`.
    #[must_use]
    pub fn with_script(mut self, path: &str, script: &str) -> Self {
        let text = format!("#!/bin/sh\n{script}\n");
        self.scripts.push((path.to_owned(), text));
        self
    }

    /// Sets the command of containers that choose none.
    #[must_use]
    pub fn with_command(mut self, command: &[&str]) -> Self {
        self.command = command.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Sets a variable in the environment.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push(format!("{name}={value}"));
        self
    }

    /// Sets the user, by number.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// Sets a label.
    #[must_use]
    pub fn with_label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), json!(value));
        self
    }

    /// The image's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes the image into a new file in `folder`, in the form of `docker save`.
    pub(crate) fn archive(&self, folder: &Path) -> Result<PathBuf> {
        let work = tempfile::tempdir_in(folder).context("cannot make a folder")?;
        let root = work.path().join("root");
        self.fill(&root)
            .with_context(|| format!("cannot make image `{}`", self.name))?;
        let parts = work.path().join("parts");
        fs::create_dir(&parts).context("cannot make a folder")?;
        let layer = parts.join("layer.tar");
        run(tar(&layer, &root).arg("."))?;
        let layer_digest = digest(&fs::read(&layer).context("cannot read a layer")?);
        let config = self.config(&layer_digest).to_string();
        let config_name = format!("{}.json", digest(config.as_bytes()));
        let manifest =
            json!([{ "Config": config_name, "RepoTags": [self.name], "Layers": ["layer.tar"] }]);
        fs::write(parts.join(&config_name), config).context("cannot write an image")?;
        fs::write(parts.join("manifest.json"), manifest.to_string())
            .context("cannot write an image")?;
        let (_, archive) = tempfile::Builder::new()
            .suffix(".image.tar")
            .tempfile_in(folder)
            .context("cannot write an image")?
            .keep()
            .context("cannot write an image")?;
        run(tar(&archive, &parts).args(["manifest.json", &config_name, "layer.tar"]))?;
        Ok(archive)
    }

    fn fill(&self, root: &Path) -> Result<()> {
        for folder in ["bin", "etc", "root", "tmp"] {
            fs::create_dir_all(root.join(folder))?;
        }
        fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777))?;
        fs::write(
            root.join("etc/passwd"),
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
        )?;
        fs::write(root.join("etc/group"), "root:x:0:\nnogroup:x:65534:\n")?;
        fs::copy(BUSYBOX, root.join("bin/busybox"))
            .with_context(|| format!("cannot copy `{BUSYBOX}`"))?;
        for applet in run(Command::new(BUSYBOX).arg("--list"))?
            .lines()
            .filter(|applet| *applet != "busybox")
        {
            symlink("busybox", root.join("bin").join(applet))?;
        }
        for (path, source) in &self.files {
            let target = root.join(path.trim_start_matches('/'));
            let folder = target
                .parent()
                .ok_or_else(|| anyhow!("`{path}` is no file name"))?;
            fs::create_dir_all(folder)?;
            fs::copy(source, &target)
                .with_context(|| format!("cannot copy `{}`", source.display()))?;
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755))?;
        }
        for (path, text) in &self.scripts {
            let target = root.join(path.trim_start_matches('/'));
            fs::write(&target, text)?;
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    fn config(&self, layer_digest: &str) -> Value {
        let mut environment = vec!["PATH=/usr/sbin:/usr/bin:/sbin:/bin".to_owned()];
        environment.extend(self.environment.iter().cloned());
        json!({
            "architecture": architecture(),
            "os": "linux",
            "created": "2024-01-01T00:00:00Z",
            "config": { "Cmd": self.command, "Env": environment, "User": self.user, "Labels": self.labels },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{layer_digest}")] },
            "history": [{ "created": "2024-01-01T00:00:00Z", "created_by": "viewshed-bench" }],
        })
    }
}

fn tar(archive: &Path, folder: &Path) -> Command {
    let mut tar = Command::new("tar");
    tar.args([
        "--create",
        "--numeric-owner",
        "--owner=0",
        "--group=0",
        "--file",
    ]);
    tar.arg(archive).arg("--directory").arg(folder);
    tar
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// Images name processors as Go does.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
