//! Requests as a log names them.

use viewshed_model::{Action, AskedFor, ResourceRequest};

use super::sequence::{Ask, Context, Kind, namespace_of};

/// The attributes of a request as the API server's audit log has them (kubernetes/apiserver
/// `pkg/endpoints/request/requestinfo.go`): a namespace is one of its own objects' namespaces.
pub(super) fn asked(ask: Ask, context: &Context) -> AskedFor {
    let of_kind = |verb: &str, (group, resource): Kind| AskedFor {
        verb: verb.to_owned(),
        api_group: group.to_owned(),
        resource: resource.to_owned(),
        ..AskedFor::default()
    };
    let node = |subresource: &str| AskedFor {
        subresource: subresource.to_owned(),
        name: context.node_name.clone(),
        ..of_kind("get", ("", "nodes"))
    };
    match ask {
        Ask::WhoAmI => of_kind("create", ("authentication.k8s.io", "selfsubjectreviews")),
        Ask::MyRules => of_kind(
            "create",
            ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ),
        Ask::May(..) => of_kind(
            "create",
            ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ),
        Ask::Path(_) => AskedFor {
            verb: "get".to_owned(),
            ..AskedFor::default()
        },
        Ask::List(kind, place, _) => AskedFor {
            namespace: namespace_of(place, context).to_owned(),
            ..of_kind("list", kind)
        },
        Ask::Watch(kind, place) => AskedFor {
            namespace: namespace_of(place, context).to_owned(),
            ..of_kind("watch", kind)
        },
        Ask::Guess(kind, place, name) => AskedFor {
            namespace: namespace_of(place, context).to_owned(),
            name: name.to_owned(),
            ..of_kind("get", kind)
        },
        Ask::NodePods | Ask::NodeSettings => node("proxy"),
        Ask::LogByte => {
            let (namespace, name) = context.pod.clone().unwrap_or_default();
            AskedFor {
                subresource: "log".to_owned(),
                namespace,
                name,
                ..of_kind("get", ("", "pods"))
            }
        }
    }
}

/// The question of an access review, about all namespaces.
pub(super) fn action(verb: &str, (group, resource): Kind, subresource: &str) -> Action {
    Action::Resource(ResourceRequest {
        verb: verb.to_owned(),
        api_group: group.to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        ..ResourceRequest::default()
    })
}
