//! Inside: the container itself where no kubelet made it, and containers that the process table tells of.
//!
//! Neither has a name inside: their ids stand for them, as `docker ps` prints them.

use std::borrow::Cow;

use viewshed_model::{Category, Chain, MissingFact, SeenItem, Surroundings, View};

use super::board::link;

/// Characters of an id that tools print.
const SHORT_ID_LENGTH: usize = 12;

/// Variables that runtimes and shells set by themselves: they are no setting of the container.
const OF_EVERY_PROCESS: [&str; 8] = [
    "HOME", "HOSTNAME", "OLDPWD", "PWD", "SHLVL", "TERM", "USER", "_",
];

/// Adds the container and its variables, as `see --container` counts them. Where its daemon answered, it has told
/// of them already.
pub(super) fn add_itself(view: &mut View<'_>, surroundings: &Surroundings) {
    let id = short_id(&surroundings.container_id);
    if id.is_empty() {
        return;
    }
    let chain = push(view, "the mount of its host name names the container");
    add(
        view,
        (Category::Containers, "Container"),
        [id.to_owned()],
        ("own", chain),
    );
    let chain = push(view, "a process reads its own environment");
    let variables = surroundings.variables.iter();
    let variables = variables
        .map(|variable| variable.name.as_str())
        .filter(|name| !OF_EVERY_PROCESS.contains(name))
        .map(|name| format!("{id}/{name}"));
    let kind = (Category::ConfigurationNames, "Environment variable");
    add(view, kind, variables, ("environment", chain));
    if !surroundings.host.network {
        view.depends_on.push(MissingFact {
            fact: "who else is on its networks: their name server answers for names that are asked, and none \
                   was asked"
                .to_owned(),
        });
    }
}

/// Adds containers of which nothing but the processes tell, by their ids.
pub(super) fn add_beside(view: &mut View<'_>, ids: &[String]) {
    if ids.is_empty() {
        return;
    }
    let chain = push(
        view,
        "the process table is shared, and control groups name the container of each process",
    );
    add(
        view,
        (Category::Containers, "Container"),
        ids.iter().map(|id| short_id(id).to_owned()),
        ("processes", chain),
    );
}

pub(super) fn short_id(id: &str) -> &str {
    id.get(..SHORT_ID_LENGTH).unwrap_or(id)
}

fn push(view: &mut View<'_>, text: &str) -> usize {
    let links = vec![link(text)];
    view.chains.push(Chain { links });
    view.chains.len() - 1
}

fn add(
    view: &mut View<'_>,
    (category, kind): (Category, &'static str),
    names: impl IntoIterator<Item = String>,
    (way, chain): (&'static str, usize),
) {
    let mut categories = view.categories.iter_mut();
    let Some(known) = categories.find(|known| known.category == category) else {
        return;
    };
    known.seen.extend(names.into_iter().map(|name| SeenItem {
        kind: Cow::Borrowed(kind),
        namespace: Cow::default(),
        name: name.into(),
        verbs: vec![Cow::Borrowed(way)].into(),
        chain,
    }));
}
