//! What to do next about an incident: commands, ready to be run.

use std::collections::BTreeSet;

use viewshed_model::{Incident, IncidentActor, Surface, service_account_of};

use super::sensitivity::{is_path, sensitivity};

/// Commands named for one incident: more is no next step.
const COMMANDS_MAX: usize = 4;
/// Identities of an incident whose views are named.
const ACTORS_MAX: usize = 2;
/// Longer names are no names of anything; a command with one could not be run. Bytes.
const WORD_BYTES_MAX: usize = 256;

/// What to run next, the first first: what the incident means, what else the actor can see, who else could.
pub(crate) fn next(incident: &Incident) -> Vec<String> {
    let mut commands = Vec::new();
    let main = incident.reasons.first().map(|reason| &*reason.detection);
    // A rule of the user has no page: its name has blanks in it.
    let page = main.filter(|name| is_plain(name));
    commands.extend(page.map(|name| format!("viewshed explain {name}")));
    if main == Some("silent-source") {
        // Nobody acted whose view could be looked at.
        return commands;
    }
    let actors = std::iter::once(&incident.actor).chain(&incident.also_as);
    commands.extend(actors.filter_map(view_of).take(ACTORS_MAX));
    commands.extend(others_who_can(incident));
    commands.truncate(COMMANDS_MAX);
    commands
}

/// The same in one line, as a shell takes it too.
pub(crate) fn next_in_words(incident: &Incident) -> String {
    match next(incident).as_slice() {
        [] => "look its events up in the log".to_owned(),
        commands => commands.join("; "),
    }
}

/// Everything that an identity can discover.
fn view_of(actor: &IncidentActor) -> Option<String> {
    if let Some((namespace, name)) = service_account_of(&actor.name) {
        let account = word(&format!("{namespace}/{name}"))?;
        return Some(format!("viewshed see --serviceaccount {account}"));
    }
    match actor.name.as_str() {
        "system:anonymous" => Some("viewshed see --anonymous".to_owned()),
        "(docker client)" => Some("viewshed see --docker".to_owned()),
        // Made up by this program for whoever has no name.
        name if name.is_empty() || name.starts_with('(') => {
            let pod = word(actor.pod.as_deref()?)?;
            pod.contains('/')
                .then(|| format!("viewshed see --pod {pod}"))
        }
        name => {
            if let Some(node) = name.strip_prefix("system:node:") {
                return Some(format!("viewshed see --node {}", word(node)?));
            }
            let implied = ["system:authenticated", "system:unauthenticated"];
            let mut words = vec![format!("viewshed see --as {}", word(name)?)];
            for group in actor
                .groups
                .iter()
                .filter(|group| !implied.contains(&group.as_str()))
            {
                words.push(format!("--as-group {}", word(group)?));
            }
            Some(words.join(" "))
        }
    }
}

/// Who else can do the most telling of what was done.
fn others_who_can(incident: &Incident) -> Option<String> {
    let of_servers = incident.requests.iter().filter(|tally| {
        tally.surface == Surface::KubernetesApi
            && !is_path(&tally.kind)
            && !tally.kind.contains(':')
            && is_plain(&tally.verb)
    });
    let asked: BTreeSet<(u8, &str, &str, &str)> = of_servers
        .map(|tally| {
            let kind = tally.kind.as_str();
            (sensitivity(kind), kind, &*tally.verb, &*tally.namespace)
        })
        .collect();
    let (_, kind, verb, namespace) = asked.first()?;
    let command = format!("viewshed who can {verb} {}", word(kind)?);
    if namespace.is_empty() {
        return Some(format!("{command} --all-namespaces"));
    }
    Some(format!("{command} --namespace {}", word(namespace)?))
}

fn is_plain(text: &str) -> bool {
    let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@=".contains(&byte);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_of_names)
}

/// A name from a log as one word of a shell, quoted where it has to be; `None` for one that would be an option, or
/// cannot be shown as it is.
///
/// Quoting: POSIX.1-2017, Shell Command Language, 2.2.2.
fn word(text: &str) -> Option<String> {
    let is_shown_as_it_is = crate::clean::clean(text) == text;
    if text.is_empty() || text.len() > WORD_BYTES_MAX || text.starts_with('-') || !is_shown_as_it_is
    {
        return None;
    }
    if is_plain(text) {
        return Some(text.to_owned());
    }
    Some(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use viewshed_model::{Reason, RequestTally, Verdict};

    use super::{Incident, Surface, next};
    use crate::sample;

    fn by(name: &str) -> Incident {
        let mut incident = sample::bare_incident();
        incident.actor.name = name.to_owned();
        incident
    }

    #[test]
    fn the_view_of_the_actor_is_a_command_that_a_shell_takes() {
        for (name, command) in [
            (
                "system:serviceaccount:shop:cart",
                Some("viewshed see --serviceaccount shop/cart"),
            ),
            ("system:anonymous", Some("viewshed see --anonymous")),
            ("system:node:worker-1", Some("viewshed see --node worker-1")),
            ("jane@corp", Some("viewshed see --as jane@corp")),
            ("a; rm -rf ~", Some("viewshed see --as 'a; rm -rf ~'")),
            ("it's", Some(r"viewshed see --as 'it'\''s'")),
            ("--demo", None),
            ("esc\u{1b}[2J", None),
            ("(invalid credential)", None),
        ] {
            let commands = next(&by(name));
            assert_eq!(commands.first().map(String::as_str), command, "{name}");
        }
    }

    #[test]
    fn groups_belong_to_the_view_of_a_user() {
        let mut incident = by("jane");
        incident.actor.groups = ["system:masters", "system:authenticated"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(
            next(&incident),
            ["viewshed see --as jane --as-group system:masters"]
        );
    }

    #[test]
    fn the_page_comes_first_and_who_else_could_last() {
        let mut incident = by("system:serviceaccount:shop:cart");
        incident.reasons.push(Reason {
            detection: "secret-sweep".to_owned(),
            text: String::new(),
            weight: 60,
            at: incident.opened_at,
            audit_id: String::new(),
        });
        for (kind, namespace) in [("pods", ""), ("secrets", "pay")] {
            incident.requests.push(RequestTally {
                surface: Surface::KubernetesApi,
                verb: "list".to_owned(),
                kind: kind.to_owned(),
                namespace: namespace.to_owned(),
                verdict: Verdict::Allowed,
                count: 1,
            });
        }
        assert_eq!(
            next(&incident),
            [
                "viewshed explain secret-sweep",
                "viewshed see --serviceaccount shop/cart",
                "viewshed who can list secrets --namespace pay",
            ]
        );
    }
}
