//! Passwords, keys and tokens that stand in a value.

use super::Name;

/// Words of names that hold a secret.
const SECRET_WORDS: [&str; 11] = [
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PGPASSWORD",
    "SECRET",
    "SECRETS",
    "TOKEN",
];

/// `X_KEY` holds a secret when X is one of these; `PRIMARY_KEY` and `SSH_PUBLIC_KEY` do not.
const SECRET_KEY_KINDS: [&str; 12] = [
    "ACCESS",
    "ACCOUNT",
    "API",
    "APP",
    "AUTH",
    "ENCRYPTION",
    "HMAC",
    "LICENSE",
    "MASTER",
    "PRIVATE",
    "SIGNING",
    "STORAGE",
];

/// Last words that turn the name into a setting about a secret.
const SETTING_WORDS: [&str; 24] = [
    "ALGORITHM",
    "AUDIENCE",
    "ARN",
    "DIR",
    "DIRECTORY",
    "ENABLED",
    "ENDPOINT",
    "EXPIRATION",
    "EXPIRY",
    "FILE",
    "HEADER",
    "ISSUER",
    "LENGTH",
    "LIFETIME",
    "NAME",
    "NAMESPACE",
    "PATH",
    "POLICY",
    "PROVIDER",
    "TIMEOUT",
    "TTL",
    "TYPE",
    "URI",
    "URL",
];

/// Beginnings of tokens that their issuers document, in the middle of a value too.
const TOKEN_PREFIXES: [&str; 16] = [
    "k8s-aws-v1.",
    "SWMTKN-1-",
    "SWMKEY-1-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "rk_live_",
    "hvs.",
    "dop_v1_",
    "dckr_pat_",
    "npm_",
];

/// Shortest rest of a token after its prefix, in characters: every issuer above writes at least this many.
const TOKEN_REST_MIN: usize = 16;

pub(super) fn is_told(name: &Name, value: &str) -> bool {
    !value.is_empty()
        && (value_is_credential(value) || (name_is_secret(name) && !is_setting(value)))
}

fn name_is_secret(name: &Name) -> bool {
    if SETTING_WORDS.contains(&name.last_word()) {
        return false;
    }
    let words: Vec<&str> = name.words().collect();
    words.iter().any(|word| SECRET_WORDS.contains(word))
        // Bare PWD is the working directory.
        || (words.len() > 1 && name.last_word() == "PWD")
        || words.windows(2).any(|pair| match pair {
            [kind, "KEY" | "KEYS"] => SECRET_KEY_KINDS.contains(kind),
            _ => false,
        })
}

/// Switches and paths, which are about a secret and not one.
fn is_setting(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "0" | "1" | "none" | "null"
    ) || [
        "/run/", "/var/", "/etc/", "/mnt/", "/opt/", "/home/", "/root/", "./",
    ]
    .iter()
    .any(|folder| value.starts_with(folder))
}

fn value_is_credential(value: &str) -> bool {
    holds_url_password(value)
        || holds_private_key(value)
        || is_json_web_token(value)
        || (value.len() > TOKEN_REST_MIN
            && TOKEN_PREFIXES
                .iter()
                .any(|prefix| holds_token(value, prefix)))
        || holds_access_key_id(value)
        || holds_connection_password(value)
        || value.contains("client-key-data:")
        || (value.contains("\"auths\"") && value.contains("\"auth\""))
}

/// `scheme://user:password@host` (RFC 3986 userinfo), and Go's `user:password@tcp(host)`.
fn holds_url_password(value: &str) -> bool {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once("://") {
        let authority = after
            .split(['/', '?', '#', ' ', '"', '\''])
            .next()
            .unwrap_or(after);
        if authority.rsplit_once('@').is_some_and(|(user, host)| {
            !host.is_empty()
                && user
                    .split_once(':')
                    .is_some_and(|(_, password)| !password.is_empty())
        }) {
            return true;
        }
        rest = after;
    }
    value.split_once("@tcp(").is_some_and(|(user, _)| {
        user.split_once(':')
            .is_some_and(|(_, password)| !password.is_empty())
    })
}

fn holds_private_key(value: &str) -> bool {
    value
        .split_once("-----BEGIN ")
        .and_then(|(_, rest)| rest.split_once("-----"))
        .is_some_and(|(kind, _)| kind.ends_with("PRIVATE KEY"))
}

/// RFC 7519: three parts of base64url, the first begins as `{"alg"`, `{"typ"` or `{"kid"` do.
fn is_json_web_token(value: &str) -> bool {
    value
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .filter(|word| word.starts_with("eyJ"))
        .any(|word| {
            let parts: Vec<&str> = word.split('.').collect();
            matches!(parts.as_slice(), [_, claims, signature]
                if claims.starts_with("eyJ") && signature.len() >= TOKEN_REST_MIN)
        })
}

fn holds_token(value: &str, prefix: &str) -> bool {
    value.split_once(prefix).is_some_and(|(before, rest)| {
        !before.ends_with(|c: char| c.is_ascii_alphanumeric())
            && rest
                .chars()
                .take_while(|c| {
                    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+')
                })
                .count()
                >= TOKEN_REST_MIN
    })
}

/// AWS access key ids: `AKIA` or `ASIA` and sixteen more of A-Z and 0-9 (IAM identifiers).
fn holds_access_key_id(value: &str) -> bool {
    value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| {
            word.len() == 20
                && (word.starts_with("AKIA") || word.starts_with("ASIA"))
                && word
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        })
}

/// `password=...` in connection strings, `Authorization: Bearer ...` in headers.
fn holds_connection_password(value: &str) -> bool {
    // One of these is in every key below.
    if memchr::memchr2(b'=', b':', value.as_bytes()).is_none() {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    let is_set = |key: &str| {
        lower.split_once(key).is_some_and(|(_, rest)| {
            rest.starts_with(|c: char| !c.is_whitespace() && c != ';' && c != '&')
        })
    };
    ["password=", "pwd=", "accountkey=", "sharedaccesskey="]
        .iter()
        .any(|key| is_set(key))
        || ["authorization: bearer ", "authorization: basic "]
            .iter()
            .any(|key| is_set(key))
}
