//! What intruders do, by the requests that their tools make: with the rights of what they broke into.

use viewshed_bench::ControlPlane;

use crate::recording::{Recorder, Session};
use crate::{inquiries, scripts};

/// An intrusion, and what its one incident has to name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    run: fn(&ControlPlane, &str),
    /// Where all of its requests come from.
    pub(crate) addresses: &'static [&'static str],
    /// Who has to be in the incident.
    pub(crate) actors: &'static [&'static str],
    /// With how many requests it begins that the identity always makes.
    pub(crate) ordinary: usize,
}

/// An intrusion that was recorded.
pub(crate) struct Intrusion {
    pub(crate) script: Script,
    pub(crate) session: Session,
}

const CART: &str = "system:serviceaccount:shop:cart";
const LEGACY: &str = "system:serviceaccount:blog:legacy";

const SCRIPTS: [Script; 32] = [
    script(
        scripts::sweep,
        "kubectl looks around with a mighty token",
        &["127.0.3.1"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::refusals,
        "kubectl is refused everywhere",
        &["127.0.3.2"],
        &[CART],
        0,
    ),
    script(
        scripts::rights,
        "a token's rights are listed, then used",
        &["127.0.3.3"],
        &[LEGACY],
        0,
    ),
    script(scripts::peirates, "peirates", &["127.0.3.4"], &[CART], 0),
    script(scripts::kdigger, "kdigger", &["127.0.3.5"], &[CART], 0),
    script(
        scripts::kube_hunter,
        "kube-hunter",
        &["127.0.3.6"],
        &["system:anonymous", CART],
        0,
    ),
    script(
        scripts::kubelets,
        "kubelets through the server",
        &["127.0.3.7"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::names,
        "names are guessed",
        &["127.0.3.8"],
        &[CART],
        0,
    ),
    script(
        scripts::disguised_lists,
        "lists that ask for tables and metadata",
        &["127.0.3.9"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::watches,
        "watches instead of lists",
        &["127.0.3.10"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::reflectors,
        "lists in the manner of controllers",
        &["127.0.3.11"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::crawl,
        "the API's own description",
        &["127.0.3.12"],
        &[CART],
        0,
    ),
    script(
        scripts::dump,
        "a dump of the cluster",
        &["127.0.3.13"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::logs,
        "logs of all pods",
        &["127.0.3.14"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::services,
        "services through the server",
        &["127.0.3.15"],
        &[LEGACY],
        0,
    ),
    script(scripts::masks, "masks", &["127.0.3.16"], &[CART], 0),
    script(
        scripts::tokens,
        "several tokens, one place",
        &["127.0.3.17"],
        &[CART, LEGACY],
        0,
    ),
    script(
        scripts::tokens_at_home,
        "several tokens behind the control plane's own address",
        &["127.0.0.1"],
        &[CART, LEGACY],
        0,
    ),
    script(
        scripts::places,
        "one token, several places",
        &["127.0.3.18", "127.0.3.19", "127.0.3.20"],
        &[LEGACY],
        5,
    ),
    script(
        scripts::namespaces,
        "secrets, one namespace after the other",
        &["127.0.3.21"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::released,
        "a released kubectl with a mighty token",
        &["127.0.3.22"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::released_refused,
        "a released kubectl is refused",
        &["127.0.3.23"],
        &[CART],
        0,
    ),
    script(
        scripts::sudden,
        "a hundred requests in a second",
        &["127.0.3.24"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::tokens_disguised,
        "several tokens in the manner of controllers",
        &["127.0.3.25"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::own_namespace,
        "questions about every right",
        &["127.0.3.26"],
        &[CART],
        0,
    ),
    script(
        scripts::tokens_with_kubectl,
        "several tokens, with the tool and the address that all others have",
        &["127.0.0.1"],
        &[CART, LEGACY],
        0,
    ),
    script(
        scripts::stolen_kubelet,
        "the certificate of a kubelet",
        &["127.0.3.27"],
        &["system:node:worker-7"],
        0,
    ),
    script(
        scripts::glimpses,
        "watches of a moment after every list",
        &["127.0.3.28"],
        &[LEGACY],
        0,
    ),
    script(
        scripts::informers,
        "long watches after every list that are cut off",
        &["127.0.3.33"],
        &[LEGACY],
        0,
    ),
    script(
        inquiries::description,
        "nothing but the description of the API",
        &["127.0.3.30"],
        &[CART],
        0,
    ),
    script(
        inquiries::description_with_kubectl,
        "the description of the API with kubectl",
        &["127.0.3.31"],
        &[CART],
        0,
    ),
    script(
        inquiries::questions,
        "nothing but questions about its own rights",
        &["127.0.3.32"],
        &[CART],
        0,
    ),
];

const fn script(
    run: fn(&ControlPlane, &str),
    name: &'static str,
    addresses: &'static [&'static str],
    actors: &'static [&'static str],
    ordinary: usize,
) -> Script {
    Script {
        name,
        run,
        addresses,
        actors,
        ordinary,
    }
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = Script> {
    SCRIPTS.into_iter()
}

/// Records all of them.
pub(crate) fn record(plane: &ControlPlane, recorder: &mut Recorder<'_>) -> Vec<Intrusion> {
    let record_one = |script: Script| {
        let at = script.addresses.first().copied().unwrap_or_default();
        script.recorded(recorder.session(script.name, || (script.run)(plane, at)))
    };
    all().map(record_one).collect()
}

impl Script {
    /// One with the token of a pod, used on its node. A kubelet's questions about it name no address.
    pub(crate) fn of_node(name: &'static str) -> Self {
        script(|_, _| {}, name, &["192.0.2.1", ""], &[CART], 0)
    }

    /// What was recorded of it.
    pub(crate) fn recorded(self, session: Session) -> Intrusion {
        Intrusion {
            script: self,
            session,
        }
    }
}
