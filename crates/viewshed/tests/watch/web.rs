//! Requests over HTTP/1.1 as curl would make them, and what comes back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest wait for an answer: a receipt comes when the state is saved.
const ANSWER_MAX: Duration = Duration::from_secs(60);

pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(ANSWER_MAX)).unwrap();
    stream
}

/// Sends one request; status and body.
pub(crate) fn exchange(
    mut stream: impl Read + Write,
    head: &str,
    body: &str,
) -> std::io::Result<(u16, String)> {
    let length = body.len();
    write!(
        stream,
        "{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    stream.flush()?;
    let mut answer = Vec::new();
    // A peer that closes a TLS connection without its last word has still answered.
    let ended = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        ended?;
        return Err(std::io::Error::other("no answer"));
    };
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
    Ok((status.unwrap_or_default(), body.to_owned()))
}

/// Pushes a body to the audit webhook.
pub(crate) fn push(address: &str, body: &str) -> u16 {
    exchange(connect(address), "POST /", body).unwrap().0
}

/// `GET` of a URL without TLS.
pub(crate) fn get(url: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    exchange(connect(address), &format!("GET /{path}"), "").unwrap()
}

/// The value of a series in Prometheus' text form.
pub(crate) fn figure(url: &str, series: &str) -> Option<u64> {
    let (_, text) = get(url);
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{series} ")))?;
    value.parse().ok()
}
