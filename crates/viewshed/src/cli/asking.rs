//! The flags of `see`, `who` and `can-i`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{EstateArgs, ImpersonateArgs, OutputArgs, PivotArgs};

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
    /// With --here: also send tokens to an API server whose certificate nothing at hand vouches for, whoever answers.
    #[arg(long, requires = "here")]
    pub(crate) insecure_skip_tls_verify: bool,
    /// List every object, not only the first of each kind.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) pivots: PivotArgs,
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
  viewshed who can get /metrics

With -A, who can send the request in one namespace only is listed too: the column WHERE tells where.
(`can-i -A` is stricter: it asks for one request across all namespaces.)")]
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
        steps: PivotArgs,
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
        steps: PivotArgs,
        #[command(flatten)]
        shared: WhoSharedArgs,
    },
}

/// Where a request goes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Scope")]
pub(crate) struct ScopeArgs {
    /// Namespace of the request; else that of the kubeconfig's context or of the pod, and `default` with --from.
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
    /// A subresource, such as `log`; the same as RESOURCE/SUBRESOURCE.
    #[arg(long, value_name = "NAME", requires = "resource")]
    pub(crate) subresource: Option<String>,
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
    /// The UID of that user.
    #[arg(
        long = "as-uid",
        value_name = "UID",
        requires = "user",
        help_heading = "Identity"
    )]
    pub(crate) uid: Option<String>,
    /// An extra attribute of that user; several are possible, also of one key.
    #[arg(
        long = "as-user-extra",
        value_name = "KEY=VALUE",
        requires = "user",
        help_heading = "Identity"
    )]
    pub(crate) extra: Vec<String>,
    #[command(flatten)]
    pub(crate) estate: EstateArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
