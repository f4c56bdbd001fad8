//! Steps of those who change roles or bind them.
//!
//! Sources: Kubernetes documentation "Using RBAC Authorization" (privilege escalation prevention: `escalate` and `bind`,
//! whose rules may name roles), `pkg/registry/rbac/escalation_check.go` for the questions that the API server asks.

use std::collections::BTreeSet;

use viewshed_model::{
    Cluster, Identity, PolicyRule, Role, RoleBinding, RoleReference, Subject, SubjectKind,
};

use super::graph::{State, Step, Why};
use super::named::{Named, NamedRight, Whom};
use super::powers::{Leads, POWERS, RBAC};
use super::rights::{Rights, names_right};
use crate::rbac::{AccessIndex, ResourceQuestion, Session, Verdict};

const fn over(verb: &'static str, resource: &'static str) -> NamedRight {
    NamedRight {
        verb,
        api_group: RBAC,
        resource,
        subresource: "",
        whom: Whom::Role,
    }
}

static BIND_CLUSTER_ROLE: NamedRight = over("bind", "clusterroles");
static BIND_ROLE: NamedRight = over("bind", "roles");
static ESCALATE_CLUSTER_ROLE: NamedRight = over("escalate", "clusterroles");
static ESCALATE_ROLE: NamedRight = over("escalate", "roles");

/// Whoever holds a role that is looked at.
const HOLDER: &str = "holder";

/// Roles that every API server has (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`), and of which rights they give
/// more than they name here: everything, resp. the pods of a namespace.
const BUILT_IN: [(&str, Leads); 3] = [
    ("cluster-admin", Leads::Administrator),
    ("admin", Leads::AccountsAndNodes),
    ("edit", Leads::AccountsAndNodes),
];

/// Whether a rule may give `bind` or `escalate` on roles.
fn changes_roles(rule: &PolicyRule) -> bool {
    let names = |list: &[String], wanted: &[&str]| {
        list.iter()
            .any(|known| known == "*" || wanted.contains(&known.as_str()))
    };
    names(&rule.api_groups, &[RBAC])
        && names(&rule.resources, &["roles", "clusterroles"])
        && (names_right(rule, "bind") || names_right(rule, "escalate"))
}

impl<'c> Rights<'c> {
    /// What a session gets by binding roles and by changing those that it holds.
    pub(super) fn change_roles(
        &self,
        cluster: &'c Cluster,
        session: &Session<'_>,
        steps: &mut Vec<Step<'c>>,
    ) {
        let is_everything = |step: &Step<'_>| step.to == State::Administrator;
        // Where a grant is that names the right, everywhere or in a namespace: nowhere else is it held.
        let grants = session.grants().filter(|grant| {
            let rules = grant.role.map_or(&[][..], |role| &role.rules);
            rules.iter().any(changes_roles)
        });
        let places: BTreeSet<Option<&str>> = grants.map(|grant| grant.namespace()).collect();
        if places.is_empty() || steps.iter().any(is_everything) {
            return;
        }
        let is_held = |namespace: &str| places.contains(&None) || places.contains(&Some(namespace));
        self.escalate(session, steps);
        let own = session.namespaces().into_iter();
        let own = own.filter(|name| is_held(name));
        let own = own.filter_map(|name| self.namespace(name));
        for place in std::iter::once(None).chain(own.map(Some)) {
            self.bind_cluster_roles(cluster, session, place, steps);
        }
        for role in &cluster.roles {
            let namespace = role.meta.namespace.as_deref();
            let Some(namespace) = namespace.filter(|name| is_held(name)) else {
                continue;
            };
            let named = Named::of(&BIND_ROLE, namespace, &role.meta.name);
            if may(session, &named) && may_make(session, "rolebindings", namespace) {
                self.gain(&Given::of(role, Some(namespace)), &named, steps);
            }
        }
    }

    /// Cluster roles that the session may bind by name, in a namespace or everywhere.
    fn bind_cluster_roles(
        &self,
        cluster: &'c Cluster,
        session: &Session<'_>,
        place: Option<&'c str>,
        steps: &mut Vec<Step<'c>>,
    ) {
        let namespace = place.unwrap_or_default();
        let any = Named::of(&BIND_CLUSTER_ROLE, namespace, "");
        let [everywhere, there] = ["clusterrolebindings", "rolebindings"]
            .map(|resource| may_make(session, resource, namespace));
        let is_everywhere = place.is_none() && everywhere;
        // Who may bind any of them holds a power.
        if !(is_everywhere || there) || may(session, &any) {
            return;
        }
        let is_bound = |name: &str| may(session, &Named::of(&BIND_CLUSTER_ROLE, namespace, name));
        let mut gain = |given: &Given<'_>| {
            let named = Named::of(&BIND_CLUSTER_ROLE, namespace, given.name);
            self.gain(
                &Given {
                    is_of_cluster: is_everywhere,
                    ..*given
                },
                &named,
                steps,
            );
        };
        let is_cluster_role = |role: &&Role| role.meta.namespace.is_none();
        let roles = || cluster.roles.iter().filter(is_cluster_role);
        for role in roles().filter(|role| is_bound(&role.meta.name)) {
            gain(&Given::of(role, place));
        }
        for (name, leads) in BUILT_IN {
            if is_bound(name) && !roles().any(|role| role.meta.name == name) {
                gain(&Given {
                    name,
                    role: None,
                    built_in: Some(leads),
                    place,
                    is_of_cluster: false,
                });
            }
        }
    }

    /// Adds the steps that a role opens, each by the right over it.
    fn gain(&self, given: &Given<'_>, named: &Named, steps: &mut Vec<Step<'c>>) {
        let place = given.place.and_then(|place| self.namespace(place));
        let mut gained = Vec::new();
        match (given.role, given.built_in) {
            (Some(role), _) => {
                let alone = given.alone(role);
                let index = AccessIndex::new(&alone);
                self.hold(&index.session(&Identity::exactly(HOLDER, [])), &mut gained);
                // Bindings in every namespace give nothing that is in none.
                if given.place.is_none() && !given.is_of_cluster {
                    gained.retain(|step| match &step.why {
                        Why::Power(power, _) => !power.is_cluster_wide,
                        _ => true,
                    });
                }
            }
            (None, Some(Leads::Administrator)) if !given.is_of_cluster => {
                self.anything(place, &mut gained);
            }
            (None, Some(Leads::Administrator)) => {
                let why = Why::Text(String::new());
                gained.push(Step::to(State::Administrator, why));
            }
            (None, _) => self.anything(place, &mut gained),
        }
        for step in gained {
            if steps
                .iter()
                .any(|known| known.to == step.to && known.doubt == step.doubt)
            {
                continue;
            }
            let and = match &step.why {
                Why::Power(power, _) => format!(", and with it {}", power.effect),
                Why::Named(named) => format!(", and with it may {}", named.words()),
                _ => String::new(),
            };
            steps.push(Step {
                why: Why::Role(named.clone(), format!("it gives itself that role{and}")),
                ..step
            });
        }
    }

    /// Rights that are added to a role that the session holds.
    fn escalate(&self, session: &Session<'_>, steps: &mut Vec<Step<'c>>) {
        for grant in session.grants() {
            let Some(role) = grant.role else { continue };
            let own = role.meta.namespace.as_deref();
            let (right, resource) = match own {
                None => (&ESCALATE_CLUSTER_ROLE, "clusterroles"),
                Some(_) => (&ESCALATE_ROLE, "roles"),
            };
            let named = Named::of(right, own.unwrap_or_default(), &role.meta.name);
            let may_change = ["update", "patch"].iter().any(|verb| {
                let question = ResourceQuestion {
                    verb,
                    api_group: RBAC,
                    resource,
                    namespace: own.unwrap_or_default(),
                    name: &role.meta.name,
                    ..ResourceQuestion::default()
                };
                session.verdict(question) == Verdict::Yes
            });
            if !may_change || !may(session, &named) {
                continue;
            }
            let mut gained = Vec::new();
            match grant.namespace() {
                None => gained.push(Step::to(State::Administrator, Why::Text(String::new()))),
                Some(place) => {
                    if let Some(place) = self.namespace(place) {
                        self.anything(Some(place), &mut gained);
                    }
                }
            }
            let effect = "it holds that role, and adds any right to it";
            steps.extend(gained.into_iter().map(|step| Step {
                why: Why::Role(named.clone(), effect.to_owned()),
                ..step
            }));
        }
    }

    /// What somebody gets to who may do everything in a namespace, or in all of them.
    fn anything(&self, place: Option<&'c str>, steps: &mut Vec<Step<'c>>) {
        let starts_pods = POWERS
            .iter()
            .find(|power| power.leads == Leads::AccountsAndNodes);
        if let Some(power) = starts_pods {
            self.take((power, place), steps);
        }
    }

    /// The name of a namespace in which there is anything that can be gained.
    pub(super) fn namespace(&self, name: &str) -> Option<&'c str> {
        let bound = self.bound.get(name).copied();
        bound.or_else(|| self.accounts_in.get_key_value(name).map(|(name, _)| *name))
    }
}

/// A role as somebody gives it to themselves.
#[derive(Debug, Clone, Copy)]
struct Given<'g> {
    name: &'g str,
    role: Option<&'g Role>,
    built_in: Option<Leads>,
    /// Where; `None` is in every namespace.
    place: Option<&'g str>,
    /// With what is in no namespace, too.
    is_of_cluster: bool,
}

impl<'g> Given<'g> {
    fn of(role: &'g Role, place: Option<&'g str>) -> Self {
        Self {
            name: &role.meta.name,
            role: Some(role),
            built_in: None,
            place,
            is_of_cluster: false,
        }
    }

    /// A cluster in which somebody holds that role and nothing else.
    fn alone(&self, role: &Role) -> Cluster {
        let mut binding = RoleBinding {
            role: RoleReference {
                kind: match role.meta.namespace {
                    None => "ClusterRole".to_owned(),
                    Some(_) => "Role".to_owned(),
                },
                name: role.meta.name.clone(),
            },
            subjects: vec![Subject {
                kind: SubjectKind::User,
                name: HOLDER.to_owned(),
                namespace: None,
            }],
            ..RoleBinding::default()
        };
        HOLDER.clone_into(&mut binding.meta.name);
        binding.meta.namespace = self.place.map(str::to_owned);
        Cluster {
            roles: vec![role.clone()],
            bindings: vec![binding],
            ..Cluster::default()
        }
    }
}

fn may(session: &Session<'_>, named: &Named) -> bool {
    session.verdict(named.question()) == Verdict::Yes
}

/// Whether the session may make bindings, or change those that are there.
fn may_make(session: &Session<'_>, resource: &str, namespace: &str) -> bool {
    ["create", "update", "patch"].iter().any(|verb| {
        let question = ResourceQuestion {
            verb,
            api_group: RBAC,
            resource,
            namespace: if resource == "clusterrolebindings" {
                ""
            } else {
                namespace
            },
            ..ResourceQuestion::default()
        };
        session.verdict(question) == Verdict::Yes
    })
}
