//! The documents of a Sigma file, and where each rule stands.

use super::super::problem::{Effect, RuleProblem};

/// A document of a file.
pub(super) struct Document<'t> {
    pub(super) file: &'t str,
    /// Lines before it.
    pub(super) before: u32,
    pub(super) text: &'t str,
}

/// Documents between `---` lines. A collection with `action` documents belongs together.
pub(super) fn documents<'t>(file: &'t str, text: &'t str) -> Vec<Document<'t>> {
    let whole = Document {
        file,
        before: 0,
        text,
    };
    if text.lines().any(|line| line.starts_with("action:")) {
        return vec![whole];
    }
    let mut found = Vec::new();
    let (mut start, mut at, mut before, mut first) = (0_usize, 0_usize, 0_u32, 0_u32);
    for line in text.split_inclusive('\n') {
        let end = at.saturating_add(line.len());
        before = before.saturating_add(1);
        if line.trim_end() == "---" {
            found.push((first, text.get(start..at)));
            (start, first) = (end, before);
        }
        at = end;
    }
    found.push((first, text.get(start..)));
    found
        .into_iter()
        .filter_map(|(before, text)| {
            let text = text?;
            (!text.trim().is_empty()).then_some(Document { file, before, text })
        })
        .collect()
}

/// Where a rule stands.
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: Option<u32>,
}

impl Place {
    pub(super) fn of(document: &Document<'_>, title: &str) -> Self {
        let line = (1_u32..).zip(document.text.lines()).find(|(_, line)| {
            line.strip_prefix("title:")
                .is_some_and(|rest| rest.trim().trim_matches(['"', '\'']) == title)
        });
        Self {
            file: document.file.to_owned(),
            line: Some(
                line.map_or(1, |(line, _)| line)
                    .saturating_add(document.before),
            ),
        }
    }

    pub(super) fn problem(&self, title: &str, effect: Effect, text: String) -> RuleProblem {
        RuleProblem {
            file: self.file.clone(),
            line: self.line,
            rule: Some(title.to_owned()),
            effect,
            text,
        }
    }
}
