//! Where in the files the events stand that opened incidents.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use viewshed_collect::logs::Chunk;
use viewshed_model::{Activity, Incident, Position};

/// Events whose places are remembered, the newest: a list opens an incident up to a minute after it was read, once
/// nobody goes on to follow it.
const EVENTS_MAX: usize = 1 << 18;

/// Files whose lines are counted. Events of further ones have no place.
const FILES_MAX: usize = 4_096;

/// Remembers where events stand.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Lines of each file that were handed over so far.
    lines: BTreeMap<Arc<str>, u64>,
    /// By time (microseconds since 1970) and hash of the audit id.
    events: BTreeMap<(i64, u64), (Arc<str>, u64)>,
    /// By the incidents' ids.
    positions: BTreeMap<String, Position>,
}

impl Places {
    /// Takes notice of what was decoded of a chunk.
    pub(crate) fn add(&mut self, chunk: &Chunk, activities: &[Activity<'_>]) {
        let is_file = &*chunk.file != "-" && !chunk.file.contains("://");
        if !is_file || (self.lines.len() >= FILES_MAX && !self.lines.contains_key(&chunk.file)) {
            return;
        }
        let before = match (chunk.offset, self.lines.get(&chunk.file)) {
            (0, _) => 0,
            (_, Some(lines)) => *lines,
            // An earlier run has read what is before it.
            (_, None) => return,
        };
        let mut counted = (0, before + 1);
        for activity in activities {
            let Some(offset) = offset_in(&chunk.bytes, activity.raw) else {
                continue;
            };
            let passed = chunk.bytes.get(counted.0..offset).unwrap_or_default();
            counted = (offset.max(counted.0), counted.1 + breaks(passed));
            let key = (activity.at_us, hash(&activity.id));
            self.events
                .insert(key, (Arc::clone(&chunk.file), counted.1));
            if self.events.len() > EVENTS_MAX {
                self.events.pop_first();
            }
        }
        let all = before + breaks(&chunk.bytes);
        self.lines.insert(Arc::clone(&chunk.file), all);
    }

    /// Finds the event that opened an incident.
    pub(crate) fn find(&mut self, incident: &Incident) {
        if self.positions.contains_key(&incident.id) {
            return;
        }
        let opened_us = incident.opened_at.as_microsecond();
        let mut ids = incident.audit_ids.iter();
        let place = ids.find_map(|id| self.events.get(&(opened_us, hash(id))));
        if let Some((file, line)) = place {
            let path = Path::new(&**file);
            let folder = std::env::current_dir().unwrap_or_default();
            // Code scanning looks for files below the folder that it runs in.
            let path = path.strip_prefix(folder).unwrap_or(path);
            let position = Position {
                file: path.display().to_string(),
                line: u32::try_from(*line).unwrap_or(u32::MAX),
            };
            self.positions.insert(incident.id.clone(), position);
        }
    }

    /// The places of the incidents that had one.
    pub(crate) fn positions(self) -> BTreeMap<String, Position> {
        self.positions
    }
}

/// Where a part starts, if it is borrowed from the whole; text that was unescaped lies elsewhere.
fn offset_in(whole: &[u8], part: &str) -> Option<usize> {
    let range = whole.as_ptr_range();
    let start = part.as_ptr();
    (!part.is_empty() && range.contains(&start))
        .then(|| start.addr().checked_sub(range.start.addr()))
        .flatten()
}

fn breaks(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{breaks, offset_in};

    #[test]
    fn a_part_is_found_in_its_whole_and_nowhere_else() {
        let whole = "first\nsecond\nthird\n";
        let part = whole.get(13..18).unwrap();
        let offset = offset_in(whole.as_bytes(), part).unwrap();
        assert_eq!(offset, 13);
        assert_eq!(breaks(&whole.as_bytes()[..offset]), 2);
        let unescaped = String::from(part);
        assert_eq!(offset_in(whole.as_bytes(), &unescaped), None);
        assert_eq!(offset_in(whole.as_bytes(), ""), None);
    }
}
