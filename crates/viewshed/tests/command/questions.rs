//! `can-i --questions` with lines that are none: each keeps its place, the others are answered.

use crate::program::Program;

const ROLES: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
";

fn review(user: &str) -> String {
    format!(
        "{{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SubjectAccessReview\",\"spec\":{{\"user\":\"{user}\",\
         \"resourceAttributes\":{{\"verb\":\"list\",\"resource\":\"pods\",\"namespace\":\"shop\"}}}}}}"
    )
}

#[test]
fn bad_lines_keep_their_place_among_the_answers() {
    let huge = format!(
        "{{\"kind\":\"SubjectAccessReview\",\"x\":\"{}\"}}",
        "y".repeat(100 << 20)
    );
    let lines = [
        review("jane"),
        "not json".to_owned(),
        huge,
        "{\"kind\":\"Pod\"}".to_owned(),
        "[1,2]".to_owned(),
        String::new(),
        "{\"kind\":\"SubjectAccessReview\",\"spec\":null}".to_owned(),
        "[".repeat(100_000),
        review("joe"),
    ];
    let program = Program::new()
        .with_file("roles.yaml", ROLES)
        .with_file("questions.jsonl", lines.join("\n"));
    let run = program.run(&[
        "can-i",
        "--from",
        "roles.yaml",
        "--questions",
        "questions.jsonl",
    ]);
    run.check(4, &["line 2", "line 3", "longer than"]);
    let answers: Vec<serde_json::Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = answers
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    // The empty line is no question.
    assert_eq!(kinds.len(), lines.len() - 1, "{kinds:?}");
    assert_eq!(answers[0]["status"]["allowed"], true);
    assert_eq!(answers[7]["status"]["allowed"], false);
    assert!(
        kinds[1..7].iter().all(|kind| *kind == "Status"),
        "{kinds:?}"
    );
}

#[test]
fn audit_events_that_differ_make_the_exit_code_1() {
    let event = |decision: &str| {
        format!(
            "{{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"a1\",\"stage\":\"ResponseComplete\",\
             \"requestURI\":\"/api/v1/namespaces/shop/pods\",\"verb\":\"list\",\"user\":{{\"username\":\"jane\",\
             \"groups\":[\"system:authenticated\"]}},\"objectRef\":{{\"resource\":\"pods\",\"namespace\":\"shop\",\
             \"apiVersion\":\"v1\"}},\"annotations\":{{\"authorization.k8s.io/decision\":\"{decision}\"}}}}\n"
        )
    };
    let program = Program::new().with_file("roles.yaml", ROLES);
    let ask = |input: &str| {
        let words = ["can-i", "--from", "roles.yaml", "--questions", "-"];
        program.run_with_input(&words, input.as_bytes())
    };
    let same = ask(&event("allow"));
    same.check(0, &[]);
    assert!(
        same.out
            .contains("1 recorded decisions decided anew: 0 differ"),
        "{same:?}"
    );
    let differs = ask(&format!("{}{}", event("allow"), event("forbid")));
    differs.check(1, &[]);
    assert!(differs.out.contains("line 2:"), "{differs:?}");
    assert!(differs.out.contains("recorded forbid"), "{differs:?}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let program = Program::new().with_file("roles.yaml", ROLES);
    program
        .run(&["can-i", "--from", "roles.yaml", "--questions", "absent"])
        .check(3, &["cannot read questions from `absent`", "hint:"]);
}

/// The schema that describes every line.
const SCHEMA: &str = include_str!("../../../../docs/reference/schemas/viewshed-1.json");

/// Every field is described, and every field that must be there is.
fn check_described(line: &serde_json::Value, definition: &str) {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(
        schema["properties"]["kind"]["enum"]
            .as_array()
            .unwrap()
            .contains(&line["kind"]),
        "{line}"
    );
    let described = &schema["$defs"][definition];
    assert_eq!(described["properties"]["kind"]["const"], line["kind"]);
    let fields = line.as_object().unwrap();
    for field in fields.keys() {
        assert!(described["properties"][field].is_object(), "{field}");
    }
    for field in described["required"].as_array().unwrap() {
        assert!(fields.contains_key(field.as_str().unwrap()), "{field}");
    }
    assert_eq!(line["schema_version"], 1);
}

#[test]
fn lines_about_recorded_decisions_are_described() {
    let event = "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"a1\",\"stage\":\"ResponseComplete\",\
         \"requestURI\":\"/api/v1/namespaces/shop/pods\",\"verb\":\"list\",\"user\":{\"username\":\"jane\",\
         \"groups\":[\"system:authenticated\"]},\"objectRef\":{\"resource\":\"pods\",\"namespace\":\"shop\",\
         \"apiVersion\":\"v1\"},\"annotations\":{\"authorization.k8s.io/decision\":\"forbid\"}}\n";
    let program = Program::new().with_file("roles.yaml", ROLES);
    let words = [
        "can-i",
        "--from",
        "roles.yaml",
        "--questions",
        "-",
        "-o",
        "json",
    ];
    let run = program.run_with_input(&words, event.as_bytes());
    run.check(1, &[]);
    let lines: Vec<serde_json::Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    check_described(&lines[0], "decision_difference");
    check_described(&lines[1], "decision_summary");
    assert_eq!(lines.len(), 2);
}

#[test]
fn words_that_nobody_serves_are_warned_of_as_kubectl_does() {
    let program = Program::new();
    let run = program.run(&["who", "can", "frob", "secretz", "-A", "--demo"]);
    run.check(
        run.code,
        &[
            "Warning: the server doesn't have a resource type 'secretz'",
            "Warning: verb 'frob' is not a known verb",
        ],
    );
    let words = ["can-i", "list", "secretz", "--as", "jane", "--demo"];
    let run = program.run(&words);
    run.check(1, &["doesn't have a resource type 'secretz'"]);
    for words in [
        &["who", "can", "list", "deploy", "-A", "--demo"][..],
        &["who", "can", "get", "/metrics", "--demo"],
        &[
            "who",
            "can",
            "impersonate:user-info",
            "users.authentication.k8s.io/jane",
            "--demo",
        ],
        &["who", "can", "get", "pods/log", "-A", "--demo"],
        &["who", "can", "*", "*", "-A", "--demo"],
        &[
            "who",
            "can",
            "impersonate:user-info",
            "users/jane",
            "--demo",
        ],
        &[
            "who",
            "can",
            "impersonate-on:user-info:list",
            "pods",
            "-A",
            "--demo",
        ],
    ] {
        assert!(!program.run(words).err.contains("Warning"), "{words:?}");
    }
}

#[test]
fn a_subresource_may_stand_in_a_flag() {
    let program = Program::new();
    let demo = ["--demo", "--as", "jane", "-n", "shop"];
    let of = |words: &[&str]| program.run(&[words, &demo].concat());
    let flag = of(&["can-i", "get", "pods", "web", "--subresource", "log"]);
    let slash = of(&["can-i", "get", "pods/log", "web"]);
    assert_eq!((flag.code, &flag.out), (slash.code, &slash.out));
    assert!(flag.out.contains("pods/log"), "{}", flag.out);
}

#[test]
fn a_question_about_a_cluster_says_so_where_only_a_docker_host_is_named() {
    let program = Program::new();
    let words = [
        "see",
        "--pod",
        "shop/cart",
        "--docker-host",
        "unix:///nonexistent",
    ];
    program
        .run(&words)
        .check(2, &["the question is about a cluster"]);
}

/// The forms that `watch` reads, told from the first bytes, and whatever the name says.
#[test]
fn packed_questions_are_unpacked() {
    let line = review("jane") + "\n";
    let program = Program::new()
        .with_file("roles.yaml", ROLES)
        .with_file("plain", &line)
        .with_file("zstd", zstd_frame(line.as_bytes()))
        .with_file("bzip2", "BZh91AY&SY");
    let ask = |name: &str| program.run(&["can-i", "--from", "roles.yaml", "--questions", name]);
    program.shell("gzip < plain > gzip").check(0, &[]);
    let plain = ask("plain");
    plain.check(0, &[]);
    assert!(plain.out.contains("\"allowed\":true"), "{plain:?}");
    for name in ["gzip", "zstd"] {
        let run = ask(name);
        run.check(0, &[]);
        assert_eq!(run.out, plain.out, "{name}");
    }
    ask("bzip2").check(3, &["`bzip2`", "it is bzip2: unpack it first"]);
}

/// One raw block (RFC 8878, 3.1.1).
fn zstd_frame(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    frame.extend(length.to_le_bytes());
    frame.extend(&(length << 3 | 1).to_le_bytes()[..3]);
    frame.extend(content);
    frame
}
