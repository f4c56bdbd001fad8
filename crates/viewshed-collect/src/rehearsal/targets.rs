//! ENTERS: answers to a rehearsal: their status, and the few names that the next step needs.

use serde::Deserialize;
use viewshed_model::{AskedFor, RehearsedStep, SentRequest};

use super::kubelet::{self, Unreached};
use super::sequence::{Ask, Bearer, Context, DockerAsk, KUBELET_PATHS, MAY_PROXY, Step, Way};
use super::{Walk, is_read, leaving};
use crate::docker::{self, Endpoint, Read, Reader, Reading};
use crate::error::Error;
use crate::kubernetes::verify::identity_in;
use crate::kubernetes::{Answer, As, Client, Failure, Limits, NodeName, Request};

/// One byte more would not tell more: a daemon's whole lists are read, and dropped.
static DOCKER_LIMITS: std::sync::LazyLock<docker::Limits> =
    std::sync::LazyLock::new(docker::Limits::default);

/// One reader per daemon.
///
/// # Errors
/// Unusable TLS files.
pub(super) fn readers(endpoints: &[Endpoint]) -> Result<Vec<Reader<'_>>, Error> {
    endpoints
        .iter()
        .map(|endpoint| Reader::new(endpoint, &DOCKER_LIMITS))
        .collect()
}

const NODE_PLACEHOLDER: &str = "node-placeholder";
const NAMESPACE_PLACEHOLDER: &str = "namespace-placeholder";
const POD_PLACEHOLDER: &str = "pod-placeholder";

impl Context {
    /// Names that stand for what is found on the way.
    pub(super) fn placeholders() -> Self {
        Self {
            namespace: String::new(),
            node: NodeName::new(NODE_PLACEHOLDER),
            node_name: NODE_PLACEHOLDER.to_owned(),
            pod: Some((NAMESPACE_PLACEHOLDER.to_owned(), POD_PLACEHOLDER.to_owned())),
        }
    }
}

/// Method and path of everything that a step sends.
pub(super) fn planned(step: &Step, context: &Context) -> Vec<String> {
    let of_server = |ask: &Ask| {
        let request = ask.request(context)?;
        let path = request.path_and_query();
        let path = path.replace(NODE_PLACEHOLDER, "{node}");
        let path = path.replace(NAMESPACE_PLACEHOLDER, "{namespace}");
        let path = path.replace(POD_PLACEHOLDER, "{pod}");
        Some(format!("{} {path}", request.method()))
    };
    match step.way {
        Way::Credential(asks) | Way::Stranger(asks) | Way::Logs(asks) => {
            asks.iter().filter_map(of_server).collect()
        }
        Way::NodeProxy(asks) => [MAY_PROXY]
            .iter()
            .chain(asks)
            .filter_map(of_server)
            .collect(),
        Way::Kubelet(_) => KUBELET_PATHS.map(|path| format!("GET {path}")).to_vec(),
        Way::Docker(asks) => asks
            .iter()
            .map(|ask| format!("GET {}", ask.reading().path("{version}")))
            .collect(),
    }
}

/// The same with a word for the namespace, as the reference page has it.
#[cfg(test)]
pub(super) fn documented(step: &Step) -> Vec<String> {
    let context = Context {
        namespace: NAMESPACE_PLACEHOLDER.to_owned(),
        ..Context::placeholders()
    };
    planned(step, &context)
}

impl DockerAsk {
    fn reading(self) -> Reading {
        match self {
            Self::Ping => Reading::Ping,
            Self::Version => Reading::Version,
            Self::Info => Reading::Info,
            Self::Containers => Reading::Containers,
            Self::Images => Reading::Images,
            Self::Networks => Reading::Networks,
            Self::Volumes => Reading::Volumes,
        }
    }
}

impl Walk<'_> {
    /// Sends one request with the credential.
    pub(super) async fn ask_server(
        &mut self,
        ask: Ask,
        taken: &mut RehearsedStep,
    ) -> Result<Option<Answer>, Error> {
        let (Some(client), Some(request)) = (self.rehearsal.cluster, ask.request(&self.context))
        else {
            return Ok(None);
        };
        let mut sent = self.leaving(ask, &request).await;
        let mut kept = None;
        let outcome = if is_read(ask) {
            client.answer(&request).await.map(|answer| {
                let status = answer.status;
                kept = Some(answer);
                status
            })
        } else {
            client.status(As::Oneself, &request).await
        };
        if ask == Ask::WhoAmI {
            check_credential(client, &outcome)?;
        }
        note(&mut sent, outcome);
        taken.requests.push(sent);
        if let Some(answer) = kept.as_ref().filter(|answer| answer.status < 300) {
            self.learn(ask, answer);
        }
        Ok(kept)
    }

    /// Sends one request without any credential.
    pub(super) async fn ask_as_stranger(&mut self, ask: Ask, taken: &mut RehearsedStep) {
        let (Some(client), Some(request)) = (self.rehearsal.cluster, ask.request(&self.context))
        else {
            return;
        };
        let mut sent = self.leaving(ask, &request).await;
        sent.is_anonymous = true;
        note(&mut sent, client.status(As::Nobody, &request).await);
        taken.requests.push(sent);
    }

    /// Reads a kubelet through the API server where the server says that this is allowed.
    pub(super) async fn ask_through_proxy(
        &mut self,
        asks: &[Ask],
        taken: &mut RehearsedStep,
    ) -> Result<(), Error> {
        let answer = self.ask_server(MAY_PROXY, taken).await?;
        if !answer.is_some_and(|answer| is_allowed(&answer)) || self.context.node.is_none() {
            return Ok(());
        }
        for ask in asks {
            self.ask_server(*ask, taken).await?;
        }
        Ok(())
    }

    /// Asks the kubelet itself.
    pub(super) async fn ask_kubelet(&mut self, bearer: Bearer, taken: &mut RehearsedStep) {
        let Some(target) = &self.rehearsal.kubelet else {
            return;
        };
        let limits = self.limits();
        for path in KUBELET_PATHS {
            let asked = AskedFor {
                verb: "get".to_owned(),
                resource: "nodes".to_owned(),
                subresource: "proxy".to_owned(),
                ..AskedFor::default()
            };
            let mut sent = leaving(self.next_moment().await, "GET", path.to_owned(), asked);
            sent.is_anonymous = bearer == Bearer::Nobody;
            let agent = &self.rehearsal.user_agent;
            match kubelet::ask(target, (path, bearer), agent, &limits).await {
                Ok(Ok(status)) => sent.status = Some(status),
                Ok(Err(failure)) => sent.failure = failure,
                Err(Unreached(reason)) => {
                    taken.not_sent = format!("{}: {reason}", target.address);
                    return;
                }
            }
            taken.requests.push(sent);
        }
    }

    /// Asks every Docker daemon.
    pub(super) async fn ask_docker(&mut self, asks: &[DockerAsk], taken: &mut RehearsedStep) {
        let mut unreached = Vec::new();
        for index in 0..self.readers.len() {
            for ask in asks {
                let sent_at = self.next_moment().await;
                let Some(reader) = self.readers.get_mut(index) else {
                    return;
                };
                let asked = AskedFor {
                    verb: "get".to_owned(),
                    ..AskedFor::default()
                };
                let mut sent = leaving(sent_at, "GET", reader.path(ask.reading()), asked);
                match reader.read(ask.reading()).await {
                    Read::Status(status) => sent.status = Some(status),
                    Read::Unanswered(failure) => sent.failure = failure,
                    Read::Unreached(reason) => {
                        unreached.push(reason);
                        break;
                    }
                }
                taken.requests.push(sent);
            }
        }
        if taken.requests.is_empty() {
            taken.not_sent = format!("not reachable: {}", unreached.join("; "));
        }
    }

    async fn leaving(&mut self, ask: Ask, request: &Request) -> SentRequest {
        let method = request.method().to_string();
        leaving(
            self.next_moment().await,
            &method,
            request.path_and_query(),
            ask.asked(&self.context),
        )
    }

    fn limits(&self) -> Limits {
        self.rehearsal
            .cluster
            .map_or_else(Limits::default, |client| *client.limits())
    }

    /// Keeps what the next steps need.
    fn learn(&mut self, ask: Ask, answer: &Answer) {
        match ask {
            Ask::WhoAmI => self.identity = identity_in(&answer.body),
            Ask::List(("", "nodes"), ..) if self.context.node.is_none() => {
                let name = names(answer).map(|(_, name)| name);
                self.context.node = name.as_deref().and_then(NodeName::new);
                self.context.node_name = name.unwrap_or_default();
            }
            Ask::List(("", "pods"), ..) if self.context.pod.is_none() => {
                self.context.pod = names(answer);
            }
            _ => {}
        }
    }
}

fn note(sent: &mut SentRequest, outcome: Result<u16, Failure>) {
    match outcome {
        Ok(status) => sent.status = Some(status),
        Err(failure) => sent.failure = failure.detail(),
    }
}

/// A credential that the server does not accept, or a server that is not there, ends the run before it begins.
fn check_credential(client: &Client, outcome: &Result<u16, Failure>) -> Result<(), Error> {
    match outcome {
        Ok(401) => Err(Error::Unauthenticated {
            server: client.server().to_owned(),
            detail: String::new(),
        }),
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.clone().into_error(client.server())),
    }
}

/// Namespace and name of the first object of a list.
fn names(answer: &Answer) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        metadata: Meta,
    }
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Meta {
        namespace: String,
        name: String,
    }
    let list: List = serde_json::from_slice(&answer.body).ok()?;
    let first = list.items.into_iter().next()?.metadata;
    Some((first.namespace, first.name))
}

fn is_allowed(answer: &Answer) -> bool {
    #[derive(Deserialize)]
    struct Review {
        status: Status,
    }
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Status {
        allowed: bool,
    }
    serde_json::from_slice::<Review>(&answer.body).is_ok_and(|review| review.status.allowed)
}
