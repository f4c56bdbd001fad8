//! How answers are shown: the terminal's style, the format, the file.

use viewshed_report::{Answer, Detail, Format, Style, render};

use crate::cli::{Cli, OutputArgs};
use crate::outcome::Failure;
use crate::terminal;

/// The person's terminal, and what they want to hear.
#[derive(Debug)]
pub(crate) struct Screen {
    style: Style,
    /// Whether long work draws progress.
    pub(crate) draws_progress: bool,
    /// Whether standard error is for what went wrong alone.
    pub(crate) is_quiet: bool,
}

/// Whether lists are cut for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    /// Cut; the rest is counted.
    Short,
    /// Whole, with the evidence.
    Whole,
}

impl Lists {
    /// `Whole` when a flag such as `--all` or `--details` is given.
    pub(crate) fn whole_if(flag: bool) -> Self {
        if flag { Self::Whole } else { Self::Short }
    }
}

impl Screen {
    /// Looks at the terminal once.
    pub(crate) fn new(cli: &Cli) -> Self {
        Self {
            style: Style {
                colour: terminal::has_colour(cli.color),
                width: usize::from(terminal::width()),
                unicode: terminal::has_unicode(),
                detail: Detail::Brief,
            },
            draws_progress: !cli.quiet && terminal::can_draw_progress(),
            is_quiet: cli.quiet,
        }
    }

    /// The style for a page that is not an answer.
    pub(crate) fn style(&self) -> &Style {
        &self.style
    }

    /// Whether an answer of this kind can be shown as asked, before the work is done.
    ///
    /// # Errors
    /// A format that the answer is not offered in.
    pub(crate) fn check(&self, answer: &Answer<'_>, output: &OutputArgs) -> Result<(), Failure> {
        if answer.is_offered_as(output.output.into()) {
            return Ok(());
        }
        render(answer, output.output.into(), &self.style)
            .map(drop)
            .map_err(|error| Failure::usage(error.to_string(), "choose another --output"))
    }

    /// Writes the answer as asked.
    ///
    /// # Errors
    /// A format that the answer is not offered in, or an output that cannot be written.
    pub(crate) fn show(
        &self,
        answer: &Answer<'_>,
        output: &OutputArgs,
        lists: Lists,
    ) -> Result<(), Failure> {
        // A file is no terminal: no colours, and no cutting to its width.
        let to_file = output.output_file.is_some();
        let style = Style {
            colour: self.style.colour && !to_file,
            width: if to_file {
                usize::from(terminal::WIDTH_OF_FILES)
            } else {
                self.style.width
            },
            detail: if lists == Lists::Whole {
                Detail::Full
            } else {
                self.style.detail
            },
            ..self.style
        };
        let text = render(answer, output.output.into(), &style)
            .map_err(|error| Failure::usage(error.to_string(), "choose another --output"))?;
        terminal::write_answer(text.as_bytes(), output.output_file.as_deref())
    }
}

impl From<crate::cli::Format> for Format {
    fn from(format: crate::cli::Format) -> Self {
        use crate::cli::Format as Word;
        match format {
            Word::Table => Self::Table,
            Word::Wide => Self::Wide,
            Word::Json => Self::Json,
            Word::Jsonl => Self::JsonLines,
            Word::Yaml => Self::Yaml,
            Word::Csv => Self::Csv,
            Word::Sarif => Self::Sarif,
            Word::Markdown => Self::Markdown,
            Word::Ocsf => Self::Ocsf,
            Word::Navigator => Self::Navigator,
            Word::Cef => Self::Cef,
            Word::Falco => Self::Falco,
            Word::Dot => Self::Dot,
            Word::Html => Self::Html,
        }
    }
}
