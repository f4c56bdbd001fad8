//! Why a rule never fires, in words.
//!
//! A comparison that no event satisfies is named itself. Otherwise one kind of fact after the other is taken
//! as if the log recorded everything: the one that makes the rule possible is the reason.

use viewshed_model::{Level, Stage};

use super::super::formula::{Check, Fact, Formula, Pattern};
use super::super::reading::{level_name, stage_name};
use super::profile::{Recordable, StatusCodes};
use super::worlds::{Relaxed, VERBS, is_possible};

const LEVELS: [Level; 3] = [Level::Metadata, Level::Request, Level::RequestResponse];

const STAGES: [Stage; 4] = [
    Stage::RequestReceived,
    Stage::ResponseStarted,
    Stage::ResponseComplete,
    Stage::Panic,
];

/// Names that Kubernetes gives only with `system:` before them.
const SYSTEM_NAMES: [&str; 8] = [
    "admin",
    "anonymous",
    "apiserver",
    "authenticated",
    "kube-controller-manager",
    "kube-scheduler",
    "masters",
    "unauthenticated",
];

/// Why no event of this log satisfies the condition.
pub(super) fn why_never(formula: &Formula, profile: &Recordable) -> Vec<String> {
    let everywhere = Recordable {
        codes: profile.codes,
        ..Recordable::everything()
    };
    if !is_possible(formula, &everywhere, Relaxed::default()) {
        return never_anywhere(formula, &everywhere);
    }
    let none = Relaxed::default();
    let kinds = [
        (
            Relaxed {
                levels: true,
                ..none
            },
            levels(formula, profile),
        ),
        (
            Relaxed {
                stages: true,
                ..none
            },
            stages(formula, profile),
        ),
        (
            Relaxed {
                shapes: true,
                ..none
            },
            shapes(formula),
        ),
    ];
    let single: Vec<String> = kinds
        .iter()
        .filter(|(relaxed, _)| is_possible(formula, profile, *relaxed))
        .map(|(_, text)| text.clone())
        .collect();
    if !single.is_empty() {
        return single;
    }
    several(formula, profile)
}

/// Several kinds of facts are missing at once: those are named without which everything else does not help.
fn several(formula: &Formula, profile: &Recordable) -> Vec<String> {
    let all = Relaxed {
        shapes: true,
        levels: true,
        stages: true,
        answers: false,
    };
    let needed = [
        (
            Relaxed {
                shapes: false,
                ..all
            },
            shapes(formula),
        ),
        (
            Relaxed {
                levels: false,
                ..all
            },
            levels(formula, profile),
        ),
        (
            Relaxed {
                stages: false,
                ..all
            },
            stages(formula, profile),
        ),
    ];
    needed
        .into_iter()
        .filter(|(relaxed, _)| !is_possible(formula, profile, *relaxed))
        .map(|(_, text)| text)
        .collect()
}

/// No log at all has such an event.
fn never_anywhere(formula: &Formula, everywhere: &Recordable) -> Vec<String> {
    let mut found: Vec<String> = formula
        .checks()
        .into_iter()
        .filter(|check| {
            let alone = Formula::Check((*check).clone());
            !is_possible(&alone, everywhere, Relaxed::default())
        })
        .map(|check| impossible(check, everywhere.codes))
        .collect();
    found.dedup();
    if !found.is_empty() {
        return found;
    }
    let loose = Relaxed {
        answers: true,
        ..Relaxed::default()
    };
    if is_possible(formula, everywhere, loose) {
        return vec![
            "a request that fails authentication (401) has no user, groups or decision; what the \
             authorizer refuses (decision `forbid`) is answered 403; nothing else is both"
                .to_owned(),
        ];
    }
    if formula
        .checks()
        .iter()
        .any(|check| check.fact == Fact::RequestBody)
    {
        return vec![
            "it looks into `requestObject` of requests that have none: `get`, `list` and `watch` send no \
             object, and the stage RequestReceived comes before it"
                .to_owned(),
        ];
    }
    vec!["its parts exclude each other".to_owned()]
}

/// Why no event satisfies this comparison.
fn impossible(check: &Check, codes: StatusCodes) -> String {
    let field = &check.field;
    match check.fact {
        Fact::Unknown => format!("no audit event has a field `{field}`"),
        Fact::RequestBody | Fact::ResponseBody => {
            format!("`{field}` is in no event that can be recorded")
        }
        _ => {
            let told: Vec<String> = check
                .patterns
                .iter()
                .filter_map(|pattern| odd(check, pattern, codes))
                .collect();
            if told.is_empty() {
                let values: Vec<String> = check.patterns.iter().map(Pattern::to_string).collect();
                format!("`{field}` is never {}", values.join(" or "))
            } else {
                told.join("; ")
            }
        }
    }
}

/// What is odd about one value of a comparison.
fn odd(check: &Check, pattern: &Pattern, codes: StatusCodes) -> Option<String> {
    let (Pattern::Equals(text) | Pattern::Prefix(text) | Pattern::Differs(text)) = pattern else {
        return None;
    };
    let field = &check.field;
    let is_level = LEVELS.iter().any(|level| level_name(*level) == text);
    let is_stage = STAGES.iter().any(|stage| stage_name(*stage) == text);
    let is_whole = !matches!(pattern, Pattern::Prefix(_));
    match check.fact {
        Fact::Level if is_stage => Some(format!("`{text}` is a stage, not a level")),
        Fact::Level if is_whole && !is_level => Some(format!(
            "there is no level `{text}`: levels are Metadata, Request and RequestResponse"
        )),
        Fact::Stage if is_level => Some(format!("`{text}` is a level, not a stage")),
        Fact::Stage if is_whole && !is_stage => Some(format!("there is no stage `{text}`")),
        Fact::Code if text.parse::<u16>().is_err() => {
            Some(format!("`{field}` is a number, and `{text}` is none"))
        }
        Fact::Code if codes == StatusCodes::Grpc => Some(format!(
            "`{field}` holds gRPC codes in this log (0 is success, 7 refused, 16 not authenticated), not \
             HTTP's {pattern}"
        )),
        Fact::Decision if is_whole && !matches!(text.as_str(), "allow" | "forbid") => {
            Some(format!("`{field}` is `allow` or `forbid`, never `{text}`"))
        }
        Fact::Verb if is_whole && !VERBS.contains(&text.to_ascii_lowercase().as_str()) => {
            Some(format!("no request has the verb `{text}`"))
        }
        Fact::User | Fact::Group if SYSTEM_NAMES.contains(&text.as_str()) => Some(format!(
            "Kubernetes' own name is `system:{text}`; `{text}` is somebody else"
        )),
        _ => None,
    }
}

/// Values without effect in a rule that can fire by others.
pub(super) fn remarks(formula: &Formula, codes: StatusCodes) -> Vec<String> {
    let mut found = Vec::new();
    for check in formula.checks() {
        if check.fact == Fact::Unknown {
            found.push(format!("no audit event has a field `{}`", check.field));
        }
        found.extend(
            check
                .patterns
                .iter()
                .filter_map(|pattern| odd(check, pattern, codes)),
        );
    }
    found.sort();
    found.dedup();
    found
}

fn names<T>(values: impl Iterator<Item = T>, name: fn(T) -> &'static str) -> String {
    let values: Vec<&str> = values.map(name).collect();
    if values.is_empty() {
        "nothing".to_owned()
    } else {
        values.join(", ")
    }
}

fn levels(formula: &Formula, profile: &Recordable) -> String {
    let recorded = names(profile.of_any().levels.into_iter(), level_name);
    let body = formula
        .checks()
        .into_iter()
        .find(|check| matches!(check.fact, Fact::RequestBody | Fact::ResponseBody));
    match body {
        Some(check) if check.fact == Fact::RequestBody => format!(
            "it looks into `requestObject` (`{}`), which such requests are recorded without: their level \
             must be Request or RequestResponse",
            check.field
        ),
        Some(check) => format!(
            "it looks into `responseObject` (`{}`), which such requests are recorded without: their level \
             must be RequestResponse",
            check.field
        ),
        None => format!(
            "it asks for a level that such requests are not recorded at; recorded: {recorded}"
        ),
    }
}

fn stages(formula: &Formula, profile: &Recordable) -> String {
    let recorded = names(profile.of_any().stages.into_iter(), stage_name);
    let asked = values(formula, &Fact::Stage);
    format!("the stage it asks for{asked} is not recorded for such requests; recorded: {recorded}")
}

fn shapes(formula: &Formula) -> String {
    format!(
        "no such request is recorded: verb{}, resource{}",
        values(formula, &Fact::Verb),
        values(formula, &Fact::Resource)
    )
}

/// The values that a condition compares a fact with.
fn values(formula: &Formula, fact: &Fact) -> String {
    let mut found: Vec<String> = formula
        .checks()
        .into_iter()
        .filter(|check| check.fact == *fact)
        .flat_map(|check| check.patterns.iter().map(Pattern::to_string))
        .collect();
    found.sort();
    found.dedup();
    if found.is_empty() {
        " any".to_owned()
    } else {
        format!(" {}", found.join(", "))
    }
}
