//! Which formats the help of each command names: those that its answers are offered in.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory, ValueEnum};

use super::{Cli, Format};

/// Each command by its words, and the kinds of answers that it gives.
const ANSWERS: [(&[&str], &[&str]); 15] = [
    (&["scan"], &["scan"]),
    (&["see"], &["see"]),
    (&["who"], &["rank"]),
    (&["who", "can"], &["who"]),
    (&["who", "sees"], &["who"]),
    (&["can-i"], &["can-i", "rules"]),
    (
        &["reach"],
        &["reach", "reach-sources", "reach-matrix", "pivots"],
    ),
    (&["diff"], &["diff"]),
    (&["watch"], &["watch"]),
    (&["baseline", "show"], &["baseline"]),
    (&["coverage"], &["coverage"]),
    (&["rules", "check"], &["rules-check"]),
    (&["explain"], &["explain"]),
    (&["rehearse"], &["rehearsal"]),
    (&["rehearse", "report"], &["rehearsal"]),
];

/// The command line, each command with its own formats. Others are still understood, and refused with those that
/// there are.
pub(crate) fn command() -> clap::Command {
    let commands = ANSWERS.into_iter();
    commands.fold(Cli::command(), |all, (path, kinds)| {
        naming(all, path, kinds)
    })
}

fn naming(command: clap::Command, path: &[&'static str], kinds: &[&str]) -> clap::Command {
    match path.split_first() {
        Some((first, rest)) => command.mut_subcommand(*first, |sub| naming(sub, rest, kinds)),
        None => command.mut_arg("output", |argument| argument.value_parser(parser(kinds))),
    }
}

fn parser(kinds: &[&str]) -> impl TypedValueParser<Value = Format> {
    let values = Format::value_variants().iter().filter_map(|format| {
        let is_offered = kinds
            .iter()
            .any(|kind| viewshed_report::Format::from(*format).is_offered_of(kind));
        Some(format.to_possible_value()?.hide(!is_offered))
    });
    PossibleValuesParser::new(values).try_map(|word| <Format as ValueEnum>::from_str(&word, false))
}
