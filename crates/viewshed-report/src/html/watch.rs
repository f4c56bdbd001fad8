//! The page of a watch: incidents worst first, each with its timeline, then what the logs cannot show.

use viewshed_model::{Confidence, Incident, IncidentActor, Reason, RuleTally, WatchReport};

use super::page::Page;
use super::summary::{badge, rest, severity_class, tiles};
use super::{FINDINGS_BYTES_MAX, coverage, timeline, visibility};
use crate::wording::incident::{
    actor, confidence, explored, grants, guessed, let_through, next_in_words, nothing, place,
    requests, shown, span, state, time, title, worst_first,
};
use crate::wording::{count, position, sentence};

/// Incidents written out.
const INCIDENTS_MAX: usize = 300;
/// Rules listed.
const RULES_MAX: usize = 200;
/// Entries of one list.
const LIST_MAX: usize = 30;

pub(super) fn body(page: &mut Page, report: &WatchReport) {
    let sorted = worst_first(&report.incidents);
    page.raw("<body>\n<a class=\"skip\" href=\"#findings\">Skip to the incidents</a>\n");
    header(page, report);
    page.raw("<main>\n");
    overview(page, report, &sorted);
    incidents(page, report, &sorted);
    rules(page, &report.rules);
    visibility::write(page, &report.coverage);
    visibility::skipped(page, &report.skips);
    coverage::gaps(page, &report.gaps);
    page.raw("</main>\n");
}

/// Where the logs come from, for the title.
pub(super) fn names(report: &WatchReport) -> String {
    let sources = &report.coverage.sources;
    let shown: Vec<&str> = sources
        .iter()
        .take(3)
        .map(|source| base_name(&source.name))
        .collect();
    match sources
        .len()
        .checked_sub(shown.len())
        .filter(|more| *more > 0)
    {
        _ if shown.is_empty() => "the logs".to_owned(),
        None => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The name of a file without its folders; a whole title of paths tells less than it hides.
fn base_name(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((_, base)) if !base.is_empty() && !name.contains("://") => base,
        _ => name,
    }
}

fn header(page: &mut Page, report: &WatchReport) {
    page.raw("<header>\n<p class=\"brand\">Viewshed</p>\n<h1>Who was looking in <em>")
        .text(&names(report))
        .raw("</em></h1>\n<p class=\"meta\">")
        .text(&count(report.event_count, "event", "events"))
        .raw(" judged <span class=\"dot\">·</span> ")
        .text(&count(report.skips.total(), "entry", "entries"))
        .raw(" skipped");
    if !report.generated_at.is_empty() {
        page.raw(" <span class=\"dot\">·</span> report made ")
            .text(&report.generated_at);
    }
    page.raw("</p>\n<nav aria-label=\"Parts of this report\"><a href=\"#findings\">Incidents</a> ");
    if !report.rules.is_empty() {
        page.raw("<a href=\"#rules\">Rules</a> ");
    }
    page.raw("<a href=\"#coverage\">What the logs can show</a> <a href=\"#skipped\">Skipped</a> <a href=\"#gaps\">Not seen</a></nav>\n</header>\n");
}

fn overview(page: &mut Page, report: &WatchReport, sorted: &[&Incident]) {
    page.raw("<section class=\"overview\" aria-label=\"Overview\">\n<p class=\"verdict\">");
    match sorted.first() {
        Some(worst) => {
            page.raw("Worst: <a href=\"#f0\">")
                .text(&title(worst))
                .raw("</a>.");
        }
        None => {
            page.text(&nothing(report));
        }
    }
    page.raw(" <a href=\"#coverage\">What the logs cannot show</a> is told below.</p>\n");
    let allowed = let_through(report);
    if !allowed.is_empty() {
        page.raw("<p>").text(&allowed).raw("</p>\n");
    }
    let of_severity = |severity| {
        let all = report.incidents.iter();
        all.filter(|incident| incident.severity == severity).count()
    };
    tiles(page, of_severity, report.incidents.len());
    page.raw("</section>\n");
}

fn incidents(page: &mut Page, report: &WatchReport, sorted: &[&Incident]) {
    page.raw("<section id=\"findings\" aria-labelledby=\"findings-title\">\n<h2 id=\"findings-title\">Incidents</h2>\n");
    if sorted.is_empty() {
        page.raw("<p>None.</p>\n</section>\n");
        return;
    }
    page.raw("<p class=\"note\">Worst first. One incident is one session of activity, however many requests and identities it used.</p>\n");
    page.raw("<form class=\"tools\" hidden><label>Filter <input type=\"search\" id=\"filter\" autocomplete=\"off\" placeholder=\"name, namespace, address\"></label> <button type=\"button\" id=\"open\">Open all</button> <button type=\"button\" id=\"close\">Close all</button> <output id=\"shown\" aria-live=\"polite\"></output></form>\n");
    page.raw("<section class=\"group\">\n<p class=\"small\">Times are UTC. Addresses are the last hop, the only one that a client cannot choose.</p>\n");
    let mut shown = 0;
    for incident in sorted.iter().take(INCIDENTS_MAX) {
        if page.len() >= FINDINGS_BYTES_MAX {
            break;
        }
        write_incident(page, report, incident, shown);
        shown += 1;
    }
    page.raw("</section>\n");
    if sorted.len() > shown {
        page.raw("<p class=\"more\">");
        rest(page, sorted.len(), shown);
        page.raw("; <code>--output json</code> lists all.</p>\n");
    }
    page.raw("</section>\n");
}

/// The rules of the user that matched.
fn rules(page: &mut Page, rules: &[RuleTally]) {
    if rules.is_empty() {
        return;
    }
    page.raw("<section id=\"rules\" aria-labelledby=\"rules-title\">\n<h2 id=\"rules-title\">Rules that matched</h2>\n<div class=\"scroll\" role=\"region\" aria-label=\"Table of rules, scrolls sideways\" tabindex=\"0\">\n<table class=\"checks\">\n<thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">Severity</th><th scope=\"col\">Entries</th><th scope=\"col\">File</th></tr></thead>\n<tbody>\n");
    for rule in rules.iter().take(RULES_MAX) {
        page.raw("<tr><th scope=\"row\">")
            .text(&rule.title)
            .raw(" <span class=\"small\">")
            .text(&rule.language)
            .raw("</span></th><td>");
        badge(page, rule.severity);
        page.raw("</td><td>")
            .number(rule.count)
            .raw("</td><td>")
            .text(&rule.file)
            .raw("</td></tr>\n");
    }
    page.raw("</tbody>\n</table>\n</div>\n");
    if rules.len() > RULES_MAX {
        page.raw("<p class=\"more\">");
        rest(page, rules.len(), RULES_MAX);
        page.raw("</p>\n");
    }
    page.raw("</section>\n");
}

fn write_incident(page: &mut Page, report: &WatchReport, incident: &Incident, number: usize) {
    page.raw("<details class=\"finding ")
        .raw(severity_class(incident.severity))
        .raw(if number == 0 { "\" open>" } else { "\">" })
        .raw("\n<summary><span class=\"title\">");
    badge(page, incident.severity);
    page.raw(" ")
        .text(&title(incident))
        .raw("</span> <span class=\"place\">")
        .text(&time(incident.opened_at))
        .raw("</span></summary>\n<div class=\"body\" id=\"f")
        .id(number)
        .raw("\">\n");
    timeline::write(page, incident, report.timelines.get(&incident.id));
    page.raw("<dl>\n");
    field(
        page,
        "When",
        &format!(
            "{}, {}",
            span(incident),
            count(incident.event_count, "event", "events")
        ),
    );
    who(page, &incident.actor);
    let others: Vec<String> = incident.also_as.iter().map(actor).collect();
    list(page, "Also as", &others);
    list(page, "From", &incident.source_addresses);
    items(page, "Asked", &requests(incident));
    let disclosed: Vec<String> = incident.disclosed.iter().map(shown).collect();
    items(page, "Was shown", &disclosed);
    let names: Vec<String> = incident.guessed.iter().map(guessed).collect();
    items(page, "Names it asked for in vain", &names);
    if let Some(of_view) = &incident.explored {
        field(page, "Explored", &explored(of_view));
    }
    list(page, "Allowed by", &grants(incident));
    if incident.confidence != Confidence::High {
        field(page, "Sure?", confidence(incident.confidence));
    }
    list(page, "Techniques", &incident.techniques);
    if let Some(location) = report.positions.get(&incident.id) {
        field(page, "File", &position(location));
    }
    field(
        page,
        "Incident",
        &format!("{} ({})", incident.id, state(incident.state)),
    );
    events(page, incident);
    field(page, "Next", &next_in_words(incident));
    page.raw("</dl>\n");
    reasons(page, &incident.reasons);
    page.raw("</div>\n</details>\n");
}

fn who(page: &mut Page, who: &IncidentActor) {
    let mut words = vec![actor(who)];
    let token = place(who);
    if !token.is_empty() {
        words.push(format!("with the token of {token}"));
    }
    field(page, "Who", &words.join(", "));
    list(page, "Groups", &who.groups);
    list(page, "Called itself", &who.user_agents);
}

/// First and last event by their ids, to be found in the log.
fn events(page: &mut Page, incident: &Incident) {
    let ends = [&incident.first_event, &incident.last_event];
    let ids = ends.map(|event| event.audit_id.clone());
    let ids: Vec<String> = ids.into_iter().filter(|id| !id.is_empty()).collect();
    list(page, "First and last audit id", &ids);
}

fn reasons(page: &mut Page, reasons: &[Reason]) {
    if reasons.is_empty() {
        return;
    }
    page.raw("<p class=\"see\"><b>Why this is unusual</b></p>\n<ol class=\"chain\">\n");
    for reason in reasons.iter().take(LIST_MAX) {
        page.raw("<li>")
            .rich(&sentence(&reason.text))
            .raw(" <span class=\"place\"><code>")
            .text(&reason.detection)
            .raw("</code> <span class=\"dot\">·</span> ")
            .text(&time(reason.at))
            .raw("</span></li>\n");
    }
    page.raw("</ol>\n");
    if reasons.len() > LIST_MAX {
        page.raw("<p class=\"more\">");
        rest(page, reasons.len(), LIST_MAX);
        page.raw("</p>\n");
    }
}

fn field(page: &mut Page, label: &'static str, text: &str) {
    page.raw("<dt>")
        .raw(label)
        .raw("</dt><dd>")
        .text(text)
        .raw("</dd>\n");
}

/// Entries that are read one by one, side by side where there is room.
fn items(page: &mut Page, label: &'static str, entries: &[String]) {
    if entries.len() < 2 {
        return list(page, label, entries);
    }
    page.raw("<dt>")
        .raw(label)
        .raw("</dt><dd><ul class=\"items\">");
    for entry in entries.iter().take(LIST_MAX) {
        page.raw("<li>").text(entry).raw("</li>");
    }
    page.raw("</ul>");
    if entries.len() > LIST_MAX {
        rest(page, entries.len(), LIST_MAX);
    }
    page.raw("</dd>\n");
}

fn list(page: &mut Page, label: &'static str, entries: &[String]) {
    if entries.is_empty() {
        return;
    }
    page.raw("<dt>").raw(label).raw("</dt><dd>");
    for (index, entry) in entries.iter().take(LIST_MAX).enumerate() {
        page.raw(if index > 0 { "; " } else { "" }).text(entry);
    }
    rest(page, entries.len(), LIST_MAX);
    page.raw("</dd>\n");
}
