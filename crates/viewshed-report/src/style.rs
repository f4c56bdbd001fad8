//! How terminal text looks: width, colour, characters. The caller decides; nothing here asks the terminal.

use crate::clean::{REPLACEMENT, TEXT_CHARS_MAX, clean, shorten};

/// What the terminal can show, decided by the caller (`--color`, `NO_COLOR`, locale, window size).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to write ANSI colours.
    pub colour: bool,
    /// Columns of the terminal; fewer than 48 are treated as 48.
    pub width: usize,
    /// Whether it shows more than ASCII. Without it every other character is written as `?`.
    pub unicode: bool,
    /// How much is told.
    pub detail: Detail,
}

/// How much a report tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What a tired person needs; long lists are cut, and the rest is counted.
    Brief,
    /// Evidence chains too, and every entry of every list.
    Full,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 100,
            unicode: true,
            detail: Detail::Brief,
        }
    }
}

/// The roles that a piece of text can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Strong,
    Faint,
    Alarm,
    Bad,
    Warning,
    Good,
    Calm,
}

impl Ink {
    const ALL: [Self; 7] = [
        Self::Strong,
        Self::Faint,
        Self::Alarm,
        Self::Bad,
        Self::Warning,
        Self::Good,
        Self::Calm,
    ];

    const fn mark(self) -> char {
        match self {
            Self::Strong => '\u{fe00}',
            Self::Faint => '\u{fe01}',
            Self::Alarm => '\u{fe02}',
            Self::Bad => '\u{fe03}',
            Self::Warning => '\u{fe04}',
            Self::Good => '\u{fe05}',
            Self::Calm => '\u{fe06}',
        }
    }

    const fn ansi(self) -> &'static str {
        match self {
            Self::Strong => "\u{1b}[1m",
            Self::Faint => "\u{1b}[2m",
            Self::Alarm => "\u{1b}[1;91m",
            Self::Bad => "\u{1b}[31m",
            Self::Warning => "\u{1b}[33m",
            Self::Good => "\u{1b}[32m",
            Self::Calm => "\u{1b}[36m",
        }
    }
}

const RESET: &str = "\u{1b}[0m";
/// Ends a painted piece. Like the start marks it is invisible (so it counts as no column when text is
/// laid out) and cannot come from an estate, because [`clean()`] replaces it.
const END: char = '\u{2062}';
/// The same limit as [`TEXT_CHARS_MAX`], where everything was asked for.
const FULL_TEXT_CHARS_MAX: usize = 1_000_000;
const WIDTH_MIN: usize = 48;
/// Sentences longer than this are tiring to read, however wide the window is.
const PROSE_WIDTH_MAX: usize = 110;

impl Style {
    /// Columns to fill with tables.
    pub(crate) fn columns(&self) -> usize {
        self.width.max(WIDTH_MIN)
    }

    /// Columns to fill with sentences.
    pub(crate) fn prose_columns(&self) -> usize {
        self.columns().min(PROSE_WIDTH_MAX)
    }

    /// Text of untrusted origin, cleaned and bounded.
    pub(crate) fn text(&self, text: &str) -> String {
        let chars_max = match self.detail {
            Detail::Brief => TEXT_CHARS_MAX,
            Detail::Full => FULL_TEXT_CHARS_MAX,
        };
        shorten(clean(text), chars_max, self.ellipsis()).into_owned()
    }

    /// Gives cleaned text a role. Must not hold line breaks.
    pub(crate) fn paint(&self, ink: Ink, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("{}{text}{END}", ink.mark())
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    pub(crate) fn dash(&self) -> &'static str {
        if self.unicode { "–" } else { "-" }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.detail == Detail::Full
    }

    /// Turns the marks into colours, and everything into ASCII where the terminal needs it.
    pub(crate) fn finish(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        for character in text.chars() {
            if character == END {
                out.push_str(RESET);
            } else if let Some(ink) = Ink::ALL.iter().find(|ink| ink.mark() == character) {
                out.push_str(ink.ansi());
            } else if self.unicode || character.is_ascii() {
                out.push(character);
            } else {
                out.push(if character == REPLACEMENT {
                    '?'
                } else {
                    ascii(character)
                });
            }
        }
        out
    }
}

fn ascii(character: char) -> char {
    match character {
        '–' | '—' | '─' => '-',
        '•' | '●' => '*',
        _ => '?',
    }
}
