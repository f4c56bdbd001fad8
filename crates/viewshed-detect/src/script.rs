//! Scripted activities for tests and for the cases of the detections' pages: one line is one request.
//!
//! ```text
//! 09:00:00 shop/cart list pods -A 200          a service account; `-A` all namespaces, `-n NS` one
//! +10m     alice get configmaps web -n shop    later by ten minutes; a person
//! +1s      shop/cart can-i --list              a SelfSubjectRulesReview; `can-i get pods` asks one question
//! +1s      anonymous GET /api 403              a path
//! +1s      shop/cart kubelet get nodes/pods worker-1 403
//! +1s      docker GET /v1.43/containers/json
//! +1s      process pod=cart-1 exe=/tmp/x $ kubectl get pods
//! +1s      process pod=cart-1 exe=/bin/cat opens /var/run/secrets/kubernetes.io/serviceaccount/token
//! +1s      dns @10.0.0.9 SRV any.any.svc.cluster.local
//! ```
//! Options: `@ADDRESS`, `~AGENT`, `pod=`, `node=`, `uid=`, `cred=`, `as=`, `asgroup=` (of the mask, after it), `group=`, `id=`, `rv=0`, `rv=42`, `stream`
//! (the query of a watch that begins with all objects), `label=`, `field=`, `uri=`, `body=`, `count=`, `why=` (the
//! authorizer's reason), `lasted=` (the last line of a request that began so many seconds before) and `x20`: the line twenty times, each a second later, with `%` as its number.

use std::borrow::Cow;

use viewshed_model::{
    Activity, Impersonated, Process, ReviewedAccess, Stage, Surface, Texts, Verdict,
};

/// 2026-03-02 00:00:00 UTC, a Monday.
pub(crate) const BASE_S: i64 = 1_772_409_600;

/// Reads a script whose clock times are on day `day` after [`BASE_S`].
pub(crate) fn activities(script: &str, day: i64) -> Vec<Activity<'static>> {
    let mut at_s = BASE_S + day * 86_400;
    let mut found = Vec::new();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (time, rest) = line.split_once(char::is_whitespace).expect("time and rest");
        at_s = match time.strip_prefix('+') {
            Some(later) => at_s + duration_s(later),
            None => BASE_S + day * 86_400 + clock_s(time),
        };
        let (rest, times) = repetition(rest);
        for number in 1..=times {
            let rest = rest.replace('%', &number.to_string());
            let id = format!("d{day}-{}", found.len() + 1);
            found.push(activity(&rest, at_s, id));
            at_s += i64::from(times > 1);
        }
    }
    found
}

fn repetition(rest: &str) -> (String, u32) {
    let mut times = 1;
    let kept: Vec<&str> = rest
        .split(' ')
        .filter(|word| {
            match word
                .strip_prefix('x')
                .and_then(|number| number.parse().ok())
            {
                Some(number) => {
                    times = number;
                    false
                }
                None => true,
            }
        })
        .collect();
    (kept.join(" "), times)
}

fn clock_s(time: &str) -> i64 {
    time.split(':').fold(0, |sum, part| {
        sum * 60 + part.parse::<i64>().expect("clock time")
    })
}

fn duration_s(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().expect("duration");
    number
        * match unit {
            "h" => 3_600,
            "m" => 60,
            _ => 1,
        }
}

fn activity(rest: &str, at_s: i64, id: String) -> Activity<'static> {
    let (head, command) = match rest.split_once(" $ ") {
        Some((head, command)) => (head, Some(command.to_owned())),
        None => (rest, None),
    };
    let mut words = head.split_whitespace();
    let who = words.next().expect("who");
    let mut one = Activity {
        at_us: at_s * 1_000_000,
        id: id.into(),
        code: 200,
        ..Activity::default()
    };
    one.cluster = Cow::Borrowed("prod");
    identity(&mut one, who);
    let mut plain = Vec::new();
    for word in words {
        if !option(&mut one, word) {
            plain.push(word);
        }
    }
    match who.split('@').next() {
        Some("docker") => path(&mut one, &plain, Surface::DockerApi),
        Some("process") => process(&mut one, &plain, command),
        Some("dns") => {
            one.surface = Surface::Dns;
            one.verb = plain[0].to_owned().into();
            one.object.name = plain[1].to_owned().into();
        }
        _ => request(&mut one, &plain),
    }
    if let Some(number) = plain
        .last()
        .and_then(|word| word.parse::<u16>().ok())
        .filter(|code| *code >= 100)
    {
        one.code = number;
    }
    one.verdict = match one.code {
        401 => Verdict::Unknown,
        403 => Verdict::Refused,
        _ => Verdict::Allowed,
    };
    one
}

fn identity(one: &mut Activity<'static>, who: &str) {
    let number: u32 = who
        .bytes()
        .fold(7, |sum, byte| (sum * 31 + u32::from(byte)) % 60_000);
    let address = format!(
        "10.{}.{}.{}",
        1 + number % 3,
        number / 250,
        1 + number % 250
    );
    let actor = &mut one.actor;
    actor.address = address.into();
    let (user, agent) = match who {
        "anonymous" => ("system:anonymous".to_owned(), "curl/8.5.0".to_owned()),
        "invalid" => (String::new(), "curl/8.5.0".to_owned()),
        "docker" | "process" | "dns" => (String::new(), String::new()),
        _ if who.starts_with("node:") => (format!("system:{who}"), "kubelet/v1.33.1".to_owned()),
        _ => match who.split_once('/') {
            Some((namespace, name)) => (
                format!("system:serviceaccount:{namespace}:{name}"),
                format!("{name}/v1.2.0"),
            ),
            None if who.starts_with("system:") => (who.to_owned(), "kube/v1.33.1".to_owned()),
            None => (
                who.to_owned(),
                "kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0".to_owned(),
            ),
        },
    };
    let groups = match &*user {
        "" => Vec::new(),
        "system:anonymous" => vec!["system:unauthenticated"],
        text if text.starts_with("system:serviceaccount") => {
            vec!["system:serviceaccounts", "system:authenticated"]
        }
        _ => vec!["system:authenticated"],
    };
    actor.groups = Texts::List(groups.into_iter().map(Cow::Borrowed).collect());
    actor.user = user.into();
    actor.user_agent = agent.into();
}

fn option(one: &mut Activity<'static>, word: &str) -> bool {
    if let Some(address) = word.strip_prefix('@') {
        one.actor.address = address.to_owned().into();
        return true;
    }
    if let Some(agent) = word.strip_prefix('~') {
        one.actor.user_agent = agent.replace('_', " ").into();
        return true;
    }
    if word == "stream" {
        one.uri = "/?allowWatchBookmarks=true&sendInitialEvents=true&watch=true".into();
        return true;
    }
    let Some((name, value)) = word
        .split_once('=')
        .filter(|_| !word.starts_with(['/', '-']))
    else {
        return false;
    };
    let value = value.to_owned();
    match name {
        "pod" => one.actor.pod = value.into(),
        "node" => one.actor.node = value.into(),
        "uid" => one.actor.uid = value.into(),
        "cred" => one.actor.credential = value.into(),
        "group" => one.actor.groups = Texts::List(vec![value.into()]),
        "as" => {
            let groups = if value == "root" {
                vec!["system:masters".into()]
            } else {
                Vec::new()
            };
            let mask = Impersonated {
                user: value.into(),
                groups: Texts::List(groups),
            };
            one.actor.impersonated = Some(Box::new(mask));
        }
        "asgroup" => {
            if let Some(mask) = &mut one.actor.impersonated {
                mask.groups = Texts::List(vec![value.into()]);
            }
        }
        "id" => one.id = value.into(),
        "rv" => one.uri = format!("/?limit=500&resourceVersion={value}").into(),
        "label" => one.uri = format!("/?labelSelector={value}").into(),
        "field" => one.uri = format!("/?fieldSelector={value}").into(),
        "uri" => one.uri = value.into(),
        "lasted" => {
            let lasted_us = value.parse::<i64>().expect("seconds") * 1_000_000;
            (one.stage_at_us, one.at_us) = (one.at_us, one.at_us - lasted_us);
        }
        "body" => one.request_body = Box::leak(value.into_boxed_str()),
        "count" => one.disclosed_count = value.parse().ok(),
        "why" => one.reason = value.replace('_', " ").into(),
        "message" => one.message = value.replace('_', " ").into(),
        "exe" => process_of(one).executable = value.into(),
        "container" => process_of(one).container = value.into(),
        "cluster" => one.cluster = value.into(),
        "stage" => {
            one.stage = if value == "started" {
                Stage::ResponseStarted
            } else {
                Stage::RequestReceived
            };
        }
        _ => return false,
    }
    true
}

fn process_of<'o>(one: &'o mut Activity<'static>) -> &'o mut Process<'static> {
    one.process.get_or_insert_with(Box::default)
}

fn path(one: &mut Activity<'static>, plain: &[&str], surface: Surface) {
    one.surface = surface;
    one.verb = plain[0].to_ascii_lowercase().into();
    one.uri = plain[1].to_owned().into();
}

fn process(one: &mut Activity<'static>, plain: &[&str], command: Option<String>) {
    one.surface = Surface::Process;
    let file = plain
        .iter()
        .position(|word| *word == "opens")
        .map(|at| plain[at + 1].to_owned());
    let process = process_of(one);
    process.file = file.unwrap_or_default().into();
    process.command = command.unwrap_or_default().into();
    one.verb = "execve".into();
}

fn request(one: &mut Activity<'static>, plain: &[&str]) {
    let mut plain = plain.to_vec();
    if plain[0] == "kubelet" {
        one.surface = Surface::DelegatedReview;
        plain.remove(0);
    }
    if plain[0] == "can-i" {
        question(one, &plain[1..]);
        return;
    }
    if plain[1].starts_with('/') {
        let surface = one.surface;
        path(one, &plain, surface);
        return;
    }
    one.verb = plain[0].to_owned().into();
    let (kind, subresource) = plain[1].split_once('/').unwrap_or((plain[1], ""));
    let (resource, group) = kind.split_once('.').unwrap_or((kind, ""));
    one.object.resource = resource.to_owned().into();
    one.object.api_group = group.to_owned().into();
    one.object.subresource = subresource.to_owned().into();
    let mut rest = plain[2..].iter();
    while let Some(word) = rest.next() {
        match *word {
            "-A" => {}
            "-n" => one.object.namespace = (*rest.next().expect("namespace")).to_owned().into(),
            word if word.parse::<u16>().is_ok_and(|code| code >= 100) => {}
            word => one.object.name = word.to_owned().into(),
        }
    }
}

fn question(one: &mut Activity<'static>, plain: &[&str]) {
    one.verb = "create".into();
    one.object.api_group = "authorization.k8s.io".into();
    one.code = 201;
    let mut review = ReviewedAccess::default();
    if plain[0] == "--list" {
        one.object.resource = "selfsubjectrulesreviews".into();
        review.namespace = plain.get(1).copied().unwrap_or("default").to_owned().into();
    } else {
        one.object.resource = "selfsubjectaccessreviews".into();
        review.verb = plain[0].to_owned().into();
        let (kind, subresource) = plain[1].split_once('/').unwrap_or((plain[1], ""));
        let (resource, group) = kind.split_once('.').unwrap_or((kind, ""));
        review.resource = resource.to_owned().into();
        review.api_group = group.to_owned().into();
        review.subresource = subresource.to_owned().into();
    }
    one.review = Some(Box::new(review));
}
