//! Sources through the whole program: rotated logs, a Docker daemon, a pipe.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::audit::{lines, recently};
use crate::program::Program;
use crate::running::Running;
use crate::web::figure;

/// Waits until so many requests were judged.
fn judged(running: &Running, metrics: &str, count: u64) {
    running.until(&format!("{count} judged requests"), |_| {
        (figure(metrics, "viewshed_judged_total")? >= count).then_some(())
    });
    assert_eq!(figure(metrics, "viewshed_judged_total"), Some(count));
}

#[test]
fn a_log_is_followed_through_rotation_and_restart() {
    let start = recently();
    let program = Program::new().with_file("logs/audit.log", lines(start, 0..10));
    let at = |name: &str| program.folder().join("logs").join(name);
    let line = "watch --from logs --follow --state state --save-interval 1 --metrics 127.0.0.1:0 --output json";
    let running = Running::start(program.folder(), line);
    let metrics = running.says("metrics: ");
    judged(&running, &metrics, 10);
    // As kube-apiserver does: renamed, and a new one begun.
    fs::rename(at("audit.log"), at("audit-2025-11-26T14-33-45.420.log")).unwrap();
    fs::write(at("audit.log"), lines(start, 10..25)).unwrap();
    judged(&running, &metrics, 25);
    running.terminate();
    // Rotated once more while nobody looked.
    fs::rename(at("audit.log"), at("audit-2025-11-26T15-33-45.420.log")).unwrap();
    fs::write(at("audit.log"), lines(start, 25..40)).unwrap();
    let running = Running::start(program.folder(), line);
    let metrics = running.says("metrics: ");
    judged(&running, &metrics, 40);
    running.terminate();
}

fn docker_event(second: i64, action: &str) -> String {
    serde_json::json!({
        "Type": "container", "Action": action, "time": second, "timeNano": second * 1_000_000_000,
        "Actor": {"ID": "c1", "Attributes": {"image": "nginx", "name": "web"}},
    })
    .to_string()
        + "\n"
}

/// A daemon that remembers these events, tells them all whenever it is asked, and keeps the connection open.
fn daemon(socket: &Path, events: String) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let events = events.clone();
            std::thread::spawn(move || serve(stream, &events).ok());
        }
    });
}

fn serve(mut stream: UnixStream, events: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line)?;
        }
        if first.contains("/_ping") {
            stream.write_all(
                b"HTTP/1.1 200 OK\r\napi-version: 1.47\r\ncontent-length: 2\r\n\r\nOK",
            )?;
            continue;
        }
        assert!(first.starts_with("GET /v1.47/events"), "{first}");
        let length = events.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{events}\r\n"
        )?;
    }
}

#[test]
fn a_docker_daemon_is_watched_and_its_events_count_once() {
    let program = Program::new();
    let now = jiff::Timestamp::now().as_second() - 60;
    let first: String = (0..5)
        .map(|place| docker_event(now + place, "exec_create: /bin/sh -c id"))
        .collect();
    let socket = program.folder().join("docker.sock");
    let line = format!(
        "watch --docker-host unix://{} --state state --metrics 127.0.0.1:0 --output json",
        socket.display()
    );
    daemon(&socket, first.clone());
    let running = Running::start(program.folder(), &line);
    let metrics = running.says("metrics: ");
    judged(&running, &metrics, 5);
    let (code, _, err) = running.terminate();
    assert_eq!(code, 0, "{err}");
    // Another daemon process at the same place, which remembers what was told before.
    fs::remove_file(&socket).unwrap();
    daemon(&socket, first + &docker_event(now + 9, "die"));
    let running = Running::start(program.folder(), &line);
    let metrics = running.says("metrics: ");
    judged(&running, &metrics, 6);
    running.terminate();
}

/// As in `kubectl logs --follow ... | viewshed watch --from - --follow`: the writer stays.
#[test]
fn a_pipe_that_stays_open_does_not_hold_up_the_end() {
    let program = Program::new();
    assert_eq!(program.shell("mkfifo pipe").code, 0);
    let running = Running::start(program.folder(), "watch --from pipe --follow --output json");
    let path = program.folder().join("pipe");
    let mut pipe = fs::File::options().write(true).open(path).unwrap();
    pipe.write_all(lines(recently(), 0..24).as_bytes()).unwrap();
    running.until("incident", |running| running.told().into_iter().next());
    let started = Instant::now();
    let (code, _, err) = running.terminate();
    assert_eq!(code, 1, "{err}");
    assert!(started.elapsed() < Duration::from_secs(20));
    drop(pipe);
}
