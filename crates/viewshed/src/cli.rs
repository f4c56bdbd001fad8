//! The command line: every flag, its help and its examples. No behaviour.

mod delivering;
mod reaching;
mod watching;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use delivering::{DeliverArgs, SyslogFormat};
pub(crate) use reaching::ReachArgs;
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
    /// No progress on stderr.
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
    Explain(ExplainArgs),
    Completions(CompletionsArgs),
}

/// Which estate to work on. Without any of these: the current kubeconfig context, and the local Docker host.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Estate")]
pub(crate) struct EstateArgs {
    /// Read files instead of live servers: a snapshot, manifests, `kubectl get -o json`, a cluster-info
    /// dump, compose files, `docker inspect` output; folders are walked, `-` is standard input.
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

/// The formats of answers; not every command has every one.
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
    /// SARIF 2.1.0 for code scanning (scan).
    Sarif,
    /// Markdown for a comment on a pull request (scan, diff).
    Markdown,
    /// A graph for Graphviz (see, reach).
    Dot,
    /// One self-contained page (scan, watch).
    Html,
    /// OCSF Detection Findings, one per line (watch).
    Ocsf,
    /// A layer for ATT&CK Navigator (watch).
    Navigator,
    /// CEF, one line per incident (watch).
    Cef,
    /// JSON in the shape of Falco's alerts, one per line (watch).
    Falco,
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
    /// Exit with 1 when there is a finding at or above this; default: high (never with --demo).
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

/// What can be discovered from one place, each view with the chain that opens it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed see --pod shop/cart-7d
  viewshed see --serviceaccount shop/cart --verify
  viewshed see --anonymous
  viewshed see --as jane --as-group devs --from estate.vshed --output json
  viewshed see --node worker-1
  viewshed see --container web --docker-host unix:///var/run/docker.sock
  viewshed see --docker tcp://10.0.0.5:2376
  viewshed see --here                         from inside a pod or container")]
#[command(override_usage = "viewshed see <VANTAGE> [OPTIONS]")]
#[command(group = clap::ArgGroup::new("vantage").required(true).args(
    ["anonymous", "user", "serviceaccount", "pod", "node", "container", "docker", "kubelet", "here"]))]
pub(crate) struct SeeArgs {
    #[command(flatten)]
    pub(crate) vantage: VantageArgs,
    #[command(flatten)]
    pub(crate) estate: EstateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Ask the live server the same questions and report every difference (exit code 1 when there is one).
    #[arg(long, conflicts_with_all = ["from", "demo", "here"])]
    pub(crate) verify: bool,
    /// With --here: also ask the cloud metadata addresses.
    #[arg(long, requires = "here")]
    pub(crate) probe: bool,
    /// With --here: also ask about these namespaces, beside those that the credential can list.
    #[arg(long, requires = "here", value_delimiter = ',', value_name = "NAME")]
    pub(crate) namespaces: Vec<String>,
    /// List every object, not only the first of each kind.
    #[arg(long)]
    pub(crate) all: bool,
}

/// The place that the intruder stands at.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Vantage (exactly one)")]
pub(crate) struct VantageArgs {
    /// Network access to the API server, no credential.
    #[arg(long)]
    pub(crate) anonymous: bool,
    /// A credential of this user.
    #[arg(long = "as", value_name = "USER")]
    pub(crate) user: Option<String>,
    /// A group of that user; several are possible.
    #[arg(long = "as-group", value_name = "GROUP", requires = "user")]
    pub(crate) groups: Vec<String>,
    /// A token of this service account.
    #[arg(long, alias = "sa", value_name = "NAMESPACE/NAME")]
    pub(crate) serviceaccount: Option<String>,
    /// Inside this pod.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub(crate) pod: Option<String>,
    /// Root on this node.
    #[arg(long, value_name = "NAME")]
    pub(crate) node: Option<String>,
    /// Inside this container of a Docker host.
    #[arg(long, value_name = "NAME")]
    pub(crate) container: Option<String>,
    /// With the API of this Docker host; without a value, the default one.
    #[arg(long, value_name = "HOST", num_args = 0..=1, default_missing_value = "")]
    pub(crate) docker: Option<String>,
    /// Network access to this kubelet (node name or address), no credential.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) kubelet: Option<String>,
    /// Where this program runs: asks the API server with the mounted tokens, and each Docker API at hand
    /// (sockets, `DOCKER_HOST`). Kubeconfigs and client keys found there are named and not used.
    #[arg(long)]
    pub(crate) here: bool,
}

/// Who can discover what: one question, or all identities ranked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed who                                all identities, ranked by what they can discover
  viewshed who can list pods -A
  viewshed who can get pods/log -n shop
  viewshed who can get secrets db -n shop
  viewshed who sees node/worker-1
  viewshed who sees secret/shop/db --from estate.vshed --output json")]
pub(crate) struct WhoArgs {
    #[command(subcommand)]
    pub(crate) question: Option<WhoQuestion>,
    #[command(flatten)]
    pub(crate) shared: WhoSharedArgs,
}

/// Flags of every form of `who`.
#[derive(Debug, Clone, Args)]
pub(crate) struct WhoSharedArgs {
    #[command(flatten)]
    pub(crate) estate: EstateArgs,
    #[command(flatten)]
    pub(crate) impersonate: ImpersonateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Show system and bootstrap grants one by one too.
    #[arg(long, help_heading = "Output")]
    pub(crate) all: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WhoQuestion {
    /// Every subject that can send a request: `who can VERB RESOURCE [NAME]`.
    #[command(after_help = "Examples:
  viewshed who can list pods -A
  viewshed who can get deployments.apps/scale web -n shop
  viewshed who can get /metrics")]
    Can {
        /// For example get, list, watch, create, impersonate, or `*`.
        verb: String,
        /// Resource as rules write it (`pods`, `pods/log`, `deployments.apps`), TYPE/NAME, or a /path.
        resource: String,
        /// One object.
        name: Option<String>,
        #[command(flatten)]
        scope: ScopeArgs,
        #[command(flatten)]
        shared: WhoSharedArgs,
    },
    /// Every subject that can discover an object: `who sees KIND/NAME` or `KIND/NAMESPACE/NAME`.
    #[command(after_help = "Examples:
  viewshed who sees node/worker-1
  viewshed who sees pod/shop/cart-7d
  viewshed who sees secret/shop/db")]
    Sees {
        /// The object.
        target: String,
        #[command(flatten)]
        shared: WhoSharedArgs,
    },
}

/// Where a request goes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Scope")]
pub(crate) struct ScopeArgs {
    /// Namespace of the request; default `default` for namespaced resources.
    #[arg(long, short, value_name = "NAME", conflicts_with = "all_namespaces")]
    pub(crate) namespace: Option<String>,
    /// All namespaces.
    #[arg(long, short = 'A')]
    pub(crate) all_namespaces: bool,
}

/// Is a request allowed, and why: one question, or millions from a file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed can-i list pods -A --as jane --as-group devs
  viewshed can-i get pods/log cart-7d -n shop --as system:serviceaccount:shop:cart
  viewshed can-i get /metrics --as jane --from estate.vshed
  viewshed can-i --list -n shop --as system:serviceaccount:shop:cart
  viewshed can-i --from estate.vshed --questions reviews.jsonl > answers.jsonl
  viewshed can-i --from estate.vshed --questions audit.log

A service account's own groups are added to --as system:serviceaccount:NAMESPACE:NAME, and
system:authenticated to every user but system:anonymous, as the API server's authenticators do.

--questions: each line is a SubjectAccessReview (authorization.k8s.io/v1), which comes out again with its
status filled in, or an audit event (audit.k8s.io), which is decided anew and compared with the recorded
decision; any difference makes the exit code 1.")]
pub(crate) struct CanIArgs {
    /// For example get, list, watch, create, or `*`.
    #[arg(required_unless_present_any = ["list", "questions"])]
    pub(crate) verb: Option<String>,
    /// Resource (`pods`, `pods/log`, `deployments.apps`), TYPE/NAME, or a /path.
    #[arg(required_unless_present_any = ["list", "questions"])]
    pub(crate) resource: Option<String>,
    /// One object.
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Everything that is allowed, as SelfSubjectRulesReview lists it.
    #[arg(long, conflicts_with_all = ["verb", "questions"])]
    pub(crate) list: bool,
    /// File of JSON lines with questions; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "verb")]
    pub(crate) questions: Option<PathBuf>,
    /// Who asks; default: your own identity, as the live server knows it.
    #[arg(long = "as", value_name = "USER", help_heading = "Identity")]
    pub(crate) user: Option<String>,
    /// A group of that user; several are possible.
    #[arg(
        long = "as-group",
        value_name = "GROUP",
        requires = "user",
        help_heading = "Identity"
    )]
    pub(crate) groups: Vec<String>,
    #[command(flatten)]
    pub(crate) estate: EstateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Read an estate into one compressed snapshot file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed collect -o estate.vshed
  viewshed collect --context prod --context staging --docker-host ssh://ops@build-1 -o estate.vshed
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
  viewshed explain wildcard-verbs")]
pub(crate) struct ExplainArgs {
    /// Name of the check or detection; without it, all are listed.
    pub(crate) name: Option<String>,
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
