//! The flags of `rehearse`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use viewshed_collect::rehearsal::STEPS;
use viewshed_decode::logs::LogFormat;

use super::{JudgeArgs, OutputArgs};

/// Explore your own estate as an intruder would, read-only and announced, and see what the logs and WATCH noticed.
///
/// It sends GET requests, lists, one short watch and questions about its own access, each once, with a user agent
/// that holds the id of the run. Answers are not kept. docs/reference/rehearsal.md lists every request.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  viewshed rehearse --dry-run                 the whole sequence, without sending anything
  viewshed rehearse --log /var/log/kubernetes/audit/
  viewshed rehearse --context prod --log audit.log --policy audit-policy.yaml --output markdown
  viewshed rehearse --kubeconfig cart.kubeconfig --steps pods,nodes,secret-names
  viewshed rehearse --docker-host unix:///var/run/docker.sock --log dockerd.log
  kubectl exec cart-7d -- /viewshed rehearse --output json > run.json
  viewshed rehearse report --run run.json --log /var/log/kubernetes/audit/

Exit codes: 0 all that was disclosed shows in the logs and became an incident (without --log: it was sent),
1 something was missed, 2 wrong usage, 3 could not run, 4 some requests were not answered, or logs have gaps."
)]
pub(crate) struct RehearseArgs {
    #[command(subcommand)]
    pub(crate) action: Option<RehearseAction>,
    #[command(flatten)]
    pub(crate) targets: TargetArgs,
    #[command(flatten)]
    pub(crate) sequence: SequenceArgs,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// Seconds between the last request and the reading of the logs: servers write in batches.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 3,
        help_heading = "Judgement",
        value_parser = clap::value_parser!(u64).range(0..=86_400)
    )]
    pub(crate) wait: u64,
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RehearseAction {
    /// Judge a run that was made before, or elsewhere, by the logs.
    #[command(after_help = "Examples:
  viewshed rehearse report --run run.json --log audit.log
  viewshed rehearse report --run run.json --log audit/ --policy audit-policy.yaml --output json")]
    Report {
        /// The output of `viewshed rehearse --output json`.
        #[arg(long, value_name = "FILE")]
        run: PathBuf,
        #[command(flatten)]
        evidence: EvidenceArgs,
        #[command(flatten)]
        judge: JudgeArgs,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// Whom to ask. Without any of these: the current kubeconfig context; in a pod its service account, the kubelet
/// of its node and mounted Docker sockets.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Targets")]
pub(crate) struct TargetArgs {
    /// Kubeconfig file; default: `KUBECONFIG`, `~/.kube/config`, the pod's service account.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Kubeconfig context.
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Docker or Podman address, or a Docker context's name; several are possible.
    #[arg(long, value_name = "HOST")]
    pub(crate) docker_host: Vec<String>,
    /// A kubelet, with a port where it is not 10250. In a pod the default is its own node's.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) kubelet: Option<String>,
    /// Show the pod's token to the kubelet although the cluster's authority has not signed its certificate, as it
    /// has not in most clusters: whoever answers at that address gets the token.
    #[arg(long)]
    pub(crate) trust_kubelet: bool,
}

/// What to send.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sequence")]
pub(crate) struct SequenceArgs {
    /// Take only these steps (and `own-identity`, which tells who it was).
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "STEP",
        value_parser = PossibleValuesParser::new(STEPS.iter().map(|step| step.name))
    )]
    pub(crate) steps: Vec<String>,
    /// Milliseconds between two requests.
    #[arg(
        long,
        value_name = "MILLISECONDS",
        default_value_t = 200,
        value_parser = clap::value_parser!(u64).range(0..=3_600_000)
    )]
    pub(crate) pace: u64,
    /// Also read one byte of one pod's log: logs may hold secrets, so this is not done unasked.
    #[arg(long)]
    pub(crate) read_logs: bool,
    /// Print the sequence and send nothing.
    #[arg(long, conflicts_with = "log")]
    pub(crate) dry_run: bool,
}

/// Where to look for the run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Judgement")]
pub(crate) struct EvidenceArgs {
    /// Log file or folder to find the run in, everything that `watch --from` takes; several are possible.
    #[arg(long, value_name = "PATH")]
    pub(crate) log: Vec<PathBuf>,
    /// Format of the logs; default: recognised from what is in them.
    #[arg(long, value_name = "FORMAT", requires = "log")]
    pub(crate) format: Option<LogFormat>,
    /// The API server's audit policy: it tells why a request does not show.
    #[arg(long, value_name = "FILE", requires = "log")]
    pub(crate) policy: Option<PathBuf>,
}
