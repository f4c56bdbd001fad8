//! LEAVES: the chains of a view as a graph for Graphviz (DOT language).

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::View;

use crate::clean::{clean, shorten};
use crate::lines::line;
use crate::wording::{thousands, vantage};

/// Chains drawn; a graph with more answers no question. The rest is named in a note.
const CHAINS_MAX: usize = 60;
/// Characters of a label.
const LABEL_CHARS_MAX: usize = 120;

/// From the vantage over each chain's steps to the kinds of things that it shows.
pub fn see(view: &View) -> String {
    let mut out = String::from(
        "digraph viewshed {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
    );
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut node = |out: &mut String, key: String, label: &str, look: &str| {
        let next = ids.len();
        *ids.entry(key).or_insert_with(|| {
            line(out, &format!("  n{next} [label={}{look}];", quoted(label)));
            next
        })
    };
    let start = node(
        &mut out,
        String::from("from"),
        &vantage(&view.vantage),
        ", style=bold",
    );
    let mut shown: BTreeMap<usize, BTreeMap<&str, u64>> = BTreeMap::new();
    for item in view.categories.iter().flat_map(|entry| &entry.seen) {
        *shown
            .entry(item.chain)
            .or_default()
            .entry(&item.kind)
            .or_default() += 1;
    }
    for (index, kinds) in shown.iter().take(CHAINS_MAX) {
        let mut last = start;
        for link in view
            .chains
            .get(*index)
            .map(|chain| chain.links.as_slice())
            .unwrap_or_default()
        {
            // The same step after the same step is one node; chains that part later share their start.
            let next = node(&mut out, format!("{last} {}", link.text), &link.text, "");
            edges.insert((last, next));
            last = next;
        }
        for (kind, number) in kinds {
            let label = format!("{} {kind}", thousands(*number));
            let next = node(
                &mut out,
                format!("{last} shows {kind}"),
                &label,
                ", shape=oval",
            );
            edges.insert((last, next));
        }
    }
    if shown.len() > CHAINS_MAX {
        let label = format!(
            "... and {} more chains",
            thousands((shown.len() - CHAINS_MAX) as u64)
        );
        node(&mut out, String::from("more"), &label, ", shape=note");
    }
    for (from, to) in edges {
        line(&mut out, &format!("  n{from} -> n{to};"));
    }
    out.push_str("}\n");
    out
}

fn quoted(text: &str) -> String {
    let text = shorten(clean(text), LABEL_CHARS_MAX, "…");
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
