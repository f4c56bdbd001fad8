//! LEAVES: incidents as syslog messages (RFC 5424) over UDP (RFC 5426), TCP with octet counting (RFC 6587,
//! 3.4.1) or TLS (RFC 5425).

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::time::timeout;
use viewshed_model::Severity;

use crate::connection::{Peer, Stream, client_config};
use crate::delivery::Delivery;
use crate::error::Error;
use crate::retry::Attempt;

/// Bytes of one message over UDP: what an IPv4 datagram can carry (65,507), rounded down. Longer ones are cut.
const DATAGRAM_BYTES_MAX: usize = 65_000;

/// Time for one message to leave.
const WRITE_TIME_MAX: Duration = Duration::from_secs(10);

/// Time in which a peer that has closed the connection before is noticed.
const CLOSED_TIME_MAX: Duration = Duration::from_millis(1);

/// Facility "security/authorization messages" (RFC 5424, table 1).
const FACILITY: u8 = 10;

/// A log server that gets incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogSettings {
    /// `host:port`, or a host: then port 514, with TLS 6514.
    pub address: String,
    /// How it is reached.
    pub transport: SyslogTransport,
    /// What stands in the messages.
    pub body: SyslogBody,
    /// This machine's name for the messages.
    pub hostname: String,
}

/// How a log server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogTransport {
    /// Nobody notices what gets lost.
    Udp,
    /// What is under way when the connection breaks gets lost: syslog knows no receipts.
    Tcp,
    /// As TCP, and nobody can read or change it on the way.
    Tls {
        /// Who must have signed the server's certificate; else the system's authorities.
        authority: Option<PathBuf>,
    },
}

/// What stands in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogBody {
    /// [`Delivery::cef`].
    Cef,
    /// [`Delivery::json`].
    Json,
}

/// Settings that were found to make sense, and the open connection.
pub(crate) struct Syslog {
    peer: Peer,
    is_udp: bool,
    body: SyslogBody,
    hostname: String,
    connection: Option<Box<dyn Stream>>,
}

impl Syslog {
    pub(crate) fn new(settings: &SyslogSettings) -> Result<Self, Error> {
        let (tls, default_port) = match &settings.transport {
            SyslogTransport::Tls { authority } => (Some(client_config(authority.as_ref())?), 6514),
            SyslogTransport::Udp | SyslogTransport::Tcp => (None, 514),
        };
        let (host, port) =
            host_and_port(&settings.address, default_port).ok_or_else(|| Error::Target {
                target: settings
                    .address
                    .chars()
                    .filter(|letter| !letter.is_control())
                    .collect(),
                detail: "it is not `host:port`".to_owned(),
            })?;
        Ok(Self {
            peer: Peer { host, port, tls },
            is_udp: settings.transport == SyslogTransport::Udp,
            body: settings.body,
            hostname: field(&settings.hostname, 255),
            connection: None,
        })
    }

    pub(crate) fn name(&self) -> String {
        format!("syslog {}:{}", self.peer.host, self.peer.port)
    }

    pub(crate) async fn deliver(&mut self, delivery: &Delivery) -> Attempt {
        let message = message(delivery, self.body, &self.hostname);
        let sent = async {
            if self.is_udp {
                self.datagram(&message).await
            } else {
                self.stream(&message).await
            }
        };
        match timeout(WRITE_TIME_MAX, sent).await {
            Ok(Ok(())) => Attempt::Delivered,
            Ok(Err(words)) => {
                self.connection = None;
                Attempt::Later(None, words)
            }
            Err(_) => {
                self.connection = None;
                Attempt::Later(
                    None,
                    format!("not taken within {} s", WRITE_TIME_MAX.as_secs()),
                )
            }
        }
    }

    async fn datagram(&mut self, message: &str) -> Result<(), String> {
        let peer = (self.peer.host.as_str(), self.peer.port);
        let address = tokio::net::lookup_host(peer)
            .await
            .map_err(|error| error.to_string())?
            .next();
        let address = address.ok_or_else(|| "the host has no address".to_owned())?;
        let any: &str = if address.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let socket = UdpSocket::bind(any)
            .await
            .map_err(|error| error.to_string())?;
        let bytes = cut(message, DATAGRAM_BYTES_MAX).as_bytes();
        socket
            .send_to(bytes, address)
            .await
            .map_err(|error| error.to_string())?;
        Ok(())
    }

    async fn stream(&mut self, message: &str) -> Result<(), String> {
        let mut connection = match self.connection.take() {
            Some(connection) => still_open(connection).await,
            None => None,
        };
        if connection.is_none() {
            connection = Some(self.peer.connect().await?);
        }
        let Some(mut connection) = connection else {
            return Err("no connection".to_owned());
        };
        let framed = format!("{} {message}", message.len());
        let written = async {
            connection.write_all(framed.as_bytes()).await?;
            connection.flush().await
        };
        written
            .await
            .map_err(|error: std::io::Error| error.to_string())?;
        self.connection = Some(connection);
        Ok(())
    }
}

/// A log server never says anything: what can be read is the end of the connection.
async fn still_open(mut connection: Box<dyn Stream>) -> Option<Box<dyn Stream>> {
    let mut byte = [0];
    match timeout(CLOSED_TIME_MAX, connection.read(&mut byte)).await {
        Err(_) => Some(connection),
        Ok(_) => None,
    }
}

/// One message, without its frame. The text carries no byte order mark: collectors take it for a part of CEF.
fn message(delivery: &Delivery, body: SyslogBody, hostname: &str) -> String {
    let severity = match delivery.severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Info => 6,
    };
    let text = match body {
        SyslogBody::Cef => &delivery.cef,
        SyslogBody::Json => &delivery.json,
    };
    // A line end would begin a new message for receivers that count lines.
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let priority = FACILITY * 8 + severity;
    let at = delivery.at;
    format!("<{priority}>1 {at:.6} {hostname} viewshed - incident - {text}")
}

/// Not within a character.
fn cut(text: &str, length_max: usize) -> &str {
    let end = (0..=length_max.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Printable ASCII without spaces, `-` when there is none (RFC 5424, 6: `PRINTUSASCII`, `NILVALUE`).
fn field(text: &str, length_max: usize) -> String {
    let kept: String = text
        .chars()
        .filter(char::is_ascii_graphic)
        .take(length_max)
        .collect();
    if kept.is_empty() {
        "-".to_owned()
    } else {
        kept
    }
}

fn host_and_port(address: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok()?)
        }
        _ => (address, default_port),
    };
    let host = host.trim_matches(['[', ']']);
    let is_plain = !host.is_empty()
        && host
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || ".-_:%".contains(letter));
    is_plain.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use viewshed_model::Severity;

    use super::{SyslogBody, field, host_and_port, message};
    use crate::delivery::Delivery;

    #[test]
    fn a_message_is_one_line_of_rfc_5424() {
        let delivery = Delivery {
            id: "a".to_owned(),
            revision: 1,
            severity: Severity::High,
            at: "2026-01-02T03:04:05.678901234Z".parse().unwrap(),
            json: "{\"a\":\"\u{e4}\"}".to_owned(),
            cef: "CEF:0|x\nforged\u{1b}[31m".to_owned(),
        };
        assert_eq!(
            message(&delivery, SyslogBody::Json, "node-1"),
            "<83>1 2026-01-02T03:04:05.678901Z node-1 viewshed - incident - {\"a\":\"\u{e4}\"}"
        );
        assert!(message(&delivery, SyslogBody::Cef, "-").ends_with("- CEF:0|x forged [31m"));
    }

    #[test]
    fn names_are_made_fit() {
        assert_eq!(field("no de\n\u{e4}1", 4), "node");
        assert_eq!(field("", 4), "-");
    }

    #[test]
    fn addresses_are_taken_apart() {
        for (address, expected) in [
            ("logs.example:1514", Some(("logs.example", 1514))),
            ("logs.example", Some(("logs.example", 514))),
            ("[::1]:514", Some(("::1", 514))),
            ("::1", Some(("::1", 514))),
            ("a:b", None),
            ("", None),
            ("a b:1", None),
        ] {
            let found = host_and_port(address, 514);
            assert_eq!(
                found,
                expected.map(|(host, port)| (host.to_owned(), port)),
                "{address}"
            );
        }
    }
}
