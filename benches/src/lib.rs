//! Generated estates and the benchmarks that run on them.
