//! Audit logs as a busy cluster writes them: what kube-apiserver's log backend puts into its file.
//!
//! Shapes and shares are those of recorded clusters: mostly controllers with bound tokens, a kilobyte per
//! event, reasons with escaped quotes, `\u0026` in queries, a body in a few per cent.

use std::fmt::{self, Write as _};

use crate::random::Random;

/// Makes lines, the same for the same seed.
#[derive(Debug)]
pub struct AuditLines {
    random: Random,
    clock_us: u64,
    line: String,
}

const CONTROLLERS: [(&str, &str); 8] = [
    ("kube-system", "endpointslice-controller"),
    ("kube-system", "replicaset-controller"),
    ("kube-system", "generic-garbage-collector"),
    ("cert-manager", "cert-manager-cainjector"),
    ("argocd", "argocd-application-controller"),
    ("monitoring", "prometheus-k8s"),
    ("ingress-nginx", "ingress-nginx"),
    ("flux-system", "kustomize-controller"),
];

const RESOURCES: [(&str, &str, &str); 10] = [
    ("", "v1", "pods"),
    ("", "v1", "configmaps"),
    ("", "v1", "secrets"),
    ("", "v1", "services"),
    ("", "v1", "nodes"),
    ("apps", "v1", "deployments"),
    ("apps", "v1", "replicasets"),
    ("coordination.k8s.io", "v1", "leases"),
    ("discovery.k8s.io", "v1", "endpointslices"),
    ("cert-manager.io", "v1", "certificates"),
];

struct Event<'e> {
    verb: &'e str,
    group: &'e str,
    version: &'e str,
    resource: &'e str,
    namespace: String,
    name: String,
}

impl AuditLines {
    /// A log that starts at 2025-03-04T06:00:00Z.
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            clock_us: 0,
            line: String::with_capacity(4096),
        }
    }

    /// The next line, without its line break.
    pub fn next_line(&mut self) -> &str {
        self.line.clear();
        self.clock_us += 200 + self.random.next_number() % 400;
        let (group, version, resource) = *self.random.pick(&RESOURCES);
        let verb = self
            .random
            .word(&["get", "get", "list", "watch", "update", "patch"]);
        let has_name = matches!(verb, "get" | "update" | "patch");
        let event = Event {
            verb,
            group,
            version,
            resource,
            namespace: if resource == "nodes" {
                String::new()
            } else {
                format!("team-{}", self.random.below(400))
            },
            name: if has_name {
                format!("{resource}-{}-7d9f8b6c5d", self.random.below(3_000))
            } else {
                String::new()
            },
        };
        let body_chance = self.random.below(100);
        let (level, has_request, has_response) = match body_chance {
            0..2 if verb != "watch" => ("RequestResponse", verb != "get" && verb != "list", true),
            2..4 if has_name && verb != "get" => ("Request", true, false),
            _ => ("Metadata", false, false),
        };
        self.head(level, &event);
        let subject = self.user(&event);
        self.object(&event);
        let code = if self.random.chance(3) { 404 } else { 200 };
        self.put(format_args!(
            ",\"responseStatus\":{{\"metadata\":{{}},\"code\":{code}}}"
        ));
        if has_request {
            self.body("requestObject", 1, &event);
        }
        if has_response {
            let count = if verb == "list" {
                1 + self.random.below(6)
            } else {
                1
            };
            self.body("responseObject", count, &event);
        }
        self.tail(&subject);
        &self.line
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // A string takes everything.
        self.line.write_fmt(text).unwrap_or_default();
    }

    fn head(&mut self, level: &str, event: &Event<'_>) {
        let (high, low) = (self.random.next_number(), self.random.next_number());
        self.put(format_args!("{{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"{level}\",\
             \"auditID\":\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\",\"stage\":\"{}\",\"requestURI\":\"",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff,
            if event.verb == "watch" {
                "ResponseStarted"
            } else {
                "ResponseComplete"
            }));
        let prefix = if event.group.is_empty() {
            "/api".to_owned()
        } else {
            format!("/apis/{}", event.group)
        };
        self.put(format_args!("{prefix}/{}", event.version));
        if !event.namespace.is_empty() {
            self.put(format_args!("/namespaces/{}", event.namespace));
        }
        self.put(format_args!("/{}", event.resource));
        match event.verb {
            "watch" => self.line.push_str(
                "?allowWatchBookmarks=true\\u0026resourceVersion=90211\\u0026timeoutSeconds=412\\u0026watch=true",
            ),
            "list" if self.random.chance(20) => self.line.push_str("?limit=500\\u0026resourceVersion=0"),
            "list" => self.line.push_str("?limit=500"),
            _ => {
                self.put(format_args!("/{}", event.name));
            }
        }
        self.put(format_args!("\",\"verb\":\"{}\"", event.verb));
    }

    /// Writes who it was, and gives the authorizer's reason.
    fn user(&mut self, event: &Event<'_>) -> String {
        let reason = match self.random.below(100) {
            0..75 => self.service_account(),
            75..92 => self.node(),
            _ => self.person(event),
        };
        let program = self.random.word(&[
            "kubectl",
            "kube-controller-manager",
            "argocd",
            "kubelet",
            "prometheus",
        ]);
        let (second, third, fourth) = (
            self.random.below(4),
            self.random.below(250),
            self.random.below(250),
        );
        self.put(format_args!(
            ",\"sourceIPs\":[\"10.{second}.{third}.{fourth}\"],\
             \"userAgent\":\"{program}/v1.33.2 (linux/amd64) kubernetes/b46a3f8\""
        ));
        reason
    }

    fn service_account(&mut self) -> String {
        let (namespace, name) = *self.random.pick(&CONTROLLERS);
        let replica = self.random.below(40);
        self.put(format_args!(
            ",\"user\":{{\"username\":\"system:serviceaccount:{namespace}:{name}\",\
             \"uid\":\"c2a1f6de-8f0f-4a5c-9d3b-{replica:012}\",\
             \"groups\":[\"system:serviceaccounts\",\"system:serviceaccounts:{namespace}\",\
             \"system:authenticated\"],\"extra\":{{"
        ));
        // Servers before 1.30 say less about a token.
        if self.random.chance(50) {
            self.put(format_args!("\"authentication.kubernetes.io/credential-id\":[\"JTI=0e6b7d52-9f0f-41f7-8a37-{replica:012}\"],\
                 \"authentication.kubernetes.io/node-name\":[\"worker-{}\"],\
                 \"authentication.kubernetes.io/node-uid\":[\"1f53c2a8-5a2e-4b43-8a36-{replica:012}\"],",
                replica % 12));
        }
        self.put(format_args!("\"authentication.kubernetes.io/pod-name\":[\"{name}-6c9d7f5b8-{replica:05}\"],\
             \"authentication.kubernetes.io/pod-uid\":[\"aa0f7f30-12fb-4a2a-bd27-{replica:012}\"]}}}}"));
        format!(
            "RBAC: allowed by ClusterRoleBinding \\\"{name}\\\" of ClusterRole \\\"{name}\\\" \
             to ServiceAccount \\\"{name}/{namespace}\\\""
        )
    }

    fn node(&mut self) -> String {
        let node = self.random.below(200);
        self.put(format_args!(",\"user\":{{\"username\":\"system:node:worker-{node}\",\"groups\":[\"system:nodes\",\
             \"system:authenticated\"],\"extra\":{{\"authentication.kubernetes.io/credential-id\":\
             [\"X509SHA256=61f2a3f6b1a04d4e7b7f0d4be3ed60c5d1b9f1b77c9c5a8e1a0b5b6d5c8a{node:04}\"]}}}}"));
        String::new()
    }

    fn person(&mut self, event: &Event<'_>) -> String {
        let user = self.random.below(3_000);
        self.put(format_args!(
            ",\"user\":{{\"username\":\"user-{user}@example.com\",\"groups\":[\"oidc:team-{}\",\
             \"system:authenticated\"]}}",
            user % 400
        ));
        if self.random.chance(5) {
            self.line.push_str(
                ",\"impersonatedUser\":{\"username\":\"breakglass\",\"groups\":[\"system:authenticated\"]}",
            );
        }
        format!(
            "RBAC: allowed by RoleBinding \\\"team/{}\\\" of ClusterRole \\\"view\\\" to Group \\\"oidc:team-{}\\\"",
            event.namespace,
            user % 400
        )
    }

    fn object(&mut self, event: &Event<'_>) {
        self.put(format_args!(
            ",\"objectRef\":{{\"resource\":\"{}\"",
            event.resource
        ));
        for (key, value) in [
            ("namespace", event.namespace.as_str()),
            ("name", &event.name),
            ("apiGroup", event.group),
            ("apiVersion", event.version),
        ] {
            if !value.is_empty() {
                self.put(format_args!(",\"{key}\":\"{value}\""));
            }
        }
        self.line.push('}');
    }

    fn body(&mut self, key: &str, count: usize, event: &Event<'_>) {
        self.put(format_args!(",\"{key}\":"));
        let is_list = event.verb == "list";
        if is_list {
            self.line.push_str(
                "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"90211\"},\"items\":[",
            );
        }
        for number in 0..count {
            if number > 0 {
                self.line.push(',');
            }
            self.put(format_args!("{{\"kind\":\"Thing\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"thing-{number}\",\
                 \"namespace\":\"{}\",\"uid\":\"54a231c0-d355-4aad-8ae6-f096fa3b493e\",\"labels\":\
                 {{\"app.kubernetes.io/name\":\"thing\",\"pod-template-hash\":\"7d9f8b6c5d\"}},\"annotations\":\
                 {{\"note\":\"{{\\\"forged\\\":\\\"event\\\"}}\"}},\"creationTimestamp\":\"2023-05-17T13:59:57Z\"}},\
                 \"spec\":{{\"containers\":[{{\"name\":\"main\",\"image\":\"registry.example/thing:1.2.3\",\
                 \"command\":[\"sh\",\"-c\",\"sleep infinity\"],\"resources\":{{}},\"imagePullPolicy\":\"Always\"}}],\
                 \"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":\"ClusterFirst\"}},\
                 \"status\":{{\"phase\":\"Running\",\"qosClass\":\"BestEffort\"}}}}",
                event.namespace));
        }
        if is_list {
            self.line.push_str("]}");
        }
    }

    fn tail(&mut self, reason: &str) {
        let seconds = self.clock_us / 1_000_000;
        let micros = self.clock_us % 1_000_000;
        // The log is shorter than the rest of its day.
        let time = format!(
            "2025-03-04T{:02}:{:02}:{:02}.",
            6 + seconds / 3600 % 18,
            seconds / 60 % 60,
            seconds % 60
        );
        self.put(format_args!(",\"requestReceivedTimestamp\":\"{time}{micros:06}Z\",\"stageTimestamp\":\"{time}{:06}Z\",\
             \"annotations\":{{\"authorization.k8s.io/decision\":\"allow\",\"authorization.k8s.io/reason\":\"{reason}\"}}}}",
            (micros + 2_400).min(999_999)));
    }
}

/// A log of about that many bytes.
pub fn audit_log(seed: u64, bytes: usize) -> String {
    let mut lines = AuditLines::new(seed);
    let mut log = String::with_capacity(bytes + 4096);
    while log.len() < bytes {
        log.push_str(lines.next_line());
        log.push('\n');
    }
    log
}
