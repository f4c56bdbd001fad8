//! `bench`: prepares the machine for the bench, or runs one by hand.
//!
//! `prepare` installs and builds what is missing; `up` starts servers and prints how to reach them;
//! `demo` records the demo estate.

mod demo;
mod prepare;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about = "Real Kubernetes and Docker servers for Viewshed's tests")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install the Debian packages that are missing (as root) and build all servers
    Prepare,
    /// Start servers, print how to reach them, and run until Ctrl-C or end of input
    Up(up::Arguments),
    /// Record the demo estate on a node and a Docker host (needs root)
    Demo(demo::Arguments),
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Prepare => prepare::prepare(),
        Command::Up(arguments) => up::up(&arguments),
        Command::Demo(arguments) => demo::demo(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where the command reports its failure"
)]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
