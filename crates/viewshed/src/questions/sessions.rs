//! The identities that ask, each looked up once.

use std::borrow::Borrow;

use rustc_hash::FxHashMap;
use viewshed_analyze::rbac::{AccessIndex, Session};
use viewshed_model::Identity;

/// Identities that are kept; a million-user log would else hold a million sessions. When the table is
/// full it is emptied: an identity that asks again is looked up again.
const SESSIONS_MAX: usize = 50_000;

/// Sessions by identity. User and groups are all that the authorizers look at.
pub(super) struct Sessions<'a> {
    index: &'a AccessIndex<'a>,
    /// By user and groups as one run of bytes: comparing them reads one place in memory, not one for
    /// each group.
    by_names: FxHashMap<Box<[u8]>, u32>,
    known: Vec<Session<'a>>,
    /// The names of the identity that asks now.
    names: Vec<u8>,
}

impl<'a> Sessions<'a> {
    pub(super) fn new(index: &'a AccessIndex<'a>) -> Self {
        Self {
            index,
            by_names: FxHashMap::default(),
            known: Vec::new(),
            names: Vec::new(),
        }
    }

    /// The session of exactly this user and these groups, in this order.
    pub(super) fn of<G: Borrow<str>>(&mut self, user: &str, groups: &[G]) -> &Session<'a> {
        self.names.clear();
        push(&mut self.names, user);
        for group in groups {
            push(&mut self.names, group.borrow());
        }
        let number = self.by_names.get(self.names.as_slice()).copied();
        let position = number.map_or_else(|| self.add(user, groups), |number| number as usize);
        #[expect(
            clippy::indexing_slicing,
            reason = "the position was found or pushed in this list"
        )]
        &self.known[position]
    }

    fn add<G: Borrow<str>>(&mut self, user: &str, groups: &[G]) -> usize {
        if self.known.len() >= SESSIONS_MAX {
            self.by_names.clear();
            self.known.clear();
        }
        let position = self.known.len();
        let groups = groups.iter().map(Borrow::borrow);
        self.known
            .push(self.index.session(&Identity::exactly(user, groups)));
        if let Ok(number) = u32::try_from(position) {
            self.by_names.insert(self.names.as_slice().into(), number);
        }
        position
    }
}

/// The name with its length before it, so that no two lists of names are the same bytes.
fn push(names: &mut Vec<u8>, name: &str) {
    names.extend_from_slice(&name.len().to_le_bytes());
    names.extend_from_slice(name.as_bytes());
}
