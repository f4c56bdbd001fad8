//! `see --here`: what the place where the program runs holds, and what that opens.

use serde_json::Value;

use crate::docker::daemon;
use crate::fake_server::FakeServer;
use crate::program::Program;

/// The steps that open one thing.
fn chain(view: &Value, kind: &str, name: &str) -> Vec<String> {
    let categories = view["categories"].as_array().unwrap();
    let item = categories
        .iter()
        .flat_map(|category| category["seen"].as_array().unwrap())
        .find(|item| item["kind"] == kind && item["name"] == name)
        .unwrap_or_else(|| panic!("no {kind} {name} in {view:#}"));
    let chain = &view["chains"][usize::try_from(item["chain"].as_u64().unwrap()).unwrap()];
    let links = chain.as_array().unwrap();
    links
        .iter()
        .map(|link| link["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_docker_api_in_the_environment_is_asked_and_shows_its_host() {
    let server = FakeServer::start(daemon("1.41", "1.12"));
    let address = format!("tcp://{}", server.address);
    let program = Program::new().with_variable("DOCKER_HOST", &address);
    let run = program.run(&["see", "--here", "-o", "json"]);
    assert_eq!(
        chain(&run.json(), "Container", "web"),
        [
            format!("DOCKER_HOST names {address}"),
            "the Docker API answers there, whoever asks".to_owned(),
            "GET /containers/json".to_owned(),
        ]
    );
    let table = program.run(&["see", "--here"]);
    assert!(
        table
            .out
            .contains("Container (1; GET /containers/json): web")
    );
    assert!(!table.out.contains("Nothing"), "{table:?}");
}

#[test]
fn a_kubeconfig_at_hand_is_named_as_not_used_with_what_to_run_next() {
    let program = Program::new().with_file("config", "apiVersion: v1\nkind: Config\n");
    let path = program.folder().join("config").display().to_string();
    let program = program.with_variable("KUBECONFIG", &path);
    let run = program.run(&["see", "--here", "-o", "json"]);
    run.check_gap(4, &format!("not-collected use the kubeconfig `{path}`"));
    let table = program.run(&["see", "--here"]);
    table.check(4, &[]);
    let out = table.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!out.contains("Nothing can be discovered"), "{out}");
    assert!(out.contains("Nothing shows yet"), "{out}");
    assert!(out.contains("viewshed can-i --list --kubeconfig"), "{out}");
}

#[test]
fn flags_of_other_places_are_refused() {
    for (words, complaint) in [
        (&["see", "--here", "--from", "x.yaml"][..], "--from"),
        (&["see", "--here", "--context", "x"], "--context"),
        (&["see", "--here", "--docker-host", "x"], "--docker-host"),
        (&["see", "--here", "--demo"], "--demo"),
        (&["see", "--anonymous", "--probe", "--demo"], "--probe"),
        (
            &["see", "--anonymous", "--insecure-skip-tls-verify", "--demo"],
            "--insecure-skip-tls-verify",
        ),
        (&["see", "--kubelet", "worker-1", "--verify"], "--verify"),
        (&["see", "--container", "web", "--verify"], "--verify"),
    ] {
        Program::new().run(words).check(2, &[complaint, "hint:"]);
    }
}
