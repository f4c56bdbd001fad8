//! ENTERS: certificates and keys for daemons that speak TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::endpoint::Verification;
use crate::error::Error;

/// Bytes of one certificate or key file; a bundle of every public authority has 250 KB.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Files of a client, each optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// `ca.pem`: who may have signed the daemon's certificate; without it, the system's authorities.
    pub authority: Option<PathBuf>,
    /// `cert.pem`.
    pub certificate: Option<PathBuf>,
    /// `key.pem`.
    pub key: Option<PathBuf>,
    /// Whether the daemon's certificate is checked.
    pub verification: Verification,
}

impl TlsFiles {
    /// Whether a daemon that asks for a client certificate gets one.
    pub(crate) fn name_a_client(&self) -> bool {
        self.certificate.is_some() && self.key.is_some()
    }
}

/// Reads the files into settings for connections.
pub(crate) fn client_config(files: &TlsFiles) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::DockerTls {
            path: PathBuf::new(),
            detail: error.to_string(),
        })?;
    let builder = match files.verification {
        Verification::Verified => {
            builder.with_root_certificates(roots(files.authority.as_deref())?)
        }
        Verification::Unverified => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
    };
    let config = match (&files.certificate, &files.key) {
        (Some(certificate_path), Some(key_path)) => {
            let key =
                PrivateKeyDer::from_pem_slice(&read(key_path)?).map_err(|_| Error::DockerTls {
                    path: key_path.clone(),
                    detail: "no unencrypted private key in PEM form".to_owned(),
                })?;
            builder
                .with_client_auth_cert(certificates(certificate_path)?, key)
                .map_err(|error| Error::DockerTls {
                    path: certificate_path.clone(),
                    detail: in_plain_words(&error),
                })?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

/// The library calls a client certificate that it cannot read a peer's.
fn in_plain_words(error: &rustls::Error) -> String {
    let text = error.to_string();
    if text.contains("UnsupportedCertVersion") {
        return "it is an X.509 certificate of version 1, which is not supported: make it anew with extensions \
                (`openssl x509 -req -extfile FILE`)"
            .to_owned();
    }
    match text.strip_prefix("invalid peer certificate: ") {
        Some(rest) => format!("invalid certificate: {rest}"),
        None => text,
    }
}

fn roots(authority: Option<&Path>) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    match authority {
        Some(path) => {
            let (added, _) = store.add_parsable_certificates(certificates(path)?);
            if added == 0 {
                return Err(Error::DockerTls {
                    path: path.to_owned(),
                    detail: "no usable authority in it".to_owned(),
                });
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Error::DockerTls {
            path: path.to_owned(),
            detail: "no certificate in PEM form".to_owned(),
        }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES_MAX {
        return Err(Error::DockerTls {
            path: path.to_owned(),
            detail: format!("{size} bytes are more than {FILE_BYTES_MAX}"),
        });
    }
    std::fs::read(path).map_err(unreadable)
}

/// Takes any certificate, because the user's own settings say so; signatures are still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
