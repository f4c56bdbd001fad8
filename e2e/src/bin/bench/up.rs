//! `bench up`: servers for a person, until Ctrl-C.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result};
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use viewshed_bench::docker::Version;
use viewshed_bench::kubernetes::Audit;
use viewshed_bench::{
    ControlPlane, ControlPlaneOptions, DockerHost, DockerOptions, Node, NodeOptions,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Also run a node with real pods (needs root)
    #[arg(long)]
    node: bool,
    /// Run Debian's Docker (needs root); no control plane then, unless with --node
    #[arg(long)]
    docker_old: bool,
    /// Run the newest Docker (needs root); no control plane then, unless with --node
    #[arg(long)]
    docker_new: bool,
    /// Print JSON instead of `export` lines
    #[arg(long)]
    json: bool,
}

/// Starts what was asked for, prints how to reach it and returns when told to stop.
pub(crate) fn up(arguments: &Arguments) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot wait for signals")?;
    let mut variables = BTreeMap::new();
    let options = ControlPlaneOptions {
        audit: Audit::RequestResponse,
        ..ControlPlaneOptions::default()
    };
    let servers = Servers::start(arguments, options)?;
    servers.describe(&mut variables);
    print(arguments, &variables)?;

    let (stop, stopped) = mpsc::channel();
    let at_end_of_input = stop.clone();
    thread::spawn(move || signals.forever().next().and_then(|_| stop.send(()).ok()));
    if !input_is_null() {
        thread::spawn(move || {
            let end = io::stdin().lock().read_to_end(&mut Vec::new());
            end.ok().and_then(|_| at_end_of_input.send(()).ok())
        });
    }
    stopped.recv().context("cannot wait for the end")
}

/// What runs until the end.
struct Servers {
    control_plane: Option<ControlPlane>,
    node: Option<Node>,
    docker_hosts: Vec<DockerHost>,
}

impl Servers {
    fn start(arguments: &Arguments, control_plane: ControlPlaneOptions) -> Result<Self> {
        let mut servers = Self {
            control_plane: None,
            node: None,
            docker_hosts: Vec::new(),
        };
        for (asked, version) in [
            (arguments.docker_old, Version::Debian),
            (arguments.docker_new, Version::Newest),
        ] {
            if asked {
                servers
                    .docker_hosts
                    .push(DockerHost::start(version, &DockerOptions::default())?);
            }
        }
        if arguments.node {
            servers.node = Some(Node::start(&NodeOptions {
                control_plane,
                ..NodeOptions::default()
            })?);
        } else if servers.docker_hosts.is_empty() {
            servers.control_plane = Some(ControlPlane::start(&control_plane)?);
        }
        Ok(servers)
    }

    fn describe(&self, variables: &mut BTreeMap<&'static str, String>) {
        if let Some(plane) = &self.control_plane {
            describe_control_plane(plane, variables);
        }
        if let Some(node) = &self.node {
            describe_control_plane(node.control_plane(), variables);
            variables.insert("BENCH_NODE", node.machine().entry());
        }
        for host in &self.docker_hosts {
            let (address, entry) = match host.version() {
                Version::Debian => ("BENCH_DOCKER_OLD_HOST", "BENCH_DOCKER_OLD"),
                Version::Newest => ("BENCH_DOCKER_NEW_HOST", "BENCH_DOCKER_NEW"),
            };
            let socket = format!("unix://{}", host.socket().display());
            variables.insert(address, socket.clone());
            variables.insert(entry, host.machine().entry());
            // With both, the newest: it is described last.
            variables.insert("DOCKER_HOST", socket);
        }
    }
}

fn describe_control_plane(plane: &ControlPlane, variables: &mut BTreeMap<&'static str, String>) {
    variables.insert("KUBECONFIG", plane.kubeconfig().display().to_string());
    if let Some(log) = plane.audit_log() {
        variables.insert("BENCH_AUDIT_LOG", log.display().to_string());
    }
}

fn print(arguments: &Arguments, variables: &BTreeMap<&'static str, String>) -> Result<()> {
    let text = if arguments.json {
        format!(
            "{}\n",
            serde_json::to_string(variables).context("cannot write JSON")?
        )
    } else {
        let lines = variables.iter().flat_map(|(name, value)| {
            [
                "export ", name, "='", value, "'
",
            ]
        });
        lines.collect()
    };
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes()).context("cannot print")?;
    output.flush().context("cannot print")
}

/// A background job has `/dev/null` as its input, which is at its end from the start.
fn input_is_null() -> bool {
    let (input, null) = (
        std::fs::metadata("/dev/stdin"),
        std::fs::metadata("/dev/null"),
    );
    matches!((input, null), (Ok(input), Ok(null)) if input.file_type().is_char_device() && input.rdev() == null.rdev())
}
