//! The flags of `watch` that say where incidents and figures go.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Who is told.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Deliveries")]
pub(crate) struct DeliverArgs {
    /// Post every incident, and every update of it, as JSON to this URL; several are possible.
    #[arg(long, value_name = "URL")]
    pub(crate) deliver_webhook: Vec<String>,
    /// File with the key that signs what is posted (Standard Webhooks: `whsec_...`, or any text).
    #[arg(long, value_name = "FILE", requires = "deliver_webhook")]
    pub(crate) deliver_webhook_secret_file: Option<PathBuf>,
    /// File with a token that is shown with every post (`Authorization: Bearer`).
    #[arg(long, value_name = "FILE", requires = "deliver_webhook")]
    pub(crate) deliver_webhook_token_file: Option<PathBuf>,
    /// Send every incident, and every update of it, to this log server (RFC 5424): `udp://HOST:PORT`,
    /// `tcp://HOST:PORT` or `tls://HOST:PORT`; several are possible.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) deliver_syslog: Vec<String>,
    /// What stands in a message to a log server.
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        requires = "deliver_syslog"
    )]
    pub(crate) deliver_syslog_format: SyslogFormat,
    /// Who must have signed the certificates of those who get incidents (PEM); default: the system's authorities.
    #[arg(long, value_name = "FILE")]
    pub(crate) deliver_ca: Option<PathBuf>,
    /// Answer `/metrics` (Prometheus) and `/healthz` here.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics: Option<SocketAddr>,
}

/// The form of an incident in a syslog message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyslogFormat {
    /// Common Event Format (CEF:0).
    #[default]
    Cef,
    /// JSON, as in --output json.
    Json,
}
