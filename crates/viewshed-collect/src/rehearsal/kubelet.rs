//! LEAVES: GET requests for two paths of a kubelet. Answers are not kept: they hold whole pods.

use std::path::{Path, PathBuf};

use http::header::HeaderValue;

use super::sequence::Bearer;
use crate::docker::{Endpoint, Failure, TlsFiles, Verification};
use crate::kubelet::{self, Asked, Body};
use crate::kubernetes::Limits;

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
    let token = match bearer {
        Bearer::Nobody => None,
        Bearer::Token => Some(token(kubelet)?),
    };
    let endpoint = endpoint(kubelet, bearer, user_agent)?;
    let asked = Asked {
        endpoint: &endpoint,
        path,
        bearer: token,
        time_max: limits.kubelet_time_max,
        body: Body::Forgotten(FORGOTTEN_BYTES_MAX),
    };
    let answered = kubelet::ask(asked).await;
    let answered = answered.map_err(|failure| Unreached(untrusted(&failure)))?;
    Ok(answered.map(|answer| answer.status))
}

fn endpoint(kubelet: &Kubelet, bearer: Bearer, user_agent: &str) -> Result<Endpoint, Unreached> {
    let may_verify = bearer == Bearer::Token && kubelet.trust == KubeletTrust::Vouched;
    Ok(Endpoint {
        name: kubelet.address.clone(),
        address: kubelet::address(&kubelet.address).map_err(Unreached)?,
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
    kubelet::bearer(&text).ok_or_else(|| Unreached(format!("`{}` holds no token", path.display())))
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
