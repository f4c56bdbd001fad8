//! `DOCKER_HOST` addresses: `unix://`, `tcp://`, `http://`, `https://`, `ssh://`.

use std::fmt;
use std::path::PathBuf;

/// Where a daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket of this machine.
    Unix(PathBuf),
    /// A TCP port.
    Tcp {
        /// Name or address, without brackets.
        host: String,
        /// `None` for 2375, or 2376 with TLS.
        port: Option<u16>,
    },
    /// Through the `ssh` program, which runs `docker system dial-stdio` over there.
    Ssh {
        /// Empty for the user that `ssh` chooses.
        user: String,
        /// Name or address, without brackets.
        host: String,
        /// `None` for the port that `ssh` chooses.
        port: Option<u16>,
        /// Socket over there; empty for the one of the docker command's configuration.
        path: String,
    },
}

/// An address that cannot be used; the text says why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadAddress(pub(super) String);

impl Address {
    /// Reads an address; the second value says whether its scheme demands TLS.
    pub(super) fn parse(text: &str) -> Result<(Self, bool), BadAddress> {
        let text = text.trim();
        if text.starts_with('/') {
            return Ok((Self::Unix(PathBuf::from(text)), false));
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| BadAddress("it has no scheme such as `tcp://`".to_owned()))?;
        match scheme {
            "unix" if rest.is_empty() => Err(BadAddress("it names no socket".to_owned())),
            "unix" => Ok((Self::Unix(PathBuf::from(rest)), false)),
            "tcp" | "http" => Ok((tcp(rest)?, false)),
            "https" => Ok((tcp(rest)?, true)),
            "ssh" => Ok((ssh(rest)?, false)),
            "npipe" => Err(BadAddress("named pipes exist on Windows only".to_owned())),
            "fd" => Err(BadAddress(
                "`fd://` is where a daemon listens, not an address".to_owned(),
            )),
            _ => Err(BadAddress(format!("its scheme `{scheme}` is not known"))),
        }
    }
}

impl Address {
    /// A host with or without a port.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn of_tcp(text: &str) -> Result<Self, String> {
        tcp(text).map_err(|bad| format!("`{}`: {}", crate::text::one_line(text), bad.0))
    }
}

fn tcp(rest: &str) -> Result<Address, BadAddress> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(BadAddress("a daemon takes no user name".to_owned()));
    }
    if !path.is_empty() {
        return Err(BadAddress(
            "a path after the port is not supported".to_owned(),
        ));
    }
    let (host, port) = host_and_port(authority)?;
    Ok(Address::Tcp { host, port })
}

fn ssh(rest: &str) -> Result<Address, BadAddress> {
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let (user, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains(':') {
        return Err(BadAddress(
            "a password in the address is not supported".to_owned(),
        ));
    }
    if path.contains(['?', '#']) {
        return Err(BadAddress("query and fragment have no meaning".to_owned()));
    }
    let (host, port) = host_and_port(host_port)?;
    Ok(Address::Ssh {
        user: user.to_owned(),
        host,
        port,
        path: if path.trim_matches('/').is_empty() {
            String::new()
        } else {
            path.to_owned()
        },
    })
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), BadAddress> {
    let (host, port) = match text
        .strip_prefix('[')
        .and_then(|inside| inside.split_once(']'))
    {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or(rest)),
        None => match text.rsplit_once(':') {
            // More than one colon without brackets is an IPv6 address alone.
            Some((host, port)) if !host.contains(':') => (host, port),
            _ => (text, ""),
        },
    };
    if host.is_empty() {
        return Err(BadAddress("it names no host".to_owned()));
    }
    let port = match port {
        "" => None,
        digits => Some(
            digits
                .parse()
                .map_err(|_| BadAddress(format!("`{digits}` is not a port")))?,
        ),
    };
    Ok((host.to_owned(), port))
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Self::Tcp { host, port } => {
                formatter.write_str("tcp://")?;
                write_host(formatter, host, *port)
            }
            Self::Ssh {
                user,
                host,
                port,
                path,
            } => {
                formatter.write_str("ssh://")?;
                if !user.is_empty() {
                    write!(formatter, "{user}@")?;
                }
                write_host(formatter, host, *port)?;
                formatter.write_str(path)
            }
        }
    }
}

fn write_host(formatter: &mut fmt::Formatter<'_>, host: &str, port: Option<u16>) -> fmt::Result {
    if host.contains(':') {
        write!(formatter, "[{host}]")?;
    } else {
        formatter.write_str(host)?;
    }
    match port {
        Some(port) => write!(formatter, ":{port}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    /// The address as it is written again, or the words of the refusal.
    fn check(text: &str, expected: &str) {
        let found = match Address::parse(text) {
            Ok((address, false)) => address.to_string(),
            Ok((address, true)) => format!("{address} with TLS"),
            Err(bad) => bad.0,
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn addresses_are_read() {
        check("unix:///var/run/docker.sock", "unix:///var/run/docker.sock");
        check("/run/podman/podman.sock", "unix:///run/podman/podman.sock");
        check("tcp://alpha:2375", "tcp://alpha:2375");
        check("tcp://alpha", "tcp://alpha");
        check("tcp://[::1]:2375/", "tcp://[::1]:2375");
        check("tcp://::1", "tcp://[::1]");
        check("http://alpha:1", "tcp://alpha:1");
        check("https://alpha:2376", "tcp://alpha:2376 with TLS");
        check("ssh://me@alpha", "ssh://me@alpha");
        check("ssh://alpha:22/run/x.sock", "ssh://alpha:22/run/x.sock");
        check("ssh://me@alpha/", "ssh://me@alpha");
    }

    #[test]
    fn what_is_no_address_is_refused_in_words() {
        check("alpha:2375", "it has no scheme such as `tcp://`");
        check("unix://", "it names no socket");
        check("tcp://", "it names no host");
        check("tcp://alpha:http", "`http` is not a port");
        check(
            "tcp://alpha:2375/x",
            "a path after the port is not supported",
        );
        check("tcp://me@alpha:2375", "a daemon takes no user name");
        check(
            "ssh://me:pw@alpha",
            "a password in the address is not supported",
        );
        check(
            "npipe:////./pipe/docker_engine",
            "named pipes exist on Windows only",
        );
        check("gopher://x", "its scheme `gopher` is not known");
    }
}
