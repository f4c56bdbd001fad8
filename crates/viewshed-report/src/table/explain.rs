//! The page of a check in a terminal: just enough Markdown for the project's own pages.
//!
//! Headings, lists, quotes, paragraphs, fenced code and tables; links show their text and address.

use viewshed_model::CheckPage;

use super::layout::{headline, paragraph};
use super::severity_ink;
use crate::lines::{line, put};
use crate::style::{Ink, Style};

/// What `viewshed explain NAME` prints.
pub fn explain(page: &CheckPage, style: &Style) -> String {
    let mut out = String::new();
    let title = format!("{}: {}", page.name, page.title);
    paragraph(
        &mut out,
        style,
        "",
        &style.paint(Ink::Strong, &style.text(&title)),
    );
    line(
        &mut out,
        &format!(
            "severity up to {}, mitigation {} {}\n",
            style.paint(severity_ink(page.severity), &page.severity.to_string()),
            page.mitigation.id(),
            page.mitigation.title()
        ),
    );
    write_markdown(&mut out, style, &page.markdown);
    style.finish(&out)
}

fn write_markdown(out: &mut String, style: &Style, markdown: &str) {
    let mut open = String::new();
    let mut first = String::new();
    let mut is_code = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            flush(out, style, &mut first, &mut open);
            is_code = !is_code;
        } else if is_code {
            out.push_str("    ");
            out.push_str(&style.paint(Ink::Calm, &style.text(line)));
            out.push('\n');
        } else if line.trim().is_empty() {
            flush(out, style, &mut first, &mut open);
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push('\n');
            }
        } else if let Some(words) = heading(line) {
            flush(out, style, &mut first, &mut open);
            headline(out, style, Ink::Strong, &style.text(words));
        } else if line.trim_start().starts_with('|') {
            flush(out, style, &mut first, &mut open);
            table_row(out, style, line);
        } else if let Some((marker, words)) = item(line) {
            flush(out, style, &mut first, &mut open);
            first = marker;
            words.clone_into(&mut open);
        } else {
            if !open.is_empty() {
                open.push(' ');
            }
            open.push_str(line.trim());
        }
    }
    flush(out, style, &mut first, &mut open);
}

fn flush(out: &mut String, style: &Style, first: &mut String, open: &mut String) {
    if !open.is_empty() {
        paragraph(out, style, first, &style.text(&inline(open)));
    }
    open.clear();
    first.clear();
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

fn table_row(out: &mut String, style: &Style, line: &str) {
    let is_rule = line.chars().all(|character| "|-: ".contains(character));
    if !is_rule {
        let cells: Vec<String> = line
            .trim()
            .trim_matches('|')
            .split('|')
            .map(|cell| inline(cell.trim()))
            .collect();
        paragraph(out, style, "  ", &style.text(&cells.join(" | ")));
    }
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
