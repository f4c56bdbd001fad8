//! The terminal report of `viewshed who` without a question: identities by what they can discover.

use viewshed_model::{GrantOrigin, IdentityRank, RankReport, SubjectKind};

use super::layout::{Column, Columns, headline};
use super::{estate_lines, gaps, limited, more};
use crate::style::{Ink, Style};
use crate::wording::{ORIGINS, count, origin, share, thousands};

/// Rows shown per origin in a brief report.
const ROWS_MAX: usize = 25;
/// Rows of bootstrap policy and of the cluster's own parts shown in a brief report.
const OWN_ROWS_MAX: usize = 10;
/// Resources named per row.
const RESOURCES_MAX: usize = 3;

/// The report for a terminal.
pub fn rank(report: &RankReport, style: &Style) -> String {
    let mut out = style.paint(Ink::Strong, "Who can discover most");
    out.push('\n');
    estate_lines(&mut out, style, &report.estate);
    if report.ranks.is_empty() {
        out.push_str("\n  Nobody can discover anything by what was read.\n");
    }
    for group in ORIGINS {
        let rows: Vec<(usize, &IdentityRank)> = report
            .ranks
            .iter()
            .enumerate()
            .filter(|(_, row)| row.origin == group)
            .collect();
        if !rows.is_empty() {
            out.push('\n');
            write_origin(&mut out, style, group, &rows);
        }
    }
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

fn write_origin(
    out: &mut String,
    style: &Style,
    group: GrantOrigin,
    rows: &[(usize, &IdentityRank)],
) {
    let words = format!("{} ({})", origin(group).to_uppercase(), rows.len());
    let ink = if group == GrantOrigin::Human {
        Ink::Strong
    } else {
        Ink::Faint
    };
    headline(out, style, ink, &words);
    let columns = [
        ("#", Column::Number),
        ("IDENTITY", Column::Text),
        ("SEES", Column::Number),
        ("OF ALL", Column::Number),
        ("NAMESPACES", Column::Number),
        ("MOST OF IT", Column::Text),
        ("THROUGH", Column::Text),
    ];
    let mut table = Columns::new(style, 2, &columns);
    let most = match (style.is_full(), group) {
        (true, _) => usize::MAX,
        (false, GrantOrigin::Human) => ROWS_MAX,
        (false, GrantOrigin::Bootstrap | GrantOrigin::System) => OWN_ROWS_MAX,
    };
    for (index, row) in rows.iter().take(most) {
        let mut subject = style.text(&row.subject.to_string());
        if let Some(members) = members(row) {
            subject = format!("{subject} ({})", style.text(&members));
        }
        if !row.impersonates.is_empty() {
            let others = limited(style, &row.impersonates, 2);
            subject = format!("{subject} (may act as {})", style.text(&others));
        }
        if let Some(first) = row.further.first() {
            let ways = match row.further.len() - 1 {
                0 => String::new(),
                more => format!(", and {}", count(more as u64, "way more", "ways more")),
            };
            subject = format!("{subject} (gets further: {}{ways})", style.text(first));
        }
        table.row(vec![
            (index + 1).to_string(),
            subject,
            thousands(row.visible),
            share(row.visible, row.total),
            thousands(row.namespaces),
            style.text(&resources(style, row)),
            style.text(&limited(style, &row.bindings, 1)),
        ]);
    }
    table.write(out, 2);
    if rows.len() > most {
        more(out, style, rows.len() - most);
    }
}

/// Who is in a group; of users, what their name does not mean.
fn members(row: &IdentityRank) -> Option<String> {
    if row.unknown_members {
        return Some("members unknown".to_owned());
    }
    if row.subject.kind == SubjectKind::User && row.subject.name == "*" {
        return Some("a user of that very name, no wildcard".to_owned());
    }
    if row.subject.kind != SubjectKind::Group {
        return None;
    }
    Some(match row.subject.name.as_str() {
        "system:authenticated" => "every authenticated identity".to_owned(),
        "system:unauthenticated" => "every request without credentials".to_owned(),
        "system:nodes" => "every node".to_owned(),
        "system:serviceaccounts" => "every service account".to_owned(),
        name => {
            let namespace = name.strip_prefix("system:serviceaccounts:")?;
            format!("every service account of {namespace}")
        }
    })
}

fn resources(style: &Style, row: &IdentityRank) -> String {
    if row.visible >= row.total {
        return "everything".to_owned();
    }
    let mut resources: Vec<&(String, u64)> = row
        .by_resource
        .iter()
        .filter(|(_, number)| *number > 0)
        .collect();
    resources.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    let words: Vec<String> = resources
        .iter()
        .map(|(resource, number)| format!("{resource} {}", thousands(*number)))
        .collect();
    limited(style, &words, RESOURCES_MAX)
}
