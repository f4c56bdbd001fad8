//! Rules that cannot fire, each for its reason.

use viewshed_model::Level;

use super::{Recordable, Recorded, RequestShape, RuleCheck, StatusCodes};
use crate::rules::RuleSet;

pub(super) fn falco(condition: &str) -> RuleSet {
    let text = format!(
        "- rule: example\n  desc: d\n  condition: >\n    {condition}\n  output: o\n  priority: INFO\n  source: k8s_audit\n"
    );
    RuleSet::load(&[("rules.yaml", &text)]).0
}

fn metadata_only() -> Recordable {
    Recordable {
        others: Some(Recorded::at(Level::Metadata)),
        ..Recordable::default()
    }
}

fn only(rules: &RuleSet, profile: &Recordable) -> RuleCheck {
    let mut checks = rules.check(profile);
    assert_eq!(checks.len(), 1, "{checks:?}");
    checks.pop().expect("one")
}

/// A Falco condition, a profile, and what must stand in the reasons; empty: it can fire.
fn check(condition: &str, profile: &Recordable, reason: &str) {
    let check = only(&falco(condition), profile);
    let reasons = check.reasons.join("\n");
    assert_eq!(check.can_fire, reason.is_empty(), "{condition}: {reasons}");
    assert!(reasons.contains(reason), "{condition}: {reasons}");
}

#[test]
fn what_no_event_has_cannot_fire() {
    let all = Recordable::everything();
    check("ka.verb=create", &all, "");
    check(
        "ka.verb=impersonate",
        &all,
        "no request has the verb `impersonate`",
    );
    check(
        "jevt.value[/level]=ResponseComplete",
        &all,
        "is a stage, not a level",
    );
    check("ka.stage=Metadata", &all, "is a level, not a stage");
    check(
        "ka.response.code=ALLOW",
        &all,
        "is a number, and `ALLOW` is none",
    );
    check(
        "ka.auth.decision=reject",
        &all,
        "`allow` or `forbid`, never `reject`",
    );
    check("ka.nothing=1", &all, "there is no field `ka.nothing`");
    check(
        "ka.response.code=401 and ka.user.name exists",
        &all,
        "fails authentication (401) has no user",
    );
    check(
        "ka.auth.decision=forbid and ka.response.code=200",
        &all,
        "answered 403",
    );
    check(
        "ka.verb=list and ka.req.binding.role exists",
        &all,
        "`list` and `watch` send no object",
    );
    check(
        "ka.verb=get and not ka.verb=get",
        &all,
        "its parts exclude each other",
    );
}

#[test]
fn what_the_log_does_not_record_cannot_fire() {
    let metadata = metadata_only();
    check(
        "ka.verb=create and ka.req.pod.host_network=true",
        &metadata,
        "must be Request or RequestResponse",
    );
    check(
        "ka.verb=create and ka.resp.name=x",
        &metadata,
        "must be RequestResponse",
    );
    check("ka.verb=create", &metadata, "");
    check(
        "jevt.value[/level]=Request",
        &metadata,
        "recorded: Metadata",
    );
    let mut complete = metadata_only();
    complete.others = complete.others.map(|mut recorded| {
        recorded
            .stages
            .retain(|stage| *stage == viewshed_model::Stage::ResponseComplete);
        recorded
    });
    check(
        "ka.stage=ResponseStarted and ka.verb=create",
        &complete,
        "recorded: ResponseComplete",
    );
    let pods = RequestShape {
        verb: "list".to_owned(),
        resource: "pods".to_owned(),
        ..RequestShape::default()
    };
    let mut seen = Recordable::default();
    seen.requests.insert(pods, Recorded::at(Level::Metadata));
    check("ka.verb=list and ka.target.resource=pods", &seen, "");
    check(
        "ka.verb=list and ka.target.resource=secrets",
        &seen,
        "no such request is recorded: verb `list`, resource `secrets`",
    );
    // Neither the request nor its body.
    check(
        "ka.verb=create and ka.req.pod.host_network=true",
        &seen,
        "no such request is recorded",
    );
}

/// `ka.response.code startswith 2` is how Falco's rules say "successful"; Falco's plugin for Google's
/// audit log passes gRPC codes on.
#[test]
fn success_and_failure_rules_of_falco_do_not_fire_on_grpc_codes() {
    let gke = Recordable {
        codes: StatusCodes::Grpc,
        ..Recordable::everything()
    };
    let success = "ka.verb=get and ka.target.resource=secrets and ka.response.code startswith 2";
    check(success, &gke, "gRPC codes in this log");
    check(success, &Recordable::everything(), "");
    let failure = only(
        &falco("ka.verb=get and ka.target.resource=secrets and not ka.response.code startswith 2"),
        &gke,
    );
    // It fires on everything, success included: that is told.
    assert!(failure.can_fire);
    assert!(failure.remarks.join("\n").contains("gRPC"), "{failure:?}");
}

#[test]
fn names_without_their_prefix_are_remarked() {
    let check = only(&falco("ka.user.name=anonymous"), &Recordable::everything());
    assert!(check.can_fire);
    assert_eq!(
        check.remarks,
        ["Kubernetes' own name is `system:anonymous`; `anonymous` is somebody else"]
    );
}

#[test]
fn two_rules_with_one_condition_are_told() {
    let rule = |name: &str| {
        format!(
            "- rule: {name}\n  desc: d\n  condition: ka.user.name=system:anonymous and ka.verb=list\n  \
             output: o\n  priority: INFO\n  source: k8s_audit\n"
        )
    };
    let text = rule("scan") + &rule("scan again");
    let (rules, _) = RuleSet::load(&[("rules.yaml", &text)]);
    let checks = rules.check(&Recordable::everything());
    assert_eq!(checks[0].remarks, [""; 0]);
    assert_eq!(checks[1].remarks, ["its condition is that of `scan`"]);
}

#[cfg(feature = "sigma")]
mod sigma {
    use super::*;

    fn sigma(detection: &str) -> RuleSet {
        let text = format!(
            "title: example\nlogsource:\n    product: kubernetes\n    service: audit\ndetection:\n    \
             selection:\n        {detection}\n    condition: selection\n"
        );
        let (rules, problems) = RuleSet::load(&[("rule.yml", &text)]);
        assert_eq!(problems, []);
        rules
    }

    /// Elastic's rule for anonymous enumeration, in its own words.
    #[test]
    fn a_stage_among_levels_is_told_and_metadata_alone_rules_it_out() {
        let rules = sigma(
            "kubernetes.audit.level:\n            - RequestResponse\n            - ResponseComplete\n            - Request",
        );
        let check = only(&rules, &metadata_only());
        assert!(!check.can_fire);
        assert_eq!(
            check.reasons,
            ["it asks for a level that such requests are not recorded at; recorded: Metadata"]
        );
        assert_eq!(
            check.remarks,
            ["`ResponseComplete` is a stage, not a level"]
        );
        assert!(only(&rules, &Recordable::everything()).can_fire);
    }

    /// Datadog's rule for permission enumeration asks for `requestObject.kind`.
    #[test]
    fn a_body_field_cannot_fire_at_level_metadata() {
        let rules = sigma("requestObject.kind: SelfSubjectRulesReview\n        verb: create");
        let check = only(&rules, &metadata_only());
        assert!(!check.can_fire);
        assert!(
            check.reasons[0].contains("`requestObject` (`requestObject.kind`)"),
            "{check:?}"
        );
        assert!(only(&rules, &Recordable::everything()).can_fire);
    }

    #[test]
    fn a_field_of_another_world_cannot_fire() {
        let check = only(&sigma("CommandLine: kubectl"), &Recordable::everything());
        assert_eq!(check.reasons, ["no audit event has a field `CommandLine`"]);
    }

    /// Five of the sixteen public rules match no native event as they are written.
    #[test]
    fn five_public_rules_are_read_otherwise_than_written() {
        let files = crate::rules::tests::sigma_corpus::files();
        let texts: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        let (rules, problems) = RuleSet::load(&texts);
        assert_eq!(problems, []);
        let checks = rules.check(&Recordable::everything());
        assert_eq!(checks.len(), 16);
        assert!(checks.iter().all(|check| check.can_fire));
        let mut read: Vec<String> = checks
            .iter()
            .flat_map(|check| {
                check
                    .read_as
                    .iter()
                    .map(move |(from, _)| format!("{}: {from}", check.rule))
            })
            .collect();
        read.sort();
        assert_eq!(
            read,
            [
                "Container With A hostPath Mount Created: hostPath",
                "Kubernetes Potential Enumeration Activity: responseStatus.code: 'ALLOW'",
                "Potential Sidecar Injection Into Running Deployment: apiGroup",
                "Privileged Container Deployed: capabilities",
                "RBAC Permission Enumeration Attempt: apiGroup",
            ]
        );
        // At level Metadata two of them look into bodies that are not there.
        let blind: Vec<String> = rules
            .check(&metadata_only())
            .into_iter()
            .filter(|check| !check.can_fire)
            .map(|check| check.rule)
            .collect();
        assert_eq!(
            blind,
            [
                "Container With A hostPath Mount Created",
                "Privileged Container Deployed"
            ]
        );
    }
}
