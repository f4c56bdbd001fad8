//! LEAVES: GET requests to a kubelet's own API.

use std::time::Duration;

use http::header::{AUTHORIZATION, HOST, HeaderValue, USER_AGENT};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::docker::{self, Address, Endpoint, Failure};
use crate::text::one_line;

/// The kubelet's authenticated port (`KubeletConfiguration` `port`).
pub(crate) const PORT: u16 = 10_250;

/// One request.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) path: &'a str,
    /// `Authorization`, where a credential is shown.
    pub(crate) bearer: Option<HeaderValue>,
    /// Time for the connection, and again for the answer.
    pub(crate) time_max: Duration,
    pub(crate) body: Body,
}

/// What is done with the body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes are read only to be forgotten.
    Forgotten(usize),
    /// It is kept, up to so many bytes; a larger one is no answer.
    Kept(usize),
}

/// Status and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A kubelet's address, on its own port where it names none.
///
/// # Errors
/// What is wrong with the address, in words.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    Ok(match Address::of_tcp(text)? {
        Address::Tcp { host, port } => Address::Tcp {
            host,
            port: port.or(Some(PORT)),
        },
        other @ (Address::Unix(_) | Address::Ssh { .. }) => other,
    })
}

/// The value of `Authorization` for a token, which no log shows.
pub(crate) fn bearer(token: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(&format!("Bearer {}", token.trim())).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Sends one request; what was answered, or why there is no answer.
///
/// # Errors
/// When no connection stands; then nothing was asked.
pub(crate) async fn ask(asked: Asked<'_>) -> Result<Result<Answered, String>, Failure> {
    let time_max = asked.time_max;
    let connecting = async {
        let tls = asked.endpoint.tls.as_ref().map(docker::client_config);
        let tls = tls.transpose();
        let tls = tls.map_err(|error| Failure::Untrusted(one_line(&error.to_string())))?;
        docker::open(asked.endpoint, tls.as_ref()).await
    };
    let opened = match timeout(time_max, connecting).await {
        Ok(opened) => opened?,
        Err(_) => {
            let within = format!("no connection within {} s", time_max.as_secs());
            return Err(Failure::Unreachable(within));
        }
    };
    let asking = async {
        let (mut sender, driver) = http1::handshake(TokioIo::new(opened.stream))
            .await
            .map_err(|error| one_line(&error.to_string()))?;
        let driver = tokio::spawn(driver);
        let mut message = http::Request::get(asked.path)
            .header(HOST, docker::host_header(asked.endpoint))
            .header(USER_AGENT, &asked.endpoint.user_agent);
        if let Some(bearer) = asked.bearer {
            message = message.header(AUTHORIZATION, bearer);
        }
        let message = message
            .body(Empty::<Bytes>::new())
            .map_err(|error| one_line(&error.to_string()))?;
        let answer = sender.send_request(message).await;
        let answer = answer.map_err(|error| one_line(&error.to_string()))?;
        let status = answer.status().as_u16();
        let body = read(answer.into_body(), asked.body).await;
        driver.abort();
        Ok(Answered {
            status,
            body: body?,
        })
    };
    Ok(match timeout(time_max, asking).await {
        Ok(result) => result,
        Err(_) => Err(format!(
            "no complete answer within {} s",
            time_max.as_secs()
        )),
    })
}

async fn read(mut body: Incoming, kept: Body) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = match (frame, kept) {
            (Ok(frame), _) => frame,
            (Err(_), Body::Forgotten(_)) => break,
            (Err(error), Body::Kept(_)) => return Err(one_line(&error.to_string())),
        };
        let data = frame.data_ref().map_or(&[][..], |data| data);
        length += data.len();
        match kept {
            Body::Forgotten(bytes_max) if length > bytes_max => break,
            Body::Forgotten(_) => {}
            Body::Kept(bytes_max) if length > bytes_max => {
                return Err(format!("the answer is larger than {bytes_max} bytes"));
            }
            Body::Kept(_) => bytes.extend_from_slice(data),
        }
    }
    Ok(bytes)
}
