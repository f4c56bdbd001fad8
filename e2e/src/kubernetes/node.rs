//! A cluster with one node that runs real pods, on an enclosed machine.

use std::env;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::binaries::Binary;
use crate::daemon::Daemon;
use crate::image::Image;
use crate::kubernetes::control_plane::ControlPlane;
use crate::kubernetes::kubeconfig::{Credentials, Endpoint, kubeconfig};
use crate::kubernetes::kubectl::Kubectl;
use crate::kubernetes::node_files::{
    NETWORK_CONFIGURATION, SETUP, containerd_configuration, kubelet_configuration,
};
use crate::kubernetes::options::{ControlPlaneOptions, NodeOptions, Scheduler};
use crate::machine::{Machine, NODE_ADDRESS};
use crate::run::run;

const START_LIMIT: Duration = Duration::from_secs(120);
/// Where kubelets keep the certificate that they act with.
const KUBELET_CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";
const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";

/// A control plane and a node on one enclosed machine. Dropping it ends all of it.
///
/// The files lie where a node usually has them: `/var/lib/kubelet`, `/etc/kubernetes`,
/// `/run/containerd`, `/var/log/pods`. There is no DNS and no kube-proxy; the `kubernetes` service
/// works all the same.
#[derive(Debug)]
pub struct Node {
    name: String,
    control_plane: ControlPlane,
    kubelet: Daemon,
    _containerd: Daemon,
    machine: Arc<Machine>,
}

impl Node {
    /// Starts the cluster; returns when the node is ready and pods can be made. Needs root.
    pub fn start(options: &NodeOptions) -> Result<Self> {
        let machine = Arc::new(Machine::enclosed(&options.name)?);
        run(machine.command("sh").args(["-e", "-c", SETUP]))?;
        let containerd = start_containerd(&machine)?;
        let plane_options = ControlPlaneOptions {
            scheduler: Scheduler::On,
            ..options.control_plane.clone()
        };
        let control_plane = ControlPlane::start_on(Arc::clone(&machine), &plane_options)?;
        let kubelet = start_kubelet(&control_plane, options)?;
        let mut node = Self {
            name: options.name.clone(),
            control_plane,
            kubelet,
            _containerd: containerd,
            machine,
        };
        node.wait_ready()?;
        Ok(node)
    }

    /// The node's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The control plane, with everything about identities and the audit log.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.control_plane
    }

    /// kubectl as a member of `system:masters`, from this machine.
    pub fn kubectl(&self) -> &Kubectl {
        self.control_plane.kubectl()
    }

    /// The machine; [`Machine::command`] stands on the node.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The kubelet's API, as seen from the node and its pods.
    pub fn kubelet_server(&self) -> String {
        format!("https://{NODE_ADDRESS}:10250")
    }

    /// The kubelet, for its log.
    pub fn kubelet(&self) -> &Daemon {
        &self.kubelet
    }

    /// Makes an image usable by pods, with `imagePullPolicy: Never`.
    pub fn add_image(&self, image: &Image) -> Result<()> {
        import(&self.machine, image)
    }

    fn wait_ready(&mut self) -> Result<()> {
        let (name, plane) = (&self.name, &self.control_plane);
        self.kubelet.wait_until(START_LIMIT, || {
            let node = plane.kubectl().json(&["get", "node", name])?;
            Ok(is_ready(&node).then_some(()))
        })
    }
}

fn start_containerd(machine: &Arc<Machine>) -> Result<Daemon> {
    machine.write("/etc/containerd/config.toml", &containerd_configuration())?;
    machine.write("/etc/cni/net.d/10-bench.conflist", NETWORK_CONFIGURATION)?;
    let mut command = with_system_path(machine.command("containerd"));
    command.args(["--config", "/etc/containerd/config.toml"]);
    let mut containerd = Daemon::start(machine, "containerd", &command)?;
    containerd.wait_until(START_LIMIT, || {
        run(&mut ctr(machine, &["version"])).map(Some)
    })?;
    import(machine, &Image::new(Image::BASE))?;
    import(machine, &Image::pause())?;
    Ok(containerd)
}

fn start_kubelet(plane: &ControlPlane, options: &NodeOptions) -> Result<Daemon> {
    let (machine, authority) = (plane.machine(), plane.authority());
    let user = format!("system:node:{}", options.name);
    let client = authority.client(&user, &["system:nodes"])?;
    let address = NODE_ADDRESS.to_string();
    let server = authority.server(
        &user,
        &["system:nodes"],
        &[&address, &options.name, "localhost", "127.0.0.1"],
    )?;
    let authority = &authority.keyed().certificate;
    let inside = plane.server(Endpoint::Inside);
    machine.write("/etc/kubernetes/pki/ca.crt", authority)?;
    machine.write(
        KUBELET_CERTIFICATE,
        &format!("{}{}", client.certificate, client.key),
    )?;
    let credentials = Credentials::CertificateFile(KUBELET_CERTIFICATE);
    let kubelet_kubeconfig = kubeconfig(inside, authority, &credentials);
    machine.write("/etc/kubernetes/kubelet.conf", &kubelet_kubeconfig)?;
    machine.write(
        "/var/lib/kubelet/config.yaml",
        &kubelet_configuration(&machine.id(), &options.kubelet_configuration),
    )?;
    machine.write("/var/lib/kubelet/pki/kubelet.crt", &server.certificate)?;
    machine.write("/var/lib/kubelet/pki/kubelet.key", &server.key)?;
    machine.write("/etc/kubernetes/manifests/.keep", "")?;
    let mut command = with_system_path(machine.command(Binary::Kubelet.get()?));
    command
        .args([
            "--config=/var/lib/kubelet/config.yaml",
            "--kubeconfig=/etc/kubernetes/kubelet.conf",
        ])
        .arg(format!("--hostname-override={}", options.name))
        .arg(format!("--node-ip={NODE_ADDRESS}"));
    Daemon::start(machine, "kubelet", &command)
}

fn import(machine: &Machine, image: &Image) -> Result<()> {
    let archive = image.archive(machine.folder())?;
    run(ctr(machine, &["--namespace=k8s.io", "images", "import"]).arg(archive))?;
    Ok(())
}

fn ctr(machine: &Machine, arguments: &[&str]) -> Command {
    let mut command = machine.command("ctr");
    command
        .args(["--address", CONTAINERD_SOCKET])
        .args(arguments);
    command
}

/// A daemon finds runc, iptables and its shims although the caller may be nobody's login shell.
fn with_system_path(mut command: Command) -> Command {
    let path = env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("/usr/sbin:/usr/bin:/sbin:/bin:{path}"));
    command
}

/// Ready, and no taint left that keeps pods away.
fn is_ready(node: &Value) -> bool {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().any(|condition| {
        condition.get("type").is_some_and(|kind| kind == "Ready")
            && condition
                .get("status")
                .is_some_and(|status| status == "True")
    });
    let taints = node.pointer("/spec/taints").and_then(Value::as_array);
    ready && taints.is_none_or(Vec::is_empty)
}
