//! LEAVES: incidents as JSON, posted to a server of the user.

use std::path::PathBuf;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::time::timeout;

use crate::connection::{Peer, client_config};
use crate::delivery::Delivery;
use crate::error::Error;
use crate::retry::{Attempt, asked};
use crate::signature::Secret;

/// Time from sending a message to the head of its answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// A server that gets incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// `https://...` or `http://...`; without credentials in it.
    pub url: String,
    /// Signs every message.
    pub secret: Option<Secret>,
    /// Sent as `Authorization: Bearer ...`.
    pub token: Option<Secret>,
    /// Who must have signed the server's certificate; else the system's authorities.
    pub authority: Option<PathBuf>,
    /// For example `viewshed/0.1.0`.
    pub user_agent: String,
}

/// Settings that were found to make sense.
#[derive(Debug)]
pub(crate) struct Webhook {
    peer: Peer,
    path: String,
    host: String,
    secret: Option<Secret>,
    token: Option<HeaderValue>,
    user_agent: String,
}

impl Webhook {
    pub(crate) fn new(settings: &WebhookSettings) -> Result<Self, Error> {
        let wrong = |detail: &str| Error::Target {
            // A token may stand in the path or query.
            target: shown(&settings.url),
            detail: detail.to_owned(),
        };
        let uri: Uri = settings.url.parse().map_err(|_| wrong("it is not a URL"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => {
                return Err(wrong(
                    "it begins neither with `https://` nor with `http://`",
                ));
            }
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("credentials in a URL are not sent; give a token"));
        }
        let tls = is_tls
            .then(|| client_config(settings.authority.as_ref()))
            .transpose()?;
        let token = match &settings.token {
            None => None,
            Some(token) => {
                let value = HeaderValue::try_from(format!("Bearer {}", token.text()));
                let mut value = value.map_err(|_| wrong("its token is not plain text"))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(Self {
            peer: Peer {
                host: authority.host().trim_matches(['[', ']']).to_owned(),
                port: authority
                    .port_u16()
                    .unwrap_or(if is_tls { 443 } else { 80 }),
                tls,
            },
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
            host: authority.as_str().to_owned(),
            secret: settings.secret.clone(),
            token,
            user_agent: settings.user_agent.clone(),
        })
    }

    /// Without path and query.
    pub(crate) fn name(&self) -> String {
        format!("webhook {}", self.host)
    }

    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Attempt {
        match timeout(ANSWER_TIME_MAX, self.exchange(delivery)).await {
            Ok(Ok(attempt)) => attempt,
            Ok(Err(words)) => Attempt::Later(None, words),
            Err(_) => Attempt::Later(
                None,
                format!("no answer within {} s", ANSWER_TIME_MAX.as_secs()),
            ),
        }
    }

    async fn exchange(&self, delivery: &Delivery) -> Result<Attempt, String> {
        let now = Timestamp::now();
        let request = self
            .request(delivery, now)
            .map_err(|error| error.to_string())?;
        let stream = self.peer.connect().await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request).await;
        // Only the answer's head counts; a body may go on for ever.
        driver.abort();
        let answer = answer.map_err(|error| error.to_string())?;
        let later = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| asked(value.to_str().ok()?, now));
        Ok(judge(answer.status(), later))
    }

    fn request(
        &self,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Request<Full<Bytes>>, http::Error> {
        let id = delivery.key();
        let timestamp_s = now.as_second();
        let mut request = Request::post(&self.path)
            .header(HOST, &self.host)
            .header(USER_AGENT, &self.user_agent)
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "close")
            .header("idempotency-key", &id)
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp_s);
        let body = delivery.json.as_bytes();
        let signature = self
            .secret
            .as_ref()
            .and_then(|secret| secret.sign(&id, timestamp_s, body));
        if let Some(signature) = signature {
            request = request.header("webhook-signature", signature);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        request.body(Full::new(Bytes::copy_from_slice(body)))
    }
}

/// A server that does not want the message itself will not want it later. Everything else may be mended: a
/// wrong token, a path that is not there yet.
fn judge(status: StatusCode, later: Option<Duration>) -> Attempt {
    match status.as_u16() {
        200..=299 => Attempt::Delivered,
        400 | 413 | 415 | 422 => Attempt::Refused(format!("status {status}")),
        _ => Attempt::Later(later, format!("status {status}")),
    }
}

fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host: String = host.chars().filter(|letter| !letter.is_control()).collect();
    format!("{scheme}://{host}")
}
