//! Logs of every format, judged: no panic, the same incidents however the log is cut and after a restart.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::logs::{Arena, LogFormat, decode};
use viewshed_detect::{Baseline, Engine, Settings};
use viewshed_model::{Activity, Incident, Skips};

fuzz_target!(|bytes: &[u8]| {
    for format in LogFormat::ALL {
        let arena = Arena::new();
        let (mut activities, mut skips) = (Vec::new(), Skips::default());
        decode(format, bytes, &arena, &mut activities, &mut skips);
        if activities.is_empty() {
            continue;
        }
        let whole = judge(&[&activities]);
        let (first, second) = activities.split_at(activities.len() / 2);
        assert_eq!(whole, judge(&[first, second]), "{format}");
    }
});

/// The incidents of a log in parts, with a restart after each.
fn judge(parts: &[&[Activity<'_>]]) -> Vec<Incident> {
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    // A low threshold, so that short logs have incidents; few identities, so that they have to make room.
    let settings = Settings { threshold: 20, identities_max: 4, ..Settings::default() };
    let mut engine = Engine::new(settings.clone(), Baseline::default());
    let mut told = Vec::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        engine.step(now, part, &mut told);
        engine = Engine::restore(settings.clone(), &engine.checkpoint()).unwrap();
    }
    engine.finish(now, &mut told);
    told
}
