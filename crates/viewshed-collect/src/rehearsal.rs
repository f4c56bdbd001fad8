//! A rehearsal: the requests of somebody who explores an estate, sent on purpose by its owner.
//!
//! Read-only by construction: what leaves to an API server is a [`Request`](crate::kubernetes::Request), to a
//! kubelet one of two paths, to Docker one of seven. Answers are not kept, except for what the next step
//! needs: who the credential is, whether `nodes/proxy` is allowed, the name of one node and of one pod.

mod asked;
mod foothold;
mod kubelet;
mod sequence;
mod targets;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;
use viewshed_model::{AskedFor, Identity, RehearsalRun, RehearsedStep, SentRequest};

pub use foothold::{Foothold, foothold};
pub use kubelet::{Kubelet, KubeletTrust};
pub use sequence::{STEPS, Step};

use crate::docker::Endpoint;
use crate::error::Error;
use crate::kubernetes::{Client, NodeName};
use crate::progress::Progress;
use sequence::{Ask, Bearer, Context, Way};

/// What to send to whom.
#[derive(Debug)]
pub struct Rehearsal<'a> {
    /// The run's id; `user_agent` holds it.
    pub id: String,
    /// `User-Agent` of every request.
    pub user_agent: String,
    /// Version of the program.
    pub program_version: String,
    /// The API server, with nothing sent yet; `None` leaves its steps out.
    pub cluster: Option<&'a Client>,
    /// The kubelet; `None` leaves its steps out.
    pub kubelet: Option<Kubelet>,
    /// Docker daemons; none leaves their steps out.
    pub docker: Vec<Endpoint>,
    /// Where the program stands.
    pub foothold: Foothold,
    /// The steps to take; the others are left out, except for `own-identity`.
    pub steps: BTreeSet<&'static str>,
    /// Whether one byte of a pod's log may be read.
    pub logs: LogReading,
    /// Time between two requests.
    pub pace: Duration,
}

/// Whether logs of pods are touched: they may hold secrets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogReading {
    /// Never.
    #[default]
    Never,
    /// At most one byte of one pod's log, which is not kept.
    OneByte,
}

/// One step of the sequence as it would be taken, without anything being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// Name.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// ATT&CK technique ids.
    pub techniques: &'static [&'static str],
    /// Method and path of each request. `{node}`, `{pod}` and `{version}` stand for what is found on the way.
    pub requests: Vec<String>,
    /// Why nothing would be sent; empty when something would.
    pub not_sent: String,
}

/// The sequence as it would be sent. Nothing is.
pub fn plan(rehearsal: &Rehearsal<'_>) -> Vec<PlannedStep> {
    let context = Context {
        namespace: namespace(rehearsal),
        ..Context::placeholders()
    };
    STEPS
        .iter()
        .map(|step| {
            let not_sent = left_out(rehearsal, step).unwrap_or_default();
            PlannedStep {
                name: step.name,
                title: step.title,
                techniques: step.techniques,
                requests: if not_sent.is_empty() {
                    targets::planned(step, &context)
                } else {
                    Vec::new()
                },
                not_sent,
            }
        })
        .collect()
}

/// Sends the sequence, one request after the other, each once. What fails on the way is part of the record.
///
/// # Errors
/// When the API server cannot be reached at all, or does not accept the credential; and when there is nobody
/// to ask.
pub async fn rehearse(
    rehearsal: &Rehearsal<'_>,
    progress: &dyn Progress,
) -> Result<RehearsalRun, Error> {
    if rehearsal.cluster.is_none() && rehearsal.kubelet.is_none() && rehearsal.docker.is_empty() {
        return Err(Error::NoCluster);
    }
    let started_at = Timestamp::now();
    let mut walk = Walk {
        rehearsal,
        context: Context {
            namespace: namespace(rehearsal),
            node: rehearsal.foothold.node.as_deref().and_then(NodeName::new),
            node_name: rehearsal.foothold.node.clone().unwrap_or_default(),
            pod: rehearsal.foothold.pod.clone(),
        },
        identity: None,
        is_first: true,
        readers: targets::readers(&rehearsal.docker)?,
    };
    let mut steps = Vec::with_capacity(STEPS.len());
    progress.started(PROGRESS, u64::try_from(STEPS.len()).ok());
    for step in &STEPS {
        let mut taken = RehearsedStep {
            name: step.name.to_owned(),
            title: step.title.to_owned(),
            techniques: step.techniques.iter().map(|&id| id.to_owned()).collect(),
            surface: step.surface(),
            action: step.action.to_owned(),
            ..RehearsedStep::default()
        };
        match left_out(rehearsal, step) {
            Some(reason) => taken.not_sent = reason,
            None => walk.take(step, &mut taken).await?,
        }
        steps.push(taken);
        progress.advanced(PROGRESS, 1);
    }
    progress.finished(PROGRESS);
    Ok(RehearsalRun {
        id: rehearsal.id.clone(),
        user_agent: rehearsal.user_agent.clone(),
        program_version: rehearsal.program_version.clone(),
        started_at,
        ended_at: Timestamp::now(),
        cluster: rehearsal
            .cluster
            .map(|client| client.name().to_owned())
            .unwrap_or_default(),
        server: rehearsal
            .cluster
            .map(|client| client.server().to_owned())
            .unwrap_or_default(),
        identity: walk.identity,
        steps,
    })
}

const PROGRESS: &str = "rehearsal";

/// The step that is always taken.
const OWN_IDENTITY: &str = "own-identity";

fn namespace(rehearsal: &Rehearsal<'_>) -> String {
    rehearsal.cluster.map_or_else(
        || "default".to_owned(),
        |client| client.namespace().to_owned(),
    )
}

/// Why a step is not even tried.
fn left_out(rehearsal: &Rehearsal<'_>, step: &Step) -> Option<String> {
    // Who it was is needed to find the run again.
    let is_needed = step.name == OWN_IDENTITY && rehearsal.cluster.is_some();
    if !is_needed && !rehearsal.steps.contains(step.name) {
        return Some("not asked for".to_owned());
    }
    match step.way {
        Way::Credential(_) | Way::Stranger(_) | Way::NodeProxy(_) | Way::Logs(_)
            if rehearsal.cluster.is_none() =>
        {
            Some("no API server is named".to_owned())
        }
        Way::Logs(_) if rehearsal.logs == LogReading::Never => {
            Some("logs may hold secrets; --read-logs reads one byte of one".to_owned())
        }
        Way::Credential(_) | Way::Stranger(_) | Way::NodeProxy(_) | Way::Logs(_) => None,
        Way::Kubelet(bearer) => match &rehearsal.kubelet {
            None => Some("no kubelet is within reach; --kubelet names one".to_owned()),
            Some(kubelet) if bearer == Bearer::Token && kubelet.token.is_none() => {
                Some("there is no pod's token here to show to it".to_owned())
            }
            Some(_) => None,
        },
        Way::Docker(_) if rehearsal.docker.is_empty() => {
            let others = &rehearsal.foothold.other_sockets;
            Some(if others.is_empty() {
                "no Docker host is within reach; --docker-host names one".to_owned()
            } else {
                format!("`{}` does not speak Docker's API", others.join("`, `"))
            })
        }
        Way::Docker(_) => None,
    }
}

/// The way through the sequence.
struct Walk<'a> {
    rehearsal: &'a Rehearsal<'a>,
    context: Context,
    identity: Option<Identity>,
    is_first: bool,
    readers: Vec<crate::docker::Reader<'a>>,
}

impl Walk<'_> {
    async fn take(&mut self, step: &Step, taken: &mut RehearsedStep) -> Result<(), Error> {
        match step.way {
            Way::Credential(asks) => {
                for ask in asks {
                    self.ask_server(*ask, taken).await?;
                }
            }
            Way::Stranger(asks) => {
                for ask in asks {
                    self.ask_as_stranger(*ask, taken).await;
                }
            }
            Way::NodeProxy(asks) => self.ask_through_proxy(asks, taken).await?,
            Way::Logs(asks) => {
                for ask in asks {
                    self.ask_server(*ask, taken).await?;
                }
                if taken.requests.is_empty() {
                    "no pod is known: those of the namespace could not be listed"
                        .clone_into(&mut taken.not_sent);
                }
            }
            Way::Kubelet(bearer) => self.ask_kubelet(bearer, taken).await,
            Way::Docker(asks) => self.ask_docker(asks, taken).await,
        }
        Ok(())
    }

    /// Waits as the pace demands, and notes the time at which the next request leaves.
    async fn next_moment(&mut self) -> Timestamp {
        if !std::mem::take(&mut self.is_first) {
            sleep(self.rehearsal.pace).await;
        }
        Timestamp::now()
    }
}

/// A request that is about to leave.
fn leaving(sent_at: Timestamp, method: &str, path: String, asked: AskedFor) -> SentRequest {
    SentRequest {
        sent_at,
        method: method.to_owned(),
        path,
        asked,
        is_anonymous: false,
        status: None,
        failure: String::new(),
    }
}

/// Whether the answer to an ask is read, because a later step needs a name from it.
fn is_read(ask: Ask) -> bool {
    use sequence::{Form, Place};
    matches!(
        ask,
        Ask::WhoAmI
            | Ask::List(("", "nodes"), Place::Everywhere, Form::Metadata)
            | Ask::List(("", "pods"), Place::Own, Form::Metadata)
    ) || ask == sequence::MAY_PROXY
}
