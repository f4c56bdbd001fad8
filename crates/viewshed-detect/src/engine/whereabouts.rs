//! Whether the credential of a program comes from where it never did: outside the cluster, without the pod that its
//! tokens name, or from the only place of somebody else.
//!
//! What is known of that is kept as [`marks`](super::marks): looked at for requests that come from a new place or with a
//! new credential or client, and for nothing else.

use viewshed_model::{Activity, Surface};

use super::Engine;
use super::behaviour::Behaviour;
use super::judge::DAY_S;
use super::marks::mark;
use super::places::Place;
use super::stranger::{is_public, is_written_address};
use super::who::Class;
use crate::baseline::Record;
use crate::detections::look::{Departure, Moved, Origin};

const INSIDE: &str = "(inside)";
const OUTSIDE: &str = "(outside)";
const WITH_POD: &str = "(pod)";
const WITHOUT_POD: &str = "(no pod)";

/// Something that is known of where an identity comes from.
fn from(what: &'static str) -> Behaviour<'static> {
    mark(Surface::KubernetesApi, "(from)", what)
}

impl Engine {
    /// What is strange about where a program's credential comes from; learns it if it is a new arrival.
    pub(super) fn departure(
        &mut self,
        activity: &Activity<'_>,
        (index, class): (usize, Class),
        (place, is_as_before): (Place, bool),
    ) -> Departure {
        if !matches!(class, Class::ServiceAccount | Class::Node | Class::System)
            || activity.surface != Surface::KubernetesApi
            || index == self.crowd
        {
            return Departure::default();
        }
        let actor = &activity.actor;
        let is_out = is_public(&actor.address);
        let departure = Departure {
            is_outside: is_out
                && !place.is_shared()
                && self.is_elsewhere(activity, index)
                && self.is_departure(index, &from(INSIDE), &from(OUTSIDE)),
            is_without_pod: class == Class::ServiceAccount
                && actor.pod.is_empty()
                && self.is_departure(index, &from(WITH_POD), &from(WITHOUT_POD)),
        };
        if !is_as_before {
            if is_written_address(&actor.address) {
                self.keep_mark(index, &from(if is_out { OUTSIDE } else { INSIDE }));
            }
            let is_with_pod = !actor.pod.is_empty();
            if class == Class::ServiceAccount {
                self.keep_mark(
                    index,
                    &from(if is_with_pod { WITH_POD } else { WITHOUT_POD }),
                );
            }
        }
        departure
    }

    /// Notes whether a place belongs to somebody else.
    pub(super) fn compare_owners(
        &self,
        activity: &Activity<'_>,
        (place, address): (Place, u32),
        class: Class,
        origin: &mut Origin,
    ) {
        origin.is_foreign = self.is_of_other((place, address), class, origin);
        origin.is_kept =
            origin.is_foreign && activity.actor.pod.is_empty() && self.is_kept(place, address);
    }

    /// Whether a place belongs to another program, as far as the identity of a program can tell that comes there: it has
    /// been at work of late, or no other place of it was ever seen.
    fn is_of_other(&self, (place, address): (Place, u32), class: Class, origin: &Origin) -> bool {
        let mut owners = place.owners().filter(|owner| self.is_workload(*owner));
        match class {
            Class::ServiceAccount | Class::Node => {
                owners.any(|owner| origin.moved == Moved::Yes || self.is_active(owner))
            }
            // The control plane is in the network of its hosts: no address of a pod is ever given to it.
            Class::System => owners.any(|owner| self.is_only_at(owner, address)),
            _ => false,
        }
    }

    /// Whether a place that belongs to somebody else has hardly been handed over: its owner is at work, and was never
    /// seen anywhere else.
    fn is_kept(&self, place: Place, address: u32) -> bool {
        // The first request after a gap seems to be from before it.
        !self.clock.is_in_doubt()
            && place.owners().any(|owner| {
                self.is_workload(owner) && self.is_only_at(owner, address) && self.is_active(owner)
            })
    }

    /// Whether an identity is known for a day or longer, and was never seen at another address: jobs get a new one each
    /// time.
    fn is_only_at(&self, identity: u32, address: u32) -> bool {
        let (record, now_s) = (self.owner(identity), self.clock.now_s());
        record.is_some_and(|one: &Record| {
            one.known_for_s(now_s) >= DAY_S
                && one.addresses.first() == Some(&address)
                && one.addresses.iter().skip(1).all(|other| *other == 0)
        })
    }
}
