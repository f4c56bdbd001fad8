//! Requests of people and pods who act as others: in which mode the server lets them, as whom.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use viewshed_analyze::rbac::{
    AccessIndex, Impersonation, Mode, Verdict, impersonation, impersonation_in, request_info,
};
use viewshed_benchmarks::random::Random;
use viewshed_model::Identity;

use crate::api::{Request, Tally};
use crate::audit_log::{Event, events};
use crate::objects::{GROUPS, NAMESPACES, NODES, group, namespace, node, user};
use crate::requests::impersonation_headers;
use crate::world::World;

pub(crate) fn compare(world: &World, count: usize, random: &mut Random) -> Result<Tally> {
    let pod_tokens = pod_tokens(world)?;
    let sent: Vec<(Request, Identity)> = (0..count)
        .map(|number| {
            let token = if random.chance(25) && !pod_tokens.is_empty() {
                random.pick(&pod_tokens)
            } else {
                random.pick(&world.impersonator_tokens)
            };
            let wanted = wanted(random);
            let (method, target) = target(random);
            let mut headers = vec![
                ("Audit-ID", format!("impersonation-{number}")),
                ("Authorization", token.clone()),
            ];
            headers.extend(impersonation_headers(&wanted));
            let request = Request {
                method,
                target,
                headers,
                body: String::new(),
            };
            (request, wanted)
        })
        .collect();
    let requests = sent.iter().map(|(request, _)| request.clone());
    world.bare.send_all(requests, |_, _| {})?;
    let events = events(world, "impersonation", count)?;
    let index = AccessIndex::new(&world.cluster);
    let mut tally = Tally::default();
    for (number, (request, wanted)) in sent.iter().enumerate() {
        tally.asked += 1;
        let problem = match events.get(&number) {
            Some(event) => {
                tally.allowed += usize::from(event.request.impersonated.is_some());
                judge(&index, request, wanted, event)
            }
            None => Some("no event".to_owned()),
        };
        if let Some(problem) = problem {
            tally.difference(|| {
                format!(
                    "{} {} as {wanted:?}: {problem}",
                    request.method, request.target
                )
            });
        }
    }
    Ok(tally)
}

/// Tokens that are bound to pods, so that they name the pod's node.
fn pod_tokens(world: &World) -> Result<Vec<String>> {
    const TOKENS: usize = 30;
    let pods: Value = serde_json::from_slice(&world.get("/api/v1/pods")?)?;
    let pods = pods["items"].as_array().context("no pods")?;
    let wanted = pods.iter().filter(|pod| {
        pod["spec"]["serviceAccountName"] == "sa-0" && pod["spec"]["nodeName"].is_string()
    });
    let mut tokens = Vec::new();
    for pod in wanted.take(TOKENS) {
        let meta = &pod["metadata"];
        let namespace = meta["namespace"].as_str().unwrap_or_default();
        let answer = world.admin.send(Request {
            method: "POST".to_owned(),
            target: format!("/api/v1/namespaces/{namespace}/serviceaccounts/sa-0/token"),
            body: json!({"spec": {"boundObjectRef": {
                "kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}}})
            .to_string(),
            ..Request::default()
        })?;
        let token: Value = serde_json::from_slice(&answer.body)?;
        let token = token["status"]["token"].as_str().context("no token")?;
        tokens.push(format!("Bearer {token}"));
    }
    Ok(tokens)
}

fn wanted(random: &mut Random) -> Identity {
    let mut wanted = match random.below(10) {
        0..=2 => Identity::exactly(&format!("system:node:{}", node(random.below(NODES))), []),
        3..=5 => {
            let name = format!("system:serviceaccount:{}:sa-0", namespace(random.below(3)));
            Identity::exactly(&name, [])
        }
        6 => Identity::exactly(
            random.word(&[
                "system:anonymous",
                "system:node:NODE",
                "system:serviceaccount:n-0:SA",
                "system:serviceaccount:n-0",
                "system:node:",
            ]),
            [],
        ),
        _ => Identity::exactly(&user(random.below(5)), []),
    };
    if random.chance(25) {
        let count = 1 + random.below(5);
        wanted.groups = (0..count).map(|_| group(random.below(5))).collect();
    }
    if random.chance(3) {
        wanted.groups.push("system:masters".to_owned());
    }
    if random.chance(3) {
        wanted.groups.push("system:unauthenticated".to_owned());
    }
    if random.chance(5) {
        wanted.groups.push(group(random.below(GROUPS)));
    }
    if random.chance(5) {
        wanted.uid = Some((*random.pick(&["red", "u-1", "other"])).to_owned());
    }
    if random.chance(8) {
        let count = 1 + random.below(4);
        let values = (0..count).map(|_| (*random.pick(&["red", "blue"])).to_owned());
        wanted
            .extra
            .insert("example.com/team".to_owned(), values.collect());
    }
    wanted
}

fn target(random: &mut Random) -> (String, String) {
    let method = *random.pick(&["GET", "GET", "GET", "DELETE"]);
    let namespace = namespace(random.below(NAMESPACES.min(5)));
    let target = match random.below(12) {
        0..=3 => format!("/api/v1/namespaces/{namespace}/pods"),
        4..=5 => format!("/api/v1/namespaces/{namespace}/pods/a"),
        6 => format!("/api/v1/namespaces/{namespace}/secrets"),
        7 => format!("/apis/apps/v1/namespaces/{namespace}/deployments"),
        8 => "/api/v1/pods".to_owned(),
        9 => format!("/api/v1/namespaces/{namespace}/pods/a/log"),
        10 => "/probe/a".to_owned(),
        _ => "/api/v1/nodes".to_owned(),
    };
    (method.to_owned(), format!("{target}?dryRun=All"))
}

fn judge(
    index: &AccessIndex<'_>,
    request: &Request,
    wanted: &Identity,
    event: &Event,
) -> Option<String> {
    let requester = &event.request.user;
    let action = match request_info(&request.method, &request.target) {
        Ok(action) => action,
        Err(error) => return Some(error.to_string()),
    };
    let passing: Vec<Impersonation> = Mode::ALL
        .into_iter()
        .map(|mode| impersonation_in(index, mode, (requester, wanted), &action))
        .filter(|answer| answer.decision.is_allowed())
        .collect();
    let first = impersonation(index, requester, wanted, &action).mode;
    if first != passing.first().and_then(|answer| answer.mode) {
        return Some(format!("the first mode is {first:?}, but {passing:?} pass"));
    }
    let Some(became) = &event.request.impersonated else {
        return (!passing.is_empty())
            .then(|| format!("refused for {requester:?}, ours {passing:?}"));
    };
    let used = passing.iter().find(|answer| {
        let word = answer.mode.map(Mode::word).unwrap_or_default();
        let constraint = if word.is_empty() {
            String::new()
        } else {
            format!("impersonate:{word}")
        };
        constraint == event.constraint
    });
    let Some(becomes) = used.and_then(|answer| answer.becomes.as_ref()) else {
        return Some(format!(
            "allowed by `{}` for {requester:?}, ours {passing:?}",
            event.constraint
        ));
    };
    if becomes != became {
        return Some(format!("became {became:?}, ours {becomes:?}"));
    }
    let expected = if event.request.decision == "allow" {
        Verdict::Yes
    } else {
        Verdict::No
    };
    let verdict = index.session(becomes).verdict(&action);
    (verdict != expected).then(|| format!("as {becomes:?} recorded {}", event.request.decision))
}
