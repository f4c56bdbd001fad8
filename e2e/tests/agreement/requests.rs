//! Real HTTP requests: the question that we derive from each, and the decision that the server
//! recorded for it.

use anyhow::Result;
use viewshed_analyze::rbac::{AccessIndex, Verdict, audited_question, request_info};
use viewshed_benchmarks::random::Random;
use viewshed_model::{Action, AuditedObject, AuditedRequest, Identity};

use crate::api::{Request, Tally};
use crate::audit_log::{Event, events};
use crate::questions;
use crate::reviews::reason_agrees;
use crate::targets;
use crate::world::World;

/// How a request says who sends it.
enum Sender {
    /// Headers of a member of `system:masters` that acts as somebody.
    Impersonated(Identity),
    /// A token, or nothing for anonymous.
    Token(Option<String>),
}

pub(crate) fn compare(world: &World, count: usize, random: &mut Random) -> Result<Tally> {
    let mut tokens: Vec<Option<String>> = vec![None];
    tokens.extend(world.tokens.iter().map(|token| Some(token.0.clone())));
    for number in 0..3 {
        let token = world
            .plane
            .token(&crate::objects::namespace(number), "sa-0")?;
        tokens.push(Some(format!("Bearer {token}")));
    }
    let (mut impersonated, mut direct) = (Vec::new(), Vec::new());
    for number in 0..count {
        let sender = if random.chance(75) {
            Sender::Impersonated(wanted(random))
        } else {
            Sender::Token(random.pick(&tokens).clone())
        };
        let (method, target) = targets::http(random);
        let list = match sender {
            Sender::Impersonated(_) => &mut impersonated,
            Sender::Token(_) => &mut direct,
        };
        list.push((number, request(number, &sender, &method, &target)));
    }
    let mut statuses = vec![0u16; count];
    for (api, list) in [(&world.admin, &impersonated), (&world.bare, &direct)] {
        let requests = list.iter().map(|(_, request)| request.clone());
        api.send_all(requests, |at, answer| {
            if let Some((number, _)) = list.get(at)
                && let Some(status) = statuses.get_mut(*number)
            {
                *status = answer.status;
            }
        })?;
    }
    let sent: Vec<(usize, Request)> = impersonated.into_iter().chain(direct).collect();
    judge_all(world, &sent, &statuses)
}

/// Somebody to act as: never `system:masters`, which would be allowed everything.
fn wanted(random: &mut Random) -> Identity {
    loop {
        let identity = questions::identity(random);
        if !identity.user.is_empty() && identity.user != "root" {
            return identity;
        }
    }
}

fn request(number: usize, sender: &Sender, method: &str, target: &str) -> Request {
    let mut headers = vec![("Audit-ID", format!("request-{number}"))];
    match sender {
        Sender::Impersonated(identity) => headers.extend(impersonation_headers(identity)),
        Sender::Token(Some(token)) => headers.push(("Authorization", token.clone())),
        Sender::Token(None) => {}
    }
    Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body: if matches!(method, "POST" | "PUT" | "PATCH") {
            "{}".to_owned()
        } else {
            String::new()
        },
    }
}

pub(crate) fn impersonation_headers(identity: &Identity) -> Vec<(&'static str, String)> {
    let mut headers = vec![("Impersonate-User", identity.user.clone())];
    for group in &identity.groups {
        headers.push(("Impersonate-Group", group.clone()));
    }
    if let Some(uid) = &identity.uid {
        headers.push(("Impersonate-Uid", uid.clone()));
    }
    for value in identity.extra.values().flatten() {
        // The key `example.com/team`; the slash is escaped in a header's name.
        headers.push(("Impersonate-Extra-Example.com%2fteam", value.clone()));
    }
    headers
}

fn judge_all(world: &World, sent: &[(usize, Request)], statuses: &[u16]) -> Result<Tally> {
    let answerable = sent
        .iter()
        .filter(|(_, request)| request_info(&request.method, &request.target).is_ok())
        .count();
    let events = events(world, "request", answerable)?;
    let index = AccessIndex::new(&world.cluster);
    let mut tally = Tally::default();
    for (number, request) in sent {
        tally.asked += 1;
        let status = statuses.get(*number).copied().unwrap_or_default();
        let problem = match (
            request_info(&request.method, &request.target),
            events.get(number),
        ) {
            (Ok(action), Some(event)) => {
                tally.allowed += usize::from(event.request.decision == "allow");
                judge(&index, &action, event)
            }
            (Ok(_), None) => Some("no event".to_owned()),
            (Err(_), None) if status >= 400 => None,
            (Err(error), event) => Some(format!("we refuse it ({error}), but {event:?}")),
        };
        if let Some(problem) = problem {
            tally.difference(|| {
                format!(
                    "{} {} answered {status}: {problem}",
                    request.method, request.target
                )
            });
        }
    }
    Ok(tally)
}

/// What differs between our reading of the request and the server's event.
fn judge(index: &AccessIndex<'_>, action: &Action, event: &Event) -> Option<String> {
    let event = &event.request;
    let Some(from_event) = audited_question(event) else {
        return Some(format!("no question in {event:?}"));
    };
    if from_event.action != *action {
        return Some(format!(
            "from the event {:?}, from the request {action:?}",
            from_event.action
        ));
    }
    if let Some(difference) = object_difference(action, event) {
        return Some(difference);
    }
    let session = index.session(&from_event.identity);
    let verdict = session.verdict(action);
    let expected = match event.decision.as_str() {
        "allow" => Verdict::Yes,
        "forbid" => Verdict::No,
        _ => return Some(format!("no decision in {event:?}")),
    };
    let decision = session.decide(action);
    if verdict != expected || !reason_agrees(&session, action, &decision, &event.reason) {
        return Some(format!(
            "ours {decision:?}, recorded {} {}",
            event.decision, event.reason
        ));
    }
    None
}

/// The server writes what it understood into the event.
pub(crate) fn object_difference(action: &Action, event: &AuditedRequest) -> Option<String> {
    let (verb, ours) = match action {
        Action::NonResource(request) => (&request.verb, None),
        Action::Resource(request) => {
            let object = AuditedObject {
                api_group: request.api_group.clone(),
                api_version: request.api_version.clone(),
                resource: request.resource.clone(),
                subresource: request.subresource.clone(),
                namespace: request.namespace.clone(),
                name: request.name.clone(),
            };
            (&request.verb, Some(object))
        }
    };
    let theirs = event.object.clone().map(|mut object| {
        if *verb == "create" && ours.as_ref().is_some_and(|ours| ours.name.is_empty()) {
            object.name.clear();
        }
        object
    });
    (*verb != event.verb || ours != theirs).then(|| {
        format!(
            "we read {verb} {ours:?}, the server {} {theirs:?}",
            event.verb
        )
    })
}
