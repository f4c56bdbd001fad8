//! What is usual, one habit a line.

use viewshed_model::{BaselineHolder, BaselineRow};

use super::layout::{Column, Columns, paragraph};
use super::more;
use crate::style::Style;
use crate::wording::incident::{day, user};
use crate::wording::thousands;

/// Habits in a brief report.
const ROWS_MAX: usize = 200;

/// The report for a terminal.
pub fn baseline(rows: &[BaselineRow], style: &Style) -> String {
    let mut out = String::new();
    if rows.is_empty() {
        paragraph(&mut out, style, "", "Nothing was learned yet.");
        return style.finish(&out);
    }
    let mut table = Columns::new(
        style,
        0,
        &[
            ("WHO", Column::Text),
            ("VERB", Column::Text),
            ("KIND", Column::Text),
            ("NAMESPACE", Column::Text),
            ("TIMES", Column::Number),
            ("DAYS", Column::Number),
            ("FIRST", Column::Text),
            ("LAST", Column::Text),
        ],
    );
    let most = if style.is_full() {
        usize::MAX
    } else {
        ROWS_MAX
    };
    for row in rows.iter().take(most) {
        let who = match row.holder {
            BaselineHolder::Identity => user(&row.actor),
            BaselineHolder::PeerGroup => format!("peers: {}", row.actor),
        };
        let namespace = if row.namespace.is_empty() {
            style.dash()
        } else {
            &row.namespace
        };
        let mut verb = row.verb.clone();
        if row.outcome != "allowed" {
            verb = format!("{verb} ({})", row.outcome);
        }
        if row.is_suspect {
            verb = format!("{verb} (suspect)");
        }
        let texts = [&who, &verb, &row.kind, namespace].map(|text| style.text(text));
        let mut cells = texts.to_vec();
        cells.push(thousands(row.count));
        cells.push(thousands(u64::from(row.days)));
        cells.push(day(row.first_seen));
        cells.push(day(row.last_seen));
        table.row(cells);
    }
    table.write(&mut out, 0);
    if rows.len() > most {
        more(&mut out, style, rows.len() - most);
    }
    style.finish(&out)
}
