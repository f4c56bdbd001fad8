//! Which rules can match an activity at all, judged by the few fields that vary little.
//!
//! A log holds some hundred combinations of verb, resource, stage and answer; for each the formulas are
//! asked once and the rules that are not ruled out are kept. Ruling out is sound (see [`super::formula`]):
//! the matches are those of asking every rule.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};
use viewshed_model::Activity;

use super::formula::{Fact, Knowledge, Truth, World};
use super::matches::RuleMatch;
use super::outline::RuleEngine;
use super::reading::{decision_name, level_name, stage_name};

/// Most combinations that are kept. Verbs and resources come from clients, so a hostile log has as many as
/// it likes: past the limit the formulas are asked anew for each.
const COMBINATIONS_MAX: usize = 16 * 1024;

/// Longest texts of one kept combination, in bytes; see [`COMBINATIONS_MAX`].
const COMBINATION_BYTES_MAX: usize = 512;

/// Positions of rules, per engine.
pub(super) type Candidates = Box<[Box<[u32]>]>;

/// Candidates by combination.
#[derive(Debug, Default)]
pub(super) struct Prefilter {
    known: FxHashMap<u64, Vec<(Combination, Candidates)>>,
    count: usize,
}

/// The fields that a combination consists of.
#[derive(Debug, PartialEq, Eq)]
struct Combination {
    verb: Box<str>,
    api_group: Box<str>,
    resource: Box<str>,
    subresource: Box<str>,
    flags: u64,
}

impl Prefilter {
    /// Judges one activity by the rules that can match it.
    pub(super) fn judge(
        &mut self,
        engines: &mut [Box<dyn RuleEngine>],
        activity: &Activity<'_>,
        found: &mut Vec<RuleMatch>,
    ) {
        let flags = flags(activity);
        let hash = hash(activity, flags);
        let known = self.known.get(&hash).and_then(|entries| {
            entries
                .iter()
                .find(|(combination, _)| combination.is(activity, flags))
        });
        if let Some((_, candidates)) = known {
            ask(engines, candidates, activity, found);
            return;
        }
        let candidates = candidates_of(engines, activity);
        ask(engines, &candidates, activity, found);
        let combination = Combination::of(activity, flags);
        if self.count < COMBINATIONS_MAX && combination.bytes() <= COMBINATION_BYTES_MAX {
            self.count = self.count.saturating_add(1);
            self.known
                .entry(hash)
                .or_default()
                .push((combination, candidates));
        }
    }
}

fn ask(
    engines: &mut [Box<dyn RuleEngine>],
    candidates: &[Box<[u32]>],
    activity: &Activity<'_>,
    found: &mut Vec<RuleMatch>,
) {
    for (engine, candidates) in engines.iter_mut().zip(candidates) {
        if !candidates.is_empty() {
            engine.judge(candidates, activity, found);
        }
    }
}

impl Combination {
    fn of(activity: &Activity<'_>, flags: u64) -> Self {
        Self {
            verb: Box::from(&*activity.verb),
            api_group: Box::from(&*activity.object.api_group),
            resource: Box::from(&*activity.object.resource),
            subresource: Box::from(&*activity.object.subresource),
            flags,
        }
    }

    fn is(&self, activity: &Activity<'_>, flags: u64) -> bool {
        self.flags == flags
            && *self.verb == *activity.verb
            && *self.resource == *activity.object.resource
            && *self.subresource == *activity.object.subresource
            && *self.api_group == *activity.object.api_group
    }

    const fn bytes(&self) -> usize {
        self.verb
            .len()
            .saturating_add(self.api_group.len())
            .saturating_add(self.resource.len())
            .saturating_add(self.subresource.len())
    }
}

/// Everything that is no text, in one number.
fn flags(activity: &Activity<'_>) -> u64 {
    u64::from(activity.code)
        | (activity.stage as u64) << 16
        | (activity.level as u64) << 24
        | (activity.verdict as u64) << 32
        | u64::from(activity.request_body.is_empty()) << 40
        | u64::from(activity.response_body.is_empty()) << 41
        | u64::from(activity.actor.user.is_empty()) << 42
}

fn hash(activity: &Activity<'_>, flags: u64) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(flags);
    hasher.write(activity.verb.as_bytes());
    hasher.write(activity.object.resource.as_bytes());
    hasher.write(activity.object.subresource.as_bytes());
    hasher.write(activity.object.api_group.as_bytes());
    hasher.finish()
}

fn candidates_of(engines: &[Box<dyn RuleEngine>], activity: &Activity<'_>) -> Candidates {
    let mut digits = [0_u8; 5];
    let world = ActivityWorld {
        activity,
        code: code_text(activity.code, &mut digits),
    };
    engines
        .iter()
        .map(|engine| {
            (0_u32..)
                .zip(engine.outlines())
                .filter(|(_, outline)| outline.formula.truth(&world) != Truth::Never)
                .map(|(at, _)| at)
                .collect()
        })
        .collect()
}

/// The digits of a status; empty for 0, which stands for none.
fn code_text(code: u16, digits: &mut [u8; 5]) -> &str {
    let mut rest = code;
    let mut start = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        if rest == 0 {
            break;
        }
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        start = at;
    }
    digits
        .get(start..)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .unwrap_or_default()
}

/// The facts that a combination fixes.
struct ActivityWorld<'a> {
    activity: &'a Activity<'a>,
    code: &'a str,
}

impl World for ActivityWorld<'_> {
    fn know(&self, fact: &Fact) -> Knowledge<'_> {
        let text = |text| match text {
            "" => Knowledge::Absent,
            text => Knowledge::Is(text),
        };
        let object = &self.activity.object;
        match fact {
            Fact::Stage => Knowledge::Is(stage_name(self.activity.stage)),
            Fact::Level => Knowledge::Is(level_name(self.activity.level)),
            Fact::Verb => text(&self.activity.verb),
            Fact::ApiGroup => text(&object.api_group),
            Fact::Resource => text(&object.resource),
            Fact::Subresource => text(&object.subresource),
            Fact::Code => text(self.code),
            Fact::Decision => text(decision_name(self.activity.verdict)),
            Fact::User if self.activity.actor.user.is_empty() => Knowledge::Absent,
            Fact::RequestBody if self.activity.request_body.is_empty() => Knowledge::Absent,
            Fact::ResponseBody if self.activity.response_body.is_empty() => Knowledge::Absent,
            Fact::Unknown => Knowledge::Absent,
            Fact::User | Fact::Group | Fact::RequestBody | Fact::ResponseBody | Fact::Other => {
                Knowledge::Open
            }
        }
    }
}
