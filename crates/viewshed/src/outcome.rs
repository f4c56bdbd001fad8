//! How a run ended: the exit codes and the words on standard error.

use std::process::ExitCode;

use viewshed_model::Gap;

use crate::terminal;

/// A run that produced an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Nothing to act on.
    Clean,
    /// Answered, but part of the estate could not be read.
    Partial,
    /// Findings at or above the threshold, or answers that differ.
    Findings,
}

impl Outcome {
    /// The outcome of an answer: findings weigh more than gaps.
    pub(crate) fn of(has_findings: bool, has_gaps: bool) -> Self {
        match (has_findings, has_gaps) {
            (true, _) => Self::Findings,
            (false, true) => Self::Partial,
            (false, false) => Self::Clean,
        }
    }

    /// The outcome of an answer with its gaps: those that take nothing from it do not make it partial.
    pub(crate) fn with_gaps(has_findings: bool, gaps: &[Gap]) -> Self {
        Self::of(has_findings, gaps.iter().any(Gap::withholds))
    }

    /// 0, 1 or 4.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Partial => 4,
        })
    }
}

/// A run that produced no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or a file named on it is wrong: exit code 2.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The estate could not be read: exit code 3.
    Collect {
        /// What failed.
        error: anyhow::Error,
        /// What to do; empty when the error says it.
        hint: String,
    },
    /// The reader of our output went away: nobody is left to tell, and nothing is wrong.
    OutputClosed,
}

impl Failure {
    /// A wrong command line.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// An estate that could not be read.
    pub(crate) fn collect(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> Self {
        Self::Collect {
            error: error.into(),
            hint: hint.into(),
        }
    }

    /// 0, 2 or 3.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::OutputClosed => 0,
            Self::Usage { .. } => 2,
            Self::Collect { .. } => 3,
        })
    }

    /// The lines for standard error; empty when there is nobody to tell.
    pub(crate) fn text(&self) -> String {
        let (message, hint) = match self {
            Self::OutputClosed => return String::new(),
            Self::Usage { message, hint } => (message.clone(), hint),
            Self::Collect { error, hint } => (format!("{error:#}"), hint),
        };
        harmless(&if hint.is_empty() {
            format!("error: {message}")
        } else {
            format!("error: {message}\n  hint: {hint}")
        })
    }
}

/// Help and version go out as they are; a message about the command line repeats words of it.
pub(crate) fn of_usage(message: &clap::Error) -> ExitCode {
    if message.use_stderr() {
        let text = message.render().to_string();
        let is_harmless = text
            .lines()
            .all(|line| viewshed_report::clean(line) == line);
        if !is_harmless {
            terminal::say(harmless(&text).trim_end());
            return ExitCode::from(2);
        }
    }
    // A terminal that went away is nobody to tell.
    message.print().ok();
    ExitCode::from(if message.use_stderr() { 2 } else { 0 })
}

/// Text of several lines that may repeat names from anywhere: nothing in it steers a terminal.
pub(crate) fn harmless(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(viewshed_report::clean).collect();
    lines.join("\n")
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Collect {
            error,
            hint: String::new(),
        }
    }
}
