//! Names that steer terminals, pages and spreadsheets, from a manifest to every format.

use crate::program::Program;

/// Escape sequences, C1 controls, marks that reorder text, line separators.
const NASTY: [char; 9] = [
    '\u{1b}', '\u{7}', '\u{8}', '\r', '\u{9b}', '\u{202e}', '\u{2066}', '\u{2028}', '\u{200b}',
];

fn manifests() -> String {
    let nasty: String = NASTY.iter().collect();
    let name = serde_json::to_string(&format!(
        "evil{nasty}]0;owned<img src=x onerror=alert(1)></script>`|=cmd()"
    ))
    .unwrap();
    [
        format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"namespace":"shop","name":{name}}},"spec":{{"serviceAccountName":{name},"volumes":[{{"name":"s","hostPath":{{"path":"/var/run/docker.sock"}}}}],"containers":[{{"name":{name},"image":{name},"env":[{{"name":{name},"value":"postgres://db.example:5432"}}],"volumeMounts":[{{"name":"s","mountPath":"/var/run/docker.sock"}}]}}]}}}}"#),
        format!(r#"{{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{{"name":{name}}},"rules":[{{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}}]}}"#),
        format!(r#"{{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{{"name":{name}}},"roleRef":{{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":{name}}},"subjects":[{{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":{name}}},{{"kind":"ServiceAccount","namespace":"shop","name":{name}}}]}}"#),
    ]
    .join("\n---\n")
}

const FORMATS: [&str; 10] = [
    "table", "wide", "json", "jsonl", "yaml", "csv", "sarif", "html", "markdown", "dot",
];

#[test]
fn they_never_come_out_raw_in_any_format() {
    let program = Program::new().with_file("evil.yaml", manifests());
    let mut shown = 0;
    for command in [
        &["scan", "--details", "--fail-on", "never"][..],
        &["who"],
        &["who", "can", "list", "pods", "-A"],
        &["see", "--anonymous"],
        &[
            "see",
            "--as",
            "jane",
            "--as-group",
            "system:masters",
            "--all",
        ],
    ] {
        for format in FORMATS {
            let words = [
                command,
                &["--from", "evil.yaml", "--color", "never", "-o", format],
            ];
            let run = program.run(&words.concat());
            if run.code == 2 {
                // The format is not offered for this answer, and that is said.
                assert!(run.err.contains("has no"), "{run:?}");
                continue;
            }
            assert!(
                matches!(run.code, 0 | 1 | 4),
                "{command:?} {format}: {run:?}"
            );
            for nasty in NASTY {
                // CSV ends its lines with both (RFC 4180).
                let out = run.out.replace("\r\n", "\n");
                assert!(
                    !out.contains(nasty) && !run.err.contains(nasty),
                    "{nasty:?} in {command:?} {format}"
                );
            }
            if format == "html" {
                assert!(!run.out.contains("<img"), "{format}");
            }
            shown += usize::from(run.out.contains("evil"));
        }
    }
    assert!(shown > 20, "{shown}");
}

#[test]
fn nor_in_messages_about_them() {
    let nasty: String = NASTY.iter().collect();
    let name = format!("x{nasty}y");
    let program = Program::new()
        .with_file("evil.yaml", manifests())
        .with_file(&format!("{name}.yaml"), "kind: [\n");
    for words in [
        &[
            "see",
            "--from",
            "evil.yaml",
            "--pod",
            &format!("shop/{name}"),
        ][..],
        &["see", "--from", "evil.yaml", "--pod", &name],
        &["who", "sees", &name, "--from", "evil.yaml"],
        &["scan", "--only", &name, "--demo"],
        &["scan", "--from", &name],
        &["scan", "--from", &format!("{name}.yaml")],
        &["explain", &name],
        &["scan", "--demo", "--estate", &name],
        &["who", "--context", &name],
        &["see", "--docker", &name],
        &[&name],
    ] {
        let run = program.run(words);
        assert!(matches!(run.code, 2 | 3), "{words:?}: {run:?}");
        for nasty in NASTY {
            assert!(
                !run.err.contains(nasty),
                "{nasty:?}: {words:?}: {:?}",
                run.err
            );
        }
    }
}
