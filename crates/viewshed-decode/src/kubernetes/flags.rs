//! Flags of command lines: which values may be kept, and what control-plane flags say.

/// Flags whose values are settings, never secrets: control plane, kubelet, etcd, kube-proxy,
/// container engines, Cilium's agent, programs that serve Ingresses, dashboards and the other web interfaces that show a cluster
/// (component references on kubernetes.io, etcd's and Docker's command-line references, and each
/// dashboard's own documentation). A value of any other flag is dropped.
const SETTINGS: &[&str] = &[
    "act-as-proxy",
    "address",
    "admission-control",
    "advertise-address",
    "advertise-client-urls",
    "allow-localhost",
    "allow-privileged",
    "anonymous-auth",
    "api",
    "api.dashboard",
    "api.insecure",
    "apiserver-host",
    "apiserver-skip-tls-verify",
    "audit-log-maxage",
    "audit-log-maxbackup",
    "audit-log-maxsize",
    "audit-log-path",
    "audit-policy-file",
    "audit-webhook-config-file",
    "auth-mode",
    "authentication-config",
    "authentication-kubeconfig",
    "authentication-mode",
    "authentication-skip-lookup",
    "authentication-token-webhook",
    "authentication-token-webhook-config-file",
    "authorization-always-allow-paths",
    "authorization-config",
    "authorization-kubeconfig",
    "authorization-mode",
    "authorization-policy-file",
    "authorization-webhook-config-file",
    "auto-generate-certificates",
    "auto-tls",
    "base-url",
    "bind-address",
    "bpf-lb-sock-hostns-only",
    "cadvisor-port",
    "cert-file",
    "client-ca-file",
    "client-cert-auth",
    "cluster-cidr",
    "cluster-domain",
    "cluster-name",
    "config",
    "config.file",
    "container-runtime-endpoint",
    "controller-class",
    "disable-admission-plugins",
    "disable-auth",
    "disable-csrf-protection",
    "disable-settings-authorizer",
    "enable-admission-plugins",
    "enable-aggregator-routing",
    "enable-bootstrap-token-auth",
    "enable-cilium-clusterwide-network-policy",
    "enable-cilium-network-policy",
    "enable-debugging-handlers",
    "enable-helm",
    "enable-host-firewall",
    "enable-insecure-login",
    "enable-k8s-networkpolicy",
    "enable-logs-handler",
    "enable-network-policy",
    "enable-node-selector-labels",
    "enable-np",
    "enable-policy",
    "enable-pprof",
    "enable-priority-and-fairness",
    "enable-server",
    "enable-skip-login",
    "encryption-provider-config",
    "etcd-cafile",
    "etcd-certfile",
    "etcd-keyfile",
    "etcd-servers",
    "feature-gates",
    "healthz-bind-address",
    "healthz-port",
    "host",
    "hostname-override",
    "in-cluster",
    "ingress-class",
    "insecure",
    "insecure-bind-address",
    "insecure-port",
    "key-file",
    "kube-proxy-replacement",
    "kubeconfig",
    "kubelet-certificate-authority",
    "kubelet-client-certificate",
    "kubelet-client-key",
    "kubelet-https",
    "kubelet-preferred-address-types",
    "labels",
    "listen-client-http-urls",
    "listen-client-urls",
    "listen-metrics-urls",
    "listen-peer-urls",
    "metrics-bind-address",
    "metrics-port",
    "mode",
    "namespace",
    "namespaced",
    "namespaces",
    "no-auth",
    "node-ip",
    "oidc-issuer-url",
    "peer-auto-tls",
    "peer-cert-file",
    "peer-client-cert-auth",
    "peer-key-file",
    "peer-trusted-ca-file",
    "plugins-dir",
    "pod-manifest-path",
    "policy-audit-mode",
    "policy-cidr-match-mode",
    "port",
    "profiling",
    "protect-kernel-defaults",
    "read-only-port",
    "requestheader-allowed-names",
    "requestheader-client-ca-file",
    "resources",
    "rotate-certificates",
    "rotate-server-certificates",
    "run-firewall",
    "runtime-config",
    "secure",
    "secure-port",
    "service-account-issuer",
    "service-account-key-file",
    "service-account-lookup",
    "service-account-signing-key-file",
    "service-cluster-ip-range",
    "service-node-port-range",
    "session-ttl",
    "sidecar-host",
    "streaming-connection-idle-timeout",
    "system-banner-severity",
    "telemetry-host",
    "telemetry-port",
    "terminated-pod-gc-threshold",
    "tls",
    "tls-cert-file",
    "tls-cipher-suites",
    "tls-min-version",
    "tls-private-key-file",
    "tlscacert",
    "tlsverify",
    "token-auth-file",
    "token-ttl",
    "trusted-ca-file",
    "unsafe-use-service-account-token",
    "use-service-account-credentials",
    "watch-ingress-without-class",
    "watch-plugins-changes",
    "web.enable-admin-api",
    "web.enable-lifecycle",
    "web.listen-address",
];

/// Longest flag name kept, in bytes; anything longer is data, not a name.
const NAME_BYTES_MAX: usize = 64;

/// Name and, for known settings, value of each flag in `command` and `args`, in order.
///
/// `--name=value`, `--name value` and Go's single-dash forms are understood. Of single-dash words
/// that are no known setting only one letter is kept: `-pSECRET` is how `mysql` takes a password.
/// The text of `sh -c` is split at blanks.
pub(super) fn flags(command: &[String], args: &[String]) -> Vec<(String, Option<String>)> {
    let mut flags = Vec::new();
    let mut words = words(command, args).peekable();
    while let Some(word) = words.next() {
        let Some(body) = word.strip_prefix('-') else {
            continue;
        };
        let (name, is_long) = match body.strip_prefix('-') {
            Some(name) => (name, true),
            None => (body, false),
        };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        if SETTINGS.binary_search(&name).is_ok() {
            let value = value.or_else(|| words.next_if(|next| !next.starts_with('-')));
            let kept = value.filter(|value| is_free_of_credentials(value));
            flags.push((name.to_owned(), kept.map(str::to_owned)));
        } else if is_long && is_name(name) {
            flags.push((name.to_owned(), None));
        } else if !is_long
            && let Some(letter) = name.chars().next().filter(char::is_ascii_alphabetic)
        {
            flags.push((letter.to_string(), None));
        }
    }
    flags
}

fn words<'a>(command: &'a [String], args: &'a [String]) -> impl Iterator<Item = &'a str> {
    let is_shell = command
        .first()
        .and_then(|program| program.rsplit('/').next())
        .is_some_and(|program| matches!(program, "ash" | "bash" | "dash" | "sh"));
    command.iter().chain(args).flat_map(move |word| {
        let (whole, parts) = if is_shell {
            (None, Some(word.split_ascii_whitespace()))
        } else {
            (Some(word.as_str()), None)
        };
        whole.into_iter().chain(parts.into_iter().flatten())
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// `--etcd-servers=http://user:password@host` is a setting with a secret in it.
fn is_free_of_credentials(value: &str) -> bool {
    !value.contains('@')
}

/// The value of a flag; for a bare flag `Some("true")`, as Go's flag packages have it.
pub(super) fn value_of<'a>(flags: &'a [(String, Option<String>)], name: &str) -> Option<&'a str> {
    // The last one wins, as in pflag.
    flags
        .iter()
        .rev()
        .find(|(flag, _)| flag == name)
        .map(|(_, value)| value.as_deref().unwrap_or("true"))
}

#[cfg(test)]
mod tests;
