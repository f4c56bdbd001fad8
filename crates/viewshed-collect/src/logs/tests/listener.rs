use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{fs, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::{PATIENCE, chunk, gzip};
use crate::error::Error;
use crate::logs::limits::{BODIES_BYTES_MAX, BODY_BYTES_MAX, CONNECTIONS_OF_ADDRESS_MAX};
use crate::logs::listener::{Acknowledge, ListenerSettings, ListenerTls};
use crate::logs::sources::{Next, SourceSettings, Sources};

fn settings() -> ListenerSettings {
    ListenerSettings {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        tls: None,
        token_file: None,
        acknowledge: Acknowledge::Done,
    }
}

fn open(listener: ListenerSettings) -> (Sources, SocketAddr) {
    let settings = SourceSettings {
        listener: Some(listener),
        ..SourceSettings::default()
    };
    let sources = Sources::open(&settings, b"").unwrap();
    let address = sources.listener_address().unwrap();
    (sources, address)
}

/// A request with these header lines.
fn request(method: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("{method} /audit HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// The answer's head.
fn exchange(stream: &mut (impl Read + Write), request: &[u8]) -> std::io::Result<String> {
    stream.write_all(request)?;
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            break;
        }
        answer.push(byte[0]);
    }
    Ok(String::from_utf8(answer).unwrap())
}

fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .map_or(0, |code| code.parse().unwrap())
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn push(address: SocketAddr, headers: &'static str, body: Vec<u8>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        exchange(&mut connect(address), &request("POST", headers, &body)).unwrap()
    })
}

#[test]
fn a_pushed_body_is_acknowledged_when_it_is_done() {
    let (mut sources, address) = open(settings());
    let pusher = push(address, "", b"{\"kind\":\"EventList\"}".to_vec());
    let chunk = chunk(&mut sources);
    assert_eq!(chunk.bytes, b"{\"kind\":\"EventList\"}");
    assert!(chunk.is_document);
    assert_eq!(*chunk.source, format!("http://{address}"));
    assert!(!pusher.is_finished());
    sources.done(chunk);
    assert_eq!(status(&pusher.join().unwrap()), 200);
}

#[test]
fn with_saved_acknowledgement_the_pusher_waits_for_the_disk() {
    let (mut sources, address) = open(ListenerSettings {
        acknowledge: Acknowledge::Saved,
        ..settings()
    });
    let pusher = push(address, "", b"{}".to_vec());
    let chunk = chunk(&mut sources);
    sources.done(chunk);
    assert!(matches!(
        sources.next_chunk(Duration::from_millis(20)),
        Next::Quiet
    ));
    assert!(!pusher.is_finished());
    sources.saved();
    assert_eq!(status(&pusher.join().unwrap()), 200);
}

#[test]
fn a_chunk_that_is_dropped_is_pushed_again() {
    let (mut sources, address) = open(settings());
    let pusher = push(address, "", b"{}".to_vec());
    drop(chunk(&mut sources));
    let answer = pusher.join().unwrap();
    assert_eq!(status(&answer), 503);
    assert!(answer.contains("retry-after: 5"), "{answer}");
}

#[test]
fn gzip_lines_and_documents_are_told_apart() {
    let (mut sources, address) = open(settings());
    for (body, is_document) in [
        (&b"{\"a\":1}\n{\"a\":2}\n"[..], false),
        (b"{\"a\":1}\n", true),
        (b"{\n\"a\":1}\n", true),
    ] {
        let pusher = push(address, "content-encoding: gzip\r\n", gzip(body));
        let chunk = chunk(&mut sources);
        assert_eq!(
            (chunk.bytes.as_slice(), chunk.is_document),
            (body, is_document)
        );
        sources.done(chunk);
        assert_eq!(status(&pusher.join().unwrap()), 200);
    }
}

#[test]
fn what_cannot_be_accepted_is_refused_and_counted() {
    let (sources, address) = open(settings());
    let large = vec![b' '; BODY_BYTES_MAX + 1];
    let bomb = gzip(&large);
    let mut damaged = gzip(b"{\"a\":1}");
    damaged.truncate(15);
    let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".into();
    for (request, expected) in [
        (request("GET", "", b""), 405),
        (request("POST", "", &large), 413),
        (request("POST", "content-encoding: gzip\r\n", &bomb), 413),
        (request("POST", "content-encoding: gzip\r\n", &damaged), 400),
        (request("POST", "content-encoding: br\r\n", b"x"), 415),
        (chunked, 400),
        (
            request("POST", &format!("x: {}\r\n", "x".repeat(20_000)), b"{}"),
            431,
        ),
    ] {
        let mut stream = connect(address);
        // The listener may close before a body that it does not want has left.
        let answer = exchange(&mut stream, &request).unwrap_or_default();
        if !answer.is_empty() {
            assert_eq!(status(&answer), expected, "{answer}");
        }
    }
    assert!(sources.states()[0].refused_bodies >= 5);
    let healthy = b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(
        status(&exchange(&mut connect(address), healthy).unwrap()),
        200
    );
}

#[test]
fn a_token_is_demanded_where_one_is_set() {
    let folder = super::folder(&[("token", b"secret\n")]);
    let (mut sources, address) = open(ListenerSettings {
        token_file: Some(folder.path().join("token")),
        ..settings()
    });
    for headers in [
        "",
        "authorization: Bearer wrong\r\n",
        "authorization: secret\r\n",
    ] {
        assert_eq!(
            status(&push(address, headers, b"{}".to_vec()).join().unwrap()),
            401
        );
    }
    let pusher = push(address, "authorization: Bearer secret\r\n", b"{}".to_vec());
    let chunk = chunk(&mut sources);
    sources.done(chunk);
    assert_eq!(status(&pusher.join().unwrap()), 200);
}

#[test]
fn pushers_wait_when_there_is_no_room_and_nothing_is_lost() {
    let (mut sources, address) = open(settings());
    let size = BODY_BYTES_MAX / 2;
    let count = BODIES_BYTES_MAX / size + 5;
    let pushers: Vec<_> = (0..count)
        .map(|_| push(address, "", vec![b'{'; size]))
        .collect();
    for _ in 0..count {
        let chunk = chunk(&mut sources);
        assert_eq!(chunk.bytes.len(), size);
        sources.done(chunk);
    }
    for pusher in pushers {
        assert_eq!(status(&pusher.join().unwrap()), 200);
    }
}

#[test]
fn one_address_cannot_hold_all_connections() {
    let (_sources, address) = open(settings());
    let held: Vec<TcpStream> = (0..CONNECTIONS_OF_ADDRESS_MAX)
        .map(|_| connect(address))
        .collect();
    let mut byte = [0];
    let further = connect(address).read(&mut byte);
    assert!(matches!(further, Ok(0) | Err(_)));
    drop(held);
}

#[test]
fn stopping_lets_what_is_under_way_end() {
    let (mut sources, address) = open(settings());
    let pusher = push(address, "", b"{}".to_vec());
    let chunk = chunk(&mut sources);
    sources.stop();
    sources.done(chunk);
    assert!(matches!(sources.next_chunk(PATIENCE), Next::End));
    assert_eq!(status(&pusher.join().unwrap()), 200);
    drop(sources);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn without_tls_only_loopback_is_listened_on() {
    let settings = SourceSettings {
        listener: Some(ListenerSettings {
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            ..settings()
        }),
        ..SourceSettings::default()
    };
    assert!(matches!(
        Sources::open(&settings, b""),
        Err(Error::ListenerUnsafe { .. })
    ));
}

/// An authority, and what it signed for a server and a client.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &ca).unwrap();
            fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
            fs::write(
                folder.path().join(format!("{name}.key")),
                key.serialize_pem(),
            )
            .unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn client(&self, has_certificate: bool) -> ClientConfig {
        let pem = |name: &str| fs::read(self.path(name)).unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(&pem("ca.pem")).unwrap())
            .unwrap();
        let builder =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots);
        if !has_certificate {
            return builder.with_no_client_auth();
        }
        let certificate = CertificateDer::from_pem_slice(&pem("client.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(&pem("client.key")).unwrap();
        builder
            .with_client_auth_cert(vec![certificate], key)
            .unwrap()
    }
}

#[test]
fn tls_serves_only_clients_of_the_authority() {
    let authority = Authority::new();
    let (mut sources, address) = open(ListenerSettings {
        tls: Some(ListenerTls {
            certificate: authority.path("server.pem"),
            key: authority.path("server.key"),
            client_authority: Some(authority.path("ca.pem")),
        }),
        ..settings()
    });
    let push = |has_certificate: bool| {
        let config = Arc::new(authority.client(has_certificate));
        std::thread::spawn(move || {
            let name = ServerName::try_from("localhost").unwrap();
            let client = ClientConnection::new(config, name).unwrap();
            let mut stream = StreamOwned::new(client, connect(address));
            exchange(&mut stream, &request("POST", "", b"{}"))
        })
    };
    assert!(push(false).join().unwrap().is_err());
    let until = Instant::now() + Duration::from_secs(60);
    while sources.gaps().is_empty() && Instant::now() < until {
        std::thread::yield_now();
    }
    let gaps = sources.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        gaps[0].detail,
        "the TLS handshake failed: peer sent no certificates"
    );
    assert_eq!(sources.states()[0].refused_bodies, 1);
    // A probe of the port is nothing.
    drop(connect(address));
    let pusher = push(true);
    let chunk = chunk(&mut sources);
    sources.done(chunk);
    assert_eq!(status(&pusher.join().unwrap().unwrap()), 200);
    assert_eq!(sources.gaps().len(), 1);
}

#[test]
fn files_that_are_no_certificate_are_named() {
    let folder = super::folder(&[("junk", b"junk")]);
    let junk = folder.path().join("junk");
    let settings = SourceSettings {
        listener: Some(ListenerSettings {
            tls: Some(ListenerTls {
                certificate: junk.clone(),
                key: junk.clone(),
                client_authority: None,
            }),
            ..settings()
        }),
        ..SourceSettings::default()
    };
    let error = Sources::open(&settings, b"").unwrap_err();
    assert!(
        matches!(&error, Error::ListenerTls { path, .. } if *path == junk),
        "{error}"
    );
}
