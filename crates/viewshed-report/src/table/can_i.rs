//! The terminal answers of `viewshed can-i`, in the shape that users of `kubectl auth can-i` know.

use viewshed_model::{AccessAnswer, Decision, PolicyRule, RulesReview};

use super::gaps;
use super::layout::{Column, Columns, paragraph};
use crate::style::{Ink, Style};
use crate::wording::{action, decision, identity, rule_resources};

/// One answer: `yes`, `no` or `unknown` on the first line, as scripts expect it, then who, what and why.
pub fn can_i(answer: &AccessAnswer, style: &Style) -> String {
    let (word, reason) = decision(&answer.decision);
    let ink = match answer.decision {
        Decision::Allowed(_) => Ink::Good,
        Decision::Denied(_) => Ink::Bad,
        Decision::DependsOn(_) => Ink::Warning,
    };
    let mut out = style.paint(ink, word);
    out.push('\n');
    let who = identity(&answer.request.identity);
    paragraph(&mut out, style, "  who     ", &style.text(&who));
    let mut what = action(&answer.request.action);
    if !answer.estate.is_empty() {
        what = format!("{what} of {}", answer.estate);
    }
    paragraph(&mut out, style, "  asks    ", &style.text(&what));
    paragraph(&mut out, style, "  because ", &style.text(&reason));
    gaps::write(&mut out, style, &answer.gaps);
    style.finish(&out)
}

/// Everything that an identity may do in a namespace, in the columns of `kubectl auth can-i --list`.
pub fn rules(review: &RulesReview, style: &Style) -> String {
    let mut out = String::new();
    let title = format!(
        "{} in namespace {}",
        identity(&review.identity),
        review.namespace
    );
    paragraph(
        &mut out,
        style,
        "",
        &style.paint(Ink::Strong, &style.text(&title)),
    );
    if review.is_of_server {
        let text = "the server itself answered: the bindings could not be read";
        paragraph(&mut out, style, "  ", text);
    }
    let columns = [
        ("RESOURCES", Column::Text),
        ("NON-RESOURCE URLS", Column::Text),
        ("RESOURCE NAMES", Column::Text),
        ("VERBS", Column::Text),
    ];
    let mut table = Columns::new(style, 0, &columns);
    for rule in &review.resource_rules {
        row(&mut table, style, rule, &rule_resources(rule));
    }
    for rule in &review.non_resource_rules {
        row(&mut table, style, rule, &[]);
    }
    table.write(&mut out, 0);
    if review.incomplete {
        let why = if review.evaluation_error.is_empty() {
            "an authorizer cannot list its rules"
        } else {
            &review.evaluation_error
        };
        let text = format!("the list may be incomplete: {why}");
        paragraph(&mut out, style, "warning: ", &style.text(&text));
    }
    gaps::write(&mut out, style, &review.gaps);
    style.finish(&out)
}

fn row(table: &mut Columns, style: &Style, rule: &PolicyRule, resources: &[String]) {
    table.row(vec![
        style.text(&resources.join(", ")),
        bracketed(style, &rule.non_resource_urls),
        bracketed(style, &rule.resource_names),
        bracketed(style, &rule.verbs),
    ]);
}

fn bracketed(style: &Style, entries: &[String]) -> String {
    style.text(&format!("[{}]", entries.join(" ")))
}
