//! Pods in an answer: those that see the object by what they hold, whatever is granted, and those that hold a
//! subject's credential.

use rustc_hash::FxHashMap;
use viewshed_model::{Evidence, GrantOrigin, Identity, Subject, SubjectKind, WhoEntry};

use super::describe::account_of;
use crate::see::FromPod;

/// Which pods can ask the API server as whom.
#[derive(Debug, Default)]
pub(super) struct Holders<'p> {
    pods: FxHashMap<Credential<'p>, Vec<&'p FromPod<'p>>>,
}

/// What a pod holds, as bindings and the authorizers name it.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Credential<'p> {
    User(&'p str),
    Group(&'p str),
    Account(&'p str, &'p str),
}

impl<'p> Holders<'p> {
    pub(super) fn of(pods: &'p [FromPod<'p>]) -> Self {
        let mut holders = Self::default();
        for pod in pods {
            for identity in &pod.held {
                holders.add(identity, pod);
            }
        }
        holders
    }

    fn add(&mut self, identity: &'p Identity, pod: &'p FromPod<'p>) {
        let own = identity
            .as_service_account()
            .map_or(Credential::User(&identity.user), |(namespace, name)| {
                Credential::Account(namespace, name)
            });
        let groups = identity.groups.iter();
        let groups = groups.map(|group| Credential::Group(group));
        for credential in groups.chain([own]) {
            let pods = self.pods.entry(credential).or_default();
            // Several of its credentials may be of one group.
            if !pods.last().is_some_and(|last| std::ptr::eq(*last, pod)) {
                pods.push(pod);
            }
        }
    }

    /// The pods that hold a credential of the subject, or of a member that they know, as `namespace/name`;
    /// sorted.
    pub(super) fn of_subject(&self, subject: &Subject) -> Vec<String> {
        let credential = match (&subject.kind, account_of(subject)) {
            (_, Some((namespace, name))) => Credential::Account(namespace, name),
            (SubjectKind::User, None) => Credential::User(&subject.name),
            (SubjectKind::Group, None) => Credential::Group(&subject.name),
            (SubjectKind::ServiceAccount | SubjectKind::Other(_), None) => return Vec::new(),
        };
        let pods = self.pods.get(&credential);
        pods.into_iter()
            .flatten()
            .map(|pod| [pod.namespace, "/", pod.name].concat())
            .collect()
    }
}

/// One entry for each pod that sees the object whatever is granted.
pub(super) fn pod_entries(pods: &[FromPod<'_>]) -> impl Iterator<Item = WhoEntry> {
    let seeing = pods.iter().filter(|pod| !pod.steps.is_empty());
    seeing.map(|pod| WhoEntry {
        subject: Subject {
            kind: SubjectKind::Other("Pod".to_owned()),
            name: pod.name.to_owned(),
            namespace: Some(pod.namespace.to_owned()),
        },
        namespace: None,
        names: Vec::new(),
        indirect: String::new(),
        condition: String::new(),
        evidence: Evidence::Fixed(pod.steps.join("; ")),
        // Pods are made by people or their tools, whatever they hold.
        origin: GrantOrigin::Human,
        known_members: None,
        pods: Vec::new(),
        pods_cut_off: Vec::new(),
    })
}
