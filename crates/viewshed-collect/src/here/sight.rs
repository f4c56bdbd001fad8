//! ENTERS: what the API server answers the credentials that were found.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use viewshed_model::{
    Action, ApiResource, Cluster, Gap, GapReason, Identity, MountedToken, NonResourceRequest,
    OwnAnswer, ResourceRequest, Sight, Surroundings,
};

use crate::environment::Environment;
use crate::error::Error;
use crate::here::{existing, stranger, watched};
use crate::kubernetes::verify::{own_rules_review, review_own, who_am_i};
use crate::kubernetes::{
    Client, Found, Limits, Options, Token, Unchecked, collect, connect_with_token,
};
use crate::progress::Progress;

/// How to ask with the credentials that were found.
#[derive(Debug, Clone)]
pub struct SightOptions {
    /// Namespaces to ask about beside the own one and those that can be listed.
    pub namespaces: Vec<String>,
    /// What the server's audit log shows.
    pub user_agent: String,
    /// Whether tokens are also sent where nothing vouches for the server.
    pub unchecked: Unchecked,
    /// Bounds.
    pub limits: Limits,
}

/// Questions that are asked with one credential at most. Some hundred kinds in some hundred namespaces
/// stay below; what lies beyond is a counted gap.
pub(super) const QUESTIONS_MAX: usize = 200_000;

/// Asks the API server with a token of each account: who it is, everything that lists show, and `list`,
/// `watch` and `get` of every kind; and last without any credential, as everybody there can. A token
/// that is not accepted, for example because it is for another audience, has a sight that says so. What the credential
/// may not do is an answer of its sight, not a gap. Outside of clusters nothing is asked.
pub async fn sights(
    environment: &Environment,
    surroundings: &Surroundings,
    options: &SightOptions,
    progress: &dyn Progress,
) -> (Vec<Sight>, Vec<Gap>) {
    let (mut found, mut gaps) = (Vec::<Sight>::new(), Vec::new());
    let mut connection = Options {
        namespaces: options.namespaces.clone(),
        limits: options.limits,
        ..Options::new(environment.clone(), &options.user_agent)
    };
    let told = [&surroundings.own.namespace].into_iter();
    let told = told.chain(surroundings.logged_pods.iter().map(|pod| &pod.namespace));
    connection
        .namespaces
        .extend(told.filter(|name| !name.is_empty()).cloned());
    for token in &surroundings.tokens {
        // Another token of the same account is answered the same.
        let is_same = |known: &Sight| !known.is_refused && known.identity.user == token.subject;
        if found.iter().any(is_same) {
            continue;
        }
        let with = (token, options.unchecked);
        match sight(&connection, with, surroundings, progress).await {
            Ok(sight) => {
                // Names that one credential shows are of use to the next.
                let listed = sight.cluster.namespaces.iter();
                let listed = listed.map(|namespace| namespace.meta.name.clone());
                connection.namespaces.extend(listed);
                connection.namespaces.sort_unstable();
                connection.namespaces.dedup();
                found.push(sight);
            }
            // Whose audience is another, or who has expired, is told no more than a stranger.
            Err(Error::Unauthenticated { .. }) => found.push(refused(token)),
            Err(error) => gaps.push(unused(token, &error)),
        }
    }
    match stranger::sight(&connection, progress).await {
        Ok(sight) => found.push(sight),
        Err(Error::NoCluster) => {}
        Err(error) => gaps.push(stranger::unanswered(&error)),
    }
    (found, gaps)
}

/// A token that the API server does not take.
fn refused(token: &MountedToken) -> Sight {
    let user = token.subject.clone();
    Sight {
        credential: token.place(),
        identity: Identity {
            user,
            ..Identity::default()
        },
        is_refused: true,
        ..Sight::default()
    }
}

pub(super) const SEND_ANYHOW: &str = "if that is the cluster's server: `--insecure-skip-tls-verify` sends it to whoever answers there";

fn unused(token: &MountedToken, error: &Error) -> Gap {
    let (reason, hint) = match error {
        Error::TimedOut { .. } => (GapReason::TimedOut, error.hint()),
        Error::NoAuthority { .. } => (GapReason::NotCollected, error.hint()),
        // No kubeconfig is at work here, whose words the error has.
        Error::KubeconfigIncomplete { .. } => (GapReason::Unreachable, ""),
        Error::Untrusted { .. } => (GapReason::Unreachable, SEND_ANYHOW),
        _ => (GapReason::Unreachable, error.hint()),
    };
    Gap {
        source: "here".to_owned(),
        what: format!("use the token `{}`", token.place()),
        reason,
        detail: error.to_string(),
        hint: hint.to_owned(),
        count: 1,
    }
}

async fn sight(
    connection: &Options,
    (token, unchecked): (&MountedToken, Unchecked),
    surroundings: &Surroundings,
    progress: &dyn Progress,
) -> Result<Sight, Error> {
    let variable = connection.environment.variable(&token.variable);
    let found = Found {
        token: match variable {
            Some(text) => Token::Text(text.trim()),
            None => Token::File(Path::new(&token.path)),
        },
        authorities: &authorities(surroundings),
        unchecked,
    };
    let taken = connect_with_token(connection, &found).await?;
    let client = taken.client;
    let identity = match client.identity() {
        Some(identity) => identity.clone(),
        None => who_am_i(&client).await.unwrap_or_default(),
    };
    let (mut cluster, mut gaps) = collect(&client, progress).await?;
    // What the credential may not do is an answer here, and stands among the answers.
    gaps.retain(|gap| gap.reason != GapReason::Forbidden);
    let namespaces = known_namespaces(&client, &cluster);
    let answers = ask(&client, &cluster, &namespaces, (&mut gaps, progress)).await;
    let asked = (&namespaces, &answers[..]);
    watched::add_allowed(&client, &mut cluster, asked, &mut gaps).await;
    let absent = existing::absent(&client, &cluster, &answers).await;
    Ok(Sight {
        credential: token.place(),
        identity,
        is_refused: false,
        is_unverified: taken.is_unverified,
        cluster,
        answers,
        absent,
        gaps,
    })
}

/// Where authorities may lie: beside the other tokens, and in mounted config maps (`pkg/volume/configmap`).
pub(super) fn authorities(surroundings: &Surroundings) -> Vec<PathBuf> {
    let beside = surroundings.tokens.iter();
    let beside = beside.filter_map(|token| Path::new(&token.path).parent());
    let configured = surroundings.configured.iter().map(Path::new);
    beside
        .chain(configured)
        .map(|folder| folder.join("ca.crt"))
        .collect()
}

/// The namespaces that lists showed, the own one, and those that the user named.
pub(super) fn known_namespaces(client: &Client, cluster: &Cluster) -> BTreeSet<String> {
    let listed = cluster.namespaces.iter().map(|found| &found.meta.name);
    let named = client.known_namespaces().iter();
    let mut namespaces: BTreeSet<String> = listed.chain(named).cloned().collect();
    namespaces.insert(client.namespace().to_owned());
    namespaces
}

async fn ask(
    client: &Client,
    cluster: &Cluster,
    namespaces: &BTreeSet<String>,
    (gaps, progress): (&mut Vec<Gap>, &dyn Progress),
) -> Vec<OwnAnswer> {
    let mut answers = Vec::new();
    let everywhere: Vec<Action> = cluster
        .api_resources
        .iter()
        .flat_map(|api| questions(api, ""))
        .chain(PATHS.iter().map(|path| path_question(path)))
        .chain(KUBELET_PARTS.iter().map(|part| kubelet_question(part)))
        .collect();
    put(client, everywhere, (&mut answers, gaps), progress).await;
    // What is allowed everywhere is allowed in each namespace.
    let denied: Vec<ResourceRequest> = answers
        .iter()
        .filter(|answer| !answer.allowed)
        .filter_map(|answer| match &answer.action {
            Action::Resource(request) => Some(request.clone()),
            Action::NonResource(_) => None,
        })
        .filter(|request| {
            cluster.api_resources.iter().any(|api| {
                api.namespaced
                    && api.group == request.api_group
                    && api.resource == request.combined_resource()
            })
        })
        .collect();
    let mut inside = Vec::new();
    let everywhere = named_questions(client, NO_NAMESPACE).await;
    inside.extend(everywhere.iter().map(|asked| in_namespace(asked, "")));
    for namespace in namespaces {
        inside.extend(denied.iter().map(|request| {
            Action::Resource(ResourceRequest {
                namespace: namespace.clone(),
                ..request.clone()
            })
        }));
        let named = named_questions(client, namespace).await;
        let is_of_here = |asked: &ResourceRequest| {
            !everywhere.contains(&ResourceRequest {
                namespace: NO_NAMESPACE.to_owned(),
                ..asked.clone()
            })
        };
        let named = named.into_iter().filter(is_of_here);
        inside.extend(named.map(Action::Resource));
    }
    put(client, inside, (&mut answers, gaps), progress).await;
    answers
}

async fn put(
    client: &Client,
    mut questions: Vec<Action>,
    (answers, gaps): (&mut Vec<OwnAnswer>, &mut Vec<Gap>),
    progress: &dyn Progress,
) {
    let room = QUESTIONS_MAX.saturating_sub(answers.len());
    if questions.len() > room {
        let rest = questions.len() - room;
        questions.truncate(room);
        gaps.push(Gap {
            source: client.name().to_owned(),
            what: "ask the server about every kind in every namespace".to_owned(),
            reason: GapReason::TooLarge,
            detail: format!("more than {QUESTIONS_MAX} questions"),
            hint: String::new(),
            count: u64::try_from(rest).unwrap_or(u64::MAX),
        });
    }
    let verdicts = review_own(client, &questions, progress).await;
    let mut failed = None;
    let mut failures = 0;
    for (action, verdict) in questions.into_iter().zip(verdicts) {
        match verdict {
            Ok(verdict) => answers.push(OwnAnswer {
                action,
                allowed: verdict.allowed,
                reason: verdict.reason,
            }),
            Err(failure) => {
                failures += 1;
                failed.get_or_insert(failure);
            }
        }
    }
    if let Some(failure) = failed {
        let mut gap = failure.gap(client.name(), "ask what the credential may do");
        gap.count = failures;
        gaps.push(gap);
    }
}

/// `list`, `watch` and `get` as far as the kind serves them; of subresources only logs and proxies,
/// because the others show nothing that the object itself does not.
fn questions(api: &ApiResource, namespace: &str) -> Vec<Action> {
    let (resource, subresource) = api.resource.split_once('/').unwrap_or((&api.resource, ""));
    if !matches!(subresource, "" | "log" | "proxy") {
        return Vec::new();
    }
    ["list", "watch", "get"]
        .into_iter()
        .filter(|verb| api.verbs.iter().any(|served| served == verb))
        .map(|verb| {
            Action::Resource(ResourceRequest {
                verb: verb.to_owned(),
                api_group: api.group.clone(),
                api_version: api.version.clone(),
                resource: resource.to_owned(),
                subresource: subresource.to_owned(),
                namespace: namespace.to_owned(),
                ..ResourceRequest::default()
            })
        })
        .collect()
}

const PATHS: [&str; 14] = [
    "/",
    "/.well-known/openid-configuration",
    "/api",
    "/apis",
    "/debug/pprof/",
    "/healthz",
    "/livez",
    "/logs/",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openid/v1/jwks",
    "/readyz",
    "/version",
];

/// What kubelets ask the API server about those who ask them for pods (`pkg/kubelet/server/auth.go`).
const KUBELET_PARTS: [&str; 4] = ["log", "metrics", "pods", "stats"];

fn kubelet_question(part: &str) -> Action {
    Action::Resource(ResourceRequest {
        verb: "get".to_owned(),
        api_version: "v1".to_owned(),
        resource: "nodes".to_owned(),
        subresource: part.to_owned(),
        ..ResourceRequest::default()
    })
}

fn path_question(path: &str) -> Action {
    Action::NonResource(NonResourceRequest {
        verb: "get".to_owned(),
        path: path.to_owned(),
    })
}

/// A namespace that does not exist: the rules that hold in it hold everywhere.
const NO_NAMESPACE: &str = "viewshed-no-such-namespace";

fn in_namespace(asked: &ResourceRequest, namespace: &str) -> Action {
    Action::Resource(ResourceRequest {
        namespace: namespace.to_owned(),
        ..asked.clone()
    })
}

/// Rules that name objects tell their names to their holder: each is asked for by name.
async fn named_questions(client: &Client, namespace: &str) -> Vec<ResourceRequest> {
    let Ok(review) = own_rules_review(client, namespace).await else {
        return Vec::new();
    };
    let mut actions = Vec::new();
    for rule in &review.resource_rules {
        for (group, resource) in rule
            .api_groups
            .iter()
            .flat_map(|group| rule.resources.iter().map(move |resource| (group, resource)))
        {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            for name in &rule.resource_names {
                for verb in ["list", "watch", "get"] {
                    if rule.verbs.iter().any(|held| held == verb || held == "*") {
                        actions.push(ResourceRequest {
                            verb: verb.to_owned(),
                            api_group: group.clone(),
                            resource: resource.to_owned(),
                            subresource: subresource.to_owned(),
                            namespace: namespace.to_owned(),
                            name: name.clone(),
                            ..ResourceRequest::default()
                        });
                    }
                }
            }
        }
    }
    actions
}
