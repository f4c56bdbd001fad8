//! CPU time: what other programs do on the machine does not count.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of this thread.
pub fn thread_cpu_time() -> Duration {
    time_of(ClockId::ThreadCPUTime)
}

/// CPU time of all threads of this process.
pub fn process_cpu_time() -> Duration {
    time_of(ClockId::ProcessCPUTime)
}

/// Time since some start, which other programs stretch.
pub fn wall_time() -> Duration {
    time_of(ClockId::Monotonic)
}

fn time_of(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}
