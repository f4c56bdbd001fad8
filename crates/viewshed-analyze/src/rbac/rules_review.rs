//! SelfSubjectRulesReview, as the server answers it: its order, its duplicates, and what it
//! over-states (`pkg/registry/authorization/selfsubjectrulesreview/rest.go`).

use viewshed_model::{AuthorizerKind, Identity, PolicyRule, RulesReview};

use super::session::{aggregate_texts, missing_role};
use super::{AccessIndex, Session, chain, node, unread};

/// What a SelfSubjectRulesReview of this identity in this namespace returns. It lists what the
/// bindings say, cluster-wide ones first, without asking whether a rule can apply: paths and
/// cluster-scoped resources of a RoleBinding are in it, `system:masters` and nodes are not.
///
/// The server visits bindings in no fixed order; here they are sorted by name. An empty namespace
/// is refused by the server; here it gives the cluster-wide rules.
pub fn self_subject_rules(
    index: &AccessIndex<'_>,
    identity: &Identity,
    namespace: &str,
) -> RulesReview {
    let session = index.session(identity);
    let mut review = RulesReview {
        estate: index.cluster().name.clone(),
        identity: identity.clone(),
        namespace: namespace.to_owned(),
        ..RulesReview::default()
    };
    let mut errors = Vec::new();
    for (kind, _) in chain::links(&session) {
        match kind {
            AuthorizerKind::Rbac => {
                add_rbac(&session, namespace, &mut review, &mut errors);
                if let Some(fact) = unread::any(index.cluster()) {
                    review.incomplete = true;
                    errors.push(format!("depends on {fact}"));
                }
            }
            AuthorizerKind::Node => {
                if node::node_of(identity).is_some() {
                    review.incomplete = true;
                    errors.push("node authorizer does not support user rule resolution".to_owned());
                }
            }
            AuthorizerKind::AlwaysAllow => add_everything(&mut review),
            AuthorizerKind::AlwaysDeny => {}
            AuthorizerKind::Webhook => {
                review.incomplete = true;
                errors.push("webhook authorizer does not support user rule resolution".to_owned());
            }
            // The ABAC policy file and unknown authorizers may add rules that are not in the estate.
            AuthorizerKind::Abac | AuthorizerKind::Unknown => review.incomplete = true,
        }
    }
    review.evaluation_error = aggregate_texts(&errors);
    review
}

fn add_rbac(
    session: &Session<'_>,
    namespace: &str,
    review: &mut RulesReview,
    errors: &mut Vec<String>,
) {
    for grant in session
        .cluster_grants()
        .chain(session.namespace_grants(namespace))
    {
        let Some(role) = grant.role else {
            errors.push(missing_role(grant.binding));
            continue;
        };
        for rule in &role.rules {
            if !rule.resources.is_empty() {
                review.resource_rules.push(PolicyRule {
                    non_resource_urls: Vec::new(),
                    ..rule.clone()
                });
            }
            if !rule.non_resource_urls.is_empty() {
                review.non_resource_rules.push(PolicyRule {
                    verbs: rule.verbs.clone(),
                    non_resource_urls: rule.non_resource_urls.clone(),
                    ..PolicyRule::default()
                });
            }
        }
    }
}

/// `authorizerfactory/builtin.go`.
fn add_everything(review: &mut RulesReview) {
    let star = || vec!["*".to_owned()];
    review.resource_rules.push(PolicyRule {
        verbs: star(),
        api_groups: star(),
        resources: star(),
        ..PolicyRule::default()
    });
    review.non_resource_rules.push(PolicyRule {
        verbs: star(),
        non_resource_urls: star(),
        ..PolicyRule::default()
    });
}
