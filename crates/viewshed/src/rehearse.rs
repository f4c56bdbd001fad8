//! `viewshed rehearse`: what the logs and WATCH notice of an intruder who explores this estate.

mod evidence;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use viewshed_collect::kubernetes::{self, Client, Limits, Options};
use viewshed_collect::rehearsal::{
    Foothold, Kubelet, KubeletTrust, LogReading, PlannedStep, Rehearsal, STEPS, foothold, plan,
    rehearse,
};
use viewshed_collect::{Environment, Error, docker};
use viewshed_model::{RehearsalReport, RehearsalRun};
use viewshed_report::Answer;

use crate::cli::{EvidenceArgs, Format, JudgeArgs, RehearseAction, RehearseArgs, TargetArgs};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::watch::read_file;
use crate::{input, terminal};

/// Sends the sequence and judges it, or judges a run that was made before.
pub(crate) fn run(arguments: &RehearseArgs, screen: &Screen) -> Result<Outcome, Failure> {
    if let Some(RehearseAction::Report {
        run,
        evidence,
        judge,
        output,
    }) = &arguments.action
    {
        if evidence.log.is_empty() {
            return Err(Failure::usage("no log is named", "give --log PATH"));
        }
        let report = evidence::judged(&recorded(run)?, evidence, judge)?;
        screen.show(&Answer::Rehearsal(&report), output, Lists::Short)?;
        return Ok(outcome(&report));
    }
    let blank = evidence::unjudged(blank_run());
    screen.check(&Answer::Rehearsal(&blank), &arguments.output)?;
    // One event loop: a client lives in the one that it was made in.
    let Some(run) = input::block_on(send(arguments, screen))?? else {
        return Ok(Outcome::Clean);
    };
    let report = report(run, arguments)?;
    screen.show(&Answer::Rehearsal(&report), &arguments.output, Lists::Short)?;
    Ok(outcome(&report))
}

/// Sends the sequence; `None` when only its plan is wanted.
async fn send(arguments: &RehearseArgs, screen: &Screen) -> Result<Option<RehearsalRun>, Failure> {
    let prepared = Prepared::new(arguments).await?;
    let rehearsal = prepared.rehearsal(arguments)?;
    if arguments.sequence.dry_run {
        dry_run(&rehearsal, arguments)?;
        return Ok(None);
    }
    announce(&rehearsal);
    let progress = input::progress(screen);
    let run = rehearse(&rehearsal, progress.as_ref())
        .await
        .map_err(input::collect_failure)?;
    if run.steps.iter().all(|step| step.requests.is_empty()) {
        let reasons: BTreeSet<&str> = run.steps.iter().map(|step| &*step.not_sent).collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        return Err(Failure::collect(
            anyhow::anyhow!("nobody could be asked: {}", reasons.join("; ")),
            "name an API server with --context, or a Docker host with --docker-host",
        ));
    }
    Ok(Some(run))
}

fn outcome(report: &RehearsalReport) -> Outcome {
    Outcome::of(report.has_missed(), report.is_partial())
}

fn report(run: RehearsalRun, arguments: &RehearseArgs) -> Result<RehearsalReport, Failure> {
    let (evidence, judge): (&EvidenceArgs, &JudgeArgs) = (&arguments.evidence, &arguments.judge);
    if evidence.log.is_empty() {
        return Ok(evidence::unjudged(run));
    }
    std::thread::sleep(Duration::from_secs(arguments.wait));
    evidence::judged(&run, evidence, judge)
}

/// What a rehearsal borrows from.
struct Prepared {
    id: String,
    user_agent: String,
    environment: Environment,
    foothold: Foothold,
    client: Option<Client>,
}

/// Rehearsals send each request once, and an answer that takes longer than this is none.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);

impl Prepared {
    /// Reads files; nothing is sent.
    async fn new(arguments: &RehearseArgs) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let id = run_id();
        let user_agent = format!("viewshed-rehearsal/{} (id {id})", env!("CARGO_PKG_VERSION"));
        let client = client(&arguments.targets, &environment, &user_agent).await?;
        Ok(Self {
            foothold: foothold(&environment),
            id,
            user_agent,
            environment,
            client,
        })
    }

    fn rehearsal(&self, arguments: &RehearseArgs) -> Result<Rehearsal<'_>, Failure> {
        let sequence = &arguments.sequence;
        let steps: BTreeSet<&'static str> = STEPS
            .iter()
            .map(|step| step.name)
            .filter(|name| {
                sequence.steps.is_empty() || sequence.steps.iter().any(|wanted| wanted == name)
            })
            .collect();
        Ok(Rehearsal {
            id: self.id.clone(),
            user_agent: self.user_agent.clone(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: self.client.as_ref(),
            kubelet: self.kubelet(&arguments.targets),
            docker: self.docker(&arguments.targets)?,
            foothold: self.foothold.clone(),
            steps,
            logs: if sequence.read_logs {
                LogReading::OneByte
            } else {
                LogReading::Never
            },
            pace: Duration::from_millis(sequence.pace),
        })
    }

    fn kubelet(&self, targets: &TargetArgs) -> Option<Kubelet> {
        let address = targets
            .kubelet
            .clone()
            .or_else(|| self.foothold.kubelet.clone())?;
        Some(Kubelet {
            address,
            token: self.foothold.token.clone(),
            authority: self.foothold.authority.clone(),
            trust: if targets.trust_kubelet {
                KubeletTrust::Anybody
            } else {
                KubeletTrust::Vouched
            },
        })
    }

    fn docker(&self, targets: &TargetArgs) -> Result<Vec<docker::Endpoint>, Failure> {
        let hosts = if targets.docker_host.is_empty() {
            &self.foothold.docker_sockets
        } else {
            &targets.docker_host
        };
        hosts
            .iter()
            .map(|host| {
                let mut endpoint = docker::resolve(&self.environment, Some(host))
                    .map_err(input::collect_failure)?;
                endpoint.user_agent.clone_from(&self.user_agent);
                Ok(endpoint)
            })
            .collect()
    }
}

/// The API server that is meant; `None` when only other targets are named, or none is here.
async fn client(
    targets: &TargetArgs,
    environment: &Environment,
    user_agent: &str,
) -> Result<Option<Client>, Failure> {
    let is_named = targets.kubeconfig.is_some() || targets.context.is_some();
    let has_others = !targets.docker_host.is_empty() || targets.kubelet.is_some();
    if has_others && !is_named {
        return Ok(None);
    }
    let mut options = Options::new(environment.clone(), user_agent);
    options.kubeconfig.clone_from(&targets.kubeconfig);
    options.context.clone_from(&targets.context);
    options.limits = Limits {
        answer_time_max: ANSWER_TIME_MAX,
        retries_max: 0,
        ..Limits::default()
    };
    match kubernetes::prepare(&options).await {
        Ok(client) => Ok(Some(client)),
        Err(Error::NoCluster | Error::NoTokenInPod) if !is_named => Ok(None),
        Err(error) => Err(input::collect_failure(error)),
    }
}

/// Sixteen hexadecimal digits that no other run has.
fn run_id() -> String {
    use std::hash::BuildHasher;
    let now = Timestamp::now().as_nanosecond();
    let number = std::hash::RandomState::new().hash_one((now, std::process::id()));
    format!("{number:016x}")
}

fn blank_run() -> RehearsalRun {
    RehearsalRun {
        id: String::new(),
        user_agent: String::new(),
        program_version: String::new(),
        started_at: Timestamp::UNIX_EPOCH,
        ended_at: Timestamp::UNIX_EPOCH,
        cluster: String::new(),
        server: String::new(),
        identity: None,
        steps: Vec::new(),
    }
}

/// Whom it asks for what, before the first request leaves.
fn announce(rehearsal: &Rehearsal<'_>) {
    let planned = plan(rehearsal);
    let requests: usize = planned.iter().map(|step| step.requests.len()).sum();
    let mut targets = Vec::new();
    if let Some(client) = rehearsal.cluster {
        targets.push(format!("API server {}", client.server()));
    }
    if let Some(kubelet) = &rehearsal.kubelet {
        targets.push(format!("kubelet {}", kubelet.address));
    }
    targets.extend(
        rehearsal
            .docker
            .iter()
            .map(|endpoint| format!("Docker host {}", endpoint.address)),
    );
    if targets.is_empty() {
        return;
    }
    let text = format!(
        "rehearsal {}: at most {requests} read-only requests to {}\nuser agent: {}",
        rehearsal.id,
        targets.join(", "),
        rehearsal.user_agent
    );
    terminal::say(&crate::outcome::harmless(&text));
}

fn dry_run(rehearsal: &Rehearsal<'_>, arguments: &RehearseArgs) -> Result<(), Failure> {
    if !matches!(arguments.output.output, Format::Table | Format::Wide) {
        return Err(Failure::usage(
            "--dry-run prints text",
            "leave --output out",
        ));
    }
    let mut text = String::from("Nothing is sent. The sequence would be:\n");
    for step in plan(rehearsal) {
        text.push_str(&planned(&step));
    }
    let text = crate::outcome::harmless(&text) + "\n";
    terminal::write_answer(text.as_bytes(), arguments.output.output_file.as_deref())
}

fn planned(step: &PlannedStep) -> String {
    let mut text = format!(
        "\n{} ({}): {}\n",
        step.name,
        step.techniques.join(", "),
        step.title
    );
    if !step.not_sent.is_empty() {
        text.push_str("  nothing: ");
        text.push_str(&step.not_sent);
        text.push('\n');
    }
    for request in &step.requests {
        text.push_str("  ");
        text.push_str(request);
        text.push('\n');
    }
    text
}

/// The run in the output of an earlier one.
fn recorded(path: &std::path::Path) -> Result<RehearsalRun, Failure> {
    #[derive(serde::Deserialize)]
    struct Document {
        run: RehearsalRun,
    }
    let bytes = read_file(path)?;
    let document: Document = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::usage(
            format!("`{}` holds no rehearsal: {error}", path.display()),
            "give the output of `viewshed rehearse --output json`",
        )
    })?;
    Ok(document.run)
}
