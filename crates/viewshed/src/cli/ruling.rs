//! The flags of `rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{LogArgs, OutputArgs};

/// Rules of your own, Sigma and Falco: which of them can ever fire.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  viewshed rules check rules/                    what no Kubernetes audit log can satisfy
  viewshed rules check rules/ --from audit.log   what this log does not hold")]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) action: RulesAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesAction {
    /// Every rule that can never fire on this log or under this audit policy, and why.
    #[command(after_help = "Examples:
  viewshed rules check rules/                              what no Kubernetes audit log can satisfy
  viewshed rules check rules/ --from audit.log             what this log does not hold
  viewshed rules check rules/ --policy audit-policy.yaml   what this policy does not record

Exit codes: 0 every rule can fire, 1 some never can, 2 wrong usage, 3 could not read, 4 checked, but with gaps.
\"Never\" is certain; \"can\" is no promise (docs/reference/rules.md).")]
    Check {
        /// Folder with rule files, walked; or one file.
        #[arg(value_name = "DIR")]
        rules: PathBuf,
        #[command(flatten)]
        logs: LogArgs,
        /// The API server's audit policy.
        #[arg(long, value_name = "FILE", help_heading = "Sources")]
        policy: Option<PathBuf>,
        #[command(flatten)]
        output: OutputArgs,
    },
}
