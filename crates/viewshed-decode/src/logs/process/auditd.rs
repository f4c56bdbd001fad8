//! Linux audit records (`/var/log/audit/audit.log`): SYSCALL, EXECVE, PATH and CWD lines of one event share a
//! serial number and follow each other.
//!
//! An event whose lines are cut apart by the end of a chunk gives what each part has.

use std::borrow::Cow;

use viewshed_model::{Activity, Actor, Process, SkipReason};

use super::accept;
use crate::logs::sink::Sink;
use crate::logs::time::SECOND_US;

/// Arguments of one command that are joined; a command line of a megabyte has no more to say.
const ARGUMENTS_MAX: usize = 256;
/// Longest joined command, in bytes.
const COMMAND_BYTES_MAX: usize = 16 << 10;

/// What the lines of one event told so far.
#[derive(Debug, Default)]
struct Event<'a> {
    /// `1364481363.243:24287`.
    serial: &'a str,
    node: &'a str,
    user: &'a str,
    uid: &'a str,
    executable: &'a str,
    command: String,
    title: Option<String>,
    files: Vec<Cow<'a, str>>,
}

/// The file that [`Event::files`] keeps per event: rename has four.
const FILES_MAX: usize = 8;

pub(in crate::logs) fn decode<'a>(text: &'a str, sink: &mut Sink<'a, '_>) {
    let mut event = Event::default();
    sink.each_line(text, |line, sink| {
        let Some((serial, body)) = record(line) else {
            sink.skip(SkipReason::Malformed);
            return;
        };
        if serial != event.serial {
            finish(std::mem::take(&mut event), sink);
            event.serial = serial;
        }
        event.read(line, body);
    });
    finish(event, sink);
}

/// `type=SYSCALL msg=audit(1364481363.243:24287): arch=...`
fn record(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("msg=audit(")?;
    rest.split_once("):")
}

impl<'a> Event<'a> {
    fn read(&mut self, line: &'a str, body: &'a str) {
        let kind = pairs(line).find(|(key, _)| *key == "type");
        for (key, value) in pairs(line).take_while(|(key, _)| *key != "msg") {
            if key == "node" {
                self.node = value;
            }
        }
        match kind.map_or("", |(_, value)| value) {
            "SYSCALL" => self.read_call(body),
            "EXECVE" => self.read_arguments(body),
            "PROCTITLE" => {
                self.title = pairs(body)
                    .find(|(key, _)| *key == "proctitle")
                    .map(|(_, value)| unquoted(value).replace('\0', " "));
            }
            "PATH" => {
                let name = pairs(body).find(|(key, _)| *key == "name");
                if let Some((_, name)) = name
                    && self.files.len() < FILES_MAX
                {
                    self.files.push(unquoted(name));
                }
            }
            _ => {}
        }
    }

    fn read_call(&mut self, body: &'a str) {
        for (key, value) in pairs(body) {
            match key {
                "uid" => self.uid = value,
                "exe" => self.executable = value.trim_matches('"'),
                // Enriched logs name the one who logged in.
                "AUID" if value != "\"unset\"" => self.user = value.trim_matches('"'),
                _ => {}
            }
        }
    }

    fn read_arguments(&mut self, body: &str) {
        let arguments = pairs(body).filter(|(key, _)| {
            key.strip_prefix('a').is_some_and(|number| {
                number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty()
            })
        });
        for (_, value) in arguments.take(ARGUMENTS_MAX) {
            if self.command.len() >= COMMAND_BYTES_MAX {
                break;
            }
            if !self.command.is_empty() {
                self.command.push(' ');
            }
            self.command.push_str(&unquoted(value));
        }
    }
}

fn finish<'a>(event: Event<'a>, sink: &mut Sink<'a, '_>) {
    if event.serial.is_empty() {
        return;
    }
    let is_command = !event.command.is_empty();
    let files = if is_command { Vec::new() } else { event.files };
    let file = files
        .iter()
        .find(|file| super::FILES.iter().any(|part| file.contains(part)))
        .or(files.first());
    let process = Process {
        executable: Cow::Borrowed(event.executable),
        command: Cow::Owned(if is_command {
            event.command
        } else {
            event.title.unwrap_or_default()
        }),
        file: file.cloned().unwrap_or_default(),
        ..Process::default()
    };
    let activity = Activity {
        at_us: time_of(event.serial),
        id: Cow::Borrowed(event.serial),
        cluster: Cow::Borrowed(event.node),
        actor: Actor {
            user: Cow::Borrowed(event.user),
            uid: Cow::Borrowed(event.uid),
            node: Cow::Borrowed(event.node),
            ..Actor::default()
        },
        ..Activity::default()
    };
    accept(activity, process, sink);
}

/// `SECONDS.MILLISECONDS:SERIAL`.
fn time_of(serial: &str) -> i64 {
    let time = serial.split(':').next().unwrap_or_default();
    let (seconds, millis) = time.split_once('.').unwrap_or((time, "0"));
    match (seconds.parse::<u32>(), millis.parse::<u16>()) {
        (Ok(seconds), Ok(millis)) => i64::from(seconds) * SECOND_US + i64::from(millis) * 1000,
        _ => 0,
    }
}

/// `key=value` pairs; values in quotes keep them. The enriched part follows a group separator (0x1d).
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let trimmed = rest.trim_start_matches([' ', '\u{1d}']);
        let (key, after) = trimmed.split_once('=')?;
        let end = match after.strip_prefix('"') {
            Some(quoted) => quoted.find('"').map(|end| end + 2),
            None => after.find([' ', '\u{1d}']),
        };
        let (value, next) = after.split_at_checked(end.unwrap_or(after.len()))?;
        rest = next;
        Some((key, value))
    })
}

/// The kernel writes untrusted strings in quotes, or in hexadecimal when they hold blanks, quotes or controls.
fn unquoted(value: &str) -> Cow<'_, str> {
    if let Some(quoted) = value.strip_prefix('"') {
        return Cow::Borrowed(quoted.trim_end_matches('"'));
    }
    let (pairs, odd) = value.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok())
        .collect();
    match bytes {
        Some(bytes) if odd.is_empty() && !bytes.is_empty() => {
            Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => Cow::Borrowed(value),
    }
}
