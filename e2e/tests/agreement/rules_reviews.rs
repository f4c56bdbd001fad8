//! Rules reviews, as the identities themselves ask for them.

use anyhow::Result;
use serde::Deserialize;
use serde_json::json;
use viewshed_analyze::rbac::{AccessIndex, Mode, impersonation_in, self_subject_rules};
use viewshed_benchmarks::random::Random;
use viewshed_model::{Action, Identity, PolicyRule, ResourceRequest};

use crate::api::{Answer, Request, Tally};
use crate::objects::{NAMESPACES, NODES, namespace, node};
use crate::questions;
use crate::requests::impersonation_headers;
use crate::reviews::{sorted_parts, value};
use crate::world::World;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    resource_rules: Vec<Rule>,
    non_resource_rules: Vec<Rule>,
    incomplete: bool,
    evaluation_error: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Vec<String>,
}

#[derive(Deserialize)]
struct Review {
    status: Status,
}

pub(crate) fn compare(world: &World, count: usize, random: &mut Random) -> Result<Tally> {
    let questions: Vec<(Identity, String)> = (0..count)
        .map(|_| (asker(random), namespace(random.below(NAMESPACES))))
        .collect();
    let index = AccessIndex::new(&world.cluster);
    let mut tally = Tally::default();
    let requests = questions.iter().map(|(identity, namespace)| Request {
        method: "POST".to_owned(),
        target: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews".to_owned(),
        headers: impersonation_headers(identity),
        body: json!({"spec": {"namespace": namespace}}).to_string(),
    });
    world.admin.send_all(requests, |number, answer| {
        if let Some((wanted, namespace)) = questions.get(number) {
            judge(&index, wanted, namespace, &answer, &mut tally);
        }
    })?;
    Ok(tally)
}

/// Somebody whom the default roles let ask.
fn asker(random: &mut Random) -> Identity {
    if random.chance(10) {
        let groups = ["system:nodes", "system:authenticated"];
        return Identity::exactly(
            &format!("system:node:{}", node(random.below(NODES))),
            groups,
        );
    }
    loop {
        let identity = questions::identity(random);
        let is_masters = identity
            .groups
            .iter()
            .any(|group| group == "system:masters");
        let asks = identity.user != "system:anonymous" && !identity.user.is_empty();
        if asks && !is_masters {
            return identity;
        }
    }
}

fn judge(
    index: &AccessIndex<'_>,
    wanted: &Identity,
    namespace: &str,
    answer: &Answer,
    tally: &mut Tally,
) {
    tally.asked += 1;
    let Ok(review) = serde_json::from_slice::<Review>(&answer.body) else {
        tally.difference(|| format!("{wanted}: {} {}", answer.status, value(&answer.body)));
        return;
    };
    // What the server makes of the headers; the admin may act as anybody.
    let admin = Identity::user("agreement", ["system:masters"]);
    let any = Action::Resource(ResourceRequest::default());
    let becomes = impersonation_in(index, Mode::Legacy, (&admin, wanted), &any).becomes;
    let ours = self_subject_rules(index, &becomes.unwrap_or_default(), namespace);
    let status = review.status;
    let agrees = sorted(ours.resource_rules.clone()) == sorted(rules(status.resource_rules))
        && sorted(ours.non_resource_rules.clone()) == sorted(rules(status.non_resource_rules))
        && ours.incomplete == status.incomplete
        && sorted_parts(&ours.evaluation_error) == sorted_parts(&status.evaluation_error);
    tally.allowed += usize::from(!ours.resource_rules.is_empty());
    if !agrees {
        tally.difference(|| {
            format!(
                "{wanted} in {namespace}: ours {ours:?}, server {}",
                value(&answer.body)
            )
        });
    }
}

fn rules(wire: Vec<Rule>) -> Vec<PolicyRule> {
    let rule = |rule: Rule| PolicyRule {
        verbs: rule.verbs,
        api_groups: rule.api_groups,
        resources: rule.resources,
        resource_names: rule.resource_names,
        non_resource_urls: rule.non_resource_urls,
    };
    wire.into_iter().map(rule).collect()
}

/// The server visits bindings in no fixed order.
fn sorted(mut rules: Vec<PolicyRule>) -> Vec<PolicyRule> {
    rules.sort_unstable();
    rules
}
