//! The identities that ask, each looked up once.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};
use viewshed_analyze::rbac::{AccessIndex, Session};
use viewshed_model::Identity;

/// Identities that are kept; a million-user log would else hold a million sessions. When the table is
/// full it is emptied: an identity that asks again is looked up again.
const SESSIONS_MAX: usize = 50_000;

/// Sessions by identity. User and groups are all that the authorizers look at.
pub(super) struct Sessions<'a> {
    index: &'a AccessIndex<'a>,
    by_hash: FxHashMap<u64, Vec<Session<'a>>>,
    count: usize,
}

impl<'a> Sessions<'a> {
    pub(super) fn new(index: &'a AccessIndex<'a>) -> Self {
        Self {
            index,
            by_hash: FxHashMap::default(),
            count: 0,
        }
    }

    /// The session of exactly this user and these groups, in this order.
    pub(super) fn of<G: Borrow<str>>(&mut self, user: &str, groups: &[G]) -> &Session<'a> {
        if self.count >= SESSIONS_MAX {
            self.by_hash.clear();
            self.count = 0;
        }
        let bucket = self.by_hash.entry(hash(user, groups)).or_default();
        let known = bucket
            .iter()
            .position(|session| is_of(session.identity(), user, groups));
        let position = known.unwrap_or_else(|| {
            let groups = groups.iter().map(Borrow::borrow);
            bucket.push(self.index.session(&Identity::exactly(user, groups)));
            self.count += 1;
            bucket.len() - 1
        });
        #[expect(
            clippy::indexing_slicing,
            reason = "the position was found or pushed in this bucket"
        )]
        &bucket[position]
    }
}

fn is_of<G: Borrow<str>>(identity: &Identity, user: &str, groups: &[G]) -> bool {
    identity.user == user
        && identity.groups.len() == groups.len()
        && identity
            .groups
            .iter()
            .zip(groups)
            .all(|(known, given)| known.as_str() == given.borrow())
}

fn hash<G: Borrow<str>>(user: &str, groups: &[G]) -> u64 {
    let mut hasher = FxHasher::default();
    user.hash(&mut hasher);
    for group in groups {
        let group: &str = group.borrow();
        group.hash(&mut hasher);
    }
    hasher.finish()
}
