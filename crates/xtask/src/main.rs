//! `cargo xtask COMMAND`: the repository's own commands.
//!
//! `test` gets what the tests need and runs every one of them; `rules` checks the repository rules alone.
//! The rules are tests too (`cargo test -p xtask`).

mod every_test;
mod repository;
mod rules;

use std::process::ExitCode;

use repository::Repository;

const USAGE: &str = "usage: cargo xtask COMMAND

commands:
  test [--quick]   get what the tests need, then check format, lints, rules and run every test;
                   --quick leaves out the tests on real servers
  rules            check the repository rules only";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test"] => every_test::run(every_test::Extent::Everything),
        ["test", "--quick"] => every_test::run(every_test::Extent::WithoutServers),
        ["rules"] => check_rules(),
        _ => {
            say(USAGE);
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn check_rules() -> anyhow::Result<()> {
    let violations = rules::check_all(&Repository::open()?);
    for violation in &violations {
        say(&violation.to_string());
    }
    anyhow::ensure!(
        violations.is_empty(),
        "{} repository rules are broken",
        violations.len()
    );
    Ok(())
}

/// Words for the person at the terminal.
#[expect(
    clippy::print_stderr,
    reason = "this is the developers' own command, not the product"
)]
fn say(text: &str) {
    eprintln!("{text}");
}
