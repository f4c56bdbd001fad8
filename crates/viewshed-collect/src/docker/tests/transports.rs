use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpStream, UnixListener};
use tokio_rustls::TlsAcceptor;

use super::{daemon, environment, hasty};
use crate::docker::{Endpoint, TlsFiles, Verification, collect, resolve};
use crate::environment::Environment;
use crate::error::Error;
use crate::fake_server::FakeServer;
use crate::progress::Quiet;

async fn containers(endpoint: &Endpoint) -> Result<usize, Error> {
    let (host, gaps) = collect(endpoint, &hasty(), &Quiet).await?;
    assert_eq!(gaps, []);
    Ok(host.containers.len())
}

#[tokio::test]
async fn a_unix_socket_is_read() {
    let server = FakeServer::start(daemon).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(server.address).await.unwrap();
            tokio::spawn(async move {
                tokio::io::copy_bidirectional(&mut near, &mut far)
                    .await
                    .ok();
            });
        }
    });
    let environment = Environment {
        root: "/".into(),
        ..environment(&[])
    };
    let address = format!("unix://{}", path.display());
    let endpoint = resolve(&environment, Some(&address)).unwrap();
    assert_eq!(containers(&endpoint).await.unwrap(), 2);
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_said_to_be_missing() {
    let endpoint = resolve(&environment(&[]), None).unwrap();
    let error = containers(&endpoint).await.unwrap_err();
    assert!(matches!(error, Error::DaemonUnreachable { .. }), "{error}");
    assert!(error.hint().contains("is the daemon running?"));
}

/// Writes an `ssh` that does what `script` says.
fn ssh(folder: &Path, script: &str) -> Endpoint {
    let program = folder.join("ssh");
    fs::write(&program, format!("#!/bin/bash\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let environment = environment(&[&format!("PATH={}", folder.display())]);
    resolve(&environment, Some("ssh://me@alpha:2222")).unwrap()
}

#[tokio::test]
async fn ssh_carries_the_conversation() {
    let server = FakeServer::start(daemon).await;
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "echo \"$@\" >> {}/arguments\nexec 3<>/dev/tcp/127.0.0.1/{}\ncat <&3 &\ncat >&3",
        folder.path().display(),
        server.address.port()
    );
    let endpoint = ssh(folder.path(), &script);
    assert_eq!(containers(&endpoint).await.unwrap(), 2);
    let arguments = fs::read_to_string(folder.path().join("arguments")).unwrap();
    assert!(
        arguments.lines().all(|line| line
            == "-l me -p 2222 -o ConnectTimeout=30 -T -- alpha docker system dial-stdio")
    );
}

#[tokio::test]
async fn the_words_of_ssh_are_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = ssh(
        folder.path(),
        "echo 'me@alpha: Permission denied (publickey).' >&2\nexit 255",
    );
    let error = containers(&endpoint).await.unwrap_err();
    assert!(
        error.to_string().contains("Permission denied (publickey)."),
        "{error}"
    );
}

#[tokio::test]
async fn an_ssh_that_hangs_runs_into_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = ssh(folder.path(), "exec sleep 60");
    let error = containers(&endpoint).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
}

struct Certificates {
    folder: tempfile::TempDir,
    acceptor: TlsAcceptor,
}

impl Certificates {
    /// A daemon's certificate for 127.0.0.1 and a client's, both of one authority; the daemon demands the client's.
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", &authority.pem());
        let issue = || {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        let (client, client_key) = issue();
        write("cert.pem", &client);
        write("key.pem", &client_key);
        let (server, server_key) = issue();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(server.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(server_key.as_bytes()).unwrap(),
            )
            .unwrap();
        Self {
            folder,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }

    /// Files by the letters of their names: `a`uthority, `c`ertificate, `k`ey.
    fn files(&self, letters: &str, verification: Verification) -> TlsFiles {
        let file = |letter: char, name: &str| {
            letters
                .contains(letter)
                .then(|| self.folder.path().join(name))
        };
        TlsFiles {
            authority: file('a', "ca.pem"),
            certificate: file('c', "cert.pem"),
            key: file('k', "key.pem"),
            verification,
        }
    }
}

#[tokio::test]
async fn tls_needs_the_right_certificates_on_both_sides() {
    let ours = Certificates::new();
    let foreign = Certificates::new();
    let server = FakeServer::start_tls(daemon, ours.acceptor.clone()).await;
    let read = async |tls: TlsFiles| {
        let address = format!("tcp://{}", server.address);
        let mut endpoint = resolve(&environment(&[]), Some(&address)).unwrap();
        endpoint.tls = Some(tls);
        containers(&endpoint).await
    };
    let verified = Verification::Verified;
    assert_eq!(read(ours.files("ack", verified)).await.unwrap(), 2);
    assert_eq!(
        read(ours.files("ck", Verification::Unverified))
            .await
            .unwrap(),
        2
    );
    for tls in [
        ours.files("a", verified),
        ours.files("ck", verified),
        foreign.files("ack", verified),
        foreign.files("ck", Verification::Unverified),
    ] {
        let error = read(tls.clone()).await.unwrap_err();
        assert!(
            matches!(error, Error::DaemonUntrusted { .. }),
            "{tls:?} {error:?}"
        );
    }
}

#[tokio::test]
async fn a_host_says_whether_it_was_read_in_plain_text() {
    let plain = FakeServer::start(daemon).await;
    let address = format!("tcp://{}", plain.address);
    let endpoint = resolve(&environment(&[]), Some(&address)).unwrap();
    let (host, _) = collect(&endpoint, &hasty(), &Quiet).await.unwrap();
    assert!(host.daemon.answered_in_plain_text);
    let certificates = Certificates::new();
    let server = FakeServer::start_tls(daemon, certificates.acceptor.clone()).await;
    let address = format!("tcp://{}", server.address);
    let mut endpoint = resolve(&environment(&[]), Some(&address)).unwrap();
    endpoint.tls = Some(certificates.files("ack", Verification::Verified));
    let (host, _) = collect(&endpoint, &hasty(), &Quiet).await.unwrap();
    assert!(!host.daemon.answered_in_plain_text);
    assert!(!host.daemon.answered_without_certificate);
}

#[tokio::test]
async fn a_host_says_whether_it_was_read_without_a_client_certificate() {
    let (authority, acceptor) = crate::kubernetes::testing_certificates::authority("127.0.0.1");
    let server = FakeServer::start_tls(daemon, acceptor).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), authority).unwrap();
    let variable = format!("DOCKER_CERT_PATH={}", folder.path().display());
    let mut around = environment(&[&variable, "DOCKER_TLS_VERIFY=1"]);
    around.root = PathBuf::from("/");
    let address = format!("tcp://{}", server.address);
    let endpoint = resolve(&around, Some(&address)).unwrap();
    let (host, _) = collect(&endpoint, &hasty(), &Quiet).await.unwrap();
    assert!(host.daemon.answered_without_certificate);
    assert!(!host.daemon.answered_in_plain_text);
    // As with docker, an authority that is named must be there.
    fs::remove_file(folder.path().join("ca.pem")).unwrap();
    let endpoint = resolve(&around, Some(&address)).unwrap();
    let error = collect(&endpoint, &hasty(), &Quiet).await.unwrap_err();
    assert!(error.to_string().contains("ca.pem"), "{error}");
}

#[tokio::test]
async fn a_plain_daemon_is_not_taken_for_a_trusted_one() {
    let certificates = Certificates::new();
    let server = FakeServer::start(daemon).await;
    let address = format!("tcp://{}", server.address);
    let mut endpoint = resolve(&environment(&[]), Some(&address)).unwrap();
    endpoint.tls = Some(certificates.files("ack", Verification::Verified));
    let error = containers(&endpoint).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::DaemonUntrusted { .. } | Error::TimedOut { .. }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_that_is_none_is_named() {
    let certificates = Certificates::new();
    fs::write(certificates.folder.path().join("key.pem"), "secret stuff").unwrap();
    let mut endpoint = resolve(&environment(&[]), Some("tcp://127.0.0.1:1")).unwrap();
    endpoint.tls = Some(certificates.files("ack", Verification::Verified));
    let error = containers(&endpoint).await.unwrap_err().to_string();
    assert!(
        error.contains("key.pem") && !error.contains("secret stuff"),
        "{error}"
    );
}
