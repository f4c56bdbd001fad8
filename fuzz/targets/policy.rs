//! Audit policy files: no panic, no unbounded growth, problems fit for a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use viewshed_decode::policy::audit_policy;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = audit_policy(bytes) {
        assert!(file.problems.len() <= 50);
        assert!(file.problems.iter().all(|problem| !problem.contains(char::is_control)));
        assert!(file.policy.rules.len() <= bytes.len());
    }
});
