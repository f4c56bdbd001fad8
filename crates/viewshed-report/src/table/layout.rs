//! Laying out terminal text: wrapped sentences and columns without borders, as kubectl prints them.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr;

use crate::style::{Ink, Style};

/// Breaks `text` into lines of at most `width` columns, at spaces. A word that is longer stands on lines
/// of its own, and is broken only where it is longer than `word_max` columns.
fn wrap(text: &str, width: usize, word_max: usize) -> Vec<String> {
    let width = width.max(8);
    let word_max = word_max.max(width);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() > width && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for character in word.chars() {
            let mut buffer = [0; 4];
            if line.width() + character.encode_utf8(&mut buffer).width() > word_max {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Writes `text` wrapped, the first line after `first`, the others indented to the same column.
pub(super) fn paragraph(out: &mut String, style: &Style, first: &str, text: &str) {
    let indent = first.width();
    let width = style.prose_columns().saturating_sub(indent);
    let word_max = style.columns().saturating_sub(indent);
    for (index, line) in wrap(text, width, word_max).iter().enumerate() {
        if index == 0 {
            out.push_str(first);
        } else {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(line);
        out.push('\n');
    }
}

/// Writes as many words to a line as fit, well apart and indented.
pub(super) fn pack(out: &mut String, style: &Style, words: &[String]) {
    let width = style.prose_columns() - 2;
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.width() + 3 + word.width() <= width => {
                line.push_str("   ");
                line.push_str(word);
            }
            _ => lines.push(word.clone()),
        }
    }
    for line in lines {
        out.push_str("  ");
        out.push_str(&line);
        out.push('\n');
    }
}

/// A headline: the words, then a rule to the edge.
pub(super) fn headline(out: &mut String, style: &Style, ink: Ink, words: &str) {
    let rule = if style.unicode { "─" } else { "-" };
    let left = style.prose_columns().saturating_sub(words.width() + 1);
    out.push_str(&style.paint(ink, words));
    out.push(' ');
    out.push_str(&style.paint(Ink::Faint, &rule.repeat(left)));
    out.push('\n');
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Left-aligned; wrapped when the table is too wide.
    Text,
    /// Left-aligned and never wrapped: only for words that the program itself chooses.
    Word,
    /// Right-aligned and never wrapped.
    Number,
}

/// A table under construction. Cells are already cleaned.
pub(super) struct Columns {
    table: Table,
    kinds: Vec<Column>,
}

impl Columns {
    pub(super) fn new(style: &Style, indent: usize, columns: &[(&str, Column)]) -> Self {
        let width = style.columns().saturating_sub(indent);
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX))
            .set_truncation_indicator(style.ellipsis());
        let kinds: Vec<Column> = columns.iter().map(|(_, kind)| *kind).collect();
        let header: Vec<String> = columns
            .iter()
            .map(|(title, _)| style.paint(Ink::Faint, title))
            .collect();
        let mut columns = Self { table, kinds };
        columns.table.set_header(columns.cells(header));
        for (index, kind) in columns.kinds.iter().enumerate() {
            if let Some(column) = columns.table.column_mut(index) {
                column.set_padding((0, 2));
                if *kind != Column::Text {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
        }
        columns
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        let cells = self.cells(cells);
        self.table.add_row(cells);
    }

    fn cells(&self, texts: Vec<String>) -> Vec<Cell> {
        texts
            .into_iter()
            .zip(&self.kinds)
            .map(|(text, kind)| {
                let alignment = match kind {
                    Column::Number => CellAlignment::Right,
                    Column::Text | Column::Word => CellAlignment::Left,
                };
                Cell::new_owned(text).set_alignment(alignment)
            })
            .collect()
    }

    /// Writes the table, each line indented and without trailing spaces.
    pub(super) fn write(&self, out: &mut String, indent: usize) {
        for line in self.table.lines() {
            let line = line.trim_end();
            if !line.is_empty() {
                out.push_str(&" ".repeat(indent));
                out.push_str(line);
            }
            out.push('\n');
        }
    }
}
