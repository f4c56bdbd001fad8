//! LEAVES: one self-contained page of a scan, a watch, or the steps through a cluster. It fetches nothing, reads without scripts, prints, and is
//! the same page whatever the size of the estate: long lists are cut and the rest is counted.
//!
//! Names on it were written by anybody: [`page::Page`] escapes all text, and the page's own policy
//! (Content Security Policy, level 3) forbids everything but this file's style and script, by hash.

mod coverage;
mod findings;
mod graph;
mod matrix;
mod page;
mod reach;
mod summary;
#[cfg(test)]
mod tests;
mod timeline;
mod visibility;
mod watch;
mod ways;

use sha2::{Digest, Sha256};
use viewshed_model::{PivotReport, ScanReport, WatchReport};

use page::Page;

const STYLE: &str = include_str!("style.css");
/// Filter and print; the page reads without it.
const SCRIPT: &str = include_str!("script.js");

/// Bytes after which no further finding is written out; the rest is counted.
const FINDINGS_BYTES_MAX: usize = 1_000_000;
/// Bytes after which no further gap or place is written out.
const PAGE_BYTES_MAX: usize = 1_700_000;

/// The page of a scan; less than 2 MB.
pub fn scan(report: &ScanReport) -> String {
    let mut page = Page::default();
    head(&mut page, &summary::estate_names(report));
    page.raw("<body>\n<a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n");
    summary::header(&mut page, report);
    page.raw("<main>\n");
    summary::overview(&mut page, report);
    summary::mitigations(&mut page, report);
    findings::write(&mut page, report);
    ways::write(&mut page, report);
    reach::write(&mut page, report);
    matrix::write(&mut page, report);
    coverage::write(&mut page, report);
    page.raw("</main>\n");
    foot(page, &report.program_version)
}

/// The page of what workloads lead to; less than 2 MB.
pub fn pivots(report: &PivotReport) -> String {
    let mut page = Page::default();
    head(&mut page, &format!("what leads where in {}", report.estate));
    page.raw("<body>\n<a class=\"skip\" href=\"#ways\">Skip to the ways</a>\n<header>\n<p class=\"brand\">Viewshed</p>\n<h1>Steps through <em>")
        .text(&report.estate)
        .raw("</em></h1>\n</header>\n<main>\n");
    ways::section(&mut page, std::iter::once(report));
    coverage::gaps(&mut page, &report.gaps);
    page.raw("</main>\n");
    foot(page, "")
}

/// The page of a watch; less than 2 MB.
pub fn watch(report: &WatchReport) -> String {
    let mut page = Page::default();
    head(&mut page, &format!("incidents in {}", watch::names(report)));
    watch::body(&mut page, report);
    foot(page, &report.program_version)
}

fn head(page: &mut Page, title: &str) {
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-")
        .base64(&Sha256::digest(STYLE))
        .raw("'; script-src 'sha256-")
        .base64(&Sha256::digest(SCRIPT))
        .raw("'; base-uri 'none'; form-action 'none'\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .raw("<meta name=\"color-scheme\" content=\"light dark\">\n")
        .raw("<meta name=\"referrer\" content=\"no-referrer\">\n<title>Viewshed: ")
        .text(title)
        .raw("</title>\n<style>")
        .raw(STYLE)
        .raw("</style>\n</head>\n");
}

fn foot(mut page: Page, program_version: &str) -> String {
    page.raw("<footer><p>Made by Viewshed");
    if !program_version.is_empty() {
        page.raw(" ").text(program_version);
    }
    page.raw(". Read-only: nothing was changed, no value of a Secret was read. Technique: MITRE ATT&amp;CK T1613, Container and Resource Discovery.</p></footer>\n");
    page.raw("<script>")
        .raw(SCRIPT)
        .raw("</script>\n</body>\n</html>\n");
    page.finish()
}
