//! Exceptions of a rule: `condition and not (exception or exception ...)` (Falco documentation, "Rule
//! exceptions").

use serde_json::Value;

use super::files::{ExceptionText, scalar};
use super::parse::{Comparison, Expression, FieldName, LetterChange, Operator};
use super::words::{Word, Words};

/// The condition with its exceptions taken out.
pub(super) fn with_exceptions(
    condition: Expression,
    exceptions: &[ExceptionText],
) -> Result<Expression, String> {
    let mut excepted = Vec::new();
    for exception in exceptions {
        if !exception.values.is_empty() {
            excepted.push(
                one(exception).map_err(|text| format!("exception `{}`: {text}", exception.name))?,
            );
        }
    }
    if excepted.is_empty() {
        return Ok(condition);
    }
    let excepted = Expression::Or(excepted);
    Ok(Expression::And(vec![
        condition,
        Expression::Not(Box::new(excepted)),
    ]))
}

fn one(exception: &ExceptionText) -> Result<Expression, String> {
    match &exception.fields {
        Value::Array(fields) => {
            let fields: Vec<FieldName> = fields.iter().map(field_name).collect::<Result<_, _>>()?;
            let operators = operators(&exception.comps, fields.len())?;
            let rows = exception
                .values
                .iter()
                .map(|row| one_row(&fields, &operators, row));
            Ok(Expression::Or(rows.collect::<Result<_, _>>()?))
        }
        Value::String(_) => {
            let operator = match &exception.comps {
                Value::Null => Operator::In,
                name => operator(name)?,
            };
            let field = field_name(&exception.fields)?;
            if operator.takes_list() {
                let values = exception.values.iter().flat_map(words).collect();
                return Ok(comparison(field, operator, values));
            }
            let each = exception
                .values
                .iter()
                .map(|value| comparison(field.clone(), operator, words(value)));
            Ok(Expression::Or(each.collect()))
        }
        _ => Err("it needs `fields`".to_owned()),
    }
}

/// One row of values: every field agrees with its value.
fn one_row(
    fields: &[FieldName],
    operators: &[Operator],
    row: &Value,
) -> Result<Expression, String> {
    let Some(values) = row.as_array().filter(|row| row.len() == fields.len()) else {
        return Err(format!(
            "each of its values must be a list of {}",
            fields.len()
        ));
    };
    let parts = fields.iter().zip(operators).zip(values);
    Ok(Expression::And(
        parts
            .map(|((field, operator), value)| comparison(field.clone(), *operator, words(value)))
            .collect(),
    ))
}

fn operators(names: &Value, count: usize) -> Result<Vec<Operator>, String> {
    match names {
        Value::Null => Ok(vec![Operator::Equal; count]),
        Value::Array(names) if names.len() == count => names.iter().map(operator).collect(),
        _ => Err(format!("`comps` must be a list of {count}")),
    }
}

fn operator(name: &Value) -> Result<Operator, String> {
    let name = scalar(name);
    Operator::from_name(&name).ok_or_else(|| format!("there is no operator `{name}`"))
}

fn field_name(value: &Value) -> Result<FieldName, String> {
    let text = scalar(value);
    let mut reader = Words::new(&text);
    let name = reader.name().unwrap_or_default().to_owned();
    let argument = reader.argument().map_err(|error| error.text)?;
    if name.is_empty() || !reader.is_at_end() {
        return Err(format!("`{text}` is no field"));
    }
    Ok(FieldName {
        name,
        argument,
        letters: LetterChange::None,
    })
}

/// A value, or the values of a list; names of lists are resolved later, as in a condition.
fn words(value: &Value) -> Vec<Word> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    let word = |value: &Value| Word {
        text: scalar(value),
        is_quoted: false,
    };
    values.iter().map(word).collect()
}

fn comparison(field: FieldName, operator: Operator, values: Vec<Word>) -> Expression {
    Expression::Comparison(Comparison {
        field,
        operator,
        values,
    })
}
