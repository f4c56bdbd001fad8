//! Habits against a slow oracle, and their limits.

use std::collections::BTreeMap;

use proptest::prelude::*;
use viewshed_model::Surface;

use super::{Baseline, Standing};
use crate::engine::behaviour::{Behaviour, Op, Outcome};
use crate::engine::who::{Class, Who};

const HOUR: u32 = 3_600;
const DAY: u32 = 24 * HOUR;
const START: u32 = 1_700_000_000;

fn behaviour<'a>(op: Op, kind: &'a str, namespace: &'a str) -> Behaviour<'a> {
    Behaviour {
        surface: Surface::KubernetesApi,
        op,
        outcome: Outcome::Shown,
        kind,
        namespace,
        is_part: false,
    }
}

fn learn(baseline: &mut Baseline, user: &str, behaviour: &Behaviour<'_>, now_s: u32) -> usize {
    baseline.count(now_s);
    let who = Who {
        class: Class::ServiceAccount,
        key: user,
    };
    let place = baseline.place("prod", who, now_s).unwrap();
    baseline.learn(place.index, behaviour, now_s, Standing::Usual);
    place.index
}

/// What is usual after these events, in the plainest way: of each habit, the sum over its events of what is
/// left of each.
fn oracle(events: &[(u8, u8, u32)], now_s: u32) -> BTreeMap<(u8, u8), f64> {
    let mut sums: BTreeMap<(u8, u8), (f64, u32)> = BTreeMap::new();
    for (user, kind, at_s) in events {
        let entry = sums.entry((*user, *kind)).or_insert((0.0, *at_s));
        let faded = if at_s - entry.1 >= HOUR {
            entry.0 * left(at_s - entry.1)
        } else {
            entry.0
        };
        *entry = (faded.min(1_000.0) + 1.0, *at_s);
    }
    sums.into_iter()
        .map(|(key, (sum, last_s))| (key, sum * left(now_s - last_s)))
        .collect()
}

/// Half after fourteen days, linear between.
fn left(age_s: u32) -> f64 {
    let halves = f64::from(age_s) / f64::from(14 * DAY);
    (1.0 - 0.5 * halves.fract()) * 0.5_f64.powi(i32::try_from(age_s / (14 * DAY)).unwrap())
}

proptest! {
    #[test]
    fn what_is_usual_equals_the_slow_oracle(
        steps in proptest::collection::vec((0_u8..3, 0_u8..5, 0_u32..9 * DAY), 1..60)
    ) {
        let mut baseline = Baseline::default();
        let mut events = Vec::new();
        let mut now_s = START;
        for (user, kind, pause_s) in steps {
            now_s += pause_s;
            learn(&mut baseline, &format!("user-{user}"), &behaviour(Op::List, &format!("kind{kind}"), ""), now_s);
            events.push((user, kind, now_s));
        }
        let expected = oracle(&events, now_s);
        for baseline in [baseline.clone(), Baseline::from_bytes(&baseline.to_bytes()).unwrap()] {
            for ((user, kind), strength) in &expected {
                let name = format!("user-{user}");
                let index = baseline.clone().place("prod", Who { class: Class::ServiceAccount, key: &name }, now_s);
                let index = index.unwrap().index;
                let at = baseline.habit(index, &behaviour(Op::List, &format!("kind{kind}"), "")).unwrap();
                let habit = baseline.record(index).unwrap().habits[at];
                let found = f64::from(habit.faded(now_s, 14 * DAY)) / 1_000.0;
                prop_assert!((found - strength).abs() < 0.02 + strength * 0.001, "{found} {strength}");
                prop_assert_eq!(habit.is_usual(now_s, 14 * DAY), found >= 0.05);
            }
        }
    }
}

#[test]
fn one_time_is_forgotten_after_two_months() {
    let mut baseline = Baseline::default();
    let list = behaviour(Op::List, "nodes", "");
    let index = learn(&mut baseline, "a", &list, START);
    let at = baseline.habit(index, &list).unwrap();
    let usual = |days: u32| {
        baseline.record(index).unwrap().habits[at].is_usual(START + days * DAY, 14 * DAY)
    };
    assert!(usual(50));
    assert!(!usual(64));
}

#[test]
fn many_namespaces_become_any_namespace() {
    let mut baseline = Baseline::default();
    let mut index = 0;
    for number in 0..9 {
        index = learn(
            &mut baseline,
            "operator",
            &behaviour(Op::List, "pods", &format!("team-{number}")),
            START,
        );
    }
    assert_eq!(baseline.record(index).unwrap().habits.len(), 1);
    assert!(
        baseline
            .habit(index, &behaviour(Op::List, "pods", "never-seen"))
            .is_some()
    );
    assert!(
        baseline
            .habit(index, &behaviour(Op::List, "secrets", "team-1"))
            .is_none()
    );
    assert!(
        baseline
            .habit(index, &behaviour(Op::List, "pods", ""))
            .is_none()
    );
}

#[test]
fn many_kinds_become_any_kind_but_for_the_telling_ones() {
    let mut baseline = Baseline::default();
    let mut index = 0;
    for number in 0..40 {
        index = learn(
            &mut baseline,
            "collector",
            &behaviour(Op::List, &format!("kind{number}.x"), ""),
            START,
        );
    }
    assert!(
        baseline
            .habit(index, &behaviour(Op::List, "another.x", ""))
            .is_some()
    );
    assert!(baseline.record(index).unwrap().habits.len() < 16);
}

#[test]
fn an_identity_stays_below_four_kibibytes() {
    let mut baseline = Baseline::default();
    let mut index = 0;
    for number in 0..5_000 {
        let (kind, namespace) = (format!("secrets/{number}"), String::new());
        index = learn(
            &mut baseline,
            "hostile",
            &behaviour(Op::Get, &kind, &namespace),
            START,
        );
    }
    let record = baseline.record(index).unwrap();
    let bytes = size_of_val(record)
        + record.key.len()
        + record.habits.capacity() * size_of_val(&record.habits[0]);
    assert!(bytes <= 4_096, "{bytes}");
    assert!(baseline.evictions().1 > 4_000);
}

#[test]
fn rows_are_readable() {
    let mut baseline = Baseline::default();
    learn(
        &mut baseline,
        "system:serviceaccount:shop:cart",
        &behaviour(Op::List, "nodes", ""),
        START,
    );
    let rows = baseline.rows();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(
        (
            &*row.actor,
            &*row.verb,
            &*row.kind,
            &*row.namespace,
            &*row.outcome,
            row.count,
            row.first_seen.as_second()
        ),
        (
            "shop/cart",
            "list",
            "nodes",
            "",
            "allowed",
            1,
            i64::from(START)
        )
    );
}
