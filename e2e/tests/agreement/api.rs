//! A small HTTP/1.1 client: many connections to one API server, any request target byte for byte.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use viewshed_bench::ControlPlane;
use viewshed_bench::kubernetes::Endpoint;

/// Enough to keep two cores of the server busy.
const CONNECTIONS: usize = 24;
/// An allowed watch ends by its own timeout of a second; anything later hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// 0 when the connection failed.
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Api {
    address: String,
    connector: TlsConnector,
}

type Connection = BufReader<TlsStream<TcpStream>>;

impl Api {
    /// With the client certificate of a member of `system:masters`.
    pub(crate) fn admin(plane: &ControlPlane) -> Result<Self> {
        let keyed = plane.authority().client("agreement", &["system:masters"])?;
        let certificate = CertificateDer::from_pem_slice(keyed.certificate.as_bytes())?;
        let key = PrivateKeyDer::from_pem_slice(keyed.key.as_bytes())?;
        let config = tls(plane)?.with_client_auth_cert(vec![certificate], key)?;
        Ok(Self::new(plane, config))
    }

    /// Without a certificate: for bearer tokens and anonymous requests.
    pub(crate) fn bare(plane: &ControlPlane) -> Result<Self> {
        let config = tls(plane)?.with_no_client_auth();
        Ok(Self::new(plane, config))
    }

    fn new(plane: &ControlPlane, config: ClientConfig) -> Self {
        let server = plane.server(Endpoint::Outside);
        Self {
            address: server.trim_start_matches("https://").to_owned(),
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    /// Sends every request and hands over each answer with the number of its request. The order of
    /// answers is that of their arrival.
    pub(crate) fn send_all(
        &self,
        requests: impl IntoIterator<Item = Request>,
        on_answer: impl FnMut(usize, Answer),
    ) -> Result<()> {
        let queue = RefCell::new(requests.into_iter().enumerate());
        let on_answer = RefCell::new(on_answer);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        LocalSet::new().block_on(&runtime, async {
            let workers = (0..CONNECTIONS).map(|_| self.work(&queue, &on_answer));
            join_all(workers).await
        })
    }

    /// Sends one request and returns its answer.
    pub(crate) fn send(&self, request: Request) -> Result<Answer> {
        let mut only = None;
        self.send_all([request], |_, answer| only = Some(answer))?;
        only.context("no answer")
    }

    async fn work<I, F>(
        &self,
        queue: &RefCell<std::iter::Enumerate<I>>,
        on_answer: &RefCell<F>,
    ) -> Result<()>
    where
        I: Iterator<Item = Request>,
        F: FnMut(usize, Answer),
    {
        let mut connection: Option<Connection> = None;
        loop {
            let Some((number, request)) = queue.borrow_mut().next() else {
                return Ok(());
            };
            let mut answer = Answer::default();
            // A connection that the server closed meanwhile is worth a second try.
            for _ in 0..2 {
                if connection.is_none() {
                    connection = Some(self.connect().await?);
                }
                let Some(open) = connection.as_mut() else {
                    break;
                };
                let exchange = tokio::time::timeout(ANSWER_LIMIT, exchange(open, &request));
                match exchange.await {
                    Ok(Ok((received, keeps_open))) => {
                        answer = received;
                        if !keeps_open {
                            connection = None;
                        }
                        break;
                    }
                    Ok(Err(_)) | Err(_) => connection = None,
                }
            }
            (on_answer.borrow_mut())(number, answer);
        }
    }

    async fn connect(&self) -> Result<Connection> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("127.0.0.1")?;
        Ok(BufReader::new(self.connector.connect(name, stream).await?))
    }
}

fn tls(
    plane: &ControlPlane,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>> {
    let authority = plane.authority().keyed().certificate.as_bytes();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    Ok(builder
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots))
}

/// Waits for all futures; the first error is returned.
async fn join_all<F: Future<Output = Result<()>>>(futures: impl Iterator<Item = F>) -> Result<()> {
    let mut pending: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        let mut at = 0;
        while let Some(future) = pending.get_mut(at) {
            match future.as_mut().poll(context) {
                std::task::Poll::Pending => at += 1,
                std::task::Poll::Ready(Ok(())) => drop(pending.swap_remove(at)),
                std::task::Poll::Ready(error) => return std::task::Poll::Ready(error),
            }
        }
        if pending.is_empty() {
            std::task::Poll::Ready(Ok(()))
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}

/// One request and its answer, and whether the connection may be used again.
async fn exchange(connection: &mut Connection, request: &Request) -> Result<(Answer, bool)> {
    let mut head = vec![
        format!("{} {} HTTP/1.1", request.method, request.target),
        "Host: bench".to_owned(),
        "Content-Type: application/json".to_owned(),
        format!("Content-Length: {}", request.body.len()),
    ];
    let headers = request.headers.iter();
    head.extend(headers.map(|(name, value)| format!("{name}: {value}")));
    let head = format!("{}\r\n\r\n{}", head.join("\r\n"), request.body);
    connection.get_mut().write_all(head.as_bytes()).await?;
    connection.get_mut().flush().await?;
    let status_line = line(connection).await?;
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .context("no status")?;
    let mut length = None;
    let mut is_chunked = false;
    let mut keeps_open = true;
    loop {
        let header = line(connection).await?.to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        match header.split_once(": ") {
            Some(("content-length", value)) => length = Some(value.parse::<usize>()?),
            Some(("transfer-encoding", _)) => is_chunked = true,
            Some(("connection", "close")) => keeps_open = false,
            _ => {}
        }
    }
    let mut body = Vec::new();
    if request.method == "HEAD" || status == 204 || status == 304 {
        // No body.
    } else if is_chunked {
        read_chunks(connection, &mut body).await?;
    } else if let Some(length) = length {
        body.resize(length, 0);
        connection.read_exact(&mut body).await?;
    } else {
        keeps_open = false;
    }
    Ok((Answer { status, body }, keeps_open))
}

async fn read_chunks(connection: &mut Connection, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let size = usize::from_str_radix(line(connection).await?.trim(), 16)?;
        let start = body.len();
        body.resize(start + size, 0);
        if let Some(space) = body.get_mut(start..) {
            connection.read_exact(space).await?;
        }
        line(connection).await?;
        if size == 0 {
            return Ok(());
        }
    }
}

async fn line(connection: &mut Connection) -> Result<String> {
    let mut bytes = Vec::new();
    connection.read_until(b'\n', &mut bytes).await?;
    if bytes.is_empty() {
        bail!("the connection ended");
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// Counts requests and keeps the first differences in words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) asked: usize,
    pub(crate) allowed: usize,
    pub(crate) differences: usize,
    pub(crate) examples: Vec<String>,
}

impl Tally {
    pub(crate) fn difference(&mut self, example: impl FnOnce() -> String) {
        const EXAMPLES_MAX: usize = 10;
        self.differences += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(example());
        }
    }
}
