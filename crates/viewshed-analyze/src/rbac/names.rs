//! The name syntaxes of Kubernetes that decide a question (apimachinery `pkg/api/validate/content`).

/// A DNS label of RFC 1123: lower case, at most 63 characters. Namespaces are named so.
pub(super) fn is_dns_label(name: &str) -> bool {
    name.len() <= 63 && is_dns_part(name)
}

/// A DNS subdomain of RFC 1123: lower case, at most 253 characters. Service accounts and nodes are named so.
pub(super) fn is_dns_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_dns_part)
}

fn is_dns_part(part: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !part.is_empty() && part.bytes().all(is_inner) && !part.starts_with('-') && !part.ends_with('-')
}

/// A label key: an optional DNS subdomain and `/`, then a name of at most 63 characters.
pub(super) fn is_label_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_label_name(name),
        None => is_label_name(key),
    }
}

/// A label value: empty, or like the name of a key.
pub(super) fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_label_name(value)
}

fn is_label_name(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    name.len() <= 63
        && name.bytes().all(is_inner)
        && is_edge(name.bytes().next())
        && is_edge(name.bytes().last())
}

/// Namespace and name of a service account's user name (`serviceaccount.SplitUsername`), which
/// demands valid names, unlike a mere split at the colons.
pub(super) fn service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user
        .strip_prefix("system:serviceaccount:")?
        .split_once(':')?;
    (is_dns_label(namespace) && is_dns_subdomain(name)).then_some((namespace, name))
}

/// The node's name in `system:node:NAME`, when it is a valid one.
pub(super) fn node(user: &str) -> Option<&str> {
    user.strip_prefix("system:node:")
        .filter(|name| is_dns_subdomain(name))
}

/// A domain-prefixed path such as `example.com/key` (`IsDomainPrefixedPath`).
pub(super) fn is_domain_prefixed_path(path: &str) -> bool {
    let is_path_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    path.split_once('/').is_some_and(|(domain, rest)| {
        is_dns_subdomain(domain) && !rest.is_empty() && rest.bytes().all(is_path_byte)
    })
}
