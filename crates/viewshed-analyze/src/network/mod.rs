//! REACH: which place may open a connection to which other place, and why.
mod address;
mod answer;
mod bits;
mod bulk;
mod cni;
mod compare;
mod decide;
mod docker;
mod ends;
mod entrance;
mod estate;
mod eval;
mod goals;
mod index;
mod kernel;
mod matrix;
mod place;
mod policy;
mod ports;
mod ranges;
mod routes;
mod sources;
#[cfg(test)]
mod tests;
mod through;
mod vocabulary;
mod walk;

pub use bulk::PairSum;
pub use cni::{Cni, Profile, UnknownCni};
pub(crate) use compare::{Gain, gains};
pub use docker::docker_answer;
pub(crate) use docker::has_stopped;
pub use ends::NetworkError;
pub use estate::EstateNetwork;
pub use index::NetworkIndex;
pub use matrix::MATRIX_PAIRS_MAX;
