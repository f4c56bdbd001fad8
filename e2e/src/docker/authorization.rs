//! A small authorization plugin for Docker: denies by path.
//!
//! Docker posts each request to it as JSON over a socket in `/run/docker/plugins`, and denies
//! everything when it gets no answer; see Docker's "Access authorization plugin".

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::machine::Machine;

/// The plugin's name, also that of its socket.
pub(super) const NAME: &str = "bench-authorization";

const BODY_BYTES_MAX: usize = 64 << 20;

/// Answers until dropped.
#[derive(Debug)]
pub(super) struct AuthorizationPlugin {
    socket: PathBuf,
    stopped: Arc<AtomicBool>,
}

impl AuthorizationPlugin {
    /// Starts to deny requests whose path starts with one of `denied`.
    pub(super) fn start(machine: &Machine, denied: Vec<String>) -> Result<Self> {
        let socket = machine.outside(&format!("/run/docker/plugins/{NAME}.sock"));
        let folder = socket.parent().context("a socket has no folder")?;
        std::fs::create_dir_all(folder).context("cannot make a folder")?;
        let listener =
            UnixListener::bind(&socket).context("cannot listen for Docker's questions")?;
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        thread::spawn(move || {
            for connection in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let denied = denied.clone();
                if let Ok(connection) = connection {
                    thread::spawn(move || serve(&connection, &denied).is_ok());
                }
            }
        });
        Ok(Self { socket, stopped })
    }
}

impl Drop for AuthorizationPlugin {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the listener; when it cannot be reached it is not listening either.
        drop(UnixStream::connect(&self.socket));
    }
}

/// Answers the requests of one connection until it is closed.
fn serve(connection: &UnixStream, denied: &[String]) -> io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut writer = connection;
    while let Some((path, body)) = read_request(&mut reader)? {
        let answer = answer(&path, &body, denied).to_string();
        write!(
            writer,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }
    Ok(())
}

/// Reads one request: its path and its body. `None` at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    if length > BODY_BYTES_MAX {
        return Err(io::Error::other("a request is too long"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((path, body)))
}

fn answer(path: &str, body: &[u8], denied: &[String]) -> Value {
    if path == "/Plugin.Activate" {
        return json!({ "Implements": ["authz"] });
    }
    let question: Value = serde_json::from_slice(body).unwrap_or_default();
    let uri = question
        .get("RequestUri")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_request = path == "/AuthZPlugin.AuthZReq";
    if is_request
        && denied
            .iter()
            .any(|prefix| without_version(uri).starts_with(prefix.as_str()))
    {
        return json!({ "Allow": false, "Msg": "denied by the bench" });
    }
    json!({ "Allow": true })
}

/// `/v1.41/secrets` is `/secrets`.
fn without_version(uri: &str) -> &str {
    let version = uri.strip_prefix("/v").and_then(|rest| rest.split_once('/'));
    match version {
        Some((number, _)) if number.starts_with(|first: char| first.is_ascii_digit()) => {
            uri.get(number.len() + 2..).unwrap_or(uri)
        }
        _ => uri,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_only_a_version_from_a_path() {
        for (uri, path) in [
            ("/v1.41/volumes", "/volumes"),
            ("/volumes", "/volumes"),
            ("/volumes/v1/x", "/volumes/v1/x"),
            ("/v1.41", "/v1.41"),
        ] {
            assert_eq!(without_version(uri), path);
        }
    }

    #[test]
    fn reads_requests_until_the_connection_ends() {
        let mut text =
            "POST /a HTTP/1.1\r\nContent-length: 2\r\n\r\n{}POST /b HTTP/1.1\r\n\r\n".as_bytes();
        assert_eq!(
            read_request(&mut text).unwrap(),
            Some(("/a".to_owned(), b"{}".to_vec()))
        );
        assert_eq!(
            read_request(&mut text).unwrap(),
            Some(("/b".to_owned(), Vec::new()))
        );
        assert_eq!(read_request(&mut text).unwrap(), None);
    }
}
