//! Reads the description of the API, document by document, and does nothing with it.

use super::tool_on_workload::{is_raw, tool};
use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "api-crawl",
    title: "reads which kinds the API has, and does nothing with them",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/api-crawl.md"),
    judge,
};

/// So many documents are a crawl; clients that walk all groups read dozens, and that says no more.
const DOCUMENTS: u16 = 5;
/// The same of a tool, some of whose documents may have been explained by work.
const DOCUMENTS_OF_TOOL: u16 = 12;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    // Who has no credential has a detection of his own.
    if look.behaviour.op != Op::Discover || look.is_usual || look.is_nobody() {
        return None;
    }
    let path = look.activity.uri.split('?').next().unwrap_or_default();
    let client = tool(&look.activity.actor.user_agent);
    let is_tool = client.is_some_and(is_raw);
    // With this one every run of kubectl begins.
    if client.is_some() && !is_tool && path == "/api" {
        return None;
    }
    let nth = look
        .facts
        .nth(Sort::Crawled, [path.trim_end_matches('/'), ""])?;
    let is_program = look.share() >= 0.6;
    let documents_max = if is_program && client.is_some() {
        DOCUMENTS_OF_TOOL
    } else {
        DOCUMENTS
    };
    if nth > documents_max {
        return None;
    }
    let unusual = if is_program {
        of_program(look, client)
    } else if client.is_some() && !is_tool {
        // Tools of people read all of it before they do anything.
        0.1
    } else {
        0.2 + 0.3 * look.acquaintance
    };
    // Documents of single groups: few clients ever read one.
    let is_detail = path.starts_with("/openapi/v3/");
    let base = match (nth, is_detail) {
        (1, _) => 14.0,
        (_, true) => 32.0,
        (_, false) => 25.0,
    };
    let documents = if nth == 1 { "document" } else { "documents" };
    let text = format!(
        "{} reads what the API offers, {nth} {documents} so far, the last {path}",
        look.who
    );
    let weight = base * unusual;
    if is_tool && look.class != Class::Person {
        // What clients of its peers do says nothing about a tool of people.
        return Some(Sign::new(weight, text));
    }
    Some(Sign::unless_at_work(weight * look.surprise(), text))
}

/// How unusual it is for a program to read the description, 0 to 1. Programs do it when they start, and then
/// they go to work: that takes the weight again.
fn of_program(look: &Look<'_>, client: Option<&str>) -> f64 {
    if client.is_some() {
        return 1.0;
    }
    let newcomer = if look.known_days == 0 { 0.5 } else { 0.0 };
    (newcomer * look.log_acquaintance)
        .max(look.acquaintance)
        .max(0.2)
}
