use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{chunk, gzip, of_paths};
use crate::logs::follow::LogReader;
use crate::logs::inbox::{Inbox, Taken};
use crate::logs::limits::{ABSENT_LOOKS, STILL_LOOKS};
use crate::logs::lines::Sizes;
use crate::logs::plan::Planner;
use crate::logs::positions::Positions;
use crate::logs::report::Report;
use crate::logs::roots::Root;
use crate::logs::sources::{Follow, Sources};

/// A log that is written and rotated, and a reader that looks when it is told to.
struct Scene {
    folder: tempfile::TempDir,
    root: Root,
    written: u32,
    /// Begin of a line that is not finished.
    unfinished: String,
    reader: LogReader,
    inbox: Arc<Inbox>,
    positions: Arc<Positions>,
    report: Arc<Report>,
    read: String,
    /// As they were when the state was saved last.
    saved: (Vec<u8>, usize),
}

fn reader(root: &Root, positions: &[u8]) -> (LogReader, Arc<Inbox>, Arc<Positions>, Arc<Report>) {
    let inbox: Arc<Inbox> = Arc::default();
    let positions = Arc::new(Positions::from_bytes(positions).unwrap());
    let report: Arc<Report> = Arc::default();
    let reader = LogReader {
        planner: Planner::new(
            vec![root.clone()],
            Follow::Yes,
            Arc::clone(&positions),
            Arc::clone(&report),
        ),
        follow: Follow::Yes,
        producer: inbox.producer(),
        report: Arc::clone(&report),
        spares: Arc::default(),
        threads: 1,
        sizes: Sizes {
            chunk: 64,
            line_max: 1000,
        },
    };
    (reader, inbox, positions, report)
}

impl Scene {
    fn new(root: impl FnOnce(&Path) -> Root) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = root(folder.path());
        let (reader, inbox, positions, report) = reader(&root, b"");
        Self {
            folder,
            root,
            written: 0,
            unfinished: String::new(),
            reader,
            inbox,
            positions,
            report,
            read: String::new(),
            saved: (Vec::new(), 0),
        }
    }

    fn of_folder() -> Self {
        Self::new(|folder| Root::Folder(folder.to_owned()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .append(true)
            .create(true)
            .open(self.path(name))
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn line(number: u32) -> String {
        let padding = "x".repeat(number as usize % 37);
        format!("{{\"id\":{number},\"padding\":\"{padding}\"}}\n")
    }

    /// Writes so many lines, and the begin of another.
    fn write(&mut self, lines: u32) {
        let mut text = std::mem::take(&mut self.unfinished);
        for _ in 0..lines {
            if text.is_empty() {
                text = Self::line(self.written);
            }
            self.append("audit.log", &text);
            self.written += 1;
            text.clear();
        }
        if !text.is_empty() {
            self.unfinished = text;
        }
    }

    fn begin_line(&mut self) {
        if self.unfinished.is_empty() {
            let line = Self::line(self.written);
            let (begin, rest) = line.split_at(9);
            self.append("audit.log", begin);
            rest.clone_into(&mut self.unfinished);
        }
    }

    fn finish_line(&mut self) {
        if !self.unfinished.is_empty() {
            self.write(1);
        }
    }

    /// Moves `audit.log.1` to `.2` and so on, as logrotate does.
    fn shift(&self) {
        for number in (1..30).rev() {
            for suffix in ["", ".gz"] {
                let from = self.path(&format!("audit.log.{number}{suffix}"));
                if from.exists() {
                    fs::rename(
                        from,
                        self.path(&format!("audit.log.{}{suffix}", number + 1)),
                    )
                    .unwrap();
                }
            }
        }
    }

    fn rotate_by_rename(&mut self) {
        self.finish_line();
        if self.path("audit.log").exists() {
            self.shift();
            fs::rename(self.path("audit.log"), self.path("audit.log.1")).unwrap();
        }
    }

    /// Copies first and cuts off then, with a look in between.
    fn rotate_by_copy(&mut self) {
        self.finish_line();
        if self.path("audit.log").exists() {
            self.shift();
            fs::copy(self.path("audit.log"), self.path("audit.log.1")).unwrap();
            self.look();
            let file = fs::OpenOptions::new()
                .write(true)
                .open(self.path("audit.log"))
                .unwrap();
            file.set_len(0).unwrap();
        }
    }

    /// Compresses a rotated file, with a look at the half and at both.
    fn compress(&mut self, number: u32) {
        let plain = self.path(&format!("audit.log.{number}"));
        let packed = self.path(&format!("audit.log.{number}.gz"));
        let Ok(text) = fs::read(&plain) else { return };
        let bytes = gzip(&text);
        fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
        self.look();
        fs::write(&packed, &bytes).unwrap();
        self.look();
        fs::remove_file(plain).unwrap();
    }

    fn look(&mut self) {
        self.reader.look().unwrap();
        while let Taken::Chunk(chunk) = self.inbox.take(Duration::ZERO) {
            self.read
                .push_str(std::str::from_utf8(&chunk.bytes).unwrap());
            self.positions.advance(&chunk.source, &chunk.mark);
        }
    }

    fn save(&mut self) {
        self.saved = (self.positions.to_bytes(), self.read.len());
    }

    /// Everything since the last saving is forgotten.
    fn kill(&mut self) {
        self.read.truncate(self.saved.1);
        let (reader, inbox, positions, report) = reader(&self.root, &self.saved.0);
        (self.reader, self.inbox, self.positions, self.report) = (reader, inbox, positions, report);
    }

    fn expected(&self) -> String {
        (0..self.written).map(Self::line).collect()
    }
}

#[derive(Debug, Clone)]
enum Deed {
    Write(u32),
    BeginLine,
    RotateByRename,
    RotateByCopy,
    Compress(u32),
    Look,
    Save,
    Kill,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (1_u32..60).prop_map(Deed::Write),
        2 => Just(Deed::BeginLine),
        2 => Just(Deed::RotateByRename),
        1 => Just(Deed::RotateByCopy),
        2 => (1_u32..4).prop_map(Deed::Compress),
        4 => Just(Deed::Look),
        1 => Just(Deed::Save),
        1 => Just(Deed::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn every_line_comes_exactly_once_and_in_order(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut scene = Scene::of_folder();
        for deed in deeds {
            match deed {
                Deed::Write(lines) => scene.write(lines),
                Deed::BeginLine => scene.begin_line(),
                Deed::RotateByRename => scene.rotate_by_rename(),
                Deed::RotateByCopy => scene.rotate_by_copy(),
                Deed::Compress(number) => scene.compress(number),
                Deed::Look => scene.look(),
                Deed::Save => scene.save(),
                Deed::Kill => scene.kill(),
            }
        }
        scene.finish_line();
        scene.look();
        scene.look();
        prop_assert_eq!(&scene.read, &scene.expected());
        prop_assert_eq!(scene.report.gaps(), vec![]);
    }
}

#[test]
fn an_unfinished_line_waits_for_its_end() {
    let mut scene = Scene::of_folder();
    scene.append("audit.log", "one\ntw");
    scene.look();
    assert_eq!(scene.read, "one\n");
    scene.append("audit.log", "o\n");
    scene.look();
    assert_eq!(scene.read, "one\ntwo\n");
}

#[test]
fn an_unfinished_line_of_a_rotated_file_is_taken_after_a_while() {
    let mut scene = Scene::of_folder();
    scene.append("audit.log.1", "one\ntw");
    scene.append("audit.log", "thr");
    for _ in 0..=STILL_LOOKS {
        assert_eq!(scene.read, if scene.read.is_empty() { "" } else { "one\n" });
        scene.look();
    }
    assert_eq!(scene.read, "one\ntw");
}

#[test]
fn a_compressed_file_that_stays_cut_is_a_gap_after_a_while() {
    let mut scene = Scene::of_folder();
    let lines: String = (0..2000).map(Scene::line).collect();
    let bytes = gzip(lines.as_bytes());
    fs::write(scene.path("audit.log.1.gz"), &bytes[..bytes.len() - 20]).unwrap();
    for _ in 0..STILL_LOOKS {
        scene.look();
        assert_eq!(scene.report.gaps(), []);
    }
    scene.look();
    assert_eq!(scene.report.gaps().len(), 1);
    assert!(lines.starts_with(&scene.read) && !scene.read.is_empty());
}

#[test]
fn a_log_that_is_named_is_followed_into_its_rotated_files_but_old_ones_are_left() {
    let mut scene = Scene::new(|folder| Root::Log(folder.join("audit.log")));
    scene.append("audit.log.1", "old\n");
    scene.append("other.log", "other\n");
    scene.write(3);
    scene.look();
    scene.save();
    scene.write(3);
    scene.rotate_by_rename();
    scene.write(3);
    scene.rotate_by_rename();
    scene.write(3);
    scene.kill();
    scene.look();
    assert_eq!(scene.read, scene.expected());
}

#[test]
fn what_is_taken_away_unread_is_a_gap() {
    let mut scene = Scene::of_folder();
    scene.append("audit.log", "one\ntw");
    scene.look();
    fs::remove_file(scene.path("audit.log")).unwrap();
    for _ in 0..ABSENT_LOOKS {
        scene.look();
    }
    let gaps = scene.report.gaps();
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].detail.contains("last 2 bytes"), "{gaps:?}");
    assert!(scene.positions.contents().is_empty());
}

#[test]
fn a_document_is_read_when_it_rests() {
    let mut scene = Scene::of_folder();
    scene.append("events.json", "{\n\"kind\":");
    scene.look();
    scene.append("events.json", "\"EventList\"\n}\n");
    scene.look();
    assert_eq!(scene.read, "");
    scene.look();
    scene.look();
    scene.look();
    assert_eq!(scene.read, "{\n\"kind\":\"EventList\"\n}\n");
}

#[test]
fn new_files_and_lines_are_seen_while_running() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Sources::open(&of_paths(&[folder.path()], Follow::Yes), b"").unwrap();
    let path = folder.path().join("audit.log");
    fs::write(&path, "one\n").unwrap();
    assert_eq!(chunk(&mut sources).bytes, b"one\n");
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"two\n").unwrap();
    assert_eq!(chunk(&mut sources).bytes, b"two\n");
    sources.stop();
    assert_eq!(super::drain(&mut sources), "");
}
