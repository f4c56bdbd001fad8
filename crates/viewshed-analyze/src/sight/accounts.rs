//! Service accounts by name, and the Secrets that keep their tokens.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use viewshed_model::{Cluster, ConfigKind, ServiceAccount};

use crate::checks::namespace_of;

/// The type of a Secret that keeps a token which never expires
/// (Kubernetes documentation, "Managing Service Accounts").
const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";

/// What is known of service accounts, looked up by namespace and name.
#[derive(Debug)]
pub(crate) struct AccountTables<'c> {
    accounts: FxHashMap<(&'c str, &'c str), &'c ServiceAccount>,
    /// Secrets that keep a token, and of which account; `None` where nothing tells whose it is.
    token_secrets: BTreeMap<(&'c str, &'c str), Option<&'c str>>,
}

impl<'c> AccountTables<'c> {
    /// A Secret keeps a token if its type says so, or if an account lists it and no other type is known of it:
    /// who may not list Secrets learns of them from the accounts alone.
    pub(super) fn new(cluster: &'c Cluster) -> Self {
        let mut accounts = FxHashMap::default();
        let mut token_secrets = BTreeMap::new();
        for account in &cluster.service_accounts {
            let (namespace, name) = (namespace_of(&account.meta), account.meta.name.as_str());
            accounts.entry((namespace, name)).or_insert(account);
            for secret in &account.secrets {
                let key = (namespace, secret.as_str());
                token_secrets.entry(key).or_insert(Some(name));
            }
        }
        let mut tables = Self {
            accounts,
            token_secrets,
        };
        let configs = cluster.configs.iter();
        for secret in configs.filter(|config| config.kind == ConfigKind::Secret) {
            let key = (namespace_of(&secret.meta), secret.meta.name.as_str());
            match secret.secret_type.as_str() {
                TOKEN_TYPE => {
                    let owner = match secret.token_of.as_str() {
                        "" => tables.account_in_name(key),
                        owner => Some(owner),
                    };
                    let listed = tables.token_secrets.entry(key).or_default();
                    let is_told = !secret.token_of.is_empty();
                    if is_told || listed.is_none() {
                        *listed = owner;
                    }
                }
                "" => {}
                _ => {
                    tables.token_secrets.remove(&key);
                }
            }
        }
        tables
    }

    /// The account of a namespace.
    pub(crate) fn find(&self, namespace: &str, name: &str) -> Option<&'c ServiceAccount> {
        self.accounts.get(&(namespace, name)).copied()
    }

    /// Whether a Secret keeps a token, and of which account: `Some(None)` where nothing tells whose it is.
    #[expect(
        clippy::option_option,
        reason = "no token, and a token of nobody known, are two answers"
    )]
    pub(crate) fn token_in(&self, namespace: &str, secret: &str) -> Option<Option<&'c str>> {
        self.token_secrets.get(&(namespace, secret)).copied()
    }

    /// Every Secret that keeps the token of a known account: namespace, name, account; sorted.
    pub(crate) fn token_secrets(&self) -> impl Iterator<Item = (&'c str, &'c str, &'c str)> {
        let secrets = self.token_secrets.iter();
        secrets.filter_map(|(&(namespace, secret), owner)| {
            let account = self.find(namespace, (*owner)?)?;
            Some((namespace, secret, account.meta.name.as_str()))
        })
    }

    /// The longest account name that a Secret's name begins with, as the token controller named them up to
    /// Kubernetes 1.23 (`NAME-token-SUFFIX`).
    fn account_in_name(&self, (namespace, secret): (&'c str, &'c str)) -> Option<&'c str> {
        let mut ends = secret.rmatch_indices("-token").map(|(at, _)| at);
        ends.find_map(|at| {
            let account = self.find(namespace, secret.get(..at)?)?;
            Some(account.meta.name.as_str())
        })
    }
}
