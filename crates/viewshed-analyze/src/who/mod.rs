//! WHO: everybody who can discover a thing, and everybody ranked by what they can discover.
//!
//! Answers are counted by resource and namespace, never object by object: a role's rules are read
//! once, a grant adds whole namespaces.

mod can;
mod describe;
mod indirect;
mod joined;
mod kubelets;
mod pods;
mod rank;
mod sees;
#[cfg(test)]
mod tests;
mod words;

pub use can::{can, who_can};
pub use joined::join;
pub(crate) use rank::Row;
pub use rank::{CHAINS_MAX, Ranking, rank, rank_in};
pub use sees::{WhoError, who_sees};
pub use words::resolve_resource;
