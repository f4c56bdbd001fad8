//! The Node authorizer: what a kubelet's identity may do
//! (`plugin/pkg/auth/authorizer/node/node_authorizer.go`). RBAC has no say in it.

mod graph;
mod static_rules;

use viewshed_model::Identity;

pub(super) use graph::NodeGraph;
use graph::VertexKind;

use super::selectors::requires_equal;
use super::{AccessIndex, Question, ResourceQuestion};

/// Why the Node authorizer allows: the fixed rule or the object of its graph.
pub(super) type Answer = Result<String, NoAnswer>;

/// Why it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// It has no opinion; the server's words, empty when the server says nothing.
    NoOpinion(String),
    /// The estate does not hold the fact that decides.
    DependsOn(String),
}

fn refuse(text: impl Into<String>) -> Answer {
    Err(NoAnswer::NoOpinion(text.into()))
}

/// The node's name, when the identity is a node (`pkg/auth/nodeidentifier`): a user name that
/// starts with `system:node:` **and** the group `system:nodes`.
pub(super) fn node_of(identity: &Identity) -> Option<&str> {
    let name = identity.user.strip_prefix("system:node:")?;
    identity
        .groups
        .iter()
        .any(|group| group == "system:nodes")
        .then_some(name)
}

pub(super) fn decide(
    index: &AccessIndex<'_>,
    identity: &Identity,
    question: &Question<'_>,
) -> Answer {
    let Some(node) = node_of(identity) else {
        return refuse("");
    };
    if node.is_empty() {
        return refuse(format!("unknown node for user {:?}", identity.user));
    }
    match question {
        Question::Resource(asked) => NodeQuestion { index, node, asked }.decide(),
        Question::NonResource { .. } => refuse(""),
    }
}

struct NodeQuestion<'a> {
    index: &'a AccessIndex<'a>,
    node: &'a str,
    asked: &'a ResourceQuestion<'a>,
}

impl NodeQuestion<'_> {
    fn decide(&self) -> Answer {
        let features = &self.index.features;
        match (self.asked.api_group, self.asked.resource) {
            ("", "secrets") => self.read_namespaced(VertexKind::Secret),
            ("", "configmaps") => self.read_namespaced(VertexKind::ConfigMap),
            ("", "persistentvolumeclaims") if self.asked.subresource == "status" => {
                self.write_claim_status()
            }
            ("", "persistentvolumeclaims") => self.get(VertexKind::Claim),
            ("", "persistentvolumes") => self.get(VertexKind::Volume),
            ("resource.k8s.io", "resourceclaims") => self.get(VertexKind::ResourceClaim),
            ("storage.k8s.io", "volumeattachments") => self.get(VertexKind::Attachment),
            ("", "serviceaccounts") => self.service_account(),
            ("coordination.k8s.io", "leases") => self.lease(),
            ("storage.k8s.io", "csinodes") => self.csi_node(),
            ("resource.k8s.io", "resourceslices") => self.resource_slice(),
            ("", "nodes") if features.node_with_selectors => self.own_node(),
            ("", "pods") if features.node_with_selectors => self.pod(),
            ("certificates.k8s.io", "podcertificaterequests") if features.pod_certificates => {
                self.pod_certificate()
            }
            ("certificates.k8s.io", "podcertificaterequests") => refuse(""),
            _ => self.fixed_rules(),
        }
    }

    fn fixed_rules(&self) -> Answer {
        if static_rules::allow(self.index.features, self.asked) {
            Ok("a rule that holds for every node".to_owned())
        } else {
            refuse("")
        }
    }

    fn read_namespaced(&self, kind: VertexKind) -> Answer {
        if !matches!(self.asked.verb, "get" | "list" | "watch") {
            return refuse("can only read resources of this type");
        }
        if !self.asked.subresource.is_empty() {
            return refuse("cannot read subresource");
        }
        if self.asked.namespace.is_empty() {
            return refuse("can only read namespaced object of this type");
        }
        self.related(kind)
    }

    fn get(&self, kind: VertexKind) -> Answer {
        if self.asked.verb != "get" {
            return refuse("can only get individual resources of this type");
        }
        if !self.asked.subresource.is_empty() {
            return refuse("cannot get subresource");
        }
        self.related(kind)
    }

    fn write_claim_status(&self) -> Answer {
        if matches!(self.asked.verb, "update" | "patch") {
            self.related(VertexKind::Claim)
        } else {
            refuse("can only get/update/patch this type")
        }
    }

    /// Allowed when a path leads from the named object to the node.
    fn related(&self, kind: VertexKind) -> Answer {
        if self.asked.name.is_empty() {
            return refuse("No Object name found");
        }
        self.reaches(kind)
    }

    fn reaches(&self, kind: VertexKind) -> Answer {
        let asked = self.asked;
        let graph = &self.index.node_graph;
        match graph.path(self.node, kind, asked.namespace, asked.name) {
            Some(through) => Ok(through),
            None => self.unrelated(),
        }
    }

    /// Resource slices and pod certificate requests name their node in the spec, which is not read.
    fn named_elsewhere(&self) -> Answer {
        let asked = self.asked;
        if asked.name.is_empty() {
            return refuse("No Object name found");
        }
        let exists = self.index.cluster.others.iter().any(|other| {
            other.group == asked.api_group
                && other.resource == asked.resource
                && other.meta.name == asked.name
                && other.meta.namespace_or_empty() == asked.namespace
        });
        if exists {
            let (resource, name) = (asked.resource, asked.name);
            return Err(NoAnswer::DependsOn(format!(
                "the node that `{resource}/{name}` names"
            )));
        }
        self.unrelated()
    }

    fn unrelated(&self) -> Answer {
        refuse(format!(
            "no relationship found between node '{}' and this object",
            self.node
        ))
    }

    fn service_account(&self) -> Answer {
        let asked = self.asked;
        let reads_allowed = self.index.features.node_gets_service_accounts;
        if let (true, Some(gets)) = (
            asked.verb == "get" && asked.subresource.is_empty(),
            reads_allowed,
        ) {
            return if gets {
                self.read_namespaced(VertexKind::ServiceAccount)
            } else {
                refuse("not allowed to get service accounts")
            };
        }
        if asked.verb != "create" || asked.name.is_empty() {
            return refuse("can only create tokens for individual service accounts");
        }
        if asked.subresource != "token" {
            return refuse("can only create token subresource of serviceaccount");
        }
        self.reaches(VertexKind::ServiceAccount)
    }

    fn lease(&self) -> Answer {
        let asked = self.asked;
        if !matches!(asked.verb, "get" | "create" | "update" | "patch" | "delete") {
            return refuse("can only get, create, update, patch, or delete a node lease");
        }
        if asked.namespace != "kube-node-lease" {
            return refuse("can only access leases in the \"kube-node-lease\" system namespace");
        }
        self.own_or_create("can only access node lease with the same name as the requesting node")
    }

    fn csi_node(&self) -> Answer {
        let asked = self.asked;
        match asked.subresource {
            "" if matches!(asked.verb, "get" | "create" | "update" | "patch" | "delete") => self
                .own_or_create("can only access CSINode with the same name as the requesting node"),
            "" => refuse("can only get, create, update, patch, or delete a CSINode"),
            "status" if self.index.features.knows_csi_node_status => {
                refuse("CSINode status access requires CSIVolumeHealth feature")
            }
            _ => refuse("cannot authorize CSINode subresources"),
        }
    }

    /// The authorizer does not know the name on create; admission checks it.
    fn own_or_create(&self, otherwise: &str) -> Answer {
        if self.asked.verb == "create" || self.asked.name == self.node {
            Ok("the node's own object".to_owned())
        } else {
            refuse(otherwise)
        }
    }

    fn resource_slice(&self) -> Answer {
        let asked = self.asked;
        if !asked.subresource.is_empty() {
            return refuse("cannot authorize ResourceSlice subresources");
        }
        match asked.verb {
            "create" => Ok("every node may create resource slices for itself".to_owned()),
            "get" | "update" | "patch" | "delete" => self.named_elsewhere(),
            "watch" | "list" | "deletecollection" if !self.index.features.node_with_selectors => {
                Ok("every node may list resource slices in this version".to_owned())
            }
            "watch" | "list" | "deletecollection" => self.selects_itself(
                "can only list/watch/deletecollection resourceslices with nodeName field selector",
            ),
            _ => refuse(
                "only the following verbs are allowed for a ResourceSlice: get, watch, list, \
                      create, update, patch, delete, deletecollection",
            ),
        }
    }

    fn pod_certificate(&self) -> Answer {
        let asked = self.asked;
        if !asked.subresource.is_empty() {
            return refuse("nodes may not access the status subresource of PodCertificateRequests");
        }
        match asked.verb {
            "create" => Ok("every node may request pod certificates".to_owned()),
            "get" => self.named_elsewhere(),
            "list" | "watch" => self.selects_itself(
                "can only list/watch podcertificaterequests with nodeName field selector",
            ),
            verb => refuse(format!("nodes may not {verb} podcertificaterequests")),
        }
    }

    fn own_node(&self) -> Answer {
        let asked = self.asked;
        match (asked.subresource, asked.verb) {
            ("", "create" | "update" | "patch") | ("status", "update" | "patch") => {
                Ok("every node may write node objects; admission limits it to its own".to_owned())
            }
            ("", "get" | "list" | "watch") if asked.name == self.node => {
                Ok("the node's own object".to_owned())
            }
            ("", "get" | "list" | "watch") if asked.name.is_empty() => refuse(format!(
                "node '{}' cannot read all nodes, only its own Node object",
                self.node
            )),
            ("", "get" | "list" | "watch") => refuse(format!(
                "node '{}' cannot read '{}', only its own Node object",
                self.node, asked.name
            )),
            _ => refuse(""),
        }
    }

    fn pod(&self) -> Answer {
        let asked = self.asked;
        match (asked.subresource, asked.verb) {
            ("", "get") => self.get(VertexKind::Pod),
            ("", "list" | "watch") => {
                let refused = "can only list/watch pods with spec.nodeName field selector";
                let by_selector = self.selects_itself(refused);
                if by_selector.is_err() && !asked.name.is_empty() {
                    return self.related(VertexKind::Pod);
                }
                by_selector
            }
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                Ok("every node may write pods; admission limits it to its own".to_owned())
            }
            _ => refuse(""),
        }
    }

    fn selects_itself(&self, otherwise: &str) -> Answer {
        if requires_equal(self.asked.field_selector, "spec.nodeName", self.node) {
            Ok("a field selector that names the node itself".to_owned())
        } else {
            refuse(otherwise)
        }
    }
}
