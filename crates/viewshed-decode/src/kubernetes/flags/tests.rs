use super::{SETTINGS, flags};

fn check(command: &[&str], args: &[&str], expected: &[(&str, Option<&str>)]) {
    let owned = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    let found = flags(&owned(command), &owned(args));
    let found: Vec<(&str, Option<&str>)> = found
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn known_settings_are_sorted_for_the_search() {
    assert!(SETTINGS.is_sorted());
}

#[test]
fn values_of_known_settings_stay_in_every_form() {
    check(
        &["kube-apiserver", "--authorization-mode=Node,RBAC"],
        &[
            "--anonymous-auth",
            "false",
            "-profiling=false",
            "--insecure",
        ],
        &[
            ("authorization-mode", Some("Node,RBAC")),
            ("anonymous-auth", Some("false")),
            ("profiling", Some("false")),
            ("insecure", None),
        ],
    );
}

#[test]
fn other_values_are_dropped() {
    check(
        &["app"],
        &[
            "--token=s3cret",
            "--password",
            "hunter2",
            "--etcd-servers=http://u:p@etcd:2379",
        ],
        &[("token", None), ("password", None), ("etcd-servers", None)],
    );
}

#[test]
fn a_password_glued_to_a_short_flag_is_not_a_name() {
    check(
        &["mysql", "-uroot", "-phunter2"],
        &["--eyJhbGciOi+/=", "-9"],
        &[("u", None), ("p", None)],
    );
}

#[test]
fn shell_text_is_split_into_words() {
    check(
        &[
            "/bin/sh",
            "-c",
            "exec headlamp --in-cluster --plugins-dir=/plugins \"$X\"",
        ],
        &[],
        &[
            ("c", None),
            ("in-cluster", None),
            ("plugins-dir", Some("/plugins")),
        ],
    );
}
