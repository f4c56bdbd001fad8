//! Logs of every format: no panic, no hang, no more than a bounded multiple of the input; and an audit event
//! gives the same whether it has the log backend's form or is the only item of a list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::logs::{Arena, LogFormat, decode, recognise};
use viewshed_model::Skips;

fuzz_target!(|bytes: &[u8]| {
    recognise(bytes);
    for format in LogFormat::ALL {
        format.framing(bytes);
        let arena = Arena::new();
        let (mut activities, mut skips) = (Vec::new(), Skips::default());
        decode(format, bytes, &arena, &mut activities, &mut skips);
        let entries = activities.len() as u64 + skips.total();
        assert!(entries <= 2 * bytes.len() as u64, "{format}: {entries} entries of {} bytes", bytes.len());
    }
    // The blank sends the event the slow way.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some(rest) = text.strip_prefix('{').filter(|_| !text.contains('\n')) else {
        return;
    };
    if serde_json::from_str::<serde_json::Value>(text).is_err() {
        return;
    }
    let slow_text = format!("{{ {rest}");
    let (fast_arena, slow_arena) = (Arena::new(), Arena::new());
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    let (mut fast_skips, mut slow_skips) = (Skips::default(), Skips::default());
    decode(LogFormat::KubernetesAudit, text.as_bytes(), &fast_arena, &mut fast, &mut fast_skips);
    decode(LogFormat::KubernetesAudit, slow_text.as_bytes(), &slow_arena, &mut slow, &mut slow_skips);
    for activity in fast.iter_mut().chain(&mut slow) {
        activity.raw = "";
    }
    assert_eq!(fast, slow);
    assert_eq!(fast_skips, slow_skips);
});
