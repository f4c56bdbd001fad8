//! What a collection holds.

use viewshed_model::{Estate, EstateSummary};

use super::{estate_lines, gaps};
use crate::style::Style;

/// What `viewshed collect` says when the snapshot is written.
pub fn collected(estate: &Estate, style: &Style) -> String {
    let mut out = String::from("collected\n");
    estate_lines(&mut out, style, &EstateSummary::of(estate));
    let rest = "`viewshed scan --from FILE --output wide` with this snapshot lists all";
    gaps::write_with(&mut out, style, &estate.gaps, rest);
    style.finish(&out)
}
