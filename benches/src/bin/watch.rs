//! How fast `viewshed watch` reads a log from end to end, with the release binary, alone and with Sigma rules,
//! and what `rsigma` needs for the same file: `watch [LOG [RULES]]`.
//!
//! Without a log it makes one of 500 MB; a log that does not exist is made. RULES is a folder of Sigma rules,
//! for example `rules/application/kubernetes/audit` of `SigmaHQ`. Build the program first
//! (`cargo build --release -p viewshed`). Of `rsigma` the program at `$RSIGMA` is taken, else the one on
//! `$PATH`. CPU time is that of all threads of the child, so that it is a figure per core.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use viewshed_benchmarks::audit::AuditLines;
use viewshed_benchmarks::children::{cpu_seconds, peak_mb};

const LOG_BYTES: usize = 500_000_000;
/// Days of the month before the log's own that a baseline is learned of, each from as large a log.
const DAYS_BEFORE: [u8; 2] = [2, 3];
/// Runs of each command; the median counts.
const RUNS: usize = 5;

fn main() -> io::Result<()> {
    let program = std::env::current_exe()?.with_file_name("viewshed");
    if !program.exists() {
        println!("build it first: cargo build --release -p viewshed");
        return Ok(());
    }
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = tempfile::tempdir()?;
    let log = arguments
        .next()
        .unwrap_or_else(|| folder.path().join("audit.log"));
    let rules = arguments.next();
    if !log.exists() {
        write_log(&log, AuditLines::new(1))?;
    }
    let size = Size::of(&log)?;
    println!("{} events, {} bytes", size.events, size.bytes);
    let watch = |more: &[&Path]| {
        let mut command = vec![OsString::from("watch"), "--from".into(), log.clone().into()];
        command.extend(["--output", "json"].map(OsString::from));
        command.extend(more.iter().map(OsString::from));
        command
    };
    size.tell(
        "watch, learning as it goes",
        &measure(&program, &watch(&[]), None, RUNS)?,
    );
    println!("  at most {:.0} MB", peak_mb());
    let baseline = folder.path().join("baseline");
    let mut learn = vec![OsString::from("baseline")];
    for day in DAYS_BEFORE {
        let earlier = folder.path().join(format!("day-{day}.log"));
        write_log(&earlier, AuditLines::of_day(day.into(), day))?;
        learn.extend(["--from".into(), earlier.into()]);
    }
    learn.extend(["-o".into(), baseline.clone().into()]);
    measure(&program, &learn, None, 1)?;
    size.tell(
        "watch, with a baseline of two earlier days",
        &measure(
            &program,
            &watch(&[Path::new("--baseline"), &baseline]),
            None,
            RUNS,
        )?,
    );
    let Some(rules) = rules else {
        println!("Sigma rules and rsigma: not measured, no folder of rules was named");
        return Ok(());
    };
    size.tell(
        "watch with Sigma rules, learning as it goes",
        &measure(
            &program,
            &watch(&[Path::new("--rules"), &rules]),
            None,
            RUNS,
        )?,
    );
    let other = std::env::var_os("RSIGMA").map_or_else(|| PathBuf::from("rsigma"), PathBuf::from);
    let command = ["engine", "eval", "--quiet", "--rules"].map(OsString::from);
    let command: Vec<OsString> = command.into_iter().chain([rules.into()]).collect();
    match measure(&other, &command, Some(&log), RUNS) {
        Ok(run) => size.tell("rsigma with the same rules", &run),
        Err(error) if error.kind() == io::ErrorKind::NotFound => println!(
            "rsigma: not found; `cargo install rsigma --version 0.23.0 --locked`, or name it in $RSIGMA"
        ),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// One command, the median of its runs.
struct Run {
    cpu_seconds: f64,
    wall_seconds: f64,
}

/// What is read.
struct Size {
    events: usize,
    bytes: usize,
}

impl Size {
    fn of(log: &Path) -> io::Result<Self> {
        let text = std::fs::read(log)?;
        Ok(Self {
            events: text.split(|byte| *byte == b'\n').skip(1).count(),
            bytes: text.len(),
        })
    }

    fn tell(&self, what: &str, run: &Run) {
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let (events, bytes) = (self.events as f64, self.bytes as f64);
        println!(
            "{what}: {:.3} million events and {:.2} GB per second of CPU; {:.2} s of CPU, {:.2} s of wall time",
            events / run.cpu_seconds / 1e6,
            bytes / run.cpu_seconds / 1e9,
            run.cpu_seconds,
            run.wall_seconds
        );
    }
}

fn write_log(path: &Path, mut lines: AuditLines) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut written = 0;
    while written < LOG_BYTES {
        let line = lines.next_line();
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
        written += line.len() + 1;
    }
    out.flush()
}

fn measure(
    program: &Path,
    arguments: &[OsString],
    input: Option<&Path>,
    count: usize,
) -> io::Result<Run> {
    let mut runs = Vec::new();
    for _ in 0..count {
        let stdin = match input {
            Some(path) => Stdio::from(File::open(path)?),
            None => Stdio::null(),
        };
        let before = cpu_seconds();
        let start = viewshed_benchmarks::clock::wall_time();
        let status = Command::new(program)
            .args(arguments)
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        // What was found decides the exit code too; these are the codes of failures.
        if status.code().is_none_or(|code| matches!(code, 2 | 3)) {
            return Err(io::Error::other(format!("{}: {status}", program.display())));
        }
        let wall = viewshed_benchmarks::clock::wall_time().saturating_sub(start);
        runs.push((cpu_seconds() - before, wall.as_secs_f64()));
    }
    runs.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (cpu_seconds, wall_seconds) = runs.get(count / 2).copied().unwrap_or_default();
    Ok(Run {
        cpu_seconds,
        wall_seconds,
    })
}
