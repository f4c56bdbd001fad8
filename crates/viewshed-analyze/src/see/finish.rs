//! From the board to the view: every mark becomes an item, sorted, with the chains it needs.

use viewshed_model::{Category, CategoryView, Chain, SeenItem, Vantage, View};

use super::board::{Board, Mark, Place};
use super::paths::PATHS;
use super::ways::Ways;
use crate::inventory::{Kind, List};

/// Writes the view.
pub(super) fn view(mut board: Board<'_, '_>, vantage: Vantage) -> View {
    let identities = std::mem::take(&mut board.identities);
    let depends_on = std::mem::take(&mut board.depends_on);
    let gaps = std::mem::take(&mut board.gaps);
    let mut chains = Chains::new(&board);
    let columns = columns(&board);
    let mut categories = Vec::with_capacity(Category::ALL.len());
    for category in Category::ALL {
        let mut view = CategoryView {
            category,
            seen: Vec::new(),
            hidden_count: 0,
            uncertain_count: 0,
        };
        for column in columns.iter().filter(|column| column.category == category) {
            column.add_to(&mut view, &mut chains);
        }
        categories.push(view);
    }
    View {
        vantage,
        estate: board.index.cluster.name.clone(),
        identities,
        chains: chains.kept,
        categories,
        depends_on: depends_on.into_iter().collect(),
        gaps,
        here: None,
    }
}

/// The chains that items point to, numbered in the order of the items.
struct Chains<'b> {
    all: &'b [Chain],
    kept: Vec<Chain>,
    numbers: Vec<Option<usize>>,
}

impl<'b> Chains<'b> {
    fn new(board: &'b Board<'_, '_>) -> Self {
        Self {
            all: &board.chains,
            kept: Vec::new(),
            numbers: vec![None; board.chains.len()],
        }
    }

    fn number(&mut self, mark: &Mark) -> usize {
        let next = self.kept.len();
        let Some(number) = self.numbers.get_mut(mark.chain.0) else {
            return 0;
        };
        if number.is_none() {
            self.kept
                .push(self.all.get(mark.chain.0).cloned().unwrap_or_default());
        }
        *number.get_or_insert(next)
    }
}

/// Things of one kind within a category.
struct Column<'b> {
    category: Category,
    kind: String,
    things: Vec<Thing<'b>>,
}

struct Thing<'b> {
    namespace: &'b str,
    name: Name<'b>,
    mark: Mark,
}

enum Name<'b> {
    Plain(&'b str),
    /// `owner/part`.
    Part(&'b str, &'b str),
}

impl Column<'_> {
    fn add_to(&self, view: &mut CategoryView, chains: &mut Chains<'_>) {
        for thing in &self.things {
            if thing.mark.ways.is_seen() {
                view.seen.push(SeenItem {
                    kind: self.kind.clone(),
                    namespace: thing.namespace.to_owned(),
                    name: match thing.name {
                        Name::Plain(name) => name.to_owned(),
                        Name::Part(owner, part) => format!("{owner}/{part}"),
                    },
                    verbs: thing.mark.ways.labels(),
                    chain: chains.number(&thing.mark),
                });
            } else if thing.mark.ways.intersects(Ways::UNCERTAIN) {
                view.uncertain_count += 1;
            } else {
                view.hidden_count += 1;
            }
        }
    }
}

fn columns<'b>(board: &'b Board<'_, '_>) -> Vec<Column<'b>> {
    let index = board.index;
    let mut columns = Vec::new();
    for (at, kind) in index.inventory.kinds.iter().enumerate() {
        let marks = board.marks(Place::Kind(at));
        columns.push(Column {
            category: kind.category,
            kind: kind.title.clone(),
            things: kind
                .objects
                .iter()
                .zip(marks)
                .map(|(object, mark)| Thing {
                    namespace: object.namespace,
                    name: Name::Plain(object.name),
                    mark: *mark,
                })
                .collect(),
        });
        columns.extend(template_column(board, kind, marks));
    }
    columns.push(container_column(board));
    columns.push(log_column(board));
    let images = index.pods.images.iter().zip(board.marks(Place::Images));
    columns.push(plain_column(
        Category::Images,
        "Image",
        images.map(|(image, mark)| (*image, *mark)),
    ));
    let paths = PATHS.iter().zip(board.marks(Place::Paths));
    columns.push(plain_column(
        Category::ClusterStatus,
        "path",
        paths.map(|((path, _), mark)| (*path, *mark)),
    ));
    columns.sort_by(|a, b| (a.category, &a.kind).cmp(&(b.category, &b.kind)));
    columns
}

fn plain_column<'b>(
    category: Category,
    kind: &str,
    things: impl Iterator<Item = (&'b str, Mark)>,
) -> Column<'b> {
    Column {
        category,
        kind: kind.to_owned(),
        things: things
            .map(|(name, mark)| Thing {
                namespace: "",
                name: Name::Plain(name),
                mark,
            })
            .collect(),
    }
}

/// Containers of templates show where their workload's specification shows.
fn template_column<'b>(
    board: &'b Board<'_, '_>,
    kind: &'b Kind<'_>,
    marks: &[Mark],
) -> Option<Column<'b>> {
    let pods = &board.index.pods;
    let mut things = Vec::new();
    for (object, mark) in kind.objects.iter().zip(marks) {
        let range = pods.containers_of_workload.get(object.source);
        let Some(range) = range.filter(|_| object.list == List::Workloads) else {
            continue;
        };
        let containers = pods.templates.get(range.clone()).unwrap_or_default();
        things.extend(containers.iter().map(|container| Thing {
            namespace: container.namespace,
            name: Name::Part(container.owner, container.name),
            mark: *mark,
        }));
    }
    (!things.is_empty()).then(|| Column {
        category: Category::Containers,
        kind: format!("{} container", kind.title),
        things,
    })
}

fn container_column<'b>(board: &'b Board<'_, '_>) -> Column<'b> {
    let containers = &board.index.pods.containers;
    Column {
        category: Category::Containers,
        kind: "Container".to_owned(),
        things: containers
            .iter()
            .zip(board.marks(Place::Containers))
            .map(|(container, mark)| Thing {
                namespace: container.namespace,
                name: Name::Part(container.owner, container.name),
                mark: *mark,
            })
            .collect(),
    }
}

fn log_column<'b>(board: &'b Board<'_, '_>) -> Column<'b> {
    let pods = crate::sight::pod_objects(&board.index.inventory);
    Column {
        category: Category::Logs,
        kind: "pods/log".to_owned(),
        things: pods
            .iter()
            .zip(board.marks(Place::Logs))
            .map(|(pod, mark)| Thing {
                namespace: pod.namespace,
                name: Name::Plain(pod.name),
                mark: *mark,
            })
            .collect(),
    }
}
