//! Somebody who is not known to do so looks through the whole cluster.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds;
use crate::engine::path::is_narrowed;
use crate::engine::who::Class;

use super::look::WATCH_SHARE;

pub(super) static DETECTION: Detection = Detection {
    name: "cluster-survey",
    title: "somebody unknown or unexpected looks through the cluster",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/cluster-survey.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.is_usual
        || !matches!(look.class, Class::Person | Class::System)
        || look.strangeness <= 0.0
    {
        return None;
    }
    let further = further_namespace(look);
    if !look.behaviour.is_enumeration() {
        return namespaces(look, &further?);
    }
    let (kind, namespace) = (look.behaviour.kind, look.behaviour.namespace);
    look.facts.nth(Sort::Surveyed, [kind, namespace])?;
    if kind == "secrets" && !namespace.is_empty() {
        look.facts.nth(Sort::SurveyedSecrets, [namespace, ""]);
    }
    let is_narrow = ["labelSelector", "fieldSelector"]
        .iter()
        .any(|selector| is_narrowed(&look.activity.uri, selector));
    let base = points(look).max(of_stranger(look, namespace));
    let outcome = match look.behaviour.outcome {
        Outcome::Shown => 1.0,
        // To try tells as much of whoever asks.
        Outcome::Refused if kind == "secrets" => 0.75,
        Outcome::Refused => 0.6,
        Outcome::Missing | Outcome::Failed => 0.2,
    };
    let home = if look.is_at_home { 0.25 } else { 1.0 };
    let further = further.map_or(0.0, |further| further.points);
    let share = match (is_narrow, kind) {
        (false, _) => 1.0,
        // The label of releases leaves all that was ever set.
        (true, "secrets") => 0.5,
        (true, _) => 0.4,
    } * if look.behaviour.op == Op::Watch {
        WATCH_SHARE
    } else {
        1.0
    };
    // What colleagues do vouches for nobody who comes from elsewhere with something else.
    let surprise = if look.is_raw_stranger() {
        1.0
    } else {
        look.surprise()
    };
    let weight = (base * outcome * home + further) * share * look.strangeness * surprise;
    let kinds = look.facts.count(Sort::Surveyed);
    let what = if kinds == 1 { "list" } else { "lists" };
    let text = format!(
        "{} is not known for it and looks through the cluster: {kinds} {what} so far, the last {kind}{}{}",
        look.who,
        look.scope_words(),
        look.outcome_words()
    );
    if look.behaviour.outcome == Outcome::Refused || !look.may_follow {
        return Some(Sign::quiet(weight, text));
    }
    Some(Sign::held(weight * look.following_share(), text))
}

/// Points for this list, by kind and place.
fn points(look: &Look<'_>) -> f64 {
    let (kind, namespace) = (look.behaviour.kind, look.behaviour.namespace);
    if namespace.is_empty() {
        let is_leap = look.class == Class::Person
            && is_settled(look)
            && look.behaviour.outcome == Outcome::Shown
            && !look.baseline.reads_wide(look.index, look.now_s);
        everywhere(kind, look.sees_all).max(if is_leap { of_leap(kind) } else { 0.0 })
    } else {
        // Who has long been seeing all pods is in no namespace for the first time; its Secrets are another matter.
        let secrets = if kind == "secrets" {
            look.facts.count(Sort::SurveyedSecrets)
        } else {
            0
        };
        let namespaces = look.facts.count(Sort::SurveyedNamespace).max(secrets);
        let is_visitor = is_settled(look) && !look.sees_all && !look.is_at_home;
        let usual = match (kind, namespaces) {
            // Newcomers begin with what is theirs; who has long been working elsewhere has no business with these.
            ("secrets", 0..=1) if is_visitor => 145.0,
            ("secrets", 2) if is_visitor => 65.0,
            _ => in_namespaces(kind, namespaces),
        };
        if look.is_of_system() {
            usual.max(of_system(kind))
        } else {
            usual
        }
    }
}

/// Whether somebody has been working for long enough to have a place: for days, or at least since the day before.
fn is_settled(look: &Look<'_>) -> bool {
    look.acquaintance > 0.5 || look.known_days > 0
}

/// One more namespace in which somebody has no work.
struct Further {
    nth: u16,
    points: f64,
}

/// The namespace of a request, if it is a further one of those in which somebody reads and has no work. Who comes to
/// work somewhere does so in one or two.
fn further_namespace(look: &mut Look<'_>) -> Option<Further> {
    let share = match look.behaviour.op {
        Op::List | Op::Watch | Op::Log | Op::Proxy | Op::Exec => 1.0,
        Op::Ask if look.behaviour.kind.starts_with("selfsubjectrules") => 1.0,
        // Dashboards ask for every verb of every kind.
        Op::Get | Op::Ask => 0.4,
        _ => return None,
    };
    let outcome = match look.behaviour.outcome {
        Outcome::Shown => 1.0,
        Outcome::Refused => 0.8,
        Outcome::Missing | Outcome::Failed => 0.4,
    };
    let is_refused = look.behaviour.outcome == Outcome::Refused;
    // Where everybody is who has not yet chosen a namespace.
    let is_unchosen = look.namespace == "default" && (is_refused || look.behaviour.op == Op::Ask);
    if look.namespace.is_empty() || look.is_at_home || look.sees_all || is_unchosen {
        return None;
    }
    let nth = look
        .facts
        .nth(Sort::SurveyedNamespace, [look.namespace, ""])?;
    let points = match nth {
        0 | 1 => 0.0,
        2 => 25.0,
        _ => 50.0,
    };
    Some(Further {
        nth,
        points: points * share * outcome,
    })
}

/// The sign of a further namespace that is looked into in another way than with a list.
fn namespaces(look: &Look<'_>, further: &Further) -> Option<Sign> {
    let weight = further.points * look.strangeness * look.surprise();
    let text = format!(
        "{} goes from namespace to namespace where it is not known, {} so far, the last {}{}",
        look.who,
        further.nth,
        look.namespace,
        look.outcome_words()
    );
    (weight > 0.0).then(|| Sign::quiet(weight, text))
}

/// Points for all objects of a kind. What everybody looks at first counts little.
fn everywhere(kind: &str, sees_all: bool) -> f64 {
    match kind {
        "secrets" if sees_all => 95.0,
        // And he saw next to nothing of the cluster so far.
        "secrets" => 170.0,
        _ if kinds::is_rbac(kind) => 18.0,
        "configmaps" | "serviceaccounts" => 14.0,
        _ => 7.0,
    }
}

/// The same of somebody who has long been working in namespaces alone and never looked at the whole cluster.
fn of_leap(kind: &str) -> f64 {
    match kind {
        "pods" | "nodes" | "namespaces" => 25.0,
        _ => 45.0,
    }
}

/// Points at least for what a stranger reads who comes from where nobody is, with a tool that knows nothing of Kubernetes
/// or with the group that may do everything: no new colleague begins like that.
fn of_stranger(look: &Look<'_>, namespace: &str) -> f64 {
    let is_mighty = look.activity.actor.groups.contains("system:masters");
    let is_mighty_stranger = is_mighty && look.is_stranger() && namespace.is_empty();
    match look.behaviour.kind {
        "secrets" if look.is_raw_stranger() => 50.0,
        _ if look.is_raw_stranger() => 18.0,
        _ if is_mighty_stranger => 24.0,
        _ => 0.0,
    }
}

/// Points for those of a namespace of the cluster itself: its Secrets open everything.
fn of_system(kind: &str) -> f64 {
    match kind {
        "secrets" => 80.0,
        _ if kinds::is_rbac(kind) => 25.0,
        "configmaps" | "serviceaccounts" => 20.0,
        "pods" => 20.0,
        _ => 5.0,
    }
}

/// Points for those of one namespace, of so many that were looked into: who works in one or two reads all that is
/// there.
fn in_namespaces(kind: &str, namespaces: u16) -> f64 {
    match (kind, namespaces) {
        ("secrets", 0..=1) => 8.0,
        ("secrets", 2) => 14.0,
        ("secrets", _) => 22.0,
        (_, 0..=1) if kinds::is_rbac(kind) => 6.0,
        (_, _) if kinds::is_rbac(kind) => 10.0,
        ("configmaps" | "serviceaccounts", 0..=1) => 2.0,
        ("configmaps" | "serviceaccounts", _) => 5.0,
        (_, 0..=2) => 0.5,
        (_, 3) => 2.0,
        _ => 5.0,
    }
}
