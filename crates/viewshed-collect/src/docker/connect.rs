//! LEAVES: connections to a daemon: socket, TCP, TLS, or the streams of `ssh`.

use std::error::Error as StdError;
use std::io::{Error as IoError, ErrorKind};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::address::Address;
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::ssh;
use crate::text::one_line;

/// Docker's registered ports, without and with TLS.
const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// Both directions of a connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open connection.
pub(crate) struct Opened {
    pub(crate) stream: Box<dyn Stream>,
    /// What `ssh` complained about, once it has ended.
    pub(super) complaint: Option<JoinHandle<String>>,
}

/// Opens a connection; the caller bounds the time.
pub(crate) async fn open(
    endpoint: &Endpoint,
    tls: Option<&Arc<ClientConfig>>,
) -> Result<Opened, Failure> {
    match &endpoint.address {
        Address::Unix(path) => {
            let stream = UnixStream::connect(path)
                .await
                .map_err(|error| refused(&error))?;
            Ok(plain(stream))
        }
        Address::Tcp { host, port } => {
            let default_port = if tls.is_some() { TLS_PORT } else { PLAIN_PORT };
            let stream = TcpStream::connect((host.as_str(), port.unwrap_or(default_port)))
                .await
                .map_err(|error| refused(&error))?;
            match tls {
                Some(config) => secured(stream, host, Arc::clone(config)).await,
                None => Ok(plain(stream)),
            }
        }
        Address::Ssh { .. } => {
            let (pipe, complaint) = ssh::dial(endpoint)?;
            Ok(Opened {
                complaint: Some(complaint),
                ..plain(pipe)
            })
        }
    }
}

/// The `Host` header, which a daemon does not look at but HTTP demands.
pub(crate) fn host_header(endpoint: &Endpoint) -> String {
    match &endpoint.address {
        Address::Tcp { host, port } => {
            let host = if host.contains(':') {
                format!("[{host}]")
            } else {
                host.clone()
            };
            port.map_or(host.clone(), |port| format!("{host}:{port}"))
        }
        Address::Unix(_) | Address::Ssh { .. } => "docker".to_owned(),
    }
}

fn plain(stream: impl Stream + 'static) -> Opened {
    Opened {
        stream: Box::new(stream),
        complaint: None,
    }
}

async fn secured(
    stream: TcpStream,
    host: &str,
    config: Arc<ClientConfig>,
) -> Result<Opened, Failure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::Unreachable(format!("`{host}` is not a host name")))?;
    let stream = TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|error| match as_tls(&error) {
            Some(rustls::Error::InvalidMessage(_)) => {
                Failure::Untrusted("it does not speak TLS".to_owned())
            }
            Some(tls) => Failure::Untrusted(one_line(&tls.to_string())),
            None => Failure::Untrusted(one_line(&error.to_string())),
        })?;
    Ok(plain(stream))
}

fn refused(error: &IoError) -> Failure {
    if error.kind() == ErrorKind::PermissionDenied {
        Failure::Denied
    } else {
        Failure::Unreachable(one_line(&error.to_string()))
    }
}

/// What a broken exchange is: an alert after the handshake (TLS 1.3 refuses clients only then), or a break.
pub(super) fn broken(error: &(dyn StdError + 'static)) -> Failure {
    let mut words = String::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<IoError>().and_then(as_tls);
        if let Some(tls) = inner {
            return Failure::Untrusted(one_line(&tls.to_string()));
        }
        // The innermost cause says most.
        words = error.to_string();
        cause = error.source();
    }
    Failure::Broken(one_line(&words))
}

fn as_tls(error: &IoError) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>()
}
