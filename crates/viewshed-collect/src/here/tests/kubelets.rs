//! What a kubelet on loopback is asked, and with what.

use std::time::Duration;

use viewshed_model::{Cluster, Gap, KubeletSight, Node, Sight};

use super::{FOLDER, authority, bound_token, inside, look_around};
use crate::fake_server::{Asked, FakeServer, Reply};
use crate::here::{SightOptions, Unchecked, kubelets};
use crate::kubernetes::Limits;

const PODS: &str = r#"{"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": "db", "namespace": "back"},
    "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "db:1", "env": [{"name": "P", "value": "hunter2"}]}]}}]}"#;
const LISTING: &str =
    "<pre>\n<a href=\"back_db_12345678-1234-1234-1234-123456789012/\">x</a>\n</pre>\n";

/// Takes any token, and gives `/pods` and the folders of logs.
fn answer(asked: &Asked) -> Reply {
    let is_known = !asked.header("authorization").is_empty();
    let text = |body: &str| Reply::Headers(200, Vec::new(), body.to_owned());
    match asked.path() {
        _ if !is_known => Reply::Json(401, String::new()),
        "/pods" => Reply::Json(200, PODS.to_owned()),
        "/logs/pods/" => text(LISTING),
        path if path.starts_with("/logs/pods/back_db_") => text("<a href=\"main/\">main/</a>\n"),
        _ => Reply::Json(403, String::new()),
    }
}

/// Of which authority a certificate lies in the pod.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Vouches {
    TheKubelets,
    Another,
}

async fn asked(
    vouches: Vouches,
    unchecked: Unchecked,
) -> (Vec<KubeletSight>, Vec<Gap>, Vec<Asked>) {
    let (own, acceptor) = authority("127.0.0.1");
    let (other, _) = authority("127.0.0.1");
    let server = FakeServer::start_tls(answer, acceptor).await;
    let ca = if vouches == Vouches::TheKubelets {
        own
    } else {
        other
    };
    let (_root, environment) = inside(
        &[
            (&format!("{FOLDER}/token"), &bound_token()),
            (&format!("{FOLDER}/ca.crt"), &ca),
        ],
        &[("KUBERNETES_SERVICE_HOST", "127.0.0.1")],
    );
    let mut node = Node::default();
    node.meta.name = "n1".to_owned();
    node.addresses = vec!["a name".to_owned(), "127.0.0.1".to_owned()];
    node.kubelet_port = server.address.port();
    let sight = Sight {
        cluster: Cluster {
            nodes: vec![node],
            ..Cluster::default()
        },
        ..Sight::default()
    };
    let options = SightOptions {
        namespaces: Vec::new(),
        user_agent: "viewshed/test".to_owned(),
        unchecked,
        limits: Limits {
            kubelet_time_max: Duration::from_secs(5),
            ..Limits::default()
        },
    };
    let surroundings = look_around(&environment);
    let (found, gaps) = kubelets(&environment, &surroundings, &[sight], &options).await;
    (found, gaps, server.asked())
}

fn told(sights: &[KubeletSight]) -> String {
    let told = sights.iter().map(|sight| {
        let pods = sight.pods.iter().map(|pod| {
            let containers = pod.spec.containers.iter();
            let containers: Vec<String> = containers
                .map(|one| format!("{}={}", one.name, one.image))
                .collect();
            format!("{} {}", pod.meta.full_name(), containers.join(" "))
        });
        let pods: Vec<String> = pods.collect();
        format!(
            "{} of {} by {} ({}): {}; logs of {}",
            sight.subject,
            sight.node,
            sight.address_from,
            if sight.is_unverified {
                "unchecked"
            } else {
                "checked"
            },
            pods.join(", "),
            sight.logged.len()
        )
    });
    told.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_kubelet_is_shown_the_token_where_an_authority_vouches_for_it() {
    let (found, gaps, asked) = asked(Vouches::TheKubelets, Unchecked::Refused).await;
    assert_eq!(
        told(&found),
        "system:serviceaccount:shop:cart of n1 by node n1 (checked): back/db main=db:1; logs of 1"
    );
    assert_eq!(gaps, []);
    assert!(asked.iter().all(|one| one.method == "GET"));
    assert!(!format!("{found:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_token_is_kept_back_where_nothing_vouches_unless_the_user_says_so() {
    let (found, gaps, sent) = asked(Vouches::Another, Unchecked::Refused).await;
    assert_eq!(found, []);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(
        gaps[0].detail.contains("nothing here vouches for it"),
        "{gaps:?}"
    );
    assert!(
        sent.iter()
            .all(|one| one.header("authorization").is_empty())
    );
    let (found, gaps, _) = asked(Vouches::Another, Unchecked::Allowed).await;
    assert_eq!(
        told(&found),
        "system:serviceaccount:shop:cart of n1 by node n1 (unchecked): back/db main=db:1; logs of 1"
    );
    assert_eq!(gaps, []);
}
