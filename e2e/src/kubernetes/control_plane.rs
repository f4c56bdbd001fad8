//! Starting a control plane: the order, the ports, and all servers but the API server.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::binaries::Binary;
use crate::certificates::Authority;
use crate::daemon::Daemon;
use crate::forward::Forward;
use crate::kubernetes::kubeconfig::{Credentials, Endpoint, kubeconfig};
use crate::kubernetes::kubectl::Kubectl;
use crate::kubernetes::options::{Audit, ControlPlaneOptions, Scheduler};
use crate::machine::{Machine, NODE_ADDRESS};
use crate::progress::progress;

/// Other work on the machine can slow a start down a lot; a healthy one takes a tenth of this.
pub(super) const START_LIMIT: Duration = Duration::from_secs(120);
pub(super) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// The first address of the service range is that of the API server.
pub(super) const API_SERVICE_ADDRESS: &str = "10.96.0.1";
pub(super) const SERVICE_RANGE: &str = "10.96.0.0/16";

/// A running control plane. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct ControlPlane {
    pub(super) inside: String,
    pub(super) outside: String,
    pub(super) authority: Authority,
    pub(super) admin: Kubectl,
    pub(super) kubectl_binary: PathBuf,
    pub(super) audit_log: Option<PathBuf>,
    pub(super) daemons: Vec<Daemon>,
    _forward: Option<Forward>,
    pub(super) machine: Arc<Machine>,
}

/// Where the servers listen.
pub(super) struct Ports {
    pub(super) etcd: u16,
    pub(super) etcd_peer: u16,
    pub(super) apiserver: u16,
    pub(super) controller_manager: u16,
    pub(super) scheduler: u16,
}

impl ControlPlane {
    /// Starts a control plane on free ports of this machine's loopback. Needs no root.
    ///
    /// Returns when `/readyz` is `ok` and the aggregated roles have rules. Binaries that are not
    /// there yet are built first.
    pub fn start(options: &ControlPlaneOptions) -> Result<Self> {
        let first = Self::start_on(Arc::new(Machine::here()?), options);
        // Between choosing a port and using it, another process can take it.
        match first {
            Err(error) if format!("{error:#}").contains("address already in use") => {
                progress("a port was taken meanwhile: starting the control plane once more");
                Self::start_on(Arc::new(Machine::here()?), options)
            }
            other => other,
        }
    }

    /// Starts a control plane on `machine`; on an enclosed one with the usual ports.
    pub(crate) fn start_on(machine: Arc<Machine>, options: &ControlPlaneOptions) -> Result<Self> {
        let folder = machine.folder().to_owned();
        let ports = if machine.is_enclosed() {
            Ports::usual()
        } else {
            Ports::free()?
        };
        let inside_ip = if machine.is_enclosed() {
            NODE_ADDRESS
        } else {
            Ipv4Addr::LOCALHOST
        };
        let inside = format!("https://{inside_ip}:{}", ports.apiserver);
        let (forward, outside) = if machine.is_enclosed() {
            let forward = machine.forward(IpAddr::V4(inside_ip), ports.apiserver)?;
            let outside = format!("https://{}", forward.address());
            (Some(forward), outside)
        } else {
            (None, inside.clone())
        };
        let authority = Authority::new("viewshed-bench")?;
        let kubectl_binary = Binary::Kubectl.get()?;
        let keyed = authority.client("kubernetes-admin", &["system:masters"])?;
        let admin_file = folder.join("admin.kubeconfig");
        let text = kubeconfig(
            &outside,
            &authority.keyed().certificate,
            &Credentials::Certificate(&keyed),
        );
        fs::write(&admin_file, text).context("cannot write a kubeconfig")?;
        let admin = Kubectl::new(kubectl_binary.clone(), admin_file, &folder);
        let audit_log = (options.audit != Audit::None).then(|| folder.join("audit.log"));
        let mut plane = Self {
            inside,
            outside,
            authority,
            admin,
            kubectl_binary,
            audit_log,
            daemons: Vec::new(),
            _forward: forward,
            machine,
        };
        plane.start_etcd(&ports)?;
        plane.start_apiserver(&ports, options)?;
        plane.start_controller_manager(&ports)?;
        if options.scheduler == Scheduler::On {
            plane.start_scheduler(&ports)?;
        }
        Ok(plane)
    }

    fn start_etcd(&mut self, ports: &Ports) -> Result<()> {
        let client = format!("http://127.0.0.1:{}", ports.etcd);
        let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
        let mut etcd = self.machine.command(Binary::Etcd.get()?);
        // A lost power supply is no worry here, so nothing waits for the disk.
        etcd.args(["--unsafe-no-fsync", "--name=bench", "--log-level=warn"])
            .arg(format!(
                "--data-dir={}",
                self.machine.folder().join("etcd").display()
            ))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=bench={peer}"));
        self.daemons
            .push(Daemon::start(&self.machine, "etcd", &etcd)?);
        Ok(())
    }

    fn start_controller_manager(&mut self, ports: &Ports) -> Result<()> {
        let pki = self.machine.folder().join("pki");
        let config =
            self.kubeconfig_for("system:kube-controller-manager", &[], Endpoint::Inside)?;
        let mut manager = self.machine.command(Binary::KubeControllerManager.get()?);
        manager
            .args([
                "--bind-address=127.0.0.1",
                "--leader-elect=false",
                "--use-service-account-credentials",
            ])
            .arg(format!("--secure-port={}", ports.controller_manager))
            .arg(flag("kubeconfig", &config))
            .arg(flag("authentication-kubeconfig", &config))
            .arg(flag("authorization-kubeconfig", &config))
            .arg(flag(
                "service-account-private-key-file",
                &pki.join("service-accounts.key"),
            ))
            .arg(flag("root-ca-file", &pki.join("ca.crt")))
            .arg(flag("cluster-signing-cert-file", &pki.join("ca.crt")))
            .arg(flag("cluster-signing-key-file", &pki.join("ca.key")));
        let mut daemon = Daemon::start(&self.machine, "kube-controller-manager", &manager)?;
        let ready = daemon.wait_until(START_LIMIT, || {
            // Each of these aggregates the one before, so the last to fill up is `admin`.
            let admin = self.admin.json(&["get", "clusterrole", "admin"])?;
            let filled = admin
                .get("rules")
                .and_then(Value::as_array)
                .is_some_and(|rules| !rules.is_empty());
            // Without it no pod can be made in the namespace.
            self.admin
                .run(&["get", "serviceaccount", "default", "--namespace=default"])?;
            Ok(filled.then_some(()))
        });
        self.daemons.push(daemon);
        ready
    }

    fn start_scheduler(&mut self, ports: &Ports) -> Result<()> {
        let config = self.kubeconfig_for("system:kube-scheduler", &[], Endpoint::Inside)?;
        let mut scheduler = self.machine.command(Binary::KubeScheduler.get()?);
        scheduler
            .args(["--bind-address=127.0.0.1", "--leader-elect=false"])
            .arg(format!("--secure-port={}", ports.scheduler))
            .arg(flag("kubeconfig", &config))
            .arg(flag("authentication-kubeconfig", &config))
            .arg(flag("authorization-kubeconfig", &config));
        self.daemons
            .push(Daemon::start(&self.machine, "kube-scheduler", &scheduler)?);
        Ok(())
    }
}

impl Ports {
    fn usual() -> Self {
        Self {
            etcd: 2379,
            etcd_peer: 2380,
            apiserver: 6443,
            controller_manager: 10257,
            scheduler: 10259,
        }
    }

    /// Ports that nobody listens on now. All are held until all are found, so they differ.
    fn free() -> Result<Self> {
        let mut held = Vec::new();
        let mut free = || -> Result<u16> {
            let listener = TcpListener::bind("127.0.0.1:0").context("cannot find a free port")?;
            let port = listener
                .local_addr()
                .context("cannot find a free port")?
                .port();
            held.push(listener);
            Ok(port)
        };
        Ok(Self {
            etcd: free()?,
            etcd_peer: free()?,
            apiserver: free()?,
            controller_manager: free()?,
            scheduler: free()?,
        })
    }
}

pub(super) fn flag(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}
