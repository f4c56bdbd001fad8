//! The command line of `viewshed reach`.

use std::path::PathBuf;

use clap::Args;
use viewshed_analyze::network::Cni;
use viewshed_model::{Place, Protocol};

use super::{EstateArgs, OutputArgs};

/// Steps that are followed unless `--depth` says otherwise: beyond it nearly everything follows from
/// what was reached before.
const DEPTH: u32 = 6;

/// What an intruder may become from where they stand.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Steps")]
pub(crate) struct PivotArgs {
    /// Most steps to what a place leads to: other pods, accounts, users, nodes, everything.
    #[arg(long, value_name = "STEPS", default_value_t = DEPTH)]
    pub(crate) depth: u32,
    /// Leave out what only steps lead to.
    #[arg(long)]
    pub(crate) no_pivots: bool,
    /// Assume this network plugin instead of the one that the estate shows.
    #[arg(long, value_name = "NAME")]
    pub(crate) cni: Option<Cni>,
}

/// Which place may open a connection to which other place, and why: one question, everybody who reaches
/// a place, all pairs, or millions of questions from a file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed reach shop/web shop/db --port 5432   one question, with the policy and rule on either side
  viewshed reach shop/web apiserver             a place that matters, wherever it is
  viewshed reach shop/web                       what of all such places one pod reaches
  viewshed reach --to kubelet                   everybody who reaches a place
  viewshed reach --docker-host build --to docker  every container that reaches the engine's API
  viewshed reach --from manifests/ --cni calico all pairs between which anything is let through
  viewshed reach --output dot | dot -Tsvg       the same as a graph
  viewshed reach --pivots --depth 4             what each workload leads to, step by step, worst first
  viewshed reach --from estate.vshed --questions pairs.jsonl > answers.jsonl

A place is NAMESPACE/POD or NAMESPACE/WORKLOAD, node:NAME, service:NAMESPACE/NAME, container:NAME,
host:NAME, an address, or one of apiserver, kubelet, etcd, scheduler, controller-manager, kube-proxy,
metadata, docker, dashboard, metrics, world.

--questions: each line is {\"from\":PLACE,\"to\":PLACE,\"port\":80,\"protocol\":\"TCP\"}; it comes out again
with its verdict (allowed, denied, depends) and because.

Exit codes of one question: 0 allowed, 1 denied, 4 it depends on facts that are not in the estate.")]
pub(crate) struct ReachArgs {
    /// Where the connection starts.
    #[arg(value_name = "FROM")]
    pub(crate) source: Option<Place>,
    /// Where it is to end.
    #[arg(value_name = "TO")]
    pub(crate) destination: Option<Place>,
    /// Everybody who reaches this place.
    #[arg(long, value_name = "PLACE", conflicts_with = "source")]
    pub(crate) to: Option<Place>,
    /// Port at the destination; without it, every port.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// TCP, UDP, SCTP or ICMP; default: TCP with --port, every protocol without.
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<Protocol>,
    /// File of JSON lines with questions; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "to", "port", "protocol"])]
    pub(crate) questions: Option<PathBuf>,
    /// Every workload with the most powerful thing that its pods lead to, step by step.
    #[arg(long, conflicts_with_all = ["source", "to", "questions"])]
    pub(crate) pivots: bool,
    /// Most steps of a pivot.
    #[arg(long, value_name = "STEPS", default_value_t = DEPTH, requires = "pivots")]
    pub(crate) depth: u32,
    /// Assume this network plugin instead of the one that the estate shows; `generic` is the
    /// specification as Kubernetes' own tests have it.
    #[arg(long, value_name = "NAME")]
    pub(crate) cni: Option<Cni>,
    #[command(flatten)]
    pub(crate) estate: EstateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// List every source and pair.
    #[arg(long, help_heading = "Output")]
    pub(crate) all: bool,
}
