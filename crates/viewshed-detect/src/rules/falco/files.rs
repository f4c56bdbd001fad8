//! Rule files as written: rules, macros and lists by name, with everything that later files append or
//! override (Falco documentation, "Appending and overriding rules").

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::super::problem::{Effect, Problems, RuleProblem};

/// A rule before its condition is read.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleText {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) line: Option<u32>,
    pub(super) condition: String,
    pub(super) output: String,
    pub(super) priority: String,
    pub(super) source: String,
    pub(super) tags: Vec<String>,
    pub(super) exceptions: Vec<ExceptionText>,
    pub(super) is_enabled: bool,
}

/// An exception as written; values of several files add up.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExceptionText {
    pub(super) name: String,
    pub(super) fields: Value,
    pub(super) comps: Value,
    pub(super) values: Vec<Value>,
}

/// Everything that the files define.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    /// In the order of their first definition.
    pub(super) rules: Vec<RuleText>,
    /// Conditions by name.
    pub(super) macros: BTreeMap<String, String>,
    /// Items by name.
    pub(super) lists: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    rule: Option<String>,
    #[serde(rename = "macro")]
    macro_name: Option<String>,
    list: Option<String>,
    condition: Option<Value>,
    items: Option<Vec<Value>>,
    output: Option<String>,
    priority: Option<String>,
    source: Option<String>,
    tags: Option<Vec<String>>,
    exceptions: Option<Vec<ExceptionText>>,
    enabled: Option<bool>,
    append: Option<bool>,
    #[serde(rename = "override")]
    overrides: BTreeMap<String, String>,
}

/// What is done with a key of a later definition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Replace,
    Append,
}

impl Item {
    /// How each key changes what stands already; `None` for a definition of its own.
    fn change(&self, key: &str) -> Result<Option<Change>, String> {
        match self.overrides.get(key).map(String::as_str) {
            Some("append") => Ok(Some(Change::Append)),
            Some("replace") => Ok(Some(Change::Replace)),
            Some(other) => Err(format!(
                "`override` knows `append` and `replace`, not `{other}`"
            )),
            None if self.append == Some(true) => Ok(Some(Change::Append)),
            None => Ok(None),
        }
    }

    fn is_change(&self) -> bool {
        self.append == Some(true) || !self.overrides.is_empty()
    }

    fn condition_text(&self) -> Option<String> {
        self.condition.as_ref().map(scalar)
    }
}

/// Whether a text looks like a file of Falco rules: a list whose items define rules, macros or lists.
pub(crate) fn is_falco(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        [
            "- rule:",
            "- macro:",
            "- list:",
            "- required_engine_version:",
            "- required_plugin_versions:",
        ]
        .iter()
        .any(|start| line.starts_with(start))
    })
}

impl Definitions {
    /// Reads one file on top of those before it.
    pub(super) fn read(&mut self, file: &str, text: &str, problems: &mut Problems) {
        match serde_saphyr::from_str::<Vec<Spanned<Value>>>(text) {
            Ok(items) => {
                for item in items {
                    let line = line_of(&item, 0);
                    self.item(file, line, item.value, problems);
                }
            }
            Err(_) => self.read_in_parts(file, text, problems),
        }
    }

    /// A file that is no YAML as a whole: item by item, so that one broken rule costs one rule.
    fn read_in_parts(&mut self, file: &str, text: &str, problems: &mut Problems) {
        for (first_line, part) in parts(text) {
            match serde_saphyr::from_str::<Vec<Spanned<Value>>>(&part) {
                Ok(items) => {
                    for item in items {
                        let line = line_of(&item, first_line);
                        self.item(file, line, item.value, problems);
                    }
                }
                Err(error) => {
                    let inside = error.location().map_or(1, |location| location.line());
                    problems.add(RuleProblem {
                        file: file.to_owned(),
                        line: u32::try_from(inside)
                            .ok()
                            .map(|line| first_line.saturating_add(line)),
                        rule: name_in(&part),
                        effect: Effect::RuleSkipped,
                        text: format!("no YAML: {}", error.without_snippet()),
                    });
                }
            }
        }
    }

    fn item(&mut self, file: &str, line: Option<u32>, value: Value, problems: &mut Problems) {
        let name = ["rule", "macro", "list"]
            .iter()
            .find_map(|key| value.get(key)?.as_str())
            .map(str::to_owned);
        let outcome = match serde_json::from_value::<Item>(value.clone()) {
            Err(error) => Err(error.to_string()),
            Ok(item) => self.apply(file, line, &item),
        };
        match outcome {
            Ok(Outcome::Done) => {}
            Ok(Outcome::Ignored) => {
                let keys = value
                    .as_object()
                    .map(|map| map.keys().cloned().collect::<Vec<_>>().join(", "));
                problems.note(
                    file,
                    line,
                    format!("`{}` is not looked at", keys.unwrap_or_default()),
                );
            }
            Err(text) => problems.add(RuleProblem {
                file: file.to_owned(),
                line,
                rule: name,
                effect: Effect::RuleSkipped,
                text,
            }),
        }
    }

    fn apply(&mut self, file: &str, line: Option<u32>, item: &Item) -> Result<Outcome, String> {
        if let Some(name) = &item.list {
            self.list(name, item)?;
        } else if let Some(name) = &item.macro_name {
            self.macro_condition(name, item)?;
        } else if let Some(name) = &item.rule {
            match self.rules.iter().position(|rule| rule.name == *name) {
                Some(at) if item.is_change() || is_switch(item) => {
                    if let Some(rule) = self.rules.get_mut(at) {
                        change_rule(rule, item)?;
                    }
                }
                None if item.is_change() || is_switch(item) => {
                    return Err(format!("no rule `{name}` stands before this change of it"));
                }
                known => {
                    let rule = new_rule(file, line, name, item)?;
                    match known.and_then(|at| self.rules.get_mut(at)) {
                        Some(place) => *place = rule,
                        None => self.rules.push(rule),
                    }
                }
            }
        } else {
            return Ok(Outcome::Ignored);
        }
        Ok(Outcome::Done)
    }

    fn list(&mut self, name: &str, item: &Item) -> Result<(), String> {
        let Some(items) = &item.items else {
            return Err("a list needs `items`".to_owned());
        };
        let items = items.iter().map(scalar);
        match (item.change("items")?, self.lists.get_mut(name)) {
            (Some(Change::Append), Some(list)) => list.extend(items),
            (Some(Change::Append), None) => {
                return Err(format!("no list `{name}` stands before this change of it"));
            }
            (Some(Change::Replace) | None, _) => {
                self.lists.insert(name.to_owned(), items.collect());
            }
        }
        Ok(())
    }

    fn macro_condition(&mut self, name: &str, item: &Item) -> Result<(), String> {
        let Some(condition) = item.condition_text() else {
            return Err("a macro needs a `condition`".to_owned());
        };
        match (item.change("condition")?, self.macros.get_mut(name)) {
            (Some(Change::Append), Some(text)) => append(text, &condition),
            (Some(Change::Append), None) => {
                return Err(format!("no macro `{name}` stands before this change of it"));
            }
            (Some(Change::Replace) | None, _) => {
                self.macros.insert(name.to_owned(), condition);
            }
        }
        Ok(())
    }
}

enum Outcome {
    Done,
    Ignored,
}

/// `- rule: X` with nothing but `enabled`.
fn is_switch(item: &Item) -> bool {
    item.enabled.is_some() && item.condition.is_none() && item.output.is_none()
}

fn new_rule(file: &str, line: Option<u32>, name: &str, item: &Item) -> Result<RuleText, String> {
    let needed =
        |value: Option<String>, key: &str| value.ok_or_else(|| format!("a rule needs `{key}`"));
    Ok(RuleText {
        name: name.to_owned(),
        file: file.to_owned(),
        line,
        condition: needed(item.condition_text(), "condition")?,
        output: needed(item.output.clone(), "output")?,
        priority: needed(item.priority.clone(), "priority")?,
        // A rule that names no source is about system calls.
        source: item.source.clone().unwrap_or_else(|| "syscall".to_owned()),
        tags: item.tags.clone().unwrap_or_default(),
        exceptions: item.exceptions.clone().unwrap_or_default(),
        is_enabled: item.enabled.unwrap_or(true),
    })
}

fn change_rule(rule: &mut RuleText, item: &Item) -> Result<(), String> {
    if let Some(condition) = item.condition_text() {
        change_text(&mut rule.condition, &condition, item.change("condition")?);
    }
    if let Some(output) = &item.output {
        change_text(&mut rule.output, output, item.change("output")?);
    }
    if let Some(priority) = &item.priority {
        rule.priority.clone_from(priority);
    }
    if let Some(enabled) = item.enabled {
        rule.is_enabled = enabled;
    }
    if let Some(tags) = &item.tags {
        if item.change("tags")? != Some(Change::Append) {
            rule.tags.clear();
        }
        rule.tags.extend(tags.iter().cloned());
    }
    if let Some(exceptions) = &item.exceptions {
        if item.change("exceptions")? != Some(Change::Append) {
            rule.exceptions.clear();
        }
        for exception in exceptions {
            add_exception(&mut rule.exceptions, exception);
        }
    }
    Ok(())
}

/// Values join those of the exception with the same name; a new name is a new exception.
fn add_exception(exceptions: &mut Vec<ExceptionText>, added: &ExceptionText) {
    match exceptions.iter_mut().find(|one| one.name == added.name) {
        Some(known) => {
            known.values.extend(added.values.iter().cloned());
            if !added.fields.is_null() {
                known.fields = added.fields.clone();
                known.comps = added.comps.clone();
            }
        }
        None => exceptions.push(added.clone()),
    }
}

fn change_text(text: &mut String, new: &str, change: Option<Change>) {
    match change {
        Some(Change::Append) => append(text, new),
        Some(Change::Replace) | None => new.clone_into(text),
    }
}

/// Falco joins the texts, and reads the sum.
fn append(text: &mut String, more: &str) {
    text.push(' ');
    text.push_str(more);
}

/// A scalar as text.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn line_of(item: &Spanned<Value>, before: u32) -> Option<u32> {
    u32::try_from(item.referenced.line())
        .ok()
        .filter(|line| *line > 0)
        .map(|line| line.saturating_add(before))
}

/// The items of a list, each with the number of lines before it.
fn parts(text: &str) -> Vec<(u32, String)> {
    let mut parts: Vec<(u32, String)> = Vec::new();
    for (at, line) in (0_u32..).zip(text.lines()) {
        if line.starts_with("- ") || parts.is_empty() {
            parts.push((at, String::new()));
        }
        if let Some((_, part)) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts.retain(|(_, part)| part.starts_with("- "));
    parts
}

/// The name that a broken item seems to define.
fn name_in(part: &str) -> Option<String> {
    part.lines().find_map(|line| {
        let line = line.trim_start().trim_start_matches("- ");
        ["rule:", "macro:", "list:"]
            .iter()
            .find_map(|key| line.strip_prefix(key))
            .map(|name| name.trim().to_owned())
    })
}
