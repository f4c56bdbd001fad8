//! What people, groups and service accounts lead to that no workload stands for.

use viewshed_model::{Evidence, Pivot, PivotKind, PivotRank, PivotReport, Subject, SubjectKind};

use super::graph::State;
use super::toward::person;
use super::{LazyNetwork, PivotIndex, sort_ranks};
use crate::sight::SightIndex;

/// Groups and the user that stand for requests without a credential.
const WITHOUT_CREDENTIAL: [&str; 2] = ["system:anonymous", "system:unauthenticated"];

/// How they come in.
const NO_CREDENTIAL: &str = "whoever reaches the API server needs no credential";

impl<'i, 'c> PivotIndex<'i, 'c> {
    /// For a cluster whose network is made when the first step needs it.
    pub(crate) fn of(sight: &'i SightIndex<'c>, network: LazyNetwork<'i, 'c>) -> Self {
        Self::over(sight, network, None)
    }

    /// Everything that whoever a binding names by this subject leads to in at most `depth` steps, the most
    /// powerful first; nothing where no binding names it.
    pub(crate) fn leads_of(&self, subject: &Subject, depth: u32) -> Vec<Pivot> {
        let state = self.state_of(subject);
        state.map_or_else(Vec::new, |state| self.spread(&[state], depth).0)
    }

    fn state_of(&self, subject: &Subject) -> Option<State<'c>> {
        let rights = self.ground.rights();
        let name = subject.name.as_str();
        match subject.kind {
            SubjectKind::User => rights.users.get(name).map(|name| State::User(name)),
            SubjectKind::Group => rights.groups.get(name).map(|name| State::Group(name)),
            SubjectKind::ServiceAccount | SubjectKind::Other(_) => None,
        }
    }

    /// The ranks of [`Self::ranks`], and among them those of users, groups and service accounts that bindings
    /// name. Left out are the cluster's own, accounts whose token a pod holds (its workload is ranked), those
    /// who lead to no more than a group that they are in, and those who may do everything by their own
    /// binding, unless it is everybody.
    pub fn ranks_with_identities(&self, depth: u32) -> PivotReport {
        let mut report = self.ranks(depth);
        report.ranks.extend(self.identities(depth));
        sort_ranks(&mut report.ranks);
        report
    }

    fn identities(&self, depth: u32) -> Vec<PivotRank> {
        let graph = self.whole();
        let goals = graph.goals();
        let with_pods = self.pods_by_account();
        let states = graph.states();
        let ranks = states.filter_map(|(number, state)| {
            let subject = person(state).filter(|subject| !is_of_the_cluster(subject))?;
            if with_pods.contains_key(&number) {
                return None;
            }
            let (kind, _, table) = goals.best(number, depth)?;
            let (path, goal) = goals.path(graph, number, table);
            let pivot = self.pivot(graph, (kind, goal), path)?;
            if is_by_group(&subject, &pivot) || (is_plain(&pivot) && !is_everybody(&subject)) {
                return None;
            }
            Some(rank(&subject, pivot))
        });
        ranks.collect()
    }
}

fn rank(subject: &Subject, pivot: Pivot) -> PivotRank {
    let has_none = WITHOUT_CREDENTIAL.contains(&subject.name.as_str());
    let kind = match &subject.kind {
        SubjectKind::User => PivotRank::USER,
        SubjectKind::Group => PivotRank::GROUP,
        SubjectKind::ServiceAccount => PivotRank::SERVICE_ACCOUNT,
        SubjectKind::Other(kind) => kind,
    };
    PivotRank {
        from: match &subject.namespace {
            Some(namespace) => format!("{namespace}/{}", subject.name),
            None => subject.name.clone(),
        },
        workload_kind: kind.to_owned(),
        pod: String::new(),
        ways_in: has_none
            .then(|| NO_CREDENTIAL.to_owned())
            .into_iter()
            .collect(),
        pivot,
    }
}

/// Whether it is one of the cluster's own parts.
fn is_of_the_cluster(subject: &Subject) -> bool {
    match subject.kind {
        SubjectKind::User | SubjectKind::Group => {
            subject.name.starts_with("system:") && !is_everybody(subject)
        }
        SubjectKind::ServiceAccount => subject.namespace.as_deref() == Some("kube-system"),
        SubjectKind::Other(_) => true,
    }
}

/// Whether it stands for everybody, or for every pod of a namespace.
fn is_everybody(subject: &Subject) -> bool {
    let name = subject.name.as_str();
    WITHOUT_CREDENTIAL.contains(&name)
        || name == "system:authenticated"
        || (subject.kind == SubjectKind::Group && name.starts_with("system:serviceaccounts"))
}

/// Whether the way begins with what a group may: it is told of the group.
fn is_by_group(own: &Subject, pivot: &Pivot) -> bool {
    let first = pivot.steps.first();
    let evidence = first.and_then(|step| step.evidence.as_ref());
    matches!(
        evidence,
        Some(Evidence::Grant { subject, .. })
            if subject.kind == SubjectKind::Group && subject.name != own.name
    )
}

/// Whether nothing is led to but what a binding of `cluster-admin` gives anyhow.
fn is_plain(pivot: &Pivot) -> bool {
    pivot.kind == PivotKind::Administrator
        && matches!(pivot.steps.as_slice(), [only] if only.text.ends_with(super::powers::DOES_EVERYTHING))
}
