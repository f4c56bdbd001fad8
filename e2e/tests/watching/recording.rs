//! The audit log of a real API server, cut into the sessions that made it.

use std::fs;
use std::time::Duration;

use viewshed_bench::{ControlPlane, wait_until};

/// What the log holds of one session.
pub(crate) struct Session {
    pub(crate) name: &'static str,
    pub(crate) log: String,
}

/// Runs sessions one after the other and cuts the log after each.
pub(crate) struct Recorder<'p> {
    plane: &'p ControlPlane,
    read: usize,
    marks: usize,
}

impl<'p> Recorder<'p> {
    /// A recorder at the beginning of the log.
    pub(crate) fn new(plane: &'p ControlPlane) -> Self {
        Self {
            plane,
            read: 0,
            marks: 0,
        }
    }

    /// What the log holds when a session is over, since the one before.
    pub(crate) fn session(&mut self, name: &'static str, run: impl FnOnce()) -> Session {
        run();
        self.marks += 1;
        let mark = format!("/livez/ping?mark={}", self.marks);
        self.plane.kubectl().get_raw(&mark).unwrap();
        let path = self.plane.audit_log().unwrap();
        let text = wait_until("the audit log", Duration::from_secs(20), || {
            let text = fs::read_to_string(path)?;
            let end = text.find(&format!("{mark}\"")).and_then(|at| {
                let rest = text.get(at..)?;
                Some(at + rest.find('\n')? + 1)
            });
            Ok(end.map(|end| text[..end].to_owned()))
        })
        .unwrap();
        let log = text[self.read..].to_owned();
        self.read = text.len();
        Session { name, log }
    }
}
