//! Where servers run: on this machine as it is, or on an enclosed one with namespaces of its own.
//!
//! Every machine has a folder and a reaper: a shell process that waits for its standard input to
//! close and then ends what was started and removes the folder. Dropping the [`Machine`] closes
//! it, and so does the kernel when this process ends in any other way.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::daemon::tail;
use crate::forward::Forward;
use crate::progress::progress;
use crate::run::run_with_input;
use crate::wait::wait_until;

/// The address of an enclosed machine inside its own network.
pub const NODE_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

const ENCLOSE_LIMIT: Duration = Duration::from_secs(30);
const CLEAN_LIMIT: Duration = Duration::from_secs(60);
const REAPER: &str = include_str!("reaper.sh");
const ENCLOSURE: &str = include_str!("enclosure.sh");

/// A place for servers, with a folder, that cleans up after itself.
#[derive(Debug)]
pub struct Machine {
    folder: PathBuf,
    kind: Kind,
    reaper: Mutex<Reaper>,
}

#[derive(Debug)]
enum Kind {
    Here,
    /// The process id, seen from here, of the enclosed machine's first process.
    Enclosed {
        init: String,
    },
}

#[derive(Debug)]
struct Reaper {
    process: Child,
    orders: Option<ChildStdin>,
}

impl Machine {
    /// Servers run in this machine's own namespaces and on its loopback. Needs no root.
    pub fn here() -> Result<Self> {
        let folder = make_folder()?;
        let reaper = Reaper::start(&folder, &["here"])?;
        Ok(Self {
            folder,
            kind: Kind::Here,
            reaper: Mutex::new(reaper),
        })
    }

    /// Servers run with their own network, processes, mounts, `/run`, `/var` and a writable copy
    /// of `/etc`, under host name `name` and address [`NODE_ADDRESS`]. Needs root.
    pub fn enclosed(name: &str) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            bail!("an enclosed machine needs root");
        }
        let folder = make_folder()?;
        fs::write(folder.join("enclosure.sh"), ENCLOSURE)
            .context("cannot write the bench's folder")?;
        let reaper = Reaper::start(&folder, &["enclosed", name])?;
        // From here on the folder and the processes belong to the value, so errors clean up.
        let mut machine = Self {
            folder,
            kind: Kind::Here,
            reaper: Mutex::new(reaper),
        };
        let folder = machine.folder.clone();
        let ready = wait_until("an enclosed machine's start", ENCLOSE_LIMIT, || {
            let failed = folder.join("enclosure.failed").exists();
            Ok((failed || folder.join("enclosure.ready").exists()).then_some(!failed))
        });
        if !ready.as_ref().is_ok_and(|ready| *ready) {
            let log = tail(&folder.join("logs/enclosure.log"));
            return Err(ready
                .err()
                .unwrap_or_else(|| anyhow!("cannot make an enclosed machine"))
                .context(log));
        }
        let init = fs::read_to_string(folder.join("enclosure.pid"))
            .context("cannot read the bench's folder")?;
        machine.kind = Kind::Enclosed {
            init: init.trim().to_owned(),
        };
        Ok(machine)
    }

    /// The folder of this machine; removed with it, unless `VIEWSHED_BENCH=keep` is set.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder's name, also used for the machine's control groups.
    pub fn id(&self) -> String {
        self.folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// The log file of the server called `name`.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    /// A command that stands on this machine: it sees the machine's processes, mounts and network.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        self.enter(&["--mount", "--uts", "--pid", "--net"], program.as_ref())
    }

    /// A command that has only this machine's network, and the files and processes of ours.
    ///
    /// Wait for it or end it before the machine is dropped: it keeps the network alive.
    pub fn network_command(&self, program: impl AsRef<OsStr>) -> Command {
        self.enter(&["--net"], program.as_ref())
    }

    /// How to enter the machine by hand, as the start of a shell command; empty when it is ours.
    pub fn entry(&self) -> String {
        match &self.kind {
            Kind::Here => String::new(),
            Kind::Enclosed { init } => format!("nsenter --target {init} --mount --uts --pid --net"),
        }
    }

    /// Where a file of the machine's `/run`, `/var` or `/etc` is found from outside.
    ///
    /// Files of `/etc` only when they were written inside, and nothing that is on a mount made
    /// inside (a pod's volumes in memory, for one): use [`Machine::command`] for those.
    pub fn outside(&self, path: &str) -> PathBuf {
        match self.kind {
            Kind::Here => PathBuf::from(path),
            Kind::Enclosed { .. } => self.folder.join("inner").join(path.trim_start_matches('/')),
        }
    }

    /// Writes a file of the machine, with its folders.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let mut command = self.command("sh");
        command.args([
            "-e",
            "-c",
            "mkdir -p \"${1%/*}\"; cat >\"$1\"",
            "write",
            path,
        ]);
        run_with_input(&mut command, text).with_context(|| format!("cannot write `{path}`"))?;
        Ok(())
    }

    /// Makes `port` of the machine reachable from this machine's loopback.
    pub fn forward(&self, ip: IpAddr, port: u16) -> Result<Forward> {
        let process = match &self.kind {
            Kind::Here => "self",
            Kind::Enclosed { init } => init,
        };
        Forward::start(
            PathBuf::from(format!("/proc/{process}/ns/net")),
            SocketAddr::new(ip, port),
        )
    }

    /// Whether daemons of this machine end with its first process, whoever knows of them.
    pub(crate) fn is_enclosed(&self) -> bool {
        matches!(self.kind, Kind::Enclosed { .. })
    }

    /// Gives the reaper one line. Fails when the reaper is gone.
    pub(crate) fn order(&self, line: &str) -> Result<()> {
        self.reaper
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .order(line)
    }

    fn enter(&self, namespaces: &[&str], program: &OsStr) -> Command {
        match &self.kind {
            Kind::Here => Command::new(program),
            Kind::Enclosed { init } => {
                let mut command = Command::new("nsenter");
                command
                    .args(["--target", init])
                    .args(namespaces)
                    .arg("--")
                    .arg(program);
                command
            }
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let reaper = self
            .reaper
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        reaper.orders = None;
        let ended = wait_until("cleaning up after a bench", CLEAN_LIMIT, || {
            Ok(reaper.process.try_wait()?)
        });
        if let Err(error) = ended {
            progress(&format!("{error:#}: see {}", self.folder.display()));
        }
    }
}

impl Reaper {
    fn start(folder: &Path, arguments: &[&str]) -> Result<Self> {
        let mut process = Command::new("sh")
            .args(["-c", REAPER, "viewshed-bench-reaper"])
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal, or a runner that ends a test's group, must not hit it.
            .process_group(0)
            .spawn()
            .context("cannot start `sh`")?;
        let mut reaper = Self {
            orders: process.stdin.take(),
            process,
        };
        if std::env::var_os("VIEWSHED_BENCH").is_some_and(|value| value == "keep") {
            reaper.order("keep")?;
        }
        Ok(reaper)
    }

    fn order(&mut self, line: &str) -> Result<()> {
        let orders = self
            .orders
            .as_mut()
            .context("the bench's reaper is closed")?;
        writeln!(orders, "{line}").context("the bench's reaper is gone")
    }
}

/// Makes a machine's folder. An enclosed machine hides `/var` and `/run`, so it lies elsewhere.
fn make_folder() -> Result<PathBuf> {
    let mut parent = std::env::temp_dir();
    if ["/var", "/run", "/etc"]
        .iter()
        .any(|hidden| parent.starts_with(hidden))
    {
        parent = PathBuf::from("/tmp");
    }
    let folder = tempfile::Builder::new()
        .prefix("viewshed-bench-")
        .tempdir_in(&parent)
        .with_context(|| format!("cannot make a folder in `{}`", parent.display()))?
        .keep();
    fs::create_dir(folder.join("logs")).context("cannot make a folder")?;
    Ok(folder)
}
