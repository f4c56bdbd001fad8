//! Ruling rules out by verb, resource and answer changes no result: every rule asked about every event gives
//! the same matches.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::audit_events::AuditEvent;
use crate::rules::{RuleMatch, RuleSet};

/// Conditions that lean on every fact that rules out, with every operator that is analysed.
const FALCO: &str = "
- macro: made
  condition: (ka.verb in (create, update) or ka.verb startswith del)
- rule: a
  desc: d
  condition: made and not ka.target.subresource exists
  output: a
  priority: INFO
  source: k8s_audit
- rule: b
  desc: d
  condition: ka.response.code startswith 4 and ka.target.resource!=pods
  output: b
  priority: INFO
  source: k8s_audit
- rule: c
  desc: d
  condition: not (ka.auth.decision=allow and ka.target.resource endswith s) and ka.user.name exists
  output: c
  priority: INFO
  source: k8s_audit
- rule: d
  desc: d
  condition: ka.req.pod.host_network=true or jevt.value[/objectRef/apiGroup] contains pp
  output: d
  priority: INFO
  source: k8s_audit
- rule: e
  desc: d
  condition: ka.stage=ResponseStarted and ka.user.groups intersects (dev) and jevt.value[/level] in (Metadata, Request)
  output: e
  priority: INFO
  source: k8s_audit
- rule: f
  desc: d
  condition: tolower(ka.verb)=get and ka.response.code>=400 and not ka.resp.name exists
  output: f
  priority: INFO
  source: k8s_audit
- rule: g
  desc: d
  condition: (not ka.user.name startswith A or ka.useragent contains fle) and not ka.uri in (/API, /x) and ka.uri!=/y
  output: g
  priority: INFO
  source: k8s_audit
- rule: h
  desc: d
  condition: ka.uri contains /bin or ka.uri startswith /api/v1/pod or not ka.useragent exists
  output: h
  priority: INFO
  source: k8s_audit
";

#[cfg(feature = "sigma")]
const SIGMA: &str = "
title: a
logsource: {product: kubernetes}
detection:
    one: {verb: [GET, 'cr*'], objectRef.resource|contains: od}
    two: {objectRef.subresource|exists: false}
    three: {responseStatus.code: [403, '404'], user.username|cased: Ann}
    condition: (one and not two) or three
---
title: b
logsource: {product: kubernetes}
detection:
    sel_a: {verb|startswith: c}
    sel_b: {objectRef.apiGroup: null}
    filter: {level: metadata}
    condition: all of sel_* and not filter
---
title: c
logsource: {product: kubernetes}
detection:
    sel_a: {objectRef.resource|endswith|all: [ods, s]}
    sel_b: {annotations.authorization.k8s.io/decision: forbid}
    keys: ['dev']
    condition: 1 of sel_* and not keys
---
title: d
logsource: {product: kubernetes}
detection:
    sel: [{requestObject.spec.hostNetwork: true}, {stage: ResponseStarted, verb|re: '^g'}]
    not_me: {user.username: 'k'}
    condition: sel or not_me
---
title: e
logsource: {product: kubernetes}
detection:
    sel: {responseStatus.code|gte: 400, responseObject.metadata.name: null}
    condition: sel
---
title: f
logsource: {product: kubernetes}
detection:
    sel_a: {requestURI|contains: [/bin/sh, '%2fbin%2fsh', '/usr/bin']}
    sel_b: {userAgent|contains: [trufflehog, kube]}
    skip: {user.username: ann}
    condition: 1 of sel_* and not skip
---
title: g
logsource: {product: kubernetes}
detection:
    sel: {requestURI|startswith|cased: /api, userAgent|exists: true}
    other: {requestURI: null}
    condition: not sel and not other
";

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("f.yaml", FALCO),
        #[cfg(feature = "sigma")]
        ("s.yml", SIGMA),
    ]
}

/// Every rule asked, none ruled out.
fn slowly(rules: &mut RuleSet, event: &AuditEvent) -> Vec<RuleMatch> {
    let mut found = Vec::new();
    for engine in &mut rules.engines {
        let all: Vec<u32> = (0_u32..).zip(engine.outlines()).map(|(at, _)| at).collect();
        engine.judge(&all, &event.activity(), &mut found);
    }
    found
}

prop_compose! {
    fn events()(
        verb in prop::sample::select(vec!["get", "create", "delete", "CREATE", "", "\u{212a}"]),
        group in prop::sample::select(vec!["", "apps", "Apps"]),
        resource in prop::sample::select(vec!["pods", "secrets", "Pods", "", "nodes"]),
        subresource in prop::sample::select(vec!["", "exec"]),
        code in prop::sample::select(vec![0_u16, 200, 401, 403, 404]),
        decision in prop::sample::select(vec!["", "allow", "forbid"]),
        stage in prop::sample::select(vec!["ResponseStarted", "ResponseComplete"]),
        level in prop::sample::select(vec!["Metadata", "Request", "RequestResponse"]),
        user in prop::sample::select(vec!["", "Ann", "ann", "\u{212a}"]),
        group_of_user in prop::sample::select(vec!["dev", "ops"]),
        has_body in any::<bool>(),
        uri in prop::sample::select(vec!["", "/api/v1/pods?c=/Bin/sh", "/api/v1/binary", "/API", "/\u{212a}bin/sh"]),
        agent in prop::sample::select(vec!["", "kubectl/v1", "TruffleHog", "\u{212a}ube"]),
    ) -> Value {
        let mut event = json!({
            "kind": "Event", "verb": verb, "requestURI": uri, "userAgent": agent, "stage": stage, "level": level,
            "user": {"username": user, "groups": [group_of_user]},
            "objectRef": {"apiGroup": group, "resource": resource, "subresource": subresource},
            "responseStatus": {"code": code},
            "annotations": {"authorization.k8s.io/decision": decision},
        });
        if has_body {
            event["requestObject"] = json!({"spec": {"hostNetwork": true}});
            event["responseObject"] = json!({"metadata": {"name": "x"}});
        }
        event
    }
}

proptest! {
    // A case loads both rule sets: few cases with many events each.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn ruling_out_changes_nothing(values in prop::collection::vec(events(), 200..400)) {
        let (mut rules, problems) = RuleSet::load(&files());
        prop_assert_eq!(problems, vec![]);
        let (mut oracle, _) = RuleSet::load(&files());
        for value in values {
            let event = AuditEvent::new(value);
            let mut found = Vec::new();
            rules.judge(&event.activity(), &mut found);
            prop_assert_eq!(found, slowly(&mut oracle, &event));
        }
    }
}
