//! Rule sets on events of other projects' corpora, and on made ones.

pub(crate) mod audit_events;
mod falco_corpus;
mod falco_overlays;
mod hostile;
mod mixed;
mod prefilter;
#[cfg(feature = "sigma")]
mod sigma_cases;
#[cfg(feature = "sigma")]
pub(crate) mod sigma_corpus;
