//! The documents of `viewshed reach`.

use serde::Serialize;
use viewshed_model::{
    EndKind, Gap, Pivot, PivotKind, PivotRank, PivotReport, PivotStop, PolicyReference, PortRange,
    Position, Protocol, ReachAnswer, ReachCell, ReachEnd, ReachMatrix, ReachReason, ReachSide,
    ReachSource, ReachSources, ReachVerdict,
};

use super::evidence::{LinkDocument, facts};

/// Questions and their answers.
#[derive(Debug, Serialize)]
pub(crate) struct ReachDocument<'a> {
    estate: &'a str,
    cni: &'a str,
    /// How the network plugin was recognised, and which settings count.
    assumed: &'a [String],
    answers: Vec<ReachAnswerDocument<'a>>,
    gaps: &'a [Gap],
}

impl<'a> ReachDocument<'a> {
    pub(crate) fn of(report: &'a viewshed_model::ReachReport) -> Self {
        Self {
            estate: &report.estate,
            cni: &report.cni,
            assumed: &report.assumed,
            answers: report.answers.iter().map(ReachAnswerDocument::of).collect(),
            gaps: &report.gaps,
        }
    }
}

/// One answer.
#[derive(Debug, Serialize)]
pub(crate) struct ReachAnswerDocument<'a> {
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<Protocol>,
    #[serde(flatten)]
    judged: JudgedDocument<'a>,
}

/// What is said of one question, whoever asked it.
#[derive(Debug, Serialize)]
pub(crate) struct JudgedDocument<'a> {
    verdict: ReachVerdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
    because: Vec<ReasonDocument<'a>>,
    #[serde(skip_serializing_if = "<[PortRange]>::is_empty")]
    ports: &'a [PortRange],
    #[serde(skip_serializing_if = "<[PortRange]>::is_empty")]
    uncertain_ports: &'a [PortRange],
}

impl<'a> ReachAnswerDocument<'a> {
    pub(crate) fn of(answer: &'a ReachAnswer) -> Self {
        Self {
            from: answer.question.from.to_string(),
            to: answer.question.to.to_string(),
            port: answer.question.port,
            protocol: answer.question.protocol,
            judged: JudgedDocument::of(answer),
        }
    }
}

impl<'a> JudgedDocument<'a> {
    pub(crate) fn of(answer: &'a ReachAnswer) -> Self {
        Self {
            verdict: answer.verdict,
            depends_on: facts(&answer.depends_on),
            because: answer.because.iter().map(ReasonDocument::of).collect(),
            ports: &answer.ports,
            uncertain_ports: &answer.uncertain_ports,
        }
    }
}

/// One reason.
#[derive(Debug, Serialize)]
pub(crate) struct ReasonDocument<'a> {
    side: ReachSide,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a PolicyReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Position>,
    text: &'a str,
}

impl<'a> ReasonDocument<'a> {
    fn of(reason: &'a ReachReason) -> Self {
        Self {
            side: reason.side,
            policy: reason.policy.as_ref(),
            rule: reason.rule,
            location: reason.location.as_ref(),
            text: &reason.text,
        }
    }
}

/// Everything that reaches one place.
#[derive(Debug, Serialize)]
pub(crate) struct SourcesDocument<'a> {
    estate: &'a str,
    cni: &'a str,
    to: String,
    points: &'a [String],
    sources: Vec<SourceDocument<'a>>,
    gaps: &'a [Gap],
}

impl<'a> SourcesDocument<'a> {
    pub(crate) fn of(report: &'a ReachSources) -> Self {
        Self {
            estate: &report.estate,
            cni: &report.cni,
            to: report.to.to_string(),
            points: &report.points,
            sources: report.sources.iter().map(SourceDocument::of).collect(),
            gaps: &report.gaps,
        }
    }
}

/// One source.
#[derive(Debug, Serialize)]
pub(crate) struct SourceDocument<'a> {
    verdict: ReachVerdict,
    source_kind: EndKind,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    workload_kind: &'a str,
    pods: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    example: &'a str,
    #[serde(skip_serializing_if = "<[PortRange]>::is_empty")]
    ports: &'a [PortRange],
    #[serde(skip_serializing_if = "<[PortRange]>::is_empty")]
    uncertain_ports: &'a [PortRange],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
    because: Vec<ReasonDocument<'a>>,
}

impl<'a> SourceDocument<'a> {
    pub(crate) fn of(source: &'a ReachSource) -> Self {
        Self {
            verdict: source.verdict,
            source_kind: source.kind,
            namespace: &source.namespace,
            name: &source.name,
            workload_kind: &source.workload_kind,
            pods: source.pods,
            example: &source.example,
            ports: &source.ports,
            uncertain_ports: &source.uncertain_ports,
            depends_on: facts(&source.depends_on),
            because: source.because.iter().map(ReasonDocument::of).collect(),
        }
    }
}

/// All pairs.
#[derive(Debug, Serialize)]
pub(crate) struct MatrixDocument<'a> {
    estate: &'a str,
    cni: &'a str,
    ends: &'a [ReachEnd],
    cells: &'a [ReachCell],
    gaps: &'a [Gap],
}

impl<'a> MatrixDocument<'a> {
    pub(crate) fn of(matrix: &'a ReachMatrix) -> Self {
        Self {
            estate: &matrix.estate,
            cni: &matrix.cni,
            ends: &matrix.ends,
            cells: &matrix.cells,
            gaps: &matrix.gaps,
        }
    }
}

/// One pair on a line of its own.
#[derive(Debug, Serialize)]
pub(crate) struct CellDocument<'a> {
    from: String,
    to: String,
    #[serde(skip_serializing_if = "<[PortRange]>::is_empty")]
    allowed: &'a [PortRange],
    #[serde(skip_serializing_if = "<[PortRange]>::is_empty")]
    uncertain: &'a [PortRange],
}

impl<'a> CellDocument<'a> {
    pub(crate) fn all(matrix: &'a ReachMatrix) -> impl Iterator<Item = Self> {
        matrix.cells.iter().map(|cell| {
            let name = |at: u32| {
                let end = matrix.ends.get(at as usize);
                end.map(ToString::to_string).unwrap_or_default()
            };
            Self {
                from: name(cell.from),
                to: name(cell.to),
                allowed: &cell.allowed,
                uncertain: &cell.uncertain,
            }
        })
    }
}

/// One thing that an intruder may become.
#[derive(Debug, Serialize)]
pub(crate) struct PivotDocument<'a> {
    becomes: PivotKind,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    steps: Vec<LinkDocument<'a>>,
    /// What one is after each step.
    #[serde(skip_serializing_if = "<[PivotStop]>::is_empty")]
    stops: &'a [PivotStop],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
}

impl<'a> PivotDocument<'a> {
    pub(crate) fn of(pivot: &'a Pivot) -> Self {
        Self {
            becomes: pivot.kind,
            name: &pivot.name,
            steps: pivot.steps.iter().map(LinkDocument::of).collect(),
            stops: &pivot.stops,
            depends_on: facts(&pivot.depends_on),
        }
    }
}

/// Every workload with what it leads to.
#[derive(Debug, Serialize)]
pub(crate) struct PivotsDocument<'a> {
    estate: &'a str,
    cni: &'a str,
    ranks: Vec<PivotRankDocument<'a>>,
    harmless: u64,
    /// What was not read and may let more of them lead further.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
    gaps: &'a [Gap],
}

impl<'a> PivotsDocument<'a> {
    pub(crate) fn of(report: &'a PivotReport) -> Self {
        Self {
            estate: &report.estate,
            cni: &report.cni,
            ranks: report.ranks.iter().map(PivotRankDocument::of).collect(),
            harmless: report.harmless,
            depends_on: facts(&report.depends_on),
            gaps: &report.gaps,
        }
    }
}

/// One workload.
#[derive(Debug, Serialize)]
pub(crate) struct PivotRankDocument<'a> {
    from: &'a str,
    workload_kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pod: &'a str,
    ways_in: &'a [String],
    pivot: PivotDocument<'a>,
}

impl<'a> PivotRankDocument<'a> {
    pub(crate) fn of(rank: &'a PivotRank) -> Self {
        Self {
            from: &rank.from,
            workload_kind: &rank.workload_kind,
            pod: &rank.pod,
            ways_in: &rank.ways_in,
            pivot: PivotDocument::of(&rank.pivot),
        }
    }
}
