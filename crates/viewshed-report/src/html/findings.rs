//! Findings, worst first; each opens to its evidence and its fix.

use viewshed_model::{Confidence, Finding, ScanReport, Severity};

use super::FINDINGS_BYTES_MAX;
use super::page::Page;
use super::summary::{badge, rest, severity_class};
use crate::group::Group;
use crate::wording::{Naming, confidence, count, position, sentence, title};

/// Findings of one check that are written out.
const PER_CHECK_MAX: usize = 40;
/// Steps of one chain.
const LINKS_MAX: usize = 12;
/// Subjects of one finding.
const SUBJECTS_MAX: usize = 12;

pub(super) fn write(page: &mut Page, report: &ScanReport) {
    page.raw("<section id=\"findings\" aria-labelledby=\"findings-title\">\n<h2 id=\"findings-title\">Findings</h2>\n");
    if report.findings.is_empty() {
        page.raw("<p>None.</p>\n</section>\n");
        return;
    }
    page.raw("<p class=\"note\">Worst first. Open one for who gains sight by it, the evidence, and the change that closes it.</p>\n");
    page.raw("<form class=\"tools\" hidden><label>Filter <input type=\"search\" id=\"filter\" autocomplete=\"off\" placeholder=\"name, namespace, check\"></label> <button type=\"button\" id=\"open\">Open all</button> <button type=\"button\" id=\"close\">Close all</button> <output id=\"shown\" aria-live=\"polite\"></output></form>\n");
    let mut number = 0;
    let mut left_out = 0;
    for group in Group::all(&report.findings) {
        let room = page.len() < FINDINGS_BYTES_MAX;
        if !room {
            left_out += group.findings.len();
            continue;
        }
        write_group(page, &group, report, &mut number);
    }
    if left_out > 0 {
        page.raw("<p class=\"more\">… and ")
            .number(left_out as u64)
            .raw(" more findings that this page has no room for; <code>--output json</code> lists all.</p>\n");
    }
    page.raw("</section>\n");
}

fn write_group(page: &mut Page, group: &Group<'_>, report: &ScanReport, number: &mut usize) {
    page.raw("<section class=\"group\">\n<h3>");
    badge(page, group.severity);
    page.raw(" ");
    let known = report.checks.iter().find(|known| known.name == group.check);
    match known {
        Some(known) => page.rich(&sentence(&known.title)),
        None => page.text(group.check),
    };
    page.raw("</h3>\n<p class=\"small\"><code>")
        .text(group.check)
        .raw("</code>");
    if let Some(known) = known {
        page.raw(" <span class=\"dot\">·</span> ")
            .raw(known.mitigation.id());
    }
    page.raw(" <span class=\"dot\">·</span> ").text(&count(
        group.findings.len() as u64,
        "finding",
        "findings",
    ));
    page.raw("</p>\n");
    let naming = Naming::of(&report.estate);
    let shared_fix = group.shared_fix();
    if let Some(fix) = shared_fix {
        page.raw("<p class=\"fix\"><b>Fix for each</b> ")
            .rich(&sentence(fix))
            .raw("</p>\n");
    }
    let mut shown = 0;
    for finding in group.findings.iter().take(PER_CHECK_MAX) {
        if page.len() >= FINDINGS_BYTES_MAX {
            break;
        }
        write_finding(page, finding, *number, (naming, shared_fix));
        shown += 1;
        *number += 1;
    }
    if group.findings.len() > shown {
        page.raw("<p class=\"more\">");
        rest(page, group.findings.len(), shown);
        page.raw(" like these; <code>--output json</code> lists all.</p>\n");
    }
    page.raw("</section>\n");
}

fn write_finding(
    page: &mut Page,
    finding: &Finding,
    number: usize,
    (naming, shared_fix): (Naming, Option<&str>),
) {
    // The worst one stands open; links to the others open them, because their target lies inside.
    let is_open = number == 0 && finding.severity >= Severity::High;
    page.raw("<details class=\"finding ")
        .raw(severity_class(finding.severity))
        .raw(if is_open { "\" open>" } else { "\">" })
        .raw("\n<summary><span class=\"title\">")
        .rich(&title(&finding.title))
        .raw("</span> <span class=\"place\">")
        .text(&finding.object);
    if naming == Naming::Several || !finding.namespace.is_empty() {
        page.raw(" <span class=\"dot\">·</span> ")
            .text(&naming.place(&finding.estate, &finding.namespace));
    }
    page.raw("</span></summary>\n<div class=\"body\" id=\"f")
        .id(number)
        .raw("\">\n<dl>\n");
    if !finding.subjects.is_empty() {
        page.raw("<dt>Who</dt><dd>");
        for (index, subject) in finding.subjects.iter().take(SUBJECTS_MAX).enumerate() {
            page.raw(if index > 0 { ", " } else { "" })
                .text(&subject.to_string());
        }
        rest(page, finding.subjects.len(), SUBJECTS_MAX);
        page.raw("</dd>\n");
    }
    if finding.exposed_count > 0 {
        let objects = count(finding.exposed_count, "object", "objects");
        page.raw("<dt>Shows</dt><dd>").text(&objects).raw("</dd>\n");
    }
    if let Some(location) = &finding.location {
        page.raw("<dt>File</dt><dd><code>")
            .text(&position(location))
            .raw("</code></dd>\n");
    }
    if finding.confidence != Confidence::High {
        page.raw("<dt>Sure?</dt><dd>")
            .text(confidence(finding.confidence))
            .raw("</dd>\n");
    }
    page.raw("</dl>\n");
    chain(
        page,
        finding.evidence.links.iter().map(|link| link.text.as_str()),
        finding.evidence.links.len(),
    );
    if shared_fix.is_none() && !finding.fix.is_empty() {
        page.raw("<p class=\"fix\"><b>Fix</b> ")
            .rich(&sentence(&finding.fix))
            .raw("</p>\n");
    }
    if !finding.reproduce.is_empty() {
        page.raw("<p class=\"see\"><b>See it yourself</b></p>\n<pre tabindex=\"0\"><code>")
            .text(&finding.reproduce)
            .raw("</code></pre>\n");
    }
    page.raw("</div>\n</details>\n");
}

/// The steps of a chain, from the intruder to what is seen.
pub(super) fn chain<'a>(page: &mut Page, links: impl Iterator<Item = &'a str>, all: usize) {
    if all == 0 {
        return;
    }
    page.raw("<ol class=\"chain\">\n");
    for link in links.take(LINKS_MAX) {
        page.raw("<li>").rich(link).raw("</li>\n");
    }
    if all > LINKS_MAX {
        page.raw("<li>");
        rest(page, all, LINKS_MAX);
        page.raw("</li>\n");
    }
    page.raw("</ol>\n");
}
