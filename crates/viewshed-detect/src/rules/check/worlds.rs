//! Which events a log can hold, as worlds for three-valued logic.
//!
//! What belongs together in an audit event (kubernetes/apiserver, pkg/endpoints/filters and
//! pkg/audit/request.go): failed authentication is answered 401 and leaves no user, groups or decision; the
//! authorizer's refusal is 403; before the answer there is no code; `requestObject` is there from level
//! `Request`, not at the stage `RequestReceived` and not for reading verbs; `responseObject` is there at
//! level `RequestResponse` once the answer is complete.

use viewshed_model::{Level, Stage};

use super::super::formula::{Fact, Formula, Knowledge, Truth, World};
use super::super::reading::{level_name, stage_name};
use super::profile::{Recordable, Recorded, RequestShape, StatusCodes};

/// Verbs of requests: of resources (`RequestInfoFactory.NewRequestInfo`), and HTTP methods in lower case.
pub(super) const VERBS: [&str; 14] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "head",
    "list",
    "options",
    "patch",
    "post",
    "proxy",
    "put",
    "trace",
    "update",
    "watch",
];

/// Status codes that kube-apiserver answers an authenticated, authorized request with.
const HTTP_CODES: [&str; 26] = [
    "101", "200", "201", "202", "204", "301", "302", "304", "307", "400", "403", "404", "405",
    "406", "409", "410", "412", "413", "415", "422", "429", "500", "501", "502", "503", "504",
];

/// The gRPC codes that stand for them (google.rpc.Code). 2, UNKNOWN, is for errors without a status, which
/// the API server does not have.
const GRPC_CODES: [&str; 11] = ["0", "3", "5", "6", "8", "9", "10", "11", "12", "13", "14"];

/// Which facts of a profile are taken as they are, and which as if everything were recorded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Relaxed {
    pub(super) shapes: bool,
    pub(super) levels: bool,
    pub(super) stages: bool,
    /// Facts of the answer independent of each other.
    pub(super) answers: bool,
}

/// What came of a request.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// Nothing is known.
    Open,
    /// None yet.
    None,
    /// 401.
    NotAuthenticated(&'static str),
    /// The authorizer refused.
    Refused(&'static str),
    /// Served or failed with this code; whatever the authorizer said before, it allowed it.
    Answered(&'static str),
}

#[derive(Debug, Clone, Copy)]
struct EventWorld<'p> {
    shape: Option<&'p RequestShape>,
    verb: Option<&'static str>,
    recorded: Option<(Level, Stage)>,
    answer: Answer,
}

/// Whether some event that the log can hold satisfies the condition.
pub(super) fn is_possible(formula: &Formula, profile: &Recordable, relaxed: Relaxed) -> bool {
    if let Formula::Parts(parts) = formula {
        return parts.iter().all(|part| is_possible(part, profile, relaxed));
    }
    if let Formula::Or(parts) = formula
        && parts.iter().any(|part| matches!(part, Formula::Parts(_)))
    {
        return parts.iter().any(|part| is_possible(part, profile, relaxed));
    }
    let of_any;
    let mut shapes: Vec<(Option<&RequestShape>, &Recorded)> = Vec::new();
    if relaxed.shapes {
        of_any = profile.of_any();
        shapes.push((None, &of_any));
    } else {
        shapes.extend(
            profile
                .requests
                .iter()
                .map(|(shape, recorded)| (Some(shape), recorded)),
        );
        shapes.extend(profile.others.iter().map(|recorded| (None, recorded)));
    }
    shapes
        .iter()
        .any(|(shape, recorded)| has_event(formula, *shape, recorded, profile.codes, relaxed))
}

fn has_event(
    formula: &Formula,
    shape: Option<&RequestShape>,
    recorded: &Recorded,
    codes: StatusCodes,
    relaxed: Relaxed,
) -> bool {
    let everything = Recorded::everything();
    let levels = if relaxed.levels {
        &everything.levels
    } else {
        &recorded.levels
    };
    let stages = if relaxed.stages {
        &everything.stages
    } else {
        &recorded.stages
    };
    let verbs = match shape {
        Some(_) => vec![None],
        None => VERBS.into_iter().map(Some).collect(),
    };
    let fits = |world: &EventWorld<'_>| formula.truth(world) != Truth::Never;
    verbs.into_iter().any(|verb| {
        let of_shape = EventWorld {
            shape,
            verb,
            recorded: None,
            answer: Answer::Open,
        };
        fits(&of_shape)
            && stages.iter().any(|stage| {
                levels.iter().any(|level| {
                    let recorded = EventWorld {
                        recorded: Some((*level, *stage)),
                        ..of_shape
                    };
                    fits(&recorded)
                        && answers(*stage, codes, relaxed)
                            .any(|answer| fits(&EventWorld { answer, ..recorded }))
                })
            })
    })
}

fn answers(stage: Stage, codes: StatusCodes, relaxed: Relaxed) -> impl Iterator<Item = Answer> {
    let (all, unauthenticated, refused): (&[&'static str], _, _) = match codes {
        StatusCodes::Http => (&HTTP_CODES, "401", "403"),
        StatusCodes::Grpc => (&GRPC_CODES, "16", "7"),
    };
    let is_early = stage == Stage::RequestReceived;
    let early = is_early.then_some(Answer::None);
    let late = [
        Answer::NotAuthenticated(unauthenticated),
        Answer::Refused(refused),
    ]
    .into_iter()
    .chain(all.iter().copied().map(Answer::Answered))
    .filter(move |_| !is_early);
    let open = relaxed.answers.then_some(Answer::Open);
    early.into_iter().chain(late).chain(open)
}

impl World for EventWorld<'_> {
    fn know(&self, fact: &Fact) -> Knowledge<'_> {
        match fact {
            Fact::Verb | Fact::ApiGroup | Fact::Resource | Fact::Subresource => self.request(fact),
            Fact::Level => self.recorded.map_or(Knowledge::Open, |(level, _)| {
                Knowledge::Is(level_name(level))
            }),
            Fact::Stage => self.recorded.map_or(Knowledge::Open, |(_, stage)| {
                Knowledge::Is(stage_name(stage))
            }),
            Fact::RequestBody | Fact::ResponseBody => self.body(fact),
            Fact::Code | Fact::Decision | Fact::User | Fact::Group => self.answer(fact),
            Fact::UserAgent | Fact::Uri | Fact::Other => Knowledge::Open,
            Fact::Unknown => Knowledge::Absent,
        }
    }
}

impl EventWorld<'_> {
    fn request(&self, fact: &Fact) -> Knowledge<'_> {
        let text = |text| match text {
            "" => Knowledge::Absent,
            text => Knowledge::Is(text),
        };
        match (self.shape, fact) {
            (Some(shape), Fact::Verb) => text(&shape.verb),
            (Some(shape), Fact::ApiGroup) => text(&shape.api_group),
            (Some(shape), Fact::Resource) => text(&shape.resource),
            (Some(shape), _) => text(&shape.subresource),
            (None, Fact::Verb) => self.verb.map_or(Knowledge::Open, Knowledge::Is),
            (None, _) => Knowledge::Open,
        }
    }

    fn body(&self, fact: &Fact) -> Knowledge<'_> {
        let verb = self.shape.map(|shape| shape.verb.as_str()).or(self.verb);
        if *fact == Fact::RequestBody && matches!(verb, Some("get" | "list" | "watch" | "head")) {
            return Knowledge::Absent;
        }
        let is_recorded = self.recorded.is_none_or(|(level, stage)| match fact {
            Fact::RequestBody => level >= Level::Request && stage != Stage::RequestReceived,
            _ => level == Level::RequestResponse && stage == Stage::ResponseComplete,
        });
        if is_recorded {
            Knowledge::Open
        } else {
            Knowledge::Absent
        }
    }

    fn answer(&self, fact: &Fact) -> Knowledge<'_> {
        match (self.answer, fact) {
            (Answer::Open, _) => Knowledge::Open,
            (
                Answer::NotAuthenticated(code) | Answer::Refused(code) | Answer::Answered(code),
                Fact::Code,
            ) => Knowledge::Is(code),
            (Answer::None, Fact::Code | Fact::Decision) => Knowledge::Absent,
            (Answer::NotAuthenticated(_), _) => Knowledge::Absent,
            (Answer::Refused(_), Fact::Decision) => Knowledge::Is("forbid"),
            (Answer::Answered(_), Fact::Decision) => Knowledge::Is("allow"),
            // Refused impersonation leaves no decision; the user is there.
            (Answer::None | Answer::Refused(_) | Answer::Answered(_), _) => Knowledge::Open,
        }
    }
}
