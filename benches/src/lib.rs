//! Generated estates and logs, and the benchmarks that run on them.

pub mod audit;
pub mod children;
pub mod clock;
pub mod generate;
pub mod random;

/// The allocator of the program, so that the figures are the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
