//! Help, examples and completions of every command.

use crate::program::Program;

const COMMANDS: [&[&str]; 13] = [
    &["scan"],
    &["see"],
    &["who"],
    &["who", "can"],
    &["who", "sees"],
    &["can-i"],
    &["collect"],
    &["rehearse"],
    &["rehearse", "report"],
    &["rules"],
    &["rules", "check"],
    &["explain"],
    &["completions"],
];

/// Commands some of whose examples wait for events.
const FURTHER: [&[&str]; 5] = [
    &["reach"],
    &["diff"],
    &["watch"],
    &["baseline"],
    &["coverage"],
];

#[test]
fn every_command_has_help_with_examples() {
    let program = Program::new();
    for command in COMMANDS.into_iter().chain(FURTHER) {
        let run = program.run(&[command, &["--help"]].concat());
        run.check(0, &[]);
        let first = format!("viewshed {}", command.join(" "));
        let examples = run.out.split("Examples:").nth(1).unwrap_or_default();
        assert!(examples.contains(&first), "{command:?}: {}", run.out);
        let long = run.out.lines().find(|line| line.chars().count() > 110);
        assert_eq!(long, None, "{command:?}");
    }
    let all = program.run(&["--help"]);
    for command in COMMANDS.into_iter().chain(FURTHER) {
        assert!(all.out.contains(command[0]), "{command:?}");
    }
    assert!(all.out.contains("Exit codes"), "{}", all.out);
}

/// Every example of the help is a command line that the program understands.
#[test]
fn every_example_is_understood() {
    let program = Program::new()
        .with_variable("KUBECONFIG", "/nonexistent")
        .with_file("answers", "");
    let mut count = 0;
    for command in COMMANDS {
        let help = program.run(&[command, &["--help"]].concat()).out;
        let examples = help.split("Examples:").nth(1).unwrap_or_default();
        for line in examples.lines() {
            let Some(rest) = line.strip_prefix("  viewshed ") else {
                continue;
            };
            // Two blanks and more set a remark apart; `>` is the shell's.
            let words = rest.split("  ").next().unwrap_or_default();
            let words = words.split(" > ").next().unwrap_or_default();
            let words: Vec<&str> = words.split_whitespace().collect();
            let run = program.run(&[&words[..], &["--help"]].concat());
            run.check(0, &[]);
            // Without `--help`, whatever fails is the estate that is not here, never the words.
            let run = program.run(&words);
            let is_usage = run.err.contains("Usage:") || run.err.contains("unexpected argument");
            assert!(!is_usage, "{words:?}: {run:?}");
            count += 1;
        }
    }
    assert!(count >= 30, "{count}");
}

/// `-A` has two meanings, and each help tells its own.
#[test]
fn help_says_what_all_namespaces_means() {
    let program = Program::new();
    let help = program.run(&["who", "can", "--help"]).out;
    assert!(
        help.contains("in one namespace only is listed too"),
        "{help}"
    );
    program
        .run(&["can-i", "--list", "-A", "--as", "jane", "--demo"])
        .check(2, &["--list is of one namespace", "hint:", "--namespace"]);
}

#[test]
fn completions_are_made_for_four_shells() {
    let program = Program::new();
    for (shell, sign) in [
        ("bash", "complete -F _viewshed"),
        ("zsh", "#compdef viewshed"),
        ("fish", "complete -c viewshed"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let run = program.run(&["completions", shell]);
        run.check(0, &[]);
        assert!(run.out.contains(sign), "{shell}: {}", run.out);
        for command in ["scan", "see", "who", "can-i", "collect", "explain"] {
            assert!(run.out.contains(command), "{shell}: {command}");
        }
    }
    let run = program.shell("\"$VIEWSHED\" completions bash | bash -n");
    run.check(0, &[]);
}

/// The pages for programs: one, all of them without their text, and line by line.
#[test]
fn pages_are_documents_too() {
    let program = Program::new();
    let document = |words: &[&str]| -> serde_json::Value {
        let run = program.run(words);
        run.check(0, &[]);
        serde_json::from_str(&run.out).expect("it is JSON")
    };
    let one = document(&["explain", "wildcard-verbs", "-o", "json"]);
    assert_eq!(one["kind"], "explain");
    assert_eq!(one["pages"][0]["of"], "check");
    assert_eq!(one["pages"][0]["mitigation"], "M1018");
    let markdown = one["pages"][0]["markdown"].as_str();
    assert!(markdown.is_some_and(|text| text.starts_with("# wildcard-verbs")));
    let all = document(&["explain", "-o", "json"]);
    let pages = all["pages"].as_array().expect("a list");
    for name in ["wildcard-verbs", "docker-enumeration"] {
        let page = pages.iter().find(|page| page["name"] == name);
        assert!(
            page.is_some_and(|page| page["markdown"].is_null()),
            "{name}"
        );
    }
    let lines = program.run(&["explain", "-o", "jsonl"]);
    assert_eq!(lines.out.lines().count(), pages.len());
    let yaml = program.run(&["explain", "kubelet-anonymous", "-o", "yaml"]);
    yaml.check(0, &[]);
    assert!(yaml.out.contains("severity: critical"), "{yaml:?}");
}

#[test]
fn wrong_usage_is_2_and_says_what_to_do() {
    let program = Program::new();
    program.run(&[]).check(2, &["Usage:"]);
    program.run(&["scna"]).check(2, &["scan"]);
    program
        .run(&["explain", "wildcard-verb"])
        .check(2, &["there is no check", "is it `wildcard-verbs`"]);
    program
        .run(&["explain", "csv", "--output", "csv"])
        .check(2, &[]);
    program.run(&["see", "--demo"]).check(2, &["--pod"]);
    program
        .run(&["see", "--demo", "--anonymous", "--node", "x"])
        .check(2, &["cannot be used with"]);
    program
        .run(&["see", "--demo", "--pod", "x"])
        .check(2, &["NAMESPACE/NAME"]);
    program
        .run(&["see", "--demo", "--anonymous", "-o", "sarif"])
        .check(2, &["has no `sarif` form", "hint:"]);
    program
        .run(&["see", "--demo", "--anonymous", "--verify"])
        .check(2, &["--verify"]);
    program
        .run(&["scan", "--demo", "--timeout", "0"])
        .check(2, &["--timeout"]);
    program
        .run(&["can-i", "list", "pods", "--demo"])
        .check(2, &["whose access?", "--as"]);
    program.run(&["--version"]).check(0, &[]);
}

/// What each command names in its help is what it gives.
#[test]
fn help_names_the_formats_of_the_command() {
    let program = Program::new();
    for (words, has, has_not) in [
        (&["scan"][..], &["sarif", "html"][..], &["dot", "ocsf"][..]),
        (&["see"], &["csv", "dot"], &["sarif", "html", "falco"]),
        (&["who"], &["csv"], &["dot", "sarif"]),
        (&["who", "can"], &["csv"], &["dot", "sarif"]),
        (&["can-i"], &["yaml"], &["csv", "dot"]),
        (&["diff"], &["sarif", "markdown"], &["html", "cef"]),
        (&["watch"], &["ocsf", "navigator", "cef", "falco"], &["dot"]),
        (&["reach"], &["dot", "html"], &["sarif"]),
        (&["baseline", "show"], &["csv"], &["sarif"]),
        (&["rules", "check"], &["csv"], &["sarif"]),
        (&["rehearse", "report"], &["markdown"], &["csv"]),
    ] {
        let help = program.run(&[words, &["--help"]].concat()).out;
        let line = |format: &&str| {
            let start = format!("- {format}:");
            help.lines()
                .any(|line| line.trim_start().starts_with(&start))
        };
        assert!(has.iter().all(line), "{words:?}: {help}");
        assert!(!has_not.iter().any(line), "{words:?}: {help}");
    }
}

#[test]
fn who_asks_may_have_a_uid_and_extra_attributes() {
    let program = Program::new();
    let ask = ["can-i", "get", "pods", "--demo", "--as", "jane"];
    let more = [
        "--as-uid",
        "7",
        "--as-user-extra",
        "scopes=view",
        "--as-user-extra",
        "scopes=edit",
        "-o",
        "json",
    ];
    let answer: serde_json::Value =
        serde_json::from_str(&program.run(&[&ask[..], &more].concat()).out).unwrap();
    let who = &answer["identity"];
    assert_eq!(who["uid"], "7", "{answer}");
    assert_eq!(who["extra"]["scopes"], serde_json::json!(["view", "edit"]));
    program
        .run(&[&ask[..], &["--as-user-extra", "scopes"]].concat())
        .check(2, &["KEY=VALUE"]);
    program
        .run(&["can-i", "get", "pods", "--demo", "--as-uid", "7"])
        .check(2, &["--as"]);
}

#[test]
fn a_namespace_that_the_estate_does_not_have_is_told() {
    let program = Program::new();
    let words = ["who", "can", "list", "pods", "--demo", "-n"];
    let warning = "Warning: the estate has no namespace 'nope'";
    program
        .run(&[&words[..], &["nope"]].concat())
        .check(0, &[warning]);
    let known = program.run(&[&words[..], &["shop"]].concat());
    assert_eq!(known.err, "");
}
