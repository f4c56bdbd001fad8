//! The flags that many commands share: which estate, acting as whom, in which format.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Which estate to work on. Without any of these: the current kubeconfig context, and the local Docker host.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Estate")]
pub(crate) struct EstateArgs {
    /// Read files instead of live servers: a snapshot, manifests, `kubectl get -o json`, a cluster-info
    /// dump, compose files, `docker inspect` output; folders are walked, `-` is standard input. Compose files of
    /// a folder are a Docker host each; those that are named one by one are one host.
    #[arg(long, short, value_name = "PATH")]
    pub(crate) from: Vec<PathBuf>,
    /// The embedded demo estate.
    #[arg(long, conflicts_with_all = ["from", "context", "kubeconfig", "docker_host"])]
    pub(crate) demo: bool,
    /// Kubeconfig file; default: `KUBECONFIG`, `~/.kube/config`, the pod's service account.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Kubeconfig context; give it several times for several clusters.
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Vec<String>,
    /// Namespaces to ask one by one where the credential may not list namespaces, beside its own.
    #[arg(long, value_delimiter = ',', value_name = "NAME", conflicts_with_all = ["from", "demo"])]
    pub(crate) namespaces: Vec<String>,
    /// Docker or Podman address (unix://, tcp://, ssh://) or a Docker context's name; several are possible.
    /// Default: `DOCKER_HOST`, `DOCKER_CONTEXT`, the current Docker context, the local sockets.
    #[arg(long, value_name = "HOST")]
    pub(crate) docker_host: Vec<String>,
    /// Name of the cluster or Docker host to answer for, when the estate has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) estate: Option<String>,
    /// Longest wait for one complete answer of a server; default: a minute.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: Option<u64>,
}

/// Act as somebody else while collecting, as kubectl does.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Estate")]
pub(crate) struct ImpersonateArgs {
    /// Collect as this user (needs the right to impersonate).
    #[arg(long = "as", value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Collect as a member of this group; several are possible.
    #[arg(long = "as-group", value_name = "GROUP", requires = "user")]
    pub(crate) groups: Vec<String>,
}

/// How the answer is written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Format of the answer.
    #[arg(
        long,
        short,
        value_enum,
        default_value = "table",
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
    /// Write the answer to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
}

/// The formats of answers; not every command has every one (`formats.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people at a terminal.
    Table,
    /// The table with evidence and whole lists.
    Wide,
    /// JSON with a documented schema (docs/reference/schemas).
    Json,
    /// One JSON object per line.
    Jsonl,
    /// The same as YAML.
    Yaml,
    /// Comma-separated values.
    Csv,
    /// SARIF 2.1.0 for code scanning.
    Sarif,
    /// Markdown for a comment on a pull request.
    Markdown,
    /// A graph for Graphviz.
    Dot,
    /// One self-contained page.
    Html,
    /// OCSF Detection Findings, one per line.
    Ocsf,
    /// A layer for ATT&CK Navigator.
    Navigator,
    /// CEF, one line per incident.
    Cef,
    /// JSON in the shape of Falco's alerts, one per line.
    Falco,
}
