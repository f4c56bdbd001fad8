//! `viewshed see --verify`: the live server is asked the questions behind a view, and the kubelets for their pods.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_analyze::SightIndex;
use viewshed_analyze::rbac::Verdict;
use viewshed_analyze::see::{asked_kubelets, questions};
use viewshed_collect::kubernetes::{Client, verify as server};
use viewshed_model::{
    AccessRequest, Action, Gap, GapReason, HeldIdentity, Identity, Verification, View,
    ViewDifference,
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
        check_kubelets(&client, (index, &asked), &mut verification, gaps).await;
        Ok(verification)
    })?
    .map_err(input::collect_failure)
}

/// Kubelets that are asked at most, one after the other.
const KUBELETS_MAX: usize = 64;
/// Pods that a difference names.
const PODS_TOLD_MAX: usize = 5;

/// Asks each kubelet that an identity may ask for parts of its own what pods it tells, through the API server's node proxy,
/// which the user's own credential has to be allowed. Kubelets that are not asked are a gap.
async fn check_kubelets(
    client: &Client,
    (index, held): (&SightIndex<'_>, &[HeldIdentity]),
    verification: &mut Verification,
    gaps: &mut Vec<Gap>,
) {
    let mut nodes: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for held in held {
        nodes.extend(asked_kubelets(index, &held.identity));
    }
    let beyond = nodes.len().saturating_sub(KUBELETS_MAX);
    let mut missed: BTreeMap<String, u64> = BTreeMap::new();
    if beyond > 0 {
        let detail = format!("more than {KUBELETS_MAX} of them");
        missed.insert(detail, u64::try_from(beyond).unwrap_or(u64::MAX));
    }
    for (node, known) in nodes.into_iter().take(KUBELETS_MAX) {
        match server::pods_of_kubelet(client, node).await {
            Ok(told) => {
                verification.asked += 1;
                verification
                    .differences
                    .extend(differing(node, &known, &told));
            }
            Err(failure) => *missed.entry(failure.detail()).or_default() += 1,
        }
    }
    for (detail, count) in missed {
        gaps.push(Gap {
            source: index.cluster().name.clone(),
            what: "kubelets that were not asked for their pods".to_owned(),
            reason: GapReason::NotCollected,
            detail,
            hint: "a credential that may `get nodes/proxy` reaches them through the API server"
                .to_owned(),
            count,
        });
    }
}

fn differing(
    node: &str,
    known: &[(&str, &str)],
    told: &[(String, String)],
) -> Option<ViewDifference> {
    let known: BTreeSet<(&str, &str)> = known.iter().copied().collect();
    let told: BTreeSet<(&str, &str)> = told
        .iter()
        .map(|(namespace, name)| (namespace.as_str(), name.as_str()))
        .collect();
    if known == told {
        return None;
    }
    let names = |pods: &mut dyn Iterator<Item = &(&str, &str)>| {
        let names = pods.map(|(namespace, name)| format!("{namespace}/{name}"));
        let names: Vec<String> = names.collect();
        let shown = names.get(..PODS_TOLD_MAX).unwrap_or(&names).join(", ");
        match names.len().saturating_sub(PODS_TOLD_MAX) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    };
    Some(ViewDifference {
        question: format!("the pods that the kubelet of {node} tells"),
        computed: format!(
            "{} pods, alone here: {}",
            known.len(),
            names(&mut known.difference(&told))
        ),
        server: format!(
            "{} pods, alone there: {}",
            told.len(),
            names(&mut told.difference(&known))
        ),
    })
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
