//! Calico's selector language (projectcalico/calico `libcalico-go/lib/selector/{tokenizer,parser}`).
//!
//! ```text
//! or   = and { "||" and }
//! and  = not { "&&" not }
//! not  = { "!" } ( "(" or ")" | "all()" | "global()" | "has(" key ")" | key test )
//! test = "==" text | "!=" text | "contains" text | "starts with" text | "ends with" text
//!      | "in" set | "not in" set
//! ```

use crate::network::vocabulary::Test;

/// How deep parentheses and `!` may nest: Calico sets no bound, people use two or three.
const DEPTH_MAX: u32 = 64;

/// A selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    All,
    /// What belongs to no namespace.
    Global,
    Label(String, Test),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Selector {
    /// Reads a selector; an empty one selects everything. The error says what is wrong, in Calico's terms.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Ok(Self::All);
        }
        let mut parser = Parser {
            tokens: tokens.into_iter().peekable(),
            depth: 0,
        };
        let found = parser.any()?;
        match parser.tokens.next() {
            None => Ok(found),
            Some(_) => Err("unexpected content at the end of the selector".to_owned()),
        }
    }

    /// The same with `all()` as what is in a namespace (`getEndpointSelector` in
    /// `libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go`).
    pub(super) fn in_namespaces(&self) -> Self {
        let each = |parts: &[Self]| parts.iter().map(Self::in_namespaces).collect();
        match self {
            Self::All => Self::Not(Box::new(Self::Global)),
            Self::Global | Self::Label(..) => self.clone(),
            Self::Not(inner) => Self::Not(Box::new(inner.in_namespaces())),
            Self::And(parts) => Self::And(each(parts)),
            Self::Or(parts) => Self::Or(each(parts)),
        }
    }

    /// Whether something with these labels is selected. `Global` is answered by `is_global`.
    pub(super) fn matches(&self, label: &dyn Fn(&str) -> Option<String>, is_global: bool) -> bool {
        match self {
            Self::All => true,
            Self::Global => is_global,
            Self::Label(key, test) => test.passes(label(key).as_deref()),
            Self::Not(inner) => !inner.matches(label, is_global),
            Self::And(parts) => parts.iter().all(|part| part.matches(label, is_global)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(label, is_global)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    OpenSet,
    CloseSet,
    Comma,
    Not,
    And,
    Or,
    All,
    Global,
    Has(String),
    Key(String),
    Text(String),
    Equal,
    NotEqual,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t']);
    while let Some(first) = rest.chars().next() {
        let after_key = matches!(tokens.last(), Some(Token::Key(_)));
        let (token, left) = match first {
            '(' => fixed(rest, "(", Token::Open)?,
            ')' => fixed(rest, ")", Token::Close)?,
            '{' => fixed(rest, "{", Token::OpenSet)?,
            '}' => fixed(rest, "}", Token::CloseSet)?,
            ',' => fixed(rest, ",", Token::Comma)?,
            '=' => fixed(rest, "==", Token::Equal)?,
            '&' => fixed(rest, "&&", Token::And)?,
            '|' => fixed(rest, "||", Token::Or)?,
            '!' if rest.starts_with("!=") => fixed(rest, "!=", Token::NotEqual)?,
            '!' => fixed(rest, "!", Token::Not)?,
            '"' | '\'' => quoted(rest, first)?,
            _ if after_key => operator(rest)?,
            _ => word(rest)?,
        };
        tokens.push(token);
        rest = left.trim_start_matches([' ', '\t']);
    }
    Ok(tokens)
}

fn fixed<'a>(rest: &'a str, sign: &str, token: Token) -> Result<(Token, &'a str), String> {
    match rest.strip_prefix(sign) {
        Some(left) => Ok((token, left)),
        None => Err(format!("expected `{sign}`")),
    }
}

fn quoted(rest: &str, quote: char) -> Result<(Token, &str), String> {
    rest.strip_prefix(quote)
        .and_then(|inner| inner.split_once(quote))
        .map(|(text, left)| (Token::Text(text.to_owned()), left))
        .ok_or_else(|| "unterminated string".to_owned())
}

/// What may follow a label's key.
fn operator(rest: &str) -> Result<(Token, &str), String> {
    let second = |left: &'_ str, word: &str| -> Option<usize> {
        let trimmed = left.trim_start_matches([' ', '\t']);
        let skipped = left.len() - trimmed.len();
        trimmed.starts_with(word).then_some(skipped + word.len())
    };
    for (first, word, token) in [
        ("contains", "", Token::Contains),
        ("starts", "with", Token::StartsWith),
        ("ends", "with", Token::EndsWith),
        ("not", "in", Token::NotIn),
        ("in", "", Token::In),
    ] {
        if let Some(left) = rest.strip_prefix(first) {
            let length = match word {
                "" => Some(0),
                word => second(left, word),
            };
            if let Some(left) = length.and_then(|length| left.get(length..)) {
                return Ok((token, left));
            }
        }
    }
    Err("expected an operator after a label".to_owned())
}

fn word(rest: &str) -> Result<(Token, &str), String> {
    for (call, token) in [("all(", Token::All), ("global(", Token::Global)] {
        if let Some(left) = rest.strip_prefix(call) {
            let left = left.trim_start_matches([' ', '\t']);
            return fixed(left, ")", token);
        }
    }
    if let Some(left) = rest.strip_prefix("has(") {
        let (key, left) = key(left.trim_start_matches([' ', '\t']))?;
        let left = left.trim_start_matches([' ', '\t']);
        return fixed(left, ")", Token::Has(key.to_owned()));
    }
    let (key, left) = key(rest)?;
    Ok((Token::Key(key.to_owned()), left))
}

fn key(rest: &str) -> Result<(&str, &str), String> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    let end = rest.find(|c| !is_key(c)).unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((key, left)) if !key.is_empty() => Ok((key, left)),
        _ => Err("unexpected characters".to_owned()),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: u32,
}

impl Parser {
    fn any(&mut self) -> Result<Selector, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX}"));
        }
        let mut parts = vec![self.every()?];
        while self.tokens.next_if_eq(&Token::Or).is_some() {
            parts.push(self.every()?);
        }
        self.depth -= 1;
        Ok(single_or(parts, Selector::Or))
    }

    fn every(&mut self) -> Result<Selector, String> {
        let mut parts = vec![self.one()?];
        while self.tokens.next_if_eq(&Token::And).is_some() {
            parts.push(self.one()?);
        }
        Ok(single_or(parts, Selector::And))
    }

    fn one(&mut self) -> Result<Selector, String> {
        let mut is_negated = false;
        while self.tokens.next_if_eq(&Token::Not).is_some() {
            is_negated = !is_negated;
        }
        let found = match self.tokens.next() {
            Some(Token::All) => Selector::All,
            Some(Token::Global) => Selector::Global,
            Some(Token::Has(key)) => Selector::Label(key, Test::Exists),
            Some(Token::Key(key)) => self.test(key)?,
            Some(Token::Open) => {
                let inner = self.any()?;
                if self.tokens.next() != Some(Token::Close) {
                    return Err("expected `)`".to_owned());
                }
                inner
            }
            _ => return Err("expected a label, a function or `(`".to_owned()),
        };
        Ok(if is_negated {
            Selector::Not(Box::new(found))
        } else {
            found
        })
    }

    fn test(&mut self, key: String) -> Result<Selector, String> {
        let test = match self.tokens.next() {
            Some(Token::Equal) => Test::In(vec![self.text()?]),
            Some(Token::NotEqual) => Test::NotIn(vec![self.text()?]),
            Some(Token::Contains) => Test::Contains(self.text()?),
            Some(Token::StartsWith) => Test::StartsWith(self.text()?),
            Some(Token::EndsWith) => Test::EndsWith(self.text()?),
            Some(Token::In) => Test::In(self.set()?),
            Some(Token::NotIn) => Test::NotIn(self.set()?),
            _ => return Err("expected an operator after a label".to_owned()),
        };
        Ok(Selector::Label(key, test))
    }

    fn text(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err("expected a quoted text".to_owned()),
        }
    }

    fn set(&mut self) -> Result<Vec<String>, String> {
        if self.tokens.next() != Some(Token::OpenSet) {
            return Err("expected a set in braces".to_owned());
        }
        let mut values = Vec::new();
        while let Some(Token::Text(text)) =
            self.tokens.next_if(|token| matches!(token, Token::Text(_)))
        {
            values.push(text);
            if self.tokens.next_if_eq(&Token::Comma).is_none() {
                break;
            }
        }
        match self.tokens.next() {
            Some(Token::CloseSet) => Ok(values),
            _ => Err("expected `}`".to_owned()),
        }
    }
}

fn single_or(mut parts: Vec<Selector>, many: impl FnOnce(Vec<Selector>) -> Selector) -> Selector {
    match (parts.pop(), parts.is_empty()) {
        (Some(last), true) => last,
        (Some(last), false) => {
            parts.push(last);
            many(parts)
        }
        (None, _) => Selector::All,
    }
}

#[cfg(test)]
mod tests;
