//! ENTERS: `viewshed can-i --questions`: access reviews and audit events, line by line, in bulk.
//!
//! One pass with bounded memory: a line is read, decided and answered before the next one is read.

mod reason;
mod sessions;
mod statuses;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use viewshed_analyze::rbac::{AccessIndex, Answer, Question, ResourceQuestion, audited_question};
use viewshed_collect::logs::uncompressed;
use viewshed_decode::questions::{
    self as decode, LINE_BYTES_MAX, QuestionError, Review, ReviewedAction,
};
use viewshed_model::{AuditedRequest, Decision};

use crate::cli::{Format, OutputArgs};
use crate::outcome::{Failure, Outcome};
use crate::terminal;

use sessions::Sessions;
use statuses::Statuses;

/// Bytes that are gathered before they are written.
pub(crate) const WRITE_BYTES: usize = 256 * 1024;

/// Lines that standard error names one by one; the rest is counted.
pub(crate) const NAMED_LINES_MAX: u64 = 20;

/// What came of a file of questions.
#[derive(Debug, Default, PartialEq, Eq)]
struct Summary {
    /// Reviews that were answered.
    answered: u64,
    /// Of these, those whose answer depends on missing facts.
    uncertain: u64,
    /// Recorded decisions that were decided anew.
    compared: u64,
    /// Of these, those that came out differently.
    different: u64,
    /// Of these, those that depend on missing facts.
    undecided: u64,
    /// Audit events that hold no final decision, by reason.
    skipped: BTreeMap<&'static str, u64>,
    /// Lines that are no question.
    unreadable: u64,
}

/// Answers every line of the file; `-` is standard input.
///
/// # Errors
/// When the file cannot be opened or read, or the output cannot be written.
pub(crate) fn run(
    path: &Path,
    index: &AccessIndex<'_>,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let input = open(path)?;
    let out = create(output)?;
    let mut answering = Answering {
        sessions: Sessions::new(index),
        format: output.output,
        out,
        buffer: Vec::with_capacity(WRITE_BYTES * 2),
        statuses: Statuses::default(),
        summary: Summary::default(),
    };
    each(input, path, |number, line| answering.answer(number, line))?;
    answering.finish().map_err(|error| cannot_write(&error))
}

/// Where questions come from, packed with gzip or zstd or not; `-` is standard input.
///
/// # Errors
/// When the file cannot be opened, or is packed in another way.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    let failed = |error: io::Error| unreadable(path, &error);
    if path == Path::new("-") {
        let input = uncompressed(io::stdin().lock()).map_err(failed)?;
        return Ok(Box::new(input));
    }
    let file = File::open(path).map_err(failed)?;
    Ok(Box::new(uncompressed(file).map_err(failed)?))
}

/// Where answers go.
///
/// # Errors
/// When the output file cannot be made.
pub(crate) fn create(output: &OutputArgs) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = &output.output_file else {
        return Ok(Box::new(io::stdout().lock()));
    };
    let file = File::create(path).map_err(|error| cannot_write(&error))?;
    Ok(Box::new(file))
}

/// Gives each line with its number to `answer`, in order.
///
/// # Errors
/// When the questions cannot be read, or an answer cannot be written.
pub(crate) fn each(
    input: impl Read,
    path: &Path,
    mut answer: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut lines = Lines::new(input);
    while let Some((number, line)) = lines.next().map_err(|error| unreadable(path, &error))? {
        answer(number, line).map_err(|error| cannot_write(&error))?;
    }
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let message = anyhow::anyhow!("cannot read questions from `{}`: {error}", path.display());
    Failure::collect(message, "check the path; `-` is standard input")
}

pub(crate) fn cannot_write(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::OutputClosed;
    }
    Failure::collect(anyhow::anyhow!("cannot write the answers: {error}"), "")
}

/// Lines of bounded length; longer ones come out cut, one byte over the limit, so that they are noticed.
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    /// A line that was not whole in the reader's buffer.
    line: Vec<u8>,
    /// Bytes of the reader's buffer that the last line took.
    taken: usize,
    number: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(WRITE_BYTES, input),
            line: Vec::new(),
            taken: 0,
            number: 0,
        }
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        self.input.consume(std::mem::take(&mut self.taken));
        let ready = match self.input.fill_buf() {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            ready => ready.unwrap_or_default(),
        };
        if let Some(end) = memchr::memchr(b'\n', ready) {
            self.taken = end + 1;
            self.number += 1;
            let line = self.input.buffer().get(..end).unwrap_or_default();
            return Ok(Some((self.number, line)));
        }
        self.line.clear();
        let limit = LINE_BYTES_MAX as u64 + 2;
        let read = (&mut self.input)
            .take(limit)
            .read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if read as u64 == limit {
            self.input.skip_until(b'\n')?;
        }
        Ok(Some((self.number, &self.line)))
    }
}

struct Answering<'a> {
    sessions: Sessions<'a>,
    format: Format,
    out: Box<dyn Write>,
    buffer: Vec<u8>,
    statuses: Statuses,
    summary: Summary,
}

impl Answering<'_> {
    fn answer(&mut self, number: u64, line: &[u8]) -> io::Result<()> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        match decode::question(line) {
            Ok(decode::Question::Review(review)) => self.review(&review),
            Ok(decode::Question::Audit(event)) => self.event(number, &event),
            Err(error) => self.refuse(number, &error),
        }
        if self.buffer.len() >= WRITE_BYTES {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn review(&mut self, review: &Review<'_>) {
        self.summary.answered += 1;
        let session = self.sessions.of(&review.user, &review.groups);
        let status = match session.answer(asked(review)) {
            Answer::Granted(grant) => {
                if review.selector_error.is_empty() {
                    let status = self.statuses.of(&grant);
                    return review.write_answer(status, &mut self.buffer);
                }
                Statuses::allowed(&reason::granted(&grant), review.selector_error)
            }
            Answer::Other(Decision::Allowed(evidence)) => {
                Statuses::allowed(&reason::allowed(&evidence), review.selector_error)
            }
            Answer::Other(Decision::Denied(text)) => {
                if text.is_empty() && review.selector_error.is_empty() {
                    let status = self.statuses.denied();
                    return review.write_answer(status, &mut self.buffer);
                }
                Statuses::refused(&text, review.selector_error)
            }
            Answer::Other(Decision::DependsOn(facts)) => {
                self.summary.uncertain += 1;
                let mut errors = reason::depends_on(&facts);
                if !review.selector_error.is_empty() {
                    errors = format!("{errors}; {}", review.selector_error);
                }
                Statuses::refused("", &errors)
            }
        };
        review.write_answer(&status, &mut self.buffer);
    }

    fn event(&mut self, number: u64, event: &AuditedRequest) {
        let recorded = match (event.stage.as_str(), event.decision.as_str()) {
            ("ResponseComplete" | "Panic", "allow") => true,
            ("ResponseComplete" | "Panic", "forbid") => false,
            ("ResponseComplete" | "Panic", "") => return self.skip("no recorded decision"),
            ("ResponseComplete" | "Panic", _) => {
                return self.skip("a recorded decision of another kind");
            }
            _ => return self.skip("an earlier stage of a request"),
        };
        let Some(request) = audited_question(event) else {
            return self.skip("no request URI and no object");
        };
        let identity = &request.identity;
        let decision = self
            .sessions
            .of(&identity.user, &identity.groups)
            .decide(&request.action);
        self.summary.compared += 1;
        let computed = match &decision {
            Decision::Allowed(evidence) => (true, reason::allowed(evidence)),
            Decision::Denied(text) => (false, text.clone()),
            Decision::DependsOn(_) => {
                self.summary.undecided += 1;
                return;
            }
        };
        if computed.0 != recorded {
            self.summary.different += 1;
            let difference = reason::Difference {
                number,
                event,
                recorded,
                computed: &computed,
            };
            difference.write(self.format, &mut self.buffer);
        }
    }

    fn skip(&mut self, why: &'static str) {
        *self.summary.skipped.entry(why).or_default() += 1;
    }

    /// Keeps the answers in step with the questions: a line that is none is answered by the `Status` that
    /// the server would send.
    fn refuse(&mut self, number: u64, error: &QuestionError) {
        self.summary.unreadable += 1;
        let text = reason::refusal(number, error);
        if self.summary.unreadable <= NAMED_LINES_MAX {
            terminal::say(&format!("warning: {text}"));
        }
        let code = if matches!(error, QuestionError::Invalid(_)) {
            422
        } else {
            400
        };
        let status = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": text, "code": code,
        });
        self.buffer.extend_from_slice(status.to_string().as_bytes());
        self.buffer.push(b'\n');
    }

    fn finish(mut self) -> io::Result<Outcome> {
        if self.summary.compared > 0 || !self.summary.skipped.is_empty() {
            reason::write_summary(&self.summary, self.format, &mut self.buffer);
        }
        self.out.write_all(&self.buffer)?;
        self.out.flush()?;
        let summary = &self.summary;
        if summary.unreadable > NAMED_LINES_MAX {
            terminal::say(&format!(
                "warning: {} lines are no questions",
                summary.unreadable
            ));
        }
        let has_gaps = summary.unreadable + summary.uncertain + summary.undecided > 0;
        Ok(Outcome::of(summary.different > 0, has_gaps))
    }
}

fn asked<'a>(review: &'a Review<'_>) -> Question<'a> {
    match &review.action {
        ReviewedAction::Resource(resource) => Question::Resource(ResourceQuestion {
            verb: &resource.verb,
            api_group: &resource.group,
            api_version: &resource.version,
            resource: &resource.resource,
            subresource: &resource.subresource,
            namespace: &resource.namespace,
            name: &resource.name,
            field_selector: &resource.field_selector,
            label_selector: &resource.label_selector,
        }),
        ReviewedAction::NonResource { verb, path } => Question::NonResource { verb, path },
    }
}
