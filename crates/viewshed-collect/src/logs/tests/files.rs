use std::fs;
use std::io::{Read, Write};

use viewshed_model::{Gap, GapReason};

use super::{chunk, drain, folder, gzip, of_paths};
use crate::error::Error;
use crate::logs::compression::Content;
use crate::logs::lines::Sizes;
use crate::logs::sources::{Follow, Next, Sources};

/// What is read of a folder with these files, and the gaps.
fn read(files: &[(&str, &[u8])]) -> (String, Vec<Gap>) {
    let folder = folder(files);
    let mut sources = Sources::open(&of_paths(&[folder.path()], Follow::No), b"").unwrap();
    (drain(&mut sources), sources.gaps())
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn rotated_files_come_oldest_first_whatever_they_are_packed_in() {
    let (text, gaps) = read(&[
        ("audit-2025-11-26T14-33-45.420.log.gz", &gzip(b"a\nb\n")),
        (
            "audit-2025-11-27T14-33-45.420.log.zst",
            &zstd::encode_all(&b"c\n"[..], 0).unwrap(),
        ),
        ("audit.log", b"e\nf"),
        ("audit-2025-11-28T14-33-45.420.log", b"d\n"),
    ]);
    assert_eq!((text.as_str(), gaps), ("a\nb\nc\nd\ne\nf", Vec::new()));
}

#[test]
fn logs_beside_each_other_are_merged_by_their_times() {
    let line = |time: &str| format!("{{\"stageTimestamp\":\"2026-01-01T00:{time}Z\"}}\n");
    let one = line("00:00") + &line("03:00");
    let other = line("01:00") + &line("02:00");
    let third = line("04:00");
    let folder = folder(&[
        ("z/audit.log", third.as_bytes()),
        ("a/audit.log", other.as_bytes()),
        ("b/audit.log", one.as_bytes()),
    ]);
    let settings = of_paths(&[folder.path()], Follow::No);
    let sizes = Sizes {
        chunk: 10,
        ..Sizes::default()
    };
    let mut sources = Sources::open_with(&settings, b"", sizes).unwrap();
    let expected: String = ["00:00", "01:00", "02:00", "03:00", "04:00"]
        .map(line)
        .concat();
    assert_eq!(drain(&mut sources), expected);
}

#[test]
fn many_files_on_many_threads_keep_the_order_of_their_log() {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut expected = String::new();
    for number in (1..40).rev() {
        let text = lines((0..500).map(|line| format!("{number} {line}")));
        expected += &text;
        files.push((format!("audit.log.{number}.gz"), gzip(text.as_bytes())));
    }
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), &bytes[..]))
        .collect();
    let folder = folder(&files);
    let mut settings = of_paths(&[folder.path()], Follow::No);
    settings.threads = 4;
    let sizes = Sizes {
        chunk: 1000,
        ..Sizes::default()
    };
    let mut sources = Sources::open_with(&settings, b"", sizes).unwrap();
    assert_eq!(drain(&mut sources), expected);
}

#[test]
fn gzip_of_several_members_is_one_file() {
    let two = [gzip(b"a\n"), gzip(b"b\n")].concat();
    assert_eq!(
        read(&[("audit.log.gz", &two)]),
        ("a\nb\n".to_owned(), Vec::new())
    );
}

#[test]
fn a_cut_or_damaged_file_gives_every_line_before_it_and_a_gap() {
    let numbers = (0..20_000_u64).map(|line| line.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string());
    let text = lines(numbers);
    let whole = gzip(text.as_bytes());
    let cut = &whole[..whole.len() / 2];
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..].fill(0xff);
    let zstd = zstd::encode_all(text.as_bytes(), 0).unwrap();
    for (bytes, reason) in [
        (cut, GapReason::Truncated),
        (&damaged[..], GapReason::Malformed),
        (&zstd[..zstd.len() - 5], GapReason::Truncated),
    ] {
        let (read, gaps) = read(&[("audit.log.gz", bytes)]);
        assert!(text.starts_with(&read) && read.ends_with('\n'), "{gaps:?}");
        // A block of the compression may be lost with the cut.
        assert!(
            read.len() > text.len() / 4,
            "{} of {}",
            read.len(),
            text.len()
        );
        assert_eq!(
            gaps.iter().map(|gap| gap.reason).collect::<Vec<_>>(),
            [reason]
        );
    }
}

#[test]
fn what_is_no_log_is_named() {
    let (text, gaps) = read(&[
        ("a.log", b"\x7fELF\0\0\0"),
        ("b.log", b"\xfd7zXZ\0rest"),
        ("c.log", b"line\n"),
        ("empty.log", b""),
    ]);
    assert_eq!(text, "line\n");
    let details: Vec<&str> = gaps.iter().map(|gap| gap.detail.as_str()).collect();
    assert_eq!(
        details,
        ["it is binary data, not a log", "it is xz, not a log"]
    );
}

#[test]
fn a_bomb_is_left_when_it_shows() {
    let bomb = zstd::encode_all(std::io::repeat(b'a').take(80 << 20), 0).unwrap();
    let mut content = Content::open(&bomb[..]).unwrap();
    let error = std::io::copy(&mut content, &mut std::io::sink()).unwrap_err();
    assert!(error.to_string().contains("as no log does"), "{error}");
}

#[test]
fn a_document_comes_in_one_piece() {
    let document = b"{\n  \"kind\": \"EventList\"\n}\n";
    let folder = folder(&[("events.json", document)]);
    let settings = of_paths(&[folder.path()], Follow::No);
    let sizes = Sizes {
        chunk: 4,
        ..Sizes::default()
    };
    let mut sources = Sources::open_with(&settings, b"", sizes).unwrap();
    let whole = chunk(&mut sources);
    assert!(whole.is_document);
    assert_eq!(whole.bytes, document);
    sources.done(whole);
    assert!(matches!(sources.next_chunk(super::PATIENCE), Next::End));
}

#[test]
fn lines_that_are_too_long_are_counted_and_the_others_come() {
    let folder = folder(&[("audit.log", b"one\nmuch too long\ntwo\n\xff\xfe\n")]);
    let settings = of_paths(&[folder.path()], Follow::No);
    let sizes = Sizes {
        chunk: 3,
        line_max: 8,
    };
    let mut sources = Sources::open_with(&settings, b"", sizes).unwrap();
    assert_eq!(drain(&mut sources), "one\ntwo\n\u{fffd}\u{fffd}\n");
    assert_eq!(sources.states()[0].long_lines, 1);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    assert_eq!(read(&[("audit.log", b"\xef\xbb\xbf{}\n")]).0, "{}\n");
}

#[test]
fn a_chunk_says_where_it_is_from() {
    let folder = folder(&[("audit.log.1", b"a\n"), ("audit.log", b"b\nc\n")]);
    let settings = of_paths(&[folder.path()], Follow::No);
    let sizes = Sizes {
        chunk: 1,
        ..Sizes::default()
    };
    let mut sources = Sources::open_with(&settings, b"", sizes).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (file, offset) in [("audit.log.1", 0), ("audit.log", 0), ("audit.log", 2)] {
        let chunk = chunk(&mut sources);
        assert_eq!(*chunk.source, path("audit.log"));
        assert_eq!((chunk.file.to_string(), chunk.offset), (path(file), offset));
    }
}

#[test]
fn reading_again_goes_on_where_it_stopped() {
    let folder = folder(&[("audit.log.1.gz", &gzip(b"a\n")), ("audit.log", b"b\n")]);
    let settings = of_paths(&[folder.path()], Follow::No);
    let mut sources = Sources::open(&settings, b"").unwrap();
    assert_eq!(drain(&mut sources), "a\nb\n");
    let positions = sources.positions();
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(folder.path().join("audit.log"))
        .unwrap();
    file.write_all(b"c\n").unwrap();
    let mut sources = Sources::open(&settings, &positions).unwrap();
    assert_eq!(drain(&mut sources), "c\n");
}

#[test]
fn what_was_not_given_back_comes_again() {
    let folder = folder(&[("audit.log", b"a\nb\n")]);
    let settings = of_paths(&[folder.path()], Follow::No);
    let sizes = Sizes {
        chunk: 1,
        ..Sizes::default()
    };
    let mut sources = Sources::open_with(&settings, b"", sizes).unwrap();
    let first = chunk(&mut sources);
    sources.done(first);
    chunk(&mut sources);
    let positions = sources.positions();
    let mut sources = Sources::open(&settings, &positions).unwrap();
    assert_eq!(drain(&mut sources), "b\n");
}

#[test]
fn a_path_that_is_not_there_is_an_error_and_foreign_positions_too() {
    let folder = folder(&[]);
    let missing = of_paths(&[&folder.path().join("missing.log")], Follow::No);
    assert!(matches!(
        Sources::open(&missing, b""),
        Err(Error::Unreadable { .. })
    ));
    let settings = of_paths(&[folder.path()], Follow::No);
    for positions in [
        &b"{}"[..],
        b"junk",
        b"{\"version\":99,\"next_id\":0,\"contents\":{},\"docker\":{}}",
    ] {
        let result = Sources::open(&settings, positions);
        assert!(matches!(result, Err(Error::PositionsUnusable { .. })));
    }
}

#[test]
fn a_pipe_is_read_as_it_comes_and_may_be_compressed() {
    let folder = folder(&[]);
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let settings = of_paths(&[&path], Follow::No);
    let mut sources = Sources::open(&settings, b"").unwrap();
    let mut pipe = fs::OpenOptions::new().write(true).open(&path).unwrap();
    pipe.write_all(b"one\ntw").unwrap();
    assert_eq!(chunk(&mut sources).bytes, b"one\n");
    pipe.write_all(b"o\nthree").unwrap();
    drop(pipe);
    assert_eq!(drain(&mut sources), "two\nthree");
    let mut sources = Sources::open(&settings, b"").unwrap();
    let mut pipe = fs::OpenOptions::new().write(true).open(&path).unwrap();
    pipe.write_all(&gzip(b"[\n{\"a\":1}\n]\n")).unwrap();
    drop(pipe);
    let document = chunk(&mut sources);
    assert!(document.is_document);
    assert_eq!(document.bytes, b"[\n{\"a\":1}\n]\n");
}
