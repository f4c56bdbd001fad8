//! What a request without credentials sees: grants to anonymous, and what was really answered.

use viewshed_model::{AnonymousAccess, Cluster, MissingFact};

use super::board::{Board, Place, link};
use super::identity::{self, Held};
use super::paths::PATHS;
use super::ways::Ways;

/// Whether requests without credentials reach the authorizers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The server refused one with 401, or its settings refuse them.
    Closed,
    /// The server let one through to the authorizers, or its settings do.
    Open,
    /// Nobody asked, and the settings were not read.
    Unknown,
}

impl Door {
    /// For requests on API resources. A server may let anonymous requests through on some paths
    /// only (`anonymous.conditions` of the AuthenticationConfiguration), so health paths tell nothing. What a
    /// server answered goes before what its settings say.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let mut answers = cluster
            .anonymous
            .iter()
            .filter(|answer| {
                answer.path.starts_with("/api/v1/") || answer.path.starts_with("/apis/")
            })
            .map(|answer| answer.status);
        match answers.next() {
            Some(401) => Self::Closed,
            Some(200 | 403 | 404) => Self::Open,
            Some(_) | None => match &cluster.anonymous_access {
                Some(AnonymousAccess::Refused | AnonymousAccess::OnPaths(_)) => Self::Closed,
                Some(AnonymousAccess::Taken) => Self::Open,
                None => Self::Unknown,
            },
        }
    }
}

/// Marks what anonymous sees. Where the server was asked, its answer counts.
pub(super) fn mark(board: &mut Board<'_, '_>, held: &Held) {
    let cluster = board.index.cluster;
    let door = Door::of(cluster);
    if door == Door::Unknown {
        board.depends_on.insert(MissingFact {
            fact: "whether the API server accepts requests without credentials \
                   (`--anonymous-auth`, true by default)"
                .to_owned(),
        });
    }
    let before = board.marks(Place::Paths).to_vec();
    if door != Door::Closed {
        identity::mark(board, held);
    } else if let Some(AnonymousAccess::OnPaths(taken)) = &cluster.anonymous_access {
        identity::mark_paths(board, held);
        for (position, (path, _)) in PATHS.iter().enumerate() {
            if !taken.iter().any(|one| one == path) {
                board.restore(Place::Paths, position, before.get(position).copied());
            }
        }
    }
    for (position, (path, tells)) in PATHS.iter().enumerate() {
        let answer = board
            .index
            .cluster
            .anonymous
            .iter()
            .find(|answer| same_path(&answer.path, path));
        match answer.map(|answer| answer.status) {
            Some(200) => {
                let text = format!("GET {path} without credentials was answered: {tells}");
                let mut links = held.links.clone();
                links.push(link(text));
                let chain = board.chain(links);
                let ways = Ways::GET.with(Ways::MEASURED);
                board.restore(Place::Paths, position, before.get(position).copied());
                board.mark(Place::Paths, [position], ways, chain);
            }
            Some(_) => board.restore(Place::Paths, position, before.get(position).copied()),
            None => {}
        }
    }
}

fn same_path(one: &str, other: &str) -> bool {
    one == other || (other != "/" && one.trim_end_matches('/') == other.trim_end_matches('/'))
}
