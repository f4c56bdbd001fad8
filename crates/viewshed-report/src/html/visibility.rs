//! What the logs can show: actions against sources, and the rules that would show more.

use std::collections::BTreeSet;

use viewshed_model::{CoverageReport, CoverageRow, Skips, Visibility};

use super::PAGE_BYTES_MAX;
use super::page::Page;
use super::summary::rest;
use crate::wording::incident::visibility;
use crate::wording::sentence;

/// Sources side by side.
const SOURCES_MAX: usize = 8;

pub(super) fn write(page: &mut Page, report: &CoverageReport) {
    page.raw("<section id=\"coverage\" aria-labelledby=\"coverage-title\">\n<h2 id=\"coverage-title\">What the logs can show</h2>\n");
    if report.rows.is_empty() {
        page.raw("<p>Not judged.</p>\n</section>\n");
        return;
    }
    page.raw("<p class=\"note\">Nothing found means nothing where nothing can show.</p>\n<ul class=\"plain\">\n");
    for source in report.sources.iter().take(SOURCES_MAX) {
        page.raw("<li><b>")
            .text(&source.name)
            .raw("</b> <span class=\"place\">")
            .text(&source.format)
            .raw(" <span class=\"dot\">·</span> judged by ")
            .text(&source.basis)
            .raw("</span></li>\n");
    }
    page.raw("</ul>\n");
    matrix(page, report);
    if report.sources.len() > SOURCES_MAX {
        page.raw("<p class=\"more\">");
        rest(page, report.sources.len(), SOURCES_MAX);
        page.raw(" sources; <code>viewshed coverage</code> lists all.</p>\n");
    }
    for source in report.sources.iter().take(SOURCES_MAX) {
        if !source.fragment.is_empty() && page.len() < PAGE_BYTES_MAX {
            page.raw("<p class=\"fix\"><b>Put these rules first in the audit policy of</b> ")
                .text(&source.name)
                .raw("</p>\n<pre tabindex=\"0\"><code>");
            for line in source.fragment.lines() {
                page.text(line).raw("\n");
            }
            page.raw("</code></pre>\n");
        }
    }
    page.raw("</section>\n");
}

fn matrix(page: &mut Page, report: &CoverageReport) {
    page.raw("<div class=\"scroll\" role=\"region\" aria-label=\"Table of discovery actions and sources, scrolls sideways\" tabindex=\"0\">\n<table class=\"checks\">\n<thead><tr><th scope=\"col\">Action</th>");
    let sources = || report.sources.iter().take(SOURCES_MAX);
    for source in sources() {
        page.raw("<th scope=\"col\">")
            .text(&source.name)
            .raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    let mut seen = BTreeSet::new();
    let rows = report.rows.iter();
    for action in rows.filter(|row| seen.insert(row.action.as_str())) {
        if page.len() >= PAGE_BYTES_MAX {
            break;
        }
        page.raw("<tr><th scope=\"row\">")
            .rich(&sentence(&action.title))
            .raw("</th>");
        for source in sources() {
            let mut rows = report.of_action(&action.action);
            page.raw("<td>");
            if let Some(row) = rows.find(|row| row.source == source.name) {
                cell(page, row);
            }
            page.raw("</td>");
        }
        page.raw("</tr>\n");
    }
    page.raw("</tbody>\n</table>\n</div>\n");
}

fn cell(page: &mut Page, row: &CoverageRow) {
    let (class, sign) = match row.visibility {
        Visibility::Visible => ("present", "✓"),
        Visibility::Partial => ("unknown", "◐"),
        Visibility::Invisible => ("missing", "✕"),
        Visibility::Unknown => ("unknown", "?"),
    };
    page.raw("<span class=\"state ")
        .raw(class)
        .raw("\"><span aria-hidden=\"true\">")
        .raw(sign)
        .raw("</span> ")
        .raw(visibility(row.visibility))
        .raw("</span>");
    if row.visibility != Visibility::Visible {
        page.raw("<br><span class=\"small\">")
            .rich(&row.why)
            .raw("</span>");
        if !row.change.is_empty() {
            page.raw("<br><span class=\"next\">Change:</span> <span class=\"small\">")
                .rich(&row.change)
                .raw("</span>");
        }
    }
}

/// Entries that were not judged, by reason.
pub(super) fn skipped(page: &mut Page, skips: &Skips) {
    page.raw("<section id=\"skipped\" aria-labelledby=\"skipped-title\">\n<h2 id=\"skipped-title\">Skipped entries</h2>\n");
    if skips.total() == 0 {
        page.raw("<p>None: every entry could be judged.</p>\n</section>\n");
        return;
    }
    page.raw("<ul class=\"gaps\">\n");
    for (reason, number) in &skips.counts {
        page.raw("<li><b>")
            .number(*number)
            .raw("</b> ")
            .raw(reason.title());
        if let Some(place) = skips.first.get(reason) {
            page.raw(" <span class=\"place\">first at ")
                .text(place)
                .raw("</span>");
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n</section>\n");
}
