use viewshed_model::{Authorizer, AuthorizerKind, Cluster};

use super::{Coverage, SightIndex, Trust};
use crate::samples::{rule, secret, service_account, shop};

/// What one rule shows: `resource verbs` for whole resources, `resource=name verbs` for names.
fn check(text: &str, expected: &[&str]) {
    let cluster = shop();
    let index = SightIndex::new(&cluster);
    let rules = [rule(text)];
    let coverage = Coverage::of(&rules, &index.targets);
    let title = |target: usize| index.targets.all[target].combined();
    let verbs = |verbs: super::Verbs| verbs.names().collect::<Vec<_>>().join(",");
    let mut shown: Vec<String> = coverage
        .whole
        .iter()
        .map(|shown| format!("{} {}", title(shown.target), verbs(shown.verbs)))
        .chain(coverage.named.iter().map(|named| {
            let shown = named.shown;
            format!(
                "{}={} {}",
                title(shown.target),
                named.name,
                verbs(shown.verbs)
            )
        }))
        .collect();
    shown.sort();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn a_rule_shows_what_it_names() {
    check("get list | core | pods", &["pods list,get"]);
    check(
        "* | core | pods secrets",
        &["pods list,watch,get", "secrets list,watch,get"],
    );
    check("get list | core | pods/log", &["pods/log get"]);
    check("get | * | */log", &["pods/log get"]);
    check("get | core | nodes/proxy", &["nodes/proxy get"]);
    check("list | events.k8s.io | events", &["events list"]);
    check("get list | core | secrets | db", &["secrets=db list,get"]);
}

#[test]
fn a_rule_shows_nothing_beyond_its_words() {
    check("create delete | core | pods", &[]);
    check("get | apps | pods", &[]);
    check("get | core | pods/*", &[]);
    check("get | core | Pods", &[]);
    check("List | core | pods", &[]);
    check("get | /metrics", &[]);
}

#[test]
fn grants_count_only_where_nothing_before_them_can_deny() {
    use AuthorizerKind::{Abac, AlwaysDeny, Node, Rbac, Webhook};
    for (chain, grants_count, rest_is_unknown) in [
        (None, true, false),
        (Some(vec![Node, Rbac]), true, false),
        (Some(vec![Rbac, Webhook]), true, true),
        (Some(vec![Webhook, Rbac]), false, true),
        (Some(vec![Abac, Rbac]), true, true),
        (Some(vec![AlwaysDeny, Rbac]), true, false),
        (Some(vec![Node]), false, false),
    ] {
        let cluster = Cluster {
            authorizers: chain.clone().map(|kinds| {
                let authorizer = |kind| Authorizer {
                    kind,
                    name: String::new(),
                    match_conditions: Vec::new(),
                    failure_policy: String::new(),
                };
                kinds.into_iter().map(authorizer).collect()
            }),
            ..Cluster::default()
        };
        let expected = Trust {
            grants_count,
            rest_is_unknown,
        };
        assert_eq!(Trust::of(&cluster), expected, "{chain:?}");
    }
}

/// Which Secrets of namespace shop keep a token: `secret=account`, `secret=?` where nothing tells whose.
fn check_token_secrets(
    accounts: &[(&str, &[&str])],
    secrets: &[(&str, &str, &str)],
    expected: &str,
) {
    let mut cluster = Cluster::default();
    for (name, listed) in accounts {
        let mut account = service_account(&format!("shop/{name}"));
        account.secrets = listed.iter().map(ToString::to_string).collect();
        cluster.service_accounts.push(account);
    }
    for (name, secret_type, token_of) in secrets {
        let mut known = secret(&format!("shop/{name}"), secret_type);
        (*token_of).clone_into(&mut known.token_of);
        cluster.configs.push(known);
    }
    let index = SightIndex::new(&cluster);
    let listed = accounts.iter().flat_map(|(_, listed)| listed.iter());
    let mut names: Vec<&str> = listed.copied().collect();
    names.extend(secrets.iter().map(|(name, ..)| *name));
    names.sort_unstable();
    names.dedup();
    let kept = names.iter().filter_map(|name| {
        let owner = index.accounts().token_in("shop", name)?;
        Some(format!("{name}={}", owner.unwrap_or("?")))
    });
    assert_eq!(kept.collect::<Vec<_>>().join(" "), expected);
    for name in names {
        assert_eq!(index.accounts().token_in("ops", name), None, "{name}");
    }
}

const TOKEN: &str = "kubernetes.io/service-account-token";

#[test]
fn a_secret_tells_whose_token_it_keeps() {
    check_token_secrets(&[("cart", &[])], &[("t", TOKEN, "cart")], "t=cart");
    // The annotation decides, as for the token controller.
    check_token_secrets(
        &[("cart", &["t"]), ("web", &[])],
        &[("t", TOKEN, "web")],
        "t=web",
    );
    check_token_secrets(&[("cart", &["t"])], &[("t", TOKEN, "")], "t=cart");
}

#[test]
fn a_listed_secret_keeps_a_token_unless_its_type_is_another() {
    check_token_secrets(&[("cart", &["t"])], &[], "t=cart");
    check_token_secrets(&[("cart", &["t"])], &[("t", "", "")], "t=cart");
    check_token_secrets(&[("cart", &["t"])], &[("t", "kubernetes.io/tls", "")], "");
    check_token_secrets(&[("cart", &[])], &[("cart-token-x", "Opaque", "")], "");
}

#[test]
fn the_longest_account_in_a_secrets_name_owns_its_token() {
    let accounts: [(&str, &[&str]); 2] = [("a", &[]), ("a-token-b", &[])];
    check_token_secrets(
        &accounts,
        &[("a-token-b-token-x", TOKEN, "")],
        "a-token-b-token-x=a-token-b",
    );
    check_token_secrets(&accounts, &[("a-token-c", TOKEN, "")], "a-token-c=a");
    check_token_secrets(&accounts, &[("b-token-c", TOKEN, "")], "b-token-c=?");
}

#[test]
fn tokens_of_unknown_accounts_are_of_no_known_account() {
    let mut cluster = shop();
    let mut told = secret("shop/t", TOKEN);
    "gone".clone_into(&mut told.token_of);
    cluster.configs.push(told);
    let mut known = secret("shop/u", TOKEN);
    "cart".clone_into(&mut known.token_of);
    cluster.configs.push(known);
    let index = SightIndex::new(&cluster);
    let secrets: Vec<_> = index.accounts().token_secrets().collect();
    assert_eq!(secrets, [("shop", "u", "cart")]);
}
