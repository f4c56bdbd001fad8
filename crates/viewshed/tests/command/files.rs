//! Files that are broken, huge, or made to hurt: the message, the exit code, and what is still read.

use std::fmt::Write;

use crate::program::Program;

/// Two roles and a binding: `jane` may list pods in `shop`.
const GOOD: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {namespace: shop, name: reader}
rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: shop, name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
";

/// The good file is still answered from, the other's gap is named.
fn check_beside_good(name: &str, content: impl AsRef<[u8]>, gap: &str) {
    check_folder_with(name, content, (4, gap));
}

/// A file that is no object at all is named, and the answer lacks nothing.
fn check_passed_over(name: &str, content: impl AsRef<[u8]>) {
    check_folder_with(
        name,
        content,
        (0, "it holds no object of Kubernetes or Docker"),
    );
}

fn check_folder_with(name: &str, content: impl AsRef<[u8]>, (code, gap): (i32, &str)) {
    let program = Program::new()
        .with_file("estate/a-good.yaml", GOOD)
        .with_file(&format!("estate/{name}"), content);
    let who = ["who", "can", "list", "pods", "-n", "shop", "-o", "json"];
    let run = program.run(&[&who[..], &["--from", "estate"]].concat());
    run.check_gap(code, gap);
    let entries = &run.json()["answers"][0]["entries"];
    let found = entries.as_array().unwrap();
    assert!(
        found.iter().any(|entry| entry["subject"]["name"] == "jane"),
        "{entries}"
    );
}

fn demo_snapshot() -> Vec<u8> {
    let program = Program::new();
    program
        .run(&["collect", "--demo", "-o", "demo.vshed"])
        .check(0, &[]);
    std::fs::read(program.folder().join("demo.vshed")).unwrap()
}

#[test]
fn a_snapshot_that_ends_early_is_answered_as_far_as_it_goes() {
    let whole = demo_snapshot();
    for percent in [1, 10, 40, 70, 99] {
        let part = &whole[..whole.len() * percent / 100];
        let program = Program::new().with_file("cut.vshed", part);
        let run = program.run(&["who", "--from", "cut.vshed", "-o", "json"]);
        if run.code == 3 {
            // Nothing of the estate is left.
            run.check(3, &["snapshot", "cut.vshed"]);
        } else {
            run.check_gap(4, "truncated read the snapshot to its end");
        }
    }
    let program = Program::new().with_file("cut.vshed", &whole[..whole.len() - 6]);
    let run = program.run(&["who", "--from", "cut.vshed", "-o", "json"]);
    run.check_gap(4, "read the snapshot to its end");
    assert!(run.json()["ranks"].as_array().unwrap().len() > 5);
}

#[test]
fn a_snapshot_with_damaged_bytes_is_no_crash() {
    let whole = demo_snapshot();
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let program = Program::new().with_file("bad.vshed", damaged);
        let run = program.run(&["who", "--from", "bad.vshed", "-o", "json"]);
        assert!(matches!(run.code, 3 | 4), "byte {at}: {run:?}");
        assert!(!run.err.contains("panicked"), "{run:?}");
    }
}

#[test]
fn a_snapshot_of_a_newer_version_says_so() {
    // A zstd frame with one raw block (RFC 8878, 3.1.1).
    let line = b"{\"format\":\"viewshed-snapshot\",\"version\":99,\"tool\":\"x\"}\n";
    let mut frame = vec![
        0x28,
        0xb5,
        0x2f,
        0xfd,
        0x20,
        u8::try_from(line.len()).unwrap(),
    ];
    let block = u32::try_from(line.len()).unwrap() << 3 | 1;
    frame.extend(&block.to_le_bytes()[..3]);
    frame.extend(line);
    let program = Program::new().with_file("new.vshed", frame);
    let run = program.run(&["who", "--from", "new.vshed"]);
    run.check(3, &["new.vshed", "99"]);
}

/// Twelve levels of ten aliases each: 10^12 words.
fn bomb() -> String {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let list = vec![before; 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{list}]").unwrap();
    }
    bomb + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
}

#[test]
fn a_yaml_bomb_costs_a_gap_and_no_memory() {
    let bomb = bomb();
    check_beside_good("bomb.yaml", &bomb, "bomb.yaml");
    // The same within a gigabyte of address space.
    let program = Program::new()
        .with_file("bomb.yaml", &bomb)
        .with_file("good.yaml", GOOD);
    let run = program.shell(
        "ulimit -v 1000000; exec \"$VIEWSHED\" who -o json --from bomb.yaml --from good.yaml",
    );
    run.check_gap(4, "its aliases or its nesting make it larger than is read");
}

#[test]
fn deep_nesting_is_a_gap() {
    let deep = format!(
        "kind: X\napiVersion: v1\na: {}{}\n",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    check_beside_good("deep.yaml", deep, "deep.yaml");
    // JSON that nobody asks for is skipped without descending.
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(500_000), "]".repeat(500_000));
    check_passed_over("deep.json", deep);
}

#[test]
fn a_line_of_100_megabytes_is_read_or_a_gap() {
    let noise = "x".repeat(100 << 20);
    check_passed_over("noise.txt", &noise);
    // As a value of an object that is otherwise good.
    let program = Program::new().with_file(
        "large.json",
        format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\"big\",\"namespace\":\"shop\"}},\"data\":{{\"k\":\"{noise}\"}}}}"
        ),
    );
    let program = program.with_file("good.yaml", GOOD);
    let sees = ["who", "sees", "configmap/shop/big"];
    let run = program.run(&[&sees[..], &["--from", "large.json", "--from", "good.yaml"]].concat());
    run.check(0, &[]);
}

#[test]
fn a_key_that_stands_twice_is_named_and_the_last_counts() {
    let twice = "apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: a}\n\
                 spec: {serviceAccountName: one}\n\
                 spec: {serviceAccountName: two, containers: [{name: c}]}\n";
    check_beside_good("twice.yaml", twice, "stands twice");
    let program = Program::new().with_file("twice.yaml", twice);
    let run = program.run(&[
        "see",
        "--pod",
        "shop/a",
        "--from",
        "twice.yaml",
        "-o",
        "json",
    ]);
    run.check_gap(4, "the key `spec` stands twice in one map");
    assert!(run.out.contains("shop:two"), "{run:?}");
    // JSON of the same kind: Go's reader takes the last one too.
    let twice = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"a\"},\
                 \"spec\":{\"serviceAccountName\":\"one\"},\"spec\":{\"serviceAccountName\":\"two\",\"containers\":[{\"name\":\"c\"}]}}";
    let program = Program::new().with_file("twice.json", twice);
    let run = program.run(&[
        "see",
        "--pod",
        "shop/a",
        "--from",
        "twice.json",
        "-o",
        "json",
    ]);
    assert!(matches!(run.code, 0 | 4), "{run:?}");
    assert!(run.out.contains("shop:two"), "{run:?}");
}

#[test]
fn rules_that_are_null_grant_nothing() {
    for rules in ["rules: null", "rules: []", "rules:", ""] {
        let role = format!(
            "{GOOD}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
             metadata: {{name: nothing}}\n{rules}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n\
             metadata: {{name: nothing}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: nothing}}\n\
             subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: nobody}}]\n"
        );
        let program = Program::new().with_file("roles.yaml", role);
        let ask = |user: &str| {
            program.run(&[
                "can-i",
                "list",
                "pods",
                "-n",
                "shop",
                "--as",
                user,
                "--from",
                "roles.yaml",
            ])
        };
        ask("jane").check(0, &[]);
        ask("nobody").check(1, &[]);
    }
}

#[test]
fn null_everywhere_is_no_crash() {
    for kind in [
        "Pod",
        "RoleBinding",
        "ClusterRole",
        "Service",
        "NetworkPolicy",
        "Deployment",
    ] {
        let nulls = format!(
            "apiVersion: v1\nkind: {kind}\nmetadata: null\nspec: null\nsubjects: null\nroleRef: null\n\
             rules: [null]\nstatus: null\n"
        );
        let program = Program::new()
            .with_file("good.yaml", GOOD)
            .with_file("nulls.yaml", nulls);
        let run = program.run(&[
            "who",
            "-o",
            "json",
            "--from",
            "good.yaml",
            "--from",
            "nulls.yaml",
        ]);
        assert!(matches!(run.code, 0 | 4), "{run:?}");
    }
}

#[test]
fn nothing_of_an_estate_is_told_with_the_reasons() {
    let program = Program::new()
        .with_file("readme.txt", "hello\n")
        .with_file("empty.yaml", "")
        .with_file("empty.json", "")
        .with_file("long.json", "x".repeat(100 << 20))
        .with_file("bomb.yaml", bomb())
        .with_file("broken.yaml", "kind: Pod\n  a: [\n");
    program
        .run(&["scan", "--from", "readme.txt"])
        .check(3, &["nothing of an estate", "readme.txt", "hint:"]);
    program
        .run(&["scan", "--from", "broken.yaml"])
        .check(3, &["nothing of an estate", "broken.yaml", "line"]);
    // The command line is right: a pipeline that tells 2 from 3 must not blame its flags.
    for name in ["empty.yaml", "empty.json", "long.json", "bomb.yaml"] {
        let run = program.run(&["scan", "--from", name]);
        run.check(3, &["nothing of an estate", name, "hint:"]);
    }
    let run = program.run_with_input(&["scan", "--from", "-"], b"");
    run.check(3, &["nothing of an estate", "hint:"]);
    program
        .run(&["scan", "--from", "absent.yaml"])
        .check(3, &["cannot read `absent.yaml`", "hint:"]);
}

#[test]
fn a_folder_with_all_of_them_is_answered() {
    let program = Program::new()
        .with_file("estate/good.yaml", GOOD)
        .with_file("estate/empty.yaml", "")
        .with_file("estate/binary.bin", [0, 1, 2, 255, 0])
        .with_file("estate/utf16.yaml", [0xff, 0xfe, b'a', 0, b':', 0])
        .with_file("estate/latin1.yaml", b"kind: \xe4\n")
        .with_file("estate/tabs.yaml", "kind:\tPod\n\tname: x\n")
        .with_file("estate/half.json", "{\"kind\":\"Pod\",")
        .with_file("estate/cut.vshed", [0x28, 0xb5, 0x2f, 0xfd, 0x24]);
    std::os::unix::fs::symlink("../estate", program.folder().join("estate/loop")).unwrap();
    let run = program.run(&[
        "scan",
        "--from",
        "estate",
        "--fail-on",
        "never",
        "-o",
        "json",
    ]);
    run.check_gap(4, "half.json");
    run.check_gap(4, "cut.vshed");
    run.check_gap(4, "latin1.yaml");
}

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: p}
spec: {serviceAccountName: app, containers: [{name: c, image: i}]}
";

/// Bindings of roles that every server makes, so that no file holds them.
const BUILT_IN_BOUND: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: oops}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
- {kind: ServiceAccount, namespace: shop, name: app}
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: eve}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: shop, name: v}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: vic}]
";

#[test]
fn bound_roles_that_every_server_makes_grant_what_they_do_there() {
    let program = Program::new()
        .with_file("before/pod.yaml", POD)
        .with_file("before/rbac.yaml", GOOD)
        .with_file("after/pod.yaml", POD)
        .with_file("after/rbac.yaml", GOOD)
        .with_file("after/more.yaml", BUILT_IN_BOUND);
    let run = program.run(&["diff", "before", "after", "-o", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains("eve"), "{}", run.out);
    let asked = ["can-i", "list", "secrets", "-A", "--as", "eve"];
    let run = program.run(&[&asked[..], &["--from", "after"]].concat());
    assert!(run.out.starts_with("yes"), "{run:?}");
    let asked = ["can-i", "list", "pods", "-n", "shop", "--as", "vic"];
    let run = program.run(&[&asked[..], &["--from", "after"]].concat());
    assert!(run.out.starts_with("yes"), "{run:?}");
    let run = program.run(&["see", "--pod", "shop/p", "--from", "after", "-o", "json"]);
    assert!(run.out.contains("cluster-admin"), "{}", run.out);
}

#[test]
fn files_without_bindings_leave_it_open_what_is_granted() {
    let program = Program::new().with_file("pod.yaml", POD);
    let asked = [
        "can-i", "list", "secrets", "-A", "--as", "eve", "-o", "json",
    ];
    let run = program.run(&[&asked[..], &["--from", "pod.yaml"]].concat());
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.out.contains("ClusterRoleBindings that were not read"));
    let review = r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"eve","resourceAttributes":{"verb":"list","resource":"secrets"}}}"#;
    let bulk = ["can-i", "--from", "pod.yaml", "--questions", "-"];
    let run = program.run_with_input(&bulk, review.as_bytes());
    let error = run.json()["status"]["evaluationError"].to_string();
    assert!(error.contains("not read"), "{error}");
}

#[test]
fn a_pipe_in_a_folder_is_not_of_a_kind_that_is_read() {
    let program = Program::new().with_file("estate/good.yaml", GOOD);
    program.shell("mkfifo estate/pipe").check(0, &[]);
    let words = ["who", "--from", "estate", "-o", "json"];
    program.run(&words).check_gap(
        4,
        "unsupported read all of `estate`: sockets, pipes and devices are not read",
    );
}
