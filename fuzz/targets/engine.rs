//! Logs of every format, judged: no panic, the same incidents however the log is cut and after a restart.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::logs::{Arena, LogFormat, decode, recognise};
use viewshed_detect::{Baseline, Engine, Settings};
use viewshed_model::{Activity, Incident, Skips};

fuzz_target!(|bytes: &[u8]| {
    // An engine is some MiB large, so each input is judged in one format only.
    let format = recognise(bytes).unwrap_or(LogFormat::KubernetesAudit);
    let arena = Arena::new();
    let (mut activities, mut skips) = (Vec::new(), Skips::default());
    decode(format, bytes, &arena, &mut activities, &mut skips);
    if activities.is_empty() {
        return;
    }
    let (first, second) = activities.split_at(activities.len() / 2);
    assert_eq!(judge(&activities, &[]), judge(first, second), "{format}");
});

/// The incidents of a log in two parts, with a restart between them.
fn judge(first: &[Activity<'_>], second: &[Activity<'_>]) -> Vec<Incident> {
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    // A low threshold, so that short logs have incidents; few identities, so that they have to make room.
    let settings = Settings { threshold: 20, identities_max: 4, ..Settings::default() };
    let mut engine = Engine::new(settings.clone(), Baseline::default());
    let mut told = Vec::new();
    if !first.is_empty() {
        engine.step(now, first, &mut told);
    }
    if !second.is_empty() {
        engine = Engine::restore(settings, &engine.checkpoint()).unwrap();
        engine.step(now, second, &mut told);
    }
    engine.finish(now, &mut told);
    told
}
