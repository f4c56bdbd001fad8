//! Conditions ready to run: macros put in place, lists expanded, fields resolved.

use std::collections::BTreeMap;

use super::super::formula::{Check, Formula, Letters, Pattern};
use super::super::reading::Reading;
use super::compare::{self, Operand};
use super::extract::{Extracted, extract};
use super::fields::{Field, TimeForm};
use super::files::Definitions;
use super::parse::{self, Comparison, Expression, LetterChange, NESTING_MAX, Operator};
use super::words::Word;

/// Most parts that a condition may have once its macros are in place, and most values of a list. The
/// largest public rule has 400; macros that double in twenty steps have a million.
pub(crate) const PARTS_MAX: usize = 50_000;

/// Deepest nesting of a condition once its macros are in place; public rules reach 12. Deeper only serves to
/// exhaust a stack.
const DEPTH_MAX: usize = 400;

/// A condition.
#[derive(Debug)]
pub(super) enum Condition {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

/// One comparison.
#[derive(Debug)]
pub(super) struct Test {
    name: String,
    field: Field,
    letters: LetterChange,
    operator: Operator,
    operand: Operand,
    values: Vec<String>,
}

impl Condition {
    /// Whether an event satisfies it.
    pub(super) fn holds(&self, reading: &Reading<'_>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(reading)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(reading)),
            Self::Not(part) => !part.holds(reading),
            Self::Test(test) => test.holds(reading),
        }
    }

    /// What it says of the facts that decide early.
    pub(super) fn formula(&self) -> Formula {
        match self {
            Self::And(parts) => Formula::And(parts.iter().map(Self::formula).collect()),
            Self::Or(parts) => Formula::Or(parts.iter().map(Self::formula).collect()),
            Self::Not(part) => Formula::Not(Box::new(part.formula())),
            Self::Test(test) => test.formula(),
        }
    }
}

impl Test {
    fn holds(&self, reading: &Reading<'_>) -> bool {
        let found = changed(extract(&self.field, reading), self.letters);
        compare::holds(self.operator, &self.operand, &found)
    }

    fn formula(&self) -> Formula {
        match &self.field {
            Field::Constant(text) => {
                let found = Extracted::One((*text).into());
                return Formula::Constant(compare::holds(self.operator, &self.operand, &found));
            }
            // The smallest time of an event is 1000 ns: this is how rules spell "always" and "never".
            Field::Time(TimeForm::Nanoseconds) => match (self.operator, self.values.as_slice()) {
                (Operator::Exists, _) => return Formula::Constant(true),
                (Operator::Equal, [zero]) if zero == "0" => return Formula::Constant(false),
                _ => return Formula::Open,
            },
            _ => {}
        }
        let is_plain = self.letters == LetterChange::None && !self.field.is_list();
        let each = |pattern: fn(String) -> Pattern| {
            self.values.iter().cloned().map(pattern).collect::<Vec<_>>()
        };
        let patterns = match self.operator {
            Operator::Exists => vec![Pattern::Present],
            // An element of a list that must be one of these, and the values of a text.
            Operator::In if is_plain => each(Pattern::Equals),
            Operator::Intersects if is_plain => each(Pattern::Equals),
            Operator::Equal if is_plain => each(Pattern::Equals),
            Operator::Differs if is_plain => each(Pattern::Differs),
            Operator::StartsWith if is_plain => each(Pattern::Prefix),
            Operator::EndsWith if is_plain => each(Pattern::Suffix),
            Operator::Contains if is_plain => each(Pattern::Contains),
            Operator::In | Operator::Intersects if self.values.is_empty() => Vec::new(),
            _ => vec![Pattern::Opaque],
        };
        Formula::Check(Check {
            fact: self.field.fact(),
            field: self.name.clone(),
            patterns,
            letters: Letters::Exact,
        })
    }
}

fn changed(found: Extracted<'_>, letters: LetterChange) -> Extracted<'_> {
    let change = match letters {
        LetterChange::None => return found,
        LetterChange::Lower => str::to_lowercase,
        LetterChange::Upper => str::to_uppercase,
    };
    match found {
        Extracted::None => Extracted::None,
        Extracted::One(value) => Extracted::One(change(&value).into()),
        Extracted::Many(values) => {
            Extracted::Many(values.iter().map(|value| change(value).into()).collect())
        }
    }
}

/// Puts conditions together from what the files define.
#[derive(Debug)]
pub(super) struct Resolver<'d> {
    definitions: &'d Definitions,
    macros: BTreeMap<&'d str, Result<Expression, String>>,
    parts: usize,
    depth: usize,
}

impl<'d> Resolver<'d> {
    pub(super) const fn new(definitions: &'d Definitions) -> Self {
        Self {
            definitions,
            macros: BTreeMap::new(),
            parts: 0,
            depth: 0,
        }
    }

    /// A rule's condition, made ready.
    pub(super) fn resolve(&mut self, expression: &Expression) -> Result<Condition, String> {
        self.parts = 0;
        self.depth = 0;
        self.part(expression, &mut Vec::new())
    }

    fn part(
        &mut self,
        expression: &Expression,
        inside: &mut Vec<String>,
    ) -> Result<Condition, String> {
        self.parts = self.parts.saturating_add(1);
        if self.parts > PARTS_MAX {
            return Err(format!("its macros make more than {PARTS_MAX} parts"));
        }
        if self.depth >= DEPTH_MAX {
            return Err(format!("its macros nest deeper than {DEPTH_MAX}"));
        }
        self.depth = self.depth.saturating_add(1);
        let condition = self.one(expression, inside);
        self.depth = self.depth.saturating_sub(1);
        condition
    }

    fn one(
        &mut self,
        expression: &Expression,
        inside: &mut Vec<String>,
    ) -> Result<Condition, String> {
        Ok(match expression {
            Expression::And(parts) => Condition::And(self.each(parts, inside)?),
            Expression::Or(parts) => Condition::Or(self.each(parts, inside)?),
            Expression::Not(part) => Condition::Not(Box::new(self.part(part, inside)?)),
            Expression::Macro(name) => {
                if inside.contains(name) || inside.len() >= NESTING_MAX {
                    return Err(format!("the macro `{name}` contains itself"));
                }
                let expression = self.macro_expression(name)?;
                inside.push(name.clone());
                let condition = self.part(&expression, inside);
                inside.pop();
                condition?
            }
            Expression::Comparison(comparison) => Condition::Test(self.test(comparison)?),
        })
    }

    fn each(
        &mut self,
        parts: &[Expression],
        inside: &mut Vec<String>,
    ) -> Result<Vec<Condition>, String> {
        parts.iter().map(|part| self.part(part, inside)).collect()
    }

    fn macro_expression(&mut self, name: &str) -> Result<Expression, String> {
        let Some((name, text)) = self.definitions.macros.get_key_value(name) else {
            return Err(format!("there is no macro `{name}`"));
        };
        self.macros
            .entry(name.as_str())
            .or_insert_with(|| {
                parse::parse(text).map_err(|error| {
                    format!("macro `{name}`, at byte {}: {}", error.at_byte, error.text)
                })
            })
            .clone()
    }

    fn test(&mut self, comparison: &Comparison) -> Result<Test, String> {
        let field = Field::resolve(&comparison.field)?;
        let values = self.values(comparison)?;
        self.parts = self.parts.saturating_add(values.len());
        let name = match &comparison.field.argument {
            Some(argument) => format!("{}[{argument}]", comparison.field.name),
            None => comparison.field.name.clone(),
        };
        Ok(Test {
            operand: compare::operand(comparison.operator, values.clone())
                .map_err(|text| format!("`{name}`: {text}"))?,
            name,
            field,
            letters: comparison.field.letters,
            operator: comparison.operator,
            values,
        })
    }

    /// Values with the names of lists replaced by their items, as Falco replaces them in the text.
    fn values(&self, comparison: &Comparison) -> Result<Vec<String>, String> {
        if !comparison.operator.takes_list() {
            return Ok(comparison
                .values
                .iter()
                .map(|word| word.text.clone())
                .collect());
        }
        let mut values = Vec::new();
        for word in &comparison.values {
            self.expand(word, &mut Vec::new(), &mut values)?;
        }
        Ok(values)
    }

    fn expand<'w>(
        &'w self,
        word: &'w Word,
        inside: &mut Vec<&'w str>,
        values: &mut Vec<String>,
    ) -> Result<(), String> {
        match self.definitions.lists.get(&word.text) {
            Some(items) if !word.is_quoted => self.items(&word.text, items, inside, values),
            _ => {
                values.push(word.text.clone());
                Ok(())
            }
        }
    }

    fn items<'w>(
        &'w self,
        name: &'w str,
        items: &'w [String],
        inside: &mut Vec<&'w str>,
        values: &mut Vec<String>,
    ) -> Result<(), String> {
        if inside.contains(&name) || inside.len() >= NESTING_MAX {
            return Err(format!("the list `{name}` contains itself"));
        }
        inside.push(name);
        for item in items {
            if values.len() > PARTS_MAX {
                return Err(format!("the list `{name}` has more than {PARTS_MAX} items"));
            }
            match self.definitions.lists.get(item) {
                Some(nested) => self.items(item, nested, inside, values)?,
                None => values.push(item.clone()),
            }
        }
        inside.pop();
        Ok(())
    }
}
