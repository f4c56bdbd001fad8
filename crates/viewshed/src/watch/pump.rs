//! ENTERS: logs, wherever they come from, and the files that `watch` is given beside them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use viewshed_collect::logs::{
    Acknowledge, Chunk, Follow, ListenerSettings, ListenerTls, Next, SourceSettings, Sources,
};
use viewshed_collect::{Environment, docker};
use viewshed_model::Gap;

use crate::cli::{LiveArgs, LogArgs};
use crate::input;
use crate::outcome::Failure;

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
    is_stopping: bool,
}

impl Pump {
    /// Starts reading.
    ///
    /// # Errors
    /// When nothing is named, or a named source cannot be opened.
    pub(crate) fn open(logs: &LogArgs, live: Option<&LiveArgs>) -> Result<Self, Failure> {
        let nothing = LiveArgs::default();
        let live = live.unwrap_or(&nothing);
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
                acknowledge: Acknowledge::Done,
            }),
            docker: endpoints(live)?,
            threads: 0,
        };
        if is_live {
            stop_on_interrupt();
        }
        let sources = Sources::open(&settings, &[]).map_err(input::collect_failure)?;
        Ok(Self {
            sources,
            is_live,
            is_stopping: false,
        })
    }

    /// Whether it goes on until interrupted.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
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
    pub(crate) fn drain(mut self, mut act: impl FnMut(&Chunk)) -> Vec<Gap> {
        while let Event::Chunk(chunk) = self.next() {
            act(&chunk);
            self.done(chunk);
        }
        self.gaps()
    }

    /// Takes a chunk back that was judged.
    pub(crate) fn done(&mut self, chunk: Chunk) {
        self.sources.done(chunk);
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

/// The first interrupt ends the sources, so that the summary is still told; the second ends the program.
fn stop_on_interrupt() {
    std::thread::spawn(|| {
        let wait = input::block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                INTERRUPTED.store(true, Ordering::Relaxed);
                drop(tokio::signal::ctrl_c().await);
            }
        });
        if wait.is_ok() {
            #[expect(clippy::exit, reason = "the user asked twice")]
            std::process::exit(130);
        }
    });
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
