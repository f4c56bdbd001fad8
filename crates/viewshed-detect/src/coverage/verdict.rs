//! One verdict, and how the verdicts of a policy and of the log itself are put together.

use viewshed_model::{AuditRule, Visibility};

/// Whether an action shows, and what to do when it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) visibility: Visibility,
    pub(super) why: String,
    pub(super) change: String,
    /// Rules to put first into the audit policy.
    pub(super) rules: Vec<AuditRule>,
    pub(super) cited: &'static str,
}

impl Verdict {
    pub(super) fn new(visibility: Visibility, why: impl Into<String>, cited: &'static str) -> Self {
        Self {
            visibility,
            why: why.into(),
            change: String::new(),
            rules: Vec::new(),
            cited,
        }
    }

    pub(super) fn with_change(mut self, change: impl Into<String>) -> Self {
        self.change = change.into();
        self
    }

    /// The rules that bring it into view; they change nothing for what shows already.
    pub(super) fn with_rules(mut self, rules: Vec<AuditRule>) -> Self {
        if self.visibility != Visibility::Visible && !rules.is_empty() {
            self.rules = rules;
            if self.change.is_empty() {
                "put these rules first in the audit policy".clone_into(&mut self.change);
            }
        }
        self
    }
}

/// What the policy says, corrected by what the log holds.
pub(super) fn corrected(policy: Verdict, log: Option<Verdict>) -> Verdict {
    let Some(log) = log else { return policy };
    let is_recorded = |verdict: &Verdict| {
        matches!(
            verdict.visibility,
            Visibility::Visible | Visibility::Partial
        )
    };
    if !is_recorded(&policy) && is_recorded(&log) {
        return Verdict {
            why: format!(
                "{}, although the policy leaves it out: another policy is in force",
                log.why
            ),
            ..log
        };
    }
    if is_recorded(&policy) && log.visibility == Visibility::Invisible {
        return Verdict::new(
            Visibility::Invisible,
            format!("the policy records it, but {}", log.why),
            log.cited,
        )
        .with_change(
            "compare the policy with the server's `--audit-policy-file`, and look for a filter between the server and this log",
        );
    }
    policy
}
