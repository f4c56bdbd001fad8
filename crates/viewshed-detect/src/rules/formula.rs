//! A rule's condition over the few facts that decide early, in three-valued logic.
//!
//! Every engine lowers its conditions to a [`Formula`]. What a formula says of a [`World`], in which only
//! some facts are known, holds for every event that agrees with it: so a rule that is false in the world
//! "verb `get`, resource `pods`" need not be asked about any such event, and a rule that is false in every
//! world that a log records can never fire on it. Nothing here reads an event.

use std::fmt;

/// Parts of an audit event that rules ask for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fact {
    /// `stage`.
    Stage,
    /// `level`.
    Level,
    /// `verb`.
    Verb,
    /// `objectRef.apiGroup`; absent for core.
    ApiGroup,
    /// `objectRef.resource`.
    Resource,
    /// `objectRef.subresource`.
    Subresource,
    /// `responseStatus.code`, as digits.
    Code,
    /// The annotation `authorization.k8s.io/decision`.
    Decision,
    /// `user.username`.
    User,
    /// One of `user.groups`.
    Group,
    /// `userAgent`.
    UserAgent,
    /// `requestURI`.
    Uri,
    /// Something inside `requestObject`.
    RequestBody,
    /// Something inside `responseObject`.
    ResponseBody,
    /// Another field that native events have.
    Other,
    /// A field that no native event has.
    Unknown,
}

/// Three-valued truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// In every event of the world.
    Always,
    /// In some, or nobody knows.
    Perhaps,
    /// In no event of the world.
    Never,
}

impl Truth {
    const fn of(holds: bool) -> Self {
        if holds { Self::Always } else { Self::Never }
    }

    pub(crate) const fn inverted(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Perhaps => Self::Perhaps,
            Self::Never => Self::Always,
        }
    }
}

/// What a world says of one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knowledge<'a> {
    /// Nothing.
    Open,
    /// It is not there.
    Absent,
    /// It is this.
    Is(&'a str),
}

/// Some facts of some events.
pub(crate) trait World {
    /// What is known of a fact.
    fn know(&self, fact: &Fact) -> Knowledge<'_>;
}

/// How one field is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pattern {
    /// Equal.
    Equals(String),
    /// Not equal, and there.
    Differs(String),
    /// Starts with.
    Prefix(String),
    /// Ends with.
    Suffix(String),
    /// Holds this text.
    Contains(String),
    /// Is there, with any value.
    Present,
    /// Is not there.
    #[cfg_attr(
        not(feature = "sigma"),
        expect(dead_code, reason = "Sigma alone has such conditions")
    )]
    Absent,
    /// Is there, and agrees with something that is not analysed: a pattern, a number range, a set.
    Opaque,
}

/// How letters are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Letters {
    /// As they are: Falco.
    Exact,
    /// Without regard to case: Sigma.
    #[cfg_attr(
        not(feature = "sigma"),
        expect(dead_code, reason = "Sigma alone has such conditions")
    )]
    Folded,
}

/// One comparison: some pattern of several holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Check {
    /// What is looked at.
    pub(crate) fact: Fact,
    /// The field's name as the rule writes it.
    pub(crate) field: String,
    /// One of them must hold.
    pub(crate) patterns: Vec<Pattern>,
    /// How letters are compared.
    pub(crate) letters: Letters,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Formula {
    /// All of them.
    And(Vec<Self>),
    /// One of them.
    Or(Vec<Self>),
    /// Not that.
    Not(Box<Self>),
    /// A comparison.
    Check(Check),
    /// Each of them, in events of their own.
    #[cfg_attr(
        not(feature = "sigma"),
        expect(dead_code, reason = "Sigma alone has such conditions")
    )]
    Parts(Vec<Self>),
    /// A known answer.
    Constant(bool),
    /// Something that is not analysed.
    Open,
}

impl Formula {
    /// What can be said of this condition in a world.
    pub(crate) fn truth(&self, world: &impl World) -> Truth {
        match self {
            Self::And(parts) => {
                let mut sum = Truth::Always;
                for part in parts {
                    match part.truth(world) {
                        Truth::Never => return Truth::Never,
                        Truth::Perhaps => sum = Truth::Perhaps,
                        Truth::Always => {}
                    }
                }
                sum
            }
            Self::Or(parts) => {
                let mut sum = Truth::Never;
                for part in parts {
                    match part.truth(world) {
                        Truth::Always => return Truth::Always,
                        Truth::Perhaps => sum = Truth::Perhaps,
                        Truth::Never => {}
                    }
                }
                sum
            }
            // One event says of the others nothing.
            Self::Parts(parts) => parts
                .iter()
                .find(|part| part.truth(world) != Truth::Never)
                .map_or(Truth::Never, |_| Truth::Perhaps),
            Self::Not(part) => part.truth(world).inverted(),
            Self::Check(check) => check.truth(world),
            Self::Constant(holds) => Truth::of(*holds),
            Self::Open => Truth::Perhaps,
        }
    }

    /// Whether it says everything that the condition says.
    pub(crate) fn is_exact(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) | Self::Parts(parts) => {
                parts.iter().all(Self::is_exact)
            }
            Self::Not(part) => part.is_exact(),
            Self::Check(check) => !check.patterns.contains(&Pattern::Opaque),
            Self::Constant(_) => true,
            Self::Open => false,
        }
    }

    /// Every comparison in it, in reading order.
    pub(crate) fn checks(&self) -> Vec<&Check> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Check>) {
        match self {
            Self::And(parts) | Self::Or(parts) | Self::Parts(parts) => {
                for part in parts {
                    part.collect(found);
                }
            }
            Self::Not(part) => part.collect(found),
            Self::Check(check) => found.push(check),
            Self::Constant(_) | Self::Open => {}
        }
    }
}

impl Check {
    /// What can be said of this comparison in a world.
    pub(crate) fn truth(&self, world: &impl World) -> Truth {
        let known = world.know(&self.fact);
        let mut sum = Truth::Never;
        for pattern in &self.patterns {
            match pattern.truth(known, self.letters) {
                Truth::Always => return Truth::Always,
                Truth::Perhaps => sum = Truth::Perhaps,
                Truth::Never => {}
            }
        }
        sum
    }
}

impl Pattern {
    fn truth(&self, known: Knowledge<'_>, letters: Letters) -> Truth {
        match (self, known) {
            (_, Knowledge::Open) => Truth::Perhaps,
            (Self::Absent, Knowledge::Absent) => Truth::Always,
            (Self::Absent, Knowledge::Is(_)) => Truth::Never,
            (_, Knowledge::Absent) => Truth::Never,
            (Self::Present, _) => Truth::Always,
            (Self::Opaque, _) => Truth::Perhaps,
            (Self::Equals(text), Knowledge::Is(value)) => {
                compare(value, text, letters, |value, text| value == text)
            }
            (Self::Differs(text), Knowledge::Is(value)) => {
                compare(value, text, letters, |value, text| value != text)
            }
            (Self::Prefix(text), Knowledge::Is(value)) => {
                compare(value, text, letters, |value, text| value.starts_with(text))
            }
            (Self::Suffix(text), Knowledge::Is(value)) => {
                compare(value, text, letters, |value, text| value.ends_with(text))
            }
            (Self::Contains(text), Knowledge::Is(value)) => {
                compare(value, text, letters, |value, text| value.contains(text))
            }
        }
    }
}

fn compare(value: &str, text: &str, letters: Letters, holds: fn(&str, &str) -> bool) -> Truth {
    match letters {
        Letters::Exact => Truth::of(holds(value, text)),
        // How other scripts fold is the engine's business: it is asked.
        Letters::Folded if !value.is_ascii() || !text.is_ascii() => Truth::Perhaps,
        Letters::Folded => Truth::of(holds(
            &value.to_ascii_lowercase(),
            &text.to_ascii_lowercase(),
        )),
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(text) => write!(out, "`{text}`"),
            Self::Differs(text) => write!(out, "not `{text}`"),
            Self::Prefix(text) => write!(out, "`{text}...`"),
            Self::Suffix(text) => write!(out, "`...{text}`"),
            Self::Contains(text) => write!(out, "`...{text}...`"),
            Self::Present => out.write_str("anything"),
            Self::Absent => out.write_str("nothing"),
            Self::Opaque => out.write_str("something"),
        }
    }
}
