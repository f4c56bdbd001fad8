//! One pod: the view from outside against what the program inside was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use crate::is_taken_from_node;
use crate::place::{Inside, Place, Views};

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) identities: usize,
    pub(crate) asked: usize,
    pub(crate) objects: usize,
    pub(crate) differences: Vec<String>,
}

/// Users that the API server accepts from this vantage.
pub(crate) fn users(view: &Value) -> BTreeSet<String> {
    identities(view).into_iter().map(|(user, _)| user).collect()
}

/// User and sorted groups of every identity whose credential is accepted.
fn identities(view: &Value) -> BTreeSet<(String, Vec<String>)> {
    let held = view["identities"].as_array().unwrap();
    held.iter()
        .filter(|held| held["is_accepted"] == true)
        .map(|held| user_and_groups(&held["identity"]))
        .collect()
}

fn user_and_groups(identity: &Value) -> (String, Vec<String>) {
    let groups = identity["groups"].as_array();
    let mut groups: Vec<String> = groups
        .into_iter()
        .flatten()
        .map(|group| group.as_str().unwrap().to_owned())
        .collect();
    groups.sort();
    (identity["user"].as_str().unwrap().to_owned(), groups)
}

pub(crate) fn compare(place: &Place, pod: &str, views: &Views, tally: &mut Tally) {
    let Views { outside, inside } = views;
    compare_identities(pod, outside, inside, tally);
    for view in inside.values() {
        for credential in view["here"]["credentials"].as_array().unwrap() {
            compare_answers(place, pod, credential, tally);
        }
    }
    let name = pod.split('/').nth(1).unwrap();
    let all_are_used = users(outside)
        .iter()
        .all(|user| !is_taken_from_node(name, user));
    if all_are_used {
        compare_objects(pod, outside, inside, tally);
    }
}

fn compare_identities(pod: &str, outside: &Value, inside: &Inside, tally: &mut Tally) {
    let name = pod.split('/').nth(1).unwrap();
    let computed: BTreeSet<_> = identities(outside)
        .into_iter()
        .filter(|(user, _)| !is_taken_from_node(name, user))
        .collect();
    let answered: BTreeSet<_> = inside.values().flat_map(identities).collect();
    tally.identities += answered.len();
    if computed != answered {
        let difference = format!("{pod}: holds {computed:?}, inside {answered:?}");
        tally.differences.push(difference);
    }
}

/// Each question that the server answered inside is decided from the estate.
fn compare_answers(place: &Place, pod: &str, credential: &Value, tally: &mut Tally) {
    let answers = credential["answers"].as_array().unwrap();
    let mut questions = String::new();
    for answer in answers {
        writeln!(questions, "{}", review(&credential["identity"], answer)).unwrap();
    }
    let decided = place.decide(&questions);
    assert_eq!(decided.len(), answers.len(), "{pod}");
    for (answer, decided) in answers.iter().zip(&decided) {
        tally.asked += 1;
        let status = &decided["status"];
        if status["allowed"] != answer["allowed"] || status["evaluationError"].is_string() {
            tally
                .differences
                .push(format!("{pod}: server {answer}, ours {decided}"));
        }
    }
}

fn review(identity: &Value, answer: &Value) -> Value {
    let mut spec = json!({"user": identity["user"], "groups": identity["groups"]});
    let asked = &answer["resource_request"];
    if asked.is_object() {
        spec["resourceAttributes"] = json!({
            "verb": asked["verb"], "group": asked["api_group"], "version": asked["api_version"],
            "resource": asked["resource"], "subresource": asked["subresource"],
            "namespace": asked["namespace"], "name": asked["name"],
        });
    } else {
        let asked = &answer["path_request"];
        spec["nonResourceAttributes"] = json!({"verb": asked["verb"], "path": asked["path"]});
    }
    json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec})
}

type Objects = BTreeMap<(String, String, String), BTreeSet<String>>;

/// Ways that show an object inside. Others through the node are those of `is_taken_from_node`.
const TELLING: [&str; 12] = [
    "list",
    "watch",
    "get",
    "list by name",
    "watch by name",
    "own",
    "mounted",
    "environment",
    "indirect",
    "processes",
    "node files",
    "kubelet",
];

/// Kinds that files of the node name: folders of logs. Volumes name no configuration.
const NAMED_BY_FILES: [&str; 3] = ["Pod", "Container", "pods/log"];

/// Whatever tells the name of an object inside must be what was computed for it.
fn compare_objects(pod: &str, outside: &Value, inside: &Inside, tally: &mut Tally) {
    let mut computed = objects(outside);
    let mut found = Objects::new();
    for view in inside.values() {
        for (object, verbs) in objects(view) {
            found.entry(object).or_default().extend(verbs);
        }
    }
    // Namespaces in what a container runtime lists: inside its socket is named, and not asked.
    if outside.to_string().contains("\"runtime socket\"") {
        for objects in [&mut computed, &mut found] {
            for ways in objects.values_mut() {
                ways.remove("indirect");
            }
            objects.retain(|_, ways| !ways.is_empty());
        }
    }
    for object in computed.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        tally.objects += 1;
        let (ours, theirs) = (computed.get(object), found.get(object));
        if ours != theirs {
            tally.differences.push(format!(
                "{pod}: {object:?} shows by {ours:?}, inside by {theirs:?}"
            ));
        }
    }
}

fn objects(view: &Value) -> Objects {
    let mut objects = Objects::new();
    let categories = view["categories"].as_array().unwrap();
    let seen = categories
        .iter()
        .flat_map(|category| category["seen"].as_array().unwrap());
    for item in seen {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let kind = text("kind");
        let verbs = item["verbs"].as_array().unwrap().iter();
        let verbs: BTreeSet<String> = verbs
            .map(|verb| verb.as_str().unwrap().to_owned())
            .filter(|verb| TELLING.contains(&verb.as_str()) || kind == "path")
            .filter(|verb| verb != "node files" || NAMED_BY_FILES.contains(&kind.as_str()))
            // A namespace is a thing without one: inside nobody asks for it by its own name.
            .filter(|verb| kind != "Namespace" || verb != "get")
            .collect();
        // Events come and go.
        if !verbs.is_empty() && kind != "Event" {
            objects.insert((kind, text("namespace"), text("name")), verbs);
        }
    }
    objects
}
