//! Which proxy leads to a server: the kubeconfig's `proxy-url`, else `HTTPS_PROXY` or `HTTP_PROXY`
//! unless `NO_PROXY` names the server (Go's `net/http.ProxyFromEnvironment`, which kubectl uses).

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

use crate::environment::Environment;

/// The proxy for `server`; `None` for a direct connection. `configured` is the kubeconfig's own
/// choice and is never overruled.
pub(crate) fn proxy_for(
    server: &Uri,
    configured: Option<&str>,
    environment: &Environment,
) -> Option<Uri> {
    if let Some(configured) = configured.filter(|text| !text.is_empty()) {
        return configured.parse().ok();
    }
    let names = if server.scheme_str() == Some("http") {
        ["HTTP_PROXY", "http_proxy"]
    } else {
        ["HTTPS_PROXY", "https_proxy"]
    };
    let proxy = names.iter().find_map(|name| environment.variable(name))?;
    let host = server.host()?.trim_matches(['[', ']']);
    let port = server.port_u16().unwrap_or(443);
    let excluded = ["NO_PROXY", "no_proxy"]
        .iter()
        .find_map(|name| environment.variable(name))
        .unwrap_or("");
    if is_local(host)
        || excluded
            .split(',')
            .any(|entry| covers(entry.trim(), host, port))
    {
        return None;
    }
    // `host:port` without a scheme is common in these variables and means http.
    if proxy.contains("://") {
        proxy.parse().ok()
    } else {
        format!("http://{proxy}").parse().ok()
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn covers(entry: &str, host: &str, port: u16) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return entry
            .parse::<IpNet>()
            .is_ok_and(|network| network.contains(&address))
            || entry.parse::<IpAddr>().is_ok_and(|named| named == address)
            || entry == format!("{host}:{port}");
    }
    let entry = match entry.rsplit_once(':') {
        Some((name, wanted)) if wanted.parse() == Ok(port) => name,
        Some(_) => return false,
        None => entry,
    };
    let entry = entry.strip_prefix('*').unwrap_or(entry);
    match entry.strip_prefix('.') {
        Some(_) => host.ends_with(entry),
        None => {
            host == entry
                || host
                    .strip_suffix(entry)
                    .is_some_and(|rest| rest.ends_with('.'))
        }
    }
}

#[cfg(test)]
mod tests;
