//! One incident as a block: told while watching, and in the summary.

use viewshed_model::{Confidence, Incident};

use super::layout::paragraph;
use super::{limited, severity_ink};
use crate::style::{Ink, Style};
use crate::wording::incident::{
    actor, clock, confidence, explored, grants, guessed, next_in_words, place, points, requests,
    shown, span, state, title, user,
};
use crate::wording::{count, severity};

/// From so many points on a session is an incident.
const THRESHOLD: u32 = 100;
/// Entries of one list in a brief block.
const LIST_MAX: usize = 3;

/// What has been opened or has grown, as a short block with an empty line after it.
pub fn incident(incident: &Incident, style: &Style) -> String {
    let mut out = String::new();
    let what = match incident.revision {
        0 | 1 => "new".to_owned(),
        revision => format!("{}, update {revision}", state(incident.state)),
    };
    write(&mut out, style, incident, &what);
    out.push('\n');
    style.finish(&out)
}

/// The block; `what` stands beside the severity.
pub(super) fn write(out: &mut String, style: &Style, incident: &Incident, what: &str) {
    let ink = severity_ink(incident.severity);
    let first = format!(
        "{}  ",
        style.paint(ink, &format!("{:<8}", severity(incident.severity)))
    );
    let title = style.paint(Ink::Strong, &style.text(&title(incident)));
    paragraph(out, style, &first, &title);
    let events = count(incident.event_count, "event", "events");
    field(out, style, "when", &format!("{}, {events}", span(incident)));
    let from = limited(style, &incident.source_addresses, LIST_MAX);
    let token = place(&incident.actor);
    let from = match (from.is_empty(), token.is_empty()) {
        (false, false) => format!("{from}, with the token of {token}"),
        (true, false) => format!("the token of {token}"),
        (_, true) => from,
    };
    field(out, style, "from", &from);
    let who = actor(&incident.actor);
    if who != user(&incident.actor.name) {
        field(out, style, "who", &who);
    }
    let others: Vec<String> = incident.also_as.iter().map(actor).collect();
    field(out, style, "also as", &limited(style, &others, LIST_MAX));
    reasons(out, style, incident);
    field(
        out,
        style,
        "asked",
        &limited(style, &requests(incident), LIST_MAX),
    );
    let shown: Vec<String> = incident.disclosed.iter().map(shown).collect();
    field(out, style, "shown", &limited(style, &shown, LIST_MAX));
    let names: Vec<String> = incident.guessed.iter().map(guessed).collect();
    field(out, style, "guessed", &limited(style, &names, LIST_MAX));
    if let Some(of_view) = &incident.explored {
        field(out, style, "explored", &explored(of_view));
    }
    field(out, style, "allowed", &limited(style, &grants(incident), 1));
    if incident.confidence != Confidence::High {
        field(out, style, "sure", confidence(incident.confidence));
    }
    let mut words = vec![incident.id.clone()];
    if !incident.techniques.is_empty() {
        words.push(incident.techniques.join(" "));
    }
    words.push(what.to_owned());
    field(out, style, "id", &words.join(", "));
    field(out, style, "next", &next_in_words(incident));
}

/// Why, with the points of each reason and of all.
fn reasons(out: &mut String, style: &Style, incident: &Incident) {
    let most = if style.is_full() {
        usize::MAX
    } else {
        LIST_MAX
    };
    let points = points(incident);
    for (index, reason) in incident.reasons.iter().take(most).enumerate() {
        let label = if index == 0 { "why" } else { "" };
        field(
            out,
            style,
            label,
            &match points {
                Some(_) => format!(
                    "{}: {} ({})",
                    clock(reason.at),
                    reason.text,
                    count(u64::from(reason.weight), "point", "points")
                ),
                None => format!("{}: {}", clock(reason.at), reason.text),
            },
        );
    }
    if let Some(more) = incident
        .reasons
        .len()
        .checked_sub(most)
        .filter(|more| *more > 0)
    {
        let more = count(more as u64, "more reason", "more reasons");
        field(out, style, "", &format!("and {more}"));
    }
    if let Some(points) = points {
        let words = format!("{points} by now; it opened at {THRESHOLD}");
        field(out, style, "points", &words);
    }
}

fn field(out: &mut String, style: &Style, label: &str, text: &str) {
    if !text.is_empty() {
        let first = format!(
            "          {} ",
            style.paint(Ink::Faint, &format!("{label:<8}"))
        );
        paragraph(out, style, &first, &style.text(text));
    }
}
