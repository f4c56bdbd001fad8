//! The program while it runs: what it says so far, and how it is ended.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest wait for something that must come.
const WAIT_MAX: Duration = Duration::from_secs(60);

type Lines = Arc<Mutex<Vec<String>>>;

/// A running `viewshed`; killed when dropped.
pub(crate) struct Running {
    child: Child,
    out: Lines,
    err: Lines,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts `viewshed` in a folder, with words that have spaces between them.
    pub(crate) fn start(folder: &Path, line: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_viewshed"))
            .args(line.split_whitespace())
            .env_clear()
            .env("HOME", folder)
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, err) = (Lines::default(), Lines::default());
        let readers = vec![
            reader(child.stdout.take().unwrap(), &out),
            reader(child.stderr.take().unwrap(), &err),
        ];
        let running = Self {
            child,
            out,
            err,
            readers,
        };
        // From here on it can be terminated in order.
        running.says("watching");
        running
    }

    /// Every incident that was told so far, as JSON.
    pub(crate) fn told(&self) -> Vec<Value> {
        let lines = self.out.lock().unwrap();
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits until `found` finds something.
    pub(crate) fn until<T>(&self, what: &str, found: impl Fn(&Self) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            assert!(
                started.elapsed() < WAIT_MAX,
                "no {what}: {:#?} {:#?}",
                self.out.lock().unwrap(),
                self.err.lock().unwrap()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What stands behind this word on standard error, once it does.
    pub(crate) fn says(&self, word: &str) -> String {
        self.until(word, |running| {
            let lines = running.err.lock().unwrap();
            let mut rest = lines.iter().filter_map(|line| line.split_once(word));
            rest.next().map(|(_, rest)| rest.trim().to_owned())
        })
    }

    /// Ends it as `kill -9` does: nothing can be saved.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Orders it to terminate, as a service manager does, and waits. Exit code, output, and what it said.
    pub(crate) fn terminate(mut self) -> (i32, String, String) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(status.success());
        let started = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code().unwrap_or(-1);
            }
            assert!(started.elapsed() < WAIT_MAX, "it does not terminate");
            std::thread::sleep(Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let text = |lines: &Lines| lines.lock().unwrap().join("\n");
        (code, text(&self.out), text(&self.err))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn reader(pipe: impl Read + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            lines.lock().unwrap().push(line.unwrap());
        }
    })
}
