//! A server on loopback that answers as a test wishes, well or badly. It ends with the test program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What goes back.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A status and a body.
    Json(u16, String),
    /// The same with one more header.
    Header(u16, &'static str, String, String),
    /// These bytes, then the end of the connection.
    Raw(&'static [u8]),
    /// A head that promises much, then one byte at a time for ever.
    Drip,
    /// A head, then bytes for ever.
    Flood,
    /// Nothing, for ever.
    Hang,
}

impl Reply {
    /// A `--timeout` in seconds under which only a reply that never ends is given up, also where other tests keep the
    /// machine busy.
    pub(crate) fn timeout_s(&self) -> &'static str {
        match self {
            Self::Hang | Self::Drip => "6",
            Self::Json(..) | Self::Header(..) | Self::Raw(_) | Self::Flood => "40",
        }
    }
}

pub(crate) struct FakeServer {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    /// The certificate, in PEM.
    pub(crate) certificate: String,
}

impl FakeServer {
    /// Answers each path (without its query) over plain HTTP.
    pub(crate) fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(answer, None, String::new())
    }

    /// The same over TLS, with a certificate of its own for `name`.
    pub(crate) fn start_tls(
        name: &str,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let keyed = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(keyed.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![keyed.cert.der().clone()], key)
            .unwrap();
        Self::serve(answer, Some(Arc::new(config)), keyed.cert.pem())
    }

    fn serve(
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
        tls: Option<Arc<ServerConfig>>,
        certificate: String,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, tls) = (Arc::clone(&answer), tls.clone());
                std::thread::spawn(move || {
                    let ended = match tls {
                        None => talk(stream, &*answer),
                        Some(config) => {
                            let connection = ServerConnection::new(config).unwrap();
                            talk(StreamOwned::new(connection, stream), &*answer)
                        }
                    };
                    // A client that went away is none of our business.
                    ended.ok();
                });
            }
        });
        Self {
            address,
            scheme,
            certificate,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// A kubeconfig that leads here.
    pub(crate) fn kubeconfig(&self) -> String {
        kubeconfig(&self.url(), "insecure-skip-tls-verify: true")
    }
}

/// A kubeconfig with one more setting of its cluster.
pub(crate) fn kubeconfig(server: &str, setting: &str) -> String {
    format!(
        "current-context: here\n\
         contexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{server}', {setting}}}}}]\n\
         users: [{{name: u, user: {{token: abc}}}}]\n"
    )
}

fn talk(stream: impl Read + Write, answer: &dyn Fn(&str) -> Reply) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(path) = read_request(&mut stream)? {
        let reply = answer(&path);
        let pipe = stream.get_mut();
        match reply {
            Reply::Json(status, body) => {
                write!(
                    pipe,
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )?;
            }
            Reply::Header(status, name, value, body) => {
                write!(
                    pipe,
                    "HTTP/1.1 {status} X\r\n{name}: {value}\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )?;
            }
            Reply::Raw(bytes) => {
                pipe.write_all(bytes)?;
                return pipe.flush();
            }
            Reply::Drip => {
                pipe.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{")?;
                loop {
                    pipe.flush()?;
                    std::thread::sleep(Duration::from_millis(50));
                    pipe.write_all(b" ")?;
                }
            }
            Reply::Flood => {
                pipe.write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"items\":[")?;
                let part = vec![b' '; 1 << 20];
                loop {
                    pipe.write_all(&part)?;
                }
            }
            Reply::Hang => loop {
                std::thread::sleep(Duration::from_secs(3600));
            },
        }
        pipe.flush()?;
    }
    Ok(())
}

/// The path of the next request, its body read; nothing at the end of the connection.
fn read_request(stream: &mut BufReader<impl Read + Write>) -> std::io::Result<Option<String>> {
    let mut first = Vec::new();
    if stream.read_until(b'\n', &mut first)? == 0 {
        return Ok(None);
    }
    let Ok(first) = String::from_utf8(first) else {
        // A TLS greeting: as every web server answers it.
        let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        stream.get_mut().write_all(answer)?;
        return Ok(None);
    };
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.parse().unwrap();
        }
    }
    stream.read_exact(&mut vec![0; length])?;
    let target = first.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    Ok(Some(path.to_owned()))
}
