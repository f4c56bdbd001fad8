//! ENTERS: standard input, and pipes that are named like files.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use viewshed_model::GapReason;

use super::chunk::{Chunk, Mark};
use super::compression::{Content, Form};
use super::head::is_document;
use super::inbox::{Producer, Stopped};
use super::limits::{DOCUMENT_BYTES_MAX, HEAD_BYTES};
use super::lines::{Fill, LineCutter, Sizes, Tail};
use super::report::{Report, gap};
use super::spares::Spares;
use crate::text::one_line;

/// What is read once, from its beginning to its end.
#[derive(Debug)]
pub(super) struct Pipe {
    /// `None` for standard input.
    pub(super) path: Option<PathBuf>,
    pub(super) source: Arc<str>,
    pub(super) producer: Producer,
    pub(super) report: Arc<Report>,
    pub(super) spares: Arc<Spares>,
    pub(super) sizes: Sizes,
}

impl Pipe {
    /// Reads until the pipe ends.
    pub(super) fn run(self) {
        let stream: Box<dyn Read> = match &self.path {
            None => Box::new(std::io::stdin()),
            Some(path) => match File::open(path) {
                Ok(file) => Box::new(file),
                Err(error) => return self.broken(&error),
            },
        };
        let content = match Content::open(stream) {
            Ok(content) => content,
            Err(error) => return self.broken(&error),
        };
        if let Form::Other(what) = content.form() {
            let detail = format!("it is {what}, not a log");
            let hint = "give it as text, gzip or zstd";
            self.report
                .gap(gap(&self.source, GapReason::Unsupported, detail, hint));
            return;
        }
        // Whoever reads has been told to stop: nothing is left to do.
        self.lines(content).ok();
    }

    fn lines(&self, content: Content<Box<dyn Read>>) -> Result<(), Stopped> {
        let how = (Tail::IsLine, Fill::Soon);
        let mut cutter = LineCutter::new(content, 0, how, self.sizes);
        let mut is_first = true;
        loop {
            match cutter.next(self.spares.take()) {
                Ok(Some(lines)) => {
                    let head = lines.bytes.get(..HEAD_BYTES).unwrap_or(&lines.bytes);
                    if is_first && is_document(head) {
                        return self.document(lines.bytes, &mut cutter);
                    }
                    is_first = false;
                    self.push(lines.bytes, lines.offset, false)?;
                }
                Ok(None) => break,
                Err(error) => {
                    self.broken(&error);
                    break;
                }
            }
        }
        self.report.long_lines(&self.source, cutter.long_lines);
        Ok(())
    }

    /// One document over many lines: it is whole when the pipe ends.
    fn document(
        &self,
        mut bytes: Vec<u8>,
        cutter: &mut LineCutter<Content<Box<dyn Read>>>,
    ) -> Result<(), Stopped> {
        loop {
            match cutter.next(self.spares.take()) {
                Ok(Some(lines)) if bytes.len() + lines.bytes.len() <= DOCUMENT_BYTES_MAX => {
                    bytes.extend_from_slice(&lines.bytes);
                    self.spares.give(lines.bytes);
                }
                Ok(Some(_)) => {
                    let detail = format!("one document of more than {DOCUMENT_BYTES_MAX} bytes");
                    let hint = "as JSON lines it can have any size";
                    self.report
                        .gap(gap(&self.source, GapReason::TooLarge, detail, hint));
                    return Ok(());
                }
                Ok(None) => return self.push(bytes, 0, true),
                Err(error) => {
                    self.broken(&error);
                    return Ok(());
                }
            }
        }
    }

    fn push(&self, bytes: Vec<u8>, offset: u64, is_document: bool) -> Result<(), Stopped> {
        self.report.came(&self.source, bytes.len());
        self.producer.push(Chunk {
            source: Arc::clone(&self.source),
            file: Arc::clone(&self.source),
            bytes,
            is_document,
            offset,
            mark: Mark::Nothing,
        })
    }

    fn broken(&self, error: &std::io::Error) {
        let detail = one_line(&error.to_string());
        self.report
            .gap(gap(&self.source, GapReason::Truncated, detail, ""));
    }
}
