//! Dashboards, and what they let a visitor do.
//!
//! A dashboard is known by its image's repository, or by the label that its own manifests set. That it
//! is a dashboard is no finding; what its account may see, and who can reach it, is.

use std::collections::BTreeMap;

use viewshed_model::PodSpec;

use super::Runner;
use super::flags::switch;
use super::tokens::repository;
use crate::rbac::{Question, ResourceQuestion, Session, Verdict};

/// A product that shows a cluster or host in a browser.
#[derive(Debug)]
pub(in crate::checks) struct Product {
    /// Its name, with the article left out.
    pub(in crate::checks) name: &'static str,
    /// Ends of image repositories, from a slash on.
    images: &'static [&'static str],
    /// Labels of its pods in its own manifests.
    labels: &'static [(&'static str, &'static str)],
    /// With whose rights it asks the API server.
    pub(in crate::checks) serves: Serves,
    /// No more fixes are made.
    pub(in crate::checks) is_retired: bool,
    /// What to change.
    pub(in crate::checks) fix: &'static str,
}

/// With whose rights a dashboard asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checks) enum Serves {
    /// With its own account, for whoever opens it.
    WithOwnAccount,
    /// With its own account, for whoever passes its own login.
    AfterOwnLogin,
    /// With the token of the visitor.
    WithUserToken,
}

impl Serves {
    /// For evidence.
    pub(in crate::checks) const fn words(self) -> &'static str {
        match self {
            Self::WithOwnAccount => "it asks with its own account for whoever opens it",
            Self::AfterOwnLogin => "it asks with its own account for whoever passes its login",
            Self::WithUserToken => {
                "it asks with the visitor's token; its own account is for itself"
            }
        }
    }
}

const OWN_ACCOUNT_FIX: &str = "bind its service account to a role that reads only what the dashboard is for, put \
    an authenticating proxy in front of it, and keep its Service of type ClusterIP";
const USER_TOKEN_FIX: &str = "delete the binding of its service account (visitors log in with their own token), \
    and publish it only behind an authenticating proxy";

/// Sources: the products' own charts and manifests.
const PRODUCTS: [Product; 13] = [
    Product {
        name: "Kubernetes Dashboard",
        images: &[
            "/kubernetesui/dashboard",
            "/kubernetesui/dashboard-api",
            "/kubernetesui/dashboard-web",
            "/kubernetesui/dashboard-auth",
            "/kubernetes-dashboard-amd64",
        ],
        labels: &[
            ("k8s-app", "kubernetes-dashboard"),
            ("app.kubernetes.io/name", "kubernetes-dashboard"),
            ("app.kubernetes.io/part-of", "kubernetes-dashboard"),
        ],
        serves: Serves::WithUserToken,
        is_retired: true,
        fix: "delete the binding of its service account and remove `--enable-skip-login`, so that visitors log in \
            with their own token; the project is retired, so plan its removal",
    },
    Product {
        name: "Headlamp",
        images: &["/headlamp-k8s/headlamp", "/headlamp"],
        labels: &[("app.kubernetes.io/name", "headlamp")],
        serves: Serves::WithUserToken,
        is_retired: false,
        fix: "set `clusterRoleBinding.create: false` in the chart's values (visitors log in with their own token), \
            and keep `config.unsafeUseServiceAccountToken: false`",
    },
    Product {
        name: "Portainer",
        images: &[
            "/portainer/portainer",
            "/portainer/portainer-ce",
            "/portainer/portainer-ee",
            "/portainer/agent",
        ],
        labels: &[("app.kubernetes.io/name", "portainer")],
        serves: Serves::AfterOwnLogin,
        is_retired: false,
        fix: OWN_ACCOUNT_FIX,
    },
    Product {
        name: "Rancher",
        images: &["/rancher/rancher"],
        labels: &[],
        serves: Serves::AfterOwnLogin,
        is_retired: false,
        fix: OWN_ACCOUNT_FIX,
    },
    Product {
        name: "Weave Scope",
        images: &["/weaveworks/scope"],
        labels: &[("name", "weave-scope-app")],
        serves: Serves::WithOwnAccount,
        is_retired: true,
        fix: OWN_ACCOUNT_FIX,
    },
    Product {
        name: "Argo CD",
        images: &["/argoproj/argocd"],
        labels: &[("app.kubernetes.io/name", "argocd-server")],
        serves: Serves::AfterOwnLogin,
        is_retired: false,
        fix: "limit the ClusterRole `argocd-server` to the namespaces that Argo CD manages (install it with the \
            namespaced manifests), and publish the server only behind single sign-on",
    },
    Product {
        name: "Argo Workflows",
        images: &["/argoproj/argocli"],
        labels: &[("app", "argo-server")],
        serves: Serves::WithUserToken,
        is_retired: false,
        fix: "start the server with `--auth-mode=client` or `--auth-mode=sso`, and bind its account in its own \
            namespace only",
    },
    Product {
        name: "Octant",
        images: &["/octant"],
        labels: &[("app", "octant")],
        serves: Serves::WithOwnAccount,
        is_retired: true,
        fix: OWN_ACCOUNT_FIX,
    },
    Product {
        name: "kube-ops-view",
        images: &["/kube-ops-view"],
        labels: &[
            ("application", "kube-ops-view"),
            ("app.kubernetes.io/name", "kube-ops-view"),
        ],
        serves: Serves::WithOwnAccount,
        is_retired: false,
        fix: OWN_ACCOUNT_FIX,
    },
    Product {
        name: "kube-web-view",
        images: &["/kube-web-view"],
        labels: &[("application", "kube-web-view")],
        serves: Serves::WithOwnAccount,
        is_retired: false,
        fix: OWN_ACCOUNT_FIX,
    },
    Product {
        name: "Skooner",
        images: &["/skooner-k8s/skooner", "/herbrandson/k8dash"],
        labels: &[("k8s-app", "skooner"), ("k8s-app", "k8dash")],
        serves: Serves::WithUserToken,
        is_retired: false,
        fix: USER_TOKEN_FIX,
    },
    Product {
        name: "yakd",
        images: &["/marcnuri/yakd"],
        labels: &[("app.kubernetes.io/name", "yakd-dashboard")],
        serves: Serves::WithOwnAccount,
        is_retired: false,
        fix: OWN_ACCOUNT_FIX,
    },
    Product {
        name: "KubeSphere",
        images: &["/kubesphere/ks-console", "/kubesphere/ks-apiserver"],
        labels: &[("app", "ks-apiserver")],
        serves: Serves::AfterOwnLogin,
        is_retired: false,
        fix: OWN_ACCOUNT_FIX,
    },
];

/// Switches that let visitors in without a token of their own, and what each does.
const OPEN_SWITCHES: [(&str, &str); 3] = [
    ("enable-skip-login", "offers visitors to skip the login"),
    (
        "unsafe-use-service-account-token",
        "uses the account's token for visitors without one",
    ),
    ("disable-login", "asks nobody to log in"),
];

/// The dashboard that `runner` runs.
pub(in crate::checks) fn dashboard_of(runner: &Runner<'_>) -> Option<&'static Product> {
    dashboard_in(runner.spec, runner.pod_labels)
}

/// The name of the dashboard that such pods run.
pub(crate) fn dashboard_name(
    spec: &PodSpec,
    labels: &BTreeMap<String, String>,
) -> Option<&'static str> {
    dashboard_in(spec, labels).map(|product| product.name)
}

/// A dashboard that lends visitors its account.
#[derive(Debug)]
pub(crate) struct OpenDashboard {
    /// Its name, with the article left out.
    pub(crate) name: &'static str,
    /// Why it does, in a sentence.
    pub(crate) how: String,
}

/// The dashboard that such pods run, where whoever opens it asks with its account.
pub(crate) fn open_dashboard(
    spec: &PodSpec,
    labels: &BTreeMap<String, String>,
) -> Option<OpenDashboard> {
    let product = dashboard_in(spec, labels)?;
    let how = match product.serves {
        Serves::WithOwnAccount => Some(product.serves.words().to_owned()),
        Serves::WithUserToken => switches_in(spec).into_iter().next(),
        Serves::AfterOwnLogin => None,
    };
    how.map(|how| OpenDashboard {
        name: product.name,
        how,
    })
}

fn dashboard_in(spec: &PodSpec, labels: &BTreeMap<String, String>) -> Option<&'static Product> {
    let by_image = spec
        .containers
        .iter()
        .find_map(|container| dashboard_of_image(&container.image));
    let has_label = |product: &Product| {
        product
            .labels
            .iter()
            .any(|(key, value)| labels.get(*key).is_some_and(|label| label == value))
    };
    match by_image {
        // One image serves all parts of Argo CD; the label tells which one this is.
        Some(product) if product.name == "Argo CD" => has_label(product).then_some(product),
        Some(product) => Some(product),
        None => PRODUCTS.iter().find(|product| has_label(product)),
    }
}

/// The dashboard that an image holds.
pub(in crate::checks) fn dashboard_of_image(image: &str) -> Option<&'static Product> {
    let repository = format!("/{}", repository(image));
    PRODUCTS
        .iter()
        .find(|product| product.images.iter().any(|end| repository.ends_with(end)))
}

/// What makes the dashboard serve visitors without a token, in sentences.
pub(in crate::checks) fn open_switches(runner: &Runner<'_>) -> Vec<String> {
    switches_in(runner.spec)
}

fn switches_in(spec: &PodSpec) -> Vec<String> {
    let mut found = Vec::new();
    for container in &spec.containers {
        for (flag, effect) in OPEN_SWITCHES {
            if switch(container, flag) == Some(true) {
                found.push(format!(
                    "`--{flag}` of container `{}` {effect}",
                    container.name
                ));
            }
        }
        let lends_account = container
            .flags
            .iter()
            .any(|(flag, value)| flag == "auth-mode" && value.as_deref() == Some("server"));
        if lends_account {
            found.push(format!(
                "`--auth-mode=server` of container `{}` uses the account for every visitor",
                container.name
            ));
        }
    }
    found
}

/// What an account can see in the whole cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::checks) enum Sight {
    /// Neither pods nor secrets of all namespaces.
    Nothing,
    /// It lists pods.
    Inventory,
    /// It lists secrets.
    Secrets,
    /// It may do everything, or make pods and bindings.
    Control,
}

impl Sight {
    /// Completes "can ...".
    pub(in crate::checks) const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "list neither pods nor secrets",
            Self::Inventory => "list every pod",
            Self::Secrets => "list every secret",
            Self::Control => "change every workload",
        }
    }

    /// The verb of a question that shows it.
    pub(in crate::checks) const fn verb(self) -> &'static str {
        match self {
            Self::Nothing | Self::Inventory | Self::Secrets => "list",
            Self::Control => "create",
        }
    }

    /// The resource of that question.
    pub(in crate::checks) const fn resource(self) -> &'static str {
        match self {
            Self::Nothing | Self::Inventory | Self::Control => "pods",
            Self::Secrets => "secrets",
        }
    }
}

/// Asks the evaluator what the account sees.
pub(in crate::checks) fn sight_of(session: &Session<'_>) -> Sight {
    let may = |verb, resource| {
        let question = Question::Resource(ResourceQuestion {
            verb,
            resource,
            ..ResourceQuestion::default()
        });
        session.verdict(question) == Verdict::Yes
    };
    if may("create", "pods") {
        Sight::Control
    } else if may("list", "secrets") {
        Sight::Secrets
    } else if may("list", "pods") {
        Sight::Inventory
    } else {
        Sight::Nothing
    }
}
