//! What leaves towards a daemon, byte by byte.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use viewshed_bench::docker::Version;
use viewshed_bench::{DockerHost, DockerOptions};
use viewshed_collect::docker;

use super::{collect, environment, fill};

/// Listens in front of the daemon's socket and keeps what the client says.
fn record(path: &Path, daemon: PathBuf) -> Arc<Mutex<Vec<u8>>> {
    let listener = UnixListener::bind(path).unwrap();
    let said = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&said);
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut far = UnixStream::connect(&daemon).unwrap();
            let (mut back_from, mut back_to) =
                (far.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back_from, &mut back_to).ok());
            let kept = Arc::clone(&kept);
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = client.read(&mut buffer) {
                    kept.lock().unwrap().extend_from_slice(&buffer[..count]);
                    if far.write_all(&buffer[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    said
}

/// On the wire there are only GET requests without body, and the daemon records no event.
fn check_wire(version: Version) {
    let Some(host) = DockerHost::start_if_available(version, &DockerOptions::default()).unwrap()
    else {
        return;
    };
    fill(&host);
    let proxy = host.machine().folder().join("recorded.sock");
    let said = record(&proxy, host.socket());
    let before = host
        .docker(&["info", "--format", "{{.SystemTime}}"])
        .unwrap();
    let address = format!("unix://{}", proxy.display());
    let endpoint = docker::resolve(&environment(&BTreeMap::new()), Some(&address)).unwrap();
    let (read, _) = collect(&endpoint);
    let after = host
        .docker(&["info", "--format", "{{.SystemTime}}"])
        .unwrap();
    let events = host
        .docker(&["events", "--since", before.trim(), "--until", after.trim()])
        .unwrap();
    assert_eq!(events, "");

    let said = String::from_utf8(said.lock().unwrap().clone()).unwrap();
    let requests: Vec<&str> = said.split_terminator("\r\n\r\n").collect();
    // Ping, version, info, six lists, and each container; a host outside of a swarm is not asked for more.
    assert_eq!(requests.len(), 9 + read.containers.len(), "{said}");
    for request in requests {
        assert!(request.starts_with("GET /"), "{request}");
        let lower = request.to_lowercase();
        assert!(
            !lower.contains("content-length") && !lower.contains("transfer-encoding"),
            "{request}"
        );
        assert!(!lower.contains("upgrade"), "{request}");
    }
}

#[test]
fn only_get_requests_reach_debians_docker() {
    check_wire(Version::Debian);
}

#[test]
fn only_get_requests_reach_the_newest_docker() {
    check_wire(Version::Newest);
}
