//! LEAVES: the chains of a view, and who reaches whom, as graphs for Graphviz (DOT language).

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{EndKind, PivotReport, ReachMatrix, ReachSources, ReachVerdict, View};

use crate::clean::{clean, shorten};
use crate::lines::line;
use crate::wording::{ports, thousands, vantage};

/// Chains drawn; a graph with more answers no question. The rest is named in a note.
const CHAINS_MAX: usize = 60;
/// Characters of a label.
const LABEL_CHARS_MAX: usize = 120;

/// From the vantage over each chain's steps to the kinds of things that it shows.
pub fn see(view: &View<'_>) -> String {
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

/// Edges drawn; a graph with more answers no question. The rest is named in a note.
const EDGES_MAX: usize = 600;

/// Everything that reaches one place, and what may.
pub fn sources(report: &ReachSources) -> String {
    let mut graph = Graph::new();
    let place = graph.node(&report.to.to_string(), ", style=bold");
    let reaching = report
        .sources
        .iter()
        .filter(|source| source.verdict != ReachVerdict::Denied);
    for (source, index) in reaching.zip(0_usize..) {
        if index >= EDGES_MAX {
            graph.left_out += 1;
            continue;
        }
        let name = match source.kind {
            EndKind::Pods => format!("{}/{}", source.namespace, source.name),
            EndKind::Node => format!("node:{}", source.name),
            EndKind::Container => format!("container:{}/{}", source.namespace, source.name),
            EndKind::Host => format!("host:{}", source.name),
            EndKind::Outside => source.name.clone(),
        };
        let from = graph.node(&name, "");
        let is_sure = source.verdict == ReachVerdict::Allowed;
        let open = if is_sure {
            &source.ports
        } else {
            &source.uncertain_ports
        };
        graph.edge((from, place), &ports(open), is_sure);
    }
    graph.finish()
}

/// All pairs between which anything is or may be let through.
pub fn matrix(matrix: &ReachMatrix) -> String {
    let mut graph = Graph::new();
    for (cell, index) in matrix.cells.iter().zip(0_usize..) {
        if index >= EDGES_MAX {
            graph.left_out += 1;
            continue;
        }
        let mut end = |at: u32| {
            let end = matrix.ends.get(at as usize);
            graph.node(&end.map(ToString::to_string).unwrap_or_default(), "")
        };
        let (from, to) = (end(cell.from), end(cell.to));
        if cell.allowed.is_empty() {
            graph.edge((from, to), &ports(&cell.uncertain), false);
        } else {
            graph.edge((from, to), &ports(&cell.allowed), true);
        }
    }
    graph.finish()
}

/// From each workload over the steps to what it becomes; equal steps are one node.
pub fn pivots(report: &PivotReport) -> String {
    let mut graph = Graph::new();
    for (rank, index) in report.ranks.iter().zip(0_usize..) {
        if index >= EDGES_MAX {
            graph.left_out += 1;
            continue;
        }
        let mut last = graph.node(&rank.from, ", style=bold");
        let is_sure = rank.pivot.depends_on.is_empty();
        for step in &rank.pivot.steps {
            let next = graph.node(&step.text, "");
            graph.edge((last, next), "", is_sure);
            last = next;
        }
        let goal = format!("{} {}", rank.pivot.kind.words(), rank.pivot.name);
        let goal = graph.node(goal.trim_end(), ", shape=oval");
        graph.edge((last, goal), "", is_sure);
    }
    graph.finish()
}

/// A graph being written: each name is one node.
struct Graph {
    out: String,
    ids: BTreeMap<String, usize>,
    edges: Vec<String>,
    left_out: usize,
}

impl Graph {
    fn new() -> Self {
        Self {
            out: String::from(
                "digraph reach {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
            ),
            ids: BTreeMap::new(),
            edges: Vec::new(),
            left_out: 0,
        }
    }

    fn node(&mut self, name: &str, look: &str) -> usize {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.ids.len();
        line(
            &mut self.out,
            &format!("  n{id} [label={}{look}];", quoted(name)),
        );
        self.ids.insert(name.to_owned(), id);
        id
    }

    fn edge(&mut self, (from, to): (usize, usize), ports: &str, is_sure: bool) {
        let look = if is_sure { "" } else { ", style=dashed" };
        let label = quoted(ports);
        let edge = format!("  n{from} -> n{to} [label={label}{look}];");
        if !self.edges.contains(&edge) {
            self.edges.push(edge);
        }
    }

    fn finish(mut self) -> String {
        for edge in &self.edges {
            line(&mut self.out, edge);
        }
        if self.left_out > 0 {
            let label = format!("... and {} more", thousands(self.left_out as u64));
            line(
                &mut self.out,
                &format!("  more [label={}, shape=note];", quoted(&label)),
            );
        }
        self.out.push_str("}\n");
        self.out
    }
}
