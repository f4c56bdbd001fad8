//! Shortest ways in the graph of steps, forwards and backwards.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use viewshed_model::PivotKind;

use super::graph::{Edge, Graph};

impl Graph<'_> {
    /// Shortest ways from some states to all others; certain ways are preferred to doubtful ones of any
    /// length, and of doubtful ones of one length that with the fewest conditions.
    pub(super) fn walk(&self, starts: &[usize]) -> Walk {
        let mut walk = Walk {
            came: vec![None; self.states.len()],
        };
        walk.run(self, starts, false);
        let known: Vec<usize> = walk.reached(u32::MAX).map(|(state, _)| state).collect();
        walk.run(self, &known, true);
        walk
    }

    /// For every state the shortest ways to the most powerful things, certain ones apart.
    pub(super) fn goals(&self) -> Goals {
        let back = self.backwards();
        let kinds = [
            PivotKind::Administrator,
            PivotKind::AnyUser,
            PivotKind::AllSecrets,
            PivotKind::Node,
        ];
        let tables = kinds.into_iter().flat_map(|kind| {
            [false, true].map(|is_doubtful| {
                let is_goal = |state: usize| self.kind(state) == Some(kind);
                (kind, self.toward(is_goal, is_doubtful, &back))
            })
        });
        Goals {
            tables: tables.collect(),
        }
    }

    /// For every state the shortest ways to some states, the certain ones before those that depend on
    /// facts.
    pub(super) fn ahead_of(&self, goals: &BTreeSet<usize>) -> [Vec<Option<Ahead>>; 2] {
        let back = self.backwards();
        let is_goal = |state: usize| goals.contains(&state);
        [false, true].map(|is_doubtful| self.toward(is_goal, is_doubtful, &back))
    }

    /// For every state the edges that lead to it.
    fn backwards(&self) -> Vec<Vec<(usize, usize)>> {
        let mut back: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.states.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for (number, edge) in edges.iter().enumerate() {
                if let Some(list) = back.get_mut(edge.to) {
                    list.push((from, number));
                }
            }
        }
        back
    }

    /// The edges of a way in such a table, each with the state that it leaves, and where it ends.
    pub(super) fn follow(
        &self,
        ahead: &[Option<Ahead>],
        start: usize,
    ) -> (Vec<(usize, &Edge)>, usize) {
        let mut path = Vec::new();
        let mut at = start;
        while let Some((_, Some(number))) = ahead.get(at).copied().flatten() {
            let Some(edge) = self.edges_of(at).get(number) else {
                break;
            };
            path.push((at, edge));
            at = edge.to;
        }
        (path, at)
    }

    /// Shortest ways backwards from the goals.
    fn toward(
        &self,
        is_goal: impl Fn(usize) -> bool,
        is_doubtful: bool,
        back: &[Vec<(usize, usize)>],
    ) -> Vec<Option<Ahead>> {
        let mut ahead: Vec<Option<Ahead>> = vec![None; self.states.len()];
        let mut queue: Queue<(usize, Option<usize>)> = Queue::default();
        for number in 0..self.states.len() {
            if is_goal(number) {
                queue.push_back(Length::default(), (number, None));
            }
        }
        while let Some((length, (state, edge))) = queue.pop() {
            let (steps, _) = length;
            match ahead.get_mut(state) {
                Some(slot @ None) => *slot = Some((steps, edge)),
                Some(Some(_)) | None => continue,
            }
            for (from, number) in back.get(state).into_iter().flatten() {
                let Some(edge) = self.edges_of(*from).get(*number) else {
                    continue;
                };
                if edge.doubt.is_some() && !is_doubtful {
                    continue;
                }
                queue.push(length, edge, (*from, Some(*number)));
            }
        }
        ahead
    }
}

/// Steps, and how many of them depend on facts.
type Length = (u32, u32);

/// What was found and is to be looked at, the shortest first.
struct Queue<T> {
    by_length: BTreeMap<Length, VecDeque<T>>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            by_length: BTreeMap::new(),
        }
    }
}

impl<T> Queue<T> {
    /// Adds what lies behind an edge.
    fn push(&mut self, (steps, doubts): Length, edge: &Edge, item: T) {
        let length = (
            steps + edge.cost(),
            doubts + u32::from(edge.doubt.is_some()),
        );
        if length == (steps, doubts) {
            self.by_length.entry(length).or_default().push_front(item);
        } else {
            self.push_back(length, item);
        }
    }

    fn push_back(&mut self, length: Length, item: T) {
        self.by_length.entry(length).or_default().push_back(item);
    }

    fn pop(&mut self) -> Option<(Length, T)> {
        let mut first = self.by_length.first_entry()?;
        let length = *first.key();
        let item = first.get_mut().pop_front();
        if first.get().is_empty() {
            first.remove();
        }
        item.map(|item| (length, item))
    }
}

/// Steps to the goal, and the edge that leads on; none at the goal itself.
pub(super) type Ahead = (u32, Option<usize>);

/// How each state gets to the most powerful things.
pub(super) struct Goals {
    /// By kind, the certain ways before those that depend on facts.
    tables: Vec<(PivotKind, Vec<Option<Ahead>>)>,
}

impl Goals {
    /// The most powerful kind that a state leads to, in how many steps, and which table tells how.
    pub(super) fn best(&self, state: usize, depth: u32) -> Option<(PivotKind, u32, usize)> {
        let mut tables = self.tables.iter().zip(0_usize..);
        tables.find_map(|((kind, ahead), table)| {
            let (steps, _) = (*ahead.get(state)?)?;
            (steps > 0 && steps <= depth).then_some((*kind, steps, table))
        })
    }

    /// The edges of that way, each with the state that it leaves, and where it ends.
    pub(super) fn path<'g>(
        &self,
        graph: &'g Graph<'_>,
        start: usize,
        table: usize,
    ) -> (Vec<(usize, &'g Edge)>, usize) {
        let ahead = self.tables.get(table).map(|(_, ahead)| ahead.as_slice());
        graph.follow(ahead.unwrap_or_default(), start)
    }
}

/// How a state was first reached: steps so far, from which state, by which of its edges.
type Came = (u32, usize, Option<usize>);

/// Shortest ways from some states.
#[derive(Debug)]
pub(super) struct Walk {
    came: Vec<Option<Came>>,
}

impl Walk {
    /// Goes on from the given states, over doubtful steps too where `is_doubtful`.
    fn run(&mut self, graph: &Graph<'_>, from: &[usize], is_doubtful: bool) {
        let mut queue: Queue<(usize, (usize, usize))> = Queue::default();
        let mut order: Vec<(u32, usize)> = from
            .iter()
            .map(|state| {
                let known = self.came.get(*state).copied().flatten();
                (known.map_or(0, |came| came.0), *state)
            })
            .collect();
        order.sort_unstable();
        for (steps, state) in &order {
            if self.came.get(*state).copied().flatten().is_none() {
                self.set(*state, (*steps, *state, None));
            }
        }
        // States that are known already only pass their steps on.
        for (steps, state) in order {
            self.push_edges(graph, (state, (steps, 0)), is_doubtful, &mut queue);
        }
        while let Some((length, (state, (from, edge)))) = queue.pop() {
            let known = self.came.get(state).copied().flatten();
            if known.is_some() {
                continue;
            }
            self.set(state, (length.0, from, Some(edge)));
            self.push_edges(graph, (state, length), is_doubtful, &mut queue);
        }
    }

    fn set(&mut self, state: usize, came: Came) {
        if let Some(slot) = self.came.get_mut(state) {
            *slot = Some(came);
        }
    }

    fn push_edges(
        &self,
        graph: &Graph<'_>,
        (state, length): (usize, Length),
        is_doubtful: bool,
        queue: &mut Queue<(usize, (usize, usize))>,
    ) {
        for (number, edge) in graph.edges_of(state).iter().enumerate() {
            if (edge.doubt.is_some() && !is_doubtful)
                || self.came.get(edge.to).copied().flatten().is_some()
            {
                continue;
            }
            queue.push(length, edge, (edge.to, (state, number)));
        }
    }

    /// States within `depth` steps, with the number of steps.
    pub(super) fn reached(&self, depth: u32) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.came
            .iter()
            .enumerate()
            .filter_map(|(state, came)| Some((state, (*came)?.0)))
            .filter(move |(_, steps)| *steps <= depth)
    }

    /// The edges from where it started to a state, each with the state that it leaves.
    pub(super) fn path<'g>(&self, graph: &'g Graph<'_>, state: usize) -> Vec<(usize, &'g Edge)> {
        let mut path = Vec::new();
        let mut at = state;
        while let Some((_, from, Some(number))) = self.came.get(at).copied().flatten() {
            let Some(edge) = graph.edges_of(from).get(number) else {
                break;
            };
            path.push((from, edge));
            at = from;
        }
        path.reverse();
        path
    }
}
