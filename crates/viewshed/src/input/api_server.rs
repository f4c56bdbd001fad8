//! How the flags reach an API server, and where requests to it go.

use std::time::Duration;

use viewshed_collect::kubernetes::{self, Client, Impersonation, Options};
use viewshed_collect::{Environment, Error};

use super::{USER_AGENT, collect_failure};
use crate::cli::{EstateArgs, ImpersonateArgs, ScopeArgs};
use crate::outcome::Failure;

/// Connects to the cluster of `--kubeconfig` and the first `--context`.
///
/// # Errors
/// No kubeconfig, no connection, no valid credential.
pub(crate) async fn connect(
    arguments: &EstateArgs,
    context: Option<&str>,
    impersonate: &ImpersonateArgs,
) -> Result<Client, Error> {
    let mut options = options(arguments, context);
    options.impersonation = Impersonation {
        user: impersonate.user.clone(),
        groups: impersonate.groups.clone(),
        uid: None,
    };
    kubernetes::connect(&options).await
}

fn options(arguments: &EstateArgs, context: Option<&str>) -> Options {
    let mut options = Options::new(Environment::of_process(), USER_AGENT);
    options.kubeconfig.clone_from(&arguments.kubeconfig);
    options.limits = limits(arguments);
    options.context = context.map(str::to_owned);
    options.namespaces.clone_from(&arguments.namespaces);
    options
}

/// The scope of a request with its namespace filled in as kubectl does it: that of the context or of the pod.
/// Files have neither, and `default` holds.
///
/// # Errors
/// No usable kubeconfig.
pub(crate) fn scope(scope: &ScopeArgs, arguments: &EstateArgs) -> Result<ScopeArgs, Failure> {
    let mut scope = scope.clone();
    if scope.all_namespaces || scope.namespace.is_some() {
        return Ok(scope);
    }
    let namespace = if arguments.demo || !arguments.from.is_empty() {
        "default".to_owned()
    } else {
        let context = arguments.context.first().map(String::as_str);
        kubernetes::default_namespace(&options(arguments, context)).map_err(collect_failure)?
    };
    scope.namespace = Some(namespace);
    Ok(scope)
}

/// The bounds of asking an API server, with the time that `--timeout` gives an answer.
pub(crate) fn limits(arguments: &EstateArgs) -> kubernetes::Limits {
    let usual = kubernetes::Limits::default();
    let Some(time_max) = arguments.timeout.map(Duration::from_secs) else {
        return usual;
    };
    kubernetes::Limits {
        answer_time_max: time_max,
        kubelet_time_max: usual.kubelet_time_max.min(time_max),
        plugin_time_max: usual.plugin_time_max.min(time_max),
        ..usual
    }
}
