//! A client of a fake server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kube::config::Kubeconfig;

use super::client::Client;
use super::connect::{Impersonation, Options, open};
use super::limits::Limits;
use crate::environment::Environment;
use crate::fake_server::FakeServer;

/// A client with the token `abc` that acts as `bob`; nothing has been sent.
pub(crate) async fn client_of(server: &FakeServer, limits: Limits) -> Client {
    let environment = Environment {
        variables: BTreeMap::new(),
        root: PathBuf::from("/nonexistent"),
    };
    let options = Options {
        limits,
        impersonation: Impersonation {
            user: Some("bob".to_owned()),
            ..Impersonation::default()
        },
        ..Options::new(environment, "viewshed/test")
    };
    let text = format!(
        "current-context: here\n\
         contexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{}'}}}}]\n\
         users: [{{name: u, user: {{token: abc}}}}]\n",
        server.url()
    );
    let kubeconfig = Kubeconfig::from_yaml(&text).unwrap();
    open(kubeconfig, &options).await.unwrap()
}
