//! Conditions, fields, changes of rules and outputs, on one event.

use serde_json::json;

use super::super::RuleSet;
use super::super::tests::audit_events::AuditEvent;
use super::compare::glob;

/// A pod being created, with three lists of containers.
fn event() -> AuditEvent {
    AuditEvent::new(json!({
        "kind": "Event", "auditID": "id-1", "level": "RequestResponse", "stage": "ResponseComplete",
        "requestURI": "/api/v1/pods?command=ls&command=-la&x=a%2Fb+c", "verb": "create",
        "user": {"username": "ann", "groups": ["dev", "ops"]},
        "impersonatedUser": {"username": "bob"},
        "sourceIPs": ["1.1.1.1", "10.0.0.9"], "userAgent": "kubectl/v1",
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "cart"},
        "responseStatus": {"code": 201, "reason": "Created"},
        "requestObject": {"spec": {
            "hostNetwork": true,
            "securityContext": {"runAsUser": 7, "supplementalGroups": [5, 6]},
            "containers": [
                {"name": "a", "image": "reg:5000/a/b:1", "command": ["sh", "-c"],
                 "ports": [{"hostPort": 80, "containerPort": 8080}, {"containerPort": 90}],
                 "securityContext": {"runAsUser": 0, "capabilities": {"add": ["NET_ADMIN"]}}},
                {"name": "c", "image": "c@sha256:00"},
            ],
            "initContainers": [{"name": "i", "securityContext": {"privileged": true}}],
            "volumes": [{"name": "v", "hostPath": {"path": "/etc/ssl"}}, {"name": "t", "emptyDir": {}}],
        }},
        "responseObject": {"metadata": {"name": "cart"}},
        "requestReceivedTimestamp": "2026-01-01T00:00:00.000001Z",
        "annotations": {
            "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: x",
            "pod-security.kubernetes.io/audit-violations": "host",
        },
    }))
}

/// The messages of a rule file for the event, and its problems.
fn run(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut rules, problems) = RuleSet::load(&[("f", text)]);
    let event = event();
    let mut found = Vec::new();
    rules.judge(&event.activity(), &mut found);
    (
        found.into_iter().map(|one| one.message).collect(),
        problems.into_iter().map(|problem| problem.text).collect(),
    )
}

fn rule(condition: &str) -> String {
    format!(
        "- rule: r\n  desc: d\n  condition: >\n    {condition}\n  output: fired\n  priority: INFO\n  \
         source: k8s_audit\n"
    )
}

#[test]
fn operators_compare_as_falco_does() {
    for (condition, is_match) in [
        ("ka.verb=create and not ka.verb = get", true),
        ("ka.verb==create", true),
        ("ka.verb!=create or ka.verb in (get, \"create\",)", true),
        ("not not ka.verb=create", true),
        ("not (ka.verb=create and ka.user.name=ann)", false),
        // An absent field satisfies nothing.
        ("ka.target.subresource!=exec", false),
        ("not ka.target.subresource exists", true),
        ("ka.target.subresource in ()", false),
        (
            "ka.user.name contains nn and ka.user.name startswith a and ka.user.name endswith 'nn'",
            true,
        ),
        (
            "ka.user.name icontains NN and tolower(ka.user.name)=ann and toupper(ka.user.name)=ANN",
            true,
        ),
        ("ka.user.name glob a?n and ka.user.name iglob 'A*'", true),
        (
            "ka.user.name bcontains 6e6e and ka.user.name bstartswith 616e",
            true,
        ),
        (
            "ka.response.code>=200 and ka.response.code < 1000 and ka.response.code <= 201",
            true,
        ),
        ("ka.response.code startswith 2", true),
        ("ka.uri pmatch (/api, /x)", true),
        ("ka.req.pod.volumes.hostpath pmatch (/etc/)", true),
        ("ka.req.pod.volumes.hostpath pmatch (/et)", false),
        // Of a list `in` wants every element, `intersects` one.
        ("ka.user.groups in (dev)", false),
        ("ka.user.groups in (dev, ops, x)", true),
        ("ka.user.groups intersects (x, ops)", true),
        ("ka.user.groups contains op", true),
        ("ka.user.groups!=dev", false),
    ] {
        let (found, problems) = run(&rule(condition));
        assert_eq!(problems, [""; 0], "{condition}");
        assert_eq!(found == ["fired"], is_match, "{condition}");
    }
}

#[test]
fn fields_hold_what_the_plugin_gives() {
    let output = [
        ("ka.auditid", "id-1"),
        ("ka.auth.reason", "RBAC: x"),
        ("ka.impuser.name", "bob"),
        ("ka.uri.param[command]", "ls"),
        ("ka.uri.param[x]", "a/b c"),
        ("ka.uri.param[none]", "<NA>"),
        ("ka.target.pod.name", "cart"),
        ("ka.sourceips", "(1.1.1.1,10.0.0.9)"),
        ("ka.sourceips[1]", "(10.0.0.9)"),
        ("ka.response.reason", "Created"),
        ("ka.resp.name", "cart"),
        ("ka.security.pod.violations", "host"),
        ("ka.req.pod.host_network", "true"),
        ("ka.req.pod.supplemental_groups", "(5,6)"),
        (
            "ka.req.pod.containers.image",
            "(reg:5000/a/b:1,c@sha256:00)",
        ),
        ("ka.req.pod.containers.image[1]", "(c@sha256:00)"),
        ("ka.req.pod.containers.image.repository", "(reg:5000/a/b,c)"),
        ("ka.req.container.image.repository", "reg:5000/a/b"),
        ("ka.req.container.privileged", "false"),
        ("ka.req.pod.initContainers.privileged", "(true)"),
        ("ka.req.pod.ephemeralContainers.privileged", "<NA>"),
        ("ka.req.pod.containers.command", "(sh,-c)"),
        ("ka.req.pod.containers.host_port", "(80,90)"),
        ("ka.req.pod.containers.add_capabilities", "(NET_ADMIN)"),
        ("ka.req.pod.containers.eff_run_as_user", "(0,7)"),
        ("ka.req.pod.containers.eff_run_as_group", "(0,0)"),
        ("ka.req.pod.volumes.hostpath", "(/etc/ssl)"),
        ("ka.req.pod.volumes.volume_type", "(hostPath,emptyDir)"),
        ("ka.req.volume.hostpath[/etc*]", "true"),
        ("ka.req.volume.hostpath[/etc]", "false"),
        ("jevt.value[/requestObject/spec/containers/1/name]", "c"),
        (
            "jevt.value[/annotations/authorization.k8s.io~1decision]",
            "allow",
        ),
        ("jevt.value[/user/groups]", "[\"dev\",\"ops\"]"),
        ("jevt.rawtime", "1767225600000001000"),
        ("evt.time", "2026-01-01T00:00:00.000001Z"),
        ("evt.source", "k8s_audit"),
        ("ka.nothing", "<NA>"),
    ];
    for (field, expected) in output {
        let text = rule("ka.verb=create").replace("fired", &format!("\"*a %{field}. %\""));
        let (found, _) = run(&text);
        assert_eq!(found, [format!("a {expected}. %")], "{field}");
    }
}

#[test]
fn later_definitions_append_and_override() {
    let lists = "- list: verbs\n  items: [get]\n- list: more\n  items: [verbs, patch]\n";
    let start = format!(
        "{lists}- macro: quiet\n  condition: ka.verb=never\n{}",
        rule("ka.verb in (more) or quiet")
    );
    for (change, found) in [
        ("", &[][..]),
        (
            "- list: verbs\n  items: [create]\n  append: true\n",
            &["fired"],
        ),
        (
            "- list: verbs\n  items: [create]\n  override: {items: append}\n",
            &["fired"],
        ),
        ("- list: verbs\n  items: [create]\n", &["fired"]),
        (
            "- macro: quiet\n  condition: or ka.verb=create\n  append: true\n",
            &["fired"],
        ),
        ("- macro: quiet\n  condition: ka.verb=create\n", &["fired"]),
        (
            "- rule: r\n  condition: or ka.user.name=ann\n  append: true\n",
            &["fired"],
        ),
        (
            "- rule: r\n  condition: ka.verb exists\n  output: '%ka.verb'\n  override: {condition: replace, output: append}\n",
            &["fired create"],
        ),
        (
            "- rule: r\n  condition: or ka.verb exists\n  append: true\n- rule: r\n  enabled: false\n",
            &[],
        ),
    ] {
        let (messages, problems) = run(&(start.clone() + change));
        assert_eq!(
            (messages.as_slice(), problems),
            (
                found
                    .iter()
                    .map(|one| (*one).to_owned())
                    .collect::<Vec<_>>()
                    .as_slice(),
                vec![]
            ),
            "{change}"
        );
    }
}

#[test]
fn exceptions_take_rows_and_single_fields() {
    for (exception, is_match) in [
        (
            "fields: [ka.user.name, ka.verb]\n      values:\n        - [ann, get]",
            true,
        ),
        (
            "fields: [ka.user.name, ka.verb]\n      values:\n        - [bob, get]\n        - [ann, create]",
            false,
        ),
        (
            "fields: [ka.user.name, ka.verb]\n      comps: [startswith, in]\n      values:\n        - [a, [get, create]]",
            false,
        ),
        ("fields: ka.user.name\n      values: [x, ann]", false),
        (
            "fields: ka.user.name\n      comps: endswith\n      values: [x, y]",
            true,
        ),
        ("fields: ka.user.name", true),
    ] {
        let text = format!(
            "{}  exceptions:\n    - name: e\n      {exception}\n",
            rule("ka.verb=create")
        );
        let (found, problems) = run(&text);
        assert_eq!(problems, [""; 0], "{exception}");
        assert_eq!(found == ["fired"], is_match, "{exception}");
    }
}

#[test]
fn what_is_wrong_with_a_rule_is_told() {
    let nested = "(".repeat(200) + "ka.verb=get";
    for (text, problem) in [
        (rule("ka.verb="), "a value is missing"),
        (
            rule("ka.verb=get or"),
            "a field, a macro or `(` is expected here",
        ),
        (rule("(ka.verb=get"), "a closing `)` is missing"),
        (
            rule("ka.verb=get ka.uri=x"),
            "`and`, `or` or the end is expected here",
        ),
        (
            rule("ka.verb regex x"),
            "an operator is expected after `ka.verb`",
        ),
        (
            rule("ka.verb=\"get"),
            "a quoted value needs a closing quote",
        ),
        (rule("jevt.value exists"), "`jevt.value` needs an argument"),
        (rule("jevt.value[x] exists"), "must start with `/`"),
        (
            rule("ka.user.name bcontains zz"),
            "no sequence of hexadecimal bytes",
        ),
        (rule("unheard_of"), "there is no macro `unheard_of`"),
        (rule(&nested), "more than 100 nested parentheses"),
        (
            format!(
                "- macro: a\n  condition: b\n- macro: b\n  condition: a\n{}",
                rule("a")
            ),
            "the macro `a` contains itself",
        ),
        (
            format!("- list: a\n  items: [a]\n{}", rule("ka.verb in (a)")),
            "the list `a` contains itself",
        ),
        (doubling(), "more than 50000 parts"),
        (deepening(), "nest deeper than 400"),
        (
            rule("ka.verb=get").replace("INFO", "LOUD"),
            "there is no priority `LOUD`",
        ),
        (
            "- rule: r\n  desc: d\n".to_owned(),
            "a rule needs `condition`",
        ),
        (
            "- list: a\n  append: true\n  items: [b]\n".to_owned(),
            "no list `a` stands before",
        ),
        (
            "- required_engine_version: 15\n".to_owned(),
            "`required_engine_version` is not looked at",
        ),
    ] {
        let (_, problems) = run(&text);
        assert!(
            problems.iter().any(|one| one.contains(problem)),
            "{problem}: {problems:?}"
        );
    }
}

/// Macros of fifty negations each, inside each other.
fn deepening() -> String {
    let nots = "not (".repeat(50);
    let ends = ")".repeat(50);
    let mut text = "- macro: m0\n  condition: ka.verb exists\n".to_owned();
    for at in 1..30 {
        let before = at - 1;
        text = format!("{text}- macro: m{at}\n  condition: {nots}m{before}{ends}\n");
    }
    text + &rule("m29")
}

/// Macros that double thirty times.
fn doubling() -> String {
    let mut text = "- macro: m0\n  condition: ka.verb exists\n".to_owned();
    for at in 1..30 {
        let before = at - 1;
        text = format!("{text}- macro: m{at}\n  condition: m{before} or m{before}\n");
    }
    text + &rule("m29")
}

#[test]
fn shell_patterns() {
    for (pattern, value, fits) in [
        ("", "", true),
        ("*", "", true),
        ("a*b*c", "aXbXbc", true),
        ("a*b", "abc", false),
        ("?", "é", true),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false),
        ("[]a]", "]", true),
        ("[a", "[a", true),
        ("\\*", "*", true),
        ("\\*", "x", false),
        ("*a*a*a*a*a*b", &"a".repeat(2000), false),
    ] {
        assert_eq!(glob(pattern, value), fits, "{pattern} {value}");
    }
}
