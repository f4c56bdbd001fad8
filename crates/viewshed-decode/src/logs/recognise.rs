//! Which format a log has, told from how it starts.

use super::format::LogFormat;
use super::shape::{Fields, fields};
use super::{coredns, docker, packed};

/// Lines at the start that are looked at: logs may begin with banners, blanks, or the end of a cut line.
const LINES_MAX: usize = 200;

/// As much of a sample as is looked at, in bytes: the keys that tell a format stand near the start of an entry.
const SAMPLE_BYTES_MAX: usize = 256 << 10;

/// Tells the format; `None` when nothing at the start looks like a known one. The sample may end anywhere; 64 KiB
/// are enough but for logs whose first entry is longer.
pub fn recognise(sample: &[u8]) -> Option<LogFormat> {
    let sample = sample.get(..SAMPLE_BYTES_MAX).unwrap_or(sample);
    let text = String::from_utf8_lossy(sample);
    let mut ahead = &*text;
    for _ in 0..LINES_MAX {
        let (line, after) = ahead.split_once('\n').unwrap_or((ahead, ""));
        if let Some(format) = of_text(line).or_else(|| of_json(ahead, line)) {
            return Some(format);
        }
        ahead = after;
    }
    None
}

fn of_text(line: &str) -> Option<LogFormat> {
    if line.contains("msg=audit(") && line.contains("type=") {
        return Some(LogFormat::Auditd);
    }
    if coredns::is_query(line) {
        return Some(LogFormat::CoreDns);
    }
    if packed::is_packed(line.trim_ascii_start()) {
        return of_object(&packed::peek(line)).filter(|format| *format == LogFormat::Eks);
    }
    docker::is_daemon_line(line).then_some(LogFormat::DockerDaemon)
}

/// `ahead` starts with `line`; a document goes on behind it.
fn of_json(ahead: &str, line: &str) -> Option<LogFormat> {
    let trimmed = line.trim_ascii_start();
    let start = line.len() - trimmed.len();
    let start = if trimmed.starts_with('[') {
        start
    } else {
        line.find('{')?
    };
    let value = ahead.get(start..)?;
    if value.starts_with('[') {
        let inside = value.get(value.find('{')?..)?;
        return of_object(inside);
    }
    of_object(value)
}

/// What the keys of an object, which may be cut off, tell.
fn of_object(object: &str) -> Option<LogFormat> {
    let mut kind = "";
    let mut version = "";
    for (key, value) in partial_fields(object) {
        match key {
            "kind" => kind = value,
            "apiVersion" => version = value,
            "protoPayload" => return Some(LogFormat::Gke),
            "awslogs" => return Some(LogFormat::Eks),
            "Records" if value.contains("\"kinesis\"") => return Some(LogFormat::Eks),
            "logEvents" | "logStreamName" | "messageType" | "ingestionTime" | "@message" => {
                return Some(LogFormat::Eks);
            }
            "records" | "operationName" | "log_s" | "AuditId" => return Some(LogFormat::Aks),
            "events" => return of_first(value).or(Some(LogFormat::Eks)),
            "RequestMethod" | "RequestUri" => return Some(LogFormat::DockerAuthorization),
            "request-url" => return Some(LogFormat::DockerDaemon),
            "process_exec" | "process_kprobe" | "process_exit" | "process_lsm" => {
                return Some(LogFormat::Tetragon);
            }
            "output_fields" => return Some(LogFormat::Falco),
            "Action" | "timeNano" | "docker" => return Some(LogFormat::DockerEvents),
            "items" if kind.is_empty() || kind.contains("List") => {
                return of_first(value).map(|_| LogFormat::KubernetesEventList);
            }
            "auditID" => return Some(LogFormat::KubernetesAudit),
            // Docker's json-file driver around another log.
            "log" if kind.is_empty() => {
                let inside = value.replace("\\\"", "\"");
                let inside = inside.trim_start_matches('"');
                return of_text(inside).or_else(|| of_json(inside, inside));
            }
            "message" => {
                let inside = value.replace("\\\"", "\"");
                if inside.contains("audit.k8s.io/") {
                    return Some(LogFormat::Eks);
                }
            }
            _ => {}
        }
        let is_audit = version.contains("audit.k8s.io/");
        match kind.trim_matches('"') {
            "EventList" if is_audit => return Some(LogFormat::KubernetesEventList),
            "Event" if is_audit => return Some(LogFormat::KubernetesAudit),
            _ => {}
        }
    }
    None
}

/// The format of the first object of a list.
fn of_first(list: &str) -> Option<LogFormat> {
    let first = list.get(list.find('{')?..)?;
    of_object(first)
}

/// Fields, of which the last may be cut off.
fn partial_fields(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest: Option<Fields<'_>> = Some(fields(object));
    std::iter::from_fn(move || {
        let mut whole = rest.take()?;
        let cut = whole.key();
        match whole.next() {
            Some(next) => {
                rest = Some(whole);
                Some(next)
            }
            None => cut,
        }
    })
}
