//! LEAVES: incidents to those who are told of them, figures to those who ask.

use std::path::{Path, PathBuf};
use std::time::Duration;

use viewshed_model::Incident;
use viewshed_server::{
    Deliveries, Delivery, Secret, SyslogBody, SyslogSettings, SyslogTransport, Target, TargetState,
    WebhookSettings,
};

use crate::cli::{DeliverArgs, SyslogFormat};
use crate::input;
use crate::outcome::Failure;
use crate::terminal;

/// How long the end of the program waits for what is on its way.
const FINISH_TIME_MAX: Duration = Duration::from_secs(10);

/// Who gets incidents.
#[derive(Debug)]
pub(crate) struct Outlets {
    deliveries: Deliveries,
    has_targets: bool,
    wants_cef: bool,
}

impl Outlets {
    /// Begins with what an earlier run could not deliver.
    ///
    /// # Errors
    /// Targets that make no sense, or files that cannot be read.
    pub(crate) fn open(arguments: &DeliverArgs, pending: &[u8]) -> Result<Self, Failure> {
        let targets = targets(arguments)?;
        let deliveries = Deliveries::start(&targets, pending).map_err(failure)?;
        Ok(Self {
            deliveries,
            has_targets: !targets.is_empty(),
            wants_cef: !arguments.deliver_syslog.is_empty()
                && arguments.deliver_syslog_format == SyslogFormat::Cef,
        })
    }

    /// Hands an incident over; it is carried in the background.
    pub(crate) fn send(&self, incident: &Incident) {
        if !self.has_targets {
            return;
        }
        let line = |text: String| text.trim_end().to_owned();
        self.deliveries.send(&Delivery {
            id: incident.id.clone(),
            revision: incident.revision,
            severity: incident.severity,
            at: jiff::Timestamp::now(),
            json: line(viewshed_report::json::incident(incident)),
            cef: if self.wants_cef {
                line(viewshed_report::cef::cef(
                    incident,
                    env!("CARGO_PKG_VERSION"),
                ))
            } else {
                String::new()
            },
        });
    }

    /// What has not arrived yet, for the state folder.
    pub(crate) fn pending(&self) -> Vec<u8> {
        self.deliveries.pending()
    }

    /// How each target fares.
    pub(crate) fn states(&self) -> Vec<TargetState> {
        self.deliveries.states()
    }

    /// Waits a while for what is on its way, and tells what did not arrive.
    pub(crate) fn finish(&self, is_kept: bool) {
        self.deliveries.finish(FINISH_TIME_MAX);
        for state in self.states() {
            let lost = state.refused + state.dropped;
            if state.waiting == 0 && lost == 0 {
                continue;
            }
            let fate = if is_kept {
                "wait in the state folder for the next run"
            } else {
                "are lost, because there is no --state to keep them"
            };
            let why = if state.last_failure.is_empty() {
                String::new()
            } else {
                format!("; the last failure: {}", state.last_failure)
            };
            let text = format!(
                "warning: {}: {} incidents {fate}, {} were refused, {} dropped{why}",
                state.name, state.waiting, state.refused, state.dropped
            );
            terminal::say(&viewshed_report::clean(&text));
        }
    }
}

fn targets(arguments: &DeliverArgs) -> Result<Vec<Target>, Failure> {
    let secret = secret(arguments.deliver_webhook_secret_file.as_deref())?;
    let token = self::secret(arguments.deliver_webhook_token_file.as_deref())?;
    let webhooks = arguments.deliver_webhook.iter().map(|url| {
        Ok(Target::Webhook(WebhookSettings {
            url: url.clone(),
            secret: secret.clone(),
            token: token.clone(),
            authority: arguments.deliver_ca.clone(),
            user_agent: input::USER_AGENT.to_owned(),
        }))
    });
    let hostname = hostname();
    let body = match arguments.deliver_syslog_format {
        SyslogFormat::Cef => SyslogBody::Cef,
        SyslogFormat::Json => SyslogBody::Json,
    };
    let syslog = arguments.deliver_syslog.iter().map(|address| {
        let (transport, address) = transport(address, arguments.deliver_ca.as_ref())?;
        Ok(Target::Syslog(SyslogSettings {
            address,
            transport,
            body,
            hostname: hostname.clone(),
        }))
    });
    webhooks.chain(syslog).collect()
}

/// `udp://`, `tcp://` or `tls://` before the host; without any of them UDP, as syslog has always been.
fn transport(
    address: &str,
    authority: Option<&PathBuf>,
) -> Result<(SyslogTransport, String), Failure> {
    let (scheme, host) = address.split_once("://").unwrap_or(("udp", address));
    let transport = match scheme {
        "udp" => SyslogTransport::Udp,
        "tcp" => SyslogTransport::Tcp,
        "tls" => SyslogTransport::Tls {
            authority: authority.cloned(),
        },
        _ => {
            return Err(Failure::usage(
                format!(
                    "`{}` is no address of a log server",
                    viewshed_report::clean(address)
                ),
                "write `udp://HOST:PORT`, `tcp://HOST:PORT` or `tls://HOST:PORT`",
            ));
        }
    };
    Ok((transport, host.trim_end_matches('/').to_owned()))
}

fn secret(path: Option<&Path>) -> Result<Option<Secret>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let bytes = super::read_file(path)?;
    let secret = std::str::from_utf8(&bytes).ok().and_then(Secret::new);
    match secret {
        Some(secret) => Ok(Some(secret)),
        None => Err(Failure::usage(
            format!("there is no key in `{}`", path.display()),
            "write `whsec_` with base64 behind it, or any text",
        )),
    }
}

/// This machine's name, for syslog; empty when the system does not tell.
fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

fn failure(error: viewshed_server::Error) -> Failure {
    use viewshed_server::Error;
    let hint = error.hint();
    match error {
        Error::Target { .. } | Error::Unusable { .. } => Failure::usage(error.to_string(), hint),
        error => Failure::collect(error, hint),
    }
}
