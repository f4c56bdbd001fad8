//! ENTERS: questions of Prometheus and of a kubelet's probes: `/metrics` and `/healthz`, and nothing else.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::error::Error;
use crate::metrics::Metrics;

/// Connections at once; further ones are closed. Probes and scrapers are few.
const CONNECTIONS_MAX: usize = 32;

/// Time for a request and its answer.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(30);

/// Bytes of a request's head.
const HEADERS_BYTES_MAX: usize = 16 * 1024;

/// Silence of the engine after which the program is not healthy: a batch takes milliseconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Whether the program does its work.
#[derive(Debug, Clone)]
pub struct Health(Arc<Mutex<Vitals>>);

#[derive(Debug)]
struct Vitals {
    beat: Instant,
    problem: Option<String>,
}

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Vitals {
            beat: Instant::now(),
            problem: None,
        })))
    }
}

impl Health {
    /// The engine is alive. To be called at least every few seconds, also when nothing comes.
    pub fn beat(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).beat = Instant::now();
    }

    /// Something that somebody must mend, for example a full disk; `None` when it is mended.
    pub fn set_problem(&self, problem: Option<String>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .problem = problem;
    }

    fn words(&self) -> Option<String> {
        let vitals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_silent = vitals.beat.elapsed() > SILENCE_MAX;
        let silence = is_silent.then(|| "the engine does not move".to_owned());
        vitals.problem.clone().or(silence)
    }
}

/// Answers until it is dropped.
#[derive(Debug)]
pub struct StatusServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl StatusServer {
    /// Listens. The answers hold no names, but an address outside loopback shows them to whoever reaches it.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn start(address: SocketAddr, metrics: Metrics, health: Health) -> Result<Self, Error> {
        let cannot = |source| Error::CannotListen { address, source };
        let listener = TcpListener::bind(address).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let bound = listener.local_addr().map_err(cannot)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(cannot)?;
        let stop = watch::Sender::new(false);
        let stopped = stop.subscribe();
        let thread = std::thread::Builder::new()
            .name("status".to_owned())
            .spawn(move || runtime.block_on(serve(listener, Answers { metrics, health }, stopped)))
            .map_err(|source| Error::NoThread {
                name: "status",
                source,
            })?;
        Ok(Self {
            address: bound,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for StatusServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

#[derive(Clone)]
struct Answers {
    metrics: Metrics,
    health: Health,
}

async fn serve(listener: TcpListener, answers: Answers, mut stop: watch::Receiver<bool>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|is_stopped| *is_stopped) => return,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let answers = answers.clone();
        // Ends by itself within the time, or with the runtime.
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(|request| {
                let answer = answers.answer(&request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .keep_alive(false)
                .max_header_size(HEADERS_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), service);
            timeout(CONNECTION_TIME_MAX, connection).await.ok();
        });
    }
}

impl Answers {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
        let (status, text) = match request.uri().path() {
            "/metrics" | "/healthz" if !is_get => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
            "/metrics" => (StatusCode::OK, self.metrics.text()),
            "/healthz" => match self.health.words() {
                None => (StatusCode::OK, "ok\n".to_owned()),
                Some(words) => (StatusCode::SERVICE_UNAVAILABLE, words + "\n"),
            },
            _ => (StatusCode::NOT_FOUND, String::new()),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        let form = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, form);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use super::{Health, StatusServer};
    use crate::metrics::Metrics;

    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn metrics_and_health_are_answered_and_nothing_else() {
        let (metrics, health) = (Metrics::default(), Health::default());
        metrics
            .counter("viewshed_events_total", "Events read.", &[])
            .add(3);
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = StatusServer::start(loopback, metrics, health.clone()).unwrap();
        let address = server.address();
        let answer = ask(address, "GET /metrics");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("viewshed_events_total 3\n"), "{answer}");
        assert!(ask(address, "GET /healthz").ends_with("ok\n"));
        health.set_problem(Some("the disk is full".to_owned()));
        let answer = ask(address, "GET /healthz");
        assert!(answer.starts_with("HTTP/1.1 503") && answer.ends_with("the disk is full\n"));
        assert!(ask(address, "GET /").starts_with("HTTP/1.1 404"));
        assert!(ask(address, "POST /metrics").starts_with("HTTP/1.1 405"));
        drop(server);
        assert!(TcpStream::connect(address).is_err());
    }
}
