//! Using a running control plane: identities, tokens, reviews, the audit log.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::certificates::Authority;
use crate::kubernetes::control_plane::ControlPlane;
use crate::kubernetes::kubeconfig::{Credentials, Endpoint, kubeconfig};
use crate::kubernetes::kubectl::Kubectl;
use crate::machine::Machine;

impl ControlPlane {
    /// kubectl as a member of `system:masters`, from this machine.
    pub fn kubectl(&self) -> &Kubectl {
        &self.admin
    }

    /// kubectl with a client certificate for `user` in `groups`.
    pub fn kubectl_as(&self, user: &str, groups: &[&str]) -> Result<Kubectl> {
        let kubeconfig = self.kubeconfig_for(user, groups, Endpoint::Outside)?;
        Ok(Kubectl::new(
            self.kubectl_binary.clone(),
            kubeconfig,
            self.machine.folder(),
        ))
    }

    /// kubectl with a bearer token.
    pub fn kubectl_with_token(&self, token: &str) -> Result<Kubectl> {
        let kubeconfig = self.kubeconfig_with_token(token, Endpoint::Outside)?;
        Ok(Kubectl::new(
            self.kubectl_binary.clone(),
            kubeconfig,
            self.machine.folder(),
        ))
    }

    /// The kubeconfig of a member of `system:masters`, for use from this machine.
    pub fn kubeconfig(&self) -> &Path {
        self.admin.kubeconfig()
    }

    /// A new kubeconfig with a client certificate for `user` in `groups`.
    pub fn kubeconfig_for(&self, user: &str, groups: &[&str], from: Endpoint) -> Result<PathBuf> {
        let keyed = self.authority.client(user, groups)?;
        self.write_kubeconfig(&Credentials::Certificate(&keyed), from)
    }

    /// A new kubeconfig with a bearer token.
    pub fn kubeconfig_with_token(&self, token: &str, from: Endpoint) -> Result<PathBuf> {
        self.write_kubeconfig(&Credentials::Token(token), from)
    }

    /// A token of a service account, by a `TokenRequest` with the server's usual lifetime.
    pub fn token(&self, namespace: &str, service_account: &str) -> Result<String> {
        let token =
            self.admin
                .run(&["create", "token", "--namespace", namespace, service_account])?;
        Ok(token.trim().to_owned())
    }

    /// Asks the API server with a `SubjectAccessReview` and returns its `status`.
    ///
    /// `attributes` is the content of `resourceAttributes`. The server adds no groups: pass also
    /// `system:authenticated` and those of a service account.
    pub fn review(&self, user: &str, groups: &[&str], attributes: &Value) -> Result<Value> {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": { "user": user, "groups": groups, "resourceAttributes": attributes },
        });
        let mut answer = self.admin.create(&review)?;
        Ok(answer
            .get_mut("status")
            .map(Value::take)
            .unwrap_or_default())
    }

    /// The address of the API server.
    pub fn server(&self, from: Endpoint) -> &str {
        match from {
            Endpoint::Outside => &self.outside,
            Endpoint::Inside => &self.inside,
        }
    }

    /// Signs the certificates of all servers and clients.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The machine that the servers run on.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// The audit log, unless it is off.
    pub fn audit_log(&self) -> Option<&Path> {
        self.audit_log.as_deref()
    }

    /// The complete lines of the audit log so far, decoded. Empty when the log is off.
    pub fn audit_events(&self) -> Result<Vec<Value>> {
        let Some(log) = &self.audit_log else {
            return Ok(Vec::new());
        };
        let text = fs::read_to_string(log).context("cannot read the audit log")?;
        let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
        let decoded = complete
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>();
        decoded.context("a line of the audit log is no JSON")
    }

    fn write_kubeconfig(&self, credentials: &Credentials<'_>, from: Endpoint) -> Result<PathBuf> {
        let text = kubeconfig(
            self.server(from),
            &self.authority.keyed().certificate,
            credentials,
        );
        let file = tempfile::Builder::new()
            .prefix("client-")
            .suffix(".kubeconfig")
            .tempfile_in(self.machine.folder())
            .context("cannot write a kubeconfig")?;
        let (_, path) = file.keep().context("cannot keep a kubeconfig")?;
        fs::write(&path, text).context("cannot write a kubeconfig")?;
        Ok(path)
    }
}
