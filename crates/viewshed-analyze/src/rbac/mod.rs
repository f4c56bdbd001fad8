//! Who may do what, exactly as kube-apiserver decides it: RBAC rules and bindings, `system:masters`,
//! the Node authorizer, the authorizer chain, impersonation, and the way from an HTTP request or an
//! audit event to the question that authorizers are asked.
//!
//! Start at [`AccessIndex::new`]. A [`Session`] is one identity's view of the index, made once and
//! asked many times. Facts and sources: Kubernetes 1.37.2, named at each rule.

mod aggregation;
mod alike;
mod audit;
mod chain;
mod compiled;
mod impersonation;
mod index;
mod matching;
mod names;
mod node;
mod numbers;
mod question;
mod reason;
mod request_info;
mod rules_review;
mod selectors;
mod session;
mod spread;
#[cfg(test)]
mod tests;
mod unread;
mod versions;
mod who_can;

pub use aggregation::{Aggregation, aggregate};
pub(crate) use alike::Alike;
pub use audit::audited_question;
pub use impersonation::{
    Impersonation, Mode, impersonation, impersonation_in, impersonation_questions,
};
pub use index::AccessIndex;
pub use matching::rule_allows;
pub use question::{Question, ResourceQuestion};
pub use reason::server_reason;
pub use request_info::{NoQuestion, request_info};
pub use rules_review::self_subject_rules;
pub use session::{Answer, Grant, Session, Verdict};
pub use who_can::{Reach, who_can};
