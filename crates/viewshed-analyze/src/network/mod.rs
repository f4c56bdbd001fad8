//! REACH: which place may open a connection to which other place, and why.
mod address;
mod bits;
mod cni;
mod eval;
mod index;
mod kernel;
mod matrix;
mod place;
mod policy;
mod ports;
mod ranges;
#[cfg(test)]
mod tests;
mod vocabulary;
mod walk;

pub use cni::{Cni, Profile, UnknownCni};
pub use index::NetworkIndex;
pub use matrix::MATRIX_PAIRS_MAX;
