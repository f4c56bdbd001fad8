//! ENTERS: lists, page by page, one kind in one scope at a time.

use viewshed_decode::kubernetes::{ListPage, add_list};
use viewshed_model::{ApiResource, Cluster, Gap, GapReason, UnreadKind};

use super::client::Client;
use super::failure::{Failure, Refusal};
use super::request::{List, Request, Scope};
use super::secrets::add_names;
use crate::progress::Progress;

/// What one list brought.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) cluster: Cluster,
    pub(crate) gaps: Vec<Gap>,
}

/// Reads all pages of one list. What is missing at its end is a gap of the part.
///
/// # Errors
/// When the first page already fails.
pub(crate) async fn read_list(
    client: &Client,
    api: &ApiResource,
    scope: Scope,
    progress: &dyn Progress,
) -> Result<Part, Failure> {
    let limit = client.limits().page_objects;
    let first = List::new(api, scope.clone(), limit)
        .ok_or_else(|| Failure::Malformed("a name that is not allowed".to_owned()))?;
    let mut reading = Reading {
        client,
        api,
        scope,
        part: fresh_part(api),
        count: 0,
        token: String::new(),
        limit,
        is_restarted: false,
    };
    let what = full_name(api);
    let mut list = first;
    let mut is_started = false;
    for _ in 0..client.limits().pages_max {
        let result = match client.get(&Request::List(list.clone())).await {
            Ok(body) => reading.add(&body),
            Err(failure) => Err(failure),
        };
        let next = match result {
            Ok(page) => {
                let count = u64::try_from(page.count).unwrap_or(u64::MAX);
                if !is_started {
                    is_started = true;
                    let rest = page.remaining_item_count.unwrap_or(0);
                    progress.started(&what, Some(count.saturating_add(rest)));
                }
                progress.advanced(&what, count);
                reading.after(page)
            }
            Err(failure) => match reading.recover(&failure) {
                Next::Page => Next::Page,
                Next::End if !is_started => return Err(failure),
                Next::End => {
                    reading.cut_short(&failure);
                    Next::End
                }
            },
        };
        match next {
            Next::Page => list = list.continued(&reading.token, reading.limit),
            Next::End => {
                if is_started {
                    progress.finished(&what);
                }
                return Ok(reading.part);
            }
        }
    }
    progress.finished(&what);
    let pages = client.limits().pages_max;
    reading.end_with(GapReason::TooLarge, format!("more than {pages} pages"), 1);
    Ok(reading.part)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Page,
    End,
}

struct Reading<'a> {
    client: &'a Client,
    api: &'a ApiResource,
    scope: Scope,
    part: Part,
    count: u64,
    token: String,
    limit: u32,
    is_restarted: bool,
}

// An answer beyond the size limit is asked for again in parts of an eighth.
const SMALLER_PAGES: u32 = 8;

impl Reading<'_> {
    fn add(&mut self, body: &[u8]) -> Result<ListPage, Failure> {
        let Part { cluster, gaps } = &mut self.part;
        if self.api.group.is_empty() && self.api.resource == "secrets" {
            let namespace = match &self.scope {
                Scope::Everywhere => None,
                Scope::Namespace(namespace) => Some(namespace.as_str()),
            };
            return add_names(cluster, namespace, body, |count| {
                gaps.push(nameless(self.client, count));
            });
        }
        let source = self.client.name();
        let (group, resource) = (&self.api.group, &self.api.resource);
        add_list(cluster, gaps, source, group, resource, body)
            .map_err(|error| Failure::Malformed(error.to_string()))
    }

    fn after(&mut self, page: ListPage) -> Next {
        let count = u64::try_from(page.count).unwrap_or(u64::MAX);
        self.count = self.count.saturating_add(count);
        let Some(token) = page.continue_token.filter(|token| !token.is_empty()) else {
            return Next::End;
        };
        if token == self.token {
            let detail = "the server gives the same continue token again".to_owned();
            self.end_with(GapReason::Malformed, detail, 1);
            return Next::End;
        }
        let limits = self.client.limits();
        let objects_max = match self.api.resource.as_str() {
            "events" => limits.events_max,
            _ => limits.objects_max,
        };
        if self.count >= objects_max {
            let rest = page.remaining_item_count.unwrap_or(1).max(1);
            let detail = format!("only the first {} are kept", self.count);
            self.end_with(GapReason::TooLarge, detail, rest);
            return Next::End;
        }
        self.token = token;
        Next::Page
    }

    fn cut_short(&mut self, failure: &Failure) {
        let what = format!("{} to the end", self.what());
        let mut gap = failure.gap(self.client.name(), what);
        if gap.reason == GapReason::Forbidden {
            gap.reason = GapReason::Truncated;
        }
        self.note_unread();
        self.part.gaps.push(gap);
    }

    /// Whether and how the list can go on after a failure.
    fn recover(&mut self, failure: &Failure) -> Next {
        match failure {
            Failure::TooLarge(_) if self.limit > 1 => {
                self.limit = (self.limit / SMALLER_PAGES).max(1);
                Next::Page
            }
            // The token is older than etcd's history. The server offers one that goes on in the
            // present (apimachinery `ListMeta.Continue`, apiserver `handleCompactedErrorForPaging`).
            Failure::Status(Refusal {
                code: 410,
                continue_token,
                ..
            }) if !continue_token.is_empty() && *continue_token != self.token => {
                self.token.clone_from(continue_token);
                Next::Page
            }
            Failure::Status(Refusal { code: 410, .. }) if !self.is_restarted => {
                self.is_restarted = true;
                self.token.clear();
                self.count = 0;
                self.part = fresh_part(self.api);
                Next::Page
            }
            _ => Next::End,
        }
    }

    fn what(&self) -> String {
        list_words(self.api, &self.scope)
    }

    /// What grants are missing decides what may be called forbidden.
    fn note_unread(&mut self) {
        let (group, resource) = (&self.api.group, &self.api.resource);
        self.part.cluster.unread_grants.note(group, resource);
        let unread = UnreadKind::of(self.api, Vec::new());
        self.part.cluster.unread_kinds.extend(unread);
    }

    fn end_with(&mut self, reason: GapReason, detail: String, count: u64) {
        self.note_unread();
        self.part.gaps.push(Gap {
            source: self.client.name().to_owned(),
            what: format!("{} to the end", self.what()),
            reason,
            detail,
            hint: String::new(),
            count,
        });
    }
}

fn nameless(client: &Client, count: u64) -> Gap {
    Gap {
        source: client.name().to_owned(),
        what: "read rows of `secrets`".to_owned(),
        reason: GapReason::Malformed,
        detail: "rows without a name".to_owned(),
        hint: String::new(),
        count,
    }
}

// Metadata lists do not say their kind: the decoder looks it up here.
pub(super) fn fresh_part(api: &ApiResource) -> Part {
    Part {
        cluster: Cluster {
            api_resources: vec![api.clone()],
            ..Cluster::default()
        },
        gaps: Vec::new(),
    }
}

/// `pods`, `deployments.apps`: the form that kubectl takes.
pub(crate) fn full_name(api: &ApiResource) -> String {
    if api.group.is_empty() {
        api.resource.clone()
    } else {
        format!("{}.{}", api.resource, api.group)
    }
}

/// ``list `pods` in all namespaces``.
pub(crate) fn list_words(api: &ApiResource, scope: &Scope) -> String {
    let name = full_name(api);
    match scope {
        Scope::Everywhere if api.namespaced => format!("list `{name}` in all namespaces"),
        Scope::Everywhere => format!("list `{name}`"),
        Scope::Namespace(namespace) => format!("list `{name}` in namespace `{namespace}`"),
    }
}

#[cfg(test)]
mod tests;
