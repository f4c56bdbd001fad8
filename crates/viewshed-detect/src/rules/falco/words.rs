//! Reads a condition piece by piece: names, operators, quoted and bare values.
//!
//! Character classes are those of `filter/parser.cpp` in falcosecurity/libs: a bare value ends at
//! parentheses, quotes, blanks, `=` and `,`.

use super::parse::ConditionError;

/// A place in a condition, moving forward.
#[derive(Debug, Clone)]
pub(super) struct Words<'t> {
    rest: &'t str,
    whole_bytes: usize,
}

/// One value as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Without quotes and escapes.
    pub(crate) text: String,
    /// Quoted words never name a list.
    pub(crate) is_quoted: bool,
}

impl<'t> Words<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self {
            rest: text,
            whole_bytes: text.len(),
        }
    }

    /// Byte offset from the start of the condition.
    pub(super) const fn offset(&self) -> usize {
        self.whole_bytes.saturating_sub(self.rest.len())
    }

    pub(super) fn error(&self, text: impl Into<String>) -> ConditionError {
        ConditionError {
            at_byte: self.offset(),
            text: text.into(),
        }
    }

    pub(super) fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest.is_empty()
    }

    /// Takes this text if it stands next, blanks before it aside.
    pub(super) fn take(&mut self, text: &str) -> bool {
        self.skip_blanks();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes this word if it stands next and ends there.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let Some(rest) = self.rest.strip_prefix(word) else {
            return false;
        };
        let ends = rest
            .chars()
            .next()
            .is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')' | '"' | '\''));
        if ends {
            self.rest = rest;
        }
        ends
    }

    /// Takes characters while they fit; `None` when the first does not.
    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> Option<&'t str> {
        let end = self
            .rest
            .find(|next| !fits(next))
            .unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end)?;
        if taken.is_empty() {
            return None;
        }
        self.rest = rest;
        Some(taken)
    }

    /// A macro's or field's name: letters, digits, `_`, `-` and dots, starting with a letter.
    pub(super) fn name(&mut self) -> Option<&'t str> {
        self.skip_blanks();
        if !self
            .rest
            .starts_with(|next: char| next.is_ascii_alphabetic())
        {
            return None;
        }
        self.take_while(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '.' | '-'))
    }

    /// The inside of `[...]` right after a field's name; quotes around it are taken off.
    pub(super) fn argument(&mut self) -> Result<Option<String>, ConditionError> {
        let Some(rest) = self.rest.strip_prefix('[') else {
            return Ok(None);
        };
        self.rest = rest;
        let inside = if self.rest.starts_with(['"', '\'']) {
            self.quoted()?
        } else {
            let inside = self.take_while(|next| next != ']').unwrap_or_default();
            inside.to_owned()
        };
        match self.rest.strip_prefix(']') {
            Some(rest) => {
                self.rest = rest;
                Ok(Some(inside))
            }
            None => Err(self.error("a field's argument needs a closing `]`")),
        }
    }

    /// A quoted or bare value.
    pub(super) fn value(&mut self) -> Result<Word, ConditionError> {
        self.skip_blanks();
        if self.rest.starts_with(['"', '\'']) {
            return Ok(Word {
                text: self.quoted()?,
                is_quoted: true,
            });
        }
        let bare = self.take_while(|next| {
            !next.is_whitespace() && !matches!(next, '(' | ')' | '"' | '\'' | '=' | ',')
        });
        match bare {
            Some(text) => Ok(Word {
                text: text.to_owned(),
                is_quoted: false,
            }),
            None => Err(self.error("a value is missing")),
        }
    }

    fn quoted(&mut self) -> Result<String, ConditionError> {
        let mut letters = self.rest.char_indices();
        let Some((_, quote)) = letters.next() else {
            return Err(self.error("a value is missing"));
        };
        let mut text = String::new();
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                let end = at.saturating_add(letter.len_utf8());
                self.rest = self.rest.get(end..).unwrap_or_default();
                return Ok(text);
            }
            if letter == '\\' {
                match letters.next() {
                    Some((_, escaped)) if escaped == quote || escaped == '\\' => text.push(escaped),
                    Some((_, other)) => {
                        text.push('\\');
                        text.push(other);
                    }
                    None => break,
                }
            } else {
                text.push(letter);
            }
        }
        Err(self.error("a quoted value needs a closing quote"))
    }
}
