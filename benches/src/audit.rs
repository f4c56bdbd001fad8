//! Audit logs as a busy cluster writes them: what kube-apiserver's log backend puts into its file.
//!
//! Shapes and shares are those of recorded clusters: mostly controllers with bound tokens, a kilobyte per
//! event, reasons with escaped quotes, `\u0026` in queries, a body in a few per cent. Everybody has an address, a
//! client and work of their own: nodes their leases and pods, workloads and people one namespace. Controllers list
//! and watch a few kinds in all namespaces at once, as informers do (client-go `tools/cache/reflector.go`), and
//! read and change single objects in any of them. Nobody looks around: a log has no intruder, and no incident
//! should come of it. Of each six requests two read one object, one lists, one watches and two change something;
//! three per cent ask for something that is not there.
#![expect(
    clippy::let_underscore_must_use,
    reason = "writing to a string cannot fail"
)]

use std::fmt::Write as _;

use crate::random::Random;

/// As much as the program reads at once: it stays in the second-level cache together with what is made of it.
const CHUNK_BYTES: usize = 256 << 10;

/// Makes lines, the same for the same seed.
#[derive(Debug)]
pub struct AuditLines {
    random: Random,
    day: u8,
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

/// Kinds that one controller works on.
const KINDS_OF_CONTROLLER: usize = 3;
const NAMESPACES: usize = 400;

/// Who sends a request; the numbers tell which one.
#[derive(Debug, Clone, Copy)]
enum Sender {
    Controller(usize),
    Workload(usize),
    Node(usize),
    Person(usize),
}

/// Whether a request is for the objects of all namespaces.
fn is_of_all(sender: Sender, verb: &str) -> bool {
    matches!(sender, Sender::Controller(_)) && matches!(verb, "list" | "watch")
}

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
        Self::of_day(seed, 4)
    }

    /// The same of another day of that month, with the same senders at the same work.
    pub fn of_day(seed: u64, day: u8) -> Self {
        Self {
            random: Random::new(seed),
            day,
            clock_us: 0,
            line: String::with_capacity(4096),
        }
    }

    /// The next line, without its line break.
    pub fn next_line(&mut self) -> &str {
        self.line.clear();
        // A hundred requests in a second.
        self.clock_us += 5_000 + self.random.next_number() % 10_000;
        let sender = self.sender();
        let (group, version, resource) = self.kind_for(sender);
        let verb = self
            .random
            .word(&["get", "get", "list", "watch", "update", "patch"]);
        let has_name = matches!(verb, "get" | "update" | "patch");
        let event = Event {
            verb,
            group,
            version,
            resource,
            namespace: if resource == "nodes" || is_of_all(sender, verb) {
                String::new()
            } else {
                format!("team-{}", self.namespace_for(sender))
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
        let reason = self.user(sender, &event);
        self.client(sender);
        self.object(&event);
        let code = if self.random.chance(3) { 404 } else { 200 };
        let _ = write!(
            self.line,
            ",\"responseStatus\":{{\"metadata\":{{}},\"code\":{code}}}"
        );
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
        self.tail(&reason);
        &self.line
    }

    fn head(&mut self, level: &str, event: &Event<'_>) {
        let (high, low) = (self.random.next_number(), self.random.next_number());
        let _ = write!(
            self.line,
            "{{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"{level}\",\
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
            },
        );
        let prefix = if event.group.is_empty() {
            "/api".to_owned()
        } else {
            format!("/apis/{}", event.group)
        };
        let _ = write!(self.line, "{prefix}/{}", event.version);
        if !event.namespace.is_empty() {
            let _ = write!(self.line, "/namespaces/{}", event.namespace);
        }
        let _ = write!(self.line, "/{}", event.resource);
        match event.verb {
            "watch" => self.line.push_str(
                "?allowWatchBookmarks=true\\u0026resourceVersion=90211\\u0026timeoutSeconds=412\\u0026watch=true",
            ),
            "list" if self.random.chance(20) => self.line.push_str("?limit=500\\u0026resourceVersion=0"),
            "list" => self.line.push_str("?limit=500"),
            _ => {
                let _ = write!(self.line, "/{}", event.name);
            }
        }
        let _ = write!(self.line, "\",\"verb\":\"{}\"", event.verb);
    }

    fn sender(&mut self) -> Sender {
        match self.random.below(100) {
            0..38 => Sender::Controller(self.random.below(CONTROLLERS.len())),
            38..75 => Sender::Workload(self.random.below(2_000)),
            75..92 => Sender::Node(self.random.below(200)),
            // Few people do much, and most do little.
            _ => Sender::Person(self.random.below(3_000).min(self.random.below(3_000))),
        }
    }

    fn kind_for(&mut self, sender: Sender) -> (&'static str, &'static str, &'static str) {
        let choice = self.random.below(KINDS_OF_CONTROLLER);
        let at = match sender {
            Sender::Controller(number) | Sender::Workload(number) => number + choice * 3,
            Sender::Node(_) => [0, 4, 7].get(choice).copied().unwrap_or_default(),
            Sender::Person(_) => self.random.below(RESOURCES.len()),
        };
        let kind = RESOURCES.get(at % RESOURCES.len()).or(RESOURCES.first());
        kind.copied().unwrap_or_default()
    }

    fn namespace_for(&mut self, sender: Sender) -> usize {
        match sender {
            Sender::Controller(_) => self.random.below(NAMESPACES),
            Sender::Node(number) | Sender::Workload(number) | Sender::Person(number) => {
                number % NAMESPACES
            }
        }
    }

    /// Writes who it was, and gives the authorizer's reason.
    fn user(&mut self, sender: Sender, event: &Event<'_>) -> String {
        match sender {
            Sender::Controller(number) => {
                let (namespace, name) = CONTROLLERS.get(number).copied().unwrap_or_default();
                self.service_account(namespace, name, number)
            }
            Sender::Workload(number) => {
                let namespace = format!("team-{}", number % NAMESPACES);
                self.service_account(&namespace, &format!("workload-{number}"), number)
            }
            Sender::Node(node) => {
                let _ = write!(
                    self.line,
                    ",\"user\":{{\"username\":\"system:node:worker-{node}\",\"groups\":[\"system:nodes\",\
                     \"system:authenticated\"],\"extra\":{{\"authentication.kubernetes.io/credential-id\":\
                     [\"X509SHA256=61f2a3f6b1a04d4e7b7f0d4be3ed60c5d1b9f1b77c9c5a8e1a0b5b6d5c8a{node:04}\"]}}}}"
                );
                String::new()
            }
            Sender::Person(user) => {
                let team = user % NAMESPACES;
                let _ = write!(
                    self.line,
                    ",\"user\":{{\"username\":\"user-{user}@example.com\",\"groups\":[\"oidc:team-{team}\",\
                     \"system:authenticated\"]}}"
                );
                if user.is_multiple_of(20) {
                    self.line.push_str(
                        ",\"impersonatedUser\":{\"username\":\"breakglass\",\"groups\":[\"system:authenticated\"]}",
                    );
                }
                format!(
                    "RBAC: allowed by RoleBinding \\\"team/{}\\\" of ClusterRole \\\"view\\\" to Group \\\"oidc:team-{team}\\\"",
                    event.namespace
                )
            }
        }
    }

    fn service_account(&mut self, namespace: &str, name: &str, number: usize) -> String {
        let _ = write!(
            self.line,
            ",\"user\":{{\"username\":\"system:serviceaccount:{namespace}:{name}\",\
             \"uid\":\"c2a1f6de-8f0f-4a5c-9d3b-{number:012}\",\
             \"groups\":[\"system:serviceaccounts\",\"system:serviceaccounts:{namespace}\",\
             \"system:authenticated\"],\"extra\":{{"
        );
        // Servers before 1.30 say less about a token.
        if number.is_multiple_of(2) {
            let _ = write!(
                self.line,
                "\"authentication.kubernetes.io/credential-id\":[\"JTI=0e6b7d52-9f0f-41f7-8a37-{number:012}\"],\
                 \"authentication.kubernetes.io/node-name\":[\"worker-{}\"],\
                 \"authentication.kubernetes.io/node-uid\":[\"1f53c2a8-5a2e-4b43-8a36-{number:012}\"],",
                number % 200
            );
        }
        let _ = write!(
            self.line,
            "\"authentication.kubernetes.io/pod-name\":[\"{name}-6c9d7f5b8-{number:05}\"],\
             \"authentication.kubernetes.io/pod-uid\":[\"aa0f7f30-12fb-4a2a-bd27-{number:012}\"]}}}}"
        );
        format!(
            "RBAC: allowed by ClusterRoleBinding \\\"{name}\\\" of ClusterRole \\\"{name}\\\" \
             to ServiceAccount \\\"{name}/{namespace}\\\""
        )
    }

    /// Writes the address and the program of the sender.
    fn client(&mut self, sender: Sender) {
        let (network, number, program) = match sender {
            Sender::Controller(number) => (0, number, "kube-controller-manager"),
            Sender::Workload(number) => (1, number, "workload"),
            Sender::Node(number) => (2, number, "kubelet"),
            Sender::Person(number) => (3, number, "kubectl"),
        };
        let _ = write!(
            self.line,
            ",\"sourceIPs\":[\"10.{network}.{}.{}\"],\"userAgent\":\"{program}/v1.33.2 (linux/amd64) kubernetes/b46a3f8\"",
            number / 250,
            number % 250,
        );
    }

    fn object(&mut self, event: &Event<'_>) {
        let _ = write!(
            self.line,
            ",\"objectRef\":{{\"resource\":\"{}\"",
            event.resource
        );
        for (key, value) in [
            ("namespace", event.namespace.as_str()),
            ("name", &event.name),
            ("apiGroup", event.group),
            ("apiVersion", event.version),
        ] {
            if !value.is_empty() {
                let _ = write!(self.line, ",\"{key}\":\"{value}\"");
            }
        }
        self.line.push('}');
    }

    fn body(&mut self, key: &str, count: usize, event: &Event<'_>) {
        let _ = write!(self.line, ",\"{key}\":");
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
            let _ = write!(
                self.line,
                "{{\"kind\":\"Thing\",\"apiVersion\":\"v1\",\"metadata\":{{\"name\":\"thing-{number}\",\
                 \"namespace\":\"{}\",\"uid\":\"54a231c0-d355-4aad-8ae6-f096fa3b493e\",\"labels\":\
                 {{\"app.kubernetes.io/name\":\"thing\",\"pod-template-hash\":\"7d9f8b6c5d\"}},\"annotations\":\
                 {{\"note\":\"{{\\\"forged\\\":\\\"event\\\"}}\"}},\"creationTimestamp\":\"2023-05-17T13:59:57Z\"}},\
                 \"spec\":{{\"containers\":[{{\"name\":\"main\",\"image\":\"registry.example/thing:1.2.3\",\
                 \"command\":[\"sh\",\"-c\",\"sleep infinity\"],\"resources\":{{}},\"imagePullPolicy\":\"Always\"}}],\
                 \"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":\"ClusterFirst\"}},\
                 \"status\":{{\"phase\":\"Running\",\"qosClass\":\"BestEffort\"}}}}",
                event.namespace
            );
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
            "2025-03-{:02}T{:02}:{:02}:{:02}.",
            self.day,
            6 + seconds / 3600 % 18,
            seconds / 60 % 60,
            seconds % 60
        );
        let _ = write!(
            self.line,
            ",\"requestReceivedTimestamp\":\"{time}{micros:06}Z\",\"stageTimestamp\":\"{time}{:06}Z\",\
             \"annotations\":{{\"authorization.k8s.io/decision\":\"allow\",\"authorization.k8s.io/reason\":\"{reason}\"}}}}",
            (micros + 2_400).min(999_999)
        );
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

/// The whole lines that are read at once, and the rest of a log.
pub fn split_chunk(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = bytes
        .iter()
        .skip(CHUNK_BYTES)
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |more| CHUNK_BYTES + more + 1);
    bytes.split_at(length)
}
