//! Looking for what a bench left behind.

use std::fs;
use std::path::PathBuf;

/// The command lines of all processes that contain one of `words`.
pub(crate) fn processes_that_mention(words: &[&str]) -> Vec<String> {
    let lines = processes().filter_map(|process| fs::read(process.join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
    lines
        .filter(|line| words.iter().any(|word| line.contains(word)))
        .collect()
}

/// The folders of all processes.
pub(crate) fn processes() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.join("cmdline").exists())
}
