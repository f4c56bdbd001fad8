//! Ports of a Cilium rule: `toPorts` and `icmps`.

use serde_json::Value;
use viewshed_model::Protocol;

use super::super::reader::{Object, Reader, any_of, named};
use crate::network::ports::{PortMatch, every, span};

const PORT_RULE_FIELDS: &[&str] = &[
    "ports",
    "terminatingTLS",
    "originatingTLS",
    "serverNames",
    "listener",
    "rules",
];

/// Types of an echo request: what "reaches by ICMP" means here.
const ECHO: [&str; 4] = ["8", "128", "EchoRequest", "Echo"];

/// The ports of a rule; `None` when it names none, which means everything.
///
/// Rules of layer 7 limit what may be said on a connection, not whether it opens.
pub(super) fn ports(reader: &mut Reader<'_, '_>, rule: &Object<'_>) -> Option<PortMatch> {
    let (listed, icmps) = (rule.list("toPorts"), rule.list("icmps"));
    if listed.is_empty() && icmps.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    for value in listed {
        let (entry, unsure) = reader.object(value, "a list of ports", PORT_RULE_FIELDS);
        reader.doubt_if(unsure);
        if entry.list("ports").is_empty() {
            let unsure = reader.unknown("a `toPorts` without ports");
            reader.doubt_if(unsure);
        }
        for one in entry.list("ports") {
            parts.push(port(reader, one));
        }
    }
    for value in icmps {
        let fields = value.get("fields").and_then(Value::as_array);
        let has_echo = fields.into_iter().flatten().any(|field| {
            let kind = match field.get("type") {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => return false,
            };
            ECHO.contains(&kind.as_str())
        });
        if has_echo {
            parts.push(PortMatch::fixed(every(Protocol::Icmp)));
        }
    }
    Some(any_of(parts))
}

/// `PortProtocol`: the port is a text; `0` is every port, letters make it a name.
fn port(reader: &mut Reader<'_, '_>, value: &Value) -> PortMatch {
    let (entry, unsure) = reader.object(value, "a port", &["port", "endPort", "protocol"]);
    reader.doubt_if(unsure);
    let protocols: Vec<Protocol> = match entry
        .text("protocol")
        .unwrap_or("ANY")
        .to_ascii_uppercase()
        .as_str()
    {
        "ANY" | "" => vec![Protocol::Tcp, Protocol::Udp, Protocol::Sctp],
        "TCP" => vec![Protocol::Tcp],
        "UDP" => vec![Protocol::Udp],
        "SCTP" => vec![Protocol::Sctp],
        "ICMP" | "ICMPV6" => vec![Protocol::Icmp],
        // Protocols without ports that no question asks about.
        "VRRP" | "IGMP" => Vec::new(),
        other => {
            reader.refuse(format!("`{other}` is no protocol of policies"));
            Vec::new()
        }
    };
    let text = match entry.get("port") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => {
            // The definition of the kind demands a text.
            reader.refuse(format!("port {number} is no text"));
            number.to_string()
        }
        _ => {
            reader.refuse("a port says nothing");
            return any_of(Vec::new());
        }
    };
    let end = entry.get("endPort").and_then(Value::as_u64).unwrap_or(0);
    let parts = match text.parse::<u16>() {
        Ok(0) => protocols
            .into_iter()
            .map(every)
            .map(PortMatch::fixed)
            .collect(),
        Ok(first) => {
            let last = match u16::try_from(end) {
                Ok(0) => first,
                Ok(last) if last >= first => last,
                _ => {
                    reader.refuse(format!("{first}-{end} are no ports"));
                    first
                }
            };
            protocols
                .into_iter()
                .map(|protocol| PortMatch::fixed(span(protocol, first, last)))
                .collect()
        }
        Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            reader.refuse(format!("`{text}` is no port"));
            Vec::new()
        }
        Err(_) => protocols
            .into_iter()
            .map(|protocol| named(&text, Some(protocol)))
            .collect(),
    };
    any_of(parts)
}
