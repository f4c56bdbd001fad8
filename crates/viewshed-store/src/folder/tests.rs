use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{CURRENT, Loaded, NEXT, PREVIOUS, Store};
use crate::error::Error;

fn part(loaded: &Loaded, name: &str) -> String {
    String::from_utf8(loaded.parts.get(name).cloned().unwrap_or_default()).unwrap()
}

fn open(folder: &Path) -> (Store, String) {
    let (store, loaded) = Store::open(folder).unwrap();
    assert_eq!(loaded.problem, None);
    let text = part(&loaded, "a");
    (store, text)
}

#[test]
fn what_is_saved_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/state");
    let (mut store, text) = open(&path);
    assert_eq!(text, "");
    store.save(&[("a", b"one"), ("b", b"two")]).unwrap();
    store.save(&[("a", b"three")]).unwrap();
    drop(store);
    let (_store, loaded) = Store::open(&path).unwrap();
    assert_eq!(part(&loaded, "a"), "three");
    assert_eq!(loaded.parts.len(), 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    for name in [CURRENT, PREVIOUS, "lock"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_folder_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    assert!(matches!(
        Store::open(folder.path()),
        Err(Error::InUse { .. })
    ));
    drop(first);
    open(folder.path());
}

#[test]
fn state_can_be_looked_at_while_its_writer_works() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Store::peek(folder.path()).unwrap(), Loaded::default());
    let (mut store, _) = open(folder.path());
    store.save(&[("a", b"one")]).unwrap();
    assert_eq!(part(&Store::peek(folder.path()).unwrap(), "a"), "one");
    store.save(&[("a", b"two")]).unwrap();
    assert_eq!(part(&Store::peek(folder.path()).unwrap(), "a"), "two");
    let nowhere = folder.path().join("nowhere");
    assert_eq!(Store::peek(&nowhere).unwrap(), Loaded::default());
    assert!(!nowhere.exists());
}

/// State after two savings, in which one file was changed.
fn check(change: impl FnOnce(&Path), expected: Result<(&str, bool), &str>) {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _) = open(folder.path());
    store.save(&[("a", b"one")]).unwrap();
    store.save(&[("a", b"two")]).unwrap();
    drop(store);
    change(folder.path());
    match (Store::open(folder.path()), expected) {
        (Ok((mut store, loaded)), Ok((text, has_problem))) => {
            assert_eq!(part(&loaded, "a"), text);
            assert_eq!(
                loaded.problem.is_some(),
                has_problem,
                "{:?}",
                loaded.problem
            );
            // And it goes on from there.
            store.save(&[("a", b"three")]).unwrap();
            drop(store);
            assert_eq!(open_any(folder.path()), "three");
        }
        (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
        (found, expected) => panic!("{found:?} is not {expected:?}"),
    }
}

fn open_any(folder: &Path) -> String {
    part(&Store::open(folder).unwrap().1, "a")
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[30] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_newest_whole_state_is_taken_and_damage_is_told() {
    check(|_| {}, Ok(("two", false)));
    check(|folder| damage(&folder.join(CURRENT)), Ok(("one", true)));
    check(
        |folder| fs::write(folder.join(CURRENT), b"").unwrap(),
        Ok(("one", true)),
    );
    check(
        |folder| fs::remove_file(folder.join(CURRENT)).unwrap(),
        Ok(("one", false)),
    );
    check(
        |folder| {
            damage(&folder.join(CURRENT));
            damage(&folder.join(PREVIOUS));
        },
        Err("its checksum is wrong"),
    );
    check(
        |folder| {
            let mut bytes = fs::read(folder.join(CURRENT)).unwrap();
            bytes[8] = 9;
            fs::write(folder.join(CURRENT), bytes).unwrap();
        },
        Err("newer version"),
    );
}

#[test]
fn a_stop_at_any_step_of_saving_leaves_a_whole_state() {
    // While the next one was written.
    check(
        |folder| fs::write(folder.join(NEXT), b"VSTATE").unwrap(),
        Ok(("two", false)),
    );
    // Between the two renames.
    check(
        |folder| {
            fs::rename(folder.join(CURRENT), folder.join(NEXT)).unwrap();
        },
        Ok(("two", false)),
    );
}

const ROLE: &str = "VIEWSHED_STORE_TEST_FOLDER";

/// Run by [`a_killed_writer_leaves_what_it_last_reported_or_more`] as a process of its own; else it does nothing.
#[test]
fn writes_when_told_to() {
    let Ok(folder) = std::env::var(ROLE) else {
        return;
    };
    let (mut store, loaded) = Store::open(Path::new(&folder)).unwrap();
    let mut count: u64 = part(&loaded, "count").parse().unwrap_or(0);
    // It ends by being killed, or with the one who listens.
    loop {
        count += 1;
        let text = count.to_string();
        let filler = text.repeat(20_000);
        store
            .save(&[("count", text.as_bytes()), ("filler", filler.as_bytes())])
            .unwrap();
        if std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("saved {count}\n").as_bytes(),
        )
        .is_err()
        {
            return;
        }
    }
}

fn start_writer(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "folder::tests::writes_when_told_to",
            "--nocapture",
        ])
        .env(ROLE, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_writer_leaves_what_it_last_reported_or_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 1..=25_usize {
        let mut child = start_writer(folder.path());
        let mut reports = BufReader::new(child.stderr.take().unwrap());
        let mut reported = 0;
        let mut lines = 0;
        let mut line = String::new();
        while lines < round % 7 + 1 {
            line.clear();
            assert!(
                reports.read_line(&mut line).unwrap() > 0,
                "the writer ended"
            );
            if let Some(count) = line.trim().strip_prefix("saved ") {
                reported = count.parse().unwrap();
                lines += 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        reports.read_to_string(&mut rest).unwrap();
        for count in rest.lines().filter_map(|line| line.strip_prefix("saved ")) {
            reported = count.parse().unwrap_or(reported);
        }
        let (_store, loaded) = Store::open(folder.path()).unwrap();
        assert_eq!(loaded.problem, None);
        let count: u64 = part(&loaded, "count").parse().unwrap();
        assert!(
            count >= reported && count <= reported + 1,
            "{count} after {reported}"
        );
        assert_eq!(part(&loaded, "filler"), count.to_string().repeat(20_000));
        assert!(count > last);
        last = count;
    }
}
