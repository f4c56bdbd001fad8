//! Running the program, alone in the world: its own home, no kubeconfig, no Docker, a time limit.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A run that takes longer hangs.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A folder of its own, and the program in it.
pub(crate) struct Program {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// A file in the folder; the program runs there, so its name is its path.
    pub(crate) fn with_file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `viewshed` with these words.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_viewshed"));
        command.args(words);
        self.finish(command, b"")
    }

    /// The same with something on standard input.
    pub(crate) fn run_with_input(&self, words: &[&str], input: &[u8]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_viewshed"));
        command.args(words);
        self.finish(command, input)
    }

    /// Runs a line of shell in which `$VIEWSHED` is the program.
    pub(crate) fn shell(&self, line: &str) -> Run {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        self.finish(command, b"")
    }

    fn finish(&self, mut command: Command, input: &[u8]) -> Run {
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("TERM", "xterm")
            .env("VIEWSHED", env!("CARGO_BIN_EXE_viewshed"))
            // Whatever socket this machine has is not the test's.
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
        let mut pipe = child.stdin.take().unwrap();
        // It may end without reading its input.
        pipe.write_all(input).ok();
        drop(pipe);
        let code = wait(&mut child);
        Run {
            code,
            out: out.join().unwrap(),
            err: err.join().unwrap(),
        }
    }
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).unwrap();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child) -> i32 {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        if started.elapsed() > TIME_MAX {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("still running after {TIME_MAX:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Run {
    /// The document on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Source, reason, what and details of every gap.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let document = self.json();
        let gaps = document["gaps"].as_array().cloned().unwrap_or_default();
        let text = |gap: &Value, name: &str| gap[name].as_str().unwrap_or_default().to_owned();
        gaps.iter()
            .map(|gap| {
                format!(
                    "{}: {} {}: {}",
                    text(gap, "source"),
                    text(gap, "reason"),
                    text(gap, "what"),
                    text(gap, "detail")
                )
            })
            .collect()
    }

    /// The exit code, and words that standard error must have.
    pub(crate) fn check(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in {self:?}");
        }
        assert!(!self.err.contains("panicked"), "{self:?}");
        self
    }

    /// The exit code, and words that one of the gaps must have.
    pub(crate) fn check_gap(&self, code: i32, words: &str) -> &Self {
        self.check(code, &[]);
        let gaps = self.gaps();
        assert!(
            gaps.iter().any(|gap| gap.contains(words)),
            "no `{words}` in {gaps:#?}"
        );
        self
    }
}
