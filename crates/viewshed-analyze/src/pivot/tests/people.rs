use viewshed_model::{Cluster, Identity, WhoAnswer};

use super::{cluster, grant, rule};
use crate::network::{Cni, NetworkIndex};
use crate::pivot::{LazyNetwork, PivotIndex, Sought};
use crate::sight::SightIndex;
use crate::who::{join, who_sees};

const DEPTH: u32 = 9;

/// A ClusterRole and its binding, or a Role and RoleBinding where a namespace is given.
fn give(name: &str, subject: &str, namespace: Option<&str>, rule: &str) -> String {
    let (kind, place) = match namespace {
        Some(namespace) => ("", format!(", namespace: {namespace}")),
        None => ("Cluster", String::new()),
    };
    let (subject_kind, subject) = subject.split_once(' ').expect("kind and name");
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Role\nmetadata: {{ name: {name}{place} }}\nrules: [{rule}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}RoleBinding\nmetadata: {{ name: {name}{place} }}\n\
         roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: {kind}Role, name: {name} }}\n\
         subjects: [{{ kind: {subject_kind}, name: '{subject}' }}]\n---\n"
    )
}

fn named(verbs: &str, resources: &str, names: &str) -> String {
    format!(
        "{{ apiGroups: [''], resources: ['{resources}'], verbs: [{verbs}], resourceNames: [{names}] }}"
    )
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: { name: db, namespace: shop }\n---\n";

/// Jane alone reads the secret.
fn jane() -> String {
    let reads = named("get", "secrets", "db");
    format!("{SECRET}{}", give("db", "User jane", Some("shop"), &reads))
}

/// `who sees secret/shop/db`: the direct ones of people, and those by steps.
fn seen(cluster: &Cluster) -> WhoAnswer {
    let sight = SightIndex::new(cluster);
    let network = NetworkIndex::new(cluster, Some(Cni::Generic));
    let pivots = PivotIndex::new(&sight, &network);
    let mut answer = who_sees(&sight, Some(&network), "secret/shop/db").expect("it exists");
    join(
        &mut answer,
        &network,
        Some((&pivots, Sought::Secrets, DEPTH)),
    );
    answer
}

/// Apart from the privileged pod on the control plane's node, which leads to everything whatever is
/// granted.
fn by_steps(cluster: &Cluster) -> Vec<String> {
    let ways = seen(cluster).by_steps;
    let shown = ways.iter().map(|way| {
        let doubt = if way.pivot.depends_on.is_empty() {
            ""
        } else {
            "?"
        };
        let becomes = format!("{} {}", way.pivot.kind.words(), way.pivot.name);
        let steps = way.pivot.steps.len();
        format!("{} -> {} {steps}{doubt}", way.subject, becomes.trim())
    });
    let mut shown: Vec<String> = shown.collect();
    let own = shown
        .iter()
        .position(|way| way == "pod ops/agent -> everything 2");
    shown.remove(own.expect("the privileged pod is a way"));
    shown
}

/// What somebody leads to: `kind name (steps)`.
fn leads(cluster: &Cluster, identity: &Identity) -> Vec<String> {
    let sight = SightIndex::new(cluster);
    let network = LazyNetwork::of(cluster, Some(Cni::Generic));
    let (pivots, _) = PivotIndex::asked_by(&sight, network, identity).from_asker(DEPTH);
    let shown = pivots
        .iter()
        .map(|pivot| format!("{:?} {} {}", pivot.kind, pivot.name, pivot.steps.len()));
    shown.map(|text| text.replace("  ", " ")).collect()
}

#[test]
fn who_acts_for_somebody_gets_by_one_step_to_what_they_see() {
    let mask = named("impersonate", "users", "jane");
    let cluster = cluster(&format!("{}{}", jane(), give("m", "User joe", None, &mask)));
    let answer = seen(&cluster);
    let direct: Vec<String> = answer
        .entries
        .iter()
        .map(|entry| entry.subject.to_string())
        .collect();
    assert!(direct.contains(&"user jane".to_owned()), "{direct:?}");
    assert!(!direct.contains(&"user joe".to_owned()), "{direct:?}");
    assert_eq!(by_steps(&cluster), ["user joe -> user jane 1"]);
    let way = &answer.by_steps[0].pivot.steps[0];
    assert_eq!(
        way.text,
        "user joe may impersonate users jane: it acts as that user"
    );
    assert!(way.evidence.is_some());
    assert_eq!(leads(&cluster, &Identity::user("joe", [])), ["User jane 1"]);
    assert_eq!(
        leads(&cluster, &Identity::user("jane", [])),
        Vec::<String>::new()
    );
}

/// A RoleBinding gives no right to impersonate users, who are in no namespace.
#[test]
fn a_mask_in_a_namespace_is_none() {
    let mask = named("impersonate", "users", "jane");
    let text = format!("{}{}", jane(), give("m", "User joe", Some("shop"), &mask));
    assert_eq!(by_steps(&cluster(&text)), Vec::<String>::new());
}

/// The header of a group is refused without one of a user (`Impersonate-User`).
#[test]
fn a_group_is_taken_on_with_a_user_name_only() {
    let reads = named("get", "secrets", "db");
    let readers = give("db", "Group readers", Some("shop"), &reads);
    let group = named("impersonate", "groups", "readers");
    let alone = give("m", "User joe", None, &group);
    let text = format!("{SECRET}{readers}{alone}");
    assert_eq!(by_steps(&cluster(&text)), Vec::<String>::new());
    let user = named("impersonate", "users", "nobody");
    let both = give("m", "User joe", None, &format!("{group}, {user}"));
    let text = format!("{SECRET}{readers}{both}");
    assert_eq!(
        by_steps(&cluster(&text)),
        ["user joe -> member of group readers 1"]
    );
}

#[test]
fn any_group_with_one_user_name_is_everything() {
    let group = rule("impersonate", "", "groups");
    let user = named("impersonate", "users", "jane");
    let text = give("m", "User joe", None, &format!("{group}, {user}"));
    assert_eq!(
        leads(&cluster(&text), &Identity::user("joe", [])),
        ["Administrator 1", "User jane 1"]
    );
}

/// `impersonate` on all users leads to those that bindings name and what they may, but to no group.
#[test]
fn any_user_is_not_any_group() {
    let all = rule("'*'", "*", "*");
    let mask = give("m", "User joe", None, &rule("impersonate", "", "users"));
    let admin = |subject: &str| format!("{mask}{}", give("admin", subject, None, &all));
    let joe = Identity::user("joe", []);
    let found = leads(&cluster(&admin("User root")), &joe);
    for wanted in ["Administrator 2", "AnyUser 1", "User root 1"] {
        assert!(
            found.iter().any(|one| one == wanted),
            "{found:?}, not {wanted}"
        );
    }
    assert_eq!(leads(&cluster(&admin("Group admins")), &joe), ["AnyUser 1"]);
}

/// A certificate names any user and any groups (`certificates.k8s.io`, signer
/// `kubernetes.io/kube-apiserver-client`).
#[test]
fn an_approved_certificate_is_of_any_user_and_group() {
    let rules = "{ apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create] }, \
         { apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update] }, \
         { apiGroups: [certificates.k8s.io], resources: [signers], verbs: [approve], \
           resourceNames: [kubernetes.io/kube-apiserver-client] }";
    let text = format!(
        "{}{}",
        give("csr", "User joe", None, rules),
        give("admin", "Group admins", None, &rule("'*'", "*", "*"))
    );
    let found = leads(&cluster(&text), &Identity::user("joe", []));
    for wanted in [
        "Administrator 2",
        "AnyUser 1",
        "Group admins 1",
        "ServiceAccount ops/tool 1",
    ] {
        assert!(
            found.iter().any(|one| one == wanted),
            "{found:?}, not {wanted}"
        );
    }
}

#[test]
fn rights_on_one_named_object_lead_to_that_one() {
    let rows = [
        (named("create", "pods/exec", "tool"), "Pod ops/tool 1"),
        (
            named("create", "serviceaccounts/token", "tool"),
            "ServiceAccount ops/tool 1",
        ),
        (
            named("impersonate", "serviceaccounts", "tool"),
            "ServiceAccount ops/tool 1",
        ),
    ];
    for (right, wanted) in rows {
        let text = give("one", "User joe", Some("ops"), &right);
        let found = leads(&cluster(&text), &Identity::user("joe", []));
        let first: Vec<&String> = found.iter().filter(|one| one.ends_with(" 1")).collect();
        assert_eq!(first, [wanted], "{right}");
        let elsewhere = give("one", "User joe", Some("shop"), &right);
        let found = leads(&cluster(&elsewhere), &Identity::user("joe", []));
        assert_eq!(found, Vec::<String>::new(), "{right} in shop");
    }
}

/// What a user may and what their group may count together.
#[test]
fn somebody_holds_the_rights_of_all_their_groups() {
    let rbac = "rbac.authorization.k8s.io";
    let text = format!(
        "{}{}",
        give("a", "User joe", None, &rule("update", rbac, "clusterroles")),
        give(
            "b",
            "Group staff",
            None,
            &rule("escalate", rbac, "clusterroles")
        )
    );
    let cluster = cluster(&text);
    assert_eq!(
        leads(&cluster, &Identity::user("joe", ["staff"])),
        ["Administrator 1"]
    );
    assert_eq!(
        leads(&cluster, &Identity::user("joe", [])),
        Vec::<String>::new()
    );
}

#[test]
fn a_secret_with_a_token_is_a_step_to_its_account() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: tool-token-x7, namespace: ops }\n\
                  type: kubernetes.io/service-account-token\n---\n\
                  apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: tool, namespace: ops }\n---\n";
    let lists = |namespace| {
        give(
            "s",
            "User joe",
            Some(namespace),
            &rule("list", "", "secrets"),
        )
    };
    let joe = Identity::user("joe", []);
    assert_eq!(
        leads(&cluster(&format!("{secret}{}", lists("ops"))), &joe),
        ["ServiceAccount ops/tool 1"]
    );
    assert_eq!(
        leads(&cluster(&format!("{secret}{}", lists("shop"))), &joe),
        Vec::<String>::new()
    );
}

/// The token controller goes by the annotation (`pkg/controller/serviceaccount/tokens_controller.go`), whatever the
/// Secret is called.
#[test]
fn a_secret_says_itself_whose_token_it_keeps() {
    let objects = "apiVersion: v1\nkind: Secret\nmetadata: { name: deploy-token-x7, namespace: ops, \
                   annotations: { kubernetes.io/service-account.name: tool } }\n\
                   type: kubernetes.io/service-account-token\n---\n\
                   apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: tool, namespace: ops }\n---\n\
                   apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: deploy, namespace: ops }\n---\n";
    let rights = give("s", "User joe", Some("ops"), &rule("list", "", "secrets"));
    let joe = Identity::user("joe", []);
    assert_eq!(
        leads(&cluster(&format!("{objects}{rights}")), &joe),
        ["ServiceAccount ops/tool 1"]
    );
}

/// An account's pod that the network keeps from the API server is named, and is no way.
#[test]
fn pods_that_cannot_use_their_token_are_told_apart() {
    let reads = rule("list", "", "secrets");
    let text = format!(
        "{SECRET}{}{}",
        grant("a", ("shut", "job"), Some("shop"), &reads),
        grant("b", ("shop", "web"), Some("shop"), &reads)
    );
    let cluster = cluster(&text);
    let answer = seen(&cluster);
    let pods = |account: &str| {
        let entry = answer.entries.iter();
        let entry = entry.clone().find(|entry| entry.subject.name == account);
        let entry = entry.expect("it has the right");
        (entry.pods.clone(), entry.pods_cut_off.clone())
    };
    assert_eq!(
        pods("job"),
        (vec!["shut/job".to_owned()], vec!["shut/job".to_owned()])
    );
    assert_eq!(pods("web"), (vec!["shop/web".to_owned()], Vec::new()));
}

/// Everybody in a group that sees it is no way by steps; the way of a doubtful step says so.
#[test]
fn members_need_no_step_and_doubts_stay() {
    let reads = named("get", "secrets", "db");
    let mask = named("impersonate", "users", "jane");
    let everybody = give("db", "Group system:authenticated", Some("shop"), &reads);
    let text = format!("{SECRET}{everybody}{}", give("m", "User joe", None, &mask));
    assert_eq!(by_steps(&cluster(&text)), Vec::<String>::new());
    let makes = give("p", "User joe", Some("shop"), &rule("create", "", "pods"));
    let text = format!("{}{makes}", jane());
    // A pod with a path of the control plane's node, where admission lets it.
    assert_eq!(by_steps(&cluster(&text)), ["user joe -> everything 2?"]);
}

/// The identities among the ranks: `kind name -> goal steps`, and `!` where no credential is needed.
fn ranked(grants: &str) -> Vec<String> {
    let cluster = cluster(grants);
    let sight = SightIndex::new(&cluster);
    let network = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let report = PivotIndex::new(&sight, &network).ranks_with_identities(DEPTH);
    let identities = report.ranks.iter().filter(|rank| rank.is_identity());
    let lines = identities.map(|rank| {
        let goal = format!("{} {}", rank.pivot.kind.words(), rank.pivot.name);
        let open = if rank.ways_in.is_empty() { "" } else { "!" };
        let steps = rank.pivot.steps.len();
        format!(
            "{} {} -> {} {steps}{open}",
            rank.workload_kind,
            rank.from,
            goal.trim_end()
        )
    });
    lines.collect()
}

#[test]
fn people_and_groups_are_ranked_by_what_they_lead_to() {
    let exec = rule("create", "", "pods/exec");
    let mask = rule("impersonate", "", "users");
    let grants = [
        give("stranger", "Group system:unauthenticated", None, &exec),
        give("dev", "Group devs", Some("ops"), &exec),
        give("jane", "User jane", None, &mask),
    ];
    assert_eq!(
        ranked(&grants.concat()),
        [
            "Group system:unauthenticated -> everything 3!",
            "Group devs -> everything 3",
            "User jane -> any user's rights 1",
        ]
    );
}

#[test]
fn who_leads_nowhere_of_their_own_is_not_ranked() {
    let all = rule("'*'", "*", "*");
    let exec = rule("create", "", "pods/exec");
    // An administrator by his own binding, but not everybody.
    assert_eq!(
        ranked(&give("root", "User root", None, &all)),
        Vec::<String>::new()
    );
    assert_eq!(
        ranked(&give("all", "Group system:authenticated", None, &all)),
        ["Group system:authenticated -> everything 1"]
    );
    // The cluster's own parts.
    assert_eq!(
        ranked(&give("own", "User system:kube-scheduler", None, &exec)),
        Vec::<String>::new()
    );
    // Jane reads nothing by herself: the way is that of everybody.
    let everybody = give("all", "Group system:authenticated", None, &exec);
    let jane = give("jane", "User jane", Some("shop"), &rule("list", "", "pods"));
    assert_eq!(
        ranked(&format!("{everybody}{jane}")),
        ["Group system:authenticated -> everything 3"]
    );
}
