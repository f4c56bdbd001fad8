//! From the board to the view: every mark becomes an item, sorted, with the chains it needs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use viewshed_model::{Category, CategoryView, Chain, SeenBy, SeenItem, Vantage, View};

use super::board::{Board, Mark, Place};
use super::container_here::short_id;
use super::guesses;
use super::own_names::Nameless;
use super::paths::PATHS;
use super::ways::Ways;
use crate::inventory::{Kind, List};
use crate::sight::pod_objects;

/// Writes the view.
pub(super) fn view<'c>(mut board: Board<'_, 'c>, vantage: Vantage) -> View<'c> {
    let identities = std::mem::take(&mut board.identities);
    let mut depends_on = std::mem::take(&mut board.depends_on);
    depends_on.extend(guesses::facts(&board));
    let gaps = std::mem::take(&mut board.gaps);
    let unnamed = std::mem::take(&mut board.unnamed);
    let nameless = board.nameless.take();
    let columns = columns(&board);
    let mut categories: Vec<CategoryView<'c>> = Category::ALL
        .into_par_iter()
        .map(|category| {
            let mut view = CategoryView {
                category,
                seen: Vec::new(),
                hidden_count: 0,
                uncertain_count: 0,
            };
            let mut words = Words::default();
            for column in columns.iter().filter(|column| column.category == category) {
                let mut writer = Writer {
                    title: column.title.clone(),
                    view: &mut view,
                    words: &mut words,
                    nameless: nameless.as_ref(),
                };
                writer.write(&board, column.things);
            }
            view
        })
        .collect();
    let chains = number_chains(&board, &mut categories);
    View {
        vantage,
        estate: board.index.cluster.name.clone(),
        identities,
        chains,
        categories,
        unnamed,
        may_act_as: Vec::new(),
        depends_on: depends_on.into_iter().collect(),
        gaps,
        paths: Vec::new(),
        pivots: Vec::new(),
        here: None,
    }
}

/// Keeps the chains that items point to, numbered in the order of the items.
fn number_chains(board: &Board<'_, '_>, categories: &mut [CategoryView<'_>]) -> Vec<Chain> {
    let mut kept: Vec<Chain> = Vec::new();
    let mut numbers: Vec<Option<usize>> = vec![None; board.chains.len()];
    for item in categories.iter_mut().flat_map(|view| &mut view.seen) {
        let Some(number) = numbers.get_mut(item.chain) else {
            continue;
        };
        item.chain = *number.get_or_insert_with(|| {
            kept.push(board.chains.get(item.chain).cloned().unwrap_or_default());
            kept.len() - 1
        });
    }
    kept
}

/// Things of one kind within a category.
struct Column<'b, 'c> {
    category: Category,
    title: Cow<'c, str>,
    things: Things<'b, 'c>,
}

/// Where the things of a column stand.
#[derive(Clone, Copy)]
enum Things<'b, 'c> {
    /// Objects of a resource.
    Objects(usize, &'b Kind<'c>),
    /// Containers of the templates of a resource: they show where its objects do.
    Templates(usize, &'b Kind<'c>),
    /// Containers of pods.
    Containers,
    /// Logs of pods.
    Logs,
    /// Images.
    Images,
    /// Paths of the API server.
    Paths,
}

impl Things<'_, '_> {
    /// How many of them are marked as seen; of templates it is not known.
    fn seen_count(self, board: &Board<'_, '_>) -> usize {
        let marks = match self {
            Self::Objects(at, _) => board.marks(Place::Kind(at)),
            Self::Containers => board.marks(Place::Containers),
            Self::Logs => board.marks(Place::Logs),
            Self::Images => board.marks(Place::Images),
            Self::Templates(..) | Self::Paths => return 0,
        };
        marks.iter().filter(|mark| mark.ways.is_seen()).count()
    }
}

fn columns<'i, 'c>(board: &Board<'i, 'c>) -> Vec<Column<'i, 'c>> {
    let mut columns: Vec<Column<'i, 'c>> = [
        (Category::Containers, "Container", Things::Containers),
        (Category::Logs, "pods/log", Things::Logs),
        (Category::Images, "Image", Things::Images),
        (Category::ClusterStatus, "path", Things::Paths),
    ]
    .into_iter()
    .map(|(category, title, things)| Column {
        category,
        title: Cow::Borrowed(title),
        things,
    })
    .collect();
    for (at, kind) in board.index.inventory.kinds.iter().enumerate() {
        columns.push(Column {
            category: kind.category,
            title: kind.title.clone(),
            things: Things::Objects(at, kind),
        });
        let mut objects = kind.objects.iter();
        if objects.any(|object| object.list == List::Workloads) {
            columns.push(Column {
                category: Category::Containers,
                title: Cow::Owned(format!("{} container", kind.title)),
                things: Things::Templates(at, kind),
            });
        }
    }
    columns.sort_by(|a, b| (a.category, &a.title).cmp(&(b.category, &b.title)));
    columns
}

/// The words of the ways that came up. Things that stand together mostly show alike.
#[derive(Default)]
struct Words {
    last: Option<(Ways, SeenBy)>,
    all: BTreeMap<Ways, SeenBy>,
}

impl Words {
    fn of(&mut self, ways: Ways) -> SeenBy {
        if let Some((last, words)) = &self.last
            && *last == ways
        {
            return words.clone();
        }
        let words = self.all.entry(ways).or_insert_with(|| ways.labels().into());
        self.last = Some((ways, words.clone()));
        words.clone()
    }
}

/// Writes one column into the view of its category.
struct Writer<'w, 'c> {
    title: Cow<'c, str>,
    view: &'w mut CategoryView<'c>,
    words: &'w mut Words,
    nameless: Option<&'w Nameless>,
}

impl<'c> Writer<'_, 'c> {
    fn write(&mut self, board: &Board<'_, 'c>, things: Things<'_, 'c>) {
        let index = board.index;
        self.view.seen.reserve_exact(things.seen_count(board));
        match things {
            Things::Objects(at, kind) => {
                let marks = board.marks(Place::Kind(at));
                for (object, mark) in kind.objects.iter().zip(marks) {
                    self.add(*mark, || (object.namespace, object.name.into()));
                }
            }
            Things::Templates(at, kind) => {
                let marks = board.marks(Place::Kind(at));
                for (object, mark) in kind.objects.iter().zip(marks) {
                    let range = index.pods.containers_of_workload.get(object.source);
                    let range = range.filter(|_| object.list == List::Workloads);
                    let templates = &index.pods.templates;
                    self.add_containers(range.cloned(), templates, |_| *mark);
                }
            }
            Things::Containers => {
                let marks = board.marks(Place::Containers);
                let containers = &index.pods.containers;
                let mark = |at: usize| marks.get(at).copied().unwrap_or_default();
                self.add_containers(Some(0..containers.len()), containers, mark);
            }
            Things::Logs => {
                let pods = pod_objects(&index.inventory);
                let of_pods = board
                    .place("", "pods")
                    .map_or(&[][..], |at| board.marks(at));
                for (at, (pod, mark)) in pods.iter().zip(board.marks(Place::Logs)).enumerate() {
                    let mut mark = *mark;
                    // Whatever shows a pod tells the name that its log is asked for by.
                    if mark.ways.is_guessed()
                        && of_pods.get(at).is_some_and(|pod| pod.ways.is_seen())
                    {
                        mark.ways |= Ways::GET;
                    }
                    self.add(mark, || (pod.namespace, pod.name.into()));
                }
            }
            Things::Images => {
                let marks = board.marks(Place::Images);
                for (image, mark) in index.pods.images.iter().zip(marks) {
                    self.add(*mark, || ("", (*image).into()));
                }
            }
            Things::Paths => {
                let marks = board.marks(Place::Paths);
                for ((path, _), mark) in PATHS.iter().zip(marks) {
                    self.add(*mark, || ("", (*path).into()));
                }
            }
        }
    }

    fn add_containers(
        &mut self,
        range: Option<Range<usize>>,
        all: &[crate::sight::ContainerName<'c>],
        mark: impl Fn(usize) -> Mark,
    ) {
        let range = range.unwrap_or_default();
        let containers = all.get(range.clone()).unwrap_or_default();
        for (at, container) in range.zip(containers) {
            let mark = mark(at);
            self.add(mark, || {
                // The process table tells ids, as tools print them, and no names.
                if mark.ways.is_within(Ways::PROCESSES.with(Ways::UNCERTAIN)) {
                    return ("", short_id(container.id).into());
                }
                let name = [container.owner, "/", container.name].concat();
                (container.namespace, name.into())
            });
        }
    }

    /// Adds one thing: an item when it shows, else a count.
    fn add(&mut self, mark: Mark, name: impl FnOnce() -> (&'c str, Cow<'c, str>)) {
        if mark.ways.is_seen() {
            let (mut namespace, name) = name();
            let hides = |nameless: &Nameless| nameless.hides((namespace, &name), mark.ways);
            if self.nameless.is_some_and(hides) {
                namespace = "";
            }
            self.view.seen.push(SeenItem {
                kind: self.title.clone(),
                namespace: namespace.into(),
                name,
                verbs: self.words.of(mark.ways),
                // The board's number; `number_chains` replaces it.
                chain: mark.chain.position(),
            });
        } else if mark
            .ways
            .intersects(Ways::UNCERTAIN.with(Ways::GET_IF_KNOWN))
        {
            self.view.uncertain_count += 1;
        } else {
            self.view.hidden_count += 1;
        }
    }
}
