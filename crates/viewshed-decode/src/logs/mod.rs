//! Logs in, activities out: one file per format.
//!
//! The bytes of a chunk are borrowed wherever they need no unescaping. What is not an entry, or none of
//! interest, is counted by reason; nothing stops a chunk from being read to its end.

mod aks;
mod arena;
mod coredns;
mod docker;
mod eks;
mod format;
mod gke;
mod json;
mod kubernetes;
mod packed;
mod process;
mod recognise;
mod rejoin;
mod shape;
mod shipped;
mod sink;
mod time;

#[cfg(test)]
mod tests;

pub use arena::Arena;
pub use format::{Framing, LogFormat, UnknownFormat};
pub use recognise::recognise;
pub use rejoin::Rejoin;
pub use sink::ENTRY_BYTES_MAX;

use viewshed_model::{Activity, Skips};

use sink::Sink;

/// Decodes one chunk: whole lines, or one whole document (see [`LogFormat::framing`]).
///
/// Activities come in the order of the log and keep every control character that was in it. An access review
/// of another server gives two, with the same id: itself, and the access that it stands for
/// (`Surface::DelegatedReview`). Skipped entries are counted with the line of the first of each reason; lines
/// are counted on from [`Skips::lines_read`], so one `Skips` per source names its lines over all of its
/// chunks. Bytes that are not UTF-8 are read as U+FFFD. Never fails.
pub fn decode<'a>(
    format: LogFormat,
    chunk: &'a [u8],
    arena: &'a Arena,
    activities: &mut Vec<Activity<'a>>,
    skips: &mut Skips,
) {
    let text = match std::str::from_utf8(chunk) {
        Ok(text) => text,
        Err(_) => arena.keep_owned(String::from_utf8_lossy(chunk)),
    };
    // Editors and exports of Windows tools put a byte order mark in front.
    let text = text.trim_start_matches('\u{feff}');
    let mut sink = Sink::new(arena, activities, skips);
    let sink = &mut sink;
    match format {
        LogFormat::KubernetesAudit | LogFormat::KubernetesEventList => {
            kubernetes::decode(text, sink);
        }
        LogFormat::Eks => eks::decode(text, sink),
        LogFormat::Gke => gke::decode(text, sink),
        LogFormat::Aks => aks::decode(text, sink),
        LogFormat::DockerEvents => docker::decode_events(text, sink),
        LogFormat::DockerDaemon => docker::decode_daemon(text, sink),
        LogFormat::DockerAuthorization => docker::decode_authorization(text, sink),
        LogFormat::Falco => process::decode_falco(text, sink),
        LogFormat::Tetragon => process::decode_tetragon(text, sink),
        LogFormat::Auditd => process::decode_auditd(text, sink),
        LogFormat::CoreDns => coredns::decode(text, sink),
    }
}

/// The room of a list of activities for those of another chunk, which is new memory otherwise: the standard
/// library collects in place.
#[expect(
    clippy::unnecessary_filter_map,
    reason = "a filter would keep the lifetime"
)]
pub fn recycled<'b>(mut activities: Vec<Activity<'_>>) -> Vec<Activity<'b>> {
    activities.clear();
    activities.into_iter().filter_map(|_| None).collect()
}
