//! LEAVES: a child process, `ssh HOST docker system dial-stdio`, whose standard streams are the connection.
//!
//! As the docker command does it (docker/cli `cli/connhelper`): keys, agents, jump hosts and known hosts are the
//! business of the user's own `ssh` and its configuration.

use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Join, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::address::Address;
use super::endpoint::Endpoint;
use super::failure::Failure;
use crate::text::one_line;

/// Bytes of the child's complaints that are kept for the message.
const COMPLAINT_BYTES_MAX: u64 = 4 * 1024;

/// The streams of the child; dropping it ends the child.
#[derive(Debug)]
pub(super) struct Pipe {
    streams: Join<ChildStdout, ChildStdin>,
    _child: Child,
}

/// Starts the child. The handle gives what it wrote to its standard error, once it has ended.
pub(super) fn dial(endpoint: &Endpoint) -> Result<(Pipe, JoinHandle<String>), Failure> {
    let program = endpoint.ssh_program.display().to_string();
    let unreachable =
        |detail: &str| Failure::Unreachable(format!("cannot run `{program}`: {detail}"));
    let mut child = Command::new(&endpoint.ssh_program)
        .args(arguments(&endpoint.address))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| unreachable(&error.to_string()))?;
    let (Some(input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(unreachable("no pipes"));
    };
    let complaint = tokio::spawn(async move {
        let mut kept = Vec::new();
        let mut errors = errors.take(COMPLAINT_BYTES_MAX);
        // Whatever was read before an error is the best that can be told.
        errors.read_to_end(&mut kept).await.ok();
        one_line(&String::from_utf8_lossy(&kept))
    });
    let pipe = Pipe {
        streams: tokio::io::join(output, input),
        _child: child,
    };
    Ok((pipe, complaint))
}

/// Options before `--`, so that no host name is taken for one; no terminal, which would make it a login.
fn arguments(address: &Address) -> Vec<String> {
    let Address::Ssh {
        user,
        host,
        port,
        path,
    } = address
    else {
        return Vec::new();
    };
    let mut arguments = Vec::new();
    if !user.is_empty() {
        arguments.extend(["-l".to_owned(), user.clone()]);
    }
    if let Some(port) = port {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    let options = ["-o", "ConnectTimeout=30", "-T", "--"].map(str::to_owned);
    arguments.extend(options);
    arguments.push(host.clone());
    arguments.push(if path.is_empty() {
        "docker system dial-stdio".to_owned()
    } else {
        let socket = quoted(&format!("--host=unix://{path}"));
        format!("docker {socket} system dial-stdio")
    });
    arguments
}

/// For the shell over there: single quotes, which it leaves alone.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.streams).poll_read(context, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.streams).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.streams).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.streams).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::arguments;
    use crate::docker::Address;

    fn check(address: &str, expected: &str) {
        let (address, _) = Address::parse(address).unwrap();
        assert_eq!(arguments(&address).join(" "), expected);
    }

    #[test]
    fn ssh_gets_the_arguments_that_the_docker_command_gives() {
        check(
            "ssh://alpha",
            "-o ConnectTimeout=30 -T -- alpha docker system dial-stdio",
        );
        check(
            "ssh://me@alpha:2222/run/user/1000/podman/podman.sock",
            "-l me -p 2222 -o ConnectTimeout=30 -T -- alpha \
             docker '--host=unix:///run/user/1000/podman/podman.sock' system dial-stdio",
        );
    }

    #[test]
    fn a_path_cannot_leave_its_quotes() {
        check(
            "ssh://alpha/x'; reboot; '",
            r"-o ConnectTimeout=30 -T -- alpha docker '--host=unix:///x'\''; reboot; '\''' system dial-stdio",
        );
    }
}
