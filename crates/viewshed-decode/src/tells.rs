//! What the value of an environment variable tells a reader, judged before the value is dropped.
//!
//! T1613 counts environment variables among the things that discovery reads: they name services and the
//! cloud provider. The value itself never enters the model, only the kinds of what it told. The patterns
//! follow the formats that their owners document; a pattern that fires on ordinary settings is worse than
//! one that is missing, so addresses of the container itself (loopback, `0.0.0.0`) tell nothing.

mod address;
mod cloud;
mod credential;
#[cfg(test)]
mod tests;

use viewshed_model::Tell;

/// Judges one variable; sorted, each kind at most once.
///
/// `value` is `None` where the document does not hold it (`valueFrom` of a Kubernetes container). Then the
/// name alone decides, and nothing is called a credential: a password that is only referred to is not shown.
pub fn tells(name: &str, value: Option<&str>) -> Vec<Tell> {
    let name = Name::new(name);
    let value = value.map(str::trim);
    let mut found = Vec::new();
    let is_empty = value.is_some_and(str::is_empty);
    if !is_empty && address::is_told(&name, value) {
        found.push(Tell::ServiceAddress);
    }
    if !is_empty && cloud::is_told(&name, value) {
        found.push(Tell::Cloud);
    }
    if value.is_some_and(|value| credential::is_told(&name, value)) {
        found.push(Tell::Credential);
    }
    if !is_empty && environment_is_told(&name) {
        found.push(Tell::Environment);
    }
    found
}

/// A variable's name in upper case, with its words.
struct Name {
    upper: String,
}

impl Name {
    fn new(name: &str) -> Self {
        let upper = name
            .chars()
            .map(|c| match c {
                '-' | '.' => '_',
                other => other.to_ascii_uppercase(),
            })
            .collect();
        Self { upper }
    }

    fn words(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.upper.split('_').filter(|word| !word.is_empty())
    }

    fn last_word(&self) -> &str {
        self.words().next_back().unwrap_or("")
    }

    fn starts_with_any(&self, prefixes: &[&str]) -> bool {
        prefixes.iter().any(|prefix| self.upper.starts_with(prefix))
    }

    fn is_any(&self, names: &[&str]) -> bool {
        names.contains(&self.upper.as_str())
    }
}

/// Names that say which cluster, namespace or stage this is. The name decides: values such as `prod` say
/// nothing without it.
fn environment_is_told(name: &Name) -> bool {
    name.starts_with_any(&["KUBERNETES_", "KUBE_", "K8S_"])
        || name.is_any(&[
            "KUBECONFIG",
            "NAMESPACE",
            "NODE_NAME",
            "NODE_IP",
            "HOST_IP",
            "POD_IP",
            "POD_NAME",
            "POD_NAMESPACE",
            "STAGE",
        ])
        || matches!(name.last_word(), "ENV" | "ENVIRONMENT")
        || name.words().any(|word| word == "CLUSTER")
}
