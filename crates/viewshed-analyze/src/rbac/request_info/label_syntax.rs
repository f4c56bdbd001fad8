//! Whether the server can parse a label selector (apimachinery `pkg/labels/selector.go`).
//!
//! The answer matters only because a broken selector makes the server forget the object name that
//! the field selector demands.

use super::super::names::{is_label_key, is_label_value};

/// Whether `labels.Parse` accepts the text.
pub(super) fn is_valid(selector: &str) -> bool {
    let tokens = tokens(selector);
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
    };
    parser.selector().is_some()
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// One of `! , ( ) = == != < >`.
    Symbol(&'static str),
}

const SYMBOLS: [&str; 9] = ["!", ",", "(", ")", "=", "==", "!=", "<", ">"];

fn is_special(character: char) -> bool {
    matches!(character, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn tokens(selector: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = selector.trim_start_matches(is_space);
    // The server's scanner takes a zero byte between tokens for the end.
    while let Some(first) = rest.chars().next().filter(|first| *first != '\0') {
        if is_special(first) {
            // The longest symbol counts; every special character is one by itself.
            let symbols = SYMBOLS
                .into_iter()
                .filter(|symbol| rest.starts_with(symbol));
            let symbol = symbols.max_by_key(|symbol| symbol.len()).unwrap_or("!");
            tokens.push(Token::Symbol(symbol));
            rest = rest.get(symbol.len()..).unwrap_or_default();
        } else {
            let end = rest
                .find(|next| is_special(next) || is_space(next) || next == '\0')
                .unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            tokens.push(Token::Word(word.to_owned()));
            rest = behind.strip_prefix('\0').unwrap_or(behind);
        }
        rest = rest.trim_start_matches(is_space);
    }
    tokens
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn at_symbol(&self, symbol: &'static str) -> bool {
        self.peek() == Some(&Token::Symbol(symbol))
    }

    fn selector(&mut self) -> Option<()> {
        if self.peek().is_none() {
            return Some(());
        }
        loop {
            self.requirement()?;
            match self.next() {
                None => return Some(()),
                Some(Token::Symbol(",")) => {
                    let goes_on = matches!(self.peek(), Some(Token::Word(_) | Token::Symbol("!")));
                    if !goes_on {
                        return None;
                    }
                }
                Some(_) => return None,
            }
        }
    }

    fn requirement(&mut self) -> Option<()> {
        let is_absence = self.at_symbol("!");
        if is_absence {
            self.at += 1;
        }
        let Some(Token::Word(key)) = self.next() else {
            return None;
        };
        if !is_label_key(&key) {
            return None;
        }
        if is_absence || self.peek().is_none() || self.at_symbol(",") {
            return Some(());
        }
        match self.next()? {
            Token::Symbol("=" | "==" | "!=") => self.exact_value(is_label_value),
            Token::Symbol("<" | ">") => {
                self.exact_value(|value| value.parse::<i64>().is_ok() && is_label_value(value))
            }
            Token::Word(word) if word == "in" || word == "notin" => self.values(),
            _ => None,
        }
    }

    fn exact_value(&mut self, is_fine: impl Fn(&str) -> bool) -> Option<()> {
        if self.peek().is_none() || self.at_symbol(",") {
            return is_fine("").then_some(());
        }
        match self.next()? {
            Token::Word(value) => is_fine(&value).then_some(()),
            Token::Symbol(_) => None,
        }
    }

    /// `(a,b)`, where each value may be empty.
    fn values(&mut self) -> Option<()> {
        if !self.at_symbol("(") {
            return None;
        }
        self.at += 1;
        let mut after_word = false;
        loop {
            match self.next()? {
                Token::Symbol(")") => return Some(()),
                Token::Symbol(",") => after_word = false,
                Token::Word(value) if !after_word && is_label_value(&value) => after_word = true,
                Token::Word(_) | Token::Symbol(_) => return None,
            }
        }
    }
}
