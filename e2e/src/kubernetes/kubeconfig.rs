//! Writing kubeconfig files.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::certificates::KeyedCertificate;

/// From where a kubeconfig is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// From this machine, as tests do.
    Outside,
    /// From inside an enclosed machine; the same as `Outside` for a control plane alone.
    Inside,
}

/// How a kubeconfig proves who it is.
pub(crate) enum Credentials<'a> {
    Certificate(&'a KeyedCertificate),
    /// The path of a file with certificate and key, as a kubelet's own has it.
    CertificateFile(&'a str),
    Token(&'a str),
}

/// The file's text. JSON, which is YAML.
pub(crate) fn kubeconfig(server: &str, authority: &str, credentials: &Credentials<'_>) -> String {
    let user = match credentials {
        Credentials::Certificate(keyed) => json!({
            "client-certificate-data": base64(&keyed.certificate),
            "client-key-data": base64(&keyed.key),
        }),
        Credentials::CertificateFile(path) => json!({
            "client-certificate": path,
            "client-key": path,
        }),
        Credentials::Token(token) => json!({ "token": token }),
    };
    let config: Value = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "bench",
            "cluster": { "server": server, "certificate-authority-data": base64(authority) },
        }],
        "users": [{ "name": "bench", "user": user }],
        "contexts": [{ "name": "bench", "context": { "cluster": "bench", "user": "bench" } }],
        "current-context": "bench",
    });
    format!("{config:#}\n")
}

fn base64(text: &str) -> String {
    Base64::encode_string(text.as_bytes())
}
