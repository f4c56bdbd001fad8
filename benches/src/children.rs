//! What the programs that a benchmark ran have used: CPU time and memory of all finished children.

use nix::sys::resource::{UsageWho, getrusage};

/// CPU time of all children so far, in seconds, of all their threads, system calls included.
pub fn cpu_seconds() -> f64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0.0, |usage| {
        let seconds = |time: nix::sys::time::TimeVal| {
            #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
            let whole = time.tv_sec() as f64;
            #[expect(clippy::cast_precision_loss, reason = "less than a million")]
            let micros = time.tv_usec() as f64;
            whole + micros / 1e6
        };
        seconds(usage.user_time()) + seconds(usage.system_time())
    })
}

/// The largest resident size of any child so far, in MB.
pub fn peak_mb() -> f64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0.0, |usage| {
        #[expect(clippy::cast_precision_loss, reason = "kilobytes of a process")]
        let kilobytes = usage.max_rss() as f64;
        kilobytes / 1024.0
    })
}
