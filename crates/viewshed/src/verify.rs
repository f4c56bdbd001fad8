//! `viewshed see --verify`: the live server is asked the questions behind a view.

use viewshed_analyze::SightIndex;
use viewshed_analyze::rbac::Verdict;
use viewshed_analyze::see::questions;
use viewshed_collect::kubernetes::verify as server;
use viewshed_model::{
    AccessRequest, Action, Gap, GapReason, Identity, Verification, View, ViewDifference,
};

use crate::cli::{EstateArgs, ImpersonateArgs};
use crate::input;
use crate::outcome::Failure;
use crate::output::Screen;

/// Asks for every identity of the view by SubjectAccessReview; what could not be asked becomes a gap.
///
/// # Errors
/// When the server cannot be reached again.
pub(crate) fn verify(
    arguments: &EstateArgs,
    index: &SightIndex<'_>,
    view: &mut View<'_>,
    screen: &Screen,
) -> Result<Verification, Failure> {
    let progress = input::progress(screen);
    let mut verification = Verification::default();
    let context = arguments.context.first().map(String::as_str);
    let mut asked = view.identities.clone();
    asked.retain(|held| held.is_accepted);
    let gaps = &mut view.gaps;
    input::block_on(async {
        let client = input::connect(arguments, context, &ImpersonateArgs::default()).await?;
        for held in &asked {
            let computed = questions(index, &held.identity);
            if computed.left_out > 0 {
                gaps.push(not_asked(index, computed.left_out, String::new()));
            }
            let requests: Vec<AccessRequest> = computed
                .asked
                .iter()
                .map(|(action, _)| AccessRequest {
                    identity: held.identity.clone(),
                    action: action.clone(),
                })
                .collect();
            let answers = server::review(&client, &requests, progress.as_ref()).await;
            for ((action, verdict), answer) in computed.asked.iter().zip(answers) {
                match answer {
                    Ok(answer) => {
                        verification.asked += 1;
                        let difference = compare(&held.identity, action, *verdict, &answer);
                        verification.differences.extend(difference);
                    }
                    Err(failure) => gaps.push(not_asked(index, 1, failure.detail())),
                }
            }
        }
        Ok(verification)
    })?
    .map_err(input::collect_failure)
}

fn not_asked(index: &SightIndex<'_>, count: u64, detail: String) -> Gap {
    Gap {
        source: index.cluster().name.clone(),
        what: "questions that the server was not asked".to_owned(),
        reason: GapReason::NotCollected,
        detail,
        hint: String::new(),
        count,
    }
}

fn compare(
    identity: &Identity,
    action: &Action,
    computed: Verdict,
    answer: &server::Verdict,
) -> Option<ViewDifference> {
    let agrees = match computed {
        Verdict::Yes => answer.allowed,
        Verdict::No => !answer.allowed,
        // An answer that depends on missing facts claims nothing that the server could contradict.
        Verdict::Unknown => true,
    };
    (!agrees).then(|| ViewDifference {
        question: format!("may {identity} {}", describe(action)),
        computed: if computed == Verdict::Yes {
            "yes"
        } else {
            "no"
        }
        .to_owned(),
        server: format!(
            "{} {}",
            if answer.allowed { "yes" } else { "no" },
            answer.reason
        ),
    })
}

/// The request in words.
pub(crate) fn describe(action: &Action) -> String {
    match action {
        Action::NonResource(request) => format!("{} {}", request.verb, request.path),
        Action::Resource(request) => {
            let group = if request.api_group.is_empty() {
                String::new()
            } else {
                format!(".{}", request.api_group)
            };
            let name = if request.name.is_empty() {
                String::new()
            } else {
                format!(" `{}`", request.name)
            };
            let place = if request.namespace.is_empty() {
                String::new()
            } else {
                format!(" in `{}`", request.namespace)
            };
            format!(
                "{} {}{group}{name}{place}",
                request.verb,
                request.combined_resource()
            )
        }
    }
}
