//! The documents that programs read: one shape for JSON, JSON lines and YAML.
//!
//! The shapes are a promise (docs/reference/schemas/viewshed-1.json), so they are written out here instead
//! of following the model wherever it goes. Field order is the order of the struct.

mod access;
mod evidence;
mod explain;
mod here;
mod incident;
mod reach;
mod rehearsal;
mod rules_check;
mod scan;
mod sight;
mod watch;

use serde::Serialize;
use viewshed_model::{Gap, WatchReport};

use crate::Answer;

pub(crate) use access::{AccessDocument, RulesDocument};
pub(crate) use evidence::{ChainDocument, EvidenceDocument, SubjectDocument};
pub(crate) use explain::{ExplainDocument, PageDocument};
pub(crate) use incident::IncidentDocument;
pub(crate) use reach::{
    CellDocument, JudgedDocument, MatrixDocument, PivotDocument, PivotRankDocument, PivotsDocument,
    ReachAnswerDocument, ReachDocument, SourceDocument, SourcesDocument,
};
pub(crate) use rehearsal::{RehearsalDocument, StepDocument};
pub(crate) use rules_check::{RuleVerdictDocument, RulesCheckDocument};
pub(crate) use scan::{FindingDocument, ScanDocument};
pub(crate) use sight::{
    ByStepDocument, ChangeDocument, DiffDocument, EntryDocument, RankDocument, RankRowDocument,
    SeeDocument, SeenDocument, WhoDocument,
};
pub(crate) use watch::{
    BaselineDocument, BaselineRowDocument, CoverageDocument, CoverageRowDocument, WatchDocument,
    WatchSummary,
};

/// Version of every document; raised when a field goes, changes its meaning, or becomes required.
pub const SCHEMA_VERSION: u32 = 1;

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
    RulesCheck(RulesCheckDocument<'a>),
    Watch(Box<WatchDocument<'a>>),
    Coverage(CoverageDocument<'a>),
    Baseline(BaselineDocument<'a>),
    Reach(ReachDocument<'a>),
    Sources(SourcesDocument<'a>),
    Matrix(MatrixDocument<'a>),
    Pivots(PivotsDocument<'a>),
    Rehearsal(Box<RehearsalDocument<'a>>),
    Explain(ExplainDocument<'a>),
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
            Answer::RulesCheck(report) => Body::RulesCheck(RulesCheckDocument::of(report)),
            Answer::Watch(report) => Body::Watch(Box::new(WatchDocument::of(report))),
            Answer::Coverage(report) => Body::Coverage(CoverageDocument::of(report)),
            Answer::Baseline(rows) => Body::Baseline(BaselineDocument::of(rows)),
            Answer::Reach(report) => Body::Reach(ReachDocument::of(report)),
            Answer::Sources(report) => Body::Sources(SourcesDocument::of(report)),
            Answer::Matrix(matrix) => Body::Matrix(MatrixDocument::of(matrix)),
            Answer::Pivots(report) => Body::Pivots(PivotsDocument::of(report)),
            Answer::Rehearsal(report) => Body::Rehearsal(Box::new(RehearsalDocument::of(report))),
            Answer::Explain(pages) => Body::Explain(ExplainDocument::of(pages)),
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
    ByStep(ByStepDocument<'a>),
    Rank(RankRowDocument<'a>),
    Change(ChangeDocument<'a>),
    Coverage(CoverageRowDocument<'a>),
    Rule(RuleVerdictDocument<'a>),
    Watch(Box<WatchSummary<'a>>),
    Baseline(BaselineRowDocument<'a>),
    Reach(ReachAnswerDocument<'a>),
    Source(SourceDocument<'a>),
    Cell(CellDocument<'a>),
    Pivot(PivotRankDocument<'a>),
    Page(PageDocument<'a>),
    Step(StepDocument<'a>),
    Gap(&'a Gap),
}

impl<'a> Line<'a> {
    /// The lines of an answer; `None` for the answers that have no list.
    pub(crate) fn all(answer: &Answer<'a>) -> Option<Vec<Self>> {
        let (kind, mut entries) = Self::entries(answer)?;
        let mut lines: Vec<Self> = entries
            .drain(..)
            .map(|entry| Self::new(kind, entry))
            .collect();
        if let Answer::Who(answers, _) = *answer {
            let ways = ByStepDocument::all(answers).map(Entry::ByStep);
            lines.extend(ways.map(|way| Self::new("who-by-step", way)));
        }
        lines.extend(
            answer
                .gaps()
                .iter()
                .map(|gap| Self::new("gap", Entry::Gap(gap))),
        );
        Some(lines)
    }

    /// What the lines of the main list are called, and the list.
    fn entries(answer: &Answer<'a>) -> Option<(&'static str, Vec<Entry<'a>>)> {
        Some(match *answer {
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
            Answer::Coverage(report) => {
                let rows = report.rows.iter().map(CoverageRowDocument::of);
                ("coverage-row", rows.map(Entry::Coverage).collect())
            }
            Answer::RulesCheck(report) => {
                let rules = report.rules.iter().map(RuleVerdictDocument::of);
                ("rule", rules.map(Entry::Rule).collect())
            }
            Answer::Baseline(rows) => {
                let rows = rows.iter().map(BaselineRowDocument::of);
                ("baseline-row", rows.map(Entry::Baseline).collect())
            }
            Answer::Reach(report) => {
                let answers = report.answers.iter().map(ReachAnswerDocument::of);
                ("reach-answer", answers.map(Entry::Reach).collect())
            }
            Answer::Sources(report) => {
                let sources = report.sources.iter().map(SourceDocument::of);
                ("reach-source", sources.map(Entry::Source).collect())
            }
            Answer::Matrix(matrix) => {
                let cells = CellDocument::all(matrix).map(Entry::Cell);
                ("reach-pair", cells.collect())
            }
            Answer::Pivots(report) => {
                let ranks = report.ranks.iter().map(PivotRankDocument::of);
                ("pivot-rank", ranks.map(Entry::Pivot).collect())
            }
            Answer::Rehearsal(report) => (
                "rehearsal-step",
                StepDocument::all(report).map(Entry::Step).collect(),
            ),
            Answer::Explain(pages) => (
                "page",
                pages
                    .iter()
                    .map(PageDocument::of)
                    .map(Entry::Page)
                    .collect(),
            ),
            Answer::CanI(_) | Answer::Rules(_) | Answer::Watch(_) => return None,
        })
    }

    /// What is told after the incidents of a watch.
    pub(crate) fn summary(report: &'a WatchReport) -> Self {
        let summary = WatchSummary::of(report);
        Self::new("watch-summary", Entry::Watch(Box::new(summary)))
    }

    fn new(kind: &'static str, entry: Entry<'a>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            kind,
            entry,
        }
    }
}
