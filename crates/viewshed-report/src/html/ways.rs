//! What workloads and identities lead to: the drawing of the worst, then each way with its evidence.

use viewshed_model::{PivotRank, PivotReport, ScanReport};

use super::graph::Graph;
use super::page::Page;
use super::{PAGE_BYTES_MAX, summary::rest};
use crate::wording::{count, ranked, through};

/// Ways in one drawing: more do not read.
const DRAWN_MAX: usize = 12;
/// Ways that are told step by step.
const TOLD_MAX: usize = 40;

/// The ways of every cluster of a scan.
pub(super) fn write(page: &mut Page, report: &ScanReport) {
    if !report.pivots.is_empty() {
        section(page, report.pivots.iter());
    }
}

/// The ways of some clusters.
pub(super) fn section<'a>(page: &mut Page, reports: impl Iterator<Item = &'a PivotReport>) {
    page.raw("<section id=\"ways\" aria-labelledby=\"ways-head\">\n<h2 id=\"ways-head\">What leads to more than itself</h2>\n<p class=\"note\">Somebody who stands in a pod of the workload on the left, or holds a credential of the identity there, becomes, step by step, what stands on the right. Workloads with a strong border are reached from outside the cluster; broken lines depend on facts that were not read.</p>\n");
    for (report, id) in reports.zip(0..) {
        cluster(page, report, id);
    }
    page.raw("</section>\n");
}

/// Those that lead nowhere, or that may.
fn others(report: &PivotReport) -> String {
    if report.depends_on.is_empty() {
        let others = count(report.harmless, "workload does", "workloads do");
        return format!("{others} not");
    }
    let others = count(report.harmless, "workload does", "workloads do");
    let facts = report.depends_on.iter().map(|fact| fact.fact.as_str());
    format!(
        "{others} perhaps: that depends on {}",
        facts.collect::<Vec<_>>().join("; ")
    )
}

fn cluster(page: &mut Page, report: &PivotReport, id: usize) {
    page.raw("<h3>").text(&report.estate).raw("</h3>\n<p>");
    page.text(&ranked(&report.ranks))
        .raw(match report.ranks.len() {
            1 => " leads to more than itself, ",
            _ => " lead to more than themselves, ",
        })
        .text(&others(report))
        .raw(". Network plugin assumed: ")
        .text(&report.cni)
        .raw(".</p>\n");
    if report.ranks.is_empty() {
        return;
    }
    let drawn: Vec<&PivotRank> = report.ranks.iter().take(DRAWN_MAX).collect();
    let title = format!("What the worst of {} lead to", report.estate);
    page.raw("<div class=\"scroll\" role=\"region\" aria-label=\"Drawing of the worst ways, scrolls sideways\" tabindex=\"0\">\n");
    Graph::of(&drawn).write(page, (id, &title), &described(&drawn));
    page.raw("</div>\n");
    if report.ranks.len() > DRAWN_MAX {
        page.raw("<p class=\"more\">Drawn are the worst ");
        page.number(DRAWN_MAX as u64).raw(";");
        rest(page, report.ranks.len(), DRAWN_MAX);
        page.raw(".</p>\n");
    }
    let mut told = 0;
    for rank in report.ranks.iter().take(TOLD_MAX) {
        if page.len() >= PAGE_BYTES_MAX {
            break;
        }
        way(page, rank);
        told += 1;
    }
    if report.ranks.len() > told {
        page.raw("<p class=\"more\">");
        rest(page, report.ranks.len(), told);
        page.raw("; <code>viewshed reach --pivots --output json</code> lists all.</p>\n");
    }
}

/// The drawing in one sentence.
fn described(drawn: &[&PivotRank]) -> String {
    let ways: Vec<String> = drawn
        .iter()
        .map(|rank| {
            let steps = count(rank.pivot.steps.len() as u64, "step", "steps");
            format!("{} to {} in {steps}", rank.from, becomes(rank))
        })
        .collect();
    format!("{}. The list below has every step.", ways.join("; "))
}

fn becomes(rank: &PivotRank) -> String {
    let text = format!("{} {}", rank.pivot.kind.words(), rank.pivot.name);
    text.trim_end().to_owned()
}

/// One way, step by step.
fn way(page: &mut Page, rank: &PivotRank) {
    let steps = count(rank.pivot.steps.len() as u64, "step", "steps");
    page.raw("<details class=\"identity\"><summary><span class=\"title\">")
        .text(&format!("{} {}", rank.workload_kind, rank.from))
        .raw("</span> <span class=\"place\">")
        .text(&format!("{} in {steps}", becomes(rank)))
        .raw("</span></summary>\n<div class=\"body\">\n");
    for way in &rank.ways_in {
        page.raw("<p class=\"small\">Reached from outside: ")
            .rich(way)
            .raw(".</p>\n");
    }
    page.raw("<ol class=\"chain\">\n");
    for step in &rank.pivot.steps {
        page.raw("<li>").rich(&step.text);
        if let Some(evidence) = &step.evidence {
            page.raw("<br><span class=\"small\">")
                .rich(&through(evidence))
                .raw("</span>");
        }
        page.raw("</li>\n");
    }
    page.raw("</ol>\n");
    for fact in &rank.pivot.depends_on {
        page.raw("<p class=\"small\">Depends on ")
            .rich(&fact.fact)
            .raw(".</p>\n");
    }
    page.raw("</div></details>\n");
}
