//! Workloads that act under another account than before: whoever gets into their pods sees what it sees.

use std::collections::BTreeMap;

use viewshed_model::{Cluster, Position, ServiceAccount, SightChange};

use super::fold;
use super::rules::{Side, Sides, Sight};
use crate::checks::{runners, token_mount};
use crate::who::Row;

/// Namespace, kind and name of a workload.
type Key<'a> = (&'a str, &'a str, &'a str);

/// The account of each workload that holds a token, and where the workload stands.
pub(super) type Accounts<'a> = BTreeMap<Key<'a>, (&'a str, Option<Position>)>;

/// What workloads see after by an account that saw it all along, and did not see before by theirs. What the
/// account itself gained is told there.
pub(super) fn gained(
    sides: Sides<'_>,
    before: &Accounts<'_>,
    after: &Accounts<'_>,
) -> Vec<SightChange> {
    let mut changes = Vec::new();
    for (key, (account, position)) in after {
        let old = before.get(key).map(|(account, _)| *account);
        if old == Some(*account) {
            continue;
        }
        let (namespace, kind, name) = *key;
        let row = Row::service_account(namespace, account);
        let now = sight(sides.after, sides, &row);
        let long_since = sight(sides.before, sides, &row);
        let own = old.map(|old| sight(sides.before, sides, &Row::service_account(namespace, old)));
        let gains = now.by_grant(|place| {
            let known = own.as_ref().map(|own| own.verbs(place));
            long_since.verbs(place).without(known.unwrap_or_default())
        });
        let holder = Row {
            subject: fold::holder(kind, namespace, name),
            identity: row.identity.clone(),
        };
        let place = position.clone();
        changes.extend(fold::changes(&holder, &gains, sides.targets, &|_| {
            place.clone()
        }));
    }
    changes
}

fn sight<'a>(side: &'a Side<'a>, sides: Sides<'_>, row: &Row) -> Sight<'a> {
    Sight::of(side, sides.targets, row)
}

/// The account whose token each workload's pods hold.
pub(super) fn accounts(cluster: &Cluster) -> Accounts<'_> {
    let known: BTreeMap<(&str, &str), &ServiceAccount> = cluster
        .service_accounts
        .iter()
        .map(|account| {
            let namespace = account.meta.namespace.as_deref().unwrap_or("default");
            ((namespace, &*account.meta.name), account)
        })
        .collect();
    runners(cluster)
        .into_iter()
        .filter_map(|runner| {
            let account = match &*runner.spec.service_account {
                "" => "default",
                name => name,
            };
            token_mount(
                cluster,
                &runner,
                known.get(&(runner.namespace, account)).copied(),
            )?;
            let key = (runner.namespace, runner.kind, runner.name);
            Some((key, (account, runner.location)))
        })
        .collect()
}
