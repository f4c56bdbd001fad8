//! Docker hosts, old and newest, each on an enclosed machine.

mod authorization;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::availability::{Availability, Needs, availability};
use crate::binaries::Binary;
use crate::certificates::Authority;
use crate::daemon::Daemon;
use crate::forward::Forward;
use crate::image::Image;
use crate::machine::{Machine, NODE_ADDRESS};
use crate::run::{output, run};

use authorization::AuthorizationPlugin;

const START_LIMIT: Duration = Duration::from_secs(120);
const SOCKET: &str = "/run/docker.sock";
/// Debian's: version 20.10 talks to old and new servers alike.
const CLIENT: &str = "/usr/bin/docker";

/// Which Docker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The one of the Debian package `docker.io`: 20.10, API 1.41.
    Debian,
    /// The newest engine, built from its Go module: API 1.56.
    Newest,
}

/// Whether and how the daemon listens on TCP, on all addresses of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tcp {
    /// It does not.
    #[default]
    Off,
    /// Port 2375, open to everybody.
    Plain,
    /// Port 2376, for clients with a certificate of the host's own authority.
    Tls,
}

/// What can be chosen about a Docker host.
#[derive(Debug, Clone, Default)]
pub struct DockerOptions {
    /// TCP besides the socket.
    pub tcp: Tcp,
    /// Further flags of dockerd, such as `--debug` or `--userns-remap=...`; they win over ours.
    pub flags: Vec<String>,
    /// With `Some`, an authorization plugin that denies requests whose path, without the version,
    /// starts with one of these, such as `/secrets`. An empty list allows everything.
    pub denied_paths: Option<Vec<String>>,
}

/// A running Docker host. Dropping it ends it with its containers.
///
/// On its machine everything lies where it usually does: `/run/docker.sock`, `/var/lib/docker`.
#[derive(Debug)]
pub struct DockerHost {
    version: Version,
    daemon: Daemon,
    tls: Option<PathBuf>,
    tcp: Option<Forward>,
    _plugin: Option<AuthorizationPlugin>,
    machine: Arc<Machine>,
}

impl DockerHost {
    /// Starts a host where this machine can; `None` where the test is to be skipped.
    pub fn start_if_available(version: Version, options: &DockerOptions) -> Result<Option<Self>> {
        let needs = match version {
            Version::Debian => Needs::DockerDebian,
            Version::Newest => Needs::DockerNewest,
        };
        match availability(needs)? {
            Availability::Ready => Self::start(version, options).map(Some),
            Availability::Skip => Ok(None),
        }
    }

    /// Starts a host with image [`Image::BASE`]; returns when it answers. Needs root.
    pub fn start(version: Version, options: &DockerOptions) -> Result<Self> {
        let machine = Arc::new(Machine::enclosed("docker-1")?);
        let mut command = dockerd(&machine, version)?;
        let tls = match options.tcp {
            Tcp::Off | Tcp::Plain => None,
            Tcp::Tls => Some(write_certificates(&machine)?),
        };
        let port = match options.tcp {
            Tcp::Off => None,
            Tcp::Plain => Some(2375),
            Tcp::Tls => Some(2376),
        };
        if let Some(port) = port {
            command.arg(format!("--host=tcp://0.0.0.0:{port}"));
        }
        match &tls {
            Some(folder) => {
                command.arg("--tlsverify");
                for (flag, file) in [
                    ("tlscacert", "ca.pem"),
                    ("tlscert", "server.crt"),
                    ("tlskey", "server.key"),
                ] {
                    command.arg(format!("--{flag}={}", folder.join(file).display()));
                }
            }
            // Said aloud, the daemon does not pause for 15 s to warn.
            None => {
                command.arg("--tls=false");
            }
        }
        let plugin = match &options.denied_paths {
            Some(denied) => {
                command.arg(format!("--authorization-plugin={}", authorization::NAME));
                Some(AuthorizationPlugin::start(&machine, denied.clone())?)
            }
            None => None,
        };
        command.args(&options.flags);
        let daemon = Daemon::start(&machine, "dockerd", &command)?;
        let tcp = port
            .map(|port| machine.forward(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
            .transpose()?;
        let mut host = Self {
            version,
            daemon,
            tls,
            tcp,
            _plugin: plugin,
            machine,
        };
        let mut ping = host.client();
        ping.args(["version", "--format", "{{.Server.APIVersion}}"]);
        host.daemon
            .wait_until(START_LIMIT, || run(&mut ping).map(Some))?;
        host.add_image(&Image::new(Image::BASE))?;
        Ok(host)
    }

    /// Which Docker this is.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The newest API version that the daemon speaks, by its own word.
    pub fn api_version(&self) -> Result<String> {
        Ok(self
            .docker(&["version", "--format", "{{.Server.APIVersion}}"])?
            .trim()
            .to_owned())
    }

    /// The daemon's socket, as a path of this machine.
    pub fn socket(&self) -> PathBuf {
        self.machine.outside(SOCKET)
    }

    /// Where this machine reaches the daemon's TCP port; the daemon's own machine has it on 2375
    /// or 2376.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.tcp.as_ref().map(Forward::address)
    }

    /// With TLS, the folder with `ca.pem`, `cert.pem` and `key.pem` of a client.
    pub fn tls_folder(&self) -> Option<&Path> {
        self.tls.as_deref()
    }

    /// The variables that make a client on this machine talk to the daemon: by TCP where there is
    /// TCP, otherwise by the socket.
    pub fn environment(&self) -> BTreeMap<&'static str, String> {
        let mut variables = BTreeMap::new();
        let host = match self.tcp_address() {
            Some(address) => format!("tcp://{address}"),
            None => format!("unix://{}", self.socket().display()),
        };
        variables.insert("DOCKER_HOST", host);
        if let Some(folder) = &self.tls {
            variables.insert("DOCKER_CERT_PATH", folder.display().to_string());
            variables.insert("DOCKER_TLS_VERIFY", "1".to_owned());
        }
        variables
    }

    /// Runs the docker client by the socket and returns its standard output.
    pub fn docker(&self, arguments: &[&str]) -> Result<String> {
        run(self.client().args(arguments))
    }

    /// Runs the docker client by the socket and returns its status and output, whatever they are.
    pub fn docker_output(&self, arguments: &[&str]) -> Result<Output> {
        output(self.client().args(arguments), None)
    }

    /// `docker run --detach` with these arguments; returns the container's id.
    pub fn run_container(&self, arguments: &[&str]) -> Result<String> {
        let id = run(self.client().args(["run", "--detach"]).args(arguments))?;
        Ok(id.trim().to_owned())
    }

    /// Makes an image usable by containers.
    pub fn add_image(&self, image: &Image) -> Result<()> {
        let archive = image.archive(self.machine.folder())?;
        run(self
            .client()
            .args(["load", "--quiet", "--input"])
            .arg(archive))?;
        Ok(())
    }

    /// The machine; [`Machine::command`] stands on the Docker host.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The daemon, for its log.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    fn client(&self) -> Command {
        let mut client = Command::new(CLIENT);
        client.env("DOCKER_HOST", format!("unix://{}", self.socket().display()));
        client
            .env("DOCKER_CONFIG", self.machine.folder().join("docker-config"))
            .env("DOCKER_BUILDKIT", "0");
        for variable in [
            "DOCKER_CONTEXT",
            "DOCKER_CERT_PATH",
            "DOCKER_TLS_VERIFY",
            "DOCKER_API_VERSION",
        ] {
            client.env_remove(variable);
        }
        client
    }
}

/// dockerd with what both versions need. Its usual files need no flags: the machine is its own.
fn dockerd(machine: &Machine, version: Version) -> Result<Command> {
    let mut path = "/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
    let mut command = match version {
        Version::Debian => machine.command("/usr/sbin/dockerd"),
        Version::Newest => {
            // Debian's runc refuses the time namespace that it asks for.
            let runc = Binary::Runc.get()?;
            let proxy = Binary::DockerProxy.get()?;
            let proxy_folder = proxy.parent().context("a binary has no folder")?;
            path = format!("{}:{path}", proxy_folder.display());
            let mut command = machine.command(Binary::Dockerd.get()?);
            command
                .arg(format!("--add-runtime=runc15={}", runc.display()))
                .arg("--default-runtime=runc15");
            command
        }
    };
    let caller = env::var("PATH").unwrap_or_default();
    command
        .env("PATH", format!("{path}:{caller}"))
        .arg(format!("--host=unix://{SOCKET}"))
        .arg(format!("--cgroup-parent=/{}", machine.id()))
        .arg("--exec-opt=native.cgroupdriver=cgroupfs");
    Ok(command)
}

/// Writes the files of server and client into one folder and returns it.
fn write_certificates(machine: &Machine) -> Result<PathBuf> {
    let folder = machine.folder().join("tls");
    fs::create_dir_all(&folder).context("cannot make a folder")?;
    let authority = Authority::new("viewshed-bench-docker")?;
    let address = NODE_ADDRESS.to_string();
    authority
        .server("docker-1", &[], &["127.0.0.1", "localhost", &address])?
        .write(&folder, "server")?;
    let client = authority.client("docker-client", &[])?;
    // The names that docker's own client looks for.
    let files = [
        ("ca.pem", &authority.keyed().certificate),
        ("cert.pem", &client.certificate),
        ("key.pem", &client.key),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).context("cannot write a certificate")?;
    }
    Ok(folder)
}
