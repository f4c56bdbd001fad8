//! Generated HTTP requests that change nothing, whatever they are answered.

use viewshed_benchmarks::random::Random;

use crate::objects::{NAMESPACES, namespace};

const PATHS: &[&str] = &[
    "/probe",
    "/probe/",
    "/probe/a",
    "/probe/ab",
    "/probe/a/b",
    "/pr*be/x",
    "/prxbe/x",
    "/healthz",
    "/healthz/ping",
    "/livez",
    "/Probe",
    "/probes",
    "/probe/a%2Fb",
    "/probe%20x",
    "/probe?x=1",
    "//probe",
    "/probe/../probe",
    "/api/v1",
    "/apis/apps/v1",
    "/apis",
    "/api/",
    "/logs/x",
    "/version",
    "/apis/example.com",
    "/probe/a**",
];
const PATH_METHODS: &[&str] = &["GET", "GET", "GET", "POST", "HEAD", "PUT", "OPTIONS"];
const METHODS: &[&str] = &[
    "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
];
const RESOURCES: &[(&str, &str)] = &[
    ("/api/v1", "pods"),
    ("/api/v1", "pods"),
    ("/api/v1", "secrets"),
    ("/api/v1", "configmaps"),
    ("/api/v1", "services"),
    ("/apis/apps/v1", "deployments"),
    ("/apis/batch/v1", "jobs"),
    ("/apis/example.com/v1", "widgets"),
    ("/api/v1", "nodes"),
    ("/api/v2", "pods"),
    ("/apis/apps/v1", "pods"),
    ("/api/v1", "Pods"),
];
const NAMES: &[&str] = &[
    "a", "b", "web", "x.y", "*", "A", "w%65b", "", "we%2Fb", "a%20b",
];
const SUBRESOURCES: &[&str] = &[
    "log",
    "exec",
    "scale",
    "proxy",
    "status",
    "token",
    "*",
    "log/x",
    "proxy/a/b",
    "a",
    "",
];
const FIELD_SELECTORS: &[&str] = &[
    "metadata.name=a",
    "metadata.name==web",
    "metadata.name%3Dx.y",
    "metadata.name!=a",
    "metadata.name=",
    "metadata.name=a%2Fb",
    "metadata.name=*",
    "metadata.name=a,metadata.name=b",
    "status.phase!=Failed,metadata.name=b",
    "metadata.name",
    "metadata.name=a=b",
    "metadata.name=a%5C,b",
    "metadata.name=a%5Cx",
    "metadata.namespace=n-0",
    "metadata.name=%25",
    "metadata.name=..",
    "",
    "=",
    "metadata.name=n-1",
    "metadata.name=b;",
    "a!b=c,metadata.name=a",
];
const LABEL_SELECTORS: &[&str] = &[
    "a",
    "a=b",
    "a+in+(b,c)",
    "a+in+(",
    "!a",
    "-a",
    "a%3E1",
    "a+notin+()",
    "a=b,",
    "example.com/a",
    "a,b=c",
    "in+in+(in)",
    "a%00",
    "Ab.c/d",
    "a%3C-1",
    "a+in+(,)",
    "a==b",
    "a!b",
    "(a)",
    "a+b",
];
const WATCHES: &[&str] = &[
    "watch",
    "watch=1",
    "watch=true",
    "watch=false",
    "watch=0",
    "watch=",
    "watch=False",
    "watch=no",
];
const ODD: &[&str] = &[
    "limit=x",
    "limit=5",
    "limit=-1",
    "timeoutSeconds=x",
    "continue=x",
    "a;b=c",
    "%zz=1",
    "limit=",
    "resourceVersion=0",
    "sendInitialEvents=true",
    "resourceVersionMatch=Odd",
    "shardSelector=x",
];

/// A method and a request target.
pub(crate) fn http(random: &mut Random) -> (String, String) {
    if random.chance(20) {
        let method = random.pick(PATH_METHODS);
        return ((*method).to_owned(), (*random.pick(PATHS)).to_owned());
    }
    let mut method = *random.pick(METHODS);
    let (prefix, resource) = *random.pick(RESOURCES);
    let mut path = prefix.to_owned();
    match random.below(24) {
        0 => path.push_str("/watch"),
        1 => path.push_str("/proxy"),
        2 => path.push('/'),
        _ => {}
    }
    if random.chance(10) {
        path.push_str(&namespace_path(random));
        // Namespaces stay: whatever is allowed, nothing is written to them.
        if method != "HEAD" {
            method = "GET";
        }
    } else {
        path.push_str(&object_path(resource, random));
    }
    let query = query(random, &path);
    (method.to_owned(), format!("{path}?{query}"))
}

fn namespace_path(random: &mut Random) -> String {
    let name = namespace(random.below(3));
    let end = *random.pick(&["", "/status", "/finalize", "/other", "/"]);
    match random.below(4) {
        0 => "/namespaces".to_owned(),
        _ => format!("/namespaces/{name}{end}"),
    }
}

fn object_path(resource: &str, random: &mut Random) -> String {
    let mut path = String::new();
    if resource != "nodes" && random.chance(80) {
        path.push_str("/namespaces/");
        path.push_str(&namespace(random.below(NAMESPACES)));
    }
    path.push_str(if random.chance(2) { "%2F" } else { "/" });
    path.push_str(resource);
    if random.chance(50) {
        path.push('/');
        path.push_str(random.word(NAMES));
        if random.chance(40) {
            path.push('/');
            path.push_str(random.word(SUBRESOURCES));
        }
    }
    path
}

/// Every write is a dry run; every watch ends after a second.
fn query(random: &mut Random, path: &str) -> String {
    let mut parts = vec!["dryRun=All".to_owned()];
    if random.chance(45) {
        parts.push(format!("fieldSelector={}", random.pick(FIELD_SELECTORS)));
    }
    if random.chance(20) {
        parts.push(format!("labelSelector={}", random.pick(LABEL_SELECTORS)));
    }
    if random.chance(8) || path.contains("/watch") {
        parts.push((*random.pick(WATCHES)).to_owned());
    }
    if random.chance(6) {
        parts.push((*random.pick(ODD)).to_owned());
    }
    if !parts.iter().any(|part| part.starts_with("timeoutSeconds")) {
        parts.push("timeoutSeconds=1".to_owned());
    }
    parts.join("&")
}
