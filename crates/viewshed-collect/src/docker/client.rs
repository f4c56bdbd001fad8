//! LEAVES: GET requests to a Docker daemon over HTTP/1.1; answers come back as bytes.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{ACCEPT, HOST, USER_AGENT};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::connect::{broken, host_header, open};
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::limits::Limits;
use super::request::{METHOD, Request};
use super::tls::client_config;
use crate::error::Error;
use crate::text::one_line;

/// Bytes of an error's body that are looked at for its message.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// How long a child that has closed its output may take to end and let its complaint be read.
const COMPLAINT_TIME_MAX: Duration = Duration::from_secs(1);

/// A daemon's answer with status 200.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Asks one daemon. Connections are kept and used again.
pub(super) struct Client<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) limits: &'a Limits,
    tls: Option<Arc<ClientConfig>>,
    idle: Mutex<Vec<Connection>>,
    timeouts: AtomicU32,
}

/// One connection with the task that moves its bytes.
struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    driver: JoinHandle<()>,
    complaint: Option<JoinHandle<String>>,
}

/// Keeps the connection of an answer that is being read.
pub(super) struct Streaming(
    #[expect(dead_code, reason = "dropping it closes the connection")] Connection,
);

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
        if let Some(complaint) = &self.complaint {
            complaint.abort();
        }
    }
}

impl<'a> Client<'a> {
    /// Reads the TLS files; nothing is sent.
    pub(super) fn new(endpoint: &'a Endpoint, limits: &'a Limits) -> Result<Self, Error> {
        Ok(Self {
            tls: endpoint.tls.as_ref().map(client_config).transpose()?,
            endpoint,
            limits,
            idle: Mutex::new(Vec::new()),
            timeouts: AtomicU32::new(0),
        })
    }

    /// Sends one request and reads its answer, within the limits.
    pub(super) async fn get(&self, request: &Request, version: &str) -> Result<Answer, Failure> {
        if self.timeouts.load(Ordering::Relaxed) >= self.limits.timeouts_max {
            return Err(Failure::GivenUp);
        }
        let time = request.time_max(self.limits);
        let result = within(time, self.exchange(request, version)).await;
        match &result {
            Err(Failure::TimedOut(_)) => {
                self.timeouts.fetch_add(1, Ordering::Relaxed);
            }
            _ => self.timeouts.store(0, Ordering::Relaxed),
        }
        result
    }

    /// Sends one request and gives the body of its answer as it comes, however long that takes.
    pub(super) async fn open(
        &self,
        request: &Request,
        version: &str,
    ) -> Result<(Streaming, Incoming), Failure> {
        let mut connection = within(self.limits.connect_time_max, self.connect()).await?;
        let sent = self.send(&mut connection, request, version);
        let response = within(self.limits.answer_time_max, sent).await?;
        let (head, body) = response.into_parts();
        if head.status != StatusCode::OK {
            let text = self.read(body, MESSAGE_BYTES_MAX).await;
            let text = text.map(|body| message(&body)).unwrap_or_default();
            return Err(Failure::Status(head.status.as_u16(), text));
        }
        Ok((Streaming(connection), body))
    }

    async fn exchange(&self, request: &Request, version: &str) -> Result<Answer, Failure> {
        let kept = self.take_idle();
        let is_reused = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let response = match self.send(&mut connection, request, version).await {
            // The daemon may have closed a connection that we kept; asking again changes nothing there.
            Err(_) if is_reused => {
                connection = self.connect().await?;
                self.send(&mut connection, request, version).await?
            }
            other => other?,
        };
        let (head, body) = response.into_parts();
        let is_success = head.status == StatusCode::OK;
        let bytes_max = if is_success {
            request.bytes_max(self.limits)
        } else {
            MESSAGE_BYTES_MAX
        };
        let read = self.read(body, bytes_max).await;
        if !is_success {
            let text = read.map(|body| message(&body)).unwrap_or_default();
            return Err(Failure::Status(head.status.as_u16(), text));
        }
        let body = read?;
        self.keep(connection);
        Ok(Answer {
            headers: head.headers,
            body,
        })
    }

    async fn send(
        &self,
        connection: &mut Connection,
        request: &Request,
        version: &str,
    ) -> Result<Response<Incoming>, Failure> {
        let message = http::Request::builder()
            .method(METHOD)
            .uri(request.path(version))
            .header(HOST, host_header(self.endpoint))
            .header(USER_AGENT, &self.endpoint.user_agent)
            .header(ACCEPT, "application/json")
            .body(Empty::<Bytes>::new())
            .map_err(|error| Failure::Broken(one_line(&error.to_string())))?;
        match connection.sender.send_request(message).await {
            Ok(response) => Ok(response),
            Err(error) => Err(self.explain(connection, broken(&error)).await),
        }
    }

    /// A connection through `ssh` breaks because `ssh` ended, and it says why.
    async fn explain(&self, connection: &mut Connection, failure: Failure) -> Failure {
        let Some(complaint) = connection.complaint.as_mut() else {
            return failure;
        };
        match timeout(COMPLAINT_TIME_MAX, complaint).await {
            Ok(Ok(words)) if !words.is_empty() => Failure::Unreachable(words),
            _ => failure,
        }
    }

    async fn read(&self, mut body: Incoming, bytes_max: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        loop {
            let frame = match timeout(self.limits.idle_time_max, body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return Err(broken(&error)),
                Ok(None) => return Ok(bytes),
                Err(_) => return Err(Failure::TimedOut(self.limits.idle_time_max.as_secs())),
            };
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if bytes.len() + data.len() > bytes_max {
                return Err(Failure::TooLarge(bytes_max));
            }
            bytes.extend_from_slice(data);
        }
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let limit = self.limits.connect_time_max;
        let opened = within(limit, open(self.endpoint, self.tls.as_ref())).await?;
        let (sender, driver) = http1::handshake(TokioIo::new(opened.stream))
            .await
            .map_err(|error| broken(&error))?;
        Ok(Connection {
            sender,
            driver: tokio::spawn(async move {
                // The request that was under way reports the same error.
                driver.await.ok();
            }),
            complaint: opened.complaint,
        })
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if connection.sender.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(connection);
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(Failure::TimedOut(limit.as_secs())),
    }
}

/// `{"message": ...}`, or the text itself.
fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Message {
        message: String,
    }
    match serde_json::from_slice::<Message>(body) {
        Ok(answer) => one_line(&answer.message),
        Err(_) => one_line(&String::from_utf8_lossy(body)),
    }
}
