//! The server with its generated objects, and the same cluster as Viewshed reads it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use viewshed_bench::kubernetes::Audit;
use viewshed_bench::{ControlPlane, ControlPlaneOptions, wait_until};
use viewshed_benchmarks::random::Random;
use viewshed_decode::kubernetes::{add_list, version};
use viewshed_model::{Cluster, Gap};

use crate::api::{Api, Request};
use crate::node_objects;
use crate::objects::{self, IMPERSONATORS, USERS, group, impersonator, user};

/// Requests and events about reviews are many and tell nothing: the answers hold everything.
const AUDIT_POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  resources:
  - group: authorization.k8s.io
    resources: [subjectaccessreviews, selfsubjectrulesreviews]
- level: Metadata
";

pub(crate) struct World {
    pub(crate) plane: ControlPlane,
    pub(crate) admin: Api,
    pub(crate) bare: Api,
    pub(crate) cluster: Cluster,
    /// `authorization` headers and the users that they stand for.
    pub(crate) tokens: Vec<(String, String)>,
    pub(crate) impersonator_tokens: Vec<String>,
    _files: TempDir,
}

impl World {
    pub(crate) fn start(random: &mut Random) -> Result<Self> {
        let files = tempfile::tempdir()?;
        let token_file = files.path().join("tokens.csv");
        let (tokens, impersonator_tokens, text) = static_tokens(random);
        fs::write(&token_file, text)?;
        let plane = ControlPlane::start(&ControlPlaneOptions {
            audit: Audit::Policy(AUDIT_POLICY.to_owned()),
            apiserver_flags: vec![
                format!("--token-auth-file={}", token_file.display()),
                "--enable-priority-and-fairness=false".to_owned(),
                "--max-requests-inflight=4000".to_owned(),
                "--max-mutating-requests-inflight=4000".to_owned(),
                // One file: a log that turns over would lose events of this run.
                "--audit-log-maxsize=10000".to_owned(),
                "--audit-log-mode=batch".to_owned(),
                "--audit-log-batch-max-wait=1s".to_owned(),
                "--audit-log-batch-buffer-size=400000".to_owned(),
            ],
            ..ControlPlaneOptions::default()
        })?;
        let admin = Api::admin(&plane)?;
        let mut world = Self {
            bare: Api::bare(&plane)?,
            plane,
            admin,
            cluster: Cluster::default(),
            tokens,
            impersonator_tokens,
            _files: files,
        };
        world.fill(random)?;
        world.cluster = world.read()?;
        Ok(world)
    }

    fn fill(&mut self, random: &mut Random) -> Result<()> {
        self.create(objects::namespaces())?;
        self.create(node_objects::nodes())?;
        self.create(objects::grants(random))?;
        self.wait_for_service_accounts()?;
        self.create(node_objects::volumes(random))?;
        self.create(node_objects::attachments(random))?;
        self.create(node_objects::pods(random))?;
        self.create(vec![node_objects::mark()])?;
        for mark in objects::marks() {
            self.create(vec![mark])?;
        }
        wait_until(
            "the server to know every object",
            Duration::from_secs(60),
            || Ok(self.knows_marks()?.then_some(())),
        )
    }

    fn create(&self, requests: Vec<Request>) -> Result<()> {
        let mut refusals = Vec::new();
        let sent = requests.clone();
        self.admin.send_all(requests, |number, answer| {
            if answer.status != 201 {
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                refusals.push((number, body));
            }
        })?;
        if let Some((number, body)) = refusals.first() {
            let refused = sent.get(*number).cloned().unwrap_or_default();
            anyhow::bail!(
                "{} refused, first {} {}: {body}",
                refusals.len(),
                refused.target,
                refused.body
            );
        }
        Ok(())
    }

    fn wait_for_service_accounts(&self) -> Result<()> {
        let wanted = objects::NAMESPACES;
        wait_until(
            "the default service accounts",
            Duration::from_secs(60),
            || {
                let target =
                    "/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault".to_owned();
                let answer: Value = serde_json::from_slice(&self.get(&target)?)?;
                let found = answer["items"].as_array().map_or(0, Vec::len);
                Ok((found > wanted).then_some(()))
            },
        )
    }

    /// Whether the authorizers have seen the objects that were created last.
    fn knows_marks(&self) -> Result<bool> {
        let use_mark = json!({"verb": "use", "group": "mark.example", "resource": "marks", "namespace": "n-0"});
        let local = self.review("mark", &[], &use_mark)?;
        let cluster_wide = self.review("mark-cluster", &[], &use_mark)?;
        let get_pod =
            json!({"verb": "get", "resource": "pods", "namespace": "n-0", "name": "mark"});
        let node = format!("system:node:{}", objects::node(0));
        let pod = self.review(&node, &["system:nodes"], &get_pod)?;
        Ok(local && cluster_wide && pod)
    }

    fn review(&self, user: &str, groups: &[&str], attributes: &Value) -> Result<bool> {
        let status = self.plane.review(user, groups, attributes)?;
        Ok(status["allowed"] == json!(true))
    }

    pub(crate) fn get(&self, target: &str) -> Result<Vec<u8>> {
        let answer = self.admin.send(Request {
            method: "GET".to_owned(),
            target: target.to_owned(),
            ..Request::default()
        })?;
        ensure!(answer.status == 200, "GET {target}: {}", answer.status);
        Ok(answer.body)
    }

    /// The cluster as the product decodes the server's own lists.
    fn read(&self) -> Result<Cluster> {
        let mut cluster = Cluster {
            name: "bench".to_owned(),
            is_live: true,
            version: Some(version(&self.get("/version")?)?),
            ..Cluster::default()
        };
        let mut gaps: Vec<Gap> = Vec::new();
        for (prefix, group, resources) in [
            (
                "/apis/rbac.authorization.k8s.io/v1",
                "rbac.authorization.k8s.io",
                &[
                    "clusterroles",
                    "roles",
                    "clusterrolebindings",
                    "rolebindings",
                ][..],
            ),
            (
                "/api/v1",
                "",
                &[
                    "namespaces",
                    "nodes",
                    "pods",
                    "serviceaccounts",
                    "persistentvolumes",
                    "persistentvolumeclaims",
                ],
            ),
            (
                "/apis/storage.k8s.io/v1",
                "storage.k8s.io",
                &["volumeattachments"],
            ),
        ] {
            for resource in resources {
                let body = self.get(&format!("{prefix}/{resource}"))?;
                add_list(&mut cluster, &mut gaps, "bench", group, resource, &body)
                    .with_context(|| format!("cannot decode the list of {resource}"))?;
            }
        }
        ensure!(gaps.is_empty(), "gaps: {gaps:?}");
        Ok(cluster)
    }
}

type Tokens = (Vec<(String, String)>, Vec<String>, String);

/// A file of `--token-auth-file`, with the tokens of some users and of every impersonator.
fn static_tokens(random: &mut Random) -> Tokens {
    let mut lines = Vec::new();
    let mut tokens = Vec::new();
    for number in 0..USERS / 5 {
        let name = user(number);
        let groups = [0, 1].map(|_| group(random.below(objects::GROUPS)));
        let groups = groups.join(",");
        lines.push(format!("token-{name},{name},uid-{name},\"{groups}\""));
        tokens.push((format!("Bearer token-{name}"), name));
    }
    let mut impersonator_tokens = Vec::new();
    for number in 0..IMPERSONATORS {
        let name = impersonator(number);
        lines.push(format!("token-{name},{name},uid-{name}"));
        impersonator_tokens.push(format!("Bearer token-{name}"));
    }
    (tokens, impersonator_tokens, lines.join("\n"))
}
