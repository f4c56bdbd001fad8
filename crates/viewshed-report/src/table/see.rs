//! The terminal report of `viewshed see`: what shows from one place, by the chain that opens it.

mod around;

use std::collections::BTreeMap;

use viewshed_model::{Link, Pivot, PivotKind, SeenItem, Verification, View};

use super::layout::{Column, Columns, headline, paragraph};
use super::reach::{write_paths, write_pivot};
use super::{depends_on, gaps, more};
use crate::style::{Ink, Style};
use crate::wording::{count, identity, thousands, vantage};

/// Pivots listed in a brief report.
const PIVOTS_MAX: usize = 5;
/// Names listed per kind in a brief report.
const NAMES_MAX: usize = 6;
/// Steps that are indented further than the one before.
const STEPS_INDENTED_MAX: usize = 4;
/// Differences listed in a brief report.
const DIFFERENCES_MAX: usize = 20;

/// The report for a terminal; `verification` is what a live server answered, where it was asked.
pub fn see(view: &View<'_>, verification: Option<&Verification>, style: &Style) -> String {
    let mut out = String::new();
    let from = format!("From {}", vantage(&view.vantage));
    let title = if view.estate.is_empty() {
        from
    } else {
        format!("{from} (of {})", view.estate)
    };
    paragraph(
        &mut out,
        style,
        "",
        &style.paint(Ink::Strong, &style.text(&title)),
    );
    for held in &view.identities {
        let acts = if held.is_accepted {
            "acts as"
        } else {
            "does not act as"
        };
        let line = format!("{acts} {}: {}", identity(&held.identity), held.how);
        paragraph(&mut out, style, "  ", &style.text(&line));
    }
    if view.identities.is_empty() {
        out.push_str("  acts as nobody: no credential is at hand\n");
    }
    if let Some(here) = &view.here {
        around::surroundings(&mut out, style, &here.surroundings);
    }
    out.push('\n');
    categories(&mut out, style, view);
    chains(&mut out, style, view);
    told(&mut out, style, ("AT HAND, BUT NOT BY NAME", &view.unnamed));
    told(&mut out, style, ("MAY ACT AS", &view.may_act_as));
    network(&mut out, style, view);
    depends_on(&mut out, style, &view.depends_on);
    if let Some(verification) = verification {
        verified(&mut out, style, verification);
    }
    gaps::write(&mut out, style, &view.gaps);
    style.finish(&out)
}

/// What is not counted, sentence by sentence: values at hand of objects whose names nothing inside tells, and
/// other names that may be taken on.
fn told(out: &mut String, style: &Style, (title, told): (&str, &[String])) {
    if told.is_empty() {
        return;
    }
    out.push('\n');
    let title = format!("{title} ({})", thousands(told.len() as u64));
    headline(out, style, Ink::Strong, &title);
    let most = if style.is_full() {
        usize::MAX
    } else {
        NAMES_MAX
    };
    for text in told.iter().take(most) {
        paragraph(out, style, "  - ", &style.text(text));
    }
    if told.len() > most {
        more(out, style, told.len() - most);
    }
}

/// What the vantage reaches, and what it may become.
fn network(out: &mut String, style: &Style, view: &View<'_>) {
    if !view.paths.is_empty() {
        out.push('\n');
        headline(out, style, Ink::Strong, "NETWORK");
        write_paths(out, style, &view.paths);
    }
    if view.pivots.is_empty() {
        return;
    }
    out.push('\n');
    let title = format!("LEADS TO ({})", thousands(view.pivots.len() as u64));
    headline(out, style, Ink::Bad, &title);
    let most = if style.is_full() {
        usize::MAX
    } else {
        PIVOTS_MAX
    };
    let told: Vec<&Pivot> = if style.is_full() {
        view.pivots.iter().collect()
    } else {
        let own = view.pivots.iter();
        own.filter(|pivot| !follows(&view.pivots, pivot)).collect()
    };
    for pivot in told.iter().take(most) {
        write_pivot(out, style, "", pivot);
    }
    let left_out = view.pivots.len() - told.len().min(most);
    if left_out > 0 {
        more(out, style, left_out);
    }
}

/// Whether a thing lies on the way to everything, or follows from it: it goes the same way up to whoever may
/// do everything.
fn follows(pivots: &[Pivot], pivot: &Pivot) -> bool {
    let everything = pivots
        .iter()
        .find(|one| one.kind == PivotKind::Administrator && one.depends_on.is_empty());
    let steps = everything
        .filter(|one| *one != pivot)
        .and_then(|everything| everything.steps.split_last());
    steps.is_some_and(|(_, before)| {
        pivot.steps.starts_with(before) || before.starts_with(&pivot.steps)
    })
}

fn categories(out: &mut String, style: &Style, view: &View<'_>) {
    let columns = [
        ("CATEGORY", Column::Word),
        ("SEEN", Column::Number),
        ("HIDDEN", Column::Number),
        ("DEPENDS", Column::Number),
    ];
    let mut table = Columns::new(style, 2, &columns);
    let number = |number: u64| match number {
        0 => style.dash().to_owned(),
        more => thousands(more),
    };
    for entry in &view.categories {
        let seen = entry.seen.len() as u64;
        let shown = if seen > 0 {
            style.paint(Ink::Strong, &thousands(seen))
        } else {
            number(0)
        };
        table.row(vec![
            entry.category.title().to_owned(),
            shown,
            number(entry.hidden_count),
            number(entry.uncertain_count),
        ]);
    }
    let seen = view
        .categories
        .iter()
        .map(|entry| entry.seen.len() as u64)
        .sum();
    let hidden = view
        .categories
        .iter()
        .fold(0_u64, |sum, entry| sum.saturating_add(entry.hidden_count));
    let uncertain = view.categories.iter().fold(0_u64, |sum, entry| {
        sum.saturating_add(entry.uncertain_count)
    });
    table.row(vec![
        style.paint(Ink::Strong, "together"),
        style.paint(Ink::Strong, &thousands(seen)),
        number(hidden),
        number(uncertain),
    ]);
    table.write(out, 2);
}

fn chains(out: &mut String, style: &Style, view: &View<'_>) {
    // Chains that read the same are told once, as that of the first.
    let mut first_of: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    let chains = view.chains.iter();
    let texts = chains.map(|chain| chain.links.iter().map(|link| link.text.as_str()).collect());
    let told_as: Vec<usize> = (0..)
        .zip(texts)
        .map(|(number, texts)| *first_of.entry(texts).or_insert(number))
        .collect();
    let mut items_by_chain: BTreeMap<usize, BTreeMap<&str, Vec<&SeenItem<'_>>>> = BTreeMap::new();
    for item in view.categories.iter().flat_map(|entry| &entry.seen) {
        items_by_chain
            .entry(told_as.get(item.chain).copied().unwrap_or(item.chain))
            .or_default()
            .entry(&item.kind)
            .or_default()
            .push(item);
    }
    if items_by_chain.is_empty() {
        out.push('\n');
        paragraph(out, style, "  ", &nothing(view));
        return;
    }
    out.push('\n');
    headline(out, style, Ink::Strong, "HOW IT SHOWS");
    let mut before: &[Link] = &[];
    for (number, (index, kinds)) in items_by_chain.iter().enumerate() {
        let chain = view.chains.get(*index);
        let links = chain
            .map(|chain| chain.links.as_slice())
            .unwrap_or_default();
        let shared = shared_steps(before, links);
        if number > 0 && shared == 0 {
            out.push('\n');
        }
        write_steps(out, style, links, shared);
        before = links;
        for (kind, items) in kinds {
            write_kind(out, style, kind, items);
        }
    }
}

/// What it means that nothing shows: little, where something at hand was not used or did not answer.
fn nothing(view: &View<'_>) -> String {
    let around = view.here.as_ref().map(|here| &here.surroundings);
    let at_hand = around.map_or((0, 0), |around| {
        (around.sockets.len() as u64, around.kubeconfigs.len() as u64)
    });
    let without = match at_hand {
        (0, 0) if !(view.depends_on.is_empty() && view.gaps.is_empty()) => {
            return "Nothing is certain from here: what could show depends on what was not read."
                .to_owned();
        }
        (0, 0) => return "Nothing can be discovered from here.".to_owned(),
        (sockets, 0) => count(sockets, "runtime socket", "runtime sockets"),
        (0, kubeconfigs) => count(kubeconfigs, "kubeconfig", "kubeconfigs"),
        (sockets, kubeconfigs) => format!(
            "{} and {}",
            count(sockets, "runtime socket", "runtime sockets"),
            count(kubeconfigs, "kubeconfig", "kubeconfigs")
        ),
    };
    format!(
        "Nothing shows yet: {without} at hand told nothing, because they were not used or did not answer; \
         the gaps below say why, and what to run next."
    )
}

/// How many steps a chain has in common with the one before, not counting its last, which is always told.
fn shared_steps(before: &[Link], links: &[Link]) -> usize {
    let same = before
        .iter()
        .zip(links)
        .take_while(|(one, other)| one.text == other.text);
    same.count().min(links.len().saturating_sub(1))
}

fn write_steps(out: &mut String, style: &Style, links: &[Link], told: usize) {
    let arrow = if style.unicode { "→ " } else { "> " };
    for (step, link) in links.iter().enumerate().skip(told) {
        let sign = if step > 0 { arrow } else { "" };
        let first = format!("  {}{sign}", "  ".repeat(step.min(STEPS_INDENTED_MAX)));
        let text = style.paint(Ink::Calm, &style.text(&link.text));
        paragraph(out, style, &first, &text);
    }
    if links.is_empty() {
        out.push_str("  (no chain is recorded)\n");
    }
}

fn write_kind(out: &mut String, style: &Style, kind: &str, items: &[&SeenItem<'_>]) {
    let names: Vec<String> = items
        .iter()
        .map(|item| match &*item.namespace {
            "" => item.name.to_string(),
            namespace => format!("{namespace}/{}", item.name),
        })
        .collect();
    let mut verbs: Vec<&str> = items
        .iter()
        .flat_map(|item| &*item.verbs)
        .map(|verb| &**verb)
        .collect();
    verbs.sort_unstable();
    verbs.dedup();
    let most = if style.is_full() {
        usize::MAX
    } else {
        NAMES_MAX
    };
    // Each name is cleaned on its own: one joined text would be cut at its limit.
    let shown: Vec<String> = names
        .iter()
        .take(most)
        .map(|name| style.text(name))
        .collect();
    let rest = match names.len() - shown.len() {
        0 => String::new(),
        more => format!(
            " {} and {} more, `--output json` lists all",
            style.ellipsis(),
            thousands(more as u64)
        ),
    };
    let number = thousands(items.len() as u64);
    let heading = format!("{kind} ({number}; {})", verbs.join(", "));
    paragraph(
        out,
        style,
        "      ",
        &format!(
            "{}: {}{rest}",
            style.paint(Ink::Strong, &style.text(&heading)),
            shown.join(", ")
        ),
    );
}

fn verified(out: &mut String, style: &Style, verification: &Verification) {
    out.push('\n');
    if verification.asked == 0 {
        headline(out, style, Ink::Alarm, "NOT VERIFIED");
        let text = "The live server answered no question: nothing was compared.";
        paragraph(out, style, "  ", text);
        return;
    }
    let asked = count(verification.asked, "question", "questions");
    if verification.differences.is_empty() {
        let ink = Ink::Good;
        headline(out, style, ink, "VERIFIED");
        paragraph(
            out,
            style,
            "  ",
            &format!("The live server was asked {asked}: no difference."),
        );
        return;
    }
    headline(out, style, Ink::Alarm, "THE LIVE SERVER DIFFERS");
    let differing = count(
        verification.differences.len() as u64,
        "difference",
        "differences",
    );
    paragraph(
        out,
        style,
        "  ",
        &format!("The live server was asked {asked}: {differing}."),
    );
    let most = if style.is_full() {
        usize::MAX
    } else {
        DIFFERENCES_MAX
    };
    for difference in verification.differences.iter().take(most) {
        let line = format!(
            "{}: computed {}, server {}",
            difference.question, difference.computed, difference.server
        );
        paragraph(out, style, "  - ", &style.text(&line));
    }
    if verification.differences.len() > most {
        more(out, style, verification.differences.len() - most);
    }
}
