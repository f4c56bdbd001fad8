//! LEAVES: CSV (RFC 4180) of the answers that are lists, for spreadsheets.

use viewshed_model::{
    BaselineHolder, BaselineRow, CoverageReport, DiffReport, Finding, Incident, MissingFact,
    PivotReport, RankReport, ReachMatrix, ReachReason, ReachReport, ReachSources, RulesCheck,
    ScanReport, View, WatchReport, WhoAnswer,
};

use crate::clean::clean;
use crate::wording::incident::{actor, grants, known, place, requests, shown, state, visibility};
use crate::wording::{chain, end_kind, evidence, ports, position, verdict};

/// Findings, one a row.
pub fn scan(report: &ScanReport) -> String {
    let header = [
        "severity",
        "confidence",
        "check",
        "mitigation",
        "title",
        "estate",
        "namespace",
        "object",
        "subjects",
        "exposed",
        "fix",
        "location",
    ];
    rows(&header, report.findings.iter().map(finding))
}

fn finding(finding: &Finding) -> Vec<String> {
    let subjects: Vec<String> = finding.subjects.iter().map(ToString::to_string).collect();
    vec![
        finding.severity.to_string(),
        format!("{:?}", finding.confidence).to_lowercase(),
        finding.check.clone(),
        finding.mitigation.id().to_owned(),
        finding.title.clone(),
        finding.estate.clone(),
        finding.namespace.clone(),
        finding.object.clone(),
        subjects.join("; "),
        finding.exposed_count.to_string(),
        finding.fix.clone(),
        finding.location.as_ref().map(position).unwrap_or_default(),
    ]
}

/// Seen things, one a row.
pub fn see(view: &View<'_>) -> String {
    let header = [
        "estate",
        "category",
        "kind",
        "namespace",
        "name",
        "verbs",
        "through",
    ];
    let items = view.categories.iter().flat_map(|entry| {
        entry.seen.iter().map(|item| {
            vec![
                view.estate.clone(),
                entry.category.title().to_owned(),
                item.kind.to_string(),
                item.namespace.to_string(),
                item.name.to_string(),
                item.verbs.join(" "),
                view.chains.get(item.chain).map(chain).unwrap_or_default(),
            ]
        })
    });
    rows(&header, items)
}

/// Subjects, one a row; those who get there by steps come last, with the number of steps.
pub fn who(answers: &[WhoAnswer]) -> String {
    let header = [
        "question",
        "estate",
        "subject",
        "namespace",
        "names",
        "indirect",
        "condition",
        "through",
        "origin",
        "pods",
        "pods_cut_off",
        "steps",
    ];
    let entries = answers.iter().flat_map(|answer| {
        answer.entries.iter().map(|entry| {
            vec![
                answer.question.clone(),
                answer.estate.clone(),
                entry.subject.to_string(),
                entry.namespace.clone().unwrap_or_default(),
                entry.names.join(" "),
                entry.indirect.clone(),
                entry.condition.clone(),
                evidence(&entry.evidence),
                format!("{:?}", entry.origin).to_lowercase(),
                entry.pods.join(" "),
                entry.pods_cut_off.join(" "),
                String::new(),
            ]
        })
    });
    let by_steps = answers.iter().flat_map(|answer| {
        answer.by_steps.iter().map(|way| {
            let steps: Vec<&str> = way.pivot.steps.iter().map(|step| &*step.text).collect();
            vec![
                answer.question.clone(),
                answer.estate.clone(),
                way.subject.to_string(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                steps.join("; "),
                String::new(),
                way.pods.join(" "),
                String::new(),
                steps.len().to_string(),
            ]
        })
    });
    rows(&header, entries.chain(by_steps))
}

/// Ranked identities, one a row.
pub fn rank(report: &RankReport) -> String {
    let header = [
        "rank",
        "subject",
        "origin",
        "visible",
        "total",
        "namespaces",
        "resources",
        "bindings",
        "unknown_members",
        "impersonates",
        "further",
    ];
    let ranks = report.ranks.iter().enumerate().map(|(index, row)| {
        let resources: Vec<String> = row
            .by_resource
            .iter()
            .map(|(name, number)| format!("{name}={number}"))
            .collect();
        vec![
            (index + 1).to_string(),
            row.subject.to_string(),
            format!("{:?}", row.origin).to_lowercase(),
            row.visible.to_string(),
            row.total.to_string(),
            row.namespaces.to_string(),
            resources.join(" "),
            row.bindings.join("; "),
            row.unknown_members.to_string(),
            row.impersonates.join("; "),
            row.further.join("; "),
        ]
    });
    rows(&header, ranks)
}

/// Changes of sight, one a row.
pub fn diff(report: &DiffReport) -> String {
    let header = [
        "change",
        "subject",
        "what",
        "namespace",
        "through",
        "location",
    ];
    let changes = report.changes.iter().map(|change| {
        vec![
            if change.gained { "gained" } else { "lost" }.to_owned(),
            change.subject.to_string(),
            change.what.clone(),
            change.namespace.clone().unwrap_or_default(),
            evidence(&change.evidence),
            change.position.as_ref().map(position).unwrap_or_default(),
        ]
    });
    rows(&header, changes)
}

/// Incidents, one a row.
pub fn watch(report: &WatchReport) -> String {
    let header = [
        "severity",
        "confidence",
        "id",
        "revision",
        "state",
        "cluster",
        "actor",
        "token_place",
        "source_addresses",
        "opened_at",
        "first_event",
        "last_event",
        "events",
        "requests",
        "disclosed",
        "reasons",
        "techniques",
        "allowed_by",
        "location",
    ];
    let incidents = report.incidents.iter();
    rows(
        &header,
        incidents.map(|incident| {
            let mut cells = self::incident(incident);
            let location = report.positions.get(&incident.id);
            cells.push(location.map(position).unwrap_or_default());
            cells
        }),
    )
}

fn incident(incident: &Incident) -> Vec<String> {
    let shown: Vec<String> = incident.disclosed.iter().map(shown).collect();
    let reasons: Vec<&str> = incident
        .reasons
        .iter()
        .map(|reason| reason.text.as_str())
        .collect();
    vec![
        incident.severity.to_string(),
        format!("{:?}", incident.confidence).to_lowercase(),
        incident.id.clone(),
        incident.revision.to_string(),
        state(incident.state).to_owned(),
        incident.cluster.clone(),
        actor(&incident.actor),
        place(&incident.actor),
        incident.source_addresses.join(" "),
        moment(incident.opened_at),
        moment(incident.first_event.time),
        moment(incident.last_event.time),
        incident.event_count.to_string(),
        requests(incident).join("; "),
        shown.join("; "),
        reasons.join("; "),
        incident.techniques.join(" "),
        grants(incident).join("; "),
    ]
}

/// Actions and sources, one pair a row.
pub fn coverage(report: &CoverageReport) -> String {
    let header = [
        "action",
        "title",
        "source",
        "visibility",
        "why",
        "change",
        "fragment",
        "cited",
    ];
    let pairs = report.rows.iter().map(|row| {
        vec![
            row.action.clone(),
            row.title.clone(),
            row.source.clone(),
            visibility(row.visibility).to_owned(),
            row.why.clone(),
            row.change.clone(),
            row.fragment.clone(),
            row.cited.clone(),
        ]
    });
    rows(&header, pairs)
}

/// Rules with their verdicts, one a row.
pub fn rules_check(report: &RulesCheck) -> String {
    let header = [
        "rule", "language", "file", "line", "can_fire", "reasons", "remarks",
    ];
    let verdicts = report.rules.iter().map(|rule| {
        vec![
            rule.rule.clone(),
            rule.language.clone(),
            rule.file.clone(),
            rule.line.map_or_else(String::new, |line| line.to_string()),
            rule.can_fire.to_string(),
            rule.reasons.join("; "),
            rule.remarks.join("; "),
        ]
    });
    rows(&header, verdicts)
}

/// Habits, one a row.
pub fn baseline(habits: &[BaselineRow]) -> String {
    let header = [
        "holder",
        "cluster",
        "actor",
        "verb",
        "kind",
        "namespace",
        "outcome",
        "first_seen",
        "last_seen",
        "count",
        "days",
        "members",
        "is_suspect",
    ];
    let habits = habits.iter().map(|row| {
        vec![
            match row.holder {
                BaselineHolder::Identity => "identity".to_owned(),
                BaselineHolder::PeerGroup => "peer-group".to_owned(),
            },
            row.cluster.clone(),
            row.actor.clone(),
            row.verb.clone(),
            row.kind.clone(),
            row.namespace.clone(),
            row.outcome.clone(),
            row.first_seen.to_string(),
            row.last_seen.to_string(),
            row.count.to_string(),
            row.days.to_string(),
            row.members.to_string(),
            row.is_suspect.to_string(),
        ]
    });
    rows(&header, habits)
}

/// Answers, one a row.
pub fn reach(report: &ReachReport) -> String {
    let header = [
        "from",
        "to",
        "port",
        "protocol",
        "verdict",
        "ports",
        "uncertain_ports",
        "depends_on",
        "because",
    ];
    let answers = report.answers.iter().map(|answer| {
        let question = &answer.question;
        vec![
            question.from.to_string(),
            question.to.to_string(),
            question
                .port
                .map(|port| port.to_string())
                .unwrap_or_default(),
            question
                .protocol
                .map(|one| one.to_string())
                .unwrap_or_default(),
            verdict(answer.verdict).to_owned(),
            ports(&answer.ports),
            ports(&answer.uncertain_ports),
            facts(&answer.depends_on),
            because(&answer.because),
        ]
    });
    rows(&header, answers)
}

/// Sources, one a row.
pub fn sources(report: &ReachSources) -> String {
    let header = [
        "to",
        "verdict",
        "kind",
        "namespace",
        "name",
        "workload_kind",
        "pods",
        "ports",
        "uncertain_ports",
        "depends_on",
        "because",
    ];
    let sources = report.sources.iter().map(|source| {
        vec![
            report.to.to_string(),
            verdict(source.verdict).to_owned(),
            end_kind(source.kind).to_owned(),
            source.namespace.clone(),
            source.name.clone(),
            source.workload_kind.clone(),
            source.pods.to_string(),
            ports(&source.ports),
            ports(&source.uncertain_ports),
            facts(&source.depends_on),
            because(&source.because),
        ]
    });
    rows(&header, sources)
}

/// Pairs between which anything is or may be let through, one a row.
pub fn matrix(matrix: &ReachMatrix) -> String {
    let name = |at: u32| {
        let end = matrix.ends.get(at as usize);
        // Data are whole: every range of a set of addresses.
        end.map(|end| match end.addresses.as_slice() {
            [] | [_] => end.to_string(),
            ranges => ranges.join(" "),
        })
        .unwrap_or_default()
    };
    let cells = matrix.cells.iter().map(|cell| {
        vec![
            name(cell.from),
            name(cell.to),
            ports(&cell.allowed),
            ports(&cell.uncertain),
        ]
    });
    rows(&["from", "to", "allowed", "uncertain"], cells)
}

/// Workloads with what they lead to, one a row.
pub fn pivots(report: &PivotReport) -> String {
    let header = [
        "from",
        "workload_kind",
        "pod",
        "becomes",
        "name",
        "steps",
        "through",
        "depends_on",
        "ways_in",
    ];
    let ranks = report.ranks.iter().map(|rank| {
        let pivot = &rank.pivot;
        let steps: Vec<&str> = pivot.steps.iter().map(|step| step.text.as_str()).collect();
        vec![
            rank.from.clone(),
            rank.workload_kind.clone(),
            rank.pod.clone(),
            pivot.kind.words().to_owned(),
            pivot.name.clone(),
            pivot.steps.len().to_string(),
            steps.join("; "),
            facts(&pivot.depends_on),
            rank.ways_in.join("; "),
        ]
    });
    rows(&header, ranks)
}

fn facts(facts: &[MissingFact]) -> String {
    let facts: Vec<&str> = facts.iter().map(|fact| fact.fact.as_str()).collect();
    facts.join("; ")
}

fn because(reasons: &[ReachReason]) -> String {
    let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
    texts.join("; ")
}

fn rows(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = header.join(",");
    out.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

/// A spreadsheet runs a cell that starts like a formula (OWASP "CSV Injection"): an apostrophe in front
/// makes it text.
fn cell(text: &str) -> String {
    let mut text = clean(text).into_owned();
    if text.starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"', ';', ' ', '\'']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

/// A time; nothing where the log had none.
fn moment(time: jiff::Timestamp) -> String {
    known(time).map_or_else(String::new, |time| time.to_string())
}
