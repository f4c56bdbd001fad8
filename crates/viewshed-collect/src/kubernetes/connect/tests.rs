use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{Impersonation, Options, connect};
use crate::environment::Environment;
use crate::error::Error;
use crate::fake_server::{Asked, FakeServer, Reply};
use crate::kubernetes::limits::Limits;
use crate::kubernetes::testing_certificates::authority;

/// Options that see nothing of the machine, with short limits.
fn options(kubeconfig: Option<PathBuf>) -> Options {
    let environment = Environment {
        variables: BTreeMap::new(),
        root: PathBuf::from("/nonexistent"),
    };
    Options {
        kubeconfig,
        limits: Limits {
            answer_time_max: Duration::from_millis(300),
            ..Limits::default()
        },
        ..Options::new(environment, "viewshed/test")
    }
}

fn kubeconfig(server: &str, cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         contexts: [{{name: here, context: {{cluster: c, user: u, namespace: shop}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{server}'{cluster}}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\n"
    )
}

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn fails_with(text: &str) -> Error {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "config", text);
    let error = connect(&options(Some(path))).await.unwrap_err();
    assert!(!error.hint().is_empty(), "{error}");
    error
}

fn who_am_i(asked: &Asked) -> Reply {
    assert_eq!(asked.method, "POST");
    assert!(asked.body.contains("SelfSubjectReview"));
    Reply::Json(
        201,
        r#"{"status":{"userInfo":{"username":"ann","groups":["devs"]}}}"#.to_owned(),
    )
}

#[tokio::test]
async fn a_named_file_leads_to_the_server_and_the_server_names_the_identity() {
    let server = FakeServer::start(who_am_i).await;
    let folder = TempDir::new().unwrap();
    let path = file(
        &folder,
        "config",
        &kubeconfig(&server.url(), "", "token: abc"),
    );
    let client = connect(&options(Some(path))).await.unwrap();
    assert_eq!((client.name(), client.namespace()), ("here", "shop"));
    assert_eq!(client.identity().unwrap().groups, ["devs"]);
    let asked = server.asked();
    assert_eq!(asked[0].header("authorization"), "Bearer abc");
    assert_eq!(asked[0].header("user-agent"), "viewshed/test");
}

#[tokio::test]
async fn a_token_file_may_end_with_a_line_break() {
    let server = FakeServer::start(who_am_i).await;
    let folder = TempDir::new().unwrap();
    file(&folder, "token", "abc\n");
    let text = kubeconfig(&server.url(), "", "tokenFile: token");
    connect(&options(Some(file(&folder, "config", &text))))
        .await
        .unwrap();
    assert_eq!(server.asked()[0].header("authorization"), "Bearer abc");
}

#[tokio::test]
async fn an_address_without_a_scheme_gets_that_of_client_go() {
    let server = FakeServer::start(who_am_i).await;
    let folder = TempDir::new().unwrap();
    let address = server.address.to_string();
    let path = file(&folder, "config", &kubeconfig(&address, "", "token: abc"));
    let client = connect(&options(Some(path))).await.unwrap();
    assert_eq!(client.server(), format!("http://{address}/"));
    // With anything for TLS it is https, which that server does not speak.
    let insecure = ", insecure-skip-tls-verify: true";
    let error = fails_with(&kubeconfig(&address, insecure, "")).await;
    assert!(error.to_string().contains("https://"), "{error}");
}

#[tokio::test]
async fn what_no_header_takes_is_refused_before_anything_is_sent() {
    let folder = TempDir::new().unwrap();
    file(&folder, "token", "abc\ndef\n");
    let told =
        "the kubeconfig cannot be used: its token holds a character that no request can carry";
    for user in [
        r#"token: "abc\ndef""#,
        r#"token: "\x01""#,
        "tokenFile: token",
    ] {
        let text = kubeconfig("https://127.0.0.1:1", "", user);
        let path = file(&folder, "config", &text);
        let error = connect(&options(Some(path))).await.unwrap_err();
        assert_eq!(error.to_string(), told, "{user}");
    }
    let text = kubeconfig("https://127.0.0.1:1", "", "");
    let mut options = options(Some(file(&folder, "config", &text)));
    options.impersonation.groups = vec!["a\nb".to_owned()];
    let error = connect(&options).await.unwrap_err().to_string();
    assert!(error.contains("a group to act as"), "{error}");
}

#[tokio::test]
async fn a_password_in_the_address_is_not_shown() {
    let server = FakeServer::start(who_am_i).await;
    let folder = TempDir::new().unwrap();
    let address = format!("http://ann:hunter2@{}/base", server.address);
    let path = file(&folder, "config", &kubeconfig(&address, "", ""));
    let client = connect(&options(Some(path))).await.unwrap();
    assert_eq!(client.server(), format!("http://{}/base", server.address));
    assert!(server.asked()[0].path().starts_with("/base/apis/"));
}

#[tokio::test]
async fn impersonation_travels_in_headers() {
    let server = FakeServer::start(who_am_i).await;
    let folder = TempDir::new().unwrap();
    let mut options = options(Some(file(&folder, "c", &kubeconfig(&server.url(), "", ""))));
    options.impersonation = Impersonation {
        user: Some("bob".to_owned()),
        groups: vec!["ops".to_owned()],
        uid: Some("7".to_owned()),
    };
    connect(&options).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(asked.header("impersonate-user"), "bob");
    assert_eq!(asked.header("impersonate-group"), "ops");
    assert_eq!(asked.header("impersonate-uid"), "7");
}

#[tokio::test]
async fn the_first_file_of_the_list_wins_and_missing_ones_are_skipped() {
    let server = FakeServer::start(who_am_i).await;
    let folder = TempDir::new().unwrap();
    let first = file(&folder, "a", &kubeconfig(&server.url(), "", "token: first"));
    let second = file(
        &folder,
        "b",
        &kubeconfig("http://127.0.0.1:1", "", "token: second"),
    );
    let list = format!("/nonexistent/x:{}::{}", first.display(), second.display());
    let mut options = options(None);
    options
        .environment
        .variables
        .insert("KUBECONFIG".to_owned(), list);
    connect(&options).await.unwrap();
    assert_eq!(server.asked()[0].header("authorization"), "Bearer first");
}

#[tokio::test]
async fn the_home_folder_is_looked_at_last() {
    let server = FakeServer::start(who_am_i).await;
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    file(&home, ".kube/config", &kubeconfig(&server.url(), "", ""));
    let mut options = options(None);
    let path = home.path().to_str().unwrap().to_owned();
    options
        .environment
        .variables
        .insert("HOME".to_owned(), path);
    connect(&options).await.unwrap();
}

#[tokio::test]
async fn without_any_kubeconfig_the_error_says_so() {
    let error = connect(&options(None)).await.unwrap_err();
    assert!(matches!(error, Error::NoCluster), "{error}");
    let mut in_pod = options(None);
    let variables = &mut in_pod.environment.variables;
    for (name, value) in [
        ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
        ("KUBERNETES_SERVICE_PORT", "443"),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let error = connect(&in_pod).await.unwrap_err();
    assert!(matches!(error, Error::NoTokenInPod), "{error}");
}

#[tokio::test]
async fn a_missing_named_file_is_an_error() {
    let path = PathBuf::from("/nonexistent/config");
    let error = connect(&options(Some(path))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read kubeconfig `/nonexistent/config`"
    );
}

#[tokio::test]
async fn a_broken_kubeconfig_is_named_by_line_and_never_quoted() {
    let error = fails_with("apiVersion: v1\nusers:\n- name: u\n  user: {token: [hunter2}\n").await;
    assert!(
        matches!(error, Error::KubeconfigMalformed { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("line 4"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_context_that_does_not_exist_is_named() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "c", &kubeconfig("http://127.0.0.1:1", "", ""));
    let mut options = options(Some(path));
    options.context = Some("there".to_owned());
    let error = connect(&options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the kubeconfig cannot be used: it has no context `there`"
    );
}

#[tokio::test]
async fn a_certificate_file_that_is_missing_is_named() {
    let text = kubeconfig(
        "https://127.0.0.1:1",
        ", certificate-authority: /nonexistent/ca",
        "",
    );
    let error = fails_with(&text).await;
    assert!(error.to_string().contains("/nonexistent/ca"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = fails_with(&kubeconfig(&format!("http://{address}"), "", "")).await;
    assert!(
        matches!(&error, Error::Unreachable { detail, .. } if detail.contains("refused")),
        "{error}"
    );
}

async fn fails_on(reply: Reply) -> Error {
    let server = FakeServer::start(move |_| reply.clone()).await;
    fails_with(&kubeconfig(&server.url(), "", "token: abc")).await
}

#[tokio::test]
async fn an_expired_token_is_unauthenticated() {
    let error = fails_on(Reply::Json(401, r#"{"message":"Unauthorized"}"#.to_owned())).await;
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error}");
}

#[tokio::test]
async fn forbidden_impersonation_is_told_apart() {
    let message =
        r#"{"message":"users \"x\" is forbidden: User \"a\" cannot impersonate resource"}"#;
    let error = fails_on(Reply::Json(403, message.to_owned())).await;
    assert!(
        matches!(error, Error::ImpersonationForbidden { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_times_out() {
    for reply in [Reply::Hang, Reply::Drip] {
        let error = fails_on(reply).await;
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    }
}

#[tokio::test]
async fn garbage_is_not_the_api() {
    for bytes in [
        &b"\x00\xff\x13garbage\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ] {
        let error = fails_on(Reply::Raw(bytes.to_vec())).await;
        assert!(matches!(error, Error::NotTheApi { .. }), "{error}");
    }
}

#[tokio::test]
async fn control_characters_of_the_server_stay_out_of_the_message() {
    let error = fails_on(Reply::Json(
        500,
        r#"{"message":"a\u001b[31mb\nc"}"#.to_owned(),
    ))
    .await;
    assert!(!error.to_string().chars().any(char::is_control), "{error}");
}

#[tokio::test]
async fn a_certificate_of_the_named_authority_is_trusted() {
    let (ca, acceptor) = authority("127.0.0.1");
    let server = FakeServer::start_tls(who_am_i, acceptor).await;
    let folder = TempDir::new().unwrap();
    file(&folder, "ca.crt", &ca);
    // A relative path is relative to the kubeconfig.
    let text = kubeconfig(
        &server.url(),
        ", certificate-authority: ca.crt",
        "token: abc",
    );
    let path = file(&folder, "config", &text);
    connect(&options(Some(path))).await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_name_is_not_trusted() {
    for name in ["127.0.0.1", "other.example.org"] {
        let (own, acceptor) = authority(name);
        let (other, _) = authority("127.0.0.1");
        let server = FakeServer::start_tls(who_am_i, acceptor).await;
        let folder = TempDir::new().unwrap();
        let trusted = if name == "127.0.0.1" { other } else { own };
        file(&folder, "ca.crt", &trusted);
        let text = kubeconfig(
            &server.url(),
            ", certificate-authority: ca.crt",
            "token: abc",
        );
        let path = file(&folder, "config", &text);
        let error = connect(&options(Some(path))).await.unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{error}");
        assert!(
            server.asked().is_empty(),
            "no credential may leave before trust"
        );
    }
}

#[tokio::test]
async fn a_plugin_that_fails_is_named_and_its_output_is_not() {
    let user = "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, \
                args: ['-c', 'echo hunter2; exit 3']}";
    let error = fails_with(&kubeconfig("http://127.0.0.1:1", "", user)).await;
    let text = format!("{error} {error:?}");
    assert!(text.contains("/bin/sh") && text.contains('3'), "{text}");
    assert!(
        !text.contains("echo hunter2;") && !text.contains("hunter2\\n"),
        "{text}"
    );
}

#[tokio::test]
async fn what_a_plugin_says_on_standard_error_is_told() {
    let user = "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, \
                interactiveMode: Never, args: ['-c', 'echo hunter2; echo log in first >&2; exit 3']}";
    let error = fails_with(&kubeconfig("http://127.0.0.1:1", "", user)).await;
    let text = error.to_string();
    assert!(text.contains("exit status: 3: log in first"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_plugin_that_never_ends_is_ended() {
    let folder = TempDir::new().unwrap();
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, \
         args: ['-c', 'echo $$ > {}/id; sleep 1000; true']}}",
        folder.path().display()
    );
    let path = file(
        &folder,
        "config",
        &kubeconfig("http://127.0.0.1:1", "", &user),
    );
    let mut options = options(Some(path));
    options.limits.plugin_time_max = Duration::from_secs(2);
    let error = connect(&options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the credential plugin `/bin/sh` gave no credential within 2 s and was ended"
    );
    let id = std::fs::read_to_string(folder.path().join("id")).unwrap();
    let process = Path::new("/proc").join(id.trim());
    // A killed process stays until it is waited for, which happens in the other thread.
    for _ in 0..100 {
        if !process.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} still runs", process.display());
}

#[tokio::test]
async fn a_plugin_gives_the_token() {
    let server = FakeServer::start(who_am_i).await;
    let answer = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"fresh"}}"#;
    let folder = TempDir::new().unwrap();
    file(&folder, "answer.json", answer);
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: /bin/cat, args: ['{}/answer.json']}}",
        folder.path().display()
    );
    let path = file(&folder, "config", &kubeconfig(&server.url(), "", &user));
    connect(&options(Some(path))).await.unwrap();
    assert_eq!(server.asked()[0].header("authorization"), "Bearer fresh");
}

#[tokio::test]
async fn in_a_pod_the_mounted_token_is_used() {
    let (ca, acceptor) = authority("127.0.0.1");
    let server = FakeServer::start_tls(who_am_i, acceptor).await;
    let root = TempDir::new().unwrap();
    let folder = "var/run/secrets/kubernetes.io/serviceaccount";
    std::fs::create_dir_all(root.path().join(folder)).unwrap();
    file(&root, &format!("{folder}/token"), "pod-token");
    file(&root, &format!("{folder}/namespace"), "shop\n");
    file(&root, &format!("{folder}/ca.crt"), &ca);
    let mut options = options(None);
    options.environment = Environment {
        variables: BTreeMap::from([
            (
                "KUBERNETES_SERVICE_HOST".to_owned(),
                server.address.ip().to_string(),
            ),
            (
                "KUBERNETES_SERVICE_PORT".to_owned(),
                server.address.port().to_string(),
            ),
        ]),
        root: root.path().to_owned(),
    };
    let client = connect(&options).await.unwrap();
    assert_eq!(client.namespace(), "shop");
    assert_eq!(
        server.asked()[0].header("authorization"),
        "Bearer pod-token"
    );
}
