//! One server process: started, watched, stopped.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use crate::machine::Machine;
use crate::wait::wait_until;

const TAIL_BYTES: u64 = 4096;
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A running server and its log.
///
/// Dropping it does not stop it: that is done by its machine, all at once.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    process: Child,
    group: Pid,
    log: PathBuf,
    machine: Arc<Machine>,
}

impl Daemon {
    /// Starts `command`, which must come from [`Machine::command`] of the same machine, with its
    /// output in the machine's log `name`.
    pub fn start(machine: &Arc<Machine>, name: &str, command: &Command) -> Result<Self> {
        let log = machine.log(name);
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .context("cannot write a log")?;
        // The server waits for a word until the reaper knows its group, so that there is no
        // moment at which our end would leave it behind.
        let mut start = Command::new("sh");
        start.args(["-c", "read -r word && exec \"$@\" </dev/null", "start"]);
        start.arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => start.env(key, value),
                None => start.env_remove(key),
            };
        }
        start
            .current_dir(machine.folder())
            .process_group(0)
            .stdin(Stdio::piped());
        start
            .stdout(output.try_clone().context("cannot write a log")?)
            .stderr(output);
        let mut process = start.spawn().context("cannot start `sh`")?;
        let group = Pid::from_child(&process);
        if !machine.is_enclosed() {
            machine.order(&format!("group {}", group.as_raw_nonzero()))?;
        }
        let mut word = process
            .stdin
            .take()
            .context("a server has no standard input")?;
        word.write_all(b"start\n")
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            process,
            group,
            log,
            machine: Arc::clone(machine),
        })
    }

    /// Waits until `probe` returns a value; fails early, with the end of the log, when the server
    /// ends, and with the same when the limit is reached.
    pub fn wait_until<T>(
        &mut self,
        limit: Duration,
        mut probe: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let what = format!("the start of {}", self.name);
        let process = &mut self.process;
        let found = wait_until(&what, limit, || match process.try_wait()? {
            Some(status) => Ok(Some(Err(anyhow!("it ended with {status}")))),
            None => Ok(probe()?.map(Ok)),
        });
        found.and_then(|found| found).with_context(|| {
            format!(
                "{} does not work; the end of its log:\n{}",
                self.name,
                self.log_tail()
            )
        })
    }

    /// Whether the server still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// The end of the server's log.
    pub fn log_tail(&self) -> String {
        tail(&self.log)
    }

    /// The server's whole log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Asks the server to end and waits until it has; after 20 s it is killed.
    pub fn stop(mut self) -> Result<()> {
        self.signal(Signal::TERM)?;
        let stopped = self.wait_for_end();
        if stopped.is_err() {
            self.signal(Signal::KILL)?;
            self.wait_for_end()?;
        }
        if !self.machine.is_enclosed() {
            self.machine
                .order(&format!("forget {}", self.group.as_raw_nonzero()))?;
        }
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        match kill_process_group(self.group, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => bail!("cannot stop {}: {error}", self.name),
        }
    }

    fn wait_for_end(&mut self) -> Result<()> {
        let group = self.group;
        let process = &mut self.process;
        wait_until(&format!("the end of {}", self.name), STOP_LIMIT, || {
            // Our own child stays in the process table, and so in its group, until waited for.
            process.try_wait()?;
            Ok((test_kill_process_group(group) == Err(rustix::io::Errno::SRCH)).then_some(()))
        })
    }
}

/// The last few kilobytes of a log, or why they cannot be read.
pub(crate) fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = fs::metadata(log)?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_else(|error| format!("cannot read `{}`: {error}", log.display()))
}
