//! Rule sets on events of other projects' corpora.

pub(crate) mod audit_events;
mod falco_corpus;
