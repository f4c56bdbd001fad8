//! ENTERS: `viewshed reach --questions`: questions about connections, line by line, in bulk.
//!
//! One pass with bounded memory: a line is read, decided and answered before the next one is read. The
//! answer is the line's own object with `verdict`, `because` and what belongs to them added, so that
//! fields unknown to us come out again; a line that is no question keeps its place with an `error`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value};
use viewshed_analyze::network::EstateNetwork;
use viewshed_decode::questions::LINE_BYTES_MAX;
use viewshed_model::{Gap, ReachQuestion, ReachVerdict};
use viewshed_report::json;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};
use crate::questions::{NAMED_LINES_MAX, WRITE_BYTES, cannot_write, create, each, open};
use crate::terminal;

/// Answers every line of the file; `-` is standard input.
///
/// # Errors
/// When the file cannot be opened or read, or the output cannot be written.
pub(super) fn run(
    path: &Path,
    (network, unread): (&EstateNetwork<'_>, &[Gap]),
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let input = open(path)?;
    let mut answering = Answering::new(network, create(output)?);
    each(input, path, |number, line| answering.answer(number, line))?;
    answering
        .finish(unread)
        .map_err(|error| cannot_write(&error))
}

struct Answering<'a, 'e> {
    network: &'a EstateNetwork<'e>,
    out: Box<dyn Write>,
    buffer: Vec<u8>,
    /// Answers that depend on missing facts.
    uncertain: u64,
    /// Lines that are no question, or ask about places that are not there.
    refused: u64,
    /// Fields that no question has and that were named, [`NAMED_LINES_MAX`] at most.
    unknown: BTreeSet<String>,
}

/// The fields of a question, and `id`, which is the asker's own.
const FIELDS: [&str; 5] = ["from", "to", "port", "protocol", "id"];

impl<'a, 'e> Answering<'a, 'e> {
    fn new(network: &'a EstateNetwork<'e>, out: Box<dyn Write>) -> Self {
        Self {
            network,
            out,
            buffer: Vec::with_capacity(WRITE_BYTES * 2),
            uncertain: 0,
            refused: 0,
            unknown: BTreeSet::new(),
        }
    }

    fn answer(&mut self, number: u64, line: &[u8]) -> io::Result<()> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let (mut object, judged) = match parse(line) {
            Err(error) => (Map::new(), Err(error)),
            Ok(object) => {
                self.name_unknown(number, &object);
                let judged = self.judge(&object);
                (object, judged)
            }
        };
        match judged {
            Ok(fields) => object.extend(fields),
            Err(error) => {
                let text = viewshed_report::clean(&format!("line {number}: {error}")).into_owned();
                self.refused += 1;
                if self.refused <= NAMED_LINES_MAX {
                    terminal::say(&format!("warning: {text}"));
                }
                object.insert("error".to_owned(), text.into());
            }
        }
        self.buffer
            .extend_from_slice(json::object_line(&object).as_bytes());
        if self.buffer.len() >= WRITE_BYTES {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Warns once of every field that is not read: `proto` for `protocol` would be another question.
    fn name_unknown(&mut self, number: u64, object: &Map<String, Value>) {
        let fields = object.keys().filter(|key| !FIELDS.contains(&key.as_str()));
        for field in fields {
            let is_full = self.unknown.len() as u64 >= NAMED_LINES_MAX;
            if is_full || !self.unknown.insert(field.clone()) {
                continue;
            }
            let text = format!(
                "warning: line {number}: field `{field}` is not read: a question has `from`, `to`, `port`, `protocol`"
            );
            terminal::say(&viewshed_report::clean(&text));
        }
    }

    fn judge(&mut self, object: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        sound_port(object)?;
        let question: ReachQuestion = serde_json::from_value(Value::Object(object.clone()))
            .map_err(|error| format!("no question: {error}"))?;
        let answer = self
            .network
            .answer(&question)
            .map_err(|error| error.to_string())?;
        if answer.verdict == ReachVerdict::Depends {
            self.uncertain += 1;
        }
        Ok(json::judged(&answer))
    }

    /// `unread` is what of the estate could not be read.
    fn finish(mut self, unread: &[Gap]) -> io::Result<Outcome> {
        self.out.write_all(&self.buffer)?;
        self.out.flush()?;
        if self.refused > NAMED_LINES_MAX {
            terminal::say(&format!("warning: {} lines have no answer", self.refused));
        }
        if let Some(text) = super::assumed(self.network) {
            terminal::say(&viewshed_report::clean(&text));
        }
        for gap in unread.iter().chain(&self.network.gaps()) {
            let text = format!("warning: {}: {}: {}", gap.source, gap.what, gap.detail);
            terminal::say(&viewshed_report::clean(&text));
        }
        Ok(Outcome::of(false, self.uncertain + self.refused > 0))
    }
}

fn parse(line: &[u8]) -> Result<Map<String, Value>, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("longer than {LINE_BYTES_MAX} bytes"));
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("not a JSON object".to_owned()),
        Err(error) => Err(format!(
            "not JSON (column {}): a question is an object such as {{\"from\":\"shop/web\",\"to\":\"world\",\"port\":80}}",
            error.column()
        )),
    }
}

/// The port of a question, where it has one.
fn sound_port(object: &Map<String, Value>) -> Result<(), String> {
    let port = match object.get("port") {
        None | Some(Value::Null) => return Ok(()),
        Some(port) => port,
    };
    let number = port.as_u64().and_then(|port| u16::try_from(port).ok());
    if number.is_none_or(|port| port == 0) {
        return Err(format!("`port` is {port}: write a number from 1 to 65535"));
    }
    let protocol = object.get("protocol").and_then(Value::as_str);
    if protocol.is_some_and(|name| name.eq_ignore_ascii_case("icmp")) {
        return Err("ICMP has no ports: leave `port` out".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
