//! What a user waits for on the large estate, with the release binary: `who`, `see` and bulk questions from a
//! snapshot file. Build it first (`cargo build --release -p viewshed`); CPU time and memory are the child's own.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use viewshed_benchmarks::children::{cpu_seconds, peak_mb};
use viewshed_benchmarks::generate::{Size, cluster, estate};
use viewshed_benchmarks::random::Random;
use viewshed_decode::snapshot;
use viewshed_model::Cluster;

/// Questions of the bulk run.
const QUESTIONS: usize = 2_000_000;
/// Runs of each command; the median counts.
const RUNS: usize = 5;

fn main() -> io::Result<()> {
    let program = std::env::current_exe()?.with_file_name("viewshed");
    if !program.exists() {
        println!("build it first: cargo build --release -p viewshed");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("estate.vshed");
    let questions = folder.path().join("questions.jsonl");
    let large = estate(Size::LARGE, 1);
    snapshot::write(&large, "benchmark", File::create(&file)?).map_err(io::Error::other)?;
    write_questions(&questions, &cluster(Size::LARGE, 1))?;
    let Some(account) = large
        .clusters
        .first()
        .and_then(|cluster| cluster.service_accounts.first())
    else {
        return Ok(());
    };
    let account = account.meta.full_name();
    let run = |what: &str, arguments: &[&str]| measure(&program, what, arguments, &file);
    let who = run("load, index and full WHO", &["who", "--output", "csv"])?;
    println!("  at most {:.0} MB", peak_mb());
    let can_i = run(
        "load and one question",
        &["can-i", "list", "pods", "--as", "jane"],
    )?;
    let see = run(
        "load and SEE",
        &["see", "--serviceaccount", &account, "--output", "csv"],
    )?;
    println!("  SEE itself: {:.0} ms", (see - can_i).max(0.0) * 1e3);
    let bulk = run(
        "load and two million questions",
        &["can-i", "--questions", &questions.to_string_lossy()],
    )?;
    #[expect(clippy::cast_precision_loss, reason = "two million is exact")]
    let asked = QUESTIONS as f64;
    println!(
        "  {:.0} questions per second on one core, loading included; {:.0} without",
        asked / bulk,
        asked / (bulk - can_i)
    );
    println!("WHO costs {:.1} times one question", who / can_i);
    Ok(())
}

/// CPU seconds of the median run.
fn measure(program: &Path, what: &str, arguments: &[&str], file: &Path) -> io::Result<f64> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let before = cpu_seconds();
        let status = Command::new(program)
            .args(arguments)
            .arg("--from")
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.code().is_none_or(|code| code == 2 || code == 3) {
            return Err(io::Error::other(format!("{what}: {status}")));
        }
        runs.push(cpu_seconds() - before);
    }
    runs.sort_by(f64::total_cmp);
    let median = runs.get(RUNS / 2).copied().unwrap_or_default();
    println!("{what}: {:.0} ms of CPU", median * 1e3);
    Ok(median)
}

fn write_questions(path: &PathBuf, cluster: &Cluster) -> io::Result<()> {
    let mut random = Random::new(3);
    let mut out = BufWriter::new(File::create(path)?);
    for _ in 0..QUESTIONS {
        let account = random.pick(&cluster.service_accounts);
        let (namespace, name) = (account.meta.namespace_or_empty(), &account.meta.name);
        let verb = random.pick(&["get", "list", "watch", "create", "delete"]);
        let resource = random.pick(&["pods", "secrets", "configmaps", "services", "nodes"]);
        let place = if random.chance(50) {
            namespace
        } else {
            &random.pick(&cluster.namespaces).meta.name
        };
        writeln!(
            out,
            "{{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SubjectAccessReview\",\"spec\":{{\
             \"user\":\"system:serviceaccount:{namespace}:{name}\",\"groups\":[\"system:serviceaccounts\",\
             \"system:serviceaccounts:{namespace}\",\"system:authenticated\"],\"resourceAttributes\":{{\
             \"verb\":\"{verb}\",\"resource\":\"{resource}\",\"namespace\":\"{place}\"}}}}}}"
        )?;
    }
    out.flush()
}
