//! The top of the page: what was looked at, how bad it is, and which mitigation is missing where.

use viewshed_model::{MitigationSummary, Presence, ScanReport, Severity};

use super::page::Page;
use crate::group::Group;
use crate::wording::{Naming, count, lacks_facts, missing_mitigations, title};

/// Places named per mitigation.
const PLACES_MAX: usize = 6;
/// Clusters and hosts named in the title, and judged per mitigation.
const ESTATES_MAX: usize = 8;
/// Reasons named per judgement.
const REASONS_MAX: usize = 8;

pub(super) const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

/// A severity as a word in a coloured frame.
pub(super) fn badge(page: &mut Page, severity: Severity) {
    let class = severity_class(severity);
    page.raw("<span class=\"badge ")
        .raw(class)
        .raw("\">")
        .raw(class)
        .raw("</span>");
}

/// The names of the clusters and hosts, in one line.
pub(super) fn estate_names(report: &ScanReport) -> String {
    let clusters = report
        .estate
        .clusters
        .iter()
        .map(|cluster| cluster.name.as_str());
    let hosts = report
        .estate
        .docker_hosts
        .iter()
        .map(|host| host.name.as_str());
    let names: Vec<&str> = clusters.chain(hosts).collect();
    let shown: Vec<&str> = names.iter().copied().take(ESTATES_MAX).collect();
    match names.len() - shown.len() {
        0 if names.is_empty() => "an empty estate".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

pub(super) fn header(page: &mut Page, report: &ScanReport) {
    page.raw("<header>\n<p class=\"brand\">Viewshed</p>\n<h1>What can be discovered in <em>")
        .text(&estate_names(report))
        .raw("</em></h1>\n<p class=\"meta\">");
    let total = |number: fn(&viewshed_model::ClusterSummary) -> u64| {
        report
            .estate
            .clusters
            .iter()
            .fold(0_u64, |sum, cluster| sum.saturating_add(number(cluster)))
    };
    let mut facts = Vec::new();
    if !report.estate.clusters.is_empty() {
        facts.push(count(
            report.estate.clusters.len() as u64,
            "cluster",
            "clusters",
        ));
        facts.push(count(
            total(|cluster| cluster.namespaces),
            "namespace",
            "namespaces",
        ));
        facts.push(count(total(|cluster| cluster.pods), "pod", "pods"));
        let workloads = total(|cluster| cluster.workloads);
        facts.push(count(workloads, "workload", "workloads"));
    }
    if !report.estate.docker_hosts.is_empty() {
        facts.push(count(
            report.estate.docker_hosts.len() as u64,
            "Docker host",
            "Docker hosts",
        ));
    }
    if !report.estate.collected_at.is_empty() {
        facts.push(format!("collected {}", report.estate.collected_at));
    }
    if !report.generated_at.is_empty() {
        facts.push(format!("report made {}", report.generated_at));
    }
    for (index, fact) in facts.iter().enumerate() {
        page.raw(if index > 0 {
            " <span class=\"dot\">·</span> "
        } else {
            ""
        })
        .text(fact);
    }
    page.raw("</p>\n<nav aria-label=\"Parts of this report\"><a href=\"#mitigations\">Mitigations</a> <a href=\"#findings\">Findings</a> ");
    if !report.pivots.is_empty() {
        page.raw("<a href=\"#ways\">What leads where</a> ");
    }
    if !report.reach.is_empty() {
        page.raw("<a href=\"#reach\">Who reaches what</a> ");
    }
    page.raw("<a href=\"#who\">Who sees what</a> <a href=\"#gaps\">Not seen</a> <a href=\"#read\">What was read</a></nav>\n</header>\n");
}

pub(super) fn overview(page: &mut Page, report: &ScanReport) {
    page.raw("<section class=\"overview\" aria-label=\"Overview\">\n<p class=\"verdict\">");
    let gaps = count(report.gaps.len() as u64, "thing", "things");
    let groups = Group::all(&report.findings);
    match groups.first().and_then(|group| group.findings.first()) {
        Some(worst) => {
            page.raw("Worst: <a href=\"#f0\">")
                .rich(&title(worst.title.trim_end_matches('.')))
                .raw("</a>.");
        }
        None if report.checks.is_empty() => {
            page.raw("No check was run.");
        }
        None => {
            page.text(&count(report.checks.len() as u64, "check", "checks"))
                .raw(" found nothing.");
            if let Some(missing) = missing_mitigations(report) {
                page.raw(" <a href=\"#mitigations\">")
                    .text(&missing)
                    .raw("</a>.");
            }
        }
    }
    if !lacks_facts(report) {
        page.raw(" Everything that the checks need was read.");
    } else if report.gaps.is_empty() {
        page.raw(" Not everything that the checks need was read.");
    } else {
        page.raw(" <a href=\"#gaps\">")
            .text(&gaps)
            .raw(" could not be read</a>.");
    }
    page.raw("</p>\n");
    let of_severity = |severity| {
        let all = report.findings.iter();
        all.filter(|finding| finding.severity == severity).count()
    };
    tiles(page, of_severity, report.findings.len());
    page.raw("</section>\n");
}

/// How many there are of each severity, and together.
pub(super) fn tiles(page: &mut Page, of_severity: impl Fn(Severity) -> usize, all: usize) {
    page.raw("<ul class=\"tiles\">\n");
    for severity in Severity::ALL {
        let number = of_severity(severity);
        page.raw("<li class=\"tile ")
            .raw(severity_class(severity))
            .raw(if number == 0 { " none" } else { "" })
            .raw("\"><b>")
            .number(number as u64)
            .raw("</b> <span>")
            .raw(severity_class(severity))
            .raw("</span></li>\n");
    }
    page.raw("<li class=\"tile all\"><b>")
        .number(all as u64)
        .raw("</b> <span>together</span></li>\n</ul>\n");
}

pub(super) fn mitigations(page: &mut Page, report: &ScanReport) {
    page.raw("<section id=\"mitigations\" aria-labelledby=\"mitigations-title\">\n<h2 id=\"mitigations-title\">Mitigations</h2>\n<p class=\"note\">The three that ATT&amp;CK names for this technique.</p>\n<div class=\"cards\">\n");
    for summary in &report.mitigations {
        mitigation(page, summary, Naming::of(&report.estate));
    }
    page.raw("</div>\n</section>\n");
}

const fn presence(presence: Presence) -> (&'static str, &'static str, &'static str) {
    match presence {
        Presence::Present => ("present", "✓", "in place"),
        Presence::Missing => ("missing", "✕", "missing"),
        Presence::Unknown => ("unknown", "?", "not known"),
    }
}

/// The worst judgement over all clusters and hosts; `None` where it applies to none.
fn overall(summary: &MitigationSummary) -> Option<Presence> {
    if summary.states.is_empty() && summary.findings == 0 && !summary.is_incomplete {
        return None;
    }
    let states = || summary.states.iter().map(|state| state.presence);
    if summary.worst.is_some_and(|worst| worst > Severity::Info)
        || states().any(|state| state == Presence::Missing)
    {
        Some(Presence::Missing)
    } else if summary.is_incomplete || states().any(|state| state == Presence::Unknown) {
        Some(Presence::Unknown)
    } else {
        Some(Presence::Present)
    }
}

fn state(page: &mut Page, judged: Option<Presence>) {
    let (class, sign, words) = judged.map_or(("unknown", "–", "does not apply"), presence);
    page.raw("<span class=\"state ")
        .raw(class)
        .raw("\"><span aria-hidden=\"true\">")
        .raw(sign)
        .raw("</span> ")
        .raw(words)
        .raw("</span>");
}

fn mitigation(page: &mut Page, summary: &MitigationSummary, naming: Naming) {
    page.raw("<article class=\"card\">\n<p class=\"kicker\">")
        .raw(summary.mitigation.id())
        .raw(" ");
    state(page, overall(summary));
    page.raw("</p>\n<h3>")
        .raw(summary.mitigation.title())
        .raw("</h3>\n<p>");
    page.text(&count(summary.findings, "finding", "findings"));
    if let Some(worst) = summary.worst {
        page.raw(", worst ");
        badge(page, worst);
    }
    page.raw("</p>\n");
    if !summary.missing_in.is_empty() {
        page.raw("<p class=\"small\">Missing in ");
        for (index, place) in summary.missing_in.iter().take(PLACES_MAX).enumerate() {
            page.raw(if index > 0 { ", " } else { "" })
                .text(&naming.place(&place.estate, &place.namespace));
            if place.findings > 0 {
                page.raw(" (").number(place.findings).raw(")");
            }
        }
        rest(page, summary.missing_in.len(), PLACES_MAX);
        page.raw("</p>\n");
    }
    if !summary.states.is_empty() {
        page.raw("<details><summary>By cluster and host</summary>\n<dl>\n");
        for judged in summary.states.iter().take(ESTATES_MAX) {
            page.raw("<dt>").text(&judged.estate).raw(" ");
            state(page, Some(judged.presence));
            page.raw("</dt>\n");
            for reason in judged.reasons.iter().take(REASONS_MAX) {
                page.raw("<dd>").rich(reason).raw("</dd>\n");
            }
            if judged.reasons.len() > REASONS_MAX {
                page.raw("<dd>");
                rest(page, judged.reasons.len(), REASONS_MAX);
                page.raw("</dd>\n");
            }
        }
        page.raw("</dl>\n");
        if summary.states.len() > ESTATES_MAX {
            page.raw("<p class=\"small\">");
            rest(page, summary.states.len(), ESTATES_MAX);
            page.raw("</p>\n");
        }
        page.raw("</details>\n");
    }
    page.raw("</article>\n");
}

/// ` … and 12 more`, when a list was cut.
pub(super) fn rest(page: &mut Page, all: usize, shown: usize) {
    if let Some(more) = all.checked_sub(shown).filter(|more| *more > 0) {
        page.raw(" … and ").number(more as u64).raw(" more");
    }
}
