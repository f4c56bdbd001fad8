//! The page of a check in a terminal: just enough Markdown for the project's own pages.
//!
//! Headings, lists, quotes, paragraphs, fenced code and tables; links show their text and address.

use viewshed_model::{CheckPage, Page};

use super::layout::{Column, Columns, headline, paragraph};
use super::severity_ink;
use crate::lines::put;
use crate::style::{Ink, Style};
use crate::wording::sentence;

/// What `viewshed explain` prints: one page, or the list of all.
pub(crate) fn pages(pages: &[Page], style: &Style) -> String {
    match pages {
        [Page::Check(page)] if !page.markdown.is_empty() => return explain(page, style),
        [Page::Detection(page)] if !page.markdown.is_empty() => return page.markdown.clone(),
        _ => {}
    }
    let of_checks = pages.iter().filter_map(|page| match page {
        Page::Check(page) => Some(page),
        Page::Detection(_) => None,
    });
    let of_detections = pages.iter().filter_map(|page| match page {
        Page::Detection(page) => Some(page),
        Page::Check(_) => None,
    });
    let mut out = checks(of_checks, style);
    put(&mut out, "\nDetections of `viewshed watch`:\n");
    for page in of_detections {
        let (name, title) = (style.text(&page.name), style.text(&page.title));
        put(&mut out, &format!("  {name:<26} {title}\n"));
    }
    out
}

/// What `viewshed explain NAME` prints of a check.
fn explain(page: &CheckPage, style: &Style) -> String {
    let mut out = String::new();
    let title = style.text(&format!("{}: {}", page.name, page.title));
    paragraph(&mut out, style, "", &style.paint(Ink::Strong, &title));
    let facts = format!(
        "severity up to {}, mitigation {} {}",
        style.paint(severity_ink(page.severity), &page.severity.to_string()),
        page.mitigation.id(),
        page.mitigation.title()
    );
    paragraph(&mut out, style, "", &facts);
    out.push('\n');
    let mut writer = Writer {
        out,
        style,
        first: String::new(),
        words: String::new(),
        rows: Vec::new(),
    };
    writer.write(page);
    style.finish(&writer.out)
}

/// The table of checks.
fn checks<'p>(pages: impl Iterator<Item = &'p CheckPage>, style: &Style) -> String {
    let columns = [
        ("CHECK", Column::Text),
        ("WORST", Column::Word),
        ("CLOSED BY", Column::Word),
        ("LOOKS FOR", Column::Text),
    ];
    let mut table = Columns::new(style, 0, &columns);
    for page in pages {
        table.row(vec![
            style.text(&page.name),
            style.paint(severity_ink(page.severity), &page.severity.to_string()),
            page.mitigation.id().to_owned(),
            style.text(&sentence(&page.title)),
        ]);
    }
    let mut out = String::new();
    table.write(&mut out, 0);
    style.finish(&out)
}

/// Gathers lines that belong together, then writes them.
struct Writer<'a> {
    out: String,
    style: &'a Style,
    /// Marker of the open list item.
    first: String,
    /// Words of the open paragraph or item.
    words: String,
    /// Rows of the open table.
    rows: Vec<Vec<String>>,
}

impl Writer<'_> {
    fn write(&mut self, page: &CheckPage) {
        let mut is_code = false;
        for line in page.markdown.lines() {
            if line.trim_start().starts_with("```") {
                self.flush();
                is_code = !is_code;
            } else if is_code {
                let code = self.style.paint(Ink::Calm, &self.style.text(line));
                put(&mut self.out, &format!("    {code}\n"));
            } else if line.trim().is_empty() {
                self.flush();
                if !self.out.ends_with("\n\n") {
                    self.out.push('\n');
                }
            } else if let Some(words) = heading(line) {
                self.flush();
                // The page's own title already stands above.
                if words != page.name {
                    headline(
                        &mut self.out,
                        self.style,
                        Ink::Strong,
                        &self.style.text(words),
                    );
                }
            } else if line.trim_start().starts_with('|') {
                self.rows.extend(cells(line));
            } else if let Some((marker, words)) = item(line) {
                self.flush();
                self.first = marker;
                words.clone_into(&mut self.words);
            } else {
                if !self.words.is_empty() {
                    self.words.push(' ');
                }
                self.words.push_str(line.trim());
            }
        }
        self.flush();
    }

    fn flush(&mut self) {
        if !self.words.is_empty() {
            let words = self.style.text(&inline(&self.words));
            paragraph(&mut self.out, self.style, &self.first, &words);
        }
        self.words.clear();
        self.first.clear();
        let rows = std::mem::take(&mut self.rows);
        if let Some((head, body)) = rows.split_first() {
            let head: Vec<String> = head.iter().map(|cell| self.style.text(cell)).collect();
            let columns: Vec<(&str, Column)> = head
                .iter()
                .map(|cell| (cell.as_str(), Column::Text))
                .collect();
            let mut table = Columns::new(self.style, 2, &columns);
            for row in body {
                table.row(row.iter().map(|cell| self.style.text(cell)).collect());
            }
            table.write(&mut self.out, 2);
        }
    }
}

fn heading(line: &str) -> Option<&str> {
    let words = line.trim_start_matches('#');
    (words.len() < line.len())
        .then(|| words.strip_prefix(' '))
        .flatten()
}

/// A list item or quote: its marker with indentation, and its words.
fn item(line: &str) -> Option<(String, &str)> {
    let words = line.trim_start();
    let indent = " ".repeat((line.len() - words.len()).min(8));
    for marker in ["- ", "* ", "> "] {
        if let Some(rest) = words.strip_prefix(marker) {
            let sign = if marker == "> " { "| " } else { "- " };
            return Some((format!("{indent}{sign}"), rest));
        }
    }
    let (number, rest) = words.split_once(". ")?;
    let is_number =
        !number.is_empty() && number.len() < 4 && number.chars().all(|c| c.is_ascii_digit());
    is_number.then(|| (format!("{indent}{number}. "), rest))
}

/// The cells of a table's line; none for the line under its head.
fn cells(line: &str) -> Option<Vec<String>> {
    let is_rule = line.chars().all(|character| "|-: ".contains(character));
    let line = line.trim().trim_matches('|');
    (!is_rule).then(|| line.split('|').map(|cell| inline(cell.trim())).collect())
}

/// `[text](address)` becomes `text (address)`; emphasis marks go.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((words, (address, tail))) = after
            .split_once("](")
            .and_then(|(words, tail)| Some((words, tail.split_once(')')?)))
        else {
            break;
        };
        out.push_str(before);
        out.push_str(words);
        put(&mut out, &format!(" ({address})"));
        rest = tail;
    }
    out.push_str(rest);
    out.replace("**", "")
}
