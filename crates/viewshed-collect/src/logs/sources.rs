//! ENTERS: everything that is watched: all sources together, what the program loops over.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use viewshed_model::Gap;

use super::bodies::Bodies;
use super::chunk::{Chunk, Mark};
use super::docker_events::DockerEvents;
use super::file::shown;
use super::follow::LogReader;
use super::inbox::{Inbox, Taken};
use super::lines::Sizes;
use super::listener::{Acknowledge, Listener, ListenerSettings};
use super::plan::Planner;
use super::positions::Positions;
use super::report::{Report, SourceState};
use super::roots::Root;
use super::spares::Spares;
use super::standard_input::Pipe;
use crate::docker::Endpoint;
use crate::error::Error;

/// Whether reading ends with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Follow {
    /// It does.
    #[default]
    No,
    /// It goes on with what comes, through rotation.
    Yes,
}

/// Where to read.
#[derive(Debug, Clone, Default)]
pub struct SourceSettings {
    /// Log files, folders with log files, pipes; `-` for standard input.
    pub paths: Vec<PathBuf>,
    /// For files, folders and Docker daemons.
    pub follow: Follow,
    /// A listener for pushed bodies.
    pub listener: Option<ListenerSettings>,
    /// Docker daemons whose events are read.
    pub docker: Vec<Endpoint>,
    /// Threads that read files; 0 for as many as there are cores (at most 8).
    pub threads: usize,
}

/// What [`Sources::next_chunk`] found.
#[derive(Debug)]
pub enum Next {
    /// Something to work off, and to give back with [`Sources::done`].
    Chunk(Chunk),
    /// Nothing came in the time.
    Quiet,
    /// All sources have ended.
    End,
}

/// All sources, being read by threads of their own.
///
/// Sources take turns, so that a backlog of files does not hold up what is live. Each has a bounded share of
/// memory; when chunks are not taken, files wait, pipes wait, and pushers are told to come again.
#[derive(Debug)]
pub struct Sources {
    inbox: Arc<Inbox>,
    positions: Arc<Positions>,
    report: Arc<Report>,
    spares: Arc<Spares>,
    acknowledge: Acknowledge,
    unsaved: Vec<oneshot::Sender<()>>,
    listener_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Sources {
    /// Starts reading, from where `positions` (of an earlier [`Sources::positions`]; empty at first) tells.
    ///
    /// # Errors
    /// A named path that cannot be read, a listener that cannot be started, or positions of a newer version.
    pub fn open(settings: &SourceSettings, positions: &[u8]) -> Result<Self, Error> {
        Self::open_with(settings, positions, Sizes::default())
    }

    pub(super) fn open_with(
        settings: &SourceSettings,
        positions: &[u8],
        sizes: Sizes,
    ) -> Result<Self, Error> {
        let mut sources = Self {
            inbox: Arc::default(),
            positions: Arc::new(Positions::from_bytes(positions)?),
            report: Arc::default(),
            spares: Arc::default(),
            acknowledge: settings
                .listener
                .as_ref()
                .map_or(Acknowledge::Done, |listener| listener.acknowledge),
            unsaved: Vec::new(),
            listener_address: None,
            stop: watch::Sender::new(false),
            threads: Vec::new(),
        };
        sources.start_paths(settings, sizes)?;
        if let Some(listener) = &settings.listener {
            sources.start_listener(listener)?;
        }
        for endpoint in &settings.docker {
            sources.start_docker(endpoint, settings.follow)?;
        }
        Ok(sources)
    }

    /// The next chunk of any source, waiting for it at most this long.
    pub fn next_chunk(&mut self, wait: Duration) -> Next {
        match self.inbox.take(wait) {
            Taken::Chunk(chunk) => Next::Chunk(chunk),
            Taken::Nothing => Next::Quiet,
            Taken::End => Next::End,
        }
    }

    /// Takes back a chunk that is worked off: from now on it counts as read.
    ///
    /// Chunks of one source must come back in the order in which they were handed out. One that never comes
    /// back will be read again after a restart.
    pub fn done(&mut self, chunk: Chunk) {
        self.positions.advance(&chunk.source, &chunk.mark);
        self.spares.give(chunk.bytes);
        if let Mark::Body(receipt) = chunk.mark {
            let pusher = receipt.worked_off();
            match self.acknowledge {
                Acknowledge::Done => tell(pusher),
                Acknowledge::Saved => self.unsaved.push(pusher),
            }
        }
    }

    /// Up to where everything is done, to be saved together with what was made of it.
    pub fn positions(&self) -> Vec<u8> {
        self.positions.to_bytes()
    }

    /// Everything that was done before the last [`Sources::positions`] is on disk: pushers may forget it.
    pub fn saved(&mut self) {
        self.unsaved.drain(..).for_each(tell);
    }

    /// Whether a pusher waits to hear that its body is saved.
    pub fn owes_receipts(&self) -> bool {
        !self.unsaved.is_empty()
    }

    /// How each source fares, by name.
    pub fn states(&self) -> Vec<SourceState> {
        self.report.states()
    }

    /// What could not be read, so far.
    pub fn gaps(&self) -> Vec<Gap> {
        self.report.gaps()
    }

    /// Where the listener listens.
    pub fn listener_address(&self) -> Option<SocketAddr> {
        self.listener_address
    }

    /// Tells all sources to end. What they have handed in already can still be taken, up to [`Next::End`].
    pub fn stop(&mut self) {
        self.stop.send_replace(true);
        self.inbox.stop();
    }

    fn start_paths(&mut self, settings: &SourceSettings, sizes: Sizes) -> Result<(), Error> {
        let mut roots = Vec::new();
        for path in &settings.paths {
            if path.as_os_str() == "-" {
                self.start_pipe(None, sizes)?;
                continue;
            }
            let unreadable = |source| Error::Unreadable {
                path: path.clone(),
                source,
            };
            // Positions are found again from another working directory.
            let full = std::path::absolute(path).map_err(unreadable)?;
            match std::fs::metadata(&full) {
                Ok(metadata) if metadata.is_dir() => roots.push(Root::Folder(full)),
                Ok(metadata) if metadata.is_file() => {
                    std::fs::File::open(&full).map_err(unreadable)?;
                    roots.push(Root::Log(full));
                }
                Ok(_) => self.start_pipe(Some(full), sizes)?,
                // A log that is to be written yet can be waited for.
                Err(error)
                    if error.kind() == ErrorKind::NotFound
                        && settings.follow == Follow::Yes
                        && full.parent().is_some_and(Path::is_dir) =>
                {
                    roots.push(Root::Log(full));
                }
                Err(error) => return Err(unreadable(error)),
            }
        }
        if roots.is_empty() {
            return Ok(());
        }
        let reader = LogReader {
            planner: Planner::new(
                roots,
                settings.follow,
                Arc::clone(&self.positions),
                Arc::clone(&self.report),
            ),
            follow: settings.follow,
            producer: self.inbox.producer(),
            report: Arc::clone(&self.report),
            spares: Arc::clone(&self.spares),
            threads: settings.threads,
            sizes,
        };
        self.start("files", || reader.run())
    }

    fn start_pipe(&mut self, path: Option<PathBuf>, sizes: Sizes) -> Result<(), Error> {
        let name = path.as_deref().map_or("-".to_owned(), shown);
        let pipe = Pipe {
            path,
            source: name.as_str().into(),
            producer: self.inbox.producer_of_pipe(),
            report: Arc::clone(&self.report),
            spares: Arc::clone(&self.spares),
            sizes,
        };
        self.report.known(&pipe.source);
        // Nobody waits for its end: reading a pipe cannot be broken off.
        spawn(&name, || pipe.run()).map(drop)
    }

    fn start_listener(&mut self, settings: &ListenerSettings) -> Result<(), Error> {
        let listener = Listener::bind(settings)?;
        self.listener_address = listener.address();
        let scheme = if settings.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let address = self.listener_address.unwrap_or(settings.address);
        let source: Arc<str> = format!("{scheme}://{address}").into();
        self.report.known(&source);
        let bodies = Bodies::new(
            source,
            self.inbox.producer(),
            Arc::clone(&self.report),
            listener.token(),
        );
        let stop = self.stop.subscribe();
        self.start("listener", || listener.run(bodies, stop))
    }

    fn start_docker(&mut self, endpoint: &Endpoint, follow: Follow) -> Result<(), Error> {
        let source: Arc<str> = crate::text::one_line(&endpoint.address.to_string()).into();
        self.report.known(&source);
        let docker = DockerEvents {
            endpoint: endpoint.clone(),
            follow,
            place: self.positions.docker(&source),
            source,
            producer: self.inbox.producer(),
            report: Arc::clone(&self.report),
        };
        self.start("docker", || docker.run())
    }

    fn start(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        self.threads.push(spawn(name, work)?);
        Ok(())
    }
}

fn tell(pusher: oneshot::Sender<()>) {
    // One that went away has no receipt, and pushes again.
    pusher.send(()).ok();
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|source| Error::NoThread {
            name: name.to_owned(),
            source,
        })
}

impl Drop for Sources {
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // A thread that panicked has closed its source; there is nothing left to clean up.
            thread.join().ok();
        }
    }
}
