//! Every kind with a pod template, known or not.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;
use viewshed_model::{LabelSelector, PodSpec, Position, Workload};

use super::meta::{MetaWire, ObjectKind, SelectorWire};
use super::pod::PodSpecWire;
use crate::nullable::{Nullable, TextMap};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WorkloadWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<SpecWire>,
    /// Only in a core `PodTemplate`.
    template: Option<TemplateWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SpecWire {
    replicas: Option<u32>,
    /// A label selector, or a plain map in `ReplicationController` and `DeploymentConfig`.
    selector: Option<EitherSelector>,
    template: Option<TemplateWire>,
    job_template: Nullable<JobTemplateWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobTemplateWire {
    spec: Nullable<JobSpecWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobSpecWire {
    template: Option<TemplateWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TemplateWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<PodSpecWire>,
}

impl WorkloadWire {
    /// Whether the object has a pod template with a container: the mark of a workload of a kind
    /// that is not known here, such as an Argo Rollout or a Knative Service.
    pub(super) fn makes_pods(&self) -> bool {
        [
            &self.template,
            &self.spec.template,
            &self.spec.job_template.spec.template,
        ]
        .into_iter()
        .flatten()
        .any(|template| template.spec.has_containers())
    }

    pub(super) fn into_workload(
        self,
        kind: &ObjectKind<'_>,
        position: Option<Box<Position>>,
    ) -> Workload {
        let spec = self.spec.0;
        let template = self
            .template
            .or(spec.template)
            .or(spec.job_template.0.spec.0.template)
            .unwrap_or_default();
        let metrics_port = template.metadata.metrics_port();
        let further_networks = template.metadata.further_networks();
        Workload {
            meta: self.metadata.0.into_meta(position),
            kind: kind.kind.to_owned(),
            api_group: kind.group.to_owned(),
            pod_labels: template.metadata.0.into_meta(None).labels,
            template: PodSpec {
                metrics_port,
                further_networks,
                ..template.spec.0.into_spec()
            },
            replicas: spec.replicas,
            selector: spec.selector.map(|selector| selector.0),
        }
    }
}

#[derive(Debug)]
struct EitherSelector(LabelSelector);

impl<'de> Deserialize<'de> for EitherSelector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let is_structured = value.as_object().is_some_and(|fields| {
            fields
                .keys()
                .any(|key| key == "matchLabels" || key == "matchExpressions")
        });
        let selector = if is_structured {
            serde_json::from_value::<SelectorWire>(value).map(Into::into)
        } else {
            serde_json::from_value::<TextMap>(value).map(|labels| LabelSelector {
                match_labels: labels.0,
                match_expressions: Vec::new(),
            })
        };
        selector.map(Self).map_err(Error::custom)
    }
}
