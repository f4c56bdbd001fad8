//! Bytes to and from an API server: a recorder in between, and a writer of many objects.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use viewshed_bench::ControlPlane;
use viewshed_bench::kubernetes::Endpoint;

/// Stands between a client and the API server, and keeps every decrypted byte.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<u8>>>,
    answers: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    /// Starts to listen, with a certificate of the cluster's own authority.
    pub(crate) async fn start(plane: &ControlPlane) -> Self {
        let acceptor = acceptor(plane);
        let connector = Upstream::of(plane);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, answers) = (Arc::default(), Arc::default());
        let (to, from) = (Arc::clone(&requests), Arc::clone(&answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, connector) = (acceptor.clone(), connector.clone());
                let (to, from) = (Arc::clone(&to), Arc::clone(&from));
                tokio::spawn(async move {
                    let client = acceptor.accept(stream).await.unwrap();
                    let server = connector.connect().await;
                    let (client_read, client_write) = tokio::io::split(client);
                    let (server_read, server_write) = tokio::io::split(server);
                    tokio::join!(
                        pass(client_read, server_write, &to),
                        pass(server_read, client_write, &from)
                    )
                });
            }
        });
        Self {
            address,
            requests,
            answers,
        }
    }

    /// Everything that the client sent.
    pub(crate) fn requests(&self) -> String {
        String::from_utf8_lossy(&self.requests.lock().unwrap()).into_owned()
    }

    /// Everything that the server sent.
    pub(crate) fn answers(&self) -> String {
        String::from_utf8_lossy(&self.answers.lock().unwrap()).into_owned()
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    record: &Mutex<Vec<u8>>,
) {
    let mut part = Vec::with_capacity(64 * 1024);
    while let Ok(1..) = from.read_buf(&mut part).await {
        if to.write_all(&part).await.is_err() {
            break;
        }
        record.lock().unwrap().append(&mut part);
    }
    to.shutdown().await.ok();
}

fn acceptor(plane: &ControlPlane) -> TlsAcceptor {
    let keyed = plane
        .authority()
        .server("recorder", &[], &["127.0.0.1"])
        .unwrap();
    let chain = CertificateDer::pem_slice_iter(keyed.certificate.as_bytes())
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_slice(keyed.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The API server, for connections of our own.
#[derive(Clone)]
struct Upstream {
    connector: TlsConnector,
    authority: String,
}

impl Upstream {
    fn of(plane: &ControlPlane) -> Self {
        let mut roots = RootCertStore::empty();
        let pem = plane.authority().keyed().certificate.as_bytes();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = plane.server(Endpoint::Outside);
        Self {
            connector: TlsConnector::from(Arc::new(config)),
            authority: server.strip_prefix("https://").unwrap().to_owned(),
        }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(&self.authority).await.unwrap();
        let (host, _) = self.authority.rsplit_once(':').unwrap();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        self.connector.connect(name, stream).await.unwrap()
    }
}

/// Creates config maps `NAME-0`, `NAME-1`, ... over a few connections, as fast as the server takes them.
pub(crate) async fn write_config_maps(
    plane: &ControlPlane,
    token: &str,
    namespace: &str,
    total: u32,
) {
    const CONNECTIONS: u32 = 8;
    let upstream = Upstream::of(plane);
    let writers = (0..CONNECTIONS).map(|writer| {
        let (upstream, token, namespace) = (upstream.clone(), token.to_owned(), namespace.to_owned());
        tokio::spawn(async move {
            let mut stream = upstream.connect().await;
            for number in (writer..total).step_by(CONNECTIONS as usize) {
                let body = format!(
                    r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"many-{number}"}},"data":{{"a":"b"}}}}"#
                );
                let request = format!(
                    "POST /api/v1/namespaces/{namespace}/configmaps HTTP/1.1\r\nhost: bench\r\n\
                     authorization: Bearer {token}\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(request.as_bytes()).await.unwrap();
                let status = read_answer(&mut stream).await;
                assert!(status.starts_with("HTTP/1.1 201"), "{status}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// Reads one whole answer and returns its status line.
async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        assert!(
            stream.read_buf(&mut bytes).await.unwrap() > 0,
            "the connection ended"
        );
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().unwrap());
        if body.len() >= length {
            return head.lines().next().unwrap().to_uppercase();
        }
    }
}
