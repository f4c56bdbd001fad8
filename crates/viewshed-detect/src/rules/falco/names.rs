//! The fields that Falco rules for Kubernetes audit events may use, by name.
//!
//! `ka.*`: falcosecurity/plugins, plugins/k8saudit/pkg/k8saudit/fields.go and the plugin's README.
//! `jevt.*` and `json.*`: plugins/json. `evt.*`: the few of libsinsp that hold for plugin events.

use super::super::reading::Body;
use super::fields::{ContainerFact, Containers, Envelope, Field, Form, Path, SubjectKind};
use super::fields::{TimeForm, VolumeFact};
use super::parse::FieldName;

const ENVELOPE: [(&str, Envelope); 17] = [
    ("ka.auditid", Envelope::AuditId),
    ("ka.stage", Envelope::Stage),
    ("ka.auth.decision", Envelope::Decision),
    ("ka.auth.reason", Envelope::Reason),
    ("ka.user.name", Envelope::User),
    ("ka.impuser.name", Envelope::Impersonated),
    ("ka.verb", Envelope::Verb),
    ("ka.uri", Envelope::Uri),
    ("ka.target.name", Envelope::Name),
    ("ka.target.namespace", Envelope::Namespace),
    ("ka.target.resource", Envelope::Resource),
    ("ka.target.subresource", Envelope::Subresource),
    ("ka.target.pod.name", Envelope::PodName),
    ("ka.req.configmap.name", Envelope::Name),
    ("ka.response.code", Envelope::Code),
    ("ka.useragent", Envelope::UserAgent),
    ("ka.cluster.name", Envelope::Cluster),
];

/// Fields that are one value at a fixed place: name, part, keys joined by `\n`.
const PATHS: [(&str, Body, &str); 16] = [
    (
        "ka.auth.openshift.decision",
        Body::Event,
        "annotations\nauthentication.openshift.io/decision",
    ),
    (
        "ka.auth.openshift.username",
        Body::Event,
        "annotations\nauthentication.openshift.io/username",
    ),
    (
        "ka.validations.admission.policy.failure",
        Body::Event,
        "annotations\nvalidation.policy.admission.k8s.io/validation_failure",
    ),
    (
        "ka.security.pod.violations",
        Body::Event,
        "annotations\npod-security.kubernetes.io/audit-violations",
    ),
    ("ka.response.reason", Body::Event, "responseStatus\nreason"),
    ("ka.resp.name", Body::Response, "metadata\nname"),
    ("ka.req.binding.role", Body::Request, "roleRef\nname"),
    ("ka.req.configmap.obj", Body::Request, "data"),
    ("ka.req.pod.host_ipc", Body::Request, "spec\nhostIPC"),
    (
        "ka.req.pod.host_network",
        Body::Request,
        "spec\nhostNetwork",
    ),
    (
        "ka.req.container.host_network",
        Body::Request,
        "spec\nhostNetwork",
    ),
    ("ka.req.pod.host_pid", Body::Request, "spec\nhostPID"),
    (
        "ka.req.pod.run_as_user",
        Body::Request,
        "spec\nsecurityContext\nrunAsUser",
    ),
    (
        "ka.req.pod.run_as_group",
        Body::Request,
        "spec\nsecurityContext\nrunAsGroup",
    ),
    (
        "ka.req.pod.fs_group",
        Body::Request,
        "spec\nsecurityContext\nfsGroup",
    ),
    ("ka.req.service.type", Body::Request, "spec\ntype"),
];

/// Lists at a fixed place.
const LISTS: [(&str, &str); 3] = [
    ("ka.req.binding.subjects", "subjects"),
    ("ka.req.role.rules", "rules"),
    (
        "ka.req.pod.supplemental_groups",
        "spec\nsecurityContext\nsupplementalGroups",
    ),
];

/// What follows `ka.req.pod.containers.`, `...initContainers.` and `...ephemeralContainers.`.
const CONTAINER_FACTS: [(&str, ContainerFact); 15] = [
    ("name", ContainerFact::Name),
    ("image", ContainerFact::Image),
    ("image.repository", ContainerFact::Repository),
    ("command", ContainerFact::Command),
    ("args", ContainerFact::Arguments),
    ("host_port", ContainerFact::HostPort),
    ("privileged", ContainerFact::Security(&["privileged"])),
    (
        "allow_privilege_escalation",
        ContainerFact::Security(&["allowPrivilegeEscalation"]),
    ),
    (
        "read_only_fs",
        ContainerFact::Security(&["readOnlyRootFilesystem"]),
    ),
    ("run_as_user", ContainerFact::Security(&["runAsUser"])),
    ("run_as_group", ContainerFact::Security(&["runAsGroup"])),
    ("proc_mount", ContainerFact::Security(&["procMount"])),
    (
        "add_capabilities",
        ContainerFact::Security(&["capabilities", "add"]),
    ),
    ("eff_run_as_user", ContainerFact::Effective("runAsUser")),
    ("eff_run_as_group", ContainerFact::Effective("runAsGroup")),
];

const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Envelope fields by JSON pointer, so that `jevt.value[/stage]` needs no parsing.
const POINTERS: [(&str, Envelope); 15] = [
    ("/auditID", Envelope::AuditId),
    ("/stage", Envelope::Stage),
    ("/level", Envelope::Level),
    (
        "/annotations/authorization.k8s.io~1decision",
        Envelope::Decision,
    ),
    (
        "/annotations/authorization.k8s.io~1reason",
        Envelope::Reason,
    ),
    ("/user/username", Envelope::User),
    ("/impersonatedUser/username", Envelope::Impersonated),
    ("/verb", Envelope::Verb),
    ("/requestURI", Envelope::Uri),
    ("/objectRef/name", Envelope::Name),
    ("/objectRef/namespace", Envelope::Namespace),
    ("/objectRef/resource", Envelope::Resource),
    ("/objectRef/subresource", Envelope::Subresource),
    ("/objectRef/apiGroup", Envelope::ApiGroup),
    ("/userAgent", Envelope::UserAgent),
];

impl Field {
    /// The field of this name, or why there is none.
    pub(super) fn resolve(written: &FieldName) -> Result<Self, String> {
        let name = written.name.as_str();
        let argument = written.argument.as_deref();
        let index = argument.and_then(|index| index.parse().ok());
        if let Some((_, envelope)) = ENVELOPE.iter().find(|(known, _)| *known == name) {
            return Ok(Self::Envelope(*envelope));
        }
        // Falco's own answer, kept since the field was one: fields.go calls it deprecated.
        if name == "ka.req.binding.subject.has_name" {
            return required(name, argument).map(|_| Self::Constant("true"));
        }
        if let Some((_, body, keys)) = PATHS.iter().find(|(known, _, _)| *known == name) {
            return Ok(Self::path(*body, keys.split('\n'), Form::First));
        }
        if let Some((_, keys)) = LISTS.iter().find(|(known, _)| *known == name) {
            return Ok(Self::path(Body::Request, keys.split('\n'), Form::Many));
        }
        if let Some(field) = container_field(name, index) {
            return Ok(field);
        }
        match name {
            "ka.user.groups" => Ok(Self::Groups),
            "ka.sourceips" => Ok(Self::SourceAddresses(index)),
            "ka.uri.param" => required(name, argument).map(|key| Self::UriParameter(key.into())),
            "ka.req.volume.hostpath" => {
                required(name, argument).map(|path| Self::HasHostPath(path.into()))
            }
            "ka.req.binding.subjects.user_names" => Ok(Self::Subjects(SubjectKind::Users)),
            "ka.req.binding.subjects.group_names" => Ok(Self::Subjects(SubjectKind::Groups)),
            "ka.req.binding.subjects.serviceaccount_names" => {
                Ok(Self::Subjects(SubjectKind::ServiceAccounts))
            }
            "ka.req.binding.subjects.serviceaccount_ns_names" => {
                Ok(Self::Subjects(SubjectKind::NamespacedServiceAccounts))
            }
            "ka.req.role.rules.apiGroups" => Ok(Self::RoleRules("apiGroups", index)),
            "ka.req.role.rules.nonResourceURLs" => Ok(Self::RoleRules("nonResourceURLs", index)),
            "ka.req.role.rules.verbs" => Ok(Self::RoleRules("verbs", index)),
            "ka.req.role.rules.resources" => Ok(Self::RoleRules("resources", index)),
            "ka.req.service.ports" => Ok(Self::ServicePorts(index)),
            "ka.req.pod.volumes.hostpath" => Ok(Self::Volumes(VolumeFact::HostPath, index)),
            "ka.req.pod.volumes.flexvolume_driver" => {
                Ok(Self::Volumes(VolumeFact::FlexVolumeDriver, index))
            }
            "ka.req.pod.volumes.volume_type" => Ok(Self::Volumes(VolumeFact::Type, index)),
            "jevt.value" | "json.value" => required(name, argument).and_then(pointer),
            "jevt.obj" | "json.obj" => Ok(Self::Whole),
            "jevt.rawtime" | "json.rawtime" | "evt.rawtime" => {
                Ok(Self::Time(TimeForm::Nanoseconds))
            }
            "jevt.time" | "json.time" | "jevt.time.iso8601" | "json.time.iso8601" | "evt.time"
            | "evt.time.iso8601" | "evt.datetime" => Ok(Self::Time(TimeForm::Iso8601)),
            "evt.source" => Ok(Self::Constant("k8s_audit")),
            "evt.type" => Ok(Self::Constant("pluginevent")),
            "evt.pluginname" => Ok(Self::Constant("k8saudit")),
            _ => Err(format!("there is no field `{name}`")),
        }
    }

    fn path<'k>(body: Body, keys: impl Iterator<Item = &'k str>, form: Form) -> Self {
        Self::Path(Path {
            body,
            keys: keys.map(Box::from).collect(),
            is_list: form == Form::Many,
        })
    }
}

fn required<'a>(name: &str, argument: Option<&'a str>) -> Result<&'a str, String> {
    argument
        .filter(|argument| !argument.is_empty())
        .ok_or_else(|| format!("`{name}` needs an argument in brackets"))
}

/// `ka.req.pod.LIST.FACT`, and the older `ka.req.container.FACT`.
fn container_field(name: &str, index: Option<usize>) -> Option<Field> {
    let fact = |name: &str| {
        CONTAINER_FACTS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, fact)| *fact)
    };
    let (list, fact, form) = if let Some(rest) = name.strip_prefix("ka.req.pod.") {
        let (list, rest) = rest.split_once('.')?;
        let list = CONTAINER_LISTS.into_iter().find(|known| *known == list)?;
        (list, fact(rest)?, Form::Many)
    } else {
        let form = match name {
            "ka.req.container.privileged" => Form::AnyTrue,
            "ka.req.container.image" | "ka.req.container.image.repository" => Form::First,
            _ => return None,
        };
        (
            "containers",
            fact(name.strip_prefix("ka.req.container.")?)?,
            form,
        )
    };
    Some(Field::Containers(Containers {
        list,
        fact,
        index,
        form,
    }))
}

/// RFC 6901, within the event.
fn pointer(text: &str) -> Result<Field, String> {
    if let Some((_, envelope)) = POINTERS.iter().find(|(known, _)| *known == text) {
        return Ok(Field::Envelope(*envelope));
    }
    if text == "/responseStatus/code" {
        return Ok(Field::Envelope(Envelope::Code));
    }
    let Some(inside) = text.strip_prefix('/') else {
        return Err(format!("the JSON pointer `{text}` must start with `/`"));
    };
    let keys: Vec<String> = inside
        .split('/')
        .map(|key| key.replace("~1", "/").replace("~0", "~"))
        .collect();
    let (body, skipped) = match keys.first().map(String::as_str) {
        Some("requestObject") => (Body::Request, 1),
        Some("responseObject") => (Body::Response, 1),
        _ => (Body::Event, 0),
    };
    let keys = keys.iter().skip(skipped).map(String::as_str);
    Ok(Field::path(body, keys, Form::First))
}
