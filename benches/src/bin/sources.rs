//! How fast log bytes come in: plain files, gzip, zstd, and bodies pushed to the listener.
//!
//! Without arguments, on generated audit lines: one file, and eight rotated ones. With paths, on those.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::File;
use std::io::{BufWriter, Error, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use viewshed_benchmarks::clock::process_cpu_time;
use viewshed_benchmarks::random::Random;
use viewshed_collect::logs::{
    Acknowledge, Follow, ListenerSettings, Next, SourceSettings, Sources,
};

/// Bytes of generated lines, as audit-log rotation cuts them.
const FILE_BYTES: usize = 64 * 1024 * 1024;
const FILES: usize = 8;

/// Events of one pushed body, as kube-apiserver batches them.
const BATCH: usize = 400;
const BATCHES: usize = 500;
const PUSHERS: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if !paths.is_empty() {
        for threads in [1, 2] {
            read("given paths", &paths, threads)?;
        }
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for form in ["plain", "gzip", "zstd"] {
        let below = folder.path().join(form);
        std::fs::create_dir(&below)?;
        for number in 1..=FILES {
            write(
                &below.join(format!("audit.log.{number}")),
                form,
                number as u64,
            )?;
        }
        let one = below.join("audit.log.1");
        read(
            &format!("{form}, warming up"),
            std::slice::from_ref(&one),
            1,
        )?;
        read(&format!("{form}, one file"), &[one], 1)?;
        for threads in [1, 2] {
            let what = format!("{form}, {FILES} files");
            read(&what, std::slice::from_ref(&below), threads)?;
        }
    }
    push()
}

/// A line as kube-apiserver writes it at level Metadata, about a thousand bytes.
fn line(random: &mut Random, number: u64) -> String {
    let namespace = random.below(200);
    let pod = random.below(5_000);
    let id = format!("{:016x}", (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let micros = number % 1_000_000;
    let verb = ["get", "list", "watch", "update", "patch"]
        .get(random.below(5))
        .copied()
        .unwrap_or_default();
    let address = random.below(256);
    format!(
        concat!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{id}","stage":"ResponseComplete","#,
            r#""requestURI":"/api/v1/namespaces/team-{namespace}/pods/worker-{pod}?timeout=10s","verb":"{verb}","#,
            r#""user":{{"username":"system:serviceaccount:team-{namespace}:runner","uid":"{id}-{pod}","groups":["system:serviceaccounts","system:serviceaccounts:team-{namespace}","system:authenticated"],"#,
            r#""extra":{{"authentication.kubernetes.io/credential-id":["JTI={id}"],"authentication.kubernetes.io/node-name":["node-{address}"],"authentication.kubernetes.io/pod-name":["runner-{pod}"],"authentication.kubernetes.io/pod-uid":["{id}"]}}}},"#,
            r#""sourceIPs":["10.1.2.{address}"],"userAgent":"runner/v1.31.0 (linux/amd64) kubernetes/$Format","#,
            r#""objectRef":{{"resource":"pods","namespace":"team-{namespace}","name":"worker-{pod}","apiVersion":"v1"}},"responseStatus":{{"metadata":{{}},"code":200}},"#,
            r#""requestReceivedTimestamp":"2026-01-01T00:00:00.{micros:06}Z","stageTimestamp":"2026-01-01T00:00:00.{micros:06}Z","#,
            r#""annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding \"runner/team-{namespace}\" of Role \"runner\" to ServiceAccount \"runner/team-{namespace}\""}}}}"#,
            "\n"
        ),
        id = id,
        namespace = namespace,
        pod = pod,
        verb = verb,
        address = address,
        micros = micros,
    )
}

fn write(path: &Path, form: &str, seed: u64) -> Result<(), Error> {
    let file = BufWriter::new(File::create(path)?);
    let mut random = Random::new(seed);
    let mut out: Box<dyn Write> = match form {
        "gzip" => Box::new(GzEncoder::new(file, Compression::default())),
        "zstd" => Box::new(zstd::stream::write::Encoder::new(file, 3)?.auto_finish()),
        _ => Box::new(file),
    };
    let mut written = 0;
    let mut number = seed << 32;
    while written < FILE_BYTES {
        let line = line(&mut random, number);
        out.write_all(line.as_bytes())?;
        written += line.len();
        number += 1;
    }
    out.flush()
}

/// Takes every chunk and lets it go: what decoding would see.
fn read(what: &str, paths: &[PathBuf], threads: usize) -> Result<(), Box<dyn std::error::Error>> {
    let settings = SourceSettings {
        paths: paths.to_vec(),
        follow: Follow::No,
        threads,
        ..SourceSettings::default()
    };
    let (start, start_cpu) = (Instant::now(), process_cpu_time());
    let mut sources = Sources::open(&settings, b"")?;
    let mut bytes = 0_u64;
    while let Next::Chunk(chunk) = sources.next_chunk(Duration::from_secs(60)) {
        bytes += chunk.bytes.len() as u64;
        sources.done(chunk);
    }
    let (wall, cpu) = (
        start.elapsed(),
        process_cpu_time().saturating_sub(start_cpu),
    );
    println!(
        "{what}, {threads} thread(s): {:.2} GB/s of wall time, {:.2} GB/s of CPU time",
        gigabytes(bytes) / wall.as_secs_f64(),
        gigabytes(bytes) / cpu.as_secs_f64(),
    );
    for gap in sources.gaps() {
        println!("  gap: {}: {}", gap.source, gap.detail);
    }
    Ok(())
}

/// Pushes batches over a few connections, and takes them as fast as they come.
fn push() -> Result<(), Box<dyn std::error::Error>> {
    let settings = SourceSettings {
        listener: Some(ListenerSettings {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            token_file: None,
            acknowledge: Acknowledge::Done,
        }),
        ..SourceSettings::default()
    };
    let mut sources = Sources::open(&settings, b"")?;
    let address = sources.listener_address().ok_or("no address")?;
    let mut random = Random::new(9);
    let items: Vec<String> = (0..BATCH as u64)
        .map(|number| line(&mut random, number).trim_end().to_owned())
        .collect();
    let body = format!(
        r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{}]}}"#,
        items.join(",")
    );
    let (start, start_cpu) = (Instant::now(), process_cpu_time());
    let pushers: Vec<_> = (0..PUSHERS)
        .map(|_| {
            let body = body.clone();
            std::thread::spawn(move || push_batches(address, &body))
        })
        .collect();
    let mut taken = 0;
    while taken < BATCHES * PUSHERS {
        let Next::Chunk(chunk) = sources.next_chunk(Duration::from_secs(60)) else {
            return Err("pushes stopped".into());
        };
        taken += 1;
        sources.done(chunk);
    }
    for pusher in pushers {
        pusher.join().map_err(|_| "a pusher broke")??;
    }
    let events = f64::from(u32::try_from(taken * BATCH)?);
    println!(
        "pushed, {BATCH} events a body, {PUSHERS} connections: {:.0} events/s; both sides took {:.2} µs of CPU time an event",
        events / start.elapsed().as_secs_f64(),
        process_cpu_time().saturating_sub(start_cpu).as_secs_f64() * 1e6 / events,
    );
    Ok(())
}

fn push_batches(address: SocketAddr, body: &str) -> Result<(), Error> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut answer = [0; 4096];
    for _ in 0..BATCHES {
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let count = stream.read(&mut answer)?;
        let answer = answer.get(..count).unwrap_or_default();
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(Error::other(String::from_utf8_lossy(answer).into_owned()));
        }
    }
    Ok(())
}

fn gigabytes(bytes: u64) -> f64 {
    // Whole megabytes are exact enough.
    f64::from(u32::try_from(bytes / 1_000_000).unwrap_or(u32::MAX)) / 1e3
}
