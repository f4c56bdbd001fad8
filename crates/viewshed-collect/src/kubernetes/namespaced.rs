//! ENTERS: lists of single namespaces, where the whole cluster may not be listed.

use futures_util::{StreamExt, stream};
use viewshed_model::{ApiResource, Gap, GapReason, RulesReview, UnreadKind};

use super::client::Client;
use super::failure::Failure;
use super::lists::{Part, full_name, list_words, read_list};
use super::request::Scope;
use super::verify::own_rules_review;
use crate::progress::Progress;

/// Reads the `open` kinds in every namespace, and the refused ones in those namespaces whose rules
/// allow it. Every refused kind is a gap, whatever single namespaces gave.
pub(super) async fn read_by_namespace(
    client: &Client,
    namespaces: &[String],
    (open, refused): (Vec<ApiResource>, Vec<(ApiResource, Failure)>),
    progress: &dyn Progress,
) -> Vec<Part> {
    let asked = namespaces
        .get(..client.limits().namespaces_max)
        .unwrap_or(namespaces);
    let forbidden: Vec<&ApiResource> = refused
        .iter()
        .filter(|(api, failure)| api.namespaced && failure.code() == Some(403))
        .map(|(api, _)| api)
        .collect();
    let mut pairs: Vec<(ApiResource, String)> = open
        .iter()
        .flat_map(|api| {
            asked
                .iter()
                .map(|namespace| (api.clone(), namespace.clone()))
        })
        .collect();
    pairs.extend(allowed_pairs(client, &forbidden, asked).await);
    let mut results = read_pairs(client, pairs, progress).await;
    results.sort_by(|one, other| one.0.cmp(&other.0));

    let mut report = Part::default();
    for (api, failure) in &refused {
        report.cluster.unread_grants.note(&api.group, &api.resource);
        let read: Vec<String> = results
            .iter()
            .filter(|(key, result)| key.0 == full_name(api) && result.is_ok())
            .map(|(key, _)| key.1.clone())
            .collect();
        let number = read.len();
        let unread = UnreadKind::of(api, read);
        report.cluster.unread_kinds.extend(unread);
        report
            .gaps
            .push(refusal_gap(client, api, failure, (number, asked.len())));
    }
    if asked.len() < namespaces.len() {
        report
            .gaps
            .push(too_many(client, namespaces.len() - asked.len()));
    }
    let mut parts = Vec::new();
    for ((_, namespace), result) in results {
        match result {
            Ok(part) => parts.push(part),
            // The rules promised it, but a webhook or a name restriction refuses: the kind's gap says so.
            Err((_, failure)) if failure.code() == Some(403) => {}
            Err((api, failure)) => {
                let what = list_words(&api, &Scope::Namespace(namespace));
                report.gaps.push(failure.gap(client.name(), what));
            }
        }
    }
    parts.push(report);
    parts
}

type Key = (String, String);
type PairResult = (Key, Result<Part, (ApiResource, Failure)>);

async fn read_pairs(
    client: &Client,
    pairs: Vec<(ApiResource, String)>,
    progress: &dyn Progress,
) -> Vec<PairResult> {
    stream::iter(pairs)
        .map(|(api, namespace)| async move {
            let key = (full_name(&api), namespace.clone());
            let result = read_list(client, &api, Scope::Namespace(namespace), progress).await;
            (key, result.map_err(|failure| (api, failure)))
        })
        .buffer_unordered(client.limits().requests_at_once.max(1))
        .collect()
        .await
}

/// Asks the server once per namespace what the credential may do there.
async fn allowed_pairs(
    client: &Client,
    kinds: &[&ApiResource],
    namespaces: &[String],
) -> Vec<(ApiResource, String)> {
    if kinds.is_empty() {
        return Vec::new();
    }
    stream::iter(namespaces)
        .map(|namespace| async move {
            // Without an answer every kind is worth asking for.
            let review = own_rules_review(client, namespace).await.ok();
            kinds
                .iter()
                .filter(|api| review.as_ref().is_none_or(|review| may_list(review, api)))
                .map(|api| ((*api).clone(), namespace.clone()))
                .collect::<Vec<_>>()
        })
        .buffered(client.limits().reviews_at_once.max(1))
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .collect()
}

/// Only chooses what to ask; the server decides again.
fn may_list(review: &RulesReview, api: &ApiResource) -> bool {
    let holds =
        |list: &[String], value: &str| list.iter().any(|entry| entry == "*" || entry == value);
    review.incomplete
        || review.resource_rules.iter().any(|rule| {
            rule.resource_names.is_empty()
                && holds(&rule.verbs, "list")
                && holds(&rule.api_groups, &api.group)
                && holds(&rule.resources, &api.resource)
        })
}

fn refusal_gap(
    client: &Client,
    api: &ApiResource,
    failure: &Failure,
    (read, asked): (usize, usize),
) -> Gap {
    let mut gap = failure.gap(client.name(), list_words(api, &Scope::Everywhere));
    if gap.reason == GapReason::Forbidden {
        let name = full_name(api);
        let who = client
            .identity()
            .map_or("the credential", |identity| identity.user.as_str());
        let granted = format!(
            "grant `list` on `{name}` to `{}`",
            crate::text::one_line(who)
        );
        gap.hint = if api.namespaced {
            format!("{granted} in the whole cluster; read in {read} of {asked} namespaces")
        } else {
            granted
        };
    }
    gap
}

fn too_many(client: &Client, rest: usize) -> Gap {
    Gap {
        source: client.name().to_owned(),
        what: "ask every namespace by itself".to_owned(),
        reason: GapReason::TooLarge,
        detail: format!(
            "only the first {} are asked",
            client.limits().namespaces_max
        ),
        hint: "use a credential that may list in the whole cluster".to_owned(),
        count: u64::try_from(rest).unwrap_or(u64::MAX),
    }
}
