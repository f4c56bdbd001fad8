//! How fast one core decodes an audit log: `decode [FILE]`.
//!
//! Without a file it decodes a generated log of 500 MB in memory; a file that does not exist is made. Then the
//! same events through the slow way, with their fields in another order.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;

use viewshed_benchmarks::audit::{audit_log, split_chunk};
use viewshed_benchmarks::clock::thread_cpu_time;
use viewshed_decode::logs::{Arena, LogFormat, decode, recycled};
use viewshed_model::Skips;

const LOG_BYTES: usize = 500_000_000;
const ROUNDS: usize = 5;

fn main() -> std::io::Result<()> {
    let log = match std::env::args_os().nth(1) {
        Some(path) if std::fs::exists(&path)? => std::fs::read_to_string(path)?,
        Some(path) => {
            let log = audit_log(1, LOG_BYTES);
            std::fs::write(path, &log)?;
            log
        }
        None => audit_log(1, LOG_BYTES),
    };
    // What the machine can do at this moment: other work on it slows all figures alike.
    measure("UTF-8 check alone", &log, |log| {
        black_box(std::str::from_utf8(black_box(log.as_bytes()))).map_or(0, |_| log.len() / 1000)
    });
    measure("as the log backend writes", &log, decode_all);
    let other_order: String = log
        .lines()
        .take(50_000)
        .map(|line| line.replacen(",\"stage\":", ", \"stage\":", 1) + "\n")
        .collect();
    measure("in any other form", &other_order, decode_all);
    Ok(())
}

fn measure(what: &str, log: &str, work: fn(&str) -> usize) {
    let mut seconds: Vec<f64> = Vec::new();
    let mut events = 0;
    for _ in 0..ROUNDS {
        let start = thread_cpu_time();
        events = work(log);
        seconds.push(thread_cpu_time().saturating_sub(start).as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(ROUNDS / 2).copied().unwrap_or(f64::NAN);
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (bytes, count) = (log.len() as f64, events as f64);
    println!(
        "{what}: {:.2} GB/s, {:.2} million events per second, {:.0} ns and {:.0} bytes per event",
        bytes / median / 1e9,
        count / median / 1e6,
        median * 1e9 / count,
        bytes / count
    );
}

fn decode_all(log: &str) -> usize {
    let mut arena = Arena::new();
    let mut skips = Skips::default();
    let mut events = 0;
    let mut rest = log.as_bytes();
    let mut room = Vec::new();
    while !rest.is_empty() {
        let (chunk, after) = split_chunk(rest);
        let mut activities = room;
        decode(
            LogFormat::KubernetesAudit,
            chunk,
            &arena,
            &mut activities,
            &mut skips,
        );
        events += black_box(&activities).len();
        room = recycled(activities);
        arena.reset();
        rest = after;
    }
    assert_eq!(skips.total(), 0, "{skips:?}");
    events
}
