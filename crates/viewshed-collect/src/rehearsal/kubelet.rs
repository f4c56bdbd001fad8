//! LEAVES: GET requests for two paths of a kubelet. Answers are not kept: they hold whole pods.

use std::path::{Path, PathBuf};

use http::header::{AUTHORIZATION, HOST, HeaderValue, USER_AGENT};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::sequence::Bearer;
use crate::docker::{self, Address, Endpoint, Failure, TlsFiles, Verification};
use crate::kubernetes::Limits;
use crate::text::one_line;

/// The kubelet's authenticated port (`KubeletConfiguration` `port`).
const PORT: u16 = 10_250;

/// Bytes of an answer that are read only to be forgotten.
const FORGOTTEN_BYTES_MAX: usize = 1024 * 1024;

/// One kubelet, and what may be shown to it.
#[derive(Debug, Clone, Default)]
pub struct Kubelet {
    /// Name or address, with a port where it is not 10250.
    pub address: String,
    /// The file of the token that it is asked with; `None` asks without only.
    pub token: Option<PathBuf>,
    /// The authority that its certificate is checked with before a token leaves.
    pub authority: Option<PathBuf>,
    /// Whether a token leaves to a kubelet whose certificate the authority has not signed, as most kubelets'.
    pub trust: KubeletTrust,
}

/// To whom a token may be shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KubeletTrust {
    /// To whom the cluster's authority vouches for.
    #[default]
    Vouched,
    /// To whoever answers at the address.
    Anybody,
}

/// Why nothing arrived, in words.
pub(super) struct Unreached(pub(super) String);

/// Sends one request; the status of its answer, or why there is none.
///
/// # Errors
/// [`Unreached`] when no connection stands; then nothing was asked.
pub(super) async fn ask(
    kubelet: &Kubelet,
    (path, bearer): (&str, Bearer),
    user_agent: &str,
    limits: &Limits,
) -> Result<Result<u16, String>, Unreached> {
    let allowed = limits.kubelet_time_max;
    let token = match bearer {
        Bearer::Nobody => None,
        Bearer::Token => Some(token(kubelet)?),
    };
    let endpoint = endpoint(kubelet, bearer, user_agent)?;
    let connecting = async {
        let tls = endpoint.tls.as_ref().map(docker::client_config).transpose();
        let tls = tls.map_err(|error| Unreached(error.to_string()))?;
        docker::open(&endpoint, tls.as_ref())
            .await
            .map_err(|failure| Unreached(untrusted(&failure)))
    };
    let opened = match timeout(allowed, connecting).await {
        Ok(opened) => opened?,
        Err(_) => {
            return Err(Unreached(format!(
                "no connection within {} s",
                allowed.as_secs()
            )));
        }
    };
    let asking = async {
        let (mut sender, driver) = http1::handshake(TokioIo::new(opened.stream))
            .await
            .map_err(|error| one_line(&error.to_string()))?;
        let driver = tokio::spawn(driver);
        let mut message = http::Request::get(path)
            .header(HOST, docker::host_header(&endpoint))
            .header(USER_AGENT, user_agent);
        if let Some(token) = token {
            message = message.header(AUTHORIZATION, token);
        }
        let message = message
            .body(Empty::<Bytes>::new())
            .map_err(|error| one_line(&error.to_string()))?;
        let answer = sender.send_request(message).await;
        let answer = answer.map_err(|error| one_line(&error.to_string()))?;
        let status = answer.status().as_u16();
        forget(answer.into_body()).await;
        driver.abort();
        Ok(status)
    };
    Ok(match timeout(allowed, asking).await {
        Ok(result) => result,
        Err(_) => Err(format!("no complete answer within {} s", allowed.as_secs())),
    })
}

async fn forget(mut body: hyper::body::Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > FORGOTTEN_BYTES_MAX {
            return;
        }
    }
}

fn endpoint(kubelet: &Kubelet, bearer: Bearer, user_agent: &str) -> Result<Endpoint, Unreached> {
    let may_verify = bearer == Bearer::Token && kubelet.trust == KubeletTrust::Vouched;
    let address = Address::of_tcp(&kubelet.address).map_err(Unreached)?;
    let address = match address {
        Address::Tcp { host, port } => Address::Tcp {
            host,
            port: port.or(Some(PORT)),
        },
        other @ (Address::Unix(_) | Address::Ssh { .. }) => other,
    };
    Ok(Endpoint {
        name: kubelet.address.clone(),
        address,
        tls: Some(TlsFiles {
            authority: kubelet.authority.clone(),
            verification: if may_verify {
                Verification::Verified
            } else {
                Verification::Unverified
            },
            ..TlsFiles::default()
        }),
        ssh_program: PathBuf::new(),
        user_agent: user_agent.to_owned(),
    })
}

fn token(kubelet: &Kubelet) -> Result<HeaderValue, Unreached> {
    let path = kubelet
        .token
        .as_deref()
        .ok_or_else(|| Unreached("there is no token to show to it".to_owned()))?;
    if kubelet.trust == KubeletTrust::Vouched && kubelet.authority.is_none() {
        return Err(Unreached(
            "no authority vouches for it, so it is not shown the token; --trust-kubelet shows it"
                .to_owned(),
        ));
    }
    let text = read(path)?;
    let mut header = HeaderValue::from_str(&format!("Bearer {}", text.trim()))
        .map_err(|_| Unreached(format!("`{}` holds no token", path.display())))?;
    header.set_sensitive(true);
    Ok(header)
}

fn read(path: &Path) -> Result<String, Unreached> {
    std::fs::read_to_string(path)
        .map_err(|error| Unreached(format!("cannot read `{}`: {error}", path.display())))
}

fn untrusted(failure: &Failure) -> String {
    match failure {
        Failure::Untrusted(detail) => format!(
            "the cluster's authority does not vouch for its certificate ({detail}), so it is not shown the \
             token; --trust-kubelet shows it"
        ),
        other => other.detail(),
    }
}
