//! The bench cleans up although the process that started it was killed.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use viewshed_bench::{Availability, Image, Needs, availability, run, wait_until};

use support::{processes, processes_that_mention};

const CLEAN_LIMIT: Duration = Duration::from_secs(20);

/// Starts `bench up` and returns it with what it printed.
fn up(arguments: &[&str]) -> (Child, Value) {
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["up", "--json"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(bench.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (bench, serde_json::from_str(&line).unwrap())
}

/// The processes that have one of these namespaces, as `readlink /proc/PID/ns/KIND` says them.
fn processes_in(namespaces: &[PathBuf]) -> Vec<PathBuf> {
    let is_in = |process: &PathBuf| {
        let links = ["net", "mnt", "pid"].map(|kind| fs::read_link(process.join("ns").join(kind)));
        links
            .into_iter()
            .flatten()
            .any(|link| namespaces.contains(&link))
    };
    processes().filter(is_in).collect()
}

/// What is left of the machine's control groups.
fn control_groups(folder: &Path) -> Vec<PathBuf> {
    let name = folder.file_name().unwrap();
    let tops = fs::read_dir("/sys/fs/cgroup")
        .into_iter()
        .flatten()
        .flatten()
        .map(|top| top.path());
    let tops = tops.chain([PathBuf::from("/sys/fs/cgroup")]);
    tops.map(|top| top.join(name))
        .filter(|group| group.exists())
        .collect()
}

/// The namespaces of the enclosed machine in `folder`.
fn namespaces(folder: &Path) -> [PathBuf; 3] {
    let init = fs::read_to_string(folder.join("enclosure.pid")).unwrap();
    ["net", "mnt", "pid"]
        .map(|kind| fs::read_link(format!("/proc/{}/ns/{kind}", init.trim())).unwrap())
}

fn check_all_gone(folder: &Path, words: &[&str], namespaces: &[PathBuf]) {
    let folder_name = folder.display().to_string();
    let words: Vec<&str> = words
        .iter()
        .copied()
        .chain([folder_name.as_str()])
        .collect();
    wait_until("cleaning up", CLEAN_LIMIT, || {
        let left = processes_that_mention(&words).len() + processes_in(namespaces).len();
        Ok((left == 0 && !folder.exists()).then_some(()))
    })
    .unwrap();
    assert!(
        !fs::read_to_string("/proc/self/mounts")
            .unwrap()
            .contains(&folder_name)
    );
    assert_eq!(control_groups(folder), Vec::<PathBuf>::new());
}

#[test]
fn a_killed_starter_leaves_no_control_plane() {
    if availability(Needs::ControlPlane).unwrap() == Availability::Skip {
        return;
    }
    let (mut bench, variables) = up(&[]);
    let kubeconfig = PathBuf::from(variables["KUBECONFIG"].as_str().unwrap());
    let folder = kubeconfig.parent().unwrap();
    assert_eq!(
        processes_that_mention(&[&folder.join("etcd").display().to_string()]).len(),
        1
    );
    bench.kill().unwrap();
    bench.wait().unwrap();
    check_all_gone(folder, &[], &[]);
}

#[test]
fn the_end_of_input_ends_a_control_plane() {
    if availability(Needs::ControlPlane).unwrap() == Availability::Skip {
        return;
    }
    let (mut bench, variables) = up(&[]);
    let kubeconfig = PathBuf::from(variables["KUBECONFIG"].as_str().unwrap());
    drop(bench.stdin.take());
    assert!(bench.wait().unwrap().success());
    check_all_gone(kubeconfig.parent().unwrap(), &[], &[]);
}

#[test]
fn a_killed_starter_leaves_no_node_and_no_pod() {
    if availability(Needs::Node).unwrap() == Availability::Skip {
        return;
    }
    let (mut bench, variables) = up(&["--node"]);
    let kubeconfig = PathBuf::from(variables["KUBECONFIG"].as_str().unwrap());
    let folder = kubeconfig.parent().unwrap();
    let kubectl = viewshed_bench::binaries::Binary::Kubectl.get().unwrap();
    let mut create = Command::new(&kubectl);
    create
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .env("HOME", folder);
    run(create.args([
        "run",
        "pod",
        "--image-pull-policy=Never",
        "--image",
        Image::BASE,
        "--",
        "sleep",
        "2147002",
    ]))
    .unwrap();
    wait_until("the pod's start", Duration::from_secs(60), || {
        Ok((processes_that_mention(&["2147002"]).len() == 1).then_some(()))
    })
    .unwrap();
    let links = namespaces(folder);
    assert!(processes_in(&links).len() > 5);
    bench.kill().unwrap();
    bench.wait().unwrap();
    check_all_gone(folder, &["2147002"], &links);
}

#[test]
fn a_killed_starter_leaves_no_docker_host_and_no_container() {
    if availability(Needs::DockerDebian).unwrap() == Availability::Skip
        || availability(Needs::DockerNewest).unwrap() == Availability::Skip
    {
        return;
    }
    let (mut bench, variables) = up(&["--docker-old", "--docker-new"]);
    let mut words = Vec::new();
    for (variable, seconds) in [
        ("BENCH_DOCKER_OLD_HOST", "2147021"),
        ("BENCH_DOCKER_NEW_HOST", "2147022"),
    ] {
        let address = variables[variable].as_str().unwrap();
        let folder = address
            .trim_start_matches("unix://")
            .trim_end_matches("/inner/run/docker.sock");
        let mut docker = Command::new("/usr/bin/docker");
        docker.env("DOCKER_HOST", address);
        run(docker.args(["run", "--detach", Image::BASE, "sleep", seconds])).unwrap();
        assert_eq!(processes_that_mention(&[seconds]).len(), 1);
        words.push((
            PathBuf::from(folder),
            seconds,
            namespaces(Path::new(folder)),
        ));
    }
    bench.kill().unwrap();
    bench.wait().unwrap();
    for (folder, seconds, namespaces) in words {
        check_all_gone(&folder, &[seconds], &namespaces);
    }
}
