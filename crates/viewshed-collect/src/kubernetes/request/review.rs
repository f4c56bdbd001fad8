//! Questions about access. The server answers them and stores nothing.

use serde_json::{Map, Value, json};
use viewshed_model::{Action, Identity};

/// A review: the only requests with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Review {
    /// Who the server takes the credential for (`SelfSubjectReview`, since 1.28).
    WhoAmI,
    /// Whether the own credential may (`SelfSubjectAccessReview`).
    MayI(Box<Action>),
    /// The rules of the own credential in one namespace (`SelfSubjectRulesReview`).
    MyRules {
        /// Must not be empty: the server refuses that.
        namespace: String,
    },
    /// Whether somebody else may (`SubjectAccessReview`). The server adds no group of its own.
    May(Box<Identity>, Box<Action>),
}

impl Review {
    pub(crate) const fn path(&self) -> &'static str {
        match self {
            Self::WhoAmI => "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            Self::MayI(_) => "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            Self::MyRules { .. } => "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            Self::May(..) => "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        }
    }

    pub(crate) fn body(&self) -> String {
        let (version, kind, spec) = match self {
            Self::WhoAmI => ("authentication.k8s.io/v1", "SelfSubjectReview", Value::Null),
            Self::MayI(action) => (
                AUTHORIZATION,
                "SelfSubjectAccessReview",
                Value::Object(attributes(action)),
            ),
            Self::MyRules { namespace } => (
                AUTHORIZATION,
                "SelfSubjectRulesReview",
                json!({ "namespace": namespace }),
            ),
            Self::May(identity, action) => {
                let mut spec = attributes(action);
                add_identity(&mut spec, identity);
                (AUTHORIZATION, "SubjectAccessReview", Value::Object(spec))
            }
        };
        let mut review = json!({ "apiVersion": version, "kind": kind });
        if !spec.is_null()
            && let Some(fields) = review.as_object_mut()
        {
            fields.insert("spec".to_owned(), spec);
        }
        review.to_string()
    }
}

const AUTHORIZATION: &str = "authorization.k8s.io/v1";

fn attributes(action: &Action) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |key: &str, value: &str| {
        if !value.is_empty() {
            fields.insert(key.to_owned(), Value::from(value));
        }
    };
    let name = match action {
        Action::Resource(request) => {
            set("verb", &request.verb);
            set("group", &request.api_group);
            set("version", &request.api_version);
            set("resource", &request.resource);
            set("subresource", &request.subresource);
            set("namespace", &request.namespace);
            set("name", &request.name);
            for (key, selector) in [
                ("fieldSelector", &request.field_selector),
                ("labelSelector", &request.label_selector),
            ] {
                if !selector.is_empty() {
                    fields.insert(key.to_owned(), json!({ "rawSelector": selector }));
                }
            }
            "resourceAttributes"
        }
        Action::NonResource(request) => {
            set("verb", &request.verb);
            set("path", &request.path);
            "nonResourceAttributes"
        }
    };
    Map::from_iter([(name.to_owned(), Value::Object(fields))])
}

fn add_identity(spec: &mut Map<String, Value>, identity: &Identity) {
    spec.insert("user".to_owned(), Value::from(identity.user.as_str()));
    if !identity.groups.is_empty() {
        spec.insert("groups".to_owned(), json!(identity.groups));
    }
    if let Some(uid) = &identity.uid {
        spec.insert("uid".to_owned(), Value::from(uid.as_str()));
    }
    if !identity.extra.is_empty() {
        spec.insert("extra".to_owned(), json!(identity.extra));
    }
}
