//! Starting kube-apiserver: its flags and the files that they name.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::binaries::Binary;
use crate::certificates::token_keys;
use crate::daemon::{Daemon, tail};
use crate::kubernetes::control_plane::{
    API_SERVICE_ADDRESS, ControlPlane, ISSUER, Ports, SERVICE_RANGE, START_LIMIT, flag,
};
use crate::kubernetes::options::{Audit, Authorization, ControlPlaneOptions};
use crate::machine::NODE_ADDRESS;

impl ControlPlane {
    pub(super) fn start_apiserver(
        &mut self,
        ports: &Ports,
        options: &ControlPlaneOptions,
    ) -> Result<()> {
        let mut apiserver = self.machine.command(Binary::KubeApiserver.get()?);
        apiserver
            .arg(format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd))
            .arg(format!("--secure-port={}", ports.apiserver))
            .arg(format!("--service-cluster-ip-range={SERVICE_RANGE}"))
            .arg(format!("--service-account-issuer={ISSUER}"))
            .args([
                "--allow-privileged=true",
                "--enable-admission-plugins=NodeRestriction",
            ])
            .args(self.certificate_flags()?)
            .args(self.configuration_flags(options)?);
        if self.machine.is_enclosed() {
            apiserver
                .arg("--bind-address=0.0.0.0")
                .arg(format!("--advertise-address={NODE_ADDRESS}"));
        } else {
            // Without the second flag it refuses a loopback address.
            apiserver.args([
                "--bind-address=127.0.0.1",
                "--endpoint-reconciler-type=none",
            ]);
        }
        apiserver.args(&options.apiserver_flags);
        let mut daemon = Daemon::start(&self.machine, "kube-apiserver", &apiserver)?;
        // A failing check's body also contains "ok".
        let ready = daemon.wait_until(START_LIMIT, || {
            Ok((self.admin.get_raw("/readyz")? == "ok").then_some(()))
        });
        self.daemons.push(daemon);
        let etcd_log = self.machine.log("etcd");
        ready.with_context(|| format!("the end of etcd's log:\n{}", tail(&etcd_log)))
    }

    /// Writes the certificates and keys that kube-apiserver reads and returns the flags for them.
    fn certificate_flags(&self) -> Result<Vec<String>> {
        let folder = self.machine.folder().join("pki");
        fs::create_dir_all(&folder).context("cannot make a folder")?;
        let address = NODE_ADDRESS.to_string();
        let hosts = [
            "127.0.0.1",
            "localhost",
            &address,
            API_SERVICE_ADDRESS,
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ];
        let (authority, _) = self.authority.keyed().write(&folder, "ca")?;
        let (certificate, key) = self
            .authority
            .server("kube-apiserver", &[], &hosts)?
            .write(&folder, "apiserver")?;
        let kubelet_client = self
            .authority
            .client("kube-apiserver-kubelet-client", &["system:masters"])?;
        let (kubelet_certificate, kubelet_key) = kubelet_client.write(&folder, "kubelet-client")?;
        let (token_key, token_public) = token_keys()?;
        let token_key_file = folder.join("service-accounts.key");
        fs::write(&token_key_file, token_key).context("cannot write a key")?;
        let token_public_file = folder.join("service-accounts.pub");
        fs::write(&token_public_file, token_public).context("cannot write a key")?;
        Ok(vec![
            flag("client-ca-file", &authority),
            flag("tls-cert-file", &certificate),
            flag("tls-private-key-file", &key),
            flag("kubelet-client-certificate", &kubelet_certificate),
            flag("kubelet-client-key", &kubelet_key),
            flag("kubelet-certificate-authority", &authority),
            "--kubelet-preferred-address-types=InternalIP".to_owned(),
            flag("service-account-key-file", &token_public_file),
            flag("service-account-signing-key-file", &token_key_file),
        ])
    }

    /// Writes the configuration files that kube-apiserver reads and returns the flags for them.
    fn configuration_flags(&self, options: &ControlPlaneOptions) -> Result<Vec<String>> {
        let mut flags = Vec::new();
        let write = |name: &str, text: &str| -> Result<PathBuf> {
            let path = self.machine.folder().join(name);
            fs::write(&path, text).context("cannot write a configuration file")?;
            Ok(path)
        };
        match &options.authorization {
            Authorization::Modes(modes) => flags.push(format!("--authorization-mode={modes}")),
            Authorization::Configuration(yaml) => {
                flags.push(flag(
                    "authorization-config",
                    &write("authorization.yaml", yaml)?,
                ));
            }
        }
        if let Some(yaml) = &options.authentication {
            flags.push(flag(
                "authentication-config",
                &write("authentication.yaml", yaml)?,
            ));
        }
        if options.audit != Audit::None {
            flags.push(flag(
                "audit-policy-file",
                &write("audit-policy.yaml", &audit_policy(&options.audit))?,
            ));
        }
        if let Some(log) = &self.audit_log {
            flags.push(flag("audit-log-path", log));
        }
        if let Some(webhook) = &options.audit_webhook {
            flags.push(flag(
                "audit-webhook-config-file",
                &write("audit-webhook.kubeconfig", webhook)?,
            ));
            // Batches of up to 400 after up to 30 s are the default: too slow for a test.
            flags.push("--audit-webhook-batch-max-wait=1s".to_owned());
        }
        Ok(flags)
    }
}

fn audit_policy(audit: &Audit) -> String {
    let level = match audit {
        Audit::Policy(yaml) => return yaml.clone(),
        Audit::None => "None",
        Audit::Metadata => "Metadata",
        Audit::RequestResponse => "RequestResponse",
    };
    format!(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- level: {level}\n"
    )
}
