//! How many decisions per second one core makes on the large estate, and what the index costs.
//!
//! Three figures: verdicts of sessions that exist already (identities mixed at random), verdicts
//! with a session made for each question, and full decisions with evidence.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;

use viewshed_analyze::rbac::{AccessIndex, Session, Verdict};
use viewshed_benchmarks::clock::thread_cpu_time;
use viewshed_benchmarks::generate::{Size, cluster, group_name, user_name};
use viewshed_benchmarks::random::Random;
use viewshed_model::{Action, Cluster, Identity, NonResourceRequest, ResourceRequest};

const IDENTITIES: usize = 5_000;
/// Few enough to stay in the cache, as a question that was just decoded does.
const QUESTIONS: usize = 4_000;
const ROUNDS: usize = 1_250;

fn main() {
    let cluster = cluster(Size::LARGE, 1);
    let mut random = Random::new(2);
    let start = thread_cpu_time();
    let index = AccessIndex::new(&cluster);
    let index_ms = thread_cpu_time().saturating_sub(start).as_secs_f64() * 1e3;
    let identities: Vec<Identity> = (0..IDENTITIES)
        .map(|_| identity(&cluster, &mut random))
        .collect();
    let start = thread_cpu_time();
    let sessions: Vec<Session<'_>> = identities
        .iter()
        .map(|identity| index.session(identity))
        .collect();
    let sessions_ms = thread_cpu_time().saturating_sub(start).as_secs_f64() * 1e3;
    let questions: Vec<(usize, Action)> = (0..QUESTIONS)
        .map(|_| {
            let at = random.below(IDENTITIES);
            (at, action(&cluster, sessions.get(at), &mut random))
        })
        .collect();

    println!(
        "estate: {} bindings, {} roles, {} namespaces",
        cluster.bindings.len(),
        cluster.roles.len(),
        cluster.namespaces.len()
    );
    println!("index: {index_ms:.1} ms; {IDENTITIES} sessions: {sessions_ms:.1} ms");
    rate(
        "verdicts, sessions kept",
        ROUNDS,
        &questions,
        |at, action| sessions.get(at).map(|session| session.verdict(action)) == Some(Verdict::Yes),
    );
    rate("verdicts, session each", 25, &questions, |at, action| {
        identities
            .get(at)
            .map(|one| index.session(one).verdict(action))
            == Some(Verdict::Yes)
    });
    rate("decisions with evidence", 25, &questions, |at, action| {
        sessions
            .get(at)
            .is_some_and(|session| session.decide(action).is_allowed())
    });
}

/// Asks every question in every round and prints the rate and the share of yes.
fn rate(
    what: &str,
    rounds: usize,
    questions: &[(usize, Action)],
    ask: impl Fn(usize, &Action) -> bool,
) {
    let start = thread_cpu_time();
    let mut allowed = 0u64;
    for _ in 0..rounds {
        for (at, action) in questions {
            allowed += u64::from(black_box(ask(*at, black_box(action))));
        }
    }
    let asked = u32::try_from(rounds * questions.len()).unwrap_or(u32::MAX);
    let per_second = f64::from(asked) / thread_cpu_time().saturating_sub(start).as_secs_f64();
    let share = 100 * allowed / u64::from(asked);
    println!(
        "{what}: {:.2} million per second ({share} % allowed)",
        per_second / 1e6
    );
}

fn identity(cluster: &Cluster, random: &mut Random) -> Identity {
    if random.chance(70) {
        let account = random.pick(&cluster.service_accounts);
        return Identity::service_account(account.meta.namespace_or_empty(), &account.meta.name);
    }
    let groups: Vec<String> = (0..2).map(|_| group_name(random.below(300))).collect();
    let groups = groups.iter().map(String::as_str);
    Identity::user(&user_name(random.below(3_000)), groups)
}

/// Half of the questions are about a namespace in which the identity has a binding.
fn action(cluster: &Cluster, session: Option<&Session<'_>>, random: &mut Random) -> Action {
    if random.chance(5) {
        return Action::NonResource(NonResourceRequest {
            verb: "get".to_owned(),
            path: (*random.pick(&["/healthz", "/metrics", "/apis", "/version"])).to_owned(),
        });
    }
    let own = session.map(Session::namespaces).unwrap_or_default();
    let namespace = if !own.is_empty() && random.chance(50) {
        (*random.pick(&own)).to_owned()
    } else if random.chance(10) {
        String::new()
    } else {
        random.pick(&cluster.namespaces).meta.name.clone()
    };
    let (api_group, resource, subresource) = *random.pick(&[
        ("", "pods", ""),
        ("", "pods", "log"),
        ("", "pods", "exec"),
        ("", "secrets", ""),
        ("", "configmaps", ""),
        ("", "services", ""),
        ("apps", "deployments", ""),
        ("batch", "jobs", ""),
        ("networking.k8s.io", "ingresses", ""),
        ("rbac.authorization.k8s.io", "roles", ""),
        ("cert-manager.io", "certificates", ""),
    ]);
    let verb = *random.pick(&["get", "list", "watch", "create", "update", "delete"]);
    Action::Resource(ResourceRequest {
        verb: verb.to_owned(),
        api_group: api_group.to_owned(),
        api_version: "v1".to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        namespace,
        name: if matches!(verb, "get" | "update" | "delete") {
            (*random.pick(&["web", "settings", "tls"])).to_owned()
        } else {
            String::new()
        },
        ..ResourceRequest::default()
    })
}
