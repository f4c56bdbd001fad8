//! The flags of `watch`, `baseline` and `coverage`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use viewshed_decode::logs::LogFormat;

use super::delivering::DeliverArgs;
use super::{FailOn, OutputArgs};

/// Where events come from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Sources")]
pub(crate) struct LogArgs {
    /// Log files or folders of them, rotated and compressed (gzip, zstd) ones included; `-` is standard input.
    #[arg(long, short, value_name = "PATH")]
    pub(crate) from: Vec<PathBuf>,
    /// Format of the logs; default: recognised from what is in them.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<LogFormat>,
}

/// Live sources.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Sources")]
pub(crate) struct LiveArgs {
    /// Go on with what is written, through rotation, until interrupted.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Listen for the API server's audit webhook here; without TLS only on loopback.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) webhook: Option<SocketAddr>,
    /// Certificate of the webhook listener (PEM).
    #[arg(long, value_name = "FILE", requires_all = ["webhook", "tls_key"])]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Key of the webhook listener (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Only clients with a certificate signed by this authority may push (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) client_ca: Option<PathBuf>,
    /// File with a bearer token that pushers must show.
    #[arg(long, value_name = "FILE", requires = "webhook")]
    pub(crate) token_file: Option<PathBuf>,
    /// Docker daemons whose events are read (address or context name).
    #[arg(long, value_name = "HOST")]
    pub(crate) docker_host: Vec<String>,
}

/// What outlives the run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "State")]
pub(crate) struct StateArgs {
    /// Folder that keeps what was learned, how far was read, what is open and what is still to be delivered;
    /// made where it is missing. A later run with it goes on where this one ends, however it ends.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Seconds between two savings of the state; more when saving takes long.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        requires = "state",
        value_parser = clap::value_parser!(u32).range(1..=86_400)
    )]
    pub(crate) save_interval: u32,
}

/// What counts as unusual.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Judgement")]
pub(crate) struct JudgeArgs {
    /// Identities that are expected to discover (AN1352 `UserAllowList`); `*` at the end matches the rest.
    #[arg(long, value_delimiter = ',', value_name = "USER")]
    pub(crate) user_allow_list: Vec<String>,
    /// Seconds over which queries are counted (AN1352 `TimeWindow`).
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) time_window: u32,
    /// Pod and node queries of one identity within the window that are a reason (AN1352 `PodQueryThreshold`).
    #[arg(long, value_name = "COUNT", default_value_t = 30)]
    pub(crate) pod_query_threshold: u32,
    /// What is usual, learned before: a file of `viewshed baseline`, or a state folder of `viewshed watch`.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
}

/// Who is discovering, live or in past logs: one incident per session of activity.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed watch --from /var/log/kubernetes/audit/
  viewshed watch --from audit.log.gz --output json | jq 'select(.kind == \"incident\") | .actor'
  viewshed watch --from audit/ --baseline usual.vsbl --output html --output-file incidents.html
  viewshed watch --from audit/ --estate-from estate.vshed
  viewshed watch --from audit/ --rules sigma/rules/application/kubernetes/
  viewshed watch --from /var/log/kubernetes/audit/audit.log --follow
  viewshed watch --from /var/log/kubernetes/audit/audit.log --follow --state /var/lib/viewshed
  viewshed watch --webhook 127.0.0.1:8765 --output json
  viewshed watch --webhook 0.0.0.0:9443 --tls-cert tls.crt --tls-key tls.key --client-ca apiserver-ca.crt \\
      --state /var/lib/viewshed --metrics 127.0.0.1:9464 --quiet \\
      --deliver-webhook https://alerts.example/viewshed --deliver-webhook-secret-file secret
  kubectl logs -n kube-system -l component=coredns | viewshed watch --from -

JSON is one incident per line (docs/reference/schemas/viewshed-incident-2.json), then, of past logs, one line
with what the logs can show and what was skipped (`watch-summary` in viewshed-1.json); live, an incident that grows
comes again with the same id and a higher revision.

With --state the end of a log, or of the run, is a pause: open incidents stay open and go on growing.

Exit codes: 0 no incident at or above --fail-on, 1 such incidents, 2 wrong usage, 3 could not read, 4 judged, but
in part: a log could not be read or recognised, or entries were malformed, cut off, too long or without a time.")]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) logs: LogArgs,
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    pub(crate) deliver: DeliverArgs,
    /// The API server's audit policy: what the log can show follows from it.
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    pub(crate) policy: Option<PathBuf>,
    /// A snapshot, or anything that --from takes elsewhere, of the cluster that the logs are of: incidents then
    /// tell how much of what the identity can see it has asked for.
    #[arg(long, value_name = "PATH", help_heading = "Judgement")]
    pub(crate) estate_from: Vec<PathBuf>,
    /// Sigma and Falco rules that judge the same activities: a folder, walked, or one file. A match is an
    /// incident of its own; `viewshed rules check` tells which can ever fire.
    #[arg(long, value_name = "DIR", help_heading = "Judgement")]
    pub(crate) rules: Option<PathBuf>,
    /// Add every event that is judged to this file, as OCSF API Activity (class 6003), one per line.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) events_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Exit with 1 when there is an incident at or above this.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "low")]
    pub(crate) fail_on: FailOn,
}

/// Learn from past logs what each identity usually does, or show what was learned.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  viewshed baseline --from audit/ -o usual.vsbl
  viewshed baseline show usual.vsbl
  viewshed watch --from today.log --baseline usual.vsbl

Exit codes: 0 learned, 2 wrong usage, 3 could not read, 4 learned, but in part (see `viewshed watch --help`)."
)]
pub(crate) struct BaselineArgs {
    #[command(subcommand)]
    pub(crate) action: Option<BaselineAction>,
    #[command(flatten)]
    pub(crate) logs: LogArgs,
    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
    /// The file to write.
    #[arg(long, short = 'o', value_name = "FILE", default_value = "usual.vsbl")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineAction {
    /// The habits in a file or state folder, identity by identity.
    #[command(after_help = "Examples:
  viewshed baseline show usual.vsbl
  viewshed baseline show /var/lib/viewshed
  viewshed baseline show usual.vsbl --output json")]
    Show {
        /// The file that `viewshed baseline` wrote, or the folder of `viewshed watch --state`.
        #[arg(value_name = "FILE|DIR")]
        file: PathBuf,
        #[command(flatten)]
        output: OutputArgs,
    },
}

/// What the logs can show at all: every discovery action, visible, partly visible or invisible.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed coverage --from audit.log
  viewshed coverage --policy /etc/kubernetes/audit-policy.yaml
  viewshed coverage --from /etc/docker/daemon.json --from dockerd.log
  viewshed coverage --from audit.log --policy audit-policy.yaml --output json

Exit codes: 0 judged, 2 wrong usage, 3 could not read, 4 judged, but in part (see `viewshed watch --help`).")]
pub(crate) struct CoverageArgs {
    #[command(flatten)]
    pub(crate) logs: LogArgs,
    /// The API server's audit policy.
    #[arg(long, value_name = "FILE", help_heading = "Sources")]
    pub(crate) policy: Option<PathBuf>,
    /// Docker daemon that is asked for its settings (unix://, tcp://, ssh://, or a context's name); several are
    /// possible. A file named daemon.json among --from tells the same without a daemon.
    #[arg(long, value_name = "HOST", help_heading = "Sources")]
    pub(crate) docker_host: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
