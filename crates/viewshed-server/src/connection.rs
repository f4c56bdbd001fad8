//! LEAVES: connections to those who get deliveries, plain or with TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::error::Error;

/// Time until a connection stands, TLS included.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// Both directions of a connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A host and how to talk to it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl Peer {
    /// Opens a connection. The error is in words.
    pub(crate) async fn connect(&self) -> Result<Box<dyn Stream>, String> {
        match timeout(CONNECT_TIME_MAX, self.open()).await {
            Ok(result) => result,
            Err(_) => Err(format!(
                "no connection within {} s",
                CONNECT_TIME_MAX.as_secs()
            )),
        }
    }

    async fn open(&self) -> Result<Box<dyn Stream>, String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| error.to_string())?;
        let Some(config) = &self.tls else {
            return Ok(Box::new(stream));
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(Arc::clone(config))
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        Ok(Box::new(stream))
    }
}

/// Trusts this authority, else those of the system.
pub(crate) fn client_config(authority: Option<&PathBuf>) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    match authority {
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(path) => {
            let (added, _) = roots.add_parsable_certificates(certificates(path)?);
            if added == 0 {
                return Err(unusable(path, "no usable authority in it"));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Target {
            target: "TLS".to_owned(),
            detail: error.to_string(),
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = std::fs::read(path).map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| unusable(path, "no certificate in PEM form"))
}

fn unusable(path: &Path, detail: &str) -> Error {
    Error::Unusable {
        path: path.to_owned(),
        detail: detail.to_owned(),
    }
}
