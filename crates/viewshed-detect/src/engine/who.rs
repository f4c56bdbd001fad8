//! Who really acted, and what kind of identity that is.

use std::fmt;

use serde::{Deserialize, Serialize};
use viewshed_model::{Activity, Surface};

/// Separates the name of an identity from what tells several of that name apart. Cannot be in a name that
/// came through a decoder's cleaning, and if it is, two identities of one attacker fall together.
const SEPARATOR: char = '\u{1f}';
/// Longer names are cut: an API server accepts more, nobody has them. Bytes.
const NAME_MAX: usize = 300;

/// As whom the API server asks kubelets for logs and commands. Its certificate opens all kubelets and nothing else,
/// and it is met in reviews alone.
///
/// Source: kubernetes `cmd/kubeadm/app/constants/constants.go` (`APIServerKubeletClientCertCommonName`); elsewhere it is
/// the server's own certificate, and so its name.
const KUBELET_CLIENTS: [&str; 2] = ["kube-apiserver-kubelet-client", "kube-apiserver"];

/// Kinds of identities, by what is ordinary for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Class {
    /// A program in a pod.
    ServiceAccount,
    /// A kubelet.
    Node,
    /// A component of the control plane.
    System,
    /// A person, or a program outside that nobody can tell from one.
    Person,
    /// Nobody: told apart by address.
    Anonymous,
    /// A credential that is not valid: told apart by address.
    Invalid,
    /// A client of Docker, a process, a client of a name server.
    Local,
}

/// An identity as an activity shows it. `key` is unique within the cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    pub(crate) class: Class,
    pub(crate) key: &'a str,
}

impl<'a> Who<'a> {
    /// Reads it from an activity; `scratch` holds the key where it must be put together.
    ///
    /// Never the mask of an impersonation: whoever wears it has a name of his own.
    pub(crate) fn of(activity: &'a Activity<'_>, scratch: &'a mut String) -> Self {
        let actor = &activity.actor;
        let user: &str = &actor.user;
        let class = class_of(activity, user);
        let told_apart_by: &str = match class {
            Class::Anonymous | Class::Invalid => &actor.address,
            Class::Local if user.is_empty() || activity.surface == Surface::Process => {
                place(activity)
            }
            _ => {
                return Self {
                    class,
                    key: clip(user, NAME_MAX),
                };
            }
        };
        scratch.clear();
        scratch.push_str(match class {
            Class::Anonymous => "system:anonymous",
            Class::Invalid => "(invalid credential)",
            _ => local_name(activity),
        });
        scratch.push(SEPARATOR);
        if told_apart_by.is_empty() && !actor.uid.is_empty() {
            // Audit records of the kernel, as they are, know numbers alone.
            scratch.push_str("uid ");
            scratch.push_str(clip(&actor.uid, NAME_MAX));
        }
        scratch.push_str(clip(told_apart_by, NAME_MAX));
        Self {
            class,
            key: scratch,
        }
    }
}

/// The name for people, without what tells several apart.
pub(crate) fn display_name(key: &str) -> &str {
    key.split(SEPARATOR).next().unwrap_or_default()
}

/// What stands before the name of the door through which somebody comes.
const THROUGH: &str = "through ";

/// The name of somebody who comes through a door.
pub(crate) fn through(name: &str, door: &str) -> String {
    format!("{name}{SEPARATOR}{THROUGH}{door}")
}

/// The door through which somebody comes.
pub(crate) fn door_of(key: &str) -> Option<&str> {
    let (_, place) = key.split_once(SEPARATOR)?;
    place.strip_prefix(THROUGH)
}

/// Whether somebody comes through a door: where he is, nobody knows.
#[inline]
pub(crate) fn is_through_door(key: &str) -> bool {
    door_of(key).is_some()
}

/// A short name in sentences: `shop/cart` for a service account, name and place for those without a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortName<'a>(pub(crate) &'a str);

impl fmt::Display for ShortName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(key) = self;
        match key.split_once(SEPARATOR) {
            Some((name, "")) => out.write_str(name),
            Some((name, place)) if place.starts_with(THROUGH) => {
                let door = place.trim_start_matches(THROUGH);
                write!(out, "{name} through {}", ShortName(door))
            }
            Some((name, place)) => write!(out, "{name} at {place}"),
            None => match service_account(key) {
                Some((namespace, name)) => write!(out, "{namespace}/{name}"),
                None => out.write_str(key),
            },
        }
    }
}

/// Namespace and name of a service account.
pub(crate) fn service_account(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// The beginning of `text`, at most so many bytes, never half a character.
pub(crate) fn clip(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The name of a pod without what differs between replicas: `cart-7d4b9c6f5-x2x9q` is `cart`.
///
/// Source: `k8s.io/apimachinery/pkg/util/rand` (`SafeEncodeString`): suffixes consist of these letters.
pub(crate) fn pod_stem(pod: &str) -> &str {
    let is_random = |text: &str| {
        text.bytes()
            .all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
    };
    let Some((rest, last)) = pod.rsplit_once('-') else {
        return pod;
    };
    if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) && last.len() < 5 {
        return rest;
    }
    if last.len() != 5 || !is_random(last) {
        return pod;
    }
    match rest.rsplit_once('-') {
        Some((stem, hash)) if (6..=10).contains(&hash.len()) && is_random(hash) => stem,
        _ => rest,
    }
}

fn class_of(activity: &Activity<'_>, user: &str) -> Class {
    let is_local = matches!(
        activity.surface,
        Surface::DockerApi | Surface::Process | Surface::Dns
    );
    if is_local {
        return Class::Local;
    }
    if user.is_empty() {
        return Class::Invalid;
    }
    if activity.surface == Surface::DelegatedReview && KUBELET_CLIENTS.contains(&user) {
        return Class::System;
    }
    let Some(rest) = user.strip_prefix("system:") else {
        return Class::Person;
    };
    if rest == "anonymous" {
        Class::Anonymous
    } else if rest.starts_with("serviceaccount:") {
        Class::ServiceAccount
    } else if rest.starts_with("node:") {
        Class::Node
    } else if rest == "admin" {
        // The name of the administrator's certificate in k3s and OpenShift.
        Class::Person
    } else {
        Class::System
    }
}

fn local_name(activity: &Activity<'_>) -> &'static str {
    match activity.surface {
        Surface::DockerApi => "(docker client)",
        Surface::Dns => "(dns client)",
        _ => "(process)",
    }
}

/// Where something without a name acts: its pod, container, address or host.
fn place<'a>(activity: &'a Activity<'_>) -> &'a str {
    let pod = pod_stem(&activity.actor.pod);
    let container = activity
        .process
        .as_ref()
        .map_or("", |process| &process.container);
    [
        pod,
        container,
        &activity.actor.address,
        &activity.actor.node,
        &activity.actor.user,
    ]
    .into_iter()
    .find(|text| !text.is_empty())
    .unwrap_or_default()
}
