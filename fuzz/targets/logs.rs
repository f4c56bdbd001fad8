//! Logs of every format: no panic, no hang, no more than a bounded multiple of the input; and an audit event
//! gives the same whether it has the log backend's form or any other, whatever events stand before it.
#![no_main]

use std::io::Write;

use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use viewshed_decode::logs::{Arena, LogFormat, Rejoin, decode, recognise};
use viewshed_model::Skips;

/// A subscription's record of any bytes: few random ones are gzip.
fn record(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("it is memory");
    let packed = encoder.finish().expect("it is memory");
    base64::engine::general_purpose::STANDARD.encode(packed).into_bytes()
}

/// Entries in parts: lines keep their number, and nothing comes of nothing.
fn rejoin(bytes: &[u8]) {
    let (mut rejoin, mut skips) = (Rejoin::default(), Skips::default());
    let lines = |bytes: &[u8]| bytes.split_inclusive(|byte| *byte == b'\n').count();
    let mut written = 0;
    for start in [&b"{\"log\":\"x\",\"stream\":\"stdout\"}\n"[..], b"2026 stdout P x\n", b""] {
        let chunk = [start, bytes].concat();
        written += chunk.len();
        if let Some(joined) = rejoin.chunk(&chunk, &mut skips) {
            assert_eq!(lines(&joined), lines(&chunk));
            assert!(joined.len() <= written);
        }
    }
    assert!(rejoin.end() <= 2);
}

fuzz_target!(|bytes: &[u8]| {
    rejoin(bytes);
    recognise(bytes);
    for form in [bytes.to_vec(), record(bytes)] {
        recognise(&form);
        let arena = Arena::new();
        let (mut activities, mut skips) = (Vec::new(), Skips::default());
        decode(LogFormat::Eks, &form, &arena, &mut activities, &mut skips);
    }
    for format in LogFormat::ALL {
        format.framing(bytes);
        let arena = Arena::new();
        let (mut activities, mut skips) = (Vec::new(), Skips::default());
        decode(format, bytes, &arena, &mut activities, &mut skips);
        let entries = activities.len() as u64 + skips.total();
        // Records of a subscription unfold, to at most 200 times their size.
        let ratio = if format == LogFormat::Eks { 200 } else { 1 };
        assert!(entries <= ratio * 2 * bytes.len() as u64, "{format}: {entries} entries of {} bytes", bytes.len());
    }
    // Two events, and the first again: what the lines before had is remembered. The blank sends each the slow way.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (first, second) = text.split_once('\n').unwrap_or((text, text));
    let is_event = |line: &str| {
        line.starts_with('{') && !line.contains('\n') && serde_json::from_str::<serde_json::Value>(line).is_ok()
    };
    if !is_event(first) || !is_event(second) {
        return;
    }
    let fast_text = [first, second, first].join("\n");
    let slow_text = [first, second, first].map(|line| format!("{{ {}", &line[1..])).join("\n");
    let (fast_arena, slow_arena) = (Arena::new(), Arena::new());
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    let (mut fast_skips, mut slow_skips) = (Skips::default(), Skips::default());
    decode(LogFormat::KubernetesAudit, fast_text.as_bytes(), &fast_arena, &mut fast, &mut fast_skips);
    decode(LogFormat::KubernetesAudit, slow_text.as_bytes(), &slow_arena, &mut slow, &mut slow_skips);
    for activity in fast.iter_mut().chain(&mut slow) {
        activity.raw = "";
    }
    assert_eq!(fast, slow);
    assert_eq!(fast_skips, slow_skips);
});
