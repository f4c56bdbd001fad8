//! Pushed in, judged, delivered: through the whole program.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use crate::audit::{body, lines, recently};
use crate::authority;
use crate::program::Program;
use crate::receiver::{Post, Receiver};
use crate::running::Running;
use crate::web::{exchange, figure, get, push};

const LOOPBACK: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(
    std::net::Ipv4Addr::LOCALHOST,
    0,
));

/// Waits for a post that was taken and holds so many events.
fn taken(running: &Running, receiver: &Receiver, least: u64) -> Post {
    running.until(&format!("post with {least} events"), |_| {
        let mut posts = receiver.posts().into_iter();
        posts.find(|post| {
            post.status == 200 && post.incident()["event_count"].as_u64() >= Some(least)
        })
    })
}

#[test]
fn an_audit_webhook_comes_in_and_a_signed_webhook_goes_out_until_it_is_taken() {
    let start = recently();
    let receiver = Receiver::start(LOOPBACK, |number| if number < 2 { 503 } else { 200 });
    let program = Program::new().with_file("key", "whsec_a2V5IG9mIGEgdGVzdA==\n");
    let hook = format!("http://{}/hook", receiver.address);
    let running = Running::start(
        program.folder(),
        &format!(
            "watch --webhook 127.0.0.1:0 --state state --metrics 127.0.0.1:0 --deliver-webhook {hook} \
             --deliver-webhook-secret-file key --output json"
        ),
    );
    let listener = running.says("webhook: listening on ");
    let metrics = running.says("metrics: ");
    let health = metrics.replace("/metrics", "/healthz");
    assert_eq!(push(&listener, &body(start, 0..24)), 200);
    let first = taken(&running, &receiver, 1);
    assert_eq!(push(&listener, &body(start, 24..60)), 200);
    let last = taken(&running, &receiver, 32);

    let posts = receiver.posts();
    assert!(
        posts
            .iter()
            .all(|post| post.is_signed_with(b"key of a test"))
    );
    let statuses: Vec<u16> = posts.iter().map(|post| post.status).collect();
    assert_eq!(statuses[..3], [503, 503, 200]);
    // What was refused comes again in its last form; what was taken never does.
    let keys: Vec<&String> = posts
        .iter()
        .filter(|post| post.status == 200)
        .map(|post| &post.headers["idempotency-key"])
        .collect();
    let different: BTreeSet<&&String> = keys.iter().collect();
    assert_eq!(different.len(), keys.len(), "{keys:?}");
    assert_eq!(first.incident()["id"], last.incident()["id"]);
    assert!(first.incident()["revision"].as_u64() < last.incident()["revision"].as_u64());
    let told = running.told();
    assert_eq!(told.last().unwrap(), &last.incident());

    running.until("figures", |_| {
        let taken = figure(&metrics, "viewshed_deliveries_total")?;
        let has_all = taken == keys.len() as u64;
        has_all.then_some(())
    });
    for (series, expected) in [
        ("viewshed_judged_total", 60),
        ("viewshed_events_total", 60),
        ("viewshed_delivery_failures_total", 2),
        ("viewshed_deliveries_waiting", 0),
        ("viewshed_sources", 1),
        ("viewshed_skipped_total{reason=\"malformed\"}", 0),
    ] {
        assert_eq!(figure(&metrics, series), Some(expected), "{series}");
    }
    let of_severity = ["info", "low", "medium", "high", "critical"].map(|level| {
        let series = format!("viewshed_incidents_total{{severity=\"{level}\"}}");
        figure(&metrics, &series).unwrap()
    });
    assert_eq!(of_severity.iter().sum::<u64>(), 1);
    assert_eq!(get(&health), (200, "ok\n".to_owned()));
    let (_, _, err) = running.terminate();
    assert!(!err.contains("warning"), "{err}");
}

#[test]
fn what_was_not_delivered_before_a_kill_is_delivered_after_it() {
    let program = Program::new().with_file("audit.log", lines(recently(), 0..24));
    // Nobody listens there for now.
    let address = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let hook = format!("http://{address}/hook");
    let line = format!(
        "watch --from audit.log --follow --state state --save-interval 1 --metrics 127.0.0.1:0 \
         --deliver-webhook {hook} --output json"
    );
    let running = Running::start(program.folder(), &line);
    let metrics = running.says("metrics: ");
    running.until("a saved state with something to deliver", |running| {
        let waits = figure(&metrics, "viewshed_deliveries_waiting")? > 0;
        let saves = figure(&metrics, "viewshed_state_saves_total")? > 1;
        (waits && saves && !running.told().is_empty()).then_some(())
    });
    let told = running.told();
    running.kill();
    let receiver = Receiver::start(address, |_| 200);
    let running = Running::start(program.folder(), &line);
    let post = taken(&running, &receiver, 1);
    assert_eq!(post.incident()["id"], told[0]["id"]);
    assert!(!post.headers.contains_key("webhook-signature"));
    running.terminate();
}

#[test]
fn log_servers_get_cef_or_json_as_rfc_5424() {
    let program = Program::new().with_file("audit.log", lines(recently(), 0..24));
    let socket = UdpSocket::bind(LOOPBACK).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let udp = format!("udp://{}", socket.local_addr().unwrap());
    // Past logs deliver too, and wait for it.
    let run = program.run(&["watch", "--from", "audit.log", "--deliver-syslog", &udp]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let mut datagram = vec![0; 65_536];
    let length = socket.recv(&mut datagram).unwrap();
    let message = std::str::from_utf8(&datagram[..length]).unwrap();
    assert!(message.starts_with("<8") && message.contains(" viewshed - incident - CEF:0|"));

    let listener = TcpListener::bind(LOOPBACK).unwrap();
    let tcp = format!("tcp://{}", listener.local_addr().unwrap());
    let frame = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = BufReader::new(stream);
        let mut length = Vec::new();
        stream.read_until(b' ', &mut length).unwrap();
        let length: usize = String::from_utf8(length).unwrap().trim().parse().unwrap();
        let mut frame = vec![0; length];
        stream.read_exact(&mut frame).unwrap();
        String::from_utf8(frame).unwrap()
    });
    let words = [
        "watch",
        "--from",
        "audit.log",
        "--deliver-syslog",
        &tcp,
        "--deliver-syslog-format",
        "json",
    ];
    assert_eq!(program.run(&words).code, 1);
    let frame = frame.join().unwrap();
    let json = frame.split_once(" - incident - ").unwrap().1;
    let incident: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(incident["actor"]["name"], "system:serviceaccount:shop:cart");
}

#[test]
fn targets_that_make_no_sense_are_refused_and_lost_incidents_are_told() {
    let program = Program::new()
        .with_file("audit.log", lines(recently(), 0..24))
        .with_file("empty", "\n");
    let check = |words: &[&str], code: i32, said: &[&str]| {
        let all = [&["watch", "--from", "audit.log"], words].concat();
        program.run(&all).check(code, said);
    };
    check(
        &["--deliver-webhook", "alerts.example"],
        2,
        &["cannot deliver to", "write `https://host/path`"],
    );
    check(
        &["--deliver-webhook", "https://a:b@alerts.example/"],
        2,
        &["credentials in a URL"],
    );
    check(
        &["--deliver-syslog", "http://a"],
        2,
        &["is no address of a log server"],
    );
    check(
        &["--deliver-webhook-secret-file", "empty"],
        2,
        &["--deliver-webhook"],
    );
    let hook = ["--deliver-webhook", "http://127.0.0.1:1/hook"];
    check(
        &[hook.as_slice(), &["--deliver-webhook-secret-file", "empty"]].concat(),
        2,
        &["there is no key in `empty`"],
    );
    check(
        &hook,
        1,
        &[
            "webhook 127.0.0.1:1: 1 incidents are lost",
            "Connection refused",
        ],
    );
}

#[test]
fn only_clients_with_a_certificate_of_the_authority_may_push() {
    let program = Program::new();
    authority::write(program.folder());
    let running = Running::start(
        program.folder(),
        "watch --webhook 127.0.0.1:0 --tls-cert server.pem --tls-key server.key --client-ca ca.pem \
         --output json",
    );
    let address = running.says("webhook: listening on ");
    let push = |has_certificate: bool| {
        let stream = authority::dial(program.folder(), &address, has_certificate);
        exchange(stream, "POST /", &body(recently(), 0..24))
    };
    assert!(push(false).is_err());
    assert_eq!(push(true).unwrap().0, 200);
    running.until("incident", |running| running.told().into_iter().next());
    let (code, _, _) = running.terminate();
    assert_eq!(code, 1);
}
