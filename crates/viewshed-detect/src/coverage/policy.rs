//! Verdicts that follow from an audit policy: it is asked about every identity, verb, object and namespace
//! that an action can come with.

use std::collections::BTreeSet;

use viewshed_model::{AuditPolicy, AuditResources, AuditRule, Level, Stage, Visibility};

use super::action::{Ask, Needs, Scope};
use super::askers::{Asker, NAMED_MAX, OTHER, named, ordinary};
use super::recorded::{Asked, Recorded, Target, recorded};
use super::verdict::Verdict;

/// Identities that are named in an explanation; the rest is counted.
const EXCEPTIONS_MAX: usize = 4;

pub(super) const CHECKER: &str = "kubernetes/apiserver pkg/audit/policy/checker.go";

/// What is kept of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Enough,
    /// Recorded, but not its body.
    NoBody,
    /// Only that it came, not what came of it.
    NoAnswer,
    Nothing,
}

/// One request that was tried, in words.
struct Trial {
    asker: String,
    verb: &'static str,
    what: String,
    namespace: String,
    rule: Option<usize>,
    level: Level,
    kept: Kept,
}

/// The verdict of `policy` on requests of one kind.
pub(super) fn by_policy(policy: &AuditPolicy, ask: &Ask) -> Verdict {
    let trials = trials(policy, ask, &ordinary());
    let has = |kept: Kept| trials.iter().any(|trial| trial.kept == kept);
    let rules = || wanted(ask, &trials);
    if trials.iter().all(|trial| trial.kept == Kept::Enough) {
        let why = match exceptions(policy, ask).as_str() {
            "" => format!("recorded {}", levels(&trials)),
            exceptions => format!("recorded {}, except for {exceptions}", levels(&trials)),
        };
        return Verdict::new(Visibility::Visible, why, CHECKER);
    }
    if trials.iter().all(|trial| trial.kept == Kept::Nothing) {
        let why = format!("not recorded: {}", deciding(&trials, Kept::Nothing));
        return Verdict::new(Visibility::Invisible, why, CHECKER).with_rules(rules());
    }
    let mut parts = Vec::new();
    if has(Kept::Nothing) {
        parts.push(format!("not recorded {}", missing(&trials)));
    }
    if has(Kept::NoBody) {
        parts.push(format!(
            "who asked, but not what about: the body is not recorded ({})",
            deciding(&trials, Kept::NoBody)
        ));
    }
    if has(Kept::NoAnswer) {
        parts.push("without the answer: `ResponseComplete` is left out".to_owned());
    }
    let verdict = Verdict::new(Visibility::Partial, parts.join("; "), CHECKER);
    if has(Kept::NoAnswer) && policy.omit_stages.contains(&Stage::ResponseComplete) {
        return verdict.with_change("take `ResponseComplete` out of the policy's `omitStages`");
    }
    verdict.with_rules(rules())
}

/// Reviews that other servers send about their callers (kubernetes `staging/src/k8s.io/apiserver/plugin/pkg/
/// authorizer/webhook`): never more than part of what those servers were asked.
pub(super) fn reviews_by_policy(policy: &AuditPolicy) -> Verdict {
    const CITED: &str =
        "kubernetes pkg/kubelet/server/auth.go; apiserver plugin/pkg/authorizer/webhook (caches)";
    const LIMITS: &str = "a review stands for at least one request in its cache time (allowed 5 min, denied 30 s), and servers that allow anonymous requests send none";
    let asked = Asked {
        user: Some("system:node:any-other"),
        groups: &["system:nodes", "system:authenticated"],
        verb: "create",
        target: Target::Object {
            api_group: "authorization.k8s.io",
            resource: "subjectaccessreviews",
            subresource: "",
            namespace: "",
            name: "",
        },
    };
    let found = recorded(policy, &asked);
    let rule = place(found.rule);
    let verdict = match found.level {
        Level::None => {
            let why = format!("the reviews that it leads to are not recorded ({rule})");
            Verdict::new(Visibility::Invisible, why, CITED)
        }
        Level::Metadata => {
            let why = format!(
                "shows that a server asked about some caller, not about whom and what: `subjectaccessreviews` are recorded without their body ({rule})"
            );
            Verdict::new(Visibility::Partial, why, CITED)
        }
        Level::Request | Level::RequestResponse => {
            return Verdict::new(Visibility::Partial, LIMITS, CITED);
        }
    };
    verdict.with_rules(review_rules())
}

/// The question at `Request`, the token in clear never.
pub(super) fn review_rules() -> Vec<AuditRule> {
    [
        (
            Level::Request,
            "authorization.k8s.io",
            "subjectaccessreviews",
        ),
        (Level::Metadata, "authentication.k8s.io", "tokenreviews"),
    ]
    .map(|(level, api_group, resource)| AuditRule {
        level,
        verbs: vec!["create".to_owned()],
        resources: vec![AuditResources {
            api_group: api_group.to_owned(),
            resources: vec![resource.to_owned()],
            names: Vec::new(),
        }],
        ..AuditRule::default()
    })
    .to_vec()
}

/// The rules that record an action, at no lower level than any part of it is recorded at already.
fn wanted(ask: &Ask, trials: &[Trial]) -> Vec<AuditRule> {
    let recorded = trials.iter().map(|trial| trial.level).max();
    rules_for(ask, recorded.unwrap_or_default())
}

/// The rules that record an action at least at `level`.
pub(super) fn rules_for(ask: &Ask, level: Level) -> Vec<AuditRule> {
    let needed = match ask.needs {
        Needs::Metadata => Level::Metadata,
        Needs::Request => Level::Request,
    };
    let mut resources: Vec<AuditResources> = Vec::new();
    for (api_group, resource, subresource) in ask.objects {
        let name = joined(resource, subresource);
        match resources
            .iter_mut()
            .find(|entry| entry.api_group == *api_group)
        {
            Some(entry) => entry.resources.push(name),
            None => resources.push(AuditResources {
                api_group: (*api_group).to_owned(),
                resources: vec![name],
                names: Vec::new(),
            }),
        }
    }
    vec![AuditRule {
        level: needed.max(level),
        verbs: ask.verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        resources,
        paths: ask
            .path_specs
            .iter()
            .map(|path| (*path).to_owned())
            .collect(),
        ..AuditRule::default()
    }]
}

fn trials(policy: &AuditPolicy, ask: &Ask, askers: &[Asker]) -> Vec<Trial> {
    let namespaces: BTreeSet<&str> = match ask.scope {
        Scope::Cluster => BTreeSet::from([""]),
        Scope::Namespaced => {
            let rules = policy.rules.iter();
            let named: BTreeSet<&String> = rules.flat_map(|rule| &rule.namespaces).collect();
            let named = named.into_iter().map(String::as_str).take(NAMED_MAX);
            named.chain(["", OTHER]).collect()
        }
    };
    let mut trials = Vec::new();
    for asker in askers {
        let groups: Vec<&str> = asker.groups.iter().map(String::as_str).collect();
        for verb in ask.verbs {
            let mut try_it = |target: Target<'_>, what: String, namespace: &str| {
                let asked = Asked {
                    user: Some(&asker.user),
                    groups: &groups,
                    verb,
                    target,
                };
                let found = recorded(policy, &asked);
                trials.push(Trial {
                    asker: asker.label.clone(),
                    verb,
                    what,
                    namespace: namespace.to_owned(),
                    rule: found.rule,
                    level: found.level,
                    kept: kept(&found, &asked, ask.needs),
                });
            };
            for path in ask.paths {
                try_it(Target::Path(path), (*path).to_owned(), "");
            }
            for (api_group, resource, subresource) in ask.objects {
                for namespace in &namespaces {
                    let is_list =
                        matches!(*verb, "list" | "watch" | "create") && subresource.is_empty();
                    let target = Target::Object {
                        api_group,
                        resource,
                        subresource,
                        namespace,
                        name: if is_list { "" } else { OTHER },
                    };
                    try_it(target, joined(resource, subresource), namespace);
                }
            }
        }
    }
    trials
}

fn kept(found: &Recorded, asked: &Asked<'_>, needs: Needs) -> Kept {
    if found.level == Level::None {
        return Kept::Nothing;
    }
    // kubernetes/apiserver pkg/server/config.go, BasicLongRunningRequestCheck as kube-apiserver sets it.
    let is_long = match asked.target {
        Target::Object { subresource, .. } => {
            asked.verb == "watch"
                || matches!(
                    subresource,
                    "attach" | "exec" | "proxy" | "log" | "portforward"
                )
        }
        Target::Path(_) => false,
    };
    let has = |stage: Stage| !found.omit_stages.contains(&stage);
    let is_answered = has(Stage::ResponseComplete) || (is_long && has(Stage::ResponseStarted));
    if !is_answered {
        return if has(Stage::RequestReceived) {
            Kept::NoAnswer
        } else {
            Kept::Nothing
        };
    }
    if needs == Needs::Request && found.level < Level::Request {
        return Kept::NoBody;
    }
    Kept::Enough
}

/// The identities that rules make an exception for, in words; empty without any.
fn exceptions(policy: &AuditPolicy, ask: &Ask) -> String {
    let trials = trials(policy, ask, &named(policy));
    let mut labels: Vec<String> = Vec::new();
    for trial in trials.iter().filter(|trial| trial.kept == Kept::Nothing) {
        let label = format!("{} ({})", trial.asker, place(trial.rule));
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let more = labels.len().saturating_sub(EXCEPTIONS_MAX);
    labels.truncate(EXCEPTIONS_MAX);
    if more > 0 {
        labels.push(format!("{more} more"));
    }
    labels.join(", ")
}

/// What is not recorded: the values that every trial with them lacks, with the rules that decide.
fn missing(trials: &[Trial]) -> String {
    let dimensions: [fn(&Trial) -> String; 4] = [
        |trial| format!("for {}", trial.asker),
        |trial| format!("for `{}`", trial.verb),
        |trial| format!("for `{}`", trial.what),
        |trial| match trial.namespace.as_str() {
            "" => "over all namespaces".to_owned(),
            OTHER => "in most namespaces".to_owned(),
            name => format!("in namespace `{name}`"),
        },
    ];
    let mut parts: Vec<String> = Vec::new();
    for dimension in dimensions {
        let values: BTreeSet<String> = trials.iter().map(dimension).collect();
        for value in values {
            let mut of_value = trials.iter().filter(|trial| dimension(trial) == value);
            if of_value.all(|trial| trial.kept == Kept::Nothing) {
                parts.push(value);
            }
        }
    }
    if parts.is_empty() {
        let lost = trials.iter().filter(|trial| trial.kept == Kept::Nothing);
        parts.push(format!("in {} of {} cases", lost.count(), trials.len()));
    }
    format!("{} ({})", parts.join(", "), deciding(trials, Kept::Nothing))
}

/// The rules behind all trials of one outcome.
fn deciding(trials: &[Trial], kept: Kept) -> String {
    let rules: BTreeSet<Option<usize>> = trials
        .iter()
        .filter(|trial| trial.kept == kept)
        .map(|trial| trial.rule)
        .collect();
    let places: Vec<String> = rules.into_iter().map(place).collect();
    places.join(", ")
}

fn place(rule: Option<usize>) -> String {
    rule.map_or_else(
        || "no rule fits".to_owned(),
        |index| format!("`rules[{index}]`"),
    )
}

fn levels(trials: &[Trial]) -> String {
    let levels: BTreeSet<Level> = trials.iter().map(|trial| trial.level).collect();
    let names: Vec<String> = levels.iter().map(|level| format!("`{level:?}`")).collect();
    format!("at level {}", names.join(" or "))
}

fn joined(resource: &str, subresource: &str) -> String {
    if subresource.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}/{subresource}")
    }
}
