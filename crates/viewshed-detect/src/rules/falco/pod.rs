//! Fields inside the bodies of pods, roles, bindings and services.
//!
//! A container or volume that lacks the value adds nothing, as in the current plugin.

use std::borrow::Cow;

use serde_json::Value;

use super::super::reading::{Body, Reading, text_of};
use super::extract::Extracted;
use super::fields::{ContainerFact, Containers, Form, SubjectKind, VolumeFact};

/// Values as texts, nulls left out.
pub(super) fn texts<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<Cow<'v, str>> {
    values
        .filter(|value| !value.is_null())
        .map(text_of)
        .collect()
}

/// All of them, or the one at an index.
pub(super) fn picked(mut values: Vec<Cow<'_, str>>, index: Option<usize>) -> Extracted<'_> {
    if let Some(index) = index {
        values = values.into_iter().skip(index).take(1).collect();
    }
    if values.is_empty() {
        Extracted::None
    } else {
        Extracted::Many(values)
    }
}

/// A list inside the request body, one element when indexed.
fn elements<'v>(
    reading: &'v Reading<'_>,
    keys: &[&str],
    index: Option<usize>,
) -> impl Iterator<Item = &'v Value> + use<'v> {
    let list = reading
        .at(Body::Request, keys.iter().copied())
        .and_then(Value::as_array)
        .map_or(&[] as &[Value], Vec::as_slice);
    list.iter()
        .skip(index.unwrap_or(0))
        .take(if index.is_some() { 1 } else { usize::MAX })
}

fn inside<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v Value> {
    keys.iter().try_fold(value, |value, key| value.get(key))
}

/// Elements of arrays, and everything else as it is.
fn flat<'v>(values: impl Iterator<Item = &'v Value>) -> impl Iterator<Item = &'v Value> {
    values.flat_map(|value| match value {
        Value::Array(list) => list.as_slice(),
        other => std::slice::from_ref(other),
    })
}

pub(super) fn containers<'v>(reading: &'v Reading<'_>, asked: Containers) -> Extracted<'v> {
    let index = match asked.form {
        Form::First => Some(0),
        Form::Many | Form::AnyTrue => asked.index,
    };
    let mut all = elements(reading, &["spec", asked.list], index).peekable();
    if all.peek().is_none() {
        return Extracted::None;
    }
    let found = match asked.fact {
        ContainerFact::Name => texts(all.filter_map(|one| one.get("name"))),
        ContainerFact::Image => texts(all.filter_map(|one| one.get("image"))),
        ContainerFact::Repository => all
            .filter_map(|one| one.get("image")?.as_str())
            .map(|image| Cow::Borrowed(repository(image)))
            .collect(),
        ContainerFact::Command => texts(flat(all.filter_map(|one| one.get("command")))),
        ContainerFact::Arguments => texts(flat(all.filter_map(|one| one.get("args")))),
        ContainerFact::HostPort => host_ports(all),
        ContainerFact::Security(keys) => texts(flat(
            all.filter_map(|one| inside(one.get("securityContext")?, keys)),
        )),
        ContainerFact::Effective(key) => effective(reading, all, key),
    };
    match asked.form {
        Form::Many if found.is_empty() => Extracted::None,
        Form::Many => Extracted::Many(found),
        Form::First => found
            .into_iter()
            .next()
            .map_or(Extracted::None, Extracted::One),
        Form::AnyTrue => {
            let is_true = found.iter().any(|value| value == "true");
            Extracted::One(Cow::Borrowed(if is_true { "true" } else { "false" }))
        }
    }
}

/// An image without tag and digest. The colon of a port belongs to the registry.
fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

/// The port on the host, or the container's own, which is the host's when `hostNetwork` is set.
fn host_ports<'v>(containers: impl Iterator<Item = &'v Value>) -> Vec<Cow<'v, str>> {
    let ports = flat(containers.filter_map(|one| one.get("ports")));
    texts(ports.filter_map(|port| port.get("hostPort").or_else(|| port.get("containerPort"))))
}

/// What a container runs as: its own setting, else the pod's, else root.
fn effective<'v>(
    reading: &'v Reading<'_>,
    containers: impl Iterator<Item = &'v Value>,
    key: &str,
) -> Vec<Cow<'v, str>> {
    let of_pod = reading.at(Body::Request, ["spec", "securityContext", key]);
    containers
        .map(|one| {
            one.get("securityContext")
                .and_then(|security| security.get(key))
                .or(of_pod)
                .map_or(Cow::Borrowed("0"), text_of)
        })
        .collect()
}

pub(super) fn volumes<'v>(
    reading: &'v Reading<'_>,
    fact: VolumeFact,
    index: Option<usize>,
) -> Extracted<'v> {
    let all = elements(reading, &["spec", "volumes"], index);
    let found = match fact {
        VolumeFact::HostPath => texts(all.filter_map(|one| inside(one, &["hostPath", "path"]))),
        VolumeFact::FlexVolumeDriver => {
            texts(all.filter_map(|one| inside(one, &["flexVolume", "driver"])))
        }
        VolumeFact::Type => all
            .filter_map(Value::as_object)
            .flat_map(serde_json::Map::keys)
            .filter(|key| *key != "name")
            .map(|key| Cow::Borrowed(key.as_str()))
            .collect(),
    };
    picked(found, None)
}

pub(super) fn has_host_path<'v>(reading: &'v Reading<'_>, wanted: &str) -> Extracted<'v> {
    let Extracted::Many(paths) = volumes(reading, VolumeFact::HostPath, None) else {
        return if reading.at(Body::Request, ["spec", "volumes"]).is_some() {
            Extracted::One(Cow::Borrowed("false"))
        } else {
            Extracted::None
        };
    };
    let fits = |path: &str| match wanted.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == wanted,
    };
    let found = paths.iter().any(|path| fits(path));
    Extracted::One(Cow::Borrowed(if found { "true" } else { "false" }))
}

pub(super) fn role_rules<'v>(
    reading: &'v Reading<'_>,
    key: &str,
    index: Option<usize>,
) -> Extracted<'v> {
    let lists = elements(reading, &["rules"], index).filter_map(|rule| rule.get(key));
    picked(texts(flat(lists)), None)
}

pub(super) fn service_ports<'v>(reading: &'v Reading<'_>, index: Option<usize>) -> Extracted<'v> {
    picked(texts(elements(reading, &["spec", "ports"], index)), None)
}

pub(super) fn subjects<'v>(reading: &'v Reading<'_>, kind: SubjectKind) -> Extracted<'v> {
    let wanted = match kind {
        SubjectKind::Users => "User",
        SubjectKind::Groups => "Group",
        SubjectKind::ServiceAccounts | SubjectKind::NamespacedServiceAccounts => "ServiceAccount",
    };
    let field = |subject: &'v Value, key: &str| subject.get(key).and_then(Value::as_str);
    let names = elements(reading, &["subjects"], None)
        .filter(|subject| field(subject, "kind") == Some(wanted))
        .filter_map(|subject| {
            let name = field(subject, "name")?;
            Some(match kind {
                SubjectKind::NamespacedServiceAccounts => Cow::Owned(format!(
                    "{}:{name}",
                    field(subject, "namespace").unwrap_or_default()
                )),
                _ => Cow::Borrowed(name),
            })
        })
        .collect();
    picked(names, None)
}
