//! Tests of reading logs, on real files and sockets.

mod files;
mod following;
mod lines;
mod listener;
mod watching_docker;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::chunk::Chunk;
use super::sources::{Follow, Next, SourceSettings, Sources};

/// Longer than any test takes that does not fail.
const PATIENCE: Duration = Duration::from_secs(20);

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with these files, and its path.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn of_paths(paths: &[&Path], follow: Follow) -> SourceSettings {
    SourceSettings {
        paths: paths.iter().map(PathBuf::from).collect(),
        follow,
        threads: 2,
        ..SourceSettings::default()
    }
}

fn chunk(sources: &mut Sources) -> Chunk {
    match sources.next_chunk(PATIENCE) {
        Next::Chunk(chunk) => chunk,
        other => panic!("{other:?}: {:?}", sources.gaps()),
    }
}

/// Everything up to the end, as text.
fn drain(sources: &mut Sources) -> String {
    let mut text = String::new();
    loop {
        match sources.next_chunk(PATIENCE) {
            Next::Chunk(chunk) => {
                text.push_str(&String::from_utf8_lossy(&chunk.bytes));
                sources.done(chunk);
            }
            Next::End => return text,
            Next::Quiet => panic!("no end: {:?}", sources.gaps()),
        }
    }
}
