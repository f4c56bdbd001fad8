//! The AWS plugin on IPv6 clusters.

use super::{ask, check, cluster_of_yaml, node, pod, verdict};
use crate::network::NetworkIndex;
use viewshed_model::{Place, ReachVerdict};

fn estate(variables: &str, address: &str) -> String {
    let places = [
        node("n1", "{}", "2600:1f00::1"),
        pod("a/web", "n1", "{ app: web }", (address, "[]")),
        pod("b/db", "n1", "{ app: db }", ("2600:1f00:1::2", "[]")),
    ];
    places.concat()
        + "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: a }\n\
           spec: { podSelector: {}, policyTypes: [Egress] }\n---\n"
        + &format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{ name: aws-node, namespace: kube-system }}\n\
             spec: {{ selector: {{ matchLabels: {{ a: b }} }}, template: {{ metadata: {{ labels: {{ a: b }} }}, spec: {{ containers: [\
             {{ name: aws-node, image: example/amazon-k8s-cni, env: [{variables}] }}, \
             {{ name: agent, image: example/agent, args: [--enable-network-policy=true] }}] }} }} }}\n---\n"
        )
}

/// aws/amazon-vpc-cni-k8s README, `ENABLE_V4_EGRESS`: on by default, in IPv6 clusters alone. The policies' agent
/// holds for pods with an owner; a pod that nobody owns is past them by IPv6 too, so the pods here have one.
#[test]
fn pods_of_ipv6_clusters_leave_by_ipv4_whatever_policies_say() {
    let owned = |text: String| {
        text.replace(
            "namespace: a, labels",
            "namespace: a, ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: x, controller: true }], labels",
        )
    };
    let v6 = "{ name: ENABLE_IPv6, value: 'true' }";
    let off = "{ name: ENABLE_IPv6, value: 'true' }, { name: ENABLE_V4_EGRESS, value: 'false' }";
    let rows = [
        ("", "2600:1f00:1::1", "allowed"),
        (v6, "2600:1f00:1::1", "allowed"),
        (off, "2600:1f00:1::1", "denied"),
        ("", "10.0.0.1", "denied"),
    ];
    for (variables, address, by_v4) in rows {
        let cluster = cluster_of_yaml(&owned(estate(variables, address)));
        check(
            &cluster,
            None,
            &[
                ("a/web 198.51.100.7 443", by_v4),
                ("a/web 169.254.169.254 80", by_v4),
                ("a/web 2001:db8::7 443", "denied"),
                ("a/web b/db 5432", "denied"),
            ],
        );
        if address.contains(':') {
            check(&cluster, None, &[("198.51.100.7 a/web 80", "denied")]);
        }
        let index = NetworkIndex::new(&cluster, None);
        let world = ask(&index, "a/web world").verdict;
        let wanted = if by_v4 == "allowed" {
            ReachVerdict::Allowed
        } else {
            ReachVerdict::Denied
        };
        assert_eq!(world, wanted, "{}", verdict(&index, "a/web world"));
        let to: Place = "198.51.100.7".parse().expect("an address");
        let sources = index
            .sources(&to, None, None)
            .expect("the address is a place");
        let web = sources.sources.iter().find(|source| source.name == "web");
        assert_eq!(
            web.map_or(ReachVerdict::Denied, |source| source.verdict),
            wanted,
            "--to answers alike"
        );
    }
}
