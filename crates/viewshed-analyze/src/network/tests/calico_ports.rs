//! Ports of Calico's rules: what `ports` and `notPorts` mean together, by number and by name (tigera/docs "Network
//! policy", `EntityRule`: every field of a rule must match).

use super::{check, cluster_of_yaml, pod};
use crate::network::Cni;

#[test]
fn a_named_port_is_no_port_that_is_excluded_by_its_number() {
    let cli = pod("a/cli", "n1", "{ app: cli }", ("10.0.0.2", "[]"));
    let ports = "[{ name: db, containerPort: 8080 }, { name: web, containerPort: 80 }]";
    let web = pod("a/web", "n1", "{ app: web }", ("10.0.0.1", ports));
    let rows = [
        ("ports: [db, web], notPorts: [8080]", "allowed", "denied"),
        (
            "ports: [db, web], notPorts: ['8000:9000']",
            "allowed",
            "denied",
        ),
        ("ports: [db, web], notPorts: [db]", "allowed", "denied"),
        ("ports: [80, 8080], notPorts: [db]", "allowed", "denied"),
        ("ports: [db, web], notPorts: [81]", "allowed", "allowed"),
    ];
    for (wanted, to_web, to_db) in rows {
        for side in ["Ingress", "Egress"] {
            let (app, list) = match side {
                "Ingress" => ("web", "ingress"),
                _ => ("cli", "egress"),
            };
            let policy = format!(
                "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: a }}\n\
                 spec: {{ selector: app == '{app}', types: [{side}], \
                 {list}: [{{ action: Allow, protocol: TCP, destination: {{ {wanted} }} }}] }}\n---\n"
            );
            let cluster = cluster_of_yaml(&format!("{cli}{web}{policy}"));
            let rows = [("a/cli a/web 80", to_web), ("a/cli a/web 8080", to_db)];
            check(&cluster, Some(Cni::Calico), &rows);
        }
    }
}
