//! Who reaches the places that matter: a drawing with a row per source and a column per place, that reads without
//! script. Sources that fare alike are folded where there are many; what is left out is counted.

use std::collections::BTreeMap;

use viewshed_model::{
    EndKind, OverviewCell, OverviewRow, ReachOverview, ReachVerdict, ScanReport, Target,
};

use super::page::Page;
use super::{PAGE_BYTES_MAX, summary::rest};
use crate::clean::shorten;
use crate::wording::{count, ports};

/// Rows of one drawing: a screen and a half.
const ROWS_MAX: usize = 40;
/// Drawings on the page; an estate of more clusters is asked for one by one.
const DRAWINGS_MAX: usize = 20;
/// Names that a folded row tells in its title.
const NAMES_MAX: usize = 8;
/// Characters of a row's name.
const NAME_CHARS_MAX: usize = 38;
/// Characters of the ports that a cell's title tells.
const PORTS_CHARS_MAX: usize = 80;
/// Bytes after which no further drawing is begun.
const DRAWINGS_BYTES_MAX: usize = 200_000;
/// Sizes in the drawing's own units, which are pixels at full width.
const NAME_WIDTH: usize = 300;
const COLUMN_WIDTH: usize = 92;
const ROW_HEIGHT: usize = 26;
const HEAD_HEIGHT: usize = 34;
const MARGIN: usize = 8;

/// Sources that fare alike.
struct Row<'r> {
    name: String,
    /// Some of those that it stands for.
    members: Vec<String>,
    cells: &'r [Option<OverviewCell>],
}

/// The drawings of a scan.
pub(super) fn write(page: &mut Page, report: &ScanReport) {
    if report.reach.is_empty() {
        return;
    }
    page.raw("<section id=\"reach\" aria-labelledby=\"reach-head\">\n<h2 id=\"reach-head\">Who reaches the places that matter</h2>\n<p class=\"note\">A filled square: connections are let through. An empty one: it depends on facts that were not read. A dot: they are stopped. Of a workload the pod counts that is stopped least. <code>viewshed reach --to PLACE</code> says why.</p>\n");
    let start = page.len();
    let mut drawn = 0;
    for overview in report.reach.iter().take(DRAWINGS_MAX) {
        if page.len() - start >= DRAWINGS_BYTES_MAX || page.len() >= PAGE_BYTES_MAX {
            break;
        }
        drawing(page, overview, drawn);
        drawn += 1;
    }
    if report.reach.len() > drawn {
        page.raw("<p class=\"more\">Of clusters");
        rest(page, report.reach.len(), drawn);
        page.raw(".</p>\n");
    }
    page.raw("</section>\n");
}

fn drawing(page: &mut Page, overview: &ReachOverview, id: usize) {
    page.raw("<h3>").text(&overview.estate).raw("</h3>\n<p>");
    let lead = count(overview.rows.len() as u64, "source", "sources");
    page.text(&lead).raw(".");
    if overview.cni != "docker" {
        page.raw(" Network plugin assumed: ")
            .text(&overview.cni)
            .raw(".");
    }
    page.raw("</p>\n");
    let rows = folded(&overview.rows);
    if rows.is_empty() || overview.targets.is_empty() {
        return;
    }
    let drawn = rows.get(..ROWS_MAX).unwrap_or(&rows);
    page.raw("<div class=\"scroll\" role=\"region\" aria-label=\"Drawing of who reaches what, scrolls sideways\" tabindex=\"0\">\n");
    let width = 2 * MARGIN + NAME_WIDTH + overview.targets.len() * COLUMN_WIDTH;
    let height = 2 * MARGIN + HEAD_HEIGHT + drawn.len() * ROW_HEIGHT;
    let title = format!("Who reaches what in {}", overview.estate);
    page.begin_drawing(("reach", id), (width, height), &title, &described(overview));
    for (target, column) in overview.targets.iter().zip(0..) {
        let left = MARGIN + NAME_WIDTH + column * COLUMN_WIDTH + COLUMN_WIDTH / 2;
        write_text(
            page,
            (left, MARGIN + HEAD_HEIGHT - 14),
            ("head", word(*target)),
        );
    }
    for (row, at) in drawn.iter().zip(0..) {
        write_row(page, row, (at, &overview.targets));
    }
    page.raw("</svg>\n</div>\n");
    if rows.len() > drawn.len() {
        page.raw("<p class=\"more\">Of the rows");
        rest(page, rows.len(), drawn.len());
        page.raw("; <code>viewshed reach --to PLACE --output json</code> lists all.</p>\n");
    }
}

/// One row per source; where those are too many, one for those of a namespace that fare alike, then one for all
/// that do.
fn folded(rows: &[OverviewRow]) -> Vec<Row<'_>> {
    let each = |row: &OverviewRow| vec![row.kind_and_place(), row.name.clone()];
    let of_namespace = |row: &OverviewRow| vec![row.kind_and_place()];
    let of_kind = |row: &OverviewRow| vec![kind_word(row.kind, 2).to_owned()];
    let fine = fold(rows, each);
    if fine.len() <= ROWS_MAX {
        return fine;
    }
    let middle = fold(rows, of_namespace);
    if middle.len() <= ROWS_MAX {
        return middle;
    }
    fold(rows, of_kind)
}

/// Rows with the same key and the same cells are one, at the place of the first.
fn fold(rows: &[OverviewRow], key: impl Fn(&OverviewRow) -> Vec<String>) -> Vec<Row<'_>> {
    let mut numbers: BTreeMap<(Vec<String>, &[Option<OverviewCell>]), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&OverviewRow>> = Vec::new();
    for row in rows {
        let next = groups.len();
        let at = *numbers.entry((key(row), &row.cells)).or_insert(next);
        match groups.get_mut(at) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups.iter().filter_map(|group| joined(group)).collect()
}

fn joined<'r>(group: &[&'r OverviewRow]) -> Option<Row<'r>> {
    let first = *group.first()?;
    let named = group.iter().take(NAMES_MAX).map(|row| row.title());
    let mut members: Vec<String> = named.collect();
    if group.len() > NAMES_MAX {
        members.push(format!("and {} more", group.len() - NAMES_MAX));
    }
    let name = if group.len() == 1 {
        first.title()
    } else {
        let word = kind_word(first.kind, group.len());
        let place = &first.namespace;
        let is_one_place = !place.is_empty() && group.iter().all(|row| row.namespace == *place);
        if is_one_place {
            format!("{place}: {} {word}", group.len())
        } else {
            format!("{} {word}", group.len())
        }
    };
    Some(Row {
        name,
        members,
        cells: &first.cells,
    })
}

/// Words of a row.
trait Words {
    fn title(&self) -> String;
    fn kind_and_place(&self) -> String;
}

impl Words for OverviewRow {
    fn title(&self) -> String {
        match self.kind {
            EndKind::Pods | EndKind::Container => format!("{}/{}", self.namespace, self.name),
            EndKind::Node => format!("node {}", self.name),
            EndKind::Host => format!("host {}", self.name),
            EndKind::Outside => "addresses outside".to_owned(),
        }
    }

    fn kind_and_place(&self) -> String {
        format!("{} {}", kind_word(self.kind, 2), self.namespace)
    }
}

const fn kind_word(kind: EndKind, number: usize) -> &'static str {
    match (kind, number) {
        (EndKind::Pods, 1) => "workload",
        (EndKind::Pods, _) => "workloads",
        (EndKind::Node, 1) => "node",
        (EndKind::Node, _) => "nodes",
        (EndKind::Container, 1) => "container",
        (EndKind::Container, _) => "containers",
        (EndKind::Host, 1) => "host",
        (EndKind::Host, _) => "hosts",
        (EndKind::Outside, _) => "addresses outside",
    }
}

fn word(target: Target) -> &'static str {
    match target {
        Target::Apiserver => "API server",
        Target::Kubelet => "kubelets",
        Target::Etcd => "etcd",
        Target::Scheduler => "scheduler",
        Target::ControllerManager => "controllers",
        Target::KubeProxy => "kube-proxy",
        Target::Metadata => "metadata",
        Target::Docker => "Docker API",
        Target::Dashboard => "dashboards",
        Target::Metrics => "metrics",
        Target::World => "the world",
    }
}

/// The drawing in one sentence.
fn described(overview: &ReachOverview) -> String {
    let columns = overview.targets.iter().enumerate().map(|(at, target)| {
        let count = |wanted: ReachVerdict| {
            let cells = overview.rows.iter();
            let cells = cells.filter_map(|row| row.cells.get(at)?.as_ref());
            cells.filter(|cell| cell.verdict == wanted).count()
        };
        format!(
            "{}: {} reach it, of {} it depends on facts, {} do not",
            word(*target),
            count(ReachVerdict::Allowed),
            count(ReachVerdict::Depends),
            count(ReachVerdict::Denied)
        )
    });
    let columns: Vec<String> = columns.collect();
    format!("{}.", columns.join("; "))
}

fn write_row(page: &mut Page, row: &Row<'_>, (at, targets): (usize, &[Target])) {
    let top = MARGIN + HEAD_HEIGHT + at * ROW_HEIGHT;
    let middle = top + ROW_HEIGHT / 2;
    page.raw("<g class=\"row\"><title>")
        .text(&row.members.join(", "))
        .raw("</title>");
    if at % 2 == 0 {
        let width = NAME_WIDTH + targets.len() * COLUMN_WIDTH;
        write_rect(page, "band", (MARGIN, top), (width, ROW_HEIGHT));
    }
    write_text(page, (MARGIN + 6, middle + 5), ("name", &cut(&row.name)));
    for ((target, cell), column) in targets.iter().zip(row.cells).zip(0..) {
        let Some(cell) = cell else { continue };
        let left = MARGIN + NAME_WIDTH + column * COLUMN_WIDTH + COLUMN_WIDTH / 2;
        let (class, verb, half) = match cell.verdict {
            ReachVerdict::Allowed => ("open", "reaches", 7),
            ReachVerdict::Depends => ("unsure", "may reach", 6),
            ReachVerdict::Denied => ("shut", "does not reach", 2),
        };
        let on = match ports(&cell.ports) {
            ports if ports.is_empty() => String::new(),
            ports => format!(" on {}", shorten(ports.into(), PORTS_CHARS_MAX, "…")),
        };
        page.raw("<g><title>")
            .text(&format!("{} {verb} {}{on}", cut(&row.name), word(*target)))
            .raw("</title>");
        let corner = (left - half, middle - half);
        write_rect(page, class, corner, (2 * half, 2 * half));
        page.raw("</g>");
    }
    page.raw("</g>\n");
}

fn write_rect(
    page: &mut Page,
    class: &'static str,
    (left, top): (usize, usize),
    (width, height): (usize, usize),
) {
    page.raw("<rect class=\"")
        .raw(class)
        .raw("\" x=\"")
        .id(left)
        .raw("\" y=\"")
        .id(top)
        .raw("\" width=\"")
        .id(width)
        .raw("\" height=\"")
        .id(height)
        .raw("\" rx=\"2\"></rect>");
}

fn write_text(page: &mut Page, (left, down): (usize, usize), (class, text): (&'static str, &str)) {
    page.raw("<text class=\"")
        .raw(class)
        .raw("\" x=\"")
        .id(left)
        .raw("\" y=\"")
        .id(down)
        .raw("\">")
        .text(text)
        .raw("</text>");
}

/// A name that fits; all of it stands in the title.
fn cut(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    let half = (NAME_CHARS_MAX - 1) / 2;
    let first: String = name.chars().take(half).collect();
    let last: String = name.chars().skip(length - half).collect();
    format!("{first}…{last}")
}

#[cfg(test)]
mod tests;
