//! The command line: every flag, its help and its examples. No behaviour.

mod asking;
mod delivering;
mod formats;
mod reaching;
mod rehearsing;
mod ruling;
mod shared;
mod watching;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use asking::{
    CanIArgs, ScopeArgs, SeeArgs, VantageArgs, WhoArgs, WhoQuestion, WhoSharedArgs,
};
pub(crate) use delivering::{DeliverArgs, SyslogFormat};
pub(crate) use formats::command;
pub(crate) use reaching::{PivotArgs, ReachArgs};
pub(crate) use rehearsing::{EvidenceArgs, RehearseAction, RehearseArgs, TargetArgs};
pub(crate) use ruling::{RulesAction, RulesArgs};
pub(crate) use shared::{EstateArgs, Format, ImpersonateArgs, OutputArgs};
pub(crate) use watching::{
    BaselineAction, BaselineArgs, CoverageArgs, JudgeArgs, LiveArgs, LogArgs, StateArgs, WatchArgs,
};

/// What an intruder could discover in a Docker or Kubernetes estate, and who can see what.
///
/// Viewshed only reads: GET requests and access reviews. It never asks for the value of a secret.
#[derive(Debug, Parser)]
#[command(
    name = "viewshed",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = "Start here:
  viewshed scan --demo                        a small shop with typical weaknesses, nothing to set up
  viewshed scan                               the current kubeconfig context and the local Docker host
  viewshed scan --from manifests/             files: manifests, dumps, compose, docker inspect
  viewshed see --pod shop/cart-7d             what an intruder in that pod could discover
  viewshed who can list secrets -A            everybody who can, and why
  viewshed watch --from audit/                who is looking, as incidents
  viewshed rehearse --log audit/              explore your own estate, and see what the logs noticed

Exit codes: 0 nothing at or above --fail-on, 1 findings (or answers that differ), 2 wrong usage,
3 could not collect, 4 answered, but with gaps.")]
pub(crate) struct Cli {
    /// When to colour the output; `NO_COLOR` and `CLICOLOR_FORCE` are respected.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        help_heading = "Output"
    )]
    pub(crate) color: ColorChoice,
    /// No progress on stderr, and no summary of `collect`.
    #[arg(long, short, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Scan(ScanArgs),
    See(SeeArgs),
    Who(WhoArgs),
    #[command(name = "can-i")]
    CanI(CanIArgs),
    Reach(ReachArgs),
    Collect(CollectArgs),
    Diff(DiffArgs),
    Watch(WatchArgs),
    Baseline(BaselineArgs),
    Coverage(CoverageArgs),
    Rules(RulesArgs),
    Rehearse(Box<RehearseArgs>),
    Explain(ExplainArgs),
    Completions(CompletionsArgs),
}

/// What is exposed to whom, worst first, and which mitigation is missing where.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed scan --demo
  viewshed scan --context prod --output html --output-file prod.html
  viewshed scan --from deploy/ --output sarif --fail-on medium > viewshed.sarif
  viewshed scan --from estate.vshed --only wildcard-verbs,nodes-proxy-holders --details
  viewshed scan --skip revealing-environment")]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) estate: EstateArgs,
    #[command(flatten)]
    pub(crate) impersonate: ImpersonateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Exit with 1 when there is a finding at or above this; default: high (never with --demo). What users and groups
    /// that somebody fills by hand hold is medium at most: give `medium` to gate that too.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// Run only these checks.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Leave these checks out.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) skip: Vec<String>,
    /// Show the evidence of each finding step by step.
    #[arg(long, short)]
    pub(crate) details: bool,
    #[command(flatten)]
    pub(crate) pivots: PivotArgs,
}

/// Least severity that makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Every finding.
    Info,
    /// Low and above.
    Low,
    /// Medium and above.
    Medium,
    /// High and above.
    High,
    /// Critical only.
    Critical,
    /// Findings never change the exit code.
    Never,
}

/// Read an estate into one compressed snapshot file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed collect -o estate.vshed
  viewshed collect --context prod --context staging --docker-host ssh://ops@build-1 -o estate.vshed
  viewshed collect --namespaces shop,payments -o shop.vshed
  viewshed collect --from cluster-info-dump/ -o dump.vshed

A snapshot holds no value of a secret or of an environment variable. It is a map of your estate all the
same: keep it like a credential.")]
pub(crate) struct CollectArgs {
    #[command(flatten)]
    pub(crate) estate: EstateArgs,
    #[command(flatten)]
    pub(crate) impersonate: ImpersonateArgs,
    /// The snapshot file to write; `-` is standard output.
    #[arg(long, short = 'o', value_name = "FILE", default_value = "estate.vshed")]
    pub(crate) output: PathBuf,
}

/// Who gained or lost sight of what between two estates; fit to gate a pull request.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed diff main/ branch/                 two checkouts of manifests
  viewshed diff last-week.vshed today.vshed
  viewshed diff estate.vshed                  a snapshot against the live estate
  viewshed diff manifests/ --context prod     what the cluster shows beyond its manifests
  viewshed diff main/ branch/ --output markdown --output-file comment.md

What rules allow is compared, not how they are written: a renamed binding is no change.

Exit codes: 0 no change that --fail-on names, 1 such a change, 2 wrong usage, 3 could not read,
4 compared, but with gaps.")]
pub(crate) struct DiffArgs {
    /// The older side: anything that --from takes.
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// The newer side; without it, the live estate that the flags name.
    #[arg(
        value_name = "AFTER",
        conflicts_with_all = ["from", "demo", "kubeconfig", "context", "docker_host"]
    )]
    pub(crate) after: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) estate: EstateArgs,
    #[command(flatten)]
    pub(crate) impersonate: ImpersonateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) pivots: PivotArgs,
    /// Which changes make the exit code 1.
    #[arg(long, value_enum, default_value = "gained", value_name = "CHANGE")]
    pub(crate) fail_on: DiffFailOn,
    /// List every change.
    #[arg(long, help_heading = "Output")]
    pub(crate) all: bool,
}

/// The changes that make the exit code of `diff` 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFailOn {
    /// Somebody gained sight.
    Gained,
    /// Anything changed.
    Changed,
    /// Changes never do.
    Never,
}

/// What a check or a detection finds, why it matters, and how to mend it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed explain                            all checks and detections
  viewshed explain wildcard-verbs
  viewshed explain --output json              names, titles and severities for programs")]
pub(crate) struct ExplainArgs {
    /// Name of the check or detection; without it, all are listed.
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Shell completions on standard output.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed completions bash > /etc/bash_completion.d/viewshed
  viewshed completions zsh > ~/.zfunc/_viewshed
  viewshed completions fish > ~/.config/fish/completions/viewshed.fish")]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    pub(crate) shell: clap_complete::Shell,
}
