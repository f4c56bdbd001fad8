//! ENTERS: the stream of a daemon's events.

use std::ops::ControlFlow;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::time::timeout;
use viewshed_model::GapReason;

use super::client::Client;
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::limits::Limits;
use super::request::Request;
use super::version::{ApiVersion, choose};
use crate::text::one_line;

/// How often the caller is asked whether to stop.
const STOP_INTERVAL: Duration = Duration::from_millis(250);

/// Silence after which the daemon is asked whether it is still there: a host that vanished says nothing.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// How a stream ended.
#[derive(Debug)]
pub(crate) enum EventsEnd {
    /// The daemon ended it.
    Complete,
    /// The caller did.
    Stopped,
    /// It broke, or never began.
    Failed(GapReason, String),
}

/// Asks for events since a time (nanoseconds since 1970) until a time (seconds), or for ever.
///
/// `take` gets bytes as they come and may break off; `is_stopped` is asked several times a second.
pub(crate) async fn events(
    endpoint: &Endpoint,
    (since_ns, until_s): (i64, Option<u64>),
    take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    is_stopped: impl Fn() -> bool,
) -> EventsEnd {
    let limits = Limits::default();
    let client = match Client::new(endpoint, &limits) {
        Ok(client) => client,
        Err(error) => {
            return EventsEnd::Failed(GapReason::Unreachable, one_line(&error.to_string()));
        }
    };
    match read(&client, (since_ns, until_s), take, is_stopped).await {
        Ok(end) => end,
        Err(failure) => EventsEnd::Failed(failure.reason(), failure.detail()),
    }
}

async fn read(
    client: &Client<'_>,
    (since_ns, until_s): (i64, Option<u64>),
    take: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    is_stopped: impl Fn() -> bool,
) -> Result<EventsEnd, Failure> {
    let answer = client.get(&Request::Ping, "").await?;
    let newest = answer.headers.get("api-version");
    let newest = newest.and_then(|value| ApiVersion::parse(value.to_str().ok()?));
    let version = choose(newest, None).version;
    let request = Request::Events { since_ns, until_s };
    let (_streaming, mut body) = client.open(&request, &version).await?;
    let mut silence = Duration::ZERO;
    loop {
        if is_stopped() {
            return Ok(EventsEnd::Stopped);
        }
        match timeout(STOP_INTERVAL, body.frame()).await {
            Err(_) => {
                silence += STOP_INTERVAL;
                if silence >= SILENCE_MAX {
                    silence = Duration::ZERO;
                    client.get(&Request::Ping, "").await?;
                }
            }
            Ok(None) => return Ok(EventsEnd::Complete),
            Ok(Some(Err(error))) => return Err(super::connect::broken(&error)),
            Ok(Some(Ok(frame))) => {
                silence = Duration::ZERO;
                let data = frame.data_ref().map(AsRef::as_ref).unwrap_or_default();
                if take(data).is_break() {
                    return Ok(EventsEnd::Stopped);
                }
            }
        }
    }
}
