//! Docker daemons of every age and manner.

use crate::fake_server::{FakeServer, Reply};
use crate::program::{Program, Run};

/// A daemon with one container that speaks these API versions.
pub(crate) fn daemon(
    newest: &'static str,
    oldest: &'static str,
) -> impl Fn(&str) -> Reply + Send + Sync {
    move |path| {
        let rest = match path
            .strip_prefix("/v")
            .and_then(|rest| rest.split_once('/'))
        {
            Some((version, rest)) if version.contains('.') => rest,
            _ => path.trim_start_matches('/'),
        };
        let json = |text: &str| Reply::Json(200, text.to_owned());
        match rest {
            "_ping" => Reply::Header(200, "Api-Version", newest.to_owned(), "OK".to_owned()),
            "version" => json(&format!(
                r#"{{"Version":"1.2.3","ApiVersion":"{newest}","MinAPIVersion":"{oldest}"}}"#
            )),
            "info" => json(r#"{"Name":"alpha","Swarm":{"LocalNodeState":"inactive"}}"#),
            "containers/json" => json(r#"[{"Id":"c1","Names":["/web"],"Image":"shop"}]"#),
            "containers/c1/json" => {
                json(r#"{"Id":"c1","Name":"/web","Config":{"Image":"shop"},"HostConfig":{}}"#)
            }
            "images/json" => json(r#"[{"Id":"sha256:1","RepoTags":["shop:1"]}]"#),
            "networks" | "plugins" => json("[]"),
            "volumes" => json(r#"{"Volumes":[]}"#),
            "system/df" => json(r#"{"LayersSize":7}"#),
            _ => Reply::Json(404, r#"{"message":"page not found"}"#.to_owned()),
        }
    }
}

fn see(address: &str, further: &[&str]) -> Run {
    let words = ["see", "--docker", address, "-o", "json"];
    Program::new().run(&[&words[..], further].concat())
}

fn see_server(server: &FakeServer, further: &[&str]) -> Run {
    see(&format!("tcp://{}", server.address), further)
}

#[test]
fn a_daemon_of_our_age_is_read_without_gaps() {
    let run = see_server(&FakeServer::start(daemon("1.41", "1.12")), &[]);
    run.check(0, &[]);
    assert!(run.out.contains("\"web\""), "{run:?}");
}

#[test]
fn a_daemon_too_old_or_too_new_is_read_all_the_same_and_said_so() {
    for (newest, oldest, gap) in [
        (
            "1.24",
            "1.12",
            "the daemon is too old: it speaks the API up to 1.24",
        ),
        (
            "1.99",
            "1.90",
            "the daemon is too new: it speaks the API from 1.90 on",
        ),
    ] {
        let run = see_server(&FakeServer::start(daemon(newest, oldest)), &[]);
        run.check_gap(4, gap);
        assert!(run.out.contains("\"web\""), "{run:?}");
    }
}

#[test]
fn a_daemon_that_is_not_there_is_an_error_with_a_hint() {
    see("unix:///nonexistent/docker.sock", &[]).check(
        3,
        &[
            "cannot reach the Docker daemon at `unix:///nonexistent/docker.sock`",
            "hint:",
        ],
    );
    see("tcp://127.0.0.1:1", &[]).check(3, &["cannot reach the Docker daemon", "hint:"]);
    see("nonsense://x", &[]).check(3, &["nonsense", "hint:"]);
    see("tcp://", &[]).check(3, &["error:", "hint:"]);
}

#[test]
fn a_server_that_is_no_daemon_or_does_not_answer_is_left() {
    for reply in [
        Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        Reply::Raw(b""),
        Reply::Json(200, "<html>\u{1b}[31mwelcome</html>".to_owned()),
        Reply::Json(404, "not here".to_owned()),
        Reply::Hang,
        Reply::Drip,
    ] {
        let server = FakeServer::start(move |_| reply.clone());
        let run = see_server(&server, &["--timeout", "1"]);
        run.check(3, &["error:", "hint:"]);
        assert!(!run.err.contains('\u{1b}'), "{run:?}");
    }
}

#[test]
fn one_bad_answer_costs_only_itself() {
    for (reply, gap) in [
        (Reply::Hang, "timed-out images"),
        (Reply::Drip, "timed-out images"),
        (Reply::Flood, "too-large images"),
        (Reply::Raw(b"garbage"), "truncated images"),
        (Reply::Json(200, "<html>".to_owned()), "malformed images"),
        (
            Reply::Json(403, r#"{"message":"denied"}"#.to_owned()),
            "forbidden images",
        ),
    ] {
        let good = daemon("1.41", "1.12");
        let timeout_s = reply.timeout_s();
        let server = FakeServer::start(move |path| {
            if path.ends_with("/images/json") {
                reply.clone()
            } else {
                good(path)
            }
        });
        let run = see_server(&server, &["--timeout", timeout_s]);
        run.check_gap(4, gap);
        assert!(run.out.contains("\"web\""), "{run:?}");
    }
}

#[test]
fn several_hosts_are_chosen_from_by_name() {
    let hosts = [
        FakeServer::start(daemon("1.41", "1.12")),
        FakeServer::start(daemon("1.41", "1.12")),
    ];
    let [one, other] = hosts.map(|host| format!("tcp://{}", host.address));
    let both = ["--docker-host", &one, "--docker-host", &other, "-o", "json"];
    let program = Program::new();
    let container = [&["see", "--container", "web"][..], &both].concat();
    program.run(&container).check(
        2,
        &[
            "several Docker hosts with a container `web`",
            "choose one with --estate",
        ],
    );
    let docker = [&["see", "--docker"][..], &both].concat();
    program
        .run(&docker)
        .check(2, &["several Docker hosts", "choose one with --estate"]);
    let chosen = program.run(&[&container[..], &["--estate", &other]].concat());
    assert_eq!(chosen.json()["estate"], other.as_str());
}

/// Two networks, one published port, a mounted socket, and an API that listens on every address.
#[test]
fn every_form_of_reach_answers_for_a_docker_host() {
    let containers = r#"[
        {"Id":"c1","Name":"/web","Config":{"Image":"shop"},"State":{"Status":"running"},
         "HostConfig":{"NetworkMode":"front"},
         "NetworkSettings":{"Networks":{"front":{"IPAddress":"172.20.0.2"}},
                            "Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]}},
         "Mounts":[{"Type":"bind","Source":"/var/run/docker.sock","Destination":"/docker.sock"}]},
        {"Id":"c2","Name":"/db","Config":{"Image":"postgres"},"State":{"Status":"running"},
         "HostConfig":{"NetworkMode":"back"},
         "NetworkSettings":{"Networks":{"back":{"IPAddress":"172.21.0.2"}}}}]"#;
    let networks = r#"[
        {"Name":"front","Id":"n1","Scope":"local","Driver":"bridge","EnableIPv4":true,
         "IPAM":{"Config":[{"Subnet":"172.20.0.0/16"}]}},
        {"Name":"back","Id":"n2","Scope":"local","Driver":"bridge","EnableIPv4":true,
         "IPAM":{"Config":[{"Subnet":"172.21.0.0/16"}]}}]"#;
    let program = Program::new()
        .with_file("host/inspect.json", containers)
        .with_file("host/networks.json", networks)
        .with_file("host/daemon.json", r#"{"hosts":["tcp://0.0.0.0:2375"]}"#);
    let reach = |words: &[&str]| {
        let run = program.run(&[&["reach", "--from", "host"], words].concat());
        run.check(0, &[]);
        run.out
    };
    let matrix = reach(&["--output", "csv"]);
    let has = |text: &str, line: &str| assert!(text.contains(line), "{line}: {text}");
    has(&matrix, "container:host/db,container:host/web,\"TCP 80\",");
    has(&matrix, "world,container:host/web,\"TCP 80\",");
    assert!(
        !matrix.contains("container:host/web,container:host/db"),
        "{matrix}"
    );
    has(
        &reach(&["--output", "dot"]),
        "[label=\"container:host/db\"]",
    );
    has(&reach(&["--output", "json"]), "\"kind\": \"host\"");
    let sources = reach(&["--to", "docker", "--output", "csv"]);
    has(&sources, "docker,allowed,container,host,db,,0,\"TCP 2375\"");
    let pivots = reach(&["--pivots", "--output", "csv"]);
    has(
        &pivots,
        "host/web,Container,,\"root on Docker host\",host,1,\"container web mounts",
    );
    has(
        &pivots,
        "host/db,Container,,\"root on Docker host\",host,1,\"container db reaches the Docker API",
    );
}

#[test]
fn a_docker_host_of_the_environment_is_not_called_local() {
    // Nothing listens on port 1.
    let address = "tcp://127.0.0.1:1";
    let program = Program::new().with_variable("DOCKER_HOST", address);
    let run = program.run(&["scan"]);
    run.check(3, &["the Docker host of DOCKER_HOST, tcp://127.0.0.1:1: "]);
    assert!(!run.err.contains("local Docker host"), "{}", run.err);
}
