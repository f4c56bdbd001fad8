//! The grammar of conditions, after `filter/parser.h` in falcosecurity/libs.
//!
//! ```text
//! or    = and { "or" and }
//! and   = not { "and" not }
//! not   = { "not" } check
//! check = "(" or ")" | macro | field operator [value]
//! field = name [ "[" argument "]" ] | ("tolower" | "toupper") "(" field ")"
//! ```

use super::words::{Word, Words};

/// Longest condition, in bytes: the longest public one has 3 KB. A longer one is refused.
pub(crate) const CONDITION_BYTES_MAX: usize = 64 * 1024;

/// Deepest nesting of parentheses and `not`; public rules need 5. Falco refuses at 100, deeper only serves
/// to exhaust a stack.
pub(crate) const NESTING_MAX: usize = 100;

/// Why a condition cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConditionError {
    /// Where, in bytes from the start of the condition.
    pub(crate) at_byte: usize,
    pub(crate) text: String,
}

/// A condition as written: macros and lists by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Macro(String),
    Comparison(Comparison),
}

/// `field operator values`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) field: FieldName,
    pub(crate) operator: Operator,
    /// One for most operators, any number for sets, none for `exists`.
    pub(crate) values: Vec<Word>,
}

/// A field as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldName {
    pub(crate) name: String,
    pub(crate) argument: Option<String>,
    pub(crate) letters: LetterChange,
}

/// `tolower(field)`, `toupper(field)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LetterChange {
    None,
    Lower,
    Upper,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Exists,
    In,
    Intersects,
    PathMatch,
    Equal,
    Differs,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    ContainsFolded,
    ContainsBytes,
    StartsWith,
    StartsWithBytes,
    EndsWith,
    Glob,
    GlobFolded,
}

/// Spelling and meaning; longer spellings stand before their beginnings.
const OPERATORS: [(&str, Operator); 19] = [
    ("exists", Operator::Exists),
    ("intersects", Operator::Intersects),
    ("icontains", Operator::ContainsFolded),
    ("in", Operator::In),
    ("pmatch", Operator::PathMatch),
    ("bcontains", Operator::ContainsBytes),
    ("contains", Operator::Contains),
    ("bstartswith", Operator::StartsWithBytes),
    ("startswith", Operator::StartsWith),
    ("endswith", Operator::EndsWith),
    ("iglob", Operator::GlobFolded),
    ("glob", Operator::Glob),
    ("==", Operator::Equal),
    ("=", Operator::Equal),
    ("!=", Operator::Differs),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Operator {
    /// The operator of an exception's `comps`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        OPERATORS
            .iter()
            .find(|(spelling, _)| *spelling == name)
            .map(|(_, operator)| *operator)
    }

    /// Whether it takes a list of values.
    pub(crate) const fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::Intersects | Self::PathMatch)
    }
}

/// Reads a whole condition.
pub(crate) fn parse(text: &str) -> Result<Expression, ConditionError> {
    let mut words = Words::new(text);
    if text.len() > CONDITION_BYTES_MAX {
        return Err(words.error(format!(
            "the condition is longer than {CONDITION_BYTES_MAX} bytes"
        )));
    }
    let expression = either(&mut words, 0)?;
    if words.is_at_end() {
        Ok(expression)
    } else {
        Err(words.error("`and`, `or` or the end is expected here"))
    }
}

fn either(words: &mut Words<'_>, depth: usize) -> Result<Expression, ConditionError> {
    let first = both(words, depth)?;
    let mut parts = vec![first];
    while words.take_word("or") {
        parts.push(both(words, depth)?);
    }
    Ok(joined(parts, Expression::Or))
}

fn both(words: &mut Words<'_>, depth: usize) -> Result<Expression, ConditionError> {
    let first = negated(words, depth)?;
    let mut parts = vec![first];
    while words.take_word("and") {
        parts.push(negated(words, depth)?);
    }
    Ok(joined(parts, Expression::And))
}

/// A single part stands for itself.
fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return only;
    }
    join(parts)
}

fn negated(words: &mut Words<'_>, depth: usize) -> Result<Expression, ConditionError> {
    let mut negations = 0_usize;
    while words.take_word("not") {
        negations = negations.saturating_add(1);
    }
    let part = check(words, depth)?;
    Ok(if negations.is_multiple_of(2) {
        part
    } else {
        Expression::Not(Box::new(part))
    })
}

fn check(words: &mut Words<'_>, depth: usize) -> Result<Expression, ConditionError> {
    if depth >= NESTING_MAX {
        return Err(words.error(format!("more than {NESTING_MAX} nested parentheses")));
    }
    if words.take("(") {
        let inside = either(words, depth.saturating_add(1))?;
        return if words.take(")") {
            Ok(inside)
        } else {
            Err(words.error("a closing `)` is missing"))
        };
    }
    let is_keyword = ["and", "or"]
        .iter()
        .any(|word| words.clone().take_word(word));
    let field = if is_keyword { None } else { field(words)? };
    let Some(field) = field else {
        words.skip_blanks();
        return Err(words.error("a field, a macro or `(` is expected here"));
    };
    let Some(operator) = operator(words) else {
        let is_macro = !field.name.contains('.') && field.argument.is_none();
        return if is_macro && field.letters == LetterChange::None {
            Ok(Expression::Macro(field.name))
        } else {
            Err(words.error(format!("an operator is expected after `{}`", field.name)))
        };
    };
    let values = values(words, operator)?;
    Ok(Expression::Comparison(Comparison {
        field,
        operator,
        values,
    }))
}

fn field(words: &mut Words<'_>) -> Result<Option<FieldName>, ConditionError> {
    let letters = if words.take("tolower(") {
        LetterChange::Lower
    } else if words.take("toupper(") {
        LetterChange::Upper
    } else {
        LetterChange::None
    };
    let Some(name) = words.name() else {
        return Ok(None);
    };
    let argument = words.argument()?;
    if letters != LetterChange::None && !words.take(")") {
        return Err(words.error("a closing `)` is missing"));
    }
    Ok(Some(FieldName {
        name: name.to_owned(),
        argument,
        letters,
    }))
}

fn operator(words: &mut Words<'_>) -> Option<Operator> {
    let is_sign = |spelling: &str| !spelling.starts_with(|next: char| next.is_ascii_alphabetic());
    OPERATORS
        .iter()
        .find(|(spelling, _)| {
            if is_sign(spelling) {
                words.take(spelling)
            } else {
                words.take_word(spelling)
            }
        })
        .map(|(_, operator)| *operator)
}

fn values(words: &mut Words<'_>, operator: Operator) -> Result<Vec<Word>, ConditionError> {
    if operator == Operator::Exists {
        return Ok(Vec::new());
    }
    if !operator.takes_list() || !words.take("(") {
        return Ok(vec![words.value()?]);
    }
    let mut values = Vec::new();
    loop {
        if words.take(")") {
            return Ok(values);
        }
        values.push(words.value()?);
        if !words.take(",") {
            return if words.take(")") {
                Ok(values)
            } else {
                Err(words.error("`,` or `)` is expected here"))
            };
        }
    }
}
