//! A client that sends what it is told to: any path, any name for itself, from any address.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use viewshed_bench::kubernetes::{Endpoint, Kubectl};
use viewshed_bench::{ControlPlane, Forward};

/// An answer takes a tenth of a second at most on a machine that has nothing else to do.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// One program at one address with one identity.
pub(crate) struct Client<'p> {
    plane: &'p ControlPlane,
    way: Arc<Forward>,
    tls: Arc<ClientConfig>,
    token: Option<String>,
    agent: String,
}

/// An answer that goes on: a watch. It goes on when this is dropped, as programs keep theirs.
pub(crate) struct Open {
    stream: Option<Stream>,
}

/// Watches that go on.
static KEPT: Mutex<Vec<Stream>> = Mutex::new(Vec::new());

impl Open {
    /// Ends it from this side.
    pub(crate) fn give_up(mut self) {
        self.stream = None;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            KEPT.lock().unwrap().push(stream);
        }
    }
}

/// What a client sees of an answer.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: String,
}

impl<'p> Client<'p> {
    /// Nobody, at an address of this machine's loopback.
    pub(crate) fn anonymous(plane: &'p ControlPlane, address: &str, agent: &str) -> Self {
        Self {
            plane,
            way: Arc::new(way(plane, address)),
            tls: Arc::new(trusting(plane).with_no_client_auth()),
            token: None,
            agent: agent.to_owned(),
        }
    }

    /// A service account.
    pub(crate) fn service_account(
        plane: &'p ControlPlane,
        account: &str,
        address: &str,
        agent: &str,
    ) -> Self {
        let (namespace, name) = account.split_once('/').unwrap();
        let token = plane.token(namespace, name).unwrap();
        Self::anonymous(plane, address, agent).with_token(&token)
    }

    /// Somebody with a client certificate: a person, a kubelet.
    pub(crate) fn certified(
        plane: &'p ControlPlane,
        (user, groups): (&str, &[&str]),
        address: &str,
        agent: &str,
    ) -> Self {
        let keyed = plane.authority().client(user, groups).unwrap();
        let chain = CertificateDer::pem_slice_iter(keyed.certificate.as_bytes());
        let chain = chain.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(keyed.key.as_bytes()).unwrap();
        let tls = trusting(plane).with_client_auth_cert(chain, key).unwrap();
        Self {
            tls: Arc::new(tls),
            ..Self::anonymous(plane, address, agent)
        }
    }

    /// The same program at the same place with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            plane: self.plane,
            way: Arc::clone(&self.way),
            tls: Arc::clone(&self.tls),
            token: Some(token.to_owned()),
            agent: self.agent.clone(),
        }
    }

    /// The same identity at the same place that calls itself something else.
    pub(crate) fn named(&self, agent: &str) -> Self {
        let mut client = self.with_token("");
        client.token.clone_from(&self.token);
        agent.clone_into(&mut client.agent);
        client
    }

    /// Sends a GET.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "")
    }

    /// Sends a request and reads the whole answer.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut stream = self.ask(method, path, body);
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes).map(|_| ());
        // The server may close without a closing word of TLS.
        let closed = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
        assert!(read.as_ref().err().is_none_or(closed), "{path}: {read:?}");
        answer(&bytes)
    }

    /// Asks whether this identity may do something.
    pub(crate) fn may(&self, verb: &str, resource: &str, namespace: &str) {
        let body = format!(
            r#"{{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{{"resourceAttributes":{{"verb":"{verb}","resource":"{resource}","namespace":"{namespace}"}}}}}}"#
        );
        self.send(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            &body,
        );
    }

    /// Asks for the list of everything that this identity may do in a namespace.
    pub(crate) fn rules(&self, namespace: &str) {
        let body = format!(
            r#"{{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","spec":{{"namespace":"{namespace}"}}}}"#
        );
        self.send(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            &body,
        );
    }

    /// Begins a watch, and returns when the server has begun to answer.
    pub(crate) fn watch(&self, path: &str) -> Open {
        let mut stream = self.ask("GET", path, "");
        let mut bytes = Vec::<u8>::new();
        let mut part = [0_u8; 1024];
        while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes.extend(&part[..count]),
            }
        }
        Open {
            stream: Some(stream),
        }
    }

    /// Lists from the server's cache and follows, as client libraries keep a copy.
    ///
    /// Source: client-go `tools/cache/reflector.go`, `list` and `watch`.
    pub(crate) fn follow(&self, path: &str, query: &str) -> Option<Open> {
        let list = self.get(&format!("{path}?{query}limit=500&resourceVersion=0"));
        let version = version(&list)?;
        Some(self.watch(&format!(
            "{path}?allowWatchBookmarks=true&{query}resourceVersion={version}&timeoutSeconds=417&watch=true"
        )))
    }

    /// Follows from a stream that begins with all objects, as newer client libraries do.
    ///
    /// Source: client-go `tools/cache/reflector.go`, `watchList`.
    pub(crate) fn stream(&self, path: &str) -> Open {
        self.watch(&format!(
            "{path}?allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&timeoutSeconds=417&watch=true"
        ))
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Stream {
        let socket = TcpStream::connect(self.way.address()).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(ANSWER_LIMIT)).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        let token = self.token.as_ref().map_or(String::new(), |token| {
            format!("Authorization: Bearer {token}\r\n")
        });
        let kind = match (method, body) {
            (_, "") => String::new(),
            ("PATCH", _) => "Content-Type: application/apply-patch+yaml\r\n".to_owned(),
            _ => "Content-Type: application/json\r\n".to_owned(),
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {}\r\nAccept: application/json\r\n\
             Connection: close\r\n{token}{kind}Content-Length: {}\r\n\r\n{body}",
            self.agent,
            body.len()
        )
        .unwrap();
        stream.flush().unwrap();
        stream
    }
}

/// kubectl as somebody, at an address.
pub(crate) struct Tool {
    kubectl: Kubectl,
    way: Forward,
}

impl Tool {
    /// A person with a certificate.
    pub(crate) fn person(plane: &ControlPlane, user: &str, groups: &[&str], address: &str) -> Self {
        Self {
            kubectl: plane.kubectl_as(user, groups).unwrap(),
            way: way(plane, address),
        }
    }

    /// A service account.
    pub(crate) fn service_account(plane: &ControlPlane, account: &str, address: &str) -> Self {
        let (namespace, name) = account.split_once('/').unwrap();
        let token = plane.token(namespace, name).unwrap();
        Self::with_token(plane, &token, address)
    }

    /// Whose token this is.
    pub(crate) fn with_token(plane: &ControlPlane, token: &str, address: &str) -> Self {
        Self {
            kubectl: plane.kubectl_with_token(token).unwrap(),
            way: way(plane, address),
        }
    }

    /// Runs a command line without quotes, whatever comes of it.
    pub(crate) fn run(&self, line: &str) -> String {
        let server = format!("--server=https://{}", self.way.address());
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.push(&server);
        let output = self.kubectl.output(&arguments).unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn way(plane: &ControlPlane, address: &str) -> Forward {
    let source: Ipv4Addr = address.parse().unwrap();
    let server = plane.server(Endpoint::Outside);
    let target: SocketAddrV4 = server.strip_prefix("https://").unwrap().parse().unwrap();
    Forward::start_from(source, target).unwrap()
}

fn trusting(
    plane: &ControlPlane,
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let mut roots = RootCertStore::empty();
    let pem = plane.authority().keyed().certificate.as_bytes();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
}

fn answer(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let code = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Answer {
        code: code.unwrap_or_default(),
        body: body.to_owned(),
    }
}

/// The version of a list, from which a watch goes on.
fn version(list: &Answer) -> Option<&str> {
    let (_, behind) = list.body.split_once("\"resourceVersion\":\"")?;
    (list.code == 200).then(|| behind.split('"').next())?
}
