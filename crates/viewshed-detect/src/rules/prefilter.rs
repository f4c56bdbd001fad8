//! Which rules can match an activity at all, judged by the few fields that vary little.
//!
//! A log holds some hundred combinations of verb, resource, stage and answer; for each the formulas are
//! asked once and the rules that are not ruled out are kept. Ruling out is sound (see [`super::formula`]):
//! the matches are those of asking every rule.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};
use viewshed_model::Activity;

use super::formula::{Fact, Knowledge, World};
use super::matches::RuleMatch;
use super::outline::RuleEngine;
use super::reading::{decision_name, level_name, stage_name};
use super::texts::{Residual, TextChecks};

/// Most combinations that are kept. Verbs and resources come from clients, so a hostile log has as many as
/// it likes: past the limit every rule is asked about the others.
const COMBINATIONS_MAX: usize = 16 * 1024;

/// Longest texts of one kept combination, in bytes; see [`COMBINATIONS_MAX`].
const COMBINATION_BYTES_MAX: usize = 512;

/// The rules of one engine that a combination does not rule out.
#[derive(Debug)]
struct Candidates {
    rules: Box<[u32]>,
    /// For each, what is left of its condition.
    residuals: Box<[Residual]>,
    /// Whether some residual can be ruled out by a text.
    has_text: bool,
}

/// Candidates of one combination, per engine.
type Known = (Combination, Box<[Candidates]>);

/// Candidates by combination.
#[derive(Debug, Default)]
pub(super) struct Prefilter {
    known: FxHashMap<u64, Vec<Known>>,
    count: usize,
    texts: TextChecks,
    /// Every rule, for combinations past the limit.
    every: Box<[Candidates]>,
    /// The rules to ask about one activity; kept for its memory.
    asked: Vec<u32>,
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
    pub(super) fn new(engines: &[Box<dyn RuleEngine>]) -> Self {
        let mut prefilter = Self {
            every: engines
                .iter()
                .map(|engine| Candidates::every(engine.outlines().len()))
                .collect(),
            ..Self::default()
        };
        for outline in engines.iter().flat_map(|engine| engine.outlines()) {
            prefilter.texts.add(&outline.formula);
        }
        prefilter
    }

    /// Judges one activity by the rules that can match it.
    pub(super) fn judge(
        &mut self,
        engines: &mut [Box<dyn RuleEngine>],
        activity: &Activity<'_>,
        found: &mut Vec<RuleMatch>,
    ) {
        let flags = flags(activity);
        let hash = hash(activity, flags);
        let Self {
            known,
            texts,
            every,
            asked,
            count,
        } = self;
        let candidates = known.get(&hash).and_then(|entries| {
            entries
                .iter()
                .find(|(combination, _)| combination.is(activity, flags))
        });
        if let Some((_, candidates)) = candidates {
            ask(engines, candidates, (texts, asked), activity, found);
            return;
        }
        let combination = Combination::of(activity, flags);
        if *count >= COMBINATIONS_MAX || combination.bytes() > COMBINATION_BYTES_MAX {
            ask(engines, every, (texts, asked), activity, found);
            return;
        }
        let candidates = candidates_of(engines, texts, activity);
        ask(engines, &candidates, (texts, asked), activity, found);
        *count = count.saturating_add(1);
        known
            .entry(hash)
            .or_default()
            .push((combination, candidates));
    }
}

impl Candidates {
    fn every(count: usize) -> Self {
        let rules: Box<[u32]> = (0_u32..).take(count).collect();
        Self {
            residuals: rules.iter().map(|_| Residual::Open).collect(),
            rules,
            has_text: false,
        }
    }
}

fn ask(
    engines: &mut [Box<dyn RuleEngine>],
    candidates: &[Candidates],
    (texts, asked): (&mut TextChecks, &mut Vec<u32>),
    activity: &Activity<'_>,
    found: &mut Vec<RuleMatch>,
) {
    let mut texts = texts.of(activity);
    for (engine, candidates) in engines.iter_mut().zip(candidates) {
        let mut rules = &*candidates.rules;
        if candidates.has_text {
            let possible = candidates
                .rules
                .iter()
                .zip(&candidates.residuals)
                .filter(|(_, residual)| residual.is_possible(&mut texts))
                .map(|(rule, _)| *rule);
            asked.clear();
            asked.extend(possible);
            rules = asked;
        }
        if !rules.is_empty() {
            engine.judge(rules, activity, found);
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
        | u64::from(activity.actor.user_agent.is_empty()) << 43
        | u64::from(activity.uri.is_empty()) << 44
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

fn candidates_of(
    engines: &[Box<dyn RuleEngine>],
    texts: &TextChecks,
    activity: &Activity<'_>,
) -> Box<[Candidates]> {
    let mut digits = [0_u8; 5];
    let world = ActivityWorld {
        activity,
        code: code_text(activity.code, &mut digits),
    };
    let of_engine = |engine: &dyn RuleEngine| {
        let (rules, residuals): (Vec<u32>, Vec<Residual>) = (0_u32..)
            .zip(engine.outlines())
            .map(|(at, outline)| (at, texts.residual(&outline.formula, &world)))
            .filter(|(_, residual)| *residual != Residual::Known(false))
            .unzip();
        Candidates {
            has_text: residuals.iter().any(Residual::has_text),
            rules: rules.into(),
            residuals: residuals.into(),
        }
    };
    engines.iter().map(|engine| of_engine(&**engine)).collect()
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
            Fact::UserAgent if self.activity.actor.user_agent.is_empty() => Knowledge::Absent,
            Fact::Uri if self.activity.uri.is_empty() => Knowledge::Absent,
            Fact::User
            | Fact::UserAgent
            | Fact::Uri
            | Fact::Group
            | Fact::RequestBody
            | Fact::ResponseBody
            | Fact::Other => Knowledge::Open,
        }
    }
}
