//! Grants to everybody: to requests without credentials, or to every credential there is.

use viewshed_model::{Confidence, Finding, Pivot, PolicyRule, Severity, Subject};

use super::further::{Act, acts, changes_trusted, gravity, leads_on, led, words};
use super::{
    Asked, Breadth, ClusterFacts, HumanGrant, Scope, breadth, can_i_as, count, reads, rule_text,
};
use crate::checks::Check;

/// Roles that the server grants to every authenticated caller anyway (Kubernetes 1.14 and later,
/// `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`).
const GRANTED_TO_ALL_ANYWAY: [&str; 3] = [
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
];

/// Public keys of the token issuer, which federated clouds have to read; they show nothing of the estate.
const ISSUER_DISCOVERY: &str = "system:service-account-issuer-discovery";

/// Who everybody is, for one check.
#[derive(Debug, Clone, Copy)]
pub(in crate::checks) struct Everybody {
    /// Whether a subject is one of them.
    pub(in crate::checks) includes: fn(&Subject) -> bool,
    /// `everybody without a credential`, of those that a binding names.
    pub(in crate::checks) words: fn(&[Subject]) -> String,
    /// How many they are.
    pub(in crate::checks) crowd: Crowd,
}

/// How easily somebody is one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checks) enum Crowd {
    /// No credential is asked for.
    WithoutCredential,
    /// Any credential does.
    EveryCredential,
    /// The token of any pod of a namespace. What the group reads is no more than its pods' accounts may be given.
    OfNamespace,
}

/// One finding for each human-made binding that lets everybody read something, or do what leads further.
pub(in crate::checks) fn everybody_findings(
    check: &Check,
    facts: &ClusterFacts<'_>,
    everybody: Everybody,
) -> Vec<Finding> {
    let grants = facts.access.human_grants.iter();
    let grants: Vec<(&HumanGrant<'_>, Vec<Subject>)> = grants
        .filter_map(|grant| Some((grant, included(everybody, grant)?)))
        .collect();
    let led = led(facts, &grants);
    grants
        .into_iter()
        .filter_map(|(grant, subjects)| {
            let key = (
                grant.binding.meta.namespace_or_empty().to_owned(),
                grant.binding.meta.name.clone(),
            );
            let worth = Worth::of(everybody, grant, led.get(&key))?;
            Some(worth.finding(check, facts, (everybody, grant), subjects))
        })
        .collect()
}

/// Those of a grant's subjects that stand for everybody; `None` where it grants them nothing new.
fn included(everybody: Everybody, grant: &HumanGrant<'_>) -> Option<Vec<Subject>> {
    let role_name = grant.binding.role.name.as_str();
    let is_default =
        everybody.crowd != Crowd::WithoutCredential && GRANTED_TO_ALL_ANYWAY.contains(&role_name);
    if !grant.has_human_role && (is_default || role_name == ISSUER_DISCOVERY) {
        return None;
    }
    let subjects = grant.subjects.iter();
    let subjects: Vec<Subject> = subjects
        .filter(|subject| (everybody.includes)(subject))
        .cloned()
        .collect();
    (!subjects.is_empty()).then_some(subjects)
}

/// What a grant to everybody is worth, and by what.
struct Worth<'g> {
    severity: Severity,
    confidence: Confidence,
    /// `can discover what runs`, `runs commands in pods`.
    what: String,
    /// The rules that read, with their positions.
    shown: Vec<(usize, &'g PolicyRule)>,
    /// Those that lead further.
    acting: Vec<(usize, &'g PolicyRule)>,
    led: Option<&'g Pivot>,
}

impl<'g> Worth<'g> {
    fn of(everybody: Everybody, grant: &HumanGrant<'g>, led: Option<&'g Pivot>) -> Option<Self> {
        let is_wide = grant.is_cluster_wide();
        let rules = || {
            let rules = grant.rules();
            rules.filter(|(_, rule)| !rule.resources.is_empty() || is_wide)
        };
        // Who may do everything is told by `wildcard-verbs`, and every credential here all the same.
        let is_all = |list: &[String]| list.iter().any(|entry| entry == "*");
        let mut every = rules();
        if everybody.crowd == Crowd::OfNamespace
            && every.any(|(_, rule)| is_all(&rule.verbs) && is_all(&rule.resources))
        {
            return None;
        }
        let shown: Vec<(usize, &PolicyRule)> = rules().filter(|(_, rule)| reads(rule)).collect();
        let acts = acts(grant);
        let acting = match (&acts, led) {
            (None, None) => Vec::new(),
            (Some((Act::Change, _)), None) => {
                rules().filter(|(_, rule)| changes_trusted(rule)).collect()
            }
            _ => rules().filter(|(_, rule)| leads_on(rule)).collect(),
        };
        let counts_reading = everybody.crowd != Crowd::OfNamespace;
        let reading = shown.iter().filter(|_| counts_reading);
        let reading = reading.map(|(_, rule)| worth(rule, is_wide)).max();
        let reading = reading.map(|(severity, what)| (severity, format!("can {what}")));
        let acting_worth = acts.map(|(act, what)| {
            let (wide, narrow) = match act {
                Act::Control => (Severity::Critical, Severity::High),
                Act::Connect | Act::Change => (Severity::High, Severity::Medium),
            };
            (if is_wide { wide } else { narrow }, what)
        });
        let led_worth = led.and_then(gravity);
        let by_rules = match (reading, acting_worth) {
            (Some(reading), Some(acting)) if acting.0 > reading.0 => Some(acting),
            (Some(reading), _) => Some(reading),
            (None, acting) => acting,
        };
        let (severity, what) = match (by_rules, led_worth) {
            (None, None) => return None,
            (Some(by_rules), _) => by_rules,
            (None, Some(_)) => (Severity::Info, "may act as others".to_owned()),
        };
        let severity = match everybody.crowd {
            Crowd::WithoutCredential => severity,
            Crowd::EveryCredential => one_lower(severity),
            Crowd::OfNamespace => one_lower(one_lower(severity)),
        };
        let is_by_way = led_worth.is_some_and(|worth| worth > severity);
        let is_certain = led.is_none_or(|pivot| pivot.depends_on.is_empty());
        Some(Self {
            severity: led_worth.map_or(severity, |worth| worth.max(severity)),
            confidence: if is_by_way && !is_certain {
                Confidence::Medium
            } else {
                Confidence::High
            },
            what,
            shown,
            acting,
            led,
        })
    }

    fn finding(
        self,
        check: &Check,
        facts: &ClusterFacts<'_>,
        (everybody, grant): (Everybody, &HumanGrant<'_>),
        subjects: Vec<Subject>,
    ) -> Finding {
        let place = grant.place(facts.cluster.name.clone());
        let mut finding = check.finding(place, self.severity, self.confidence);
        let scope = grant.binding.meta.namespace.as_deref();
        let scope_words = match scope {
            None => "in the whole cluster".to_owned(),
            Some(namespace) => format!("in `{namespace}`"),
        };
        let onward = self.led.map(words);
        let onward_words = onward.as_ref().map(|words| format!(", which {words}"));
        finding.title = format!(
            "{} {} {scope_words}{}",
            (everybody.words)(&subjects),
            self.what,
            onward_words.unwrap_or_default()
        );
        finding.exposed_count = facts.objects.shown_by(
            self.shown.iter().map(|(_, rule)| *rule),
            scope.map_or(Scope::Cluster, Scope::Namespace),
        );
        let mut rules = self.shown.clone();
        rules.extend(self.acting.iter().filter(|one| !self.shown.contains(one)));
        rules.sort_unstable_by_key(|(position, _)| *position);
        let first_rule = rules.first().map_or(0, |(position, _)| *position);
        let links = &mut finding.evidence.links;
        links.push(grant.link(first_rule, &subjects));
        let texts = rules.iter().map(|(position, rule)| {
            format!("its rule {} allows {}", position + 1, rule_text(rule))
        });
        links.extend(super::links(texts).links);
        if finding.exposed_count > 0 {
            let number = usize::try_from(finding.exposed_count).unwrap_or(usize::MAX);
            let objects = count(number, "object");
            let text = format!("of what exists now, that shows {objects} {scope_words}");
            links.extend(super::links([text]).links);
        }
        if let (Some(pivot), Some(words)) = (self.led, onward) {
            links.extend(super::links([format!("it {words}:")]).links);
            links.extend(pivot.steps.iter().cloned());
            let facts = pivot.depends_on.iter();
            let facts = facts.map(|missing| format!("this depends on {}", missing.fact));
            links.extend(super::links(facts).links);
        }
        if let Some(first) = subjects.first() {
            finding.fix = format!(
                "remove {first} from {} `{}`, and bind the role to the users or service accounts that need it",
                grant.kind(),
                grant.binding.meta.name
            );
        }
        let reading = self.shown.first().map(|(_, rule)| Asked::reading(rule));
        let acting = self.acting.first().map(|(_, rule)| Asked::of(rule));
        if let Some(asked) = reading.or(acting) {
            let asked = Asked {
                namespace: scope,
                ..asked
            };
            finding.reproduce = can_i_as(asked, subjects.first());
        }
        finding.subjects = subjects;
        finding
    }
}

/// What a rule shows when nobody is kept from it.
fn worth(rule: &PolicyRule, cluster_wide: bool) -> (Severity, &'static str) {
    if rule.resources.is_empty() {
        return (Severity::Medium, "read paths of the API server");
    }
    if !rule.resource_names.is_empty() {
        return (Severity::Low, "read certain objects by name");
    }
    let (wide, narrow, what) = match breadth(rule) {
        Breadth::Everything => (
            Severity::Critical,
            Severity::High,
            "read every kind of object",
        ),
        Breadth::Control => (Severity::Critical, Severity::High, "discover what runs"),
        Breadth::BuiltIn => (
            Severity::High,
            Severity::Medium,
            "read built-in kinds of objects",
        ),
        Breadth::Extensions => (Severity::Medium, Severity::Low, "read kinds of extensions"),
    };
    (if cluster_wide { wide } else { narrow }, what)
}

fn one_lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Info => Severity::Info,
    }
}
