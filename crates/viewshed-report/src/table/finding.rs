//! One finding as a block of text.

use viewshed_model::{Confidence, Finding};

use super::layout::paragraph;
use super::limited;
use crate::style::{Ink, Style};
use crate::wording::{Naming, confidence, count, position, sentence, title};

/// Subjects named per finding.
const SUBJECTS_MAX: usize = 4;

/// The block; the fix is left out where the group tells it once for all.
pub(super) fn write(
    out: &mut String,
    style: &Style,
    finding: &Finding,
    (naming, shared_fix): (Naming, Option<&str>),
) {
    let title = style.paint(Ink::Strong, &style.text(&title(&finding.title)));
    paragraph(out, style, "  ", &title);
    let subjects: Vec<String> = finding.subjects.iter().map(ToString::to_string).collect();
    field(out, style, "who", &limited(style, &subjects, SUBJECTS_MAX));
    if finding.exposed_count > 0 {
        let objects = count(finding.exposed_count, "object", "objects");
        field(out, style, "shows", &objects);
    }
    field(out, style, "where", &place(finding, naming));
    if finding.confidence != Confidence::High {
        field(out, style, "sure", confidence(finding.confidence));
    }
    if style.is_full() {
        for (index, link) in finding.evidence.links.iter().enumerate() {
            let label = if index == 0 { "because" } else { "" };
            field(out, style, label, &format!("{}. {}", index + 1, link.text));
        }
        command(out, style, "see it", &finding.reproduce);
    }
    if shared_fix.is_none() {
        field(out, style, "fix", &sentence(&finding.fix));
    }
}

fn place(finding: &Finding, naming: Naming) -> String {
    let mut words = vec![finding.object.clone()];
    let is_the_namespace = finding.object.strip_prefix("Namespace ") == Some(&finding.namespace);
    if !finding.namespace.is_empty() && !is_the_namespace {
        words.push(format!("in namespace {}", finding.namespace));
    }
    if naming == Naming::Several {
        words.push(format!("of {}", finding.estate));
    }
    if let Some(location) = &finding.location {
        words.push(format!("({})", position(location)));
    }
    words.join(" ")
}

fn field(out: &mut String, style: &Style, label: &str, text: &str) {
    if !text.is_empty() {
        let first = format!("    {}", style.paint(Ink::Faint, &format!("{label:<8}")));
        paragraph(out, style, &first, &style.text(text));
    }
}

/// A command on one line, however long: a terminal breaks it without a line break, so that it can be copied.
fn command(out: &mut String, style: &Style, label: &str, text: &str) {
    if !text.is_empty() {
        let label = style.paint(Ink::Faint, &format!("{label:<8}"));
        out.push_str("    ");
        out.push_str(&label);
        out.push_str(&style.text(text));
        out.push('\n');
    }
}
