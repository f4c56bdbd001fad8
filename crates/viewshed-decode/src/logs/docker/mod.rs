//! Docker and Podman: the events stream, the daemon's own log, records of an authorization plugin.

mod authorization;
mod daemon;
mod events;
mod path;

#[cfg(test)]
mod tests;

pub(super) use authorization::decode as decode_authorization;
pub(super) use daemon::decode as decode_daemon;
pub(super) use daemon::is_line as is_daemon_line;
pub(super) use events::decode as decode_events;
