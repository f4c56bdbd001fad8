//! ENTERS: what the kubelets at hand answer to strangers and to the tokens that were found.
//!
//! A kubelet is asked at the addresses that its node is known by here. A token leaves only to whom an authority at hand
//! vouches for, or where the user allows it; kubelets mostly sign their own certificates.

mod addresses;
mod told;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::header::HeaderValue;
use viewshed_decode::kubernetes::{
    names_in_listing, pod_of_log_folder, pods_of_metrics, pods_of_summary,
};
use viewshed_model::{
    Action, Container, Gap, GapReason, KubeletSight, MountedToken, Pod, Sight, Surroundings,
};

use super::sight::{SEND_ANYHOW, SightOptions, authorities};
use crate::docker::{Address, Endpoint, Failure, TlsFiles, Verification};
use crate::environment::Environment;
use crate::kubelet::{self, Answered, Asked, Body};
use crate::kubernetes::Unchecked;

use addresses::{Known, addresses};
use told::{Told, key};

/// Nodes that are asked: beyond, the answers are alike and the time is not.
const NODES_MAX: usize = 256;
/// Kubelets that are asked at once.
const AT_ONCE: usize = 8;
/// A kubelet at hand answers in milliseconds; a port that nobody lets through answers never.
const TIME_MAX: Duration = Duration::from_secs(3);
/// Folders of logs of one kubelet that are looked into: it runs some hundred pods.
const FOLDERS_MAX: usize = 1_000;
/// `readOnlyPort` where it is open (`KubeletConfiguration`).
const READ_ONLY_PORT: u16 = 10_255;

const PODS: &str = "/pods";
const SUMMARY: &str = "/stats/summary";
const METRICS: &str = "/metrics/cadvisor";
const LOGS: &str = "/logs/pods/";

/// Asks the kubelets of the nodes that are known here, each with every token and without. Outside of clusters nobody is
/// asked. A kubelet that does not answer is not reached, which is no gap; a token that is kept back is one where the API
/// server says that it opens something, or says nothing.
pub async fn kubelets(
    environment: &Environment,
    surroundings: &Surroundings,
    sights: &[Sight],
    options: &SightOptions,
) -> (Vec<KubeletSight>, Vec<Gap>) {
    let is_in_cluster = environment.variable("KUBERNETES_SERVICE_HOST").is_some();
    if !is_in_cluster && surroundings.tokens.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let mut known = addresses(environment, surroundings, sights);
    let mut gaps = Vec::new();
    if known.len() > NODES_MAX {
        gaps.push(Gap {
            source: "here".to_owned(),
            what: "ask kubelets".to_owned(),
            reason: GapReason::TooLarge,
            detail: format!("more than {NODES_MAX} addresses of nodes"),
            hint: String::new(),
            count: u64::try_from(known.len() - NODES_MAX).unwrap_or(u64::MAX),
        });
        known.truncate(NODES_MAX);
    }
    let asking = Asking {
        environment,
        sights,
        options,
        tokens: distinct(&surroundings.tokens),
        authorities: authorities(surroundings)
            .into_iter()
            .filter(|path| environment.path(path).is_file())
            .collect(),
        time_max: options.limits.kubelet_time_max.min(TIME_MAX),
    };
    let answers: Vec<(Vec<KubeletSight>, Vec<Gap>)> = stream::iter(&known)
        .map(|known| asking.at(known))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut found: Vec<KubeletSight> = Vec::new();
    for (sights, more) in answers {
        gaps.extend(more);
        for sight in sights {
            // Several addresses lead to the same kubelet.
            let is_same = |known: &KubeletSight| {
                known.credential == sight.credential
                    && known.node == sight.node
                    && names(known) == names(&sight)
                    && known.logged == sight.logged
            };
            if !found.iter().any(is_same) {
                found.push(sight);
            }
        }
    }
    gaps.sort();
    gaps.dedup();
    (found, gaps)
}

fn names(sight: &KubeletSight) -> Vec<String> {
    sight.pods.iter().map(|pod| pod.meta.full_name()).collect()
}

/// One token of each account.
fn distinct(tokens: &[MountedToken]) -> Vec<&MountedToken> {
    let mut subjects = BTreeSet::new();
    let tokens = tokens.iter();
    tokens
        .filter(|token| subjects.insert((&token.subject, &token.audiences)))
        .collect()
}

struct Asking<'a> {
    environment: &'a Environment,
    sights: &'a [Sight],
    options: &'a SightOptions,
    tokens: Vec<&'a MountedToken>,
    authorities: Vec<PathBuf>,
    time_max: Duration,
}

impl Asking<'_> {
    async fn at(&self, known: &Known) -> (Vec<KubeletSight>, Vec<Gap>) {
        let mut found = Vec::new();
        let mut gaps = Vec::new();
        if known.is_usual_port() {
            let open = self.endpoint(known.on(READ_ONLY_PORT), None);
            found.extend(self.ask_all(known, (&open, None), Sender::nobody()).await);
        }
        let unverified = TlsFiles {
            verification: Verification::Unverified,
            ..TlsFiles::default()
        };
        let endpoint = self.endpoint(known.address.clone(), Some(unverified));
        // Without a credential nothing is given away, whoever answers.
        if self.get(&endpoint, PODS, None).await.is_err() {
            return (found, gaps);
        }
        let as_stranger = self.ask_all(known, (&endpoint, None), Sender::nobody());
        found.extend(as_stranger.await);
        let trusted = self.trusted(known).await;
        for token in &self.tokens {
            let Some(bearer) = self.bearer(token) else {
                continue;
            };
            let endpoint = match (&trusted, self.options.unchecked) {
                (Ok(endpoint), _) => endpoint,
                (Err(_), Unchecked::Allowed) => &endpoint,
                (Err(detail), Unchecked::Refused) => {
                    if self.may_matter(token) {
                        gaps.push(kept_back(known, token, detail));
                    }
                    continue;
                }
            };
            let sender = Sender {
                credential: token.place(),
                subject: token.subject.clone(),
                is_unverified: trusted.is_err(),
            };
            let sight = self.ask_all(known, (endpoint, Some(&bearer)), sender);
            found.extend(sight.await);
        }
        (found, gaps)
    }

    /// The endpoint with an authority at hand that vouches for it; else what was wrong with its certificate.
    async fn trusted(&self, known: &Known) -> Result<Endpoint, String> {
        let mut problem = "no certificate of an authority is at hand".to_owned();
        for authority in &self.authorities {
            let files = TlsFiles {
                authority: Some(self.environment.path(authority)),
                ..TlsFiles::default()
            };
            let endpoint = self.endpoint(known.address.clone(), Some(files));
            match self.get(&endpoint, PODS, None).await {
                Ok(_) => return Ok(endpoint),
                Err(failure) => problem = failure.detail(),
            }
        }
        Err(problem)
    }

    fn endpoint(&self, address: Address, tls: Option<TlsFiles>) -> Endpoint {
        Endpoint {
            name: address.to_string(),
            address,
            tls,
            ssh_program: PathBuf::new(),
            user_agent: self.options.user_agent.clone(),
        }
    }

    fn bearer(&self, token: &MountedToken) -> Option<HeaderValue> {
        match self.environment.variable(&token.variable) {
            Some(text) => kubelet::bearer(text),
            None => {
                let path = self.environment.path(Path::new(&token.path));
                kubelet::bearer(&std::fs::read_to_string(path).ok()?)
            }
        }
    }

    /// Whether the API server lets the account ask kubelets for anything, or was not heard about it.
    fn may_matter(&self, token: &MountedToken) -> bool {
        let mut sights = self.sights.iter();
        let Some(sight) = sights.find(|sight| sight.identity.user == token.subject) else {
            return true;
        };
        let mut allowed = sight.answers.iter().filter(|answer| answer.allowed);
        allowed.any(|answer| {
            matches!(&answer.action, Action::Resource(request)
                if request.resource == "nodes" && !request.subresource.is_empty() && request.verb == "get")
        })
    }

    async fn get(
        &self,
        endpoint: &Endpoint,
        path: &str,
        bearer: Option<&HeaderValue>,
    ) -> Result<Result<Answered, String>, Failure> {
        let asked = Asked {
            endpoint,
            path,
            bearer: bearer.cloned(),
            time_max: self.time_max,
            body: Body::Kept(self.options.limits.answer_bytes_max),
        };
        Box::pin(kubelet::ask(asked)).await
    }

    /// The body of an answer with status 200.
    async fn body(
        &self,
        (endpoint, bearer): (&Endpoint, Option<&HeaderValue>),
        path: &str,
    ) -> Option<Vec<u8>> {
        match self.get(endpoint, path, bearer).await {
            Ok(Ok(answer)) if answer.status == 200 => Some(answer.body),
            _ => None,
        }
    }

    /// Everything that one sender is shown; `None` where that is nothing.
    async fn ask_all(
        &self,
        known: &Known,
        with: (&Endpoint, Option<&HeaderValue>),
        sender: Sender,
    ) -> Option<KubeletSight> {
        let mut told = Told::default();
        if let Some(body) = self.body(with, PODS).await {
            told.add_list(&body);
        }
        if let Some(body) = self.body(with, SUMMARY).await
            && let Ok((node, pods)) = pods_of_summary(&body)
        {
            told.add(SUMMARY, pods);
            told.name_node(&node);
        }
        if let Some(body) = self.body(with, METRICS).await {
            told.add(METRICS, pods_of_metrics(&body));
        }
        if let Some(body) = self.body(with, LOGS).await {
            let pods = self.logged(with, &body).await;
            told.logged = pods.iter().map(key).collect();
            told.add(LOGS, pods);
        }
        (!told.paths.is_empty()).then(|| KubeletSight {
            address: with.0.name.clone(),
            address_from: known.from.clone(),
            credential: sender.credential,
            subject: sender.subject,
            is_unverified: sender.is_unverified,
            node: told.node,
            paths: told.paths,
            pods: told.pods.into_values().collect(),
            logged: told.logged.into_iter().collect(),
        })
    }

    /// The pods that have folders of logs, with the containers that do. Logs themselves are not asked for.
    async fn logged(&self, with: (&Endpoint, Option<&HeaderValue>), listing: &[u8]) -> Vec<Pod> {
        let folders = names_in_listing(listing).into_iter().take(FOLDERS_MAX);
        let folders = folders.filter_map(|folder| Some((pod_of_log_folder(&folder)?, folder)));
        let folders: Vec<((String, String), String)> = folders.collect();
        stream::iter(folders)
            .map(|((namespace, name), folder)| async move {
                let path = format!("{LOGS}{folder}/");
                let body = self.body(with, &path).await.unwrap_or_default();
                named_pod(namespace, name, names_in_listing(&body))
            })
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}

fn named_pod(namespace: String, name: String, containers: Vec<String>) -> Pod {
    let mut pod = Pod::default();
    pod.meta.namespace = Some(namespace);
    pod.meta.name = name;
    let containers = containers.into_iter().map(|name| Container {
        name,
        ..Container::default()
    });
    pod.spec.containers = containers.collect();
    pod
}

/// Who asks.
struct Sender {
    credential: String,
    subject: String,
    is_unverified: bool,
}

impl Sender {
    const fn nobody() -> Self {
        Self {
            credential: String::new(),
            subject: String::new(),
            is_unverified: false,
        }
    }
}

fn kept_back(known: &Known, token: &MountedToken, detail: &str) -> Gap {
    Gap {
        source: "here".to_owned(),
        what: format!(
            "ask the kubelet at {} ({}) with the token `{}`",
            known.address,
            known.from,
            token.place()
        ),
        reason: GapReason::NotCollected,
        detail: format!("nothing here vouches for it ({detail}), so it is not shown the token"),
        hint: SEND_ANYHOW.to_owned(),
        count: 1,
    }
}
