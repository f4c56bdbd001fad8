//! The end of the page: what could not be seen, what was read, and what was looked for.

use viewshed_model::{EstateSummary, Gap, ScanReport};

use super::PAGE_BYTES_MAX;
use super::page::Page;
use super::summary::rest;
use crate::wording::{count, gap_reason, sentence, source_kind, times};

/// Gaps shown.
const GAPS_MAX: usize = 150;
/// Clusters and hosts shown.
const PLACES_MAX: usize = 100;
/// Sources named.
const SOURCES_MAX: usize = 30;

pub(super) fn write(page: &mut Page, report: &ScanReport) {
    gaps(page, &report.gaps);
    read(page, &report.estate);
    checks(page, report);
}

pub(super) fn gaps(page: &mut Page, gaps: &[Gap]) {
    page.raw("<section id=\"gaps\" aria-labelledby=\"gaps-title\">\n<h2 id=\"gaps-title\">Not seen</h2>\n");
    if gaps.is_empty() {
        page.raw("<p>Nothing: everything that was asked for could be read.</p>\n</section>\n");
        return;
    }
    page.raw(
        "<p class=\"note\">These could not be read; what they would show is not in this report.</p>\n<ul class=\"gaps\">\n",
    );
    let mut shown = 0;
    for gap in gaps.iter().take(GAPS_MAX) {
        if page.len() >= PAGE_BYTES_MAX {
            break;
        }
        shown += 1;
        page.raw("<li><b>")
            .rich(&gap.what)
            .raw("</b> <span class=\"place\">")
            .text(&gap.source)
            .raw(" <span class=\"dot\">·</span> ")
            .raw(gap_reason(gap.reason));
        if let Some(times) = times(gap) {
            page.raw(" <span class=\"dot\">·</span> ").text(&times);
        }
        page.raw("</span>");
        if !gap.detail.is_empty() {
            page.raw("<br><span class=\"small\">")
                .rich(&gap.detail)
                .raw("</span>");
        }
        if !gap.hint.is_empty() {
            page.raw("<br><span class=\"next\">Next:</span> ")
                .rich(&gap.hint);
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n");
    if gaps.len() > shown {
        page.raw("<p class=\"more\">");
        rest(page, gaps.len(), shown);
        page.raw("; <code>--output json</code> lists all.</p>\n");
    }
    page.raw("</section>\n");
}

/// A cluster or Docker host that was read.
struct Place<'a> {
    name: &'a str,
    what: &'static str,
    facts: [&'a str; 2],
    numbers: String,
}

fn places(estate: &EstateSummary) -> Vec<Place<'_>> {
    let clusters = estate.clusters.iter().map(|cluster| Place {
        name: &cluster.name,
        what: if cluster.is_live {
            "cluster, live"
        } else {
            "cluster, from files"
        },
        facts: [&cluster.version, &cluster.server],
        numbers: [
            count(cluster.namespaces, "namespace", "namespaces"),
            count(cluster.nodes, "node", "nodes"),
            count(cluster.pods, "pod", "pods"),
            count(cluster.workloads, "workload", "workloads"),
            count(cluster.roles, "role", "roles"),
            count(cluster.bindings, "binding", "bindings"),
        ]
        .join(", "),
    });
    let hosts = estate.docker_hosts.iter().map(|host| Place {
        name: &host.name,
        what: if host.is_live {
            "Docker host, live"
        } else {
            "Docker host, from files"
        },
        facts: [&host.version, &host.endpoint],
        numbers: [
            count(host.containers, "container", "containers"),
            count(host.images, "image", "images"),
        ]
        .join(", "),
    });
    clusters.chain(hosts).collect()
}

fn read(page: &mut Page, estate: &EstateSummary) {
    page.raw("<section id=\"read\" aria-labelledby=\"read-title\">\n<h2 id=\"read-title\">What was read</h2>\n<ul class=\"plain\">\n");
    let places = places(estate);
    let mut shown = 0;
    for place in places.iter().take(PLACES_MAX) {
        if page.len() >= PAGE_BYTES_MAX {
            break;
        }
        shown += 1;
        page.raw("<li><b>")
            .text(place.name)
            .raw("</b> <span class=\"place\">")
            .raw(place.what);
        for fact in place.facts {
            if !fact.is_empty() {
                page.raw(" <span class=\"dot\">·</span> ").text(fact);
            }
        }
        page.raw("</span><br>").text(&place.numbers).raw("</li>\n");
    }
    page.raw("</ul>\n");
    if places.len() > shown {
        page.raw("<p class=\"more\">");
        rest(page, places.len(), shown);
        page.raw("</p>\n");
    }
    sources(page, estate);
    page.raw("</section>\n");
}

fn sources(page: &mut Page, estate: &EstateSummary) {
    if estate.sources.is_empty() {
        return;
    }
    page.raw("<p class=\"small\">From ");
    for (index, source) in estate.sources.iter().take(SOURCES_MAX).enumerate() {
        page.raw(if index > 0 { ", " } else { "" })
            .raw(source_kind(source.kind))
            .raw(" <code>")
            .text(&source.name)
            .raw("</code>");
    }
    rest(page, estate.sources.len(), SOURCES_MAX);
    if !estate.collected_at.is_empty() {
        page.raw(", at ").text(&estate.collected_at);
    }
    page.raw("</p>\n");
}

fn checks(page: &mut Page, report: &ScanReport) {
    if report.checks.is_empty() {
        return;
    }
    page.raw("<section id=\"checks\" aria-labelledby=\"checks-title\">\n<h2 id=\"checks-title\">What was looked for</h2>\n<div class=\"scroll\" role=\"region\" aria-label=\"Table of checks, scrolls sideways\" tabindex=\"0\">\n<table class=\"checks\">\n<thead><tr><th scope=\"col\">Check</th><th scope=\"col\">What it looks for</th><th scope=\"col\">Mitigation</th><th scope=\"col\" class=\"right\">Findings</th></tr></thead>\n<tbody>\n");
    for check in &report.checks {
        let found = report
            .findings
            .iter()
            .filter(|finding| finding.check == check.name)
            .count();
        page.raw("<tr><th scope=\"row\"><code>")
            .text(&check.name)
            .raw("</code></th><td>")
            .rich(&sentence(&check.title))
            .raw("</td><td>")
            .raw(check.mitigation.id())
            .raw("</td><td class=\"right\">")
            .number(found as u64)
            .raw("</td></tr>\n");
    }
    page.raw("</tbody>\n</table>\n</div>\n<p class=\"small\"><code>viewshed explain NAME</code> shows the page of a check.</p>\n</section>\n");
}
