//! The terminal report of `viewshed who can ...` and `who sees ...`.

use viewshed_model::{Gap, GrantOrigin, SubjectKind, WhoAnswer, WhoEntry};

use super::layout::{Column, Columns, headline, paragraph};
use super::reach::write_pivot;
use super::{depends_on, gaps, limited, more};
use crate::lines::line;
use crate::style::{Ink, Style};
use crate::wording::{ORIGINS, count, origin, thousands, through};

/// Entries shown per origin in a brief report.
const ENTRIES_MAX: usize = 40;
/// Ways by steps shown in a brief report.
const BY_STEPS_MAX: usize = 12;
/// Entries of the cluster's own parts shown in a brief report.
const SYSTEM_ENTRIES_MAX: usize = 10;

/// The report for a terminal: one answer per cluster or host.
pub fn who(answers: &[WhoAnswer], gaps: &[Gap], style: &Style) -> String {
    let mut out = String::new();
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        write_answer(&mut out, style, answer);
    }
    gaps::write(&mut out, style, gaps);
    style.finish(&out)
}

fn write_answer(out: &mut String, style: &Style, answer: &WhoAnswer) {
    let place = if answer.estate.is_empty() {
        String::new()
    } else {
        format!(" (of {})", answer.estate)
    };
    let title = format!("{}{place}", answer.question);
    paragraph(
        out,
        style,
        "",
        &style.paint(Ink::Strong, &style.text(&title)),
    );
    if answer.entries.is_empty() {
        let words = if answer.depends_on.is_empty() {
            "nobody"
        } else {
            "nobody, as far as is known"
        };
        line(out, &format!("  {words}"));
    } else {
        let subjects = count(answer.entries.len() as u64, "grant", "grants");
        line(out, &format!("  {subjects}"));
    }
    for group in ORIGINS {
        let entries: Vec<&WhoEntry> = answer
            .entries
            .iter()
            .filter(|entry| entry.origin == group)
            .collect();
        if !entries.is_empty() {
            out.push('\n');
            write_origin(out, style, group, &entries);
        }
    }
    holds_values(out, style, &answer.holds_values);
    by_steps(out, style, answer);
    depends_on(out, style, &answer.depends_on);
}

/// Containers that have the values of the object, whoever may ask for it.
fn holds_values(out: &mut String, style: &Style, told: &[String]) {
    if told.is_empty() {
        return;
    }
    out.push('\n');
    let title = format!("HOLDS ITS VALUES ({})", thousands(told.len() as u64));
    headline(out, style, Ink::Strong, &title);
    let most = if style.is_full() {
        usize::MAX
    } else {
        ENTRIES_MAX
    };
    for text in told.iter().take(most) {
        paragraph(out, style, "  - ", &style.text(text));
    }
    if told.len() > most {
        more(out, style, told.len() - most);
    }
}

/// Who cannot, but becomes somebody who can.
fn by_steps(out: &mut String, style: &Style, answer: &WhoAnswer) {
    if answer.by_steps.is_empty() {
        return;
    }
    out.push('\n');
    let all = answer.by_steps.len() as u64 + answer.more_by_steps;
    let title = format!("BY STEPS ({})", thousands(all));
    headline(out, style, Ink::Bad, &title);
    let most = if style.is_full() {
        usize::MAX
    } else {
        BY_STEPS_MAX
    };
    for way in answer.by_steps.iter().take(most) {
        let lead = format!("{} becomes ", way.subject);
        write_pivot(out, style, &lead, &way.pivot);
        if !way.pods.is_empty() {
            let pods = limited(style, &way.pods, 3);
            paragraph(out, style, "    pods: ", &style.text(&pods));
        }
    }
    let shown = answer.by_steps.len().min(most) as u64;
    if all > shown {
        more(
            out,
            style,
            usize::try_from(all - shown).unwrap_or(usize::MAX),
        );
    }
}

fn write_origin(out: &mut String, style: &Style, group: GrantOrigin, entries: &[&WhoEntry]) {
    let words = format!("{} ({})", origin(group).to_uppercase(), entries.len());
    let ink = if group == GrantOrigin::Human {
        Ink::Strong
    } else {
        Ink::Faint
    };
    headline(out, style, ink, &words);
    let columns = [
        ("SUBJECT", Column::Text),
        ("WHERE", Column::Text),
        ("THROUGH", Column::Text),
        ("NOTE", Column::Text),
    ];
    let mut table = Columns::new(style, 2, &columns);
    let most = match (style.is_full(), group) {
        (true, _) => usize::MAX,
        (false, GrantOrigin::System) => SYSTEM_ENTRIES_MAX,
        (false, GrantOrigin::Human | GrantOrigin::Bootstrap) => ENTRIES_MAX,
    };
    for entry in entries.iter().take(most) {
        let mut place = match (&entry.subject.kind, &entry.namespace) {
            // A pod that sees by what it holds is the place.
            (SubjectKind::Other(_), _) => "inside it".to_owned(),
            (_, Some(namespace)) => format!("namespace {namespace}"),
            (_, None) => "everywhere".to_owned(),
        };
        if !entry.names.is_empty() {
            place = format!("{place}, only {}", limited(style, &entry.names, 3));
        }
        table.row(vec![
            style.text(&entry.subject.to_string()),
            style.text(&place),
            style.text(&through(&entry.evidence)),
            style.text(&note(style, entry)),
        ]);
    }
    table.write(out, 2);
    if entries.len() > most {
        more(out, style, entries.len() - most);
    }
}

fn note(style: &Style, entry: &WhoEntry) -> String {
    let mut notes = Vec::new();
    if !entry.indirect.is_empty() {
        notes.push(format!("indirect: {}", entry.indirect));
    }
    if entry.condition.is_empty() {
        notes.push(about_subject(style, entry));
    } else {
        // Pods that meet the condition stand in entries of their own.
        notes.push(format!("if {}", entry.condition));
    }
    notes.retain(|note| !note.is_empty());
    notes.join("; ")
}

fn about_subject(style: &Style, entry: &WhoEntry) -> String {
    let pods = pods(style, entry);
    let members = match (&entry.subject.kind, entry.known_members) {
        (SubjectKind::Group, None) => "members unknown: ask the identity provider".to_owned(),
        (SubjectKind::Group, Some(members)) => count(members, "known member", "known members"),
        (SubjectKind::ServiceAccount, _) if pods.is_empty() => "no pod holds its token".to_owned(),
        (SubjectKind::ServiceAccount | SubjectKind::User | SubjectKind::Other(_), _) => {
            String::new()
        }
    };
    match (members.is_empty(), pods.is_empty()) {
        (true, _) => pods,
        (false, true) => members,
        (false, false) => format!("{members}; {pods}"),
    }
}

/// The pods that act as the subject; empty when there are none.
fn pods(style: &Style, entry: &WhoEntry) -> String {
    if entry.pods.is_empty() {
        return String::new();
    }
    let pods = limited(style, &entry.pods, 3);
    if entry.pods_cut_off.is_empty() {
        return format!("pods: {pods}");
    }
    if entry.pods_cut_off.len() == entry.pods.len() {
        return format!("kept from the API server by the network: {pods}");
    }
    let cut_off = limited(style, &entry.pods_cut_off, 3);
    format!("pods: {pods}; kept from the API server by the network: {cut_off}")
}
