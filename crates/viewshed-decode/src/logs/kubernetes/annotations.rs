//! What an event's annotations tell.

use std::borrow::Cow;

use viewshed_model::{LazyText, Verdict};

/// The annotations that mean something here.
#[derive(Debug, Default)]
pub(super) struct Annotations<'a> {
    /// `authorization.k8s.io/decision`.
    pub(super) verdict: Verdict,
    /// `authorization.k8s.io/reason`.
    pub(super) reason: LazyText<'a>,
    /// `audit.k8s.io/truncated`: bodies were cut away.
    pub(super) is_truncated: bool,
    /// `authentication.openshift.io/username`: who logs in (openshift/oauth-server, pkg/audit/annotation.go).
    login: Cow<'a, str>,
    /// `authentication.openshift.io/decision`: `allow`, `deny` or `error`.
    login_decision: Cow<'a, str>,
}

impl<'a> Annotations<'a> {
    /// Takes one; of two with the same key the later counts, as in Go.
    pub(super) fn set(&mut self, key: &str, value: Cow<'a, str>) {
        match key {
            "authorization.k8s.io/decision" => {
                self.verdict = match &*value {
                    "allow" => Verdict::Allowed,
                    "forbid" => Verdict::Refused,
                    _ => Verdict::Unknown,
                };
            }
            "authorization.k8s.io/reason" => self.reason = value.into(),
            "audit.k8s.io/truncated" => self.is_truncated = value == "true",
            "authentication.openshift.io/username" => self.login = value,
            "authentication.openshift.io/decision" => self.login_decision = value,
            _ => {}
        }
    }

    /// The login server audits everybody as `system:anonymous` (its authorizer lets all in); who it
    /// is stands only here. A name that was not proven is none: it goes into the message.
    pub(super) fn apply_login(&mut self, user: &mut Cow<'a, str>, message: &mut Cow<'a, str>) {
        match &*self.login_decision {
            "" => {}
            "allow" => {
                if !self.login.is_empty() {
                    *user = std::mem::take(&mut self.login);
                }
            }
            decision => {
                self.verdict = Verdict::Refused;
                *message = Cow::Owned(format!("login of `{}`: {decision}", self.login));
            }
        }
    }
}
