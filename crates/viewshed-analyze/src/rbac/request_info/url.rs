//! Request targets as Go's `net/url` reads them.

/// A request target: decoded path, parsed query.
pub(super) struct Target {
    pub path: String,
    pub query: Query,
}

impl Target {
    /// `None` where Go's HTTP server answers 400.
    pub(super) fn parse(target: &str) -> Option<Self> {
        if target.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return None;
        }
        let (raw_path, raw_query) = target.split_once('?').unwrap_or((target, ""));
        let raw_path = if raw_path.starts_with('/') || raw_path == "*" {
            raw_path
        } else {
            // Absolute form, as proxies send it: `https://host/path`.
            let (_, behind_scheme) = raw_path.split_once("://")?;
            behind_scheme
                .find('/')
                .and_then(|at| behind_scheme.get(at..))
                .unwrap_or_default()
        };
        Some(Self {
            path: decode(raw_path, Plus::Literal)?,
            query: Query::parse(raw_query),
        })
    }
}

/// The pairs of a query string that parse, in order.
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

/// Go refuses a query with more parameters than this as a whole (`urlmaxqueryparams`).
const PARAMETERS_MAX: usize = 10_000;

impl Query {
    fn parse(raw: &str) -> Self {
        if raw.split('&').count() > PARAMETERS_MAX {
            return Self { pairs: Vec::new() };
        }
        let pairs = raw
            .split('&')
            // A semicolon is no separator, and makes its pair invalid.
            .filter(|pair| !pair.is_empty() && !pair.contains(';'))
            .filter_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decode(key, Plus::Space)?, decode(value, Plus::Space)?))
            })
            .collect();
        Self { pairs }
    }

    /// The first value of a parameter.
    pub(super) fn first(&self, key: &str) -> Option<String> {
        self.pairs
            .iter()
            .find(|pair| pair.0 == key)
            .map(|pair| pair.1.clone())
    }
}

/// What `+` means: itself in a path, a space in a query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    Literal,
    Space,
}

/// Resolves `%XX`; `None` when an escape is broken.
fn decode(raw: &str, plus: Plus) -> Option<String> {
    if !raw.contains('%') && (plus == Plus::Literal || !raw.contains('+')) {
        return Some(raw.to_owned());
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            b'+' if plus == Plus::Space => b' ',
            other => other,
        });
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
