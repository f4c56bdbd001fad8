//! Colours and progress: only where a person watches, and never against their wish.

use serde_json::Value;

use crate::fake_server::{FakeServer, Reply};
use crate::program::{Program, Run};

/// Runs a command line with a terminal on its input, output and errors (`script`, util-linux).
fn on_a_terminal(program: &Program, line: &str) -> Run {
    let run = program.shell(&format!(
        "script --quiet --return --command '{line}' /dev/null"
    ));
    assert!(!run.err.contains("not found"), "{run:?}");
    run
}

const SCAN: &str = "\"$VIEWSHED\" scan --demo";

#[test]
fn colours_are_for_terminals_and_no_color_wins() {
    let program = Program::new();
    let coloured = on_a_terminal(&program, SCAN);
    assert!(coloured.out.contains("\u{1b}["), "{coloured:?}");
    assert!(!program.shell(SCAN).out.contains('\u{1b}'));
    let none = Program::new().with_variable("NO_COLOR", "1");
    assert!(!on_a_terminal(&none, SCAN).out.contains("\u{1b}["));
    let dumb = Program::new().with_variable("TERM", "dumb");
    assert!(!on_a_terminal(&dumb, SCAN).out.contains("\u{1b}["));
    let forced = program.run(&["scan", "--demo", "--color", "always"]);
    assert!(forced.out.contains("\u{1b}["), "{forced:?}");
    let never = on_a_terminal(&program, &format!("{SCAN} --color never"));
    assert!(!never.out.contains("\u{1b}["), "{never:?}");
    let document = on_a_terminal(&program, &format!("{SCAN} -o json"));
    assert!(!document.out.contains("\u{1b}["), "{document:?}");
}

/// Slow enough that bars are drawn.
fn slow_server() -> FakeServer {
    FakeServer::start(|path| {
        std::thread::sleep(std::time::Duration::from_millis(120));
        match path {
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => {
                Reply::Json(201, r#"{"status":{"userInfo":{"username":"jane"}}}"#.to_owned())
            }
            "/apis" => Reply::Json(200, r#"{"kind":"APIGroupDiscoveryList","items":[]}"#.to_owned()),
            "/api" => Reply::Json(
                200,
                r#"{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":""},"versions":[
                   {"version":"v1","resources":[{"resource":"pods","responseKind":{"kind":"Pod"},
                    "scope":"Namespaced","verbs":["list"]}]}]}]}"#
                    .to_owned(),
            ),
            "/api/v1/pods" => Reply::Json(
                200,
                r#"{"kind":"PodList","metadata":{"continue":""},"items":[{"metadata":{"namespace":"a","name":"b"}}]}"#
                    .to_owned(),
            ),
            _ => Reply::Json(404, "{}".to_owned()),
        }
    })
}

#[test]
fn progress_is_drawn_on_errors_of_a_terminal_only() {
    let server = slow_server();
    let program = Program::new().with_file("config", server.kubeconfig());
    let line = "\"$VIEWSHED\" who --kubeconfig config -o json";
    // Standard output is a pipe, standard error a terminal.
    let drawn = on_a_terminal(&program, &format!("{line} > answer.json"));
    assert!(
        drawn.out.contains('\r') && drawn.out.contains("pods"),
        "{drawn:?}"
    );
    let answer = std::fs::read_to_string(program.folder().join("answer.json")).unwrap();
    serde_json::from_str::<Value>(&answer).unwrap();
    let quiet = on_a_terminal(&program, &format!("{line} --quiet > answer.json"));
    assert!(!quiet.out.contains("pods"), "{quiet:?}");
    let piped = program.shell(line);
    assert_eq!(piped.err, "", "{piped:?}");
    serde_json::from_str::<Value>(&piped.out).unwrap();
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let program = Program::new();
    let run = program.shell("\"$VIEWSHED\" scan --demo -o html | head -c 10 >/dev/null");
    run.check(0, &[]);
    assert_eq!(run.err, "");
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let program = Program::new();
    program
        .run(&["scan", "--demo", "--output-file", "no/such/folder/x"])
        .check(3, &["cannot write", "no/such/folder/x"]);
    let full = program.shell("\"$VIEWSHED\" scan --demo -o json > /dev/full");
    full.check(3, &["cannot write to standard output"]);
}

#[test]
fn names_stay_whole_where_no_terminal_cuts_them() {
    let long = format!("{}-end", "generic-garbage-collector".repeat(5));
    let roles = format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {long}}}
rules: [{{apiGroups: [''], resources: [pods], verbs: [list]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: b}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {long}}}
subjects: [{{kind: ServiceAccount, namespace: kube-system, name: {long}}}]
---
apiVersion: v1
kind: Pod
metadata: {{namespace: shop, name: cart}}
spec: {{containers: [{{name: cart, image: cart}}]}}
"
    );
    let program = Program::new().with_file("roles.yaml", &roles);
    let see = format!("see --sa kube-system/{long} --from roles.yaml");
    for line in [
        "who --from roles.yaml",
        "who can list pods -A --from roles.yaml",
        &see,
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let piped = program.run(&words).out;
        assert!(piped.contains(&long), "{line}: {piped}");
        // The terminal of `script` has 80 columns where nobody says otherwise.
        let to_file = format!("stty columns 80; \"$VIEWSHED\" {line} --output-file answer");
        on_a_terminal(&program, &to_file);
        let written = std::fs::read_to_string(program.folder().join("answer")).unwrap();
        assert!(written.contains(&long), "{line}: {written}");
    }
    let narrow = Program::new()
        .with_file("roles.yaml", &roles)
        .with_variable("COLUMNS", "80");
    let run = narrow.run(&["who", "--from", "roles.yaml"]);
    assert!(run.out.lines().all(|line| line.chars().count() <= 80));
}

/// The longest line of what `line` shows on a terminal, in columns.
fn columns_of(program: &Program, line: &str) -> usize {
    let run = on_a_terminal(program, line);
    run.check(0, &[]);
    let lines = run.out.lines();
    lines
        .map(|line| line.trim_end().chars().count())
        .max()
        .unwrap_or_default()
}

#[test]
fn lines_end_where_the_terminal_does() {
    let program = Program::new()
        .with_variable("NO_COLOR", "1")
        .with_variable("LANG", "C.UTF-8");
    for line in [
        "scan --demo --fail-on never",
        "who --demo",
        "who sees node/worker-1 --demo",
        "see --anonymous --demo",
        "reach --demo",
    ] {
        // A terminal that was told its width alone says that it has no rows.
        for size in ["columns 70 rows 0", "columns 70 rows 24"] {
            let on = format!("stty {size}; \"$VIEWSHED\" {line}");
            assert!((60..=70).contains(&columns_of(&program, &on)), "{on}");
        }
    }
    let exported = "stty columns 70 rows 24; COLUMNS=90 \"$VIEWSHED\" who --demo";
    assert!((80..=90).contains(&columns_of(&program, exported)));
}

#[test]
fn a_quiet_collection_says_nothing() {
    let program = Program::new().with_file(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: { name: cart, namespace: shop }\n",
    );
    let words = ["collect", "--from", "pod.yaml", "-o", "estate.vshed"];
    // Bindings are not among the files, which is a gap.
    program.run(&words).check(4, &["collected", "NOT SEEN"]);
    let quiet = program.run(&[&words[..], &["--quiet"]].concat());
    quiet.check(4, &[]);
    assert_eq!(quiet.err, "");
}
