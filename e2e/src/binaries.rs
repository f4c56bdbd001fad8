//! Finding the servers' binaries, and building those that are nowhere.
//!
//! Looked for in the folder that `KUBEBUILDER_ASSETS` names, then in the cache
//! (`$XDG_CACHE_HOME/viewshed/bench/<name>-<version>/`), then built from the Go modules in
//! `e2e/go/`. A first build of all takes about ten minutes on two cores.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use crate::progress::progress;
use crate::run::run;

/// The version of all Kubernetes binaries.
pub const KUBERNETES_VERSION: &str = "v1.37.2";
const ETCD_VERSION: &str = "v3.6.16";
const RUNC_VERSION: &str = "v1.5.2";
const UNFINISHED: &str = ".build-";
const MOBY_VERSION: &str = "v2.0.0-beta.24";

/// One program that the bench starts and no Debian package has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Binary {
    Etcd,
    KubeApiserver,
    KubeControllerManager,
    KubeScheduler,
    Kubectl,
    Kubelet,
    Runc,
    Dockerd,
    DockerProxy,
}

/// What a control plane needs.
pub(crate) const CONTROL_PLANE: [Binary; 4] = [
    Binary::Etcd,
    Binary::KubeApiserver,
    Binary::KubeControllerManager,
    Binary::Kubectl,
];
/// What a control plane with a node needs.
pub(crate) const NODE: [Binary; 6] = [
    Binary::Etcd,
    Binary::KubeApiserver,
    Binary::KubeControllerManager,
    Binary::Kubectl,
    Binary::KubeScheduler,
    Binary::Kubelet,
];
/// What the newest Docker needs.
pub(crate) const DOCKER_NEWEST: [Binary; 3] = [Binary::Runc, Binary::Dockerd, Binary::DockerProxy];
/// All of them, quick ones first.
pub const ALL: [Binary; 9] = [
    Binary::Etcd,
    Binary::KubeApiserver,
    Binary::KubeControllerManager,
    Binary::KubeScheduler,
    Binary::Kubectl,
    Binary::Kubelet,
    Binary::Runc,
    Binary::Dockerd,
    Binary::DockerProxy,
];

/// How a binary is built.
struct Recipe {
    module: &'static str,
    version: &'static str,
    package: &'static str,
    tags: &'static str,
    cgo: &'static str,
}

impl Binary {
    /// The file name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kubectl => "kubectl",
            Self::Kubelet => "kubelet",
            Self::Runc => "runc",
            Self::Dockerd => "dockerd",
            Self::DockerProxy => "docker-proxy",
        }
    }

    /// The version that is built, as its Go module has it.
    pub fn version(self) -> &'static str {
        self.recipe().version
    }

    /// The binary, if it is there already.
    pub fn find(self) -> Option<PathBuf> {
        let assets =
            env::var_os("KUBEBUILDER_ASSETS").map(|folder| PathBuf::from(folder).join(self.name()));
        let cached = cache()
            .ok()
            .map(|cache| cache.join(self.folder()).join(self.name()));
        [assets, cached]
            .into_iter()
            .flatten()
            .find(|path| path.is_file())
    }

    /// The binary, built first when it is nowhere.
    ///
    /// A build takes seconds to ten minutes and says so on standard error. Two processes do not
    /// build at the same time: the second waits and then uses what the first has built.
    pub fn get(self) -> Result<PathBuf> {
        if let Some(found) = self.find() {
            return Ok(found);
        }
        let cache = cache()?;
        fs::create_dir_all(&cache).with_context(|| format!("cannot make `{}`", cache.display()))?;
        let lock = File::create(cache.join(".lock")).context("cannot make a lock file")?;
        lock.lock().context("cannot lock the cache of binaries")?;
        match self.find() {
            Some(found) => Ok(found),
            None => {
                remove_unfinished(&cache)?;
                self.build(&cache)
            }
        }
    }

    fn build(self, cache: &Path) -> Result<PathBuf> {
        let recipe = self.recipe();
        let module = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("go")
            .join(recipe.module);
        let start = Instant::now();
        progress(&format!(
            "building {} {}: up to ten minutes",
            self.name(),
            recipe.version
        ));
        let temporary = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(cache)
            .context("cannot make a folder")?;
        let mut build = Command::new("go");
        build
            .args([
                "build",
                "-mod=readonly",
                "-buildvcs=false",
                "-trimpath",
                "-tags",
                recipe.tags,
            ])
            .args(["-ldflags", &link_flags(recipe.module)])
            .arg("-o")
            .arg(temporary.path().join(self.name()))
            .arg(recipe.package)
            .current_dir(&module)
            .env("CGO_ENABLED", recipe.cgo)
            .env_remove("GOFLAGS");
        run(&mut build).with_context(|| format!("cannot build {}", self.name()))?;
        let folder = cache.join(self.folder());
        fs::rename(temporary.keep(), &folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
        progress(&format!(
            "built {} in {} s",
            self.name(),
            start.elapsed().as_secs()
        ));
        Ok(folder.join(self.name()))
    }

    fn folder(self) -> String {
        format!("{}-{}", self.name(), self.recipe().version)
    }

    fn recipe(self) -> Recipe {
        let kubernetes = |package| Recipe {
            module: "kubernetes",
            version: KUBERNETES_VERSION,
            package,
            tags: "",
            cgo: "0",
        };
        let moby = |package| Recipe {
            module: "moby",
            version: MOBY_VERSION,
            package,
            tags: "exclude_graphdriver_btrfs",
            cgo: "0",
        };
        match self {
            Self::Etcd => Recipe {
                module: "etcd",
                version: ETCD_VERSION,
                package: "go.etcd.io/etcd/server/v3",
                tags: "",
                cgo: "0",
            },
            Self::KubeApiserver => kubernetes("k8s.io/kubernetes/cmd/kube-apiserver"),
            Self::KubeControllerManager => {
                kubernetes("k8s.io/kubernetes/cmd/kube-controller-manager")
            }
            Self::KubeScheduler => kubernetes("k8s.io/kubernetes/cmd/kube-scheduler"),
            Self::Kubectl => kubernetes("k8s.io/kubernetes/cmd/kubectl"),
            Self::Kubelet => kubernetes("k8s.io/kubernetes/cmd/kubelet"),
            // Without seccomp every container of Docker fails, and seccomp needs cgo.
            Self::Runc => Recipe {
                module: "runc",
                version: RUNC_VERSION,
                package: "github.com/opencontainers/runc",
                tags: "seccomp",
                cgo: "1",
            },
            Self::Dockerd => moby("github.com/moby/moby/v2/cmd/dockerd"),
            Self::DockerProxy => moby("github.com/moby/moby/v2/cmd/docker-proxy"),
        }
    }
}

/// Removes what builds left that were killed. Call it only with the lock.
fn remove_unfinished(cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache)
        .context("cannot read the cache of binaries")?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path()).context("cannot remove an unfinished build")?;
        }
    }
    Ok(())
}

/// Kubernetes takes its version from the linker, and its feature gates from its version.
fn link_flags(module: &str) -> String {
    let mut flags = "-s -w".to_owned();
    if module == "kubernetes" {
        let mut parts = KUBERNETES_VERSION.trim_start_matches('v').split('.');
        let (major, minor) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        for (name, value) in [
            ("gitVersion", KUBERNETES_VERSION),
            ("gitMajor", major),
            ("gitMinor", minor),
        ] {
            flags.extend([" -X k8s.io/component-base/version.", name, "=", value]);
        }
    }
    flags
}

fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => {
            let home = env::var_os("HOME").filter(|value| !value.is_empty());
            PathBuf::from(
                home.ok_or_else(|| anyhow!("neither `XDG_CACHE_HOME` nor `HOME` is set"))?,
            )
            .join(".cache")
        }
    };
    Ok(base.join("viewshed/bench"))
}
