//! Compose files that are read together: each is laid over those before it.
//!
//! The rules are those of Compose: mappings are merged, sequences are appended, what names the same port, target
//! or variable is replaced, and anything else is the last file's (compose-go `override/merge.go`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use viewshed_model::{DockerHost, Gap, GapReason};

use super::inherit::{self, Declared};
use super::{FileReader, note_wrong, project};
use crate::docker::fields::{Fields, Wrong};

/// What one document says, with the defaults of its variables and what its services extend.
#[derive(Debug)]
pub struct Layer {
    pub(super) path: String,
    pub(super) services: Vec<Declared>,
    /// Everything beside the services.
    pub(super) rest: Map<String, Value>,
}

impl Layer {
    /// The file that it stands in.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Adds what documents say that belong together, the first one being the base.
pub fn add_project(host: &mut DockerHost, gaps: &mut Vec<Gap>, layers: Vec<Layer>) {
    let path = layers
        .first()
        .map_or_else(String::new, |layer| layer.path.clone());
    let mut reader = FileReader::new(&path, gaps);
    if !layers.is_empty() && layers.iter().all(is_addition) {
        let what = format!("read the services of `{path}`");
        reader.note(
            &what,
            GapReason::NotCollected,
            "none has an image or a build: they add to another file, which is not here",
            "name that file first, then this one",
        );
        return;
    }
    let mut services = Services::default();
    let mut rest = Map::new();
    for layer in layers {
        services.lay_over(&mut reader, layer.services);
        merge(&mut rest, layer.rest);
    }
    let services = services.in_order;
    let wrong = Wrong::default();
    let fields = Fields::new(&rest, &wrong);
    let names = project::add_networks(host, &fields);
    project::add_others(host, &fields);
    note_wrong(&mut reader, &wrong);
    let mut containers = inherit::containers(&mut reader, &services);
    for container in &mut containers {
        project::name_networks(container, &names);
    }
    project::add_implicit_networks(host, &containers);
    host.containers.append(&mut containers);
}

/// Whether a document can only add to another: Compose refuses services of which none of its files says what runs.
fn is_addition(layer: &Layer) -> bool {
    !layer.services.is_empty() && layer.services.iter().all(|one| !one.is_complete)
}

/// The services of several files, those of the base first.
#[derive(Debug, Default)]
struct Services {
    in_order: Vec<Declared>,
    index_by_key: BTreeMap<String, usize>,
}

impl Services {
    fn lay_over(&mut self, reader: &mut FileReader<'_>, over: Vec<Declared>) {
        for service in over {
            let known = self.index_by_key.get(&service.key);
            match known.and_then(|index| self.in_order.get_mut(*index)) {
                Some(base) => lay_over(reader, base, service),
                None => {
                    let index = self.in_order.len();
                    self.index_by_key.insert(service.key.clone(), index);
                    self.in_order.push(service);
                }
            }
        }
    }
}

fn lay_over(reader: &mut FileReader<'_>, base: &mut Declared, mut over: Declared) {
    inherit::take_over(reader, &mut over, base);
    let was = &base.container;
    let container = &mut over.container;
    if container.name == over.key {
        container.name.clone_from(&was.name);
    }
    let profiles = was.profiles.iter();
    let more: Vec<String> = profiles
        .filter(|profile| !container.profiles.contains(profile))
        .cloned()
        .collect();
    container.profiles.extend(more);
    container.position.clone_from(&was.position);
    over.volumes_from.extend(base.volumes_from.iter().cloned());
    *base = over;
}

/// Lays one mapping over another.
fn merge(base: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Object(base)), Value::Object(over)) => merge(base, over),
            (Some(Value::Array(base)), Value::Array(mut over)) => base.append(&mut over),
            (Some(_), Value::Null) => {}
            (Some(base), value) => *base = value,
            (None, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Whether a file is one of Compose's by its name: `compose.yaml`, `docker-compose.yml`, and what is laid over such
/// (`compose.prod.yaml`) or over any (`shop.override.yaml`).
pub(super) fn is_named_compose(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let Some((stem, "yaml" | "yml")) = name.rsplit_once('.') else {
        return false;
    };
    let first = stem.split_once('.').map_or(stem, |(first, _)| first);
    matches!(first, "compose" | "docker-compose") || stem.ends_with(".override")
}
