//! What a discovery action is, and which trace it can leave.

use viewshed_model::Surface;

/// One thing that somebody who explores an estate does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    /// Stable name.
    pub(super) name: &'static str,
    /// In words.
    pub(super) title: &'static str,
    /// What is asked.
    pub(super) surface: Surface,
    pub(super) way: Way,
}

/// Which trace it can leave.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// Requests to the API server.
    Api(Ask),
    /// A request to a server that asks the API server whether the caller may.
    Delegated,
    /// Requests to the Docker API.
    Docker(DockerTrace),
    /// Something on a host or in a container that only process or file events show.
    Host,
    /// A query to the cluster's name server.
    Dns,
    /// Straight to a server that no log of these sources knows of.
    Direct {
        why: &'static str,
        /// What would show it, or make it impossible.
        change: &'static str,
    },
    /// Through a server that asks the API server in its own name.
    Behind(Ask),
}

/// Requests to the API server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) verbs: &'static [&'static str],
    /// Group, resource, subresource; empty for paths.
    pub(super) objects: &'static [(&'static str, &'static str, &'static str)],
    /// Paths to try a policy with.
    pub(super) paths: &'static [&'static str],
    /// The same as an audit policy would name them all.
    pub(super) path_specs: &'static [&'static str],
    pub(super) scope: Scope,
    pub(super) habit: Habit,
    pub(super) needs: Needs,
}

/// Where the objects stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Namespaced,
    Cluster,
}

/// Whether a cluster does it of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Controllers, kubelets and the scheduler do it in every cluster, all the time: a long log without
    /// it is a log that leaves it out.
    Constant,
    /// Its absence from a log proves nothing.
    Occasional,
}

/// What must be recorded for it to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Who, verb, object and answer: level `Metadata`.
    Metadata,
    /// The question in the body too: level `Request`.
    Request,
}

/// What Docker writes about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DockerTrace {
    /// No event: a read.
    Read,
    /// An event without the client (moby `api/types/events/events.go`).
    Event(&'static str),
}

pub(super) const fn ask(
    verbs: &'static [&'static str],
    objects: &'static [(&'static str, &'static str, &'static str)],
) -> Ask {
    Ask {
        verbs,
        objects,
        paths: &[],
        path_specs: &[],
        scope: Scope::Namespaced,
        habit: Habit::Occasional,
        needs: Needs::Metadata,
    }
}

pub(super) const fn path(
    paths: &'static [&'static str],
    path_specs: &'static [&'static str],
) -> Ask {
    Ask {
        paths,
        path_specs,
        scope: Scope::Cluster,
        ..ask(&["get"], &[])
    }
}

pub(super) const fn question(
    objects: &'static [(&'static str, &'static str, &'static str)],
) -> Ask {
    Ask {
        scope: Scope::Cluster,
        needs: Needs::Request,
        ..ask(&["create"], objects)
    }
}

pub(super) const fn cluster(ask: Ask) -> Ask {
    Ask {
        scope: Scope::Cluster,
        ..ask
    }
}

pub(super) const fn constant(ask: Ask) -> Ask {
    Ask {
        habit: Habit::Constant,
        ..ask
    }
}

pub(super) const fn api(name: &'static str, title: &'static str, ask: Ask) -> Action {
    Action {
        name,
        title,
        surface: Surface::KubernetesApi,
        way: Way::Api(ask),
    }
}

pub(super) const fn delegated(name: &'static str, title: &'static str) -> Action {
    Action {
        name,
        title,
        surface: Surface::DelegatedReview,
        way: Way::Delegated,
    }
}

pub(super) const fn docker(name: &'static str, title: &'static str, trace: DockerTrace) -> Action {
    Action {
        name,
        title,
        surface: Surface::DockerApi,
        way: Way::Docker(trace),
    }
}

pub(super) const fn host(name: &'static str, title: &'static str) -> Action {
    Action {
        name,
        title,
        surface: Surface::Process,
        way: Way::Host,
    }
}

pub(super) const fn direct(
    name: &'static str,
    title: &'static str,
    (why, change): (&'static str, &'static str),
) -> Action {
    Action {
        name,
        title,
        surface: Surface::Process,
        way: Way::Direct { why, change },
    }
}
