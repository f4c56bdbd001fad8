//! Addresses of services: URLs, host and port, cluster DNS names, container runtime sockets.

use viewshed_model::RUNTIME_SOCKET_NAMES;

use super::Name;

/// Ports below 1000 that are a service's; other small numbers after a colon are image tags and times.
const LOW_PORTS: [u16; 12] = [25, 53, 80, 110, 143, 389, 443, 465, 587, 636, 853, 993];

/// Last words of names whose value is an address.
const ADDRESS_WORDS: [&str; 16] = [
    "ADDR",
    "ADDRESS",
    "ADDRESSES",
    "BROKER",
    "BROKERS",
    "ENDPOINT",
    "ENDPOINTS",
    "HOST",
    "HOSTS",
    "NAMESERVER",
    "PROXY",
    "SERVER",
    "SERVERS",
    "UPSTREAM",
    "URI",
    "URL",
];

/// Settings of connection strings (libpq, ADO.NET) whose value is an address.
const ADDRESS_KEYS: [&str; 6] = ["host", "hostname", "server", "addr", "address", "endpoint"];

pub(super) fn is_told(name: &Name, value: Option<&str>) -> bool {
    if is_service_link(name) {
        return true;
    }
    let names_address = ADDRESS_WORDS.contains(&name.last_word()) && name.words().count() > 1;
    let Some(value) = value else {
        return names_address;
    };
    if matches!(name.last_word(), "VERSION" | "IMAGE" | "TAG") {
        return false;
    }
    // What listens there lists every container of the host.
    let names_socket = RUNTIME_SOCKET_NAMES
        .iter()
        .any(|(socket, _)| value.contains(socket));
    if names_socket || value.starts_with("jdbc:") {
        return true;
    }
    // `$NAME` and `${NAME}` stand for an address that the file does not hold.
    if names_address && value.contains('$') {
        return true;
    }
    value
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\''))
        .any(|word| word_is_address(word, names_address))
}

/// The variables that the kubelet and Docker links add for each service
/// (kubernetes `pkg/kubelet/envvars`): `X_SERVICE_HOST`, `X_SERVICE_PORT_NAME`, `X_PORT_80_TCP_ADDR`.
fn is_service_link(name: &Name) -> bool {
    let upper = name.upper.as_str();
    if upper.ends_with("_SERVICE_HOST") || upper.contains("_SERVICE_PORT") {
        return true;
    }
    let words: Vec<&str> = name.words().collect();
    words.windows(3).any(|window| match window {
        ["PORT", number, protocol] => {
            number.parse::<u16>().is_ok() && matches!(*protocol, "TCP" | "UDP" | "SCTP")
        }
        _ => false,
    })
}

fn word_is_address(word: &str, names_address: bool) -> bool {
    if let Some((scheme, rest)) = word.split_once("://") {
        // `file:` and `unix:` URLs have no host; sockets that matter are known by name.
        return scheme
            .rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .next()
            .is_some_and(|scheme| !scheme.is_empty() && !matches!(scheme, "file" | "unix" | "fd"))
            && is_elsewhere(url_host(rest));
    }
    if let Some((key, value)) = word.split_once('=') {
        let is_key = ADDRESS_KEYS
            .iter()
            .any(|known| key.eq_ignore_ascii_case(known));
        return is_key && word_is_address(value, true);
    }
    // Go's database drivers write `user:password@tcp(db:3306)/name`.
    let word = match word.split_once("@tcp(") {
        Some((_, rest)) => rest.split(')').next().unwrap_or(rest),
        None => word,
    };
    let (host, port) = split_port(word);
    if !is_elsewhere(host) {
        return false;
    }
    match port {
        Some(port) => {
            is_host(host)
                && (names_address || is_ipv4(host) || port >= 1000 || LOW_PORTS.contains(&port))
        }
        None => {
            is_ipv4_or_network(host) || is_internal_name(host) || (names_address && is_host(host))
        }
    }
}

fn url_host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host_and_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    split_port(host_and_port).0
}

/// Splits `host:port` and `[v6]:port`; without a port number the whole text is the host.
fn split_port(text: &str) -> (&str, Option<u16>) {
    if let Some((inside, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (
            inside,
            after.strip_prefix(':').and_then(|port| port.parse().ok()),
        );
    }
    match text.rsplit_once(':') {
        Some((host, port)) => match port.parse::<u16>() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        None => (text, None),
    }
}

/// Whether a host is another place than the container itself.
fn is_elsewhere(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    !host.is_empty()
        && !host.starts_with("127.")
        && !matches!(host, "localhost" | "0.0.0.0" | "::" | "::1" | "*")
}

fn is_host(text: &str) -> bool {
    let is_dns_name = text.bytes().any(|b| b.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null"
        );
    is_dns_name || is_ipv4(text) || text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn is_ipv4(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

fn is_ipv4_or_network(text: &str) -> bool {
    match text.split_once('/') {
        Some((address, length)) => is_ipv4(address) && length.parse::<u8>().is_ok_and(|l| l <= 32),
        None => is_ipv4(text),
    }
}

/// Names that only resolve inside: cluster DNS (`db.shop.svc`, `db.shop.svc.cluster.local`), private zones.
fn is_internal_name(host: &str) -> bool {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    is_host(host)
        && labels.len() > 1
        && (labels.contains(&"svc")
            || host.ends_with("cluster.local")
            || labels.last() == Some(&"internal"))
}
