//! ENTERS: answers of an API server. What leaves is a [`Request`], which can only read.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use viewshed_model::Identity;

use super::failure::{Failure, Refusal, classify};
use super::limits::Limits;
use super::request::{Document, Request};
use crate::text::one_line;

/// A connection to one API server that can only read.
///
/// It holds two connections: one with the credential and one without any, so that the program can
/// tell what the server shows to strangers.
pub struct Client {
    pub(crate) name: String,
    pub(crate) server: String,
    pub(crate) namespace: String,
    pub(crate) known_namespaces: Vec<String>,
    pub(crate) identity: Option<Identity>,
    pub(crate) user_agent: String,
    pub(crate) limits: Limits,
    pub(crate) with_credential: kube::Client,
    pub(crate) without_credential: kube::Client,
    pub(crate) seats: Semaphore,
    pub(crate) review_seats: Semaphore,
    /// Requests in a row that got no answer in time.
    pub(crate) timeouts: AtomicU32,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Client")
            .field("name", &self.name)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The whole body, decompressed.
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer when its status is 2xx, else what the server said.
    pub fn success(self) -> Result<Vec<u8>, Failure> {
        if (200..300).contains(&self.status) {
            Ok(self.body)
        } else {
            Err(Failure::Status(refusal(self.status, &self.body)))
        }
    }
}

/// Which of the two connections a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    Oneself,
    Nobody,
}

/// Bytes of an answer that are read only to be forgotten, so that the server can end it in peace; beyond
/// them the connection is closed.
const FORGOTTEN_BYTES_MAX: usize = 1024 * 1024;

// For requests that are sent again without the server naming a time.
const PAUSE_BETWEEN_TRIES: Duration = Duration::from_millis(250);

impl Client {
    /// Context name, or the server's address when there is no context.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The namespace of the context; `default` when it names none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Namespaces that the user named.
    pub fn known_namespaces(&self) -> &[String] {
        &self.known_namespaces
    }

    /// Who the server takes the credential for; `None` when it does not say (before 1.28).
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sends a request with the credential and waits for the whole answer. A busy server (429, 503
    /// with `Retry-After`) is asked again, as it wishes and within the limits: all tries together take
    /// no longer than one answer may, and one that is under way then. At most `requests_at_once` (for reviews: `reviews_at_once`) are under way.
    pub async fn send(&self, request: &Request) -> Result<Answer, Failure> {
        let seats = match request {
            Request::Document(_) | Request::List(_) | Request::Watch(_) | Request::Guess(_) => {
                &self.seats
            }
            Request::Review(_) => &self.review_seats,
        };
        let mut tries = 0;
        let started = Instant::now();
        loop {
            let seat = seats.acquire().await;
            if self.timeouts.load(Ordering::Relaxed) >= self.limits.timeouts_max {
                return Err(Failure::GivenUp);
            }
            let result = self.send_once(As::Oneself, request).await;
            drop(seat);
            self.count_timeout(request, &result);
            let pause = match &result {
                Ok((_, Some(pause))) => *pause,
                // A connection that broke is tried once more: load balancers drop idle ones.
                Err(Failure::Broken(_)) if tries == 0 => PAUSE_BETWEEN_TRIES,
                Ok((_, None)) | Err(_) => return result.map(|(answer, _)| answer),
            };
            tries += 1;
            let is_late = started.elapsed() + pause > self.limits.answer_time_max;
            if tries > self.limits.retries_max || is_late {
                return result.map(|(answer, _)| answer);
            }
            sleep(pause).await;
        }
    }

    fn count_timeout<T>(&self, request: &Request, result: &Result<T, Failure>) {
        match (request, result) {
            // A kubelet that hangs says nothing about the server.
            (Request::Document(Document::KubeletSettings(_)), _) => {}
            (_, Err(Failure::TimedOut(_))) => {
                self.timeouts.fetch_add(1, Ordering::Relaxed);
            }
            (_, _) => self.timeouts.store(0, Ordering::Relaxed),
        }
    }

    /// The body of a successful answer.
    pub async fn get(&self, request: &Request) -> Result<Vec<u8>, Failure> {
        self.send(request).await?.success()
    }

    /// The status that a request without any credential gets. Its body is not read.
    pub async fn status_for_anonymous(&self, request: &Request) -> Result<u16, Failure> {
        let _seat = self.seats.acquire().await;
        let allowed = self.time_max(request);
        match timeout(allowed, self.start(As::Nobody, request)).await {
            Ok(response) => Ok(response?.status().as_u16()),
            Err(_) => Err(Failure::TimedOut(allowed.as_secs())),
        }
    }

    /// Sends a request once, whatever comes of it, and gives the status. The body is not kept.
    pub(crate) async fn status(&self, who: As, request: &Request) -> Result<u16, Failure> {
        let allowed = self.time_max(request);
        let whole = async {
            let response = self.start(who, request).await?;
            let status = response.status().as_u16();
            forget(response.into_body()).await;
            Ok(status)
        };
        match timeout(allowed, whole).await {
            Ok(result) => result,
            Err(_) => Err(Failure::TimedOut(allowed.as_secs())),
        }
    }

    /// Sends a request once, whatever comes of it, and waits for the whole answer.
    pub(crate) async fn answer(&self, request: &Request) -> Result<Answer, Failure> {
        let (answer, _) = self.send_once(As::Oneself, request).await?;
        Ok(answer)
    }

    async fn send_once(
        &self,
        who: As,
        request: &Request,
    ) -> Result<(Answer, Option<Duration>), Failure> {
        let allowed = self.time_max(request);
        let whole = async {
            let response = self.start(who, request).await?;
            let status = response.status().as_u16();
            let pause = pause_wanted(status, response.headers());
            let body = read(response.into_body(), self.limits.answer_bytes_max).await?;
            Ok((
                Answer { status, body },
                pause.map(|pause| pause.min(self.limits.retry_after_max)),
            ))
        };
        match timeout(allowed, whole).await {
            Ok(result) => result,
            Err(_) => Err(Failure::TimedOut(allowed.as_secs())),
        }
    }

    async fn start(&self, who: As, request: &Request) -> Result<http::Response<Body>, Failure> {
        let body = request.body();
        let mut builder = http::Request::builder()
            .method(request.method())
            .uri(request.path_and_query())
            .header(ACCEPT, request.accept())
            .header(USER_AGENT, &self.user_agent);
        if body.is_some() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |text| Body::from(text.into_bytes()));
        let message = builder
            .body(body)
            .map_err(|error| Failure::Malformed(one_line(&error.to_string())))?;
        let connection = match who {
            As::Oneself => &self.with_credential,
            As::Nobody => &self.without_credential,
        };
        connection
            .send(message)
            .await
            .map_err(|error| classify(&error))
    }

    fn time_max(&self, request: &Request) -> Duration {
        match request {
            Request::Document(Document::KubeletSettings(_)) => self.limits.kubelet_time_max,
            Request::Document(_)
            | Request::List(_)
            | Request::Watch(_)
            | Request::Guess(_)
            | Request::Review(_) => self.limits.answer_time_max,
        }
    }
}

/// How long the server wants to be left alone; `None` when the answer is final.
fn pause_wanted(status: u16, headers: &http::HeaderMap) -> Option<Duration> {
    let named = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    match status {
        429 => Some(named.unwrap_or(PAUSE_BETWEEN_TRIES)),
        503 => named,
        _ => None,
    }
}

async fn read(mut body: Body, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| classify(&error))?;
        if let Some(data) = frame.data_ref() {
            if bytes.len().saturating_add(data.len()) > bytes_max {
                return Err(Failure::TooLarge(bytes_max));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}

/// Reads a body without keeping any of it.
async fn forget(mut body: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, hyper::body::Bytes::len);
        if read > FORGOTTEN_BYTES_MAX {
            return;
        }
    }
}

/// Reads a `metav1.Status`; anything else leaves only the code.
fn refusal(code: u16, body: &[u8]) -> Refusal {
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Status {
        message: String,
        metadata: ListMeta,
    }
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct ListMeta {
        #[serde(rename = "continue")]
        continue_token: String,
    }
    let status: Status = serde_json::from_slice(body).unwrap_or_default();
    Refusal {
        code,
        message: one_line(&status.message),
        continue_token: status.metadata.continue_token,
    }
}

#[cfg(test)]
mod tests;
