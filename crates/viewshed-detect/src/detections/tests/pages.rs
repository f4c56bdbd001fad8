//! What the pages of checks and of detections have in common as tests: headings, fenced blocks, expectations.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A fenced block of a page.
pub(crate) struct Block<'p> {
    /// Line of its opening fence, from 1.
    pub(crate) line: usize,
    /// What stands behind the fence.
    pub(crate) info: &'p str,
    pub(crate) lines: Vec<&'p str>,
}

impl Block<'_> {
    /// Its lines as an expectation; `none` stands for nothing.
    pub(crate) fn expected(&self) -> Vec<String> {
        let lines = self.lines.iter().filter(|line| **line != "none");
        lines.map(|line| (*line).to_owned()).collect()
    }
}

pub(crate) fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let inside = lines.by_ref().map(|(_, line)| line);
        blocks.push(Block {
            line: number + 1,
            info,
            lines: inside.take_while(|line| *line != "```").collect(),
        });
    }
    blocks
}

/// Both sides of an expectation that does not hold, with its place; nothing when it holds.
pub(crate) fn difference(
    page: &str,
    line: usize,
    expected: &[String],
    found: &[String],
) -> Option<String> {
    (expected != found).then(|| {
        let (expected, found) = (expected.join("\n    "), found.join("\n    "));
        format!("docs/{page}.md:{line}\n  expected:\n    {expected}\n  found:\n    {found}")
    })
}

/// The page begins with its name and has these headings, in this order.
pub(crate) fn check_headings(name: &str, page: &str, headings: &[&str]) {
    assert!(
        page.starts_with(&format!("# {name}\n")),
        "{name}: first line"
    );
    let places: Vec<Option<usize>> = headings.iter().map(|heading| page.find(heading)).collect();
    assert!(places.iter().all(Option::is_some), "{name}: {places:?}");
    assert!(places.is_sorted(), "{name}: order of headings");
}

/// The names of the files of one kind, without their ends.
pub(crate) fn names_in(folder: &Path, extension: &str) -> BTreeSet<String> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}
