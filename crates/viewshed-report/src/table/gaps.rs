//! The section on what could not be read: shown with every answer that has gaps.

use viewshed_model::Gap;

use super::layout::{headline, paragraph};
use super::{ALL_LISTED, more_in};
use crate::style::{Ink, Style};
use crate::wording::{count, gap_reason, times};

/// Gaps shown in a brief report.
const GAPS_MAX: usize = 8;

/// What could not be read or decided, and what to do about it. Empty when there are no gaps.
pub fn gaps(gaps: &[Gap], style: &Style) -> String {
    let mut out = String::new();
    write(&mut out, style, gaps);
    style.finish(out.trim_start_matches('\n'))
}

pub(super) fn write(out: &mut String, style: &Style, gaps: &[Gap]) {
    write_with(out, style, gaps, ALL_LISTED);
}

/// The same, with where the rest is told.
pub(super) fn write_with(out: &mut String, style: &Style, gaps: &[Gap], rest: &str) {
    if gaps.is_empty() {
        return;
    }
    out.push('\n');
    let title = format!("NOT SEEN: {}", count(gaps.len() as u64, "gap", "gaps"));
    headline(out, style, Ink::Warning, &title);
    let caution = "These could not be read; what they would show is not in the answer.";
    paragraph(out, style, "  ", caution);
    let most = if style.is_full() {
        usize::MAX
    } else {
        GAPS_MAX
    };
    // Every answer depends on who may do what; the list of one other kind matters to few.
    let (rules, others): (Vec<&Gap>, Vec<&Gap>) = gaps
        .iter()
        .partition(|gap| gap.what.contains("rbac.authorization.k8s.io"));
    for gap in rules.into_iter().chain(others).take(most) {
        let times = times(gap).map_or_else(String::new, |times| format!(" ({times})"));
        let mut text = format!(
            "{}: {}: {}{times}",
            gap.source,
            gap.what,
            gap_reason(gap.reason)
        );
        if !gap.detail.is_empty() {
            text = format!("{text}: {}", gap.detail);
        }
        paragraph(out, style, "  - ", &style.text(&text));
        if !gap.hint.is_empty() {
            paragraph(
                out,
                style,
                "    ",
                &format!(
                    "{} {}",
                    style.paint(Ink::Faint, "next:"),
                    style.text(&gap.hint)
                ),
            );
        }
    }
    if gaps.len() > most {
        more_in(out, style, gaps.len() - most, rest);
    }
}
