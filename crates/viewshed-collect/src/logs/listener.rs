//! ENTERS: connections of API servers (and of anybody else who pushes) to our own listener.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use viewshed_model::{Gap, GapReason};

use super::bodies::Bodies;
use super::limits::{
    BODY_TIME_MAX, CONNECTIONS_MAX, CONNECTIONS_OF_ADDRESS_MAX, HEAD_TIME_MAX, HEADERS_BYTES_MAX,
    LOOK_INTERVAL, STOP_TIME_MAX,
};
use super::report::gap;
use super::tls::server_config;
use crate::error::Error;

/// A listener for kube-apiserver's audit webhook, and for everything that pushes logs as HTTP bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSettings {
    /// Where to listen. Without TLS, only on loopback.
    pub address: SocketAddr,
    /// TLS.
    pub tls: Option<ListenerTls>,
    /// A file with a token that pushers must show (`Authorization: Bearer ...`).
    pub token_file: Option<PathBuf>,
    /// When a pusher is told that its body was accepted.
    pub acknowledge: Acknowledge,
}

/// Certificate and key in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerTls {
    /// The certificate with its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who must have signed the certificates of clients; without it, clients need none.
    pub client_authority: Option<PathBuf>,
}

/// When a pusher gets its 200. Until then it keeps the events, and pushes again if none comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acknowledge {
    /// When the chunk is given back with [`super::Sources::done`].
    #[default]
    Done,
    /// When [`super::Sources::saved`] is called after that: then nothing is lost even when the program is killed.
    Saved,
}

/// A listener that is bound, and answers once it is run.
pub(super) struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    token: Option<String>,
}

impl Listener {
    /// Binds the address and reads the files.
    pub(super) fn bind(settings: &ListenerSettings) -> Result<Self, Error> {
        let address = settings.address;
        if settings.tls.is_none() && !address.ip().is_loopback() {
            return Err(Error::ListenerUnsafe { address });
        }
        let tls = settings.tls.as_ref().map(server_config).transpose()?;
        let token = settings
            .token_file
            .as_ref()
            .map(|path| {
                std::fs::read_to_string(path).map_err(|source| Error::Unreadable {
                    path: path.clone(),
                    source,
                })
            })
            .transpose()?;
        let unusable = |source| Error::CannotListen { address, source };
        let socket = TcpListener::bind(address).map_err(unusable)?;
        socket.set_nonblocking(true).map_err(unusable)?;
        Ok(Self {
            socket,
            tls: tls.map(TlsAcceptor::from),
            token: token.map(|token| token.trim().to_owned()),
        })
    }

    /// Where it listens: the port that the system chose, when 0 was asked for.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Answers until told to stop, then lets what is under way end.
    pub(super) fn run(self, bodies: Bodies, stop: watch::Receiver<bool>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // Without a runtime the source ends at once, which its reader is told.
        if let Ok(runtime) = runtime {
            runtime.block_on(self.serve(Arc::new(bodies), stop));
        }
    }

    async fn serve(self, bodies: Arc<Bodies>, mut stop: watch::Receiver<bool>) {
        let Ok(listener) = tokio::net::TcpListener::from_std(self.socket) else {
            return;
        };
        let connections = Connections::default();
        let mut tasks = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = tasks.join_next() => continue,
                _ = stop.wait_for(|is_stopped| *is_stopped) => break,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, most likely: some connection has to end first.
                tokio::time::sleep(LOOK_INTERVAL).await;
                continue;
            };
            let Some(place) = connections.place(peer.ip()) else {
                bodies.report.refused(&bodies.source);
                continue;
            };
            let (bodies, tls, stop) = (Arc::clone(&bodies), self.tls.clone(), stop.clone());
            tasks.spawn(async move {
                let _place = place;
                talk(stream, tls, &bodies, stop).await;
            });
        }
        drop(listener);
        // Bodies on their way still come in; then the source has ended, and receipts are waited for.
        let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
        let under_way = Arc::clone(&bodies.under_way).acquire_many_owned(all);
        // Whatever comes later than this was not accepted, and its pusher is told so.
        timeout(STOP_TIME_MAX, under_way).await.ok();
        bodies
            .producer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let ended = async { while tasks.join_next().await.is_some() {} };
        timeout(STOP_TIME_MAX, ended).await.ok();
    }
}

async fn talk(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    bodies: &Bodies,
    stop: watch::Receiver<bool>,
) {
    match tls {
        None => http(stream, bodies, stop).await,
        Some(tls) => match timeout(BODY_TIME_MAX, tls.accept(stream)).await {
            Ok(Ok(stream)) => http(stream, bodies, stop).await,
            // Who only looks whether somebody listens says nothing; what TLS refuses may be an API server.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                bodies.report.refused(&bodies.source);
                bodies.report.gap(Gap {
                    what: format!("let a client push to `{}`", bodies.source),
                    ..gap(
                        &bodies.source,
                        GapReason::Forbidden,
                        format!("the TLS handshake failed: {error}"),
                        "check that the client trusts our certificate, and that its own is a current one (X.509 v3) \
                         of the authority of --client-ca",
                    )
                });
            }
            Ok(Err(_)) | Err(_) => {}
        },
    }
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    bodies: &Bodies,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(|request| async {
        Ok::<_, std::convert::Infallible>(bodies.answer(request).await)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_header_size(HEADERS_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // A connection that breaks is the pusher's matter: it has no receipt and comes again.
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|is_stopped| *is_stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await.ok();
}

/// How many connections there are, in all and per address.
#[derive(Clone, Default)]
struct Connections(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// A connection's place among the allowed ones, free again when dropped.
struct Place {
    connections: Connections,
    address: IpAddr,
}

impl Connections {
    fn place(&self, address: IpAddr) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = counts.values().sum();
        let of_address = counts.get(&address).copied().unwrap_or_default();
        if all >= CONNECTIONS_MAX || of_address >= CONNECTIONS_OF_ADDRESS_MAX {
            return None;
        }
        counts.insert(address, of_address + 1);
        Some(Place {
            connections: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self
            .connections
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
