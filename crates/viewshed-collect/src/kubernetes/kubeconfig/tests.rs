use super::*;

#[test]
fn a_list_of_missing_files_is_named_with_its_variable() {
    let environment = Environment {
        variables: std::collections::BTreeMap::new(),
        root: PathBuf::from("/nonexistent"),
    };
    let mut options = Options::new(environment, "test");
    let list = "/nonexistent/x:/nonexistent/y".to_owned();
    let variables = &mut options.environment.variables;
    variables.insert("KUBECONFIG".to_owned(), list);
    let error = load(&options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no cluster to connect to: KUBECONFIG names `/nonexistent/x`, `/nonexistent/y`, \
         and no cluster is named there"
    );
}

/// The namespace of requests that name none: of a kubeconfig (text), a context named with `--context`, and the
/// files and variables of a pod.
#[track_caller]
fn check_namespace(kubeconfig: &str, context: Option<&str>, pod: &[(&str, &str)], expected: &str) {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("kubeconfig");
    let mut variables = std::collections::BTreeMap::new();
    if !kubeconfig.is_empty() {
        std::fs::write(&file, kubeconfig).unwrap();
        variables.insert("KUBECONFIG".to_owned(), file.display().to_string());
    }
    let environment = Environment {
        variables,
        root: root.path().to_owned(),
    };
    let mut options = Options::new(environment, "test");
    options.context = context.map(str::to_owned);
    for (name, value) in pod {
        if let Some(variable) = name.strip_prefix('$') {
            let variables = &mut options.environment.variables;
            variables.insert(variable.to_owned(), (*value).to_owned());
        } else {
            let folder = options.environment.path(SERVICE_ACCOUNT_FOLDER);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(name), value).unwrap();
        }
    }
    let found = default_namespace(&options).unwrap();
    assert_eq!(found, expected, "{kubeconfig} {context:?} {pod:?}");
}

#[test]
fn requests_go_to_the_namespace_of_the_context_and_of_the_pod_as_those_of_kubectl_do() {
    let two = "
contexts:
- {name: a, context: {cluster: c, user: u, namespace: shop}}
- {name: b, context: {cluster: c, user: u}}
clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]
current-context: a
";
    let pod = [
        ("$KUBERNETES_SERVICE_HOST", "10.96.0.1"),
        ("$KUBERNETES_SERVICE_PORT", "443"),
        ("token", "t"),
        ("namespace", "ops\n"),
    ];
    check_namespace(two, None, &[], "shop");
    check_namespace(two, Some("b"), &[], "default");
    check_namespace("", None, &pod, "ops");
    let named = [&pod[..], &[("$POD_NAMESPACE", "till")]].concat();
    check_namespace("", None, &named[..3], "default");
    check_namespace(two, Some("b"), &pod, "ops");
    check_namespace(two, Some("b"), &named, "till");
    check_namespace(two, None, &pod, "shop");
}
