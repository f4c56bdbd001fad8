//! Every answer of a Kubernetes server or kubelet: no panic, and no more objects than items counted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::kubernetes::{
    add_list, api_resources, authorization_configuration, configz, health, kubelet_configuration,
    settings_from_pods, version,
};
use viewshed_model::Cluster;

fuzz_target!(|bytes: &[u8]| {
    for (group, resource) in [
        ("", "pods"),
        ("", "secrets"),
        ("rbac.authorization.k8s.io", "roles"),
        ("networking.k8s.io", "networkpolicies"),
    ] {
        let mut cluster = Cluster::default();
        let mut gaps = Vec::new();
        if let Ok(page) = add_list(&mut cluster, &mut gaps, "fuzz", group, resource, bytes) {
            let known = cluster.pods.len() + cluster.configs.len() + cluster.roles.len();
            assert!(known <= page.count);
        }
        settings_from_pods(&mut cluster, &mut gaps);
    }
    let _ = api_resources(bytes);
    let _ = authorization_configuration(bytes);
    let _ = kubelet_configuration(bytes);
    let _ = configz(bytes);
    let _ = version(bytes);
    let _ = health("livez", bytes);
});
