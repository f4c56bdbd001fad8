//! LEAVES: YAML, the same documents as [`crate::json`].

use crate::Answer;
use crate::clean::{REPLACEMENT, is_unsafe};
use crate::document::Document;

/// One document. Characters that could hide text are replaced by U+FFFD, as in text for people: YAML is
/// the form that people read; programs that need every character take JSON.
pub fn yaml(answer: &Answer<'_>) -> String {
    match serde_saphyr::to_string(&Document::of(answer)) {
        // Such a character can stand only inside a scalar, where U+FFFD may stand as well.
        Ok(text) => text
            .chars()
            .map(|character| match character {
                '\n' => '\n',
                other if is_unsafe(other) => REPLACEMENT,
                other => other,
            })
            .collect(),
        Err(error) => format!("kind: error\nerror: {:?}\n", error.to_string()),
    }
}
