//! Which rules can ever fire, and why the others cannot.

use viewshed_model::{RuleTally, RuleVerdict, RulesCheck};

use super::layout::{Column, Columns, headline, paragraph};
use super::{gaps, more};
use crate::style::{Ink, Style};
use crate::wording::{count, thousands};

/// Rules in a brief summary of a watch.
const TALLIES_MAX: usize = 20;

/// The report for a terminal: those that never fire with their reasons, then the remarks on the others.
pub fn rules_check(report: &RulesCheck, style: &Style) -> String {
    let mut out = String::new();
    let never: Vec<&RuleVerdict> = report.rules.iter().filter(|rule| !rule.can_fire).collect();
    let able = report.rules.len() - never.len();
    let heading = format!(
        "{} of {} can fire",
        thousands(able as u64),
        count(report.rules.len() as u64, "rule", "rules")
    );
    paragraph(&mut out, style, "", &style.paint(Ink::Strong, &heading));
    let basis = format!("judged by {}", report.basis);
    paragraph(&mut out, style, "  ", &style.text(&basis));
    if !never.is_empty() {
        out.push('\n');
        let title = format!("NEVER: {}", count(never.len() as u64, "rule", "rules"));
        headline(&mut out, style, Ink::Bad, &title);
        for rule in never {
            verdict(&mut out, style, rule);
        }
    }
    let remarked: Vec<&RuleVerdict> = report
        .rules
        .iter()
        .filter(|rule| rule.can_fire && has_remarks(rule, style))
        .collect();
    if !remarked.is_empty() {
        out.push('\n');
        let title = format!("TO KNOW: {}", count(remarked.len() as u64, "rule", "rules"));
        headline(&mut out, style, Ink::Warning, &title);
        for rule in remarked {
            verdict(&mut out, style, rule);
        }
    }
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

/// What is read as something else is worth a line only where everything is told.
fn has_remarks(rule: &RuleVerdict, style: &Style) -> bool {
    !rule.remarks.is_empty() || (style.is_full() && !rule.read_as.is_empty())
}

fn verdict(out: &mut String, style: &Style, rule: &RuleVerdict) {
    let name = if rule.rule.is_empty() {
        "(a rule without a name)"
    } else {
        &rule.rule
    };
    let place = match rule.line {
        Some(line) => format!("{}:{line}", rule.file),
        None => rule.file.clone(),
    };
    let language = if rule.language.is_empty() {
        String::new()
    } else {
        format!(", {}", rule.language)
    };
    paragraph(
        out,
        style,
        "",
        &format!(
            "{} {}",
            style.paint(Ink::Strong, &style.text(name)),
            style.paint(Ink::Faint, &style.text(&format!("({place}{language})")))
        ),
    );
    for text in rule.reasons.iter().chain(&rule.remarks) {
        paragraph(out, style, "  - ", &style.text(text));
    }
    if style.is_full() {
        for (written, read_as) in &rule.read_as {
            let text = format!("`{written}` is read as `{read_as}`");
            paragraph(out, style, "  - ", &style.text(&text));
        }
    }
}

/// The rules that matched, in the summary of a watch.
pub(super) fn tallies(out: &mut String, style: &Style, rules: &[RuleTally]) {
    if rules.is_empty() {
        return;
    }
    out.push('\n');
    let title = format!("RULES: {} matched", thousands(rules.len() as u64));
    headline(out, style, Ink::Strong, &title);
    let columns = [
        ("SEVERITY", Column::Word),
        ("RULE", Column::Text),
        ("LANGUAGE", Column::Word),
        ("ENTRIES", Column::Number),
        ("FILE", Column::Text),
    ];
    let mut table = Columns::new(style, 2, &columns);
    let most = if style.is_full() {
        usize::MAX
    } else {
        TALLIES_MAX
    };
    for rule in rules.iter().take(most) {
        table.row(vec![
            style.paint(
                super::severity_ink(rule.severity),
                &rule.severity.to_string(),
            ),
            style.text(&rule.title),
            style.text(&rule.language),
            thousands(rule.count),
            style.text(&rule.file),
        ]);
    }
    table.write(out, 2);
    if rules.len() > most {
        more(out, style, rules.len() - most);
    }
}
