//! `bench demo`: records the estate that `viewshed scan --demo` shows, from real servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use viewshed_bench::docker::{Tcp, Version};
use viewshed_bench::kubernetes::Endpoint;
use viewshed_bench::{
    DockerHost, DockerOptions, Image, Machine, Node, NodeOptions, run, wait_until,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The `viewshed` program to record with
    #[arg(long, default_value = "target/release/viewshed")]
    viewshed: PathBuf,
    /// The folder with shop.yaml, which also gets the snapshot
    #[arg(long, default_value = "fixtures/demo")]
    folder: PathBuf,
}

const PODS_LIMIT: Duration = Duration::from_secs(180);
const SNAPSHOT: &str = "estate.vshed";

/// Starts a node and a Docker host, fills them, and collects both into one snapshot.
pub(crate) fn demo(arguments: &Arguments) -> Result<()> {
    let viewshed = fs::canonicalize(&arguments.viewshed)
        .with_context(|| format!("cannot find `{}`", arguments.viewshed.display()))?;
    let manifests = fs::read_to_string(arguments.folder.join("shop.yaml"))
        .context("cannot read the demo's manifests")?;
    let cluster = record_cluster(&viewshed, &manifests)?;
    let docker = record_docker(&viewshed)?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let parts = [("cluster.vshed", cluster), ("docker.vshed", docker)];
    let mut command = std::process::Command::new(&viewshed);
    command.arg("collect");
    for (name, bytes) in &parts {
        let path = folder.path().join(name);
        fs::write(&path, bytes).context("cannot write a part of the snapshot")?;
        command.arg("--from").arg(path);
    }
    run(command.arg("--output").arg(arguments.folder.join(SNAPSHOT)))?;
    Ok(())
}

fn record_cluster(viewshed: &Path, manifests: &str) -> Result<Vec<u8>> {
    let options = NodeOptions {
        name: "worker-1".to_owned(),
        ..NodeOptions::default()
    };
    let node = Node::start(&options)?;
    for name in image_names(manifests) {
        node.add_image(&Image::new(name))?;
    }
    node.kubectl().apply(manifests)?;
    wait_until("the demo's pods", PODS_LIMIT, || {
        let phases = node.kubectl().run(&[
            "get",
            "pods",
            "-A",
            "-o",
            "jsonpath={range .items[*]}{.status.phase}{\"\\n\"}{end}",
        ])?;
        let all_run = !phases.is_empty() && phases.lines().all(|phase| phase == "Running");
        Ok(all_run.then_some(()))
    })?;
    give_load_balancer(&node)?;
    let kubeconfig =
        node.control_plane()
            .kubeconfig_for("operator", &["system:masters"], Endpoint::Inside)?;
    let context = node.kubectl().run(&["config", "current-context"])?;
    node.kubectl().run(&[
        "--kubeconfig",
        &kubeconfig.to_string_lossy(),
        "config",
        "rename-context",
        context.trim(),
        "shop",
    ])?;
    collect(
        node.machine(),
        viewshed,
        &["--kubeconfig", &kubeconfig.to_string_lossy()],
    )
}

/// What a cloud's controller writes once its load balancer serves the shop (an address of RFC 5737).
fn give_load_balancer(node: &Node) -> Result<()> {
    let address = "{\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.10\"}]}}}";
    let words = ["patch", "service", "web", "--namespace", "shop"];
    let how = [
        "--subresource",
        "status",
        "--type",
        "merge",
        "--patch",
        address,
    ];
    node.kubectl().run(&[&words[..], &how[..]].concat())?;
    Ok(())
}

fn record_docker(viewshed: &Path) -> Result<Vec<u8>> {
    let host = DockerHost::start(
        Version::Debian,
        &DockerOptions {
            tcp: Tcp::Plain,
            ..DockerOptions::default()
        },
    )?;
    for (name, image, arguments) in [
        (
            "registry",
            "viewshed.demo/registry:2",
            &[
                "-p",
                "5000:5000",
                "-e",
                "REGISTRY_STORAGE_S3_REGION=eu-central-1",
            ][..],
        ),
        (
            "builder",
            "viewshed.demo/ci-builder:5",
            &["-v", "/run/docker.sock:/var/run/docker.sock"][..],
        ),
        (
            "mirror",
            "viewshed.demo/apt-mirror:1",
            &["-e", "UPSTREAM_URL=http://mirror.example.com"][..],
        ),
    ] {
        host.add_image(&Image::new(image))?;
        let mut words = vec!["--name", name];
        words.extend_from_slice(arguments);
        words.push(image);
        host.run_container(&words)?;
    }
    collect(
        host.machine(),
        viewshed,
        &["--docker-host", "tcp://192.0.2.1:2375"],
    )
}

/// Runs `viewshed collect` on the machine itself, where addresses are the ones that the servers have.
fn collect(machine: &Machine, viewshed: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = machine
        .command(viewshed)
        .arg("collect")
        .args(arguments)
        .args(["--output", "-"])
        .output()
        .context("cannot run viewshed")?;
    ensure!(
        !output.stdout.is_empty(),
        "viewshed collected nothing: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}

/// The images that the manifests name, each once.
fn image_names(manifests: &str) -> std::collections::BTreeSet<&str> {
    manifests
        .lines()
        .filter_map(|line| line.trim().strip_prefix("image: "))
        .map(str::trim)
        .collect()
}
