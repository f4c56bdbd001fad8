//! Grants that were not read: what they could allow is never called forbidden.

use viewshed_model::{Decision, UnreadGrants};

use super::scenery::{action, cluster, identity};
use crate::rbac::{AccessIndex, Verdict, self_subject_rules};

const SCENERY: &str = "role r verbs=get resources=pods\nbind b ClusterRole:r User:jane\n\
                       bind lost ClusterRole:nowhere User:kate";

fn unread(resources: &[&str]) -> UnreadGrants {
    let mut unread = UnreadGrants::default();
    for resource in resources {
        unread.note("rbac.authorization.k8s.io", resource);
    }
    unread
}

fn check(resources: &[&str], who: &str, question: &str, expected: &str) {
    let mut cluster = cluster(SCENERY);
    cluster.unread_grants = unread(resources);
    let index = AccessIndex::new(&cluster);
    let session = index.session(&identity(who));
    let question = action(question);
    let (text, verdict) = match session.decide(&question) {
        Decision::Allowed(_) => ("yes".to_owned(), Verdict::Yes),
        Decision::Denied(_) => ("no".to_owned(), Verdict::No),
        Decision::DependsOn(facts) => {
            let facts: Vec<String> = facts.into_iter().map(|fact| fact.fact).collect();
            (facts.join("; "), Verdict::Unknown)
        }
    };
    assert_eq!(text, expected, "{resources:?} {who}");
    assert_eq!(session.verdict(&question), verdict);
}

#[test]
fn what_is_granted_stays_granted() {
    let all = [
        "clusterrolebindings",
        "rolebindings",
        "clusterroles",
        "roles",
    ];
    check(&all, "jane", "get pods -n shop", "yes");
}

#[test]
fn bindings_matter_where_they_reach() {
    let cluster_wide = "ClusterRoleBindings that were not read";
    check(&["clusterrolebindings"], "bob", "get nodes", cluster_wide);
    check(
        &["clusterrolebindings"],
        "bob",
        "get pods -n shop",
        cluster_wide,
    );
    let namespaced = "RoleBindings that were not read";
    check(&["rolebindings"], "bob", "get pods -n shop", namespaced);
    check(&["rolebindings"], "bob", "get nodes", "no");
}

#[test]
fn roles_matter_to_those_who_are_bound_to_them() {
    let role = "what ClusterRole nowhere grants, which was not read";
    check(&["clusterroles"], "kate", "get pods -n shop", role);
    check(&["clusterroles"], "bob", "get pods -n shop", "no");
    check(&["roles"], "kate", "get pods -n shop", "no");
}

#[test]
fn a_list_of_rules_says_that_it_is_not_whole() {
    let mut cluster = cluster(SCENERY);
    let whole = self_subject_rules(&AccessIndex::new(&cluster), &identity("jane"), "shop");
    assert!(!whole.incomplete);
    cluster.unread_grants = unread(&["rolebindings"]);
    let review = self_subject_rules(&AccessIndex::new(&cluster), &identity("jane"), "shop");
    assert!(review.incomplete);
    assert_eq!(
        review.evaluation_error,
        "depends on RoleBindings that were not read"
    );
}
