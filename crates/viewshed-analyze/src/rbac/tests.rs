//! The traps of RBAC as tables, and the evaluator against a slow obvious oracle.

mod against_oracle;
mod aggregation;
mod alike;
mod chain;
mod impersonation;
mod node;
mod oracle;
mod request_info;
mod rules_review;
mod scenery;
mod traps;
mod unread;
mod who_can;
