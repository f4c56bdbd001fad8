//! ENTERS: logs, wherever they come from, and the files that `watch` is given beside them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use viewshed_collect::logs::{
    Acknowledge, Chunk, Follow, ListenerSettings, ListenerTls, Next, SourceSettings, Sources,
};
use viewshed_collect::{Environment, docker};
use viewshed_model::Gap;

use crate::cli::{LiveArgs, LogArgs};
use crate::input;
use crate::outcome::Failure;
use crate::terminal;

/// How long a quiet source is waited for before the engine is told the time.
const WAIT: Duration = Duration::from_millis(500);

/// Set by the first interrupt.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What came of waiting.
#[derive(Debug)]
pub(crate) enum Event {
    /// Bytes to judge.
    Chunk(Chunk),
    /// Nothing for a while; only of live sources, since the time of past logs is their own.
    Quiet,
    /// Nothing more will come.
    End,
}

/// All sources.
#[derive(Debug)]
pub(crate) struct Pump {
    sources: Sources,
    is_live: bool,
    is_pipe: bool,
    is_stopping: bool,
}

impl Pump {
    /// Starts reading.
    ///
    /// # Errors
    /// When nothing is named, or a named source cannot be opened.
    pub(crate) fn open(logs: &LogArgs) -> Result<Self, Failure> {
        Self::resume(logs, &LiveArgs::default(), None)
    }

    /// Starts reading where `positions` tell, of a state folder that is kept.
    ///
    /// # Errors
    /// When nothing is named, or a named source cannot be opened.
    pub(crate) fn resume(
        logs: &LogArgs,
        live: &LiveArgs,
        positions: Option<&[u8]>,
    ) -> Result<Self, Failure> {
        if logs.from.is_empty() && live.webhook.is_none() && live.docker_host.is_empty() {
            return Err(Failure::usage(
                "no source of events is named",
                "give --from with log files or folders (`-` is standard input), --webhook, or --docker-host",
            ));
        }
        let is_live = live.follow || live.webhook.is_some() || !live.docker_host.is_empty();
        let settings = SourceSettings {
            paths: logs.from.clone(),
            follow: if is_live { Follow::Yes } else { Follow::No },
            listener: live.webhook.map(|address| ListenerSettings {
                address,
                tls: tls(live),
                token_file: live.token_file.clone(),
                acknowledge: if positions.is_some() {
                    Acknowledge::Saved
                } else {
                    Acknowledge::Done
                },
            }),
            docker: endpoints(live)?,
            threads: 0,
        };
        if is_live {
            stop_on_interrupt();
        }
        let sources = Sources::open(&settings, positions.unwrap_or_default())
            .map_err(input::collect_failure)?;
        if let Some(address) = sources.listener_address() {
            // The port is the system's choice when 0 was asked for.
            terminal::say(&format!("webhook: listening on {address}"));
        }
        if is_live {
            terminal::say("watching; Ctrl-C ends it and tells the rest");
        }
        Ok(Self {
            sources,
            is_live,
            is_pipe: matches!(logs.from.as_slice(), [only] if only.as_os_str() == "-"),
            is_stopping: false,
        })
    }

    /// Whether it goes on until interrupted.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    /// Whether entries without a time of their own may be taken to happen when they arrive: what is followed, and
    /// what another program pipes. A pipe beside files of the past may be of the past too.
    pub(crate) fn is_told_as_it_happens(&self) -> bool {
        self.is_live || self.is_pipe
    }

    /// Waits for what comes next.
    pub(crate) fn next(&mut self) -> Event {
        if INTERRUPTED.load(Ordering::Relaxed) && !self.is_stopping {
            self.is_stopping = true;
            self.sources.stop();
        }
        loop {
            return match self.sources.next_chunk(WAIT) {
                Next::Chunk(chunk) => Event::Chunk(chunk),
                Next::Quiet if self.is_live => Event::Quiet,
                Next::Quiet => continue,
                Next::End => Event::End,
            };
        }
    }

    /// Reads past logs to their end; what could not be read.
    pub(crate) fn drain(mut self, mut act: impl FnMut(&mut Chunk)) -> Vec<Gap> {
        while let Event::Chunk(mut chunk) = self.next() {
            act(&mut chunk);
            self.done(chunk);
        }
        self.gaps()
    }

    /// Takes a chunk back that was judged.
    pub(crate) fn done(&mut self, chunk: Chunk) {
        self.sources.done(chunk);
    }

    /// How far everything is worked off.
    pub(crate) fn positions(&self) -> Vec<u8> {
        self.sources.positions()
    }

    /// What was worked off before the last [`Pump::positions`] is on the disk.
    pub(crate) fn saved(&mut self) {
        self.sources.saved();
    }

    /// Whether somebody waits to hear that.
    pub(crate) fn owes_receipts(&self) -> bool {
        self.sources.owes_receipts()
    }

    /// What could not be read so far.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        self.sources.gaps()
    }
}

fn tls(live: &LiveArgs) -> Option<ListenerTls> {
    Some(ListenerTls {
        certificate: live.tls_cert.clone()?,
        key: live.tls_key.clone()?,
        client_authority: live.client_ca.clone(),
    })
}

fn endpoints(live: &LiveArgs) -> Result<Vec<docker::Endpoint>, Failure> {
    let environment = Environment::of_process();
    live.docker_host
        .iter()
        .map(|host| {
            let mut endpoint =
                docker::resolve(&environment, Some(host)).map_err(input::collect_failure)?;
            input::USER_AGENT.clone_into(&mut endpoint.user_agent);
            Ok(endpoint)
        })
        .collect()
}

/// The first interrupt, or order to terminate, ends the sources, so that everything is still saved and told; the
/// second ends the program. Returns when that holds.
fn stop_on_interrupt() {
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let wait = input::block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            ready.send(()).ok();
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            INTERRUPTED.store(true, Ordering::Relaxed);
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            Ok::<(), std::io::Error>(())
        });
        if let Ok(Ok(())) = wait {
            #[expect(clippy::exit, reason = "the user asked twice")]
            std::process::exit(130);
        }
    });
    // Without handlers signals end the program at once: nothing to wait for.
    is_ready.recv().ok();
}

/// A whole file that the user named.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::collect(
            anyhow::anyhow!("cannot read `{}`: {error}", path.display()),
            "check the path and its permissions",
        )
    })
}
