//! Ways as a drawing: an SVG that reads without script, in layers from left to right. Every thing is one box,
//! whatever number of ways pass through it; each box and line says in its title what it is.

use std::collections::BTreeMap;

use viewshed_model::{PivotKind, PivotRank};

use super::page::Page;

/// Layers; ways that are longer go on in the last one.
const LAYERS_MAX: usize = 9;
/// Characters of a line in a box.
const LINE_CHARS_MAX: usize = 26;
/// Sizes in the drawing's own units, which are pixels at full width.
const BOX_WIDTH: usize = 208;
const BOX_HEIGHT: usize = 46;
const GAP_ACROSS: usize = 78;
const GAP_DOWN: usize = 18;
const MARGIN: usize = 8;

/// What a box stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Thing {
    /// A workload that a way starts from; else something on the way.
    is_start: bool,
    /// "Deployment", "service account".
    kind: String,
    name: String,
}

/// A box with its place.
#[derive(Debug, Clone)]
struct Placed {
    class: &'static str,
    layer: usize,
    row: usize,
}

/// A line from one box to another.
#[derive(Debug)]
struct Line {
    from: usize,
    to: usize,
    text: String,
    is_sure: bool,
}

/// A drawing of some ways.
#[derive(Debug, Default)]
pub(super) struct Graph {
    things: Vec<Thing>,
    placed: Vec<Placed>,
    numbers: BTreeMap<Thing, usize>,
    lines: Vec<Line>,
    known: BTreeMap<(usize, usize), usize>,
}

impl Graph {
    /// Lays out the ways of these workloads.
    pub(super) fn of(ranks: &[&PivotRank]) -> Self {
        let mut graph = Self::default();
        for rank in ranks {
            graph.add(rank);
        }
        graph.lay_out();
        graph
    }

    fn add(&mut self, rank: &PivotRank) {
        let start = Thing {
            is_start: true,
            kind: rank.workload_kind.clone(),
            name: rank.from.clone(),
        };
        let class = if rank.ways_in.is_empty() {
            "start"
        } else {
            "start open"
        };
        let mut last = self.number(start, class);
        let is_sure = rank.pivot.depends_on.is_empty();
        for (stop, step) in rank.pivot.stops.iter().zip(&rank.pivot.steps) {
            let class = match stop.kind {
                PivotKind::Administrator | PivotKind::AnyUser | PivotKind::AllSecrets => "goal",
                PivotKind::Host | PivotKind::Node => "node",
                PivotKind::User | PivotKind::Group | PivotKind::ServiceAccount | PivotKind::Pod => {
                    "stop"
                }
            };
            let thing = Thing {
                is_start: false,
                kind: stop.kind.words().to_owned(),
                name: stop.name.clone(),
            };
            let next = self.number(thing, class);
            self.line(Line {
                from: last,
                to: next,
                text: step.text.clone(),
                is_sure,
            });
            last = next;
        }
    }

    fn number(&mut self, thing: Thing, class: &'static str) -> usize {
        if let Some(number) = self.numbers.get(&thing) {
            return *number;
        }
        let number = self.things.len();
        self.numbers.insert(thing.clone(), number);
        self.things.push(thing);
        self.placed.push(Placed {
            class,
            layer: 0,
            row: 0,
        });
        number
    }

    /// A line that is certain for one way is certain.
    fn line(&mut self, line: Line) {
        let key = (line.from, line.to);
        match self.known.get(&key).and_then(|at| self.lines.get_mut(*at)) {
            Some(known) => known.is_sure |= line.is_sure,
            None => {
                self.known.insert(key, self.lines.len());
                self.lines.push(line);
            }
        }
    }

    /// Layers by the longest way, so that lines lead to the right; rows near where the lines come from.
    fn lay_out(&mut self) {
        for _ in 0..LAYERS_MAX {
            for line in &self.lines {
                let after = self.layer(line.from) + 1;
                if let Some(placed) = self.placed.get_mut(line.to)
                    && placed.layer < after
                    && after < LAYERS_MAX
                {
                    placed.layer = after;
                }
            }
        }
        for layer in 0..LAYERS_MAX {
            let members: Vec<usize> = (0..self.things.len())
                .filter(|number| self.layer(*number) == layer)
                .collect();
            let mut ordered: Vec<(usize, usize)> = members
                .into_iter()
                .map(|number| (self.drawn_to(number), number))
                .collect();
            ordered.sort_unstable();
            for ((_, number), row) in ordered.into_iter().zip(0..) {
                if let Some(placed) = self.placed.get_mut(number) {
                    placed.row = row;
                }
            }
        }
    }

    fn layer(&self, number: usize) -> usize {
        self.placed.get(number).map_or(0, |placed| placed.layer)
    }

    /// The mean row, in hundredths, of what leads to a box; boxes of the first layer keep their order.
    fn drawn_to(&self, number: usize) -> usize {
        let before = self.lines.iter().filter(|line| line.to == number);
        let rows = before.filter_map(|line| Some(self.placed.get(line.from)?.row));
        let (sum, count) = rows.fold((0, 0), |(sum, count), row| (sum + row, count + 1));
        if count == 0 {
            return number * 100;
        }
        sum * 100 / count
    }

    /// Boxes in the fullest layer.
    fn rows(&self) -> usize {
        let rows = self.placed.iter().map(|placed| placed.row + 1);
        rows.max().unwrap_or(0)
    }

    /// Upper left corner of a box; layers are centred.
    fn corner(&self, number: usize) -> (usize, usize) {
        let Some(placed) = self.placed.get(number) else {
            return (0, 0);
        };
        let same = |other: &&Placed| other.layer == placed.layer;
        let members = self.placed.iter().filter(same).count();
        let spare = self.rows().saturating_sub(members) * (BOX_HEIGHT + GAP_DOWN) / 2;
        (
            MARGIN + placed.layer * (BOX_WIDTH + GAP_ACROSS),
            MARGIN + spare + placed.row * (BOX_HEIGHT + GAP_DOWN),
        )
    }

    /// Writes the drawing; `title` and `description` are read out in place of it.
    pub(super) fn write(&self, page: &mut Page, (id, title): (usize, &str), description: &str) {
        let layers = self.placed.iter().map(|placed| placed.layer + 1).max();
        let layers = layers.unwrap_or(0);
        let width = 2 * MARGIN + (layers * (BOX_WIDTH + GAP_ACROSS)).saturating_sub(GAP_ACROSS);
        let height = 2 * MARGIN + (self.rows() * (BOX_HEIGHT + GAP_DOWN)).saturating_sub(GAP_DOWN);
        page.begin_drawing(("ways", id), (width, height), title, description);
        for line in &self.lines {
            self.write_line(page, line);
        }
        for (number, thing) in self.things.iter().enumerate() {
            self.write_box(page, number, thing);
        }
        page.raw("</svg>\n");
    }

    fn write_line(&self, page: &mut Page, line: &Line) {
        let (from, to) = (self.corner(line.from), self.corner(line.to));
        let start = (from.0 + BOX_WIDTH, from.1 + BOX_HEIGHT / 2);
        let end = (to.0, to.1 + BOX_HEIGHT / 2);
        let bend = GAP_ACROSS * 2 / 3;
        page.raw(if line.is_sure {
            "<g class=\"line\"><title>"
        } else {
            "<g class=\"line unsure\"><title>depends on facts: "
        })
        .text(&line.text)
        .raw("</title><path d=\"M");
        point(page, start);
        page.raw(" C");
        point(page, (start.0 + bend, start.1));
        page.raw(" ");
        point(page, (end.0.saturating_sub(bend), end.1));
        page.raw(" ");
        point(page, end);
        // The head of the arrow.
        page.raw("\"/><path class=\"head\" d=\"M");
        point(page, end);
        page.raw(" l-9 -5 v10 z\"/></g>\n");
    }

    fn write_box(&self, page: &mut Page, number: usize, thing: &Thing) {
        let class = self
            .placed
            .get(number)
            .map_or("stop", |placed| placed.class);
        let (left, top) = self.corner(number);
        page.raw("<g class=\"box ")
            .text(class)
            .raw("\"><title>")
            .text(&format!("{} {}", thing.kind, thing.name))
            .raw("</title><rect rx=\"7\" x=\"")
            .id(left)
            .raw("\" y=\"")
            .id(top)
            .raw("\" width=\"")
            .id(BOX_WIDTH)
            .raw("\" height=\"")
            .id(BOX_HEIGHT)
            .raw("\"></rect>");
        let is_alone = thing.name.is_empty();
        let (kind_down, class) = if is_alone {
            (BOX_HEIGHT / 2 + 5, "name")
        } else {
            (18, "kind")
        };
        write_text(page, (left, top + kind_down), (class, &thing.kind));
        if !is_alone {
            write_text(page, (left, top + 36), ("name", &thing.name));
        }
        page.raw("</g>\n");
    }
}

fn write_text(page: &mut Page, (left, down): (usize, usize), (class, text): (&'static str, &str)) {
    page.raw("<text class=\"")
        .raw(class)
        .raw("\" x=\"")
        .id(left + 11)
        .raw("\" y=\"")
        .id(down)
        .raw("\">")
        .text(&cut(text))
        .raw("</text>");
}

fn point(page: &mut Page, (across, down): (usize, usize)) {
    page.id(across).raw(" ").id(down);
}

/// A line that fits a box: the namespace gives way first, then the middle of the name; what is left out
/// stands in the box's title.
fn cut(text: &str) -> String {
    if text.chars().count() <= LINE_CHARS_MAX {
        return text.to_owned();
    }
    let name = text.split_once('/').map_or(text, |(_, name)| name);
    let length = name.chars().count();
    if length < LINE_CHARS_MAX - 1 {
        return format!("…/{name}");
    }
    let half = (LINE_CHARS_MAX - 1) / 2;
    let first: String = name.chars().take(half).collect();
    let last: String = name.chars().skip(length.saturating_sub(half)).collect();
    format!("{first}…{last}")
}

#[cfg(test)]
mod tests;
