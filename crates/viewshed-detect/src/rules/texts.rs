//! Comparisons with a user's name, a user agent or a path, decided before a rule is asked.
//!
//! Users and agents repeat: what the comparisons say of one is remembered. Paths do not: whole paths and
//! their beginnings are compared, and of texts inside them three bytes that all have in common are looked
//! for: if they are not there, no text is. Nothing is looked at before a condition asks for it.

use std::borrow::Cow;
use std::hash::Hasher;

use memchr::memmem::Finder;
use rustc_hash::{FxHashMap, FxHasher};
use viewshed_model::Activity;

use super::formula::{Check, Fact, Formula, Knowledge, Letters, Pattern, Truth, World};

/// Most users, and most agents, that are remembered. Clients choose agents: past the limit each is compared
/// anew.
const REMEMBERED_MAX: usize = 8 * 1024;

/// Longest remembered text, in bytes.
const REMEMBERED_BYTES_MAX: usize = 1024;

/// Most comparisons that are decided here, one bit each; further ones are left to the engines.
const CHECKS_MAX: usize = 64;

/// Most three-byte pieces that are looked for on behalf of one comparison; more cost more than they save.
const PIECES_MAX: usize = 4;

/// What is left of a condition when verb, resource and answer are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Residual {
    And(Box<[Self]>),
    Or(Box<[Self]>),
    Not(Box<Self>),
    /// A comparison that is decided here.
    Text(u32),
    /// Always or never true in this combination.
    Known(bool),
    /// Up to the engine.
    Open,
}

/// The comparisons of all rules, and what was found of users and agents.
#[derive(Debug, Default)]
pub(super) struct TextChecks {
    checks: Vec<TextCheck>,
    users: Memory,
    agents: Memory,
}

#[derive(Debug)]
struct TextCheck {
    check: Check,
    way: Way,
}

/// How a comparison is decided.
#[derive(Debug)]
enum Way {
    /// From memory.
    Remembered,
    /// By comparing: of a path's beginning or all of it, with regard to case.
    Compared,
    /// By looking for pieces of which every searched text has one.
    Pieces(Vec<Finder<'static>>),
}

/// One activity's texts, looked at when asked for.
#[derive(Debug)]
pub(super) struct Texts<'t> {
    checks: &'t [TextCheck],
    users: &'t mut Memory,
    agents: &'t mut Memory,
    activity: &'t Activity<'t>,
    user: Option<TextBits>,
    agent: Option<TextBits>,
    /// The path with small letters.
    path: Option<Cow<'t, [u8]>>,
}

/// Per text, what the comparisons say of it.
#[derive(Debug, Default)]
struct Memory {
    known: FxHashMap<u64, Vec<(Box<str>, TextBits)>>,
    count: usize,
}

/// What the comparisons say of one text, one bit each.
#[derive(Debug, Clone, Copy, Default)]
struct TextBits {
    can_hold: u64,
    must_hold: u64,
}

impl TextBits {
    fn set(&mut self, at: usize, truth: Truth) {
        self.can_hold |= u64::from(truth != Truth::Never) << at;
        self.must_hold |= u64::from(truth == Truth::Always) << at;
    }

    const fn truth(self, at: usize) -> Truth {
        if self.can_hold >> at & 1 == 0 {
            Truth::Never
        } else if self.must_hold >> at & 1 == 1 {
            Truth::Always
        } else {
            Truth::Perhaps
        }
    }
}

impl TextChecks {
    /// Takes in the comparisons of a condition.
    pub(super) fn add(&mut self, formula: &Formula) {
        for check in formula.checks() {
            let is_text = matches!(check.fact, Fact::User | Fact::UserAgent | Fact::Uri);
            if !is_text || self.checks.len() >= CHECKS_MAX || self.position(check).is_some() {
                continue;
            }
            let Some(way) = way(check) else {
                continue;
            };
            self.checks.push(TextCheck {
                check: check.clone(),
                way,
            });
        }
    }

    fn position(&self, check: &Check) -> Option<u32> {
        (0_u32..)
            .zip(&self.checks)
            .find(|(_, known)| known.check == *check)
            .map(|(at, _)| at)
    }

    /// A condition with everything that a world knows taken out of it.
    pub(super) fn residual(&self, formula: &Formula, world: &impl World) -> Residual {
        match formula.truth(world) {
            Truth::Always => return Residual::Known(true),
            Truth::Never => return Residual::Known(false),
            Truth::Perhaps => {}
        }
        let each = |parts: &[Formula], neutral: bool| -> Box<[Residual]> {
            parts
                .iter()
                .map(|part| self.residual(part, world))
                .filter(|part| *part != Residual::Known(neutral))
                .collect()
        };
        match formula {
            Formula::And(parts) => single(each(parts, true), Residual::And),
            Formula::Or(parts) => single(each(parts, false), Residual::Or),
            Formula::Not(part) => Residual::Not(Box::new(self.residual(part, world))),
            Formula::Check(check) => self.position(check).map_or(Residual::Open, Residual::Text),
            Formula::Parts(_) | Formula::Constant(_) | Formula::Open => Residual::Open,
        }
    }

    /// The texts of an activity.
    pub(super) fn of<'t>(&'t mut self, activity: &'t Activity<'t>) -> Texts<'t> {
        Texts {
            checks: &self.checks,
            users: &mut self.users,
            agents: &mut self.agents,
            activity,
            user: None,
            agent: None,
            path: None,
        }
    }
}

impl Texts<'_> {
    fn truth(&mut self, at: u32) -> Truth {
        let Some((at, one)) = usize::try_from(at)
            .ok()
            .and_then(|at| Some((at, self.checks.get(at)?)))
        else {
            return Truth::Perhaps;
        };
        let actor = &self.activity.actor;
        match (&one.way, &one.check.fact) {
            (Way::Remembered, Fact::User) => {
                let users = &mut *self.users;
                let bits = *self
                    .user
                    .get_or_insert_with(|| users.bits(self.checks, &Fact::User, &actor.user));
                bits.truth(at)
            }
            (Way::Remembered, _) => {
                let agents = &mut *self.agents;
                let bits = *self.agent.get_or_insert_with(|| {
                    agents.bits(self.checks, &Fact::UserAgent, &actor.user_agent)
                });
                bits.truth(at)
            }
            (Way::Compared, fact) => one.check.truth(&OneText {
                fact,
                text: &self.activity.uri,
            }),
            (Way::Pieces(pieces), _) => self.has_piece(pieces, one.check.letters),
        }
    }

    fn has_piece(&mut self, pieces: &[Finder<'static>], letters: Letters) -> Truth {
        let uri = self.activity.uri.as_bytes();
        let path = match letters {
            Letters::Exact => uri,
            Letters::Folded => self.path.get_or_insert_with(|| lowered(uri)),
        };
        let is_there = pieces.iter().any(|piece| piece.find(path).is_some());
        // How other scripts fold is the engine's business.
        if uri.is_empty() || !is_there && path.is_ascii() {
            Truth::Never
        } else {
            Truth::Perhaps
        }
    }
}

fn lowered(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// How a comparison is decided here; `None` if it is not.
fn way(check: &Check) -> Option<Way> {
    if check.fact != Fact::Uri {
        return Some(Way::Remembered);
    }
    let is_whole = |pattern: &Pattern| {
        matches!(
            pattern,
            Pattern::Equals(_) | Pattern::Differs(_) | Pattern::Prefix(_) | Pattern::Suffix(_)
        )
    };
    if check.letters == Letters::Exact && check.patterns.iter().all(is_whole) {
        return Some(Way::Compared);
    }
    let pieces = common_pieces(check)?;
    let finders = pieces.iter().map(|piece| Finder::new(piece).into_owned());
    Some(Way::Pieces(finders.collect()))
}

fn single(mut parts: Box<[Residual]>, join: fn(Box<[Residual]>) -> Residual) -> Residual {
    match &mut *parts {
        [only] => std::mem::replace(only, Residual::Open),
        _ => join(parts),
    }
}

impl Residual {
    /// Whether asking the text comparisons can rule it out.
    pub(super) fn has_text(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::has_text),
            Self::Not(part) => part.has_text(),
            Self::Text(_) => true,
            Self::Known(_) | Self::Open => false,
        }
    }

    /// Whether the condition can still hold.
    pub(super) fn is_possible(&self, texts: &mut Texts<'_>) -> bool {
        self.truth(texts) != Truth::Never
    }

    fn truth(&self, texts: &mut Texts<'_>) -> Truth {
        match self {
            Self::And(parts) => all(parts.iter().map(|part| part.truth(texts))),
            Self::Or(parts) => {
                all(parts.iter().map(|part| part.truth(texts).inverted())).inverted()
            }
            Self::Not(part) => part.truth(texts).inverted(),
            Self::Text(at) => texts.truth(*at),
            Self::Known(true) => Truth::Always,
            Self::Known(false) => Truth::Never,
            Self::Open => Truth::Perhaps,
        }
    }
}

fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut sum = Truth::Always;
    for truth in truths {
        match truth {
            Truth::Never => return Truth::Never,
            Truth::Perhaps => sum = Truth::Perhaps,
            Truth::Always => {}
        }
    }
    sum
}

impl Memory {
    fn bits(&mut self, checks: &[TextCheck], fact: &Fact, text: &str) -> TextBits {
        let mut hasher = FxHasher::default();
        hasher.write(text.as_bytes());
        let hash = hasher.finish();
        let known = self
            .known
            .get(&hash)
            .and_then(|entries| entries.iter().find(|(known, _)| **known == *text));
        if let Some((_, bits)) = known {
            return *bits;
        }
        let world = OneText { fact, text };
        let mut bits = TextBits::default();
        for (at, one) in checks.iter().enumerate() {
            if one.check.fact == *fact {
                bits.set(at, one.check.truth(&world));
            }
        }
        if self.count < REMEMBERED_MAX && text.len() <= REMEMBERED_BYTES_MAX {
            self.count = self.count.saturating_add(1);
            self.known
                .entry(hash)
                .or_default()
                .push((Box::from(text), bits));
        }
        bits
    }
}

/// A world that knows one text.
struct OneText<'a> {
    fact: &'a Fact,
    text: &'a str,
}

impl World for OneText<'_> {
    fn know(&self, fact: &Fact) -> Knowledge<'_> {
        match self.text {
            _ if fact != self.fact => Knowledge::Open,
            "" => Knowledge::Absent,
            text => Knowledge::Is(text),
        }
    }
}

/// A few three-byte pieces of which every searched text has one; `None` when there are no few.
fn common_pieces(check: &Check) -> Option<Vec<[u8; 3]>> {
    let mut texts: Vec<Vec<u8>> = check
        .patterns
        .iter()
        .map(|pattern| match pattern {
            Pattern::Equals(text)
            | Pattern::Prefix(text)
            | Pattern::Suffix(text)
            | Pattern::Contains(text)
                if text.is_ascii() && text.len() >= 3 =>
            {
                Some(match check.letters {
                    Letters::Exact => text.as_bytes().to_vec(),
                    Letters::Folded => text.to_ascii_lowercase().into_bytes(),
                })
            }
            _ => None,
        })
        .collect::<Option<_>>()?;
    let mut pieces = Vec::new();
    while let Some(first) = texts.first() {
        // The piece of the first text that most others have, letters before signs: signs stand in every path.
        let best = windows(first).max_by_key(|piece| {
            let shared = texts.iter().filter(|text| has_piece(text, *piece)).count();
            let letters = piece
                .iter()
                .filter(|byte| byte.is_ascii_alphabetic())
                .count();
            (shared, letters)
        })?;
        texts.retain(|text| !has_piece(text, best));
        pieces.push(best);
        if pieces.len() > PIECES_MAX {
            return None;
        }
    }
    Some(pieces)
}

fn windows(text: &[u8]) -> impl Iterator<Item = [u8; 3]> {
    text.windows(3)
        .filter_map(|window| <[u8; 3]>::try_from(window).ok())
}

fn has_piece(text: &[u8], piece: [u8; 3]) -> bool {
    text.windows(3).any(|window| window == piece)
}
