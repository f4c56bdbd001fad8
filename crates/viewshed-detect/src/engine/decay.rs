//! Half-lives, without a call into the platform's math library: same input, same output everywhere.

/// What is left of 1 after `age` with this half-life: exact at every half-life, linear between.
pub(crate) fn remaining(age: u32, half_life: u32) -> f64 {
    if half_life == 0 {
        return if age == 0 { 1.0 } else { 0.0 };
    }
    let halvings = age / half_life;
    if halvings >= 32 {
        return 0.0;
    }
    let part = f64::from(age % half_life) / f64::from(half_life);
    (1.0 - 0.5 * part) / f64::from(1_u32 << halvings.min(31))
}

/// Rounds a weight for people.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of u32 before"
)]
pub(crate) fn rounded(weight: f64) -> u32 {
    weight.clamp(0.0, f64::from(u32::MAX)).round() as u32
}
