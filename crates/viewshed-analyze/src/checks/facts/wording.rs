//! How findings put things: counts, lists, evidence links, commands.

use viewshed_model::{
    Chain, DockerContainer, DockerHost, Link, Location, PolicyRule, Subject, SubjectKind,
};

use super::Holding;

/// Names in a list before the rest is counted: what fits on two lines of a terminal.
const NAMES_MAX: usize = 10;

/// Where a finding is to be mended.
#[derive(Debug, Clone, Default)]
pub(in crate::checks) struct Place {
    /// Cluster or Docker host.
    pub(in crate::checks) estate: String,
    /// For example `ClusterRole ops`.
    pub(in crate::checks) object: String,
    /// Empty when there is none.
    pub(in crate::checks) namespace: String,
    /// Where it stands in a file.
    pub(in crate::checks) location: Option<Location>,
}

/// The place of a container or compose service.
pub(in crate::checks) fn container_place(host: &DockerHost, container: &DockerContainer) -> Place {
    Place {
        estate: host.name.clone(),
        object: format!("container {}", container.name),
        namespace: String::new(),
        location: container.position.as_deref().cloned(),
    }
}

/// `1 pod`, `3 pods`: `noun` is the singular of a word whose plural only adds an `s`.
pub(in crate::checks) fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// `a, b, c`, and after the first few `and 12 more`. Each name stands in backticks.
pub(in crate::checks) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMES_MAX)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The same for subjects, which name their kind and need no marks.
pub(in crate::checks) fn list_subjects(subjects: &[Subject]) -> String {
    let shown: Vec<String> = subjects
        .iter()
        .take(NAMES_MAX)
        .map(Subject::to_string)
        .collect();
    match subjects.len().saturating_sub(NAMES_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A chain of plain sentences.
pub(in crate::checks) fn links(texts: impl IntoIterator<Item = String>) -> Chain {
    Chain {
        links: texts
            .into_iter()
            .map(|text| Link {
                text,
                evidence: None,
            })
            .collect(),
    }
}

/// A command line from its words. Names come from manifests and servers: a word that a shell would
/// read as more than a word is quoted, so that pasting the command runs nothing else.
pub(in crate::checks) fn reproduce<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| shell_word(word.as_ref())).collect();
    quoted.join(" ")
}

fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What `kubectl auth can-i` is asked.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::checks) struct Asked<'a> {
    pub(in crate::checks) verb: &'a str,
    /// A resource with its subresource, or a path.
    pub(in crate::checks) resource: &'a str,
    /// API group; empty for the core group.
    pub(in crate::checks) group: &'a str,
    /// Empty when no single object is named.
    pub(in crate::checks) name: &'a str,
    /// All namespaces when none is given.
    pub(in crate::checks) namespace: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// The first thing that a rule shows; where it shows nothing, the first that it allows.
    pub(in crate::checks) fn reading(rule: &'a PolicyRule) -> Self {
        let asked = Self::of(rule);
        let is_named = !asked.name.is_empty() || rule.resources.is_empty();
        let verb = match reading_verb(rule) {
            // A list carries no name, and paths are only got.
            Some(_) if is_named => "get",
            Some(verb) => verb,
            None => asked.verb,
        };
        Self { verb, ..asked }
    }

    /// The first thing that a rule allows.
    pub(in crate::checks) fn of(rule: &'a PolicyRule) -> Self {
        let first = |list: &'a [String]| list.first().map_or("", String::as_str);
        Self {
            verb: first(&rule.verbs),
            resource: match rule.resources.as_slice() {
                [] => first(&rule.non_resource_urls),
                resources => first(resources),
            },
            group: match first(&rule.api_groups) {
                "*" => "",
                group => group,
            },
            name: first(&rule.resource_names),
            namespace: None,
        }
    }
}

/// The verb by which a rule reads, `list` before others.
fn reading_verb(rule: &PolicyRule) -> Option<&'static str> {
    let has = |verb: &str| rule.verbs.iter().any(|own| own == verb || own == "*");
    ["list", "get", "watch"].into_iter().find(|verb| has(verb))
}

/// `kubectl auth can-i VERB RESOURCE --as ...` for the first holder.
pub(in crate::checks) fn can_i(asked: Asked<'_>, holding: &Holding<'_>) -> String {
    let grant = holding.grants.first();
    let namespace = grant.and_then(|grant| grant.binding.meta.namespace.as_deref());
    // Who holds it in this namespace.
    let subject = match namespace {
        Some(_) => grant.and_then(|grant| grant.subjects.first()),
        None => holding.subjects.first(),
    };
    can_i_as(Asked { namespace, ..asked }, subject)
}

/// The same for one subject.
pub(in crate::checks) fn can_i_as(asked: Asked<'_>, subject: Option<&Subject>) -> String {
    let is_path = asked.resource.starts_with('/');
    let (resource, subresource) = match asked.resource.split_once('/') {
        Some(parts) if !is_path => parts,
        _ => (asked.resource, ""),
    };
    let mut target = resource.to_owned();
    if !asked.group.is_empty() && !is_path {
        target = format!("{target}.{}", asked.group);
    }
    if !asked.name.is_empty() {
        target = format!("{target}/{}", asked.name);
    }
    let mut words: Vec<String> = ["kubectl", "auth", "can-i", asked.verb]
        .map(str::to_owned)
        .into();
    words.push(target);
    // `can-i get nodes/proxy` would ask for a node named `proxy`.
    if !subresource.is_empty() {
        words.push(format!("--subresource={subresource}"));
    }
    match asked.namespace {
        // Paths have no namespace.
        _ if is_path => {}
        Some(namespace) => words.extend(["-n".to_owned(), namespace.to_owned()]),
        None => words.push("-A".to_owned()),
    }
    words.extend(subject.map(impersonation).unwrap_or_default());
    reproduce(&words)
}

fn impersonation(subject: &Subject) -> Vec<String> {
    let name = &subject.name;
    match (&subject.kind, &subject.namespace) {
        (SubjectKind::ServiceAccount, namespace) => {
            let namespace = namespace.as_deref().unwrap_or("default");
            vec![format!("--as=system:serviceaccount:{namespace}:{name}")]
        }
        (SubjectKind::User, _) if name == "system:anonymous" => vec![
            "--as=system:anonymous".to_owned(),
            "--as-group=system:unauthenticated".to_owned(),
        ],
        (SubjectKind::User, _) => vec![format!("--as={name}")],
        (SubjectKind::Group, _) if name == "system:unauthenticated" => vec![
            "--as=system:anonymous".to_owned(),
            "--as-group=system:unauthenticated".to_owned(),
        ],
        (SubjectKind::Group | SubjectKind::Other(_), _) => {
            vec!["--as=anybody".to_owned(), format!("--as-group={name}")]
        }
    }
}
