use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use viewshed_model::{Estate, GapReason};

use super::read;
use crate::error::Error;
use crate::progress::Quiet;

fn pod(name: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\n")
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn read_one(path: &Path) -> Estate {
    read(&[path.to_owned()], &Quiet).unwrap()
}

fn pods(estate: &Estate) -> Vec<Vec<String>> {
    estate
        .clusters
        .iter()
        .map(|cluster| {
            cluster
                .pods
                .iter()
                .map(|pod| pod.meta.name.clone())
                .collect()
        })
        .collect()
}

#[test]
fn a_folder_is_read_in_the_order_of_its_names() {
    let folder = folder(&[
        ("b.yaml", &pod("second")),
        ("a/z.yml", &pod("first")),
        (
            "c.json",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"third"}}"#,
        ),
    ]);
    let estate = read_one(folder.path());
    assert_eq!(pods(&estate), [["first", "second", "third"]]);
    assert_eq!(estate.gaps, []);
    let position = estate.clusters[0].pods[0].meta.position.as_ref().unwrap();
    assert_eq!(
        position.file,
        folder.path().join("a/z.yml").to_str().unwrap()
    );
}

#[test]
fn hidden_names_are_left_out() {
    let folder = folder(&[
        (".git/a.yaml", &pod("a")),
        (".b.yaml", &pod("b")),
        ("c.yaml", &pod("c")),
    ]);
    assert_eq!(pods(&read_one(folder.path())), [["c"]]);
}

#[test]
fn a_hidden_file_that_is_named_is_read() {
    let folder = folder(&[(".b.yaml", &pod("b"))]);
    assert_eq!(pods(&read_one(&folder.path().join(".b.yaml"))), [["b"]]);
}

#[test]
fn files_that_are_named_belong_together_and_folders_stand_alone() {
    let folder = folder(&[
        ("1/a.yaml", &pod("a")),
        ("2/b.yaml", &pod("b")),
        ("c.yaml", &pod("c")),
        ("d.yaml", &pod("d")),
    ]);
    let paths: Vec<PathBuf> = ["c.yaml", "1", "d.yaml", "2"]
        .map(|name| folder.path().join(name))
        .to_vec();
    let estate = read(&paths, &Quiet).unwrap();
    assert_eq!(pods(&estate), [vec!["c", "d"], vec!["a"], vec!["b"]]);
}

#[test]
fn links_are_followed_and_loops_end() {
    let folder = folder(&[("..data/a.yaml", &pod("a")), ("deep/b.yaml", &pod("b"))]);
    symlink("..data/a.yaml", folder.path().join("a.yaml")).unwrap();
    symlink("..", folder.path().join("deep/up")).unwrap();
    symlink("deep", folder.path().join("same")).unwrap();
    let estate = read_one(folder.path());
    assert_eq!(pods(&estate), [["a", "b"]]);
    assert_eq!(estate.gaps, []);
}

#[test]
fn a_link_to_nothing_is_a_gap() {
    let folder = folder(&[("a.yaml", &pod("a"))]);
    symlink("nowhere", folder.path().join("b.yaml")).unwrap();
    let estate = read_one(folder.path());
    assert_eq!(pods(&estate), [["a"]]);
    assert_eq!(estate.gaps[0].reason, GapReason::Unreachable);
    let detail = "it is a link to `nowhere`, which does not exist";
    assert_eq!(estate.gaps[0].detail, detail);
    assert!(
        estate.gaps[0].what.ends_with("b.yaml`"),
        "{:?}",
        estate.gaps
    );
}

#[test]
fn sockets_in_a_folder_are_counted_and_not_opened() {
    let folder = folder(&[("a.yaml", &pod("a"))]);
    let _listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
    let estate = read_one(folder.path());
    assert_eq!(pods(&estate), [["a"]]);
    assert_eq!(estate.gaps[0].count, 1);
    assert!(
        estate.gaps[0].detail.contains("sockets"),
        "{:?}",
        estate.gaps
    );
}

#[test]
fn of_large_files_that_are_no_text_only_the_head_is_read() {
    let folder = folder(&[("a.yaml", &pod("a"))]);
    // A sparse file of 3 GiB costs nothing, unless it is read.
    let file = std::fs::File::create(folder.path().join("image.bin")).unwrap();
    file.set_len(3 << 30).unwrap();
    let estate = read_one(folder.path());
    assert_eq!(pods(&estate), [["a"]]);
    assert_eq!(estate.gaps[0].reason, GapReason::NothingKnown);
}

#[test]
fn a_path_that_does_not_exist_is_an_error() {
    let path = PathBuf::from("/nonexistent/x.yaml");
    let error = read(&[path], &Quiet).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }));
    assert_eq!(error.to_string(), "cannot read `/nonexistent/x.yaml`");
}

#[test]
fn a_snapshot_brings_the_estate_that_it_holds() {
    let source = folder(&[("a.yaml", &pod("a"))]);
    let before = read_one(source.path());
    let mut bytes = Vec::new();
    viewshed_decode::snapshot::write(&before, "viewshed/test", &mut bytes).unwrap();
    let target = folder(&[]);
    let path = target.path().join("estate.vshed");
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(pods(&read_one(&path)), [["a"]]);

    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let cut = read_one(&path);
    assert!(!cut.gaps.is_empty());
}

/// Two machines may say the same name; an estate has each name once.
#[test]
fn docker_hosts_of_one_name_are_told_apart_by_their_folders() {
    let info = r#"{"Containers":1,"Driver":"overlay2","ServerVersion":"29.0.0","Name":"build"}"#;
    let (one, two) = (folder(&[("i.json", info)]), folder(&[("i.json", info)]));
    let paths = [one.path().to_owned(), two.path().to_owned()];
    let estate = read(&paths, &Quiet).unwrap();
    let names: Vec<&str> = estate.docker_hosts.iter().map(|host| &*host.name).collect();
    assert_eq!(
        names,
        ["build", &*format!("build ({})", two.path().display())]
    );
}
