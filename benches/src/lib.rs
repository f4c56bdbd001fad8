//! Generated estates and logs, and the benchmarks that run on them.

pub mod audit;
pub mod children;
pub mod clock;
pub mod generate;
pub mod random;
