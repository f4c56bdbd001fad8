//! LEAVES: CEF:0, one line per incident, to be the message of a syslog record (RFC 5424).
//!
//! Source: `ArcSight` Common Event Format, implementation standard (header and extension escaping, the
//! extension dictionary with its lengths). Whatever stands in a log, the line has the same header fields
//! and the same keys: a test takes lines apart again.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use viewshed_model::{Incident, IncidentState, Severity, WatchReport};

use crate::clean::{clean, shorten};
use crate::lines::{line, put};
use crate::wording::incident::{actor, detection, grants, known, place, shown, state, title};

/// Characters of the dictionary's `msg`, `suser` and `cat`, and of the header's name.
const TEXT_CHARS_MAX: usize = 1_023;
/// Characters of a custom string (`cs1` to `cs6`).
const CUSTOM_CHARS_MAX: usize = 4_000;
/// Characters of `externalId`.
const ID_CHARS_MAX: usize = 40;

/// Every incident of a report.
pub fn lines(report: &WatchReport) -> String {
    let mut out = String::new();
    for incident in &report.incidents {
        line(&mut out, &cef(incident, &report.program_version));
    }
    out
}

/// One incident in one line, without a line break.
pub fn cef(incident: &Incident, program_version: &str) -> String {
    let header = [
        program_version,
        detection(incident),
        &title(incident),
        severity(incident.severity),
    ]
    .map(header_field);
    let mut out = format!("CEF:0|Viewshed|Viewshed|{}|", header.join("|"));
    let mut separator = "";
    for (key, value, chars_max) in extension(incident) {
        if !value.is_empty() {
            put(&mut out, separator);
            put(&mut out, key);
            out.push('=');
            out.push_str(&extension_value(&value, chars_max));
            separator = " ";
        }
    }
    out
}

fn extension(incident: &Incident) -> Vec<(&'static str, String, usize)> {
    let reasons: Vec<&str> = incident
        .reasons
        .iter()
        .map(|reason| reason.text.as_str())
        .collect();
    let shown: Vec<String> = incident.disclosed.iter().map(shown).collect();
    let milliseconds = |time: jiff::Timestamp| {
        known(time).map_or_else(String::new, |time| time.as_millisecond().to_string())
    };
    let mut fields = vec![
        ("externalId", incident.id.clone(), ID_CHARS_MAX),
        ("rt", milliseconds(incident.opened_at), ID_CHARS_MAX),
        (
            "start",
            milliseconds(incident.first_event.time),
            ID_CHARS_MAX,
        ),
        ("end", milliseconds(incident.last_event.time), ID_CHARS_MAX),
        ("cnt", incident.event_count.to_string(), ID_CHARS_MAX),
        ("cat", "Discovery".to_owned(), TEXT_CHARS_MAX),
        ("act", action(incident).to_owned(), TEXT_CHARS_MAX),
        ("suser", incident.actor.name.clone(), TEXT_CHARS_MAX),
        ("dvchost", incident.cluster.clone(), 100),
        ("msg", reasons.join("; "), TEXT_CHARS_MAX),
    ];
    fields.extend(source(incident));
    for (label, key, name, value) in [
        (
            "cs1Label",
            "cs1",
            "techniques",
            incident.techniques.join(" "),
        ),
        ("cs2Label", "cs2", "actor", actor(&incident.actor)),
        ("cs3Label", "cs3", "shown", shown.join("; ")),
        ("cs4Label", "cs4", "allowedBy", grants(incident).join("; ")),
        ("cs5Label", "cs5", "tokenPlace", place(&incident.actor)),
        ("cs6Label", "cs6", "state", state(incident.state).to_owned()),
        ("cn1Label", "cn1", "revision", incident.revision.to_string()),
    ] {
        if !value.is_empty() {
            fields.push((label, name.to_owned(), TEXT_CHARS_MAX));
            fields.push((key, value, CUSTOM_CHARS_MAX));
        }
    }
    fields
}

/// `src` holds IPv4 alone; other addresses have custom fields of their own.
fn source(incident: &Incident) -> Vec<(&'static str, String, usize)> {
    let addresses = || incident.source_addresses.iter();
    let first = |is_meant: fn(&IpAddr) -> bool| {
        addresses().find_map(|text| text.parse::<IpAddr>().ok().filter(is_meant))
    };
    let mut fields = Vec::new();
    if let Some(address) = first(IpAddr::is_ipv4) {
        fields.push(("src", address.to_string(), ID_CHARS_MAX));
    }
    if let Some(address) = first(IpAddr::is_ipv6) {
        fields.push(("c6a2", address.to_string(), ID_CHARS_MAX));
        fields.push((
            "c6a2Label",
            "Source IPv6 Address".to_owned(),
            TEXT_CHARS_MAX,
        ));
    }
    fields
}

const fn action(incident: &Incident) -> &'static str {
    match incident.state {
        _ if incident.revision <= 1 => "opened",
        IncidentState::Open => "updated",
        IncidentState::Closed => "closed",
    }
}

/// 0 to 3 is low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "1",
        Severity::Low => "3",
        Severity::Medium => "6",
        Severity::High => "8",
        Severity::Critical => "10",
    }
}

fn header_field(text: &str) -> String {
    let text = shorten(clean(text), TEXT_CHARS_MAX, "…");
    text.replace('\\', "\\\\").replace('|', "\\|")
}

/// Line breaks are gone by then: [`clean`] makes them blanks.
fn extension_value(text: &str, chars_max: usize) -> String {
    let text = shorten(clean(text), chars_max, "…");
    text.replace('\\', "\\\\").replace('=', "\\=")
}
