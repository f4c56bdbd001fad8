//! Any answer in any format that it is offered in.

use viewshed_model::{
    AccessAnswer, BaselineRow, CoverageReport, DiffReport, Gap, Page, PivotReport, RankReport,
    ReachMatrix, ReachReport, ReachSources, RehearsalReport, RulesCheck, RulesReview, ScanReport,
    Verification, View, WatchReport, WhoAnswer,
};

use crate::sarif::{changes, incidents, sarif};
use crate::style::{Detail, Style};
use crate::{cef, csv, dot, falco, html, json, markdown, navigator, ocsf, table, yaml};

/// An answer to render.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// `viewshed scan`.
    Scan(&'a ScanReport),
    /// `viewshed see`, and what a live server answered, where it was asked.
    See(&'a View<'a>, Option<&'a Verification>),
    /// `viewshed who can ...` and `who sees ...`: one answer per cluster or host, and all gaps.
    Who(&'a [WhoAnswer], &'a [Gap]),
    /// `viewshed who` without a question.
    Rank(&'a RankReport),
    /// `viewshed diff`.
    Diff(&'a DiffReport),
    /// `viewshed can-i` with one question.
    CanI(&'a AccessAnswer),
    /// `viewshed can-i --list`.
    Rules(&'a RulesReview),
    /// `viewshed rules check`.
    RulesCheck(&'a RulesCheck),
    /// `viewshed watch` at its end.
    Watch(&'a WatchReport),
    /// `viewshed coverage`.
    Coverage(&'a CoverageReport),
    /// `viewshed baseline show`.
    Baseline(&'a [BaselineRow]),
    /// `viewshed reach FROM TO` and `viewshed reach FROM`.
    Reach(&'a ReachReport),
    /// `viewshed reach --to PLACE`.
    Sources(&'a ReachSources),
    /// `viewshed reach`.
    Matrix(&'a ReachMatrix),
    /// `viewshed reach --pivots`.
    Pivots(&'a PivotReport),
    /// `viewshed rehearse`.
    Rehearsal(&'a RehearsalReport),
    /// `viewshed explain`.
    Explain(&'a [Page]),
}

/// The output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Text for a terminal.
    Table,
    /// The same with evidence and whole lists.
    Wide,
    /// One JSON document.
    Json,
    /// One JSON object per line.
    JsonLines,
    /// One YAML document.
    Yaml,
    /// Comma-separated values.
    Csv,
    /// SARIF 2.1.0.
    Sarif,
    /// One self-contained page.
    Html,
    /// Markdown, for a comment on a pull request.
    Markdown,
    /// A graph for Graphviz.
    Dot,
    /// OCSF Detection Findings, one per line.
    Ocsf,
    /// A layer for ATT&CK Navigator.
    Navigator,
    /// CEF, one line per incident.
    Cef,
    /// JSON in the shape of Falco's alerts, one per line.
    Falco,
}

/// A format that an answer has no form in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` has no `{}` form; it is offered as {}", self.answer, self.format.name(), self.offered)]
pub struct NotOffered {
    /// The answer, as its document names it.
    pub answer: &'static str,
    /// The format that was asked for.
    pub format: Format,
    /// The formats that there are, in words.
    pub offered: String,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 14] = [
        Self::Table,
        Self::Wide,
        Self::Json,
        Self::JsonLines,
        Self::Yaml,
        Self::Csv,
        Self::Sarif,
        Self::Html,
        Self::Markdown,
        Self::Dot,
        Self::Ocsf,
        Self::Navigator,
        Self::Cef,
        Self::Falco,
    ];

    /// The word for `--output`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Wide => "wide",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Yaml => "yaml",
            Self::Csv => "csv",
            Self::Sarif => "sarif",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Dot => "dot",
            Self::Ocsf => "ocsf",
            Self::Navigator => "navigator",
            Self::Cef => "cef",
            Self::Falco => "falco",
        }
    }
}

impl Format {
    /// Whether answers of a kind (`scan`, `see`: that of their documents) have a form in it.
    pub fn is_offered_of(self, kind: &str) -> bool {
        let only = |kinds: &[&str]| kinds.contains(&kind);
        match self {
            Self::Table | Self::Wide | Self::Json | Self::JsonLines | Self::Yaml => true,
            Self::Csv => !only(&["can-i", "rules", "rehearsal", "explain"]),
            Self::Sarif => only(&["scan", "diff", "watch"]),
            Self::Html => only(&["scan", "watch", "pivots"]),
            Self::Markdown => only(&["scan", "diff", "watch", "coverage", "rehearsal"]),
            Self::Dot => only(&["see", "reach-sources", "reach-matrix", "pivots"]),
            Self::Ocsf | Self::Navigator | Self::Cef | Self::Falco => only(&["watch"]),
        }
    }
}

impl<'a> Answer<'a> {
    /// The `kind` of its document.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Scan(_) => "scan",
            Self::See(..) => "see",
            Self::Who(..) => "who",
            Self::Rank(_) => "rank",
            Self::Diff(_) => "diff",
            Self::CanI(_) => "can-i",
            Self::Rules(_) => "rules",
            Self::RulesCheck(_) => "rules-check",
            Self::Watch(_) => "watch",
            Self::Coverage(_) => "coverage",
            Self::Baseline(_) => "baseline",
            Self::Reach(_) => "reach",
            Self::Sources(_) => "reach-sources",
            Self::Matrix(_) => "reach-matrix",
            Self::Pivots(_) => "pivots",
            Self::Rehearsal(_) => "rehearsal",
            Self::Explain(_) => "explain",
        }
    }

    /// Whether the answer has a form in `format`.
    pub fn is_offered_as(&self, format: Format) -> bool {
        format.is_offered_of(self.kind())
    }

    pub(crate) fn gaps(&self) -> &'a [Gap] {
        match *self {
            Self::Scan(report) => &report.gaps,
            Self::See(view, _) => &view.gaps,
            Self::Who(_, gaps) => gaps,
            Self::Rank(report) => &report.gaps,
            Self::Diff(report) => &report.gaps,
            Self::CanI(access) => &access.gaps,
            Self::Rules(review) => &review.gaps,
            Self::RulesCheck(report) => &report.gaps,
            Self::Watch(report) => &report.gaps,
            Self::Coverage(report) => &report.gaps,
            Self::Baseline(_) | Self::Explain(_) => &[],
            Self::Reach(report) => &report.gaps,
            Self::Sources(report) => &report.gaps,
            Self::Matrix(matrix) => &matrix.gaps,
            Self::Pivots(report) => &report.gaps,
            Self::Rehearsal(report) => &report.gaps,
        }
    }
}

/// The answer in the format; `style` matters for [`Format::Table`] and [`Format::Wide`] only.
///
/// # Errors
/// When the answer has no form in that format.
pub fn render(answer: &Answer<'_>, format: Format, style: &Style) -> Result<String, NotOffered> {
    let wide = Style {
        detail: Detail::Full,
        ..*style
    };
    Ok(match (format, *answer) {
        (Format::Table, answer) => terminal(&answer, style),
        (Format::Wide, answer) => terminal(&answer, &wide),
        (Format::Json, answer) => json::json(&answer),
        (Format::JsonLines, answer) => json::json_lines(&answer),
        (Format::Yaml, answer) => yaml::yaml(&answer),
        (Format::Csv, Answer::Scan(report)) => csv::scan(report),
        (Format::Csv, Answer::See(view, _)) => csv::see(view),
        (Format::Csv, Answer::Who(answers, _)) => csv::who(answers),
        (Format::Csv, Answer::Rank(report)) => csv::rank(report),
        (Format::Csv, Answer::Diff(report)) => csv::diff(report),
        (Format::Sarif, Answer::Scan(report)) => sarif(report),
        (Format::Html, Answer::Scan(report)) => html::scan(report),
        (Format::Markdown, Answer::Scan(report)) => markdown::scan(report),
        (Format::Markdown, Answer::Diff(report)) => markdown::diff(report),
        (Format::Dot, Answer::See(view, _)) => dot::see(view),
        (Format::Dot, Answer::Sources(report)) => dot::sources(report),
        (Format::Dot, Answer::Matrix(matrix)) => dot::matrix(matrix),
        (Format::Dot, Answer::Pivots(report)) => dot::pivots(report),
        (Format::Csv, Answer::Pivots(report)) => csv::pivots(report),
        (Format::Csv, Answer::Reach(report)) => csv::reach(report),
        (Format::Csv, Answer::Sources(report)) => csv::sources(report),
        (Format::Csv, Answer::Matrix(matrix)) => csv::matrix(matrix),
        (Format::Csv, Answer::Watch(report)) => csv::watch(report),
        (Format::Csv, Answer::RulesCheck(report)) => csv::rules_check(report),
        (Format::Csv, Answer::Coverage(report)) => csv::coverage(report),
        (Format::Csv, Answer::Baseline(rows)) => csv::baseline(rows),
        (Format::Sarif, Answer::Diff(report)) => changes(report),
        (Format::Sarif, Answer::Watch(report)) => incidents(report),
        (Format::Html, Answer::Watch(report)) => html::watch(report),
        (Format::Html, Answer::Pivots(report)) => html::pivots(report),
        (Format::Markdown, Answer::Watch(report)) => markdown::watch(report),
        (Format::Markdown, Answer::Coverage(report)) => markdown::coverage(report),
        (Format::Markdown, Answer::Rehearsal(report)) => markdown::rehearsal(report),
        (Format::Ocsf, Answer::Watch(report)) => ocsf::findings(report),
        (Format::Navigator, Answer::Watch(report)) => navigator::layer(report),
        (Format::Cef, Answer::Watch(report)) => cef::lines(report),
        (Format::Falco, Answer::Watch(report)) => falco::lines(report),
        (_, answer) => return Err(not_offered(&answer, format)),
    })
}

fn terminal(answer: &Answer<'_>, style: &Style) -> String {
    match *answer {
        Answer::Scan(report) => table::scan(report, style),
        Answer::See(view, verification) => table::see(view, verification, style),
        Answer::Who(answers, gaps) => table::who(answers, gaps, style),
        Answer::Rank(report) => table::rank(report, style),
        Answer::Diff(report) => table::diff(report, style),
        Answer::CanI(access) => table::can_i(access, style),
        Answer::Rules(review) => table::rules(review, style),
        Answer::RulesCheck(report) => table::rules_check(report, style),
        Answer::Watch(report) => table::watch(report, style),
        Answer::Coverage(report) => table::coverage(report, style),
        Answer::Baseline(rows) => table::baseline(rows, style),
        Answer::Reach(report) => table::reach(report, style),
        Answer::Sources(report) => table::sources(report, style),
        Answer::Matrix(matrix) => table::matrix(matrix, style),
        Answer::Pivots(report) => table::pivots(report, style),
        Answer::Rehearsal(report) => table::rehearsal(report, style),
        Answer::Explain(pages) => table::pages(pages, style),
    }
}

/// The words on the command line that the answer comes from.
fn command(answer: &Answer<'_>) -> &'static str {
    match answer {
        Answer::Rank(_) => "who",
        Answer::Rules(_) => "can-i --list",
        Answer::RulesCheck(_) => "rules check",
        Answer::Sources(_) | Answer::Matrix(_) => "reach",
        Answer::Pivots(_) => "reach --pivots",
        Answer::Rehearsal(_) => "rehearse",
        other => other.kind(),
    }
}

fn not_offered(answer: &Answer<'_>, format: Format) -> NotOffered {
    let offered: Vec<&str> = Format::ALL
        .into_iter()
        .filter(|format| answer.is_offered_as(*format))
        .map(Format::name)
        .collect();
    NotOffered {
        answer: command(answer),
        format,
        offered: offered.join(", "),
    }
}
