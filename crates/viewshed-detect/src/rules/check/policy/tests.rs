use viewshed_model::{AuditPolicy, AuditResources, AuditRule, Level};

use super::super::tests::falco;
use super::super::{Recordable, RequestShape};
use super::recordable;
use crate::coverage::{Asked, Target, recorded};
use crate::rules::formula::{Check, Fact, Formula, Letters, Pattern};

/// A condition, a policy's rules as level and what they name, and what must stand in the reasons.
fn check_policy(condition: &str, rules: &[AuditRule], reason: &str) {
    let policy = AuditPolicy {
        rules: rules.to_vec(),
        ..AuditPolicy::default()
    };
    let mut checks = falco(condition).check_policy(&policy, &Recordable::default());
    let check = checks.pop().expect("one");
    let reasons = check.reasons.join("\n");
    assert_eq!(check.can_fire, reason.is_empty(), "{condition}: {reasons}");
    assert!(reasons.contains(reason), "{condition}: {reasons}");
}

#[test]
fn what_a_policy_does_not_record_cannot_fire() {
    let rule = |level, resource: &str| AuditRule {
        level,
        resources: vec![AuditResources {
            resources: vec![resource.to_owned()],
            ..AuditResources::default()
        }],
        ..AuditRule::default()
    };
    let rest = AuditRule::default();
    let secrets = "ka.verb=list and ka.target.resource=secrets";
    let none = "no such request is recorded";
    check_policy(secrets, &[], none);
    check_policy(secrets, std::slice::from_ref(&rest), "");
    let hidden = [rule(Level::None, "secrets"), rest.clone()];
    check_policy(secrets, &hidden, none);
    check_policy("ka.verb=list and ka.target.resource=pods", &hidden, "");
    // Not hidden from everybody.
    let mut of_one = rule(Level::None, "secrets");
    of_one.users = vec!["alice".to_owned()];
    check_policy(secrets, &[of_one, rest.clone()], "");
    // Not every request about pods is one for pods themselves.
    let pods = [rule(Level::None, "pods"), rest.clone()];
    check_policy("ka.verb=get and ka.target.resource=pods", &pods, "");
    let all_pods = [rule(Level::None, "pods"), rule(Level::None, "pods/*")];
    check_policy("ka.verb=get and ka.target.resource=pods", &all_pods, none);
    // Another group may have a kind of that name.
    let odd = "ka.verb=list and ka.target.resource=widgets";
    check_policy(odd, &[rule(Level::None, "widgets"), rest.clone()], "");
    check_policy(odd, &[rule(Level::None, "widgets")], none);
    // A pattern may mean anything.
    let pattern = "ka.verb=list and ka.target.resource startswith secr";
    check_policy(pattern, &hidden, "");
    check_policy(pattern, &[], none);
    let body = "ka.verb=create and ka.target.resource=pods and ka.req.pod.host_network=true";
    check_policy(body, std::slice::from_ref(&rest), "must be Request");
    check_policy(body, &[rule(Level::Request, "pods"), rest], "");
}

/// Rules of every make.
fn rules_of_a_policy() -> Vec<AuditRule> {
    let if_bit = |bits: u32, bit: u32, text: &str| -> Vec<String> {
        (bits & bit > 0)
            .then(|| text.to_owned())
            .into_iter()
            .collect()
    };
    let resources = ["pods", "*", "*/scale", "deployments"];
    (0..64_u32)
        .map(|bits| AuditRule {
            level: [Level::None, Level::Metadata, Level::Request][bits as usize % 3],
            users: if_bit(bits, 1, "alice"),
            verbs: if_bit(bits, 2, "list"),
            namespaces: if_bit(bits, 4, "shop"),
            paths: if_bit(bits, 8, "/api*"),
            resources: if_bit(bits, 16, resources[bits as usize / 3 % 4])
                .into_iter()
                .map(|resource| AuditResources {
                    api_group: if bits & 32 > 0 { "apps" } else { "" }.to_owned(),
                    resources: vec![resource],
                    names: Vec::new(),
                })
                .collect(),
            ..AuditRule::default()
        })
        .collect()
}

fn about(parts: [(Fact, &str); 3]) -> Formula {
    let checks = parts.map(|(fact, text)| {
        Formula::Check(Check {
            fact,
            field: String::new(),
            patterns: vec![Pattern::Equals(text.to_owned())],
            letters: Letters::Exact,
        })
    });
    Formula::And(checks.into())
}

/// A policy's verdict for one request is never outside what it is said to record.
#[test]
fn what_a_policy_records_of_one_request_is_among_what_it_records() {
    let rules = rules_of_a_policy();
    let pairs = rules.iter().enumerate().flat_map(|(first, one)| {
        let others = rules.iter().skip(first % 5).step_by(5);
        others.map(move |other| vec![one.clone(), other.clone()])
    });
    for rules in pairs {
        let policy = AuditPolicy {
            rules,
            ..AuditPolicy::default()
        };
        for (api_group, resource, subresource) in [
            ("", "pods", ""),
            ("apps", "deployments", "scale"),
            ("apps", "deployments", ""),
        ] {
            let formula = about([
                (Fact::ApiGroup, api_group),
                (Fact::Resource, resource),
                (Fact::Subresource, subresource),
            ]);
            let found = recordable(&policy, &formula);
            for (user, namespace, verb) in [
                ("alice", "shop", "list"),
                ("bob", "shop", "get"),
                ("bob", "", "list"),
            ] {
                let target = Target::Object {
                    api_group,
                    resource,
                    subresource,
                    namespace,
                    name: "",
                };
                let asked = Asked {
                    user: Some(user),
                    groups: &[],
                    verb,
                    target,
                };
                let level = recorded(&policy, &asked).level;
                let shape = RequestShape {
                    verb: verb.to_owned(),
                    api_group: api_group.to_owned(),
                    resource: resource.to_owned(),
                    subresource: subresource.to_owned(),
                };
                let found = found.requests.get(&shape);
                assert!(
                    level == Level::None || found.is_some_and(|one| one.levels.contains(&level)),
                    "{policy:?} {asked:?}: {level:?} of {found:?}"
                );
            }
        }
    }
}
