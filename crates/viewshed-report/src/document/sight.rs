//! The documents of `viewshed see`, `who` and `diff`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use viewshed_model::{
    Category, DiffReport, EstateSummary, Gap, GrantOrigin, HeldIdentity, IdentityRank, PortRange,
    Position, RankReport, SeenItem, SightChange, Vantage, Verification, View, ViewDifference,
    WhoAnswer, WhoByStep, WhoEntry,
};

use super::evidence::facts;
use super::here::HereDocument;
use super::{ChainDocument, EvidenceDocument, PivotDocument, ReachAnswerDocument, SubjectDocument};
use crate::wording;

/// The document of `viewshed see`.
#[derive(Debug, Serialize)]
pub(crate) struct SeeDocument<'a> {
    vantage: &'a Vantage,
    from: String,
    estate: &'a str,
    identities: &'a [HeldIdentity],
    chains: Vec<ChainDocument<'a>>,
    categories: Vec<CategoryDocument<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unnamed: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    may_act_as: &'a [String],
    depends_on: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<VerificationDocument<'a>>,
    gaps: &'a [Gap],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<ReachAnswerDocument<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pivots: Vec<PivotDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    here: Option<HereDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct CategoryDocument<'a> {
    category: Category,
    seen_count: u64,
    hidden_count: u64,
    uncertain_count: u64,
    seen: &'a [SeenItem<'a>],
}

#[derive(Debug, Serialize)]
struct VerificationDocument<'a> {
    asked: u64,
    differences: &'a [ViewDifference],
}

impl<'a> SeeDocument<'a> {
    pub(crate) fn of(view: &'a View<'a>, verification: Option<&'a Verification>) -> Self {
        let categories = view.categories.iter().map(|entry| CategoryDocument {
            category: entry.category,
            seen_count: entry.seen.len() as u64,
            hidden_count: entry.hidden_count,
            uncertain_count: entry.uncertain_count,
            seen: &entry.seen,
        });
        Self {
            vantage: &view.vantage,
            from: wording::vantage(&view.vantage),
            estate: &view.estate,
            identities: &view.identities,
            chains: view.chains.iter().map(ChainDocument::of).collect(),
            categories: categories.collect(),
            unnamed: &view.unnamed,
            may_act_as: &view.may_act_as,
            depends_on: facts(&view.depends_on),
            verification: verification.map(|verification| VerificationDocument {
                asked: verification.asked,
                differences: &verification.differences,
            }),
            gaps: &view.gaps,
            paths: view.paths.iter().map(ReachAnswerDocument::of).collect(),
            pivots: view.pivots.iter().map(PivotDocument::of).collect(),
            here: view.here.as_deref().map(HereDocument::of),
        }
    }
}

/// One seen thing on a line of its own.
#[derive(Debug, Serialize)]
pub(crate) struct SeenDocument<'a> {
    estate: &'a str,
    category: Category,
    object_kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    name: &'a str,
    verbs: &'a [Cow<'static, str>],
    /// The chain's steps in one line.
    through: String,
}

impl<'a> SeenDocument<'a> {
    pub(crate) fn all(view: &'a View<'a>) -> impl Iterator<Item = Self> {
        view.categories.iter().flat_map(move |entry| {
            entry.seen.iter().map(move |item| Self {
                estate: &view.estate,
                category: entry.category,
                object_kind: &item.kind,
                namespace: &item.namespace,
                name: &item.name,
                verbs: &item.verbs,
                through: view
                    .chains
                    .get(item.chain)
                    .map(wording::chain)
                    .unwrap_or_default(),
            })
        })
    }
}

/// The document of `viewshed who can ...` and `who sees ...`.
#[derive(Debug, Serialize)]
pub(crate) struct WhoDocument<'a> {
    answers: Vec<WhoAnswerDocument<'a>>,
    gaps: &'a [Gap],
}

#[derive(Debug, Serialize)]
struct WhoAnswerDocument<'a> {
    question: &'a str,
    estate: &'a str,
    entries: Vec<EntryDocument<'a>>,
    /// Who has the values of the object.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    holds_values: &'a [String],
    /// Who becomes one of them, step by step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by_steps: Vec<ByStepDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_by_steps: Option<u64>,
    depends_on: Vec<&'a str>,
}

/// One who is none of them, and becomes one.
#[derive(Debug, Serialize)]
pub(crate) struct ByStepDocument<'a> {
    estate: &'a str,
    subject: SubjectDocument<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pods: &'a [String],
    pivot: PivotDocument<'a>,
}

impl<'a> ByStepDocument<'a> {
    fn of(answer: &'a WhoAnswer, way: &'a WhoByStep) -> Self {
        Self {
            estate: &answer.estate,
            subject: SubjectDocument::of(&way.subject),
            pods: &way.pods,
            pivot: PivotDocument::of(&way.pivot),
        }
    }

    pub(crate) fn all(answers: &'a [WhoAnswer]) -> impl Iterator<Item = Self> {
        answers.iter().flat_map(Self::of_answer)
    }

    fn of_answer(answer: &'a WhoAnswer) -> impl Iterator<Item = Self> {
        answer.by_steps.iter().map(move |way| Self::of(answer, way))
    }
}

impl<'a> WhoDocument<'a> {
    pub(crate) fn of(answers: &'a [WhoAnswer], gaps: &'a [Gap]) -> Self {
        let answers = answers.iter().map(|answer| WhoAnswerDocument {
            question: &answer.question,
            estate: &answer.estate,
            entries: answer
                .entries
                .iter()
                .map(|entry| EntryDocument::of(answer, entry))
                .collect(),
            holds_values: &answer.holds_values,
            by_steps: ByStepDocument::of_answer(answer).collect(),
            more_by_steps: Some(answer.more_by_steps).filter(|more| *more > 0),
            depends_on: facts(&answer.depends_on),
        });
        Self {
            answers: answers.collect(),
            gaps,
        }
    }
}

/// One subject that can do it.
#[derive(Debug, Serialize)]
pub(crate) struct EntryDocument<'a> {
    estate: &'a str,
    subject: SubjectDocument<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    names: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    indirect: &'a str,
    /// What has to hold for it and is not known.
    #[serde(skip_serializing_if = "str::is_empty")]
    condition: &'a str,
    evidence: EvidenceDocument<'a>,
    origin: GrantOrigin,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_members: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pods: &'a [String],
    /// Those of the pods that the network keeps from the API server.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pods_cut_off: &'a [String],
}

impl<'a> EntryDocument<'a> {
    fn of(answer: &'a WhoAnswer, entry: &'a WhoEntry) -> Self {
        Self {
            estate: &answer.estate,
            subject: SubjectDocument::of(&entry.subject),
            namespace: entry.namespace.as_deref(),
            names: &entry.names,
            indirect: &entry.indirect,
            condition: &entry.condition,
            evidence: EvidenceDocument::of(&entry.evidence),
            origin: entry.origin,
            known_members: entry.known_members,
            pods: &entry.pods,
            pods_cut_off: &entry.pods_cut_off,
        }
    }

    pub(crate) fn all(answers: &'a [WhoAnswer]) -> impl Iterator<Item = Self> {
        answers.iter().flat_map(|answer| {
            answer
                .entries
                .iter()
                .map(move |entry| Self::of(answer, entry))
        })
    }
}

/// The document of `viewshed who` without a question.
#[derive(Debug, Serialize)]
pub(crate) struct RankDocument<'a> {
    estate: &'a EstateSummary,
    ranks: Vec<RankRowDocument<'a>>,
    totals: BTreeMap<&'a str, u64>,
    gaps: &'a [Gap],
}

impl<'a> RankDocument<'a> {
    pub(crate) fn of(report: &'a RankReport) -> Self {
        Self {
            estate: &report.estate,
            ranks: report.ranks.iter().map(RankRowDocument::of).collect(),
            totals: report
                .totals
                .iter()
                .map(|(name, total)| (name.as_str(), *total))
                .collect(),
            gaps: &report.gaps,
        }
    }
}

/// One row of the ranked table.
#[derive(Debug, Serialize)]
pub(crate) struct RankRowDocument<'a> {
    subject: SubjectDocument<'a>,
    origin: GrantOrigin,
    visible: u64,
    total: u64,
    namespaces: u64,
    by_resource: BTreeMap<&'a str, u64>,
    bindings: &'a [String],
    unknown_members: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    impersonates: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    further: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chains: Vec<ChainDocument<'a>>,
}

impl<'a> RankRowDocument<'a> {
    pub(crate) fn of(row: &'a IdentityRank) -> Self {
        Self {
            subject: SubjectDocument::of(&row.subject),
            origin: row.origin,
            visible: row.visible,
            total: row.total,
            namespaces: row.namespaces,
            by_resource: row
                .by_resource
                .iter()
                .map(|(name, number)| (name.as_str(), *number))
                .collect(),
            bindings: &row.bindings,
            unknown_members: row.unknown_members,
            impersonates: &row.impersonates,
            further: &row.further,
            chains: row.chains.iter().map(ChainDocument::of).collect(),
        }
    }
}

/// The document of `viewshed diff`.
#[derive(Debug, Serialize)]
pub(crate) struct DiffDocument<'a> {
    before: &'a str,
    after: &'a str,
    gained_count: u64,
    lost_count: u64,
    changes: Vec<ChangeDocument<'a>>,
    gaps: &'a [Gap],
}

impl<'a> DiffDocument<'a> {
    pub(crate) fn of(report: &'a DiffReport) -> Self {
        let gained = report.changes.iter().filter(|change| change.gained).count();
        Self {
            before: &report.before,
            after: &report.after,
            gained_count: gained as u64,
            lost_count: (report.changes.len() - gained) as u64,
            changes: report.changes.iter().map(ChangeDocument::of).collect(),
            gaps: &report.gaps,
        }
    }
}

/// One change of sight.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeDocument<'a> {
    change: &'static str,
    subject: SubjectDocument<'a>,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    evidence: EvidenceDocument<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reach: Option<ReachChangeDocument<'a>>,
}

/// Where to and on what.
#[derive(Debug, Serialize)]
struct ReachChangeDocument<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    from: &'a [String],
    to: &'a [String],
    ports: &'a [PortRange],
    certain: bool,
}

impl<'a> ChangeDocument<'a> {
    pub(crate) fn of(change: &'a SightChange) -> Self {
        Self {
            change: if change.gained { "gained" } else { "lost" },
            subject: SubjectDocument::of(&change.subject),
            what: &change.what,
            namespace: change.namespace.as_deref(),
            evidence: EvidenceDocument::of(&change.evidence),
            location: change.position.as_ref(),
            reach: change.reach.as_ref().map(|reach| ReachChangeDocument {
                from: &reach.from,
                to: &reach.to,
                ports: &reach.ports,
                certain: reach.is_certain,
            }),
        }
    }
}
