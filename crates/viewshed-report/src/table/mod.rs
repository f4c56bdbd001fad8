//! LEAVES: the terminal text of every answer, as one string without control characters from the estate.
//!
//! Nothing here knows whether there is a terminal: [`Style`] says what may be used.

mod baseline;
mod can_i;
mod collected;
mod coverage;
mod diff;
mod explain;
mod finding;
mod gaps;
mod incident;
mod layout;
mod rank;
mod reach;
mod rehearsal;
mod rules_check;
mod scan;
mod see;
mod watch;
mod who;

#[cfg(test)]
mod tests;

pub use baseline::baseline;
pub use can_i::{can_i, rules};
pub use collected::collected;
pub use coverage::coverage;
pub use diff::diff;
pub(crate) use explain::pages;
pub use gaps::gaps;
pub use incident::incident;
pub use rank::rank;
pub use reach::{matrix, pivots, reach, sources};
pub use rehearsal::rehearsal;
pub use rules_check::rules_check;
pub use scan::scan;
pub use see::see;
pub use watch::watch;
pub use who::who;

use viewshed_model::{EstateSummary, MissingFact, Severity};

use crate::style::{Ink, Style};
use crate::wording::{count, source_kind, thousands};

fn severity_ink(severity: Severity) -> Ink {
    match severity {
        Severity::Critical => Ink::Alarm,
        Severity::High => Ink::Bad,
        Severity::Medium => Ink::Warning,
        Severity::Low => Ink::Calm,
        Severity::Info => Ink::Faint,
    }
}

/// What was read, one line per cluster and host.
/// Docker hosts named one by one in a brief report: a repository may have a compose file per test.
const HOSTS_MAX: usize = 5;

fn estate_lines(out: &mut String, style: &Style, estate: &EstateSummary) {
    for cluster in &estate.clusters {
        let version = if cluster.version.is_empty() {
            String::new()
        } else {
            format!(" {}", cluster.version)
        };
        let line = format!(
            "cluster {}{version}: {}, {}, {}, {}, {}",
            cluster.name,
            count(cluster.namespaces, "namespace", "namespaces"),
            count(cluster.pods, "pod", "pods"),
            count(cluster.workloads, "workload", "workloads"),
            count(cluster.roles, "role", "roles"),
            count(cluster.bindings, "binding", "bindings"),
        );
        layout::paragraph(out, style, "  ", &style.text(&line));
    }
    let most = if style.is_full() {
        usize::MAX
    } else {
        HOSTS_MAX
    };
    for host in estate.docker_hosts.iter().take(most) {
        let version = if host.version.is_empty() {
            String::new()
        } else {
            format!(" ({})", host.version)
        };
        let line = format!(
            "Docker host {}{version}: {}, {}",
            host.name,
            count(host.containers, "container", "containers"),
            count(host.images, "image", "images"),
        );
        layout::paragraph(out, style, "  ", &style.text(&line));
    }
    if let Some((_, rest)) = estate.docker_hosts.split_at_checked(most)
        && !rest.is_empty()
    {
        let containers = rest.iter().map(|host| host.containers).sum();
        let line = format!(
            "and {}: {}",
            count(rest.len() as u64, "more Docker host", "more Docker hosts"),
            count(containers, "container", "containers"),
        );
        layout::paragraph(out, style, "  ", &style.text(&line));
    }
    let sources: Vec<String> = estate
        .sources
        .iter()
        .map(|source| format!("{} {}", source_kind(source.kind), source.name))
        .collect();
    if !sources.is_empty() || !estate.collected_at.is_empty() {
        let when = if estate.collected_at.is_empty() {
            String::new()
        } else {
            format!(" at {}", estate.collected_at)
        };
        let what = if sources.is_empty() {
            String::new()
        } else {
            format!(" from {}", limited(style, &sources, 4))
        };
        layout::paragraph(out, style, "  ", &style.text(&format!("read{what}{when}")));
    }
}

/// The first entries of a list, and how many more there are.
fn limited(style: &Style, entries: &[String], most: usize) -> String {
    if style.is_full() || entries.len() <= most {
        return entries.join(", ");
    }
    let shown: Vec<&str> = entries.iter().take(most).map(String::as_str).collect();
    format!(
        "{} {} and {} more",
        shown.join(", "),
        style.ellipsis(),
        entries.len() - shown.len()
    )
}

/// The line under a list that was cut.
fn more(out: &mut String, style: &Style, left_out: usize) {
    more_in(out, style, left_out, ALL_LISTED);
}

/// Where a brief report is told in full.
const ALL_LISTED: &str = "`--output wide` or `--output json` lists all";

fn more_in(out: &mut String, style: &Style, left_out: usize, rest: &str) {
    let text = format!(
        "{} and {} more; {rest}",
        style.ellipsis(),
        thousands(left_out as u64)
    );
    layout::paragraph(out, style, "  ", &text);
}

/// What the answer depends on; nothing when there are no such facts.
fn depends_on(out: &mut String, style: &Style, facts: &[MissingFact]) {
    if facts.is_empty() {
        return;
    }
    out.push('\n');
    layout::headline(out, style, Ink::Warning, "DEPENDS ON");
    for fact in facts {
        layout::paragraph(out, style, "  - ", &style.text(&fact.fact));
    }
}
