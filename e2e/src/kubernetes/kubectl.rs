//! Running kubectl as somebody.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run::{output, run, run_with_input};
use crate::wait::wait_until;

/// kubectl with one kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubectl {
    binary: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
}

impl Kubectl {
    /// `home` gets kubectl's cache.
    pub(crate) fn new(binary: PathBuf, kubeconfig: PathBuf, home: &Path) -> Self {
        Self {
            binary,
            kubeconfig,
            home: home.to_owned(),
        }
    }

    /// The kubeconfig in use.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs kubectl and returns its standard output; fails with its standard error.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        run(self.command().args(arguments))
    }

    /// Runs kubectl and returns its status and output, whatever they are.
    pub fn output(&self, arguments: &[&str]) -> Result<Output> {
        output(self.command().args(arguments), None)
    }

    /// Runs kubectl with `--output=json` and reads what it printed.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = run(self.command().args(arguments).arg("--output=json"))?;
        serde_json::from_str(&text).context("kubectl printed no JSON")
    }

    /// `kubectl apply` of YAML or JSON, one or more documents.
    pub fn apply(&self, yaml: &str) -> Result<String> {
        run_with_input(self.command().args(["apply", "--filename=-"]), yaml)
    }

    /// `kubectl create` of one object, and what the server made of it. For reviews, above all.
    pub fn create(&self, object: &Value) -> Result<Value> {
        let mut command = self.command();
        command.args(["create", "--filename=-", "--output=json"]);
        let text = run_with_input(&mut command, &object.to_string())?;
        serde_json::from_str(&text).context("kubectl printed no JSON")
    }

    /// The body that the API server answers to a GET of `path`.
    pub fn get_raw(&self, path: &str) -> Result<String> {
        self.run(&["get", "--raw", path])
    }

    /// Runs a command in a pod and returns its standard output.
    pub fn exec(&self, namespace: &str, pod: &str, command: &[&str]) -> Result<String> {
        let mut arguments = vec!["exec", "--namespace", namespace, pod, "--"];
        arguments.extend(command);
        self.run(&arguments)
    }

    /// Waits until a pod runs and all its containers are ready.
    pub fn wait_pod_ready(&self, namespace: &str, pod: &str, limit: Duration) -> Result<()> {
        let waited = wait_until(
            &format!("readiness of pod `{namespace}/{pod}`"),
            limit,
            || {
                let object = self.json(&["get", "pod", "--namespace", namespace, pod])?;
                Ok(is_ready(&object).then_some(()))
            },
        );
        // What the person needs then is on the pod's events.
        waited.with_context(|| {
            self.run(&["describe", "pod", "--namespace", namespace, pod])
                .unwrap_or_default()
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(self.home.join("kubectl-cache"));
        command.env("HOME", &self.home).env_remove("KUBECONFIG");
        command
    }
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
