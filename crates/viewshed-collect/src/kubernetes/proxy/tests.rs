use std::collections::BTreeMap;
use std::path::PathBuf;

use super::proxy_for;
use crate::environment::Environment;

fn check(server: &str, configured: Option<&str>, variables: &[(&str, &str)], expected: &str) {
    let environment = Environment {
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        root: PathBuf::from("/"),
    };
    let proxy = proxy_for(&server.parse().unwrap(), configured, &environment)
        .map(|proxy| proxy.to_string())
        .unwrap_or_default();
    assert_eq!(proxy, expected, "{server} {configured:?} {variables:?}");
}

const SERVER: &str = "https://api.example.org:6443";

#[test]
fn without_settings_the_connection_is_direct() {
    check(SERVER, None, &[], "");
}

#[test]
fn the_variable_names_the_proxy() {
    check(
        SERVER,
        None,
        &[("HTTPS_PROXY", "http://proxy:3128")],
        "http://proxy:3128/",
    );
    check(
        SERVER,
        None,
        &[("https_proxy", "proxy:3128")],
        "http://proxy:3128/",
    );
    check(SERVER, None, &[("HTTP_PROXY", "http://proxy:3128")], "");
}

#[test]
fn no_proxy_is_judged_by_the_server_not_by_the_proxy() {
    let proxy = ("HTTPS_PROXY", "http://proxy.example.org:3128");
    for excluded in [
        "*",
        "api.example.org",
        ".example.org",
        "example.org",
        "x, api.example.org:6443",
    ] {
        check(SERVER, None, &[proxy, ("NO_PROXY", excluded)], "");
    }
    for other in ["proxy.example.org", "le.org", "api.example.org:443", "api"] {
        check(
            SERVER,
            None,
            &[proxy, ("NO_PROXY", other)],
            "http://proxy.example.org:3128/",
        );
    }
}

#[test]
fn no_proxy_holds_networks_and_addresses() {
    let proxy = ("HTTPS_PROXY", "http://proxy:3128");
    check(
        "https://10.1.2.3",
        None,
        &[proxy, ("NO_PROXY", "10.0.0.0/8")],
        "",
    );
    check(
        "https://10.1.2.3",
        None,
        &[proxy, ("NO_PROXY", "10.1.2.3")],
        "",
    );
    check(
        "https://10.1.2.3",
        None,
        &[proxy, ("NO_PROXY", "10.1.2.4")],
        "http://proxy:3128/",
    );
}

#[test]
fn loopback_is_never_reached_through_a_variable() {
    check(
        "https://127.0.0.1:6443",
        None,
        &[("HTTPS_PROXY", "http://proxy:3128")],
        "",
    );
    check(
        "https://localhost:6443",
        None,
        &[("HTTPS_PROXY", "http://proxy:3128")],
        "",
    );
}

#[test]
fn the_kubeconfig_overrules_the_variables() {
    let variables = [("HTTPS_PROXY", "http://other:1"), ("NO_PROXY", "*")];
    check(
        SERVER,
        Some("socks5://jump:1080"),
        &variables,
        "socks5://jump:1080/",
    );
}
