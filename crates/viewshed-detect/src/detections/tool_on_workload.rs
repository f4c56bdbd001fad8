//! A program in a pod turns into a tool of people.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::facts::Sort;
use crate::engine::origin::program_of;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "tool-on-workload",
    title: "a tool of people uses the identity of a program",
    techniques: &["T1613"],
    cap: 70,
    page: include_str!("../../../../docs/detections/tool-on-workload.md"),
    judge,
};

/// What people and their scripts use; a hint, since clients choose the name. A program that embeds the
/// client library carries its own name instead.
static TOOLS: [&str; 10] = [
    "kubectl",
    "curl",
    "wget",
    "python-requests",
    "go-http-client",
    "oc",
    "k9s",
    "httpie",
    "powershell",
    "postmanruntime",
];

/// The tool of people that a client says it is.
pub(crate) fn tool(user_agent: &str) -> Option<&'static str> {
    let name = program_of(user_agent);
    TOOLS
        .iter()
        .copied()
        .find(|tool| name.eq_ignore_ascii_case(tool))
}

/// Whether a client says that it is a tool of people that knows Kubernetes: each run of it discovers the API
/// and then does what it was called for.
pub(crate) fn is_client(user_agent: &str) -> bool {
    tool(user_agent).is_some_and(|tool| !is_raw(tool))
}

/// Whether a client says that it is one of the tools that know nothing of Kubernetes: those ask for nothing by
/// themselves. The others discover the API before they do anything.
pub(crate) fn is_raw(tool: &str) -> bool {
    !matches!(tool, "kubectl" | "oc" | "k9s")
}

/// Whether a client says that it is a kubectl without build information: no released one does.
pub(crate) fn is_unreleased(user_agent: &str) -> bool {
    tool(user_agent) == Some("kubectl") && user_agent.contains("$Format")
}

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let is_program = matches!(look.class, Class::ServiceAccount | Class::Node);
    let is_news = look.is_new_tool || (is_program && look.origin.is_new_program);
    if !is_news {
        return None;
    }
    if look.behaviour.op == Op::Health {
        return None;
    }
    let agent: &str = &look.activity.actor.user_agent;
    let name = tool(agent)?;
    // The address that it came from, if that was news by itself, is the first thing known of this hand.
    let nth = look.facts.nth(Sort::Program, [name, ""])?;
    let base = if nth > 1 {
        15.0
    } else if is_raw(name) {
        // No program is made to be looked after with it, and no pipeline deploys with it.
        45.0
    } else if is_unreleased(agent) {
        35.0
    } else {
        30.0
    };
    let weight = base + 20.0 * look.acquaintance;
    Some(Sign::new(
        weight,
        format!("{} is used by {name} for the first time", look.who),
    ))
}
