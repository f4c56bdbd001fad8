//! Two hashes of an activity: one for its shape, one for the very request.

use std::hash::{BuildHasher, Hasher};

use ahash::{AHasher, RandomState};
use viewshed_model::{Activity, Stage, Surface, Texts};

use super::behaviour::{Outcome, is_dry_run};
use super::recent::Moment;

/// Tells the hash of a shape in any namespace from that of one without.
const ANYWHERE: u64 = 1 << 32;

/// Hashes under the engine's secret key; names in a log are chosen by clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// Who did what from where with what result, without names of objects.
    pub(crate) shape: u64,
    /// The same in any namespace, if it is in one.
    pub(crate) anywhere: u64,
    /// This request. Clients may choose the audit id (header `Audit-ID`, apiserver
    /// `endpoints/filters/request_received_time.go` and `with_auditid.go`), so it is not enough by itself: with one
    /// id for all requests somebody could hide all but the first.
    pub(crate) request: u64,
}

impl Fingerprint {
    #[inline]
    pub(crate) fn of(activity: &Activity<'_>, hasher: &RandomState) -> Self {
        let (actor, object) = (&activity.actor, &activity.object);
        // Side by side: a hash waits for its own multiplications most of the time.
        let who = hashed(hasher, [&actor.user, &actor.address, &actor.pod]);
        let client = hashed(hasher, [&actor.credential, &actor.user_agent]);
        let what = [
            &activity.verb,
            &object.api_group,
            &object.resource,
            &object.subresource,
            &activity.cluster,
        ];
        let mut state = hashed(hasher, what.map(|text| &**text));
        state.write_u64(who.finish());
        state.write_u64(client.finish());
        state.write_usize(extent(&actor.groups));
        if activity.surface != Surface::KubernetesApi
            || object.resource.is_empty()
            || !object.subresource.is_empty()
            || actor.impersonated.is_some()
        {
            rest(activity, &mut state);
        }
        let base = state.finish();
        state.write(object.namespace.as_bytes());
        let outcome = Outcome::of(activity);
        // A refused mask may be told in words only.
        let is_of_mask =
            outcome == Outcome::Refused && activity.message.contains("cannot impersonate");
        let flags = outcome as u64 * 8
            + u64::from(is_of_mask) * 4
            + u64::from(object.name.is_empty()) * 2
            + u64::from(activity.review.is_some())
            + u64::from(is_dry_run(activity)) * 32;
        let shape = mix(state.finish(), flags);
        let anywhere = mix(
            base,
            flags + ANYWHERE * (1 + u64::from(object.namespace.is_empty())),
        );
        // Without an id lines cannot be told apart, and nobody asks.
        state.write(activity.id.as_bytes());
        state.write(object.name.as_bytes());
        let request = mix(state.finish(), activity.at_us.cast_unsigned());
        Self {
            shape,
            anywhere,
            request,
        }
    }
}

/// Which line of a request this is.
#[inline]
pub(crate) fn moment(activity: &Activity<'_>) -> Moment {
    let is_long = &*activity.verb == "watch" || !activity.object.subresource.is_empty();
    if !is_long {
        // Logs of every stage have two lines of it, in any order: one of them is judged.
        Moment::Only
    } else if activity.stage == Stage::ResponseStarted {
        Moment::Begun
    } else {
        Moment::LongEnded
    }
}

#[inline]
fn hashed<const N: usize>(hasher: &RandomState, texts: [&str; N]) -> AHasher {
    let mut state = hasher.build_hasher();
    let mut lengths = 0_u64;
    for text in texts {
        state.write(text.as_bytes());
        lengths = (lengths << 12) ^ text.len() as u64;
    }
    state.write_u64(lengths);
    state
}

/// How much is written of somebody's groups: another group more is seen by it, and none is read for it.
#[inline]
fn extent(groups: &Texts<'_>) -> usize {
    match groups {
        Texts::Empty => 0,
        Texts::Written(text) => text.len(),
        Texts::List(list) => list.iter().map(|group| group.len() + 3).sum(),
    }
}

fn rest(activity: &Activity<'_>, state: &mut impl Hasher) {
    state.write(activity.uri.as_bytes());
    state.write_u8(activity.surface as u8);
    if let Some(mask) = &activity.actor.impersonated {
        state.write(mask.user.as_bytes());
    }
    if let Some(process) = &activity.process {
        for text in [
            &process.command,
            &process.file,
            &process.executable,
            &process.container,
        ] {
            state.write(text.as_bytes());
        }
    }
    if activity.surface != Surface::KubernetesApi {
        state.write(activity.object.name.as_bytes());
        state.write(activity.actor.node.as_bytes());
    }
}

#[inline]
fn mix(left: u64, right: u64) -> u64 {
    // Folded multiplication, as in wyhash and foldhash: both halves of the product count.
    let product =
        u128::from(left ^ 0x2d35_8dcc_aa6c_78a5) * u128::from(right ^ 0x8bb8_4b93_962e_acc9);
    let [low, high] = [product & u128::from(u64::MAX), product >> 64];
    u64::try_from(low ^ high).unwrap_or_default()
}
