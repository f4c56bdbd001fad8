//! The documents that programs read: one shape for JSON, JSON lines and YAML.
//!
//! The shapes are a promise (docs/reference/schemas/viewshed-1.json), so they are written out here instead
//! of following the model wherever it goes. Field order is the order of the struct.

mod access;
mod evidence;
mod here;
mod scan;
mod sight;

use serde::Serialize;
use viewshed_model::Gap;

use crate::Answer;

pub(crate) use access::{AccessDocument, RulesDocument};
pub(crate) use evidence::{ChainDocument, EvidenceDocument, SubjectDocument};
pub(crate) use scan::{FindingDocument, ScanDocument};
pub(crate) use sight::{
    ChangeDocument, DiffDocument, EntryDocument, RankDocument, RankRowDocument, SeeDocument,
    SeenDocument, WhoDocument,
};

/// Version of every document; raised when a field goes, changes its meaning, or becomes required.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// A whole answer with its version and kind in front.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    schema_version: u32,
    kind: &'static str,
    #[serde(flatten)]
    body: Body<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Scan(Box<ScanDocument<'a>>),
    See(SeeDocument<'a>),
    Who(WhoDocument<'a>),
    Rank(RankDocument<'a>),
    Diff(DiffDocument<'a>),
    Access(AccessDocument<'a>),
    Rules(RulesDocument<'a>),
}

impl<'a> Document<'a> {
    pub(crate) fn of(answer: &Answer<'a>) -> Self {
        let body = match *answer {
            Answer::Scan(report) => Body::Scan(Box::new(ScanDocument::of(report))),
            Answer::See(view, verification) => Body::See(SeeDocument::of(view, verification)),
            Answer::Who(answers, gaps) => Body::Who(WhoDocument::of(answers, gaps)),
            Answer::Rank(report) => Body::Rank(RankDocument::of(report)),
            Answer::Diff(report) => Body::Diff(DiffDocument::of(report)),
            Answer::CanI(access) => Body::Access(AccessDocument::of(access)),
            Answer::Rules(review) => Body::Rules(RulesDocument::of(review)),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            kind: answer.kind(),
            body,
        }
    }
}

/// One line of the JSON lines form: an entry of the answer's main list, or a gap.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    schema_version: u32,
    kind: &'static str,
    #[serde(flatten)]
    entry: Entry<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Finding(Box<FindingDocument<'a>>),
    Seen(SeenDocument<'a>),
    Who(EntryDocument<'a>),
    Rank(RankRowDocument<'a>),
    Change(ChangeDocument<'a>),
    Gap(&'a Gap),
}

impl<'a> Line<'a> {
    /// The lines of an answer; `None` for the answers that have no list.
    pub(crate) fn all(answer: &Answer<'a>) -> Option<Vec<Self>> {
        let (kind, mut entries): (_, Vec<Entry<'a>>) = match *answer {
            Answer::Scan(report) => {
                let findings = report.findings.iter().map(FindingDocument::of);
                (
                    "finding",
                    findings.map(Box::new).map(Entry::Finding).collect(),
                )
            }
            Answer::See(view, _) => ("seen", SeenDocument::all(view).map(Entry::Seen).collect()),
            Answer::Who(answers, _) => (
                "who-entry",
                EntryDocument::all(answers).map(Entry::Who).collect(),
            ),
            Answer::Rank(report) => {
                let rows = report.ranks.iter().map(RankRowDocument::of);
                ("rank-row", rows.map(Entry::Rank).collect())
            }
            Answer::Diff(report) => {
                let changes = report.changes.iter().map(ChangeDocument::of);
                ("change", changes.map(Entry::Change).collect())
            }
            Answer::CanI(_) | Answer::Rules(_) => return None,
        };
        let mut lines: Vec<Self> = entries
            .drain(..)
            .map(|entry| Self::new(kind, entry))
            .collect();
        lines.extend(
            answer
                .gaps()
                .iter()
                .map(|gap| Self::new("gap", Entry::Gap(gap))),
        );
        Some(lines)
    }

    fn new(kind: &'static str, entry: Entry<'a>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            kind,
            entry,
        }
    }
}
