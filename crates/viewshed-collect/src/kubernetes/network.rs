//! Settings of the installed network plugin that only a config map tells.

use viewshed_decode::kubernetes::network_settings;
use viewshed_model::{Cluster, Gap, UnreadKind};

use super::client::Client;
use super::request::{Document, NetworkPlugin, Path, Request};

/// Where the plugins run.
const NAMESPACE: &str = "kube-system";

/// Asks for the config map of each plugin that the cluster shows.
pub(super) async fn read_network_settings(
    client: &Client,
    cluster: &mut Cluster,
    gaps: &mut Vec<Gap>,
) {
    for plugin in NetworkPlugin::ALL {
        if !is_shown(cluster, plugin) {
            continue;
        }
        let path = Path::network_settings(plugin);
        let answer = client.get(&Request::Document(Document::Path(path))).await;
        match answer {
            Ok(body) => cluster.network_settings.extend(network_settings(&body)),
            // It has none: everything is as it is without.
            Err(failure) if failure.code() == Some(404) => {}
            Err(failure) => {
                let what = format!("read config map `{NAMESPACE}/{}`", plugin.config_map());
                gaps.push(failure.gap(client.name(), what));
                cluster.unread_kinds.push(UnreadKind::settings());
            }
        }
    }
}

/// By the config map's name, or by what runs.
fn is_shown(cluster: &Cluster, plugin: NetworkPlugin) -> bool {
    let is_at_home = |namespace: Option<&String>| namespace.is_some_and(|one| one == NAMESPACE);
    let mut configs = cluster.configs.iter().map(|config| &config.meta);
    let mut workloads = cluster.workloads.iter();
    let prefix = format!("{}-", plugin.daemon_set());
    let mut pods = cluster.pods.iter().map(|pod| &pod.meta);
    configs.any(|meta| is_at_home(meta.namespace.as_ref()) && meta.name == plugin.config_map())
        || workloads.any(|one| {
            is_at_home(one.meta.namespace.as_ref())
                && one.kind == "DaemonSet"
                && one.meta.name == plugin.daemon_set()
        })
        || pods.any(|meta| is_at_home(meta.namespace.as_ref()) && meta.name.starts_with(&prefix))
}
