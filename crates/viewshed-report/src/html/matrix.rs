//! Who sees what: identities by kinds of resources, and for each identity what lets it see.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{GrantOrigin, IdentityRank, ScanReport, Subject, SubjectKind};

use super::findings::chain;
use super::page::Page;
use super::summary::rest;
use crate::wording::{ORIGINS, count, origin, share};

/// Identities shown that people or their tools made.
const HUMAN_ROWS_MAX: usize = 80;
/// Identities shown of each other origin.
const OWN_ROWS_MAX: usize = 15;
/// Kinds of resources shown.
const COLUMNS_MAX: usize = 16;
/// Bindings and chains shown per identity.
const BINDINGS_MAX: usize = 30;
const CHAINS_MAX: usize = 6;
/// Bytes after which no further identity is told in detail.
const DRILL_DOWN_BYTES_MAX: usize = 300_000;
/// The kinds that tell an intruder most come first; the others follow by number.
const FIRST: [&str; 12] = [
    "pods",
    "secrets",
    "nodes",
    "namespaces",
    "services",
    "deployments",
    "configmaps",
    "serviceaccounts",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
];

pub(super) fn write(page: &mut Page, report: &ScanReport) {
    page.raw("<section id=\"who\" aria-labelledby=\"who-title\">\n<h2 id=\"who-title\">Who sees what</h2>\n");
    if report.ranks.is_empty() {
        page.raw("<p>No identity can discover anything by what was read.</p>\n</section>\n");
        return;
    }
    let columns = columns(report);
    page.raw("<p class=\"note\">Each number is how many objects of a kind an identity can discover, out of those in the head of the column. Choose an identity for what lets it see.</p>\n");
    page.raw("<div class=\"scroll\" role=\"region\" aria-label=\"Table of identities, scrolls sideways\" tabindex=\"0\">\n<table class=\"matrix\">\n");
    table_head(page, &columns, report);
    let drill_down = drill_down(report);
    for group in ORIGINS {
        table_body(page, report, (&columns, &drill_down), group);
    }
    page.raw("</table>\n</div>\n");
    legend(page, &columns, report);
    page.raw("<h3>What lets them see</h3>\n")
        .append(&drill_down.page);
    if drill_down.left_out > 0 {
        page.raw("<p class=\"more\">… and ")
            .number(drill_down.left_out)
            .raw(" more; <code>viewshed who --output json</code> lists all.</p>\n");
    }
    page.raw("</section>\n");
}

/// What lets each identity see, as far as there is room for it.
#[derive(Default)]
struct DrillDown {
    page: Page,
    told: BTreeSet<usize>,
    left_out: u64,
}

fn drill_down(report: &ScanReport) -> DrillDown {
    let mut drill_down = DrillDown::default();
    for (index, row) in shown(report) {
        if drill_down.page.len() < DRILL_DOWN_BYTES_MAX {
            details(&mut drill_down.page, index, row);
            drill_down.told.insert(index);
        } else {
            drill_down.left_out += 1;
        }
    }
    drill_down
}

type Columns<'a> = Vec<(&'a str, u64)>;

/// The kinds with their totals. Where totals are missing, the most that anybody sees stands in.
fn columns(report: &ScanReport) -> Columns<'_> {
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    let seen = report.ranks.iter().flat_map(|row| &row.by_resource);
    for (resource, number) in seen.chain(&report.totals) {
        let total = totals.entry(resource).or_default();
        *total = (*total).max(*number);
    }
    let mut columns: Columns<'_> = totals.into_iter().filter(|(_, total)| *total > 0).collect();
    columns.sort_by_key(|(resource, total)| {
        let plural = resource.split('.').next().unwrap_or_default();
        let place = FIRST.iter().position(|first| *first == plural);
        (
            place.unwrap_or(FIRST.len()),
            std::cmp::Reverse(*total),
            *resource,
        )
    });
    columns
}

fn rows_max(group: GrantOrigin) -> usize {
    match group {
        GrantOrigin::Human => HUMAN_ROWS_MAX,
        GrantOrigin::Bootstrap | GrantOrigin::System => OWN_ROWS_MAX,
    }
}

fn rows(report: &ScanReport, group: GrantOrigin) -> impl Iterator<Item = (usize, &IdentityRank)> {
    report
        .ranks
        .iter()
        .enumerate()
        .filter(move |(_, row)| row.origin == group)
}

fn shown(report: &ScanReport) -> impl Iterator<Item = (usize, &IdentityRank)> {
    ORIGINS
        .into_iter()
        .flat_map(move |group| rows(report, group).take(rows_max(group)))
}

fn table_head(page: &mut Page, columns: &Columns<'_>, report: &ScanReport) {
    let everything = report
        .ranks
        .iter()
        .map(|row| row.total)
        .max()
        .unwrap_or_default();
    page.raw("<caption class=\"hidden\">Objects that each identity can discover, by kind of resource</caption>\n<thead>\n<tr><th scope=\"col\" class=\"name\">Identity</th><th scope=\"col\"><span class=\"kind\">everything</span> <span class=\"total\"><span class=\"hidden\">of </span>")
        .number(everything)
        .raw("</span></th>");
    for (resource, total) in columns.iter().take(COLUMNS_MAX) {
        page.raw("<th scope=\"col\"><span class=\"kind\" title=\"")
            .text(resource)
            .raw("\">")
            .text(short(resource, columns))
            .raw("</span> <span class=\"total\"><span class=\"hidden\">of </span>")
            .number(*total)
            .raw("</span></th>");
    }
    page.raw("</tr>\n</thead>\n");
}

/// The plural alone, where no other column has the same.
fn short<'a>(resource: &'a str, columns: &Columns<'_>) -> &'a str {
    let short = resource
        .split_once('.')
        .map_or(resource, |(plural, _)| plural);
    let same = columns
        .iter()
        .filter(|(other, _)| other.split_once('.').map_or(*other, |(plural, _)| plural) == short);
    if same.count() > 1 { resource } else { short }
}

fn table_body(
    page: &mut Page,
    report: &ScanReport,
    (columns, drill_down): (&Columns<'_>, &DrillDown),
    group: GrantOrigin,
) {
    let all = rows(report, group).count();
    if all == 0 {
        return;
    }
    page.raw("<tbody>\n<tr class=\"origin\"><th scope=\"rowgroup\" colspan=\"")
        .id(columns.len().min(COLUMNS_MAX) + 2)
        .raw("\"><span>")
        .raw(origin(group))
        .raw("</span></th></tr>\n");
    for (index, row) in rows(report, group).take(rows_max(group)) {
        page.raw("<tr><th scope=\"row\" class=\"name\">");
        if drill_down.told.contains(&index) {
            page.raw("<a href=\"#who")
                .id(index)
                .raw("\">")
                .text(&name(&row.subject))
                .raw("</a>");
        } else {
            page.text(&name(&row.subject));
        }
        page.raw(" <small>").text(kind(&row.subject));
        if row.unknown_members {
            page.raw(", members unknown");
        }
        page.raw("</small></th>");
        cell(page, row.visible, row.total);
        for (resource, total) in columns.iter().take(COLUMNS_MAX) {
            let number = row
                .by_resource
                .iter()
                .find(|(name, _)| name == resource)
                .map_or(0, |(_, number)| *number);
            cell(page, number, *total);
        }
        page.raw("</tr>\n");
    }
    if all > rows_max(group) {
        page.raw("<tr class=\"more\"><td colspan=\"")
            .id(columns.len().min(COLUMNS_MAX) + 2)
            .raw("\">");
        rest(page, all, rows_max(group));
        page.raw("; <code>viewshed who --output json</code> lists all</td></tr>\n");
    }
    page.raw("</tbody>\n");
}

/// The subject without its kind; a service account with its namespace.
fn name(subject: &Subject) -> String {
    match (&subject.kind, &subject.namespace) {
        (SubjectKind::ServiceAccount, Some(namespace)) => format!("{namespace}/{}", subject.name),
        _ => subject.name.clone(),
    }
}

fn kind(subject: &Subject) -> &str {
    match &subject.kind {
        SubjectKind::User => "user",
        SubjectKind::Group => "group",
        SubjectKind::ServiceAccount => "service account",
        SubjectKind::Other(kind) => kind,
    }
}

fn cell(page: &mut Page, number: u64, total: u64) {
    if number == 0 {
        page.raw("<td class=\"zero\"><span aria-hidden=\"true\">·</span><span class=\"hidden\">0</span></td>");
        return;
    }
    page.raw("<td class=\"")
        .raw(shade(number, total))
        .raw("\">")
        .number(number)
        .raw("</td>");
}

/// The class of a share; `s5` is everything.
fn shade(number: u64, total: u64) -> &'static str {
    let percent = u128::from(number) * 100 / u128::from(total.max(1));
    match percent {
        0..10 => "s1",
        10..35 => "s2",
        35..70 => "s3",
        70..100 => "s4",
        _ => "s5",
    }
}

fn legend(page: &mut Page, columns: &Columns<'_>, report: &ScanReport) {
    page.raw("<p class=\"legend small\"><span class=\"s1\">under 10%</span> <span class=\"s2\">10% on</span> <span class=\"s3\">35% on</span> <span class=\"s4\">70% on</span> <span class=\"s5\">all of them</span></p>\n");
    if columns.len() > COLUMNS_MAX {
        page.raw("<p class=\"small\">");
        rest(page, columns.len(), COLUMNS_MAX);
        page.raw(" kinds of resources; <code>viewshed who --output json</code> lists all.</p>\n");
    }
    if report.totals.is_empty() {
        page.raw("<p class=\"small\">How many objects exist is not known; the columns show the most that anybody sees.</p>\n");
    }
}

fn details(page: &mut Page, index: usize, row: &IdentityRank) {
    page.raw("<details class=\"identity\">\n<summary><span class=\"title\">")
        .text(&row.subject.to_string())
        .raw("</span> <span class=\"place\">sees ")
        .number(row.visible)
        .raw(" of ")
        .text(&count(row.total, "object", "objects"))
        .raw(" (")
        .text(&share(row.visible, row.total))
        .raw(") in ")
        .text(&count(row.namespaces, "namespace", "namespaces"))
        .raw("</span></summary>\n<div class=\"body\" id=\"who")
        .id(index)
        .raw("\">\n");
    if !row.further.is_empty() {
        page.raw("<p>Gets further: ")
            .text(&row.further.join("; "))
            .raw("</p>\n");
    }
    if row.bindings.is_empty() {
        page.raw("<p>No binding: it follows from what the identity is.</p>\n");
    } else {
        page.raw("<p>Through ");
        for (place, binding) in row.bindings.iter().take(BINDINGS_MAX).enumerate() {
            page.raw(if place > 0 { ", " } else { "" })
                .raw("<code>")
                .text(binding)
                .raw("</code>");
        }
        rest(page, row.bindings.len(), BINDINGS_MAX);
        page.raw("</p>\n");
    }
    for steps in row.chains.iter().take(CHAINS_MAX) {
        chain(
            page,
            steps.links.iter().map(|link| link.text.as_str()),
            steps.links.len(),
        );
    }
    if row.chains.len() > CHAINS_MAX {
        page.raw("<p class=\"small\">");
        rest(page, row.chains.len(), CHAINS_MAX);
        page.raw(" chains</p>\n");
    }
    page.raw("</div>\n</details>\n");
}
