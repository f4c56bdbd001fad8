//! LEAVES: incidents as they happen, on standard output or in a file, and the report at the end.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;

use viewshed_model::{Gap, Incident, WatchReport};
use viewshed_report::{Answer, Style};

use crate::cli::{Format, OutputArgs};
use crate::outcome::Failure;
use crate::output::{Lists, Screen};
use crate::terminal;

/// How a format takes part in watching live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// An incident is told as soon as it opens or grows, and nothing more is said.
    Lines,
    /// The same, and a summary at the end.
    Blocks,
    /// One document at the end.
    Document,
}

fn part(format: Format) -> Part {
    match format {
        Format::Json | Format::Jsonl | Format::Ocsf | Format::Cef | Format::Falco => Part::Lines,
        Format::Table | Format::Wide => Part::Blocks,
        Format::Yaml
        | Format::Csv
        | Format::Sarif
        | Format::Markdown
        | Format::Dot
        | Format::Html
        | Format::Navigator => Part::Document,
    }
}

/// Who is told what while the program runs, and at its end.
#[derive(Debug)]
pub(crate) struct Telling<'a> {
    output: &'a OutputArgs,
    screen: &'a Screen,
    is_live: bool,
    /// Where lines go, when that is a file: it grows, as a log does.
    file: Option<File>,
}

impl<'a> Telling<'a> {
    /// # Errors
    /// A format that a watch has no form in, or a file that cannot be written: better now than at the end.
    pub(crate) fn new(
        output: &'a OutputArgs,
        screen: &'a Screen,
        is_live: bool,
    ) -> Result<Self, Failure> {
        let nothing = WatchReport::default();
        screen.check(&Answer::Watch(&nothing), output)?;
        let path = output.output_file.as_ref().filter(|path| {
            is_live && part(output.output) == Part::Lines && path.as_os_str() != "-"
        });
        let file = path
            .map(|path| {
                let file = File::options().append(true).create(true).open(path);
                file.map_err(|error| {
                    let message = anyhow::anyhow!("cannot write `{}`: {error}", path.display());
                    Failure::collect(message, "check that the folder exists and is writable")
                })
            })
            .transpose()?;
        Ok(Self {
            output,
            screen,
            is_live,
            file,
        })
    }

    /// Tells at once what somebody who watches live wants to know at once.
    pub(crate) fn grown(&mut self, incident: &Incident) -> Result<(), Failure> {
        if !self.is_live {
            return Ok(());
        }
        let Some(text) = line(incident, self.output.output, self.screen.style()) else {
            return Ok(());
        };
        match &mut self.file {
            None => terminal::write_answer(text.as_bytes(), None),
            Some(file) => file.write_all(text.as_bytes()).map_err(|error| {
                let message = anyhow::anyhow!("cannot write the output file: {error}");
                Failure::collect(message, "check the space on the disk")
            }),
        }
    }

    /// Tells everything that was not told yet.
    pub(crate) fn at_end(&self, report: &WatchReport) -> Result<(), Failure> {
        if self.is_live && part(self.output.output) == Part::Lines {
            return Ok(());
        }
        self.screen
            .show(&Answer::Watch(report), self.output, Lists::Short)
    }
}

fn line(incident: &Incident, format: Format, style: &Style) -> Option<String> {
    let (version, now) = (env!("CARGO_PKG_VERSION"), jiff::Timestamp::now());
    Some(match format {
        Format::Json | Format::Jsonl => viewshed_report::json::incident(incident),
        Format::Ocsf => viewshed_report::ocsf::detection_finding(incident, version, now),
        Format::Cef => viewshed_report::cef::cef(incident, version),
        Format::Falco => viewshed_report::falco::falco(incident, now),
        Format::Table | Format::Wide => viewshed_report::table::incident(incident, style),
        Format::Yaml
        | Format::Csv
        | Format::Sarif
        | Format::Markdown
        | Format::Dot
        | Format::Html
        | Format::Navigator => return None,
    })
}

/// What could not be read, told while the program goes on: each once.
#[derive(Debug, Default)]
pub(crate) struct Warned(BTreeSet<Gap>);

impl Warned {
    /// Tells those that are new.
    pub(crate) fn tell(&mut self, gaps: &[Gap]) {
        for gap in gaps {
            let gap = Gap {
                count: 0,
                ..gap.clone()
            };
            let words = format!("warning: cannot {}: {}; {}", gap.what, gap.detail, gap.hint);
            if self.0.insert(gap) {
                terminal::say(&viewshed_report::clean(&words));
            }
        }
    }
}
