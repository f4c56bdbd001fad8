//! ENTERS: bodies that are pushed to the listener, and the answers that go back.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flate2::bufread::MultiGzDecoder;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Incoming};
use memchr::memchr;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use viewshed_model::GapReason;

use super::chunk::{Chunk, Mark};
use super::head::is_document;
use super::inbox::Producer;
use super::limits::{
    BODIES_BYTES_MAX, BODY_BYTES_MAX, BODY_TIME_MAX, CONNECTIONS_MAX, HEAD_BYTES, RECEIPT_TIME_MAX,
    RETRY_AFTER_S, ROOM_TIME_MAX,
};
use super::report::{Report, gap};

/// The pusher waits for it; dropped without being given, the pusher is told to come again.
#[derive(Debug)]
pub(super) struct Receipt {
    pusher: oneshot::Sender<()>,
    /// The body's share of [`BODIES_BYTES_MAX`].
    room: OwnedSemaphorePermit,
}

impl Receipt {
    /// The body is worked off: its room is free, and its pusher can be told.
    pub(super) fn worked_off(self) -> oneshot::Sender<()> {
        drop(self.room);
        self.pusher
    }
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct Bodies {
    pub(super) source: Arc<str>,
    /// Taken away when nothing more is to come in.
    pub(super) producer: Mutex<Option<Producer>>,
    pub(super) report: Arc<Report>,
    /// Hash of the token that pushers must show.
    token: Option<[u8; 32]>,
    /// In bytes.
    room: Arc<Semaphore>,
    /// One permit for each request whose body is on its way.
    pub(super) under_way: Arc<Semaphore>,
    pub(super) room_time_max: Duration,
}

/// Why a request is not accepted.
type Refusal = (StatusCode, &'static str);

impl Bodies {
    pub(super) fn new(
        source: Arc<str>,
        producer: Producer,
        report: Arc<Report>,
        token: Option<&str>,
    ) -> Self {
        Self {
            source,
            producer: Mutex::new(Some(producer)),
            report,
            token: token.map(hash),
            room: Arc::new(Semaphore::new(BODIES_BYTES_MAX)),
            under_way: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            room_time_max: ROOM_TIME_MAX,
        }
    }

    /// Answers one request: 200 only when its events are worked off.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Empty<Bytes>> {
        if request.method() == Method::GET && request.uri().path() == "/healthz" {
            return respond(StatusCode::OK);
        }
        match self.accept(request).await {
            Ok(()) => respond(StatusCode::OK),
            Err((status, words)) => {
                self.refused(status, words);
                respond(status)
            }
        }
    }

    /// What a pusher need not send again, or cannot send otherwise, is missing for good.
    fn refused(&self, status: StatusCode, words: &str) {
        self.report.refused(&self.source);
        let reason = match status {
            StatusCode::BAD_REQUEST => GapReason::Malformed,
            StatusCode::PAYLOAD_TOO_LARGE => GapReason::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => GapReason::Unsupported,
            _ => return,
        };
        let detail = format!("a pushed body was refused: {words}");
        self.report.gap(gap(&self.source, reason, detail, ""));
    }

    async fn accept(&self, request: Request<Incoming>) -> Result<(), Refusal> {
        if request.method() != Method::POST {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "not a POST"));
        }
        if !self.is_known(request.headers()) {
            return Err((StatusCode::UNAUTHORIZED, "no or another token"));
        }
        let receipt = {
            let _under_way = Arc::clone(&self.under_way).acquire_owned().await;
            let is_gzip = is_gzip(request.headers())?;
            let size = request.body().size_hint().exact().filter(|_| !is_gzip);
            let room = self.room(size).await?;
            let body = request.into_body();
            let received = timeout(BODY_TIME_MAX, receive(body)).await;
            let bytes = received.map_err(|_| (StatusCode::REQUEST_TIMEOUT, "too slow"))??;
            let bytes = if is_gzip { unfold(&bytes)? } else { bytes };
            if bytes.is_empty() {
                return Ok(());
            }
            self.hand_in(bytes, room)?
        };
        match timeout(RECEIPT_TIME_MAX, receipt).await {
            Ok(Ok(())) => Ok(()),
            _ => Err((StatusCode::SERVICE_UNAVAILABLE, "not worked off in time")),
        }
    }

    fn is_known(&self, headers: &HeaderMap) -> bool {
        let Some(wanted) = self.token else {
            return true;
        };
        headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            // Hashes are compared: how long that takes tells nothing about the token.
            .is_some_and(|token| hash(token.trim()) == wanted)
    }

    /// Waits until there is room for the body, before a byte of it is read.
    async fn room(&self, size: Option<u64>) -> Result<OwnedSemaphorePermit, Refusal> {
        let size = size.map_or(BODY_BYTES_MAX, |size| {
            usize::try_from(size).unwrap_or(usize::MAX)
        });
        if size > BODY_BYTES_MAX {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, "larger than the limit"));
        }
        let permits = u32::try_from(size).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(permits);
        match timeout(self.room_time_max, room).await {
            Ok(Ok(room)) => Ok(room),
            _ => Err((StatusCode::TOO_MANY_REQUESTS, "no room")),
        }
    }

    fn hand_in(
        &self,
        bytes: Vec<u8>,
        mut room: OwnedSemaphorePermit,
    ) -> Result<oneshot::Receiver<()>, Refusal> {
        let spare = room.num_permits().saturating_sub(bytes.len());
        drop(room.split(spare));
        let (pusher, receipt) = oneshot::channel();
        let size = bytes.len();
        let chunk = Chunk {
            source: Arc::clone(&self.source),
            file: Arc::clone(&self.source),
            is_document: !is_lines(&bytes),
            bytes,
            offset: 0,
            mark: Mark::Body(Receipt { pusher, room }),
        };
        let producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(producer) = producer.as_ref() else {
            return Err((StatusCode::SERVICE_UNAVAILABLE, "about to stop"));
        };
        producer.push_now(chunk);
        self.report.came(&self.source, size);
        Ok(receipt)
    }
}

/// A body that is lines: its first line is complete, and more follow.
fn is_lines(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let rest = memchr(b'\n', bytes).and_then(|at| bytes.get(at..));
    !is_document(head) && rest.is_some_and(|rest| !rest.trim_ascii().is_empty())
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map(http::HeaderValue::as_bytes);
    match encoding {
        None | Some(b"identity" | b"") => Ok(false),
        Some(b"gzip" | b"x-gzip") => Ok(true),
        Some(_) => Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "another encoding")),
    }
}

async fn receive(mut body: Incoming) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| (StatusCode::BAD_REQUEST, "broken off"))?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if bytes.len() + data.len() > BODY_BYTES_MAX {
            return Err((StatusCode::PAYLOAD_TOO_LARGE, "larger than the limit"));
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

fn unfold(compressed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(compressed)
        .take(BODY_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| (StatusCode::BAD_REQUEST, "damaged gzip"))?;
    if bytes.len() > BODY_BYTES_MAX {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "unfolds beyond the limit"));
    }
    Ok(bytes)
}

fn respond(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    let is_later = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    );
    if is_later {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, http::HeaderValue::from(RETRY_AFTER_S));
    }
    response
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
