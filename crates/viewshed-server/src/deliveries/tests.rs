use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use viewshed_model::Severity;

use super::{Deliveries, Target};
use crate::delivery::Delivery;
use crate::error::Error;
use crate::signature::Secret;
use crate::syslog::{SyslogBody, SyslogSettings, SyslogTransport};
use crate::webhook::WebhookSettings;

/// Longer than any test takes that does not fail.
const PATIENCE: Duration = Duration::from_secs(20);

fn delivery(id: &str, revision: u64) -> Delivery {
    Delivery {
        id: id.to_owned(),
        revision,
        severity: Severity::High,
        at: Timestamp::UNIX_EPOCH,
        json: format!("{{\"id\":\"{id}\",\"revision\":{revision}}}"),
        cef: format!("CEF:0|viewshed|viewshed|1|{id}|{revision}|8|"),
    }
}

/// One message that arrived at a server: its head, in lower case, and its body.
fn read_message(stream: &mut impl Read) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length = head.split("content-length: ").nth(1)?.split('\r').next()?;
    let mut body = vec![0; length.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}

/// Answers with these, one after the other, the last again and again; an empty one is a broken connection.
fn web_server(answers: &'static [&'static str]) -> (SocketAddr, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for (turn, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let Some(message) = read_message(&mut stream) else {
                continue;
            };
            let answer = answers[turn.min(answers.len() - 1)];
            if !answer.is_empty() {
                write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").unwrap();
            }
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

fn webhook(url: String) -> WebhookSettings {
    WebhookSettings {
        url,
        secret: Secret::new("key"),
        token: Secret::new("token"),
        authority: None,
        user_agent: "viewshed/test".to_owned(),
    }
}

fn to_web(address: SocketAddr) -> [Target; 1] {
    [Target::Webhook(webhook(format!(
        "http://{address}/hook?a=b"
    )))]
}

fn field<'a>(head: &'a str, name: &str) -> &'a str {
    let value = head.split(&format!("\r\n{name}: ")).nth(1);
    value
        .and_then(|value| value.split('\r').next())
        .unwrap_or_default()
}

#[test]
fn an_incident_is_posted_signed_and_named() {
    let (address, messages) = web_server(&["204 No Content"]);
    let deliveries = Deliveries::start(&to_web(address), b"").unwrap();
    deliveries.send(&delivery("a1", 2));
    let (head, body) = messages.recv_timeout(PATIENCE).unwrap();
    assert!(head.starts_with("post /hook?a=b http/1.1\r\n"), "{head}");
    assert_eq!(body, "{\"id\":\"a1\",\"revision\":2}");
    assert_eq!(field(&head, "idempotency-key"), "a1/2");
    assert_eq!(field(&head, "webhook-id"), "a1/2");
    assert_eq!(field(&head, "authorization"), "bearer token");
    assert_eq!(field(&head, "user-agent"), "viewshed/test");
    let time = field(&head, "webhook-timestamp").parse().unwrap();
    let signature = Secret::new("key")
        .unwrap()
        .sign("a1/2", time, body.as_bytes())
        .unwrap();
    assert_eq!(field(&head, "webhook-signature"), signature.to_lowercase());
    assert_eq!(deliveries.finish(PATIENCE), 0);
    let state = &deliveries.states()[0];
    assert_eq!((state.delivered, state.failed_attempts), (1, 0));
    assert_eq!(state.name, format!("webhook {address}"));
}

#[test]
fn failed_attempts_are_repeated_with_the_same_key() {
    let (address, messages) = web_server(&["500 X", "429 X\r\nretry-after: 0", "", "200 OK"]);
    let deliveries = Deliveries::start(&to_web(address), b"").unwrap();
    deliveries.send(&delivery("a1", 1));
    for _ in 0..4 {
        let (head, _) = messages.recv_timeout(PATIENCE).unwrap();
        assert_eq!(field(&head, "idempotency-key"), "a1/1");
    }
    assert_eq!(deliveries.finish(PATIENCE), 0);
    let state = &deliveries.states()[0];
    assert_eq!((state.delivered, state.failed_attempts), (1, 3));
    assert_eq!(state.last_failure, "");
}

#[test]
fn what_the_server_does_not_want_is_counted_and_the_next_comes() {
    let (address, messages) = web_server(&["400 X", "200 OK"]);
    let deliveries = Deliveries::start(&to_web(address), b"").unwrap();
    deliveries.send(&delivery("a1", 1));
    deliveries.send(&delivery("b2", 1));
    messages.recv_timeout(PATIENCE).unwrap();
    messages.recv_timeout(PATIENCE).unwrap();
    assert_eq!(deliveries.finish(PATIENCE), 0);
    let state = &deliveries.states()[0];
    assert_eq!((state.delivered, state.refused), (1, 1));
}

#[test]
fn what_has_not_arrived_is_delivered_by_the_next_run() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let deliveries = Deliveries::start(&to_web(address), b"").unwrap();
    deliveries.send(&delivery("a1", 1));
    deliveries.send(&delivery("b2", 1));
    assert_eq!(deliveries.finish(Duration::ZERO), 2);
    let pending = deliveries.pending();
    drop(deliveries);
    let listener = TcpListener::bind(address).unwrap();
    let deliveries = Deliveries::start(&to_web(address), &pending).unwrap();
    for id in ["a1", "b2"] {
        let (mut stream, _) = listener.accept().unwrap();
        let (_, body) = read_message(&mut stream).unwrap();
        assert!(body.contains(id), "{body}");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
    }
    assert_eq!(deliveries.finish(PATIENCE), 0);
}

#[test]
fn a_server_that_hangs_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let deliveries = Deliveries::start(&to_web(listener.local_addr().unwrap()), b"").unwrap();
    for number in 0..1000 {
        deliveries.send(&delivery(&number.to_string(), 1));
    }
    assert_eq!(deliveries.finish(Duration::ZERO), 1000);
    // And it ends at once.
    drop(deliveries);
}

/// Certificate authority's PEM and a server's settings for `localhost`.
fn authority() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (ca.pem(), Arc::new(config))
}

#[test]
fn https_trusts_only_the_given_authority() {
    let (pem, config) = authority();
    let (other_pem, _) = authority();
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, messages) = channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let Some(message) = read_message(&mut stream) else {
                continue;
            };
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
            stream.flush().unwrap();
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    let start = |pem: &str, name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        let settings = WebhookSettings {
            authority: Some(path),
            ..webhook(format!("https://localhost:{port}"))
        };
        let deliveries = Deliveries::start(&[Target::Webhook(settings)], b"").unwrap();
        deliveries.send(&delivery("a1", 1));
        deliveries
    };
    let distrustful = start(&other_pem, "other.pem");
    while distrustful.states()[0].failed_attempts == 0 {
        std::thread::yield_now();
    }
    assert!(distrustful.states()[0].last_failure.contains("certificate"));
    drop(distrustful);
    let trustful = start(&pem, "ca.pem");
    messages.recv_timeout(PATIENCE).unwrap();
    assert_eq!(trustful.finish(PATIENCE), 0);
}

fn to_syslog(address: SocketAddr, transport: SyslogTransport, body: SyslogBody) -> [Target; 1] {
    [Target::Syslog(SyslogSettings {
        address: address.to_string(),
        transport,
        body,
        hostname: "node-1".to_owned(),
    })]
}

#[test]
fn syslog_over_udp_is_one_datagram_each() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let targets = to_syslog(
        socket.local_addr().unwrap(),
        SyslogTransport::Udp,
        SyslogBody::Json,
    );
    let deliveries = Deliveries::start(&targets, b"").unwrap();
    deliveries.send(&delivery("a1", 1));
    let mut buffer = [0; 2000];
    let (count, _) = socket.recv_from(&mut buffer).unwrap();
    assert_eq!(
        std::str::from_utf8(&buffer[..count]).unwrap(),
        "<83>1 1970-01-01T00:00:00.000000Z node-1 viewshed - incident - {\"id\":\"a1\",\"revision\":1}"
    );
    assert_eq!(deliveries.finish(PATIENCE), 0);
    deliveries.send(&Delivery {
        json: "\u{e4}".repeat(70_000),
        ..delivery("b2", 1)
    });
    let mut buffer = vec![0; 70_000];
    let (count, _) = socket.recv_from(&mut buffer).unwrap();
    assert!(count > 64_000 && std::str::from_utf8(&buffer[..count]).is_ok());
}

/// One message with its length before it.
fn read_counted(stream: &mut impl BufRead) -> String {
    let mut length = Vec::new();
    stream.read_until(b' ', &mut length).unwrap();
    let length: usize = std::str::from_utf8(&length)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let mut message = vec![0; length];
    stream.read_exact(&mut message).unwrap();
    String::from_utf8(message).unwrap()
}

#[test]
fn syslog_over_tcp_counts_octets_keeps_its_connection_and_connects_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let targets = to_syslog(
        listener.local_addr().unwrap(),
        SyslogTransport::Tcp,
        SyslogBody::Cef,
    );
    let deliveries = Deliveries::start(&targets, b"").unwrap();
    deliveries.send(&delivery("a1", 1));
    let mut stream = BufReader::new(listener.accept().unwrap().0);
    assert!(read_counted(&mut stream).ends_with("|a1|1|8|"));
    deliveries.send(&delivery("b2", 1));
    assert!(read_counted(&mut stream).ends_with("|b2|1|8|"));
    assert_eq!(deliveries.finish(PATIENCE), 0);
    drop(stream);
    deliveries.send(&delivery("c3", 1));
    let mut stream = BufReader::new(listener.accept().unwrap().0);
    assert!(read_counted(&mut stream).ends_with("|c3|1|8|"));
}

#[test]
fn syslog_over_tls_speaks_to_the_named_host() {
    let (pem, config) = authority();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, pem).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let connection = ServerConnection::new(config).unwrap();
        let stream = StreamOwned::new(connection, listener.accept().unwrap().0);
        read_counted(&mut BufReader::new(stream))
    });
    let target = Target::Syslog(SyslogSettings {
        address: format!("localhost:{port}"),
        transport: SyslogTransport::Tls {
            authority: Some(path),
        },
        body: SyslogBody::Json,
        hostname: String::new(),
    });
    let deliveries = Deliveries::start(&[target], b"").unwrap();
    deliveries.send(&delivery("a1", 1));
    assert!(
        server
            .join()
            .unwrap()
            .contains("- viewshed - incident - {\"id\":\"a1\"")
    );
}

#[test]
fn targets_that_make_no_sense_are_errors_that_show_no_secret() {
    for url in [
        "ftp://a/secret",
        "https://",
        "https://user:secret@a/",
        "secret",
    ] {
        let result = Deliveries::start(&[Target::Webhook(webhook(url.to_owned()))], b"");
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with("cannot deliver to"), "{error}");
        assert!(!error.contains("secret") || url == "secret", "{error}");
    }
    for pending in [&b"{}"[..], b"junk", b"{\"version\":9,\"outboxes\":{}}"] {
        assert!(matches!(
            Deliveries::start(&[], pending),
            Err(Error::Pending { .. })
        ));
    }
}

#[test]
fn two_targets_of_one_host_keep_what_waits_apart() {
    let nobody = || {
        Target::Webhook(WebhookSettings {
            url: "http://127.0.0.1:1/a".to_owned(),
            secret: None,
            token: None,
            authority: None,
            user_agent: "viewshed/test".to_owned(),
        })
    };
    let targets = [nobody(), nobody()];
    let deliveries = Deliveries::start(&targets, b"").unwrap();
    deliveries.send(&delivery("a", 1));
    let pending = deliveries.pending();
    drop(deliveries);
    let deliveries = Deliveries::start(&targets, &pending).unwrap();
    let waiting = |deliveries: &Deliveries| -> Vec<u64> {
        let states = deliveries.states();
        states.iter().map(|state| state.waiting).collect()
    };
    assert_eq!(waiting(&deliveries), [1, 1]);
    // A run without them keeps what is theirs.
    drop(deliveries);
    let without = Deliveries::start(&[], &pending).unwrap();
    let pending = without.pending();
    let deliveries = Deliveries::start(&targets, &pending).unwrap();
    assert_eq!(waiting(&deliveries), [1, 1]);
}
