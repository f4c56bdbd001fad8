//! What really connects on a Docker host, compared with what REACH says of what was collected from it.
//!
//! Every pair of places is tried on every port: a connection counts when the place that was meant
//! answers with its name, over whatever address leads there. `allowed` and `denied` must be so; what
//! depends on a fact is counted and printed with it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail the test; it prints how many connections were compared"
)]

mod probe;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use viewshed_analyze::network::docker_answer;
use viewshed_bench::docker::{Tcp, Version};
use viewshed_bench::{DockerHost, DockerOptions};
use viewshed_collect::docker;
use viewshed_collect::{Environment, Quiet};
use viewshed_model::{Estate, Place, ReachQuestion, ReachVerdict};

use probe::{Attempt, Surroundings, connect, ports_of};
use world::{Extent, HOST, WORLD};

/// Places that try at the same time: each waits for what never answers.
const SOURCES_AT_ONCE: usize = 3;

/// One verdict beside what happened.
struct Compared {
    question: String,
    verdict: ReachVerdict,
    has_connected: bool,
    depends_on: String,
    because: String,
}

fn collect(host: &DockerHost) -> Estate {
    let variables = host.environment();
    let environment = Environment {
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        root: "/".into(),
    };
    let endpoint = docker::resolve(&environment, None).unwrap();
    let limits = docker::Limits::default();
    let (read, gaps) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(docker::collect(&endpoint, &limits, &Quiet))
        .unwrap();
    assert_eq!(gaps, []);
    Estate {
        docker_hosts: vec![read],
        ..Estate::default()
    }
}

fn place(estate: &Estate, name: &str) -> Place {
    match name {
        HOST => Place::Host {
            name: estate.docker_hosts[0].name.clone(),
        },
        WORLD | "metadata" | "docker" => name.parse().unwrap(),
        name => Place::Container {
            host: estate.docker_hosts[0].name.clone(),
            name: name.to_owned(),
        },
    }
}

/// Tries and judges everything that starts at one place.
fn compare(
    host: &DockerHost,
    estate: &Estate,
    surroundings: &Surroundings,
    from: &str,
) -> Vec<Compared> {
    let wanted = |(to, port): (&str, u16)| surroundings.attempts(from, to, port);
    let pairs: Vec<(&str, u16)> = surroundings
        .places
        .keys()
        .filter(|to| !(from == WORLD && matches!(to.as_str(), WORLD | "metadata")))
        .flat_map(|to| ports_of(to).iter().map(move |port| (to.as_str(), *port)))
        .collect();
    let mut attempts: BTreeSet<Attempt> = pairs.iter().copied().flat_map(wanted).collect();
    attempts.extend(surroundings.listening.iter().cloned());
    // What does not run starts no connection.
    let mut heard = if from == "gone" {
        BTreeMap::new()
    } else {
        connect(host, from, &attempts)
    };
    let mut compared = Vec::new();
    let mut judge = |to: Place, port: u16, (attempts, meant): (BTreeSet<Attempt>, Option<&str>)| {
        let question = ReachQuestion {
            from: place(estate, from),
            to,
            port: Some(port),
            protocol: None,
        };
        let answer = docker_answer(estate, &question).unwrap();
        let answered = |heard: &BTreeMap<Attempt, String>| {
            attempts.iter().any(|attempt| {
                let who = heard.get(attempt);
                who.is_some_and(|who| meant.is_none_or(|meant| meant == who))
            })
        };
        // A busy machine may be slow once; a connection that nothing lets through never comes about.
        if answer.verdict == ReachVerdict::Allowed && !answered(&heard) && from != "gone" {
            heard.extend(connect(host, from, &attempts));
        }
        compared.push(Compared {
            question: format!("{from} -> {} port {port}", question.to),
            verdict: answer.verdict,
            has_connected: answered(&heard),
            depends_on: joined(answer.depends_on.iter().map(|fact| &fact.fact)),
            because: joined(answer.because.iter().map(|reason| &reason.text)),
        });
    };
    for (to, port) in pairs {
        let meant = surroundings.places[to].answers_as.as_str();
        judge(place(estate, to), port, (wanted((to, port)), Some(meant)));
    }
    // By address, whoever answers there. Between places of the world nothing is asked.
    let is_of_world = |address: &str| {
        let own = [world::WORLD_ADDRESS, world::WORLD_ADDRESS_V6];
        from == WORLD && own.contains(&address)
    };
    let listening = surroundings.listening.iter();
    for attempt in listening.filter(|(address, _)| !is_of_world(address)) {
        let (address, port) = attempt;
        let to = Place::Address(address.parse().unwrap());
        judge(to, *port, ([attempt.clone()].into(), None));
    }
    compared
}

fn joined<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.map(String::as_str).collect::<Vec<_>>().join("; ")
}

/// Compares all pairs, prints the figures, and fails when a verdict is wrong.
fn check(title: &str, (version, extent): (Version, Extent), flags: &[&str]) {
    let options = DockerOptions {
        tcp: Tcp::Plain,
        flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
        ..DockerOptions::default()
    };
    let Some(host) = DockerHost::start_if_available(version, &options).unwrap() else {
        return;
    };
    world::fill(&host, extent);
    let estate = collect(&host);
    let containers = world::containers(extent);
    let surroundings = Surroundings::read(&host, &containers);
    let sources = containers.iter().map(|container| container.name);
    let sources: Vec<&str> = sources.chain([HOST, WORLD]).collect();
    let compared: Vec<Compared> = sources
        .chunks(SOURCES_AT_ONCE)
        .flat_map(|few| {
            std::thread::scope(|scope| {
                let one = |from| compare(&host, &estate, &surroundings, from);
                let threads: Vec<_> = few
                    .iter()
                    .map(|from| scope.spawn(move || one(from)))
                    .collect();
                let threads = threads.into_iter();
                threads
                    .flat_map(|thread| thread.join().unwrap())
                    .collect::<Vec<Compared>>()
            })
        })
        .collect();
    let count = |verdict| {
        let of_verdict = compared.iter().filter(|one| one.verdict == verdict);
        of_verdict.count()
    };
    let mut facts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let unsure = compared
        .iter()
        .filter(|one| one.verdict == ReachVerdict::Depends);
    for one in unsure {
        let (all, connected) = facts.entry(&one.depends_on).or_default();
        *all += 1;
        *connected += usize::from(one.has_connected);
    }
    let wrong: Vec<String> = compared
        .iter()
        .filter(|one| match one.verdict {
            ReachVerdict::Allowed => !one.has_connected,
            ReachVerdict::Denied => one.has_connected,
            ReachVerdict::Depends => false,
        })
        .map(|one| format!("{}: {:?}: {}", one.question, one.verdict, one.because))
        .collect();
    println!(
        "{title}: {} verdicts compared with connections: {} allowed, {} denied, {} depend on a fact; {} wrong",
        compared.len(),
        count(ReachVerdict::Allowed),
        count(ReachVerdict::Denied),
        count(ReachVerdict::Depends),
        wrong.len(),
    );
    for (fact, (all, connected)) in facts {
        println!("  {all} depend on {fact} ({connected} of them connect here)");
    }
    assert!(wrong.is_empty(), "{title}:\n{}", wrong.join("\n"));
}

#[test]
fn debians_docker_connects_as_reach_says() {
    check(
        "Docker 20.10, iptables",
        (Version::Debian, Extent::Old),
        &[],
    );
}

#[test]
fn the_newest_docker_connects_as_reach_says() {
    check(
        "newest Docker, iptables",
        (Version::Newest, Extent::New),
        &[],
    );
}

#[test]
fn the_newest_docker_with_nftables_connects_as_reach_says() {
    let flags = ["--firewall-backend=nftables"];
    check(
        "newest Docker, nftables",
        (Version::Newest, Extent::New),
        &flags,
    );
}

/// Only links lead from container to container of the default network then.
#[test]
fn containers_of_a_default_network_without_icc_connect_as_reach_says() {
    for (title, version) in [
        ("Docker 20.10 without icc", Version::Debian),
        ("newest Docker without icc", Version::Newest),
    ] {
        check(title, (version, Extent::DefaultNetwork), &["--icc=false"]);
    }
}
