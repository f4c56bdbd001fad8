//! Rules that people already have, Sigma and Falco, run on activities.
