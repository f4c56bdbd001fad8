//! What makes an Ingress or a route of the Gateway API count: `IngressClass` and `ReferenceGrant`.

use serde_json::Value;
use viewshed_model::{Gateway, Ingress, NetworkSetting, Service};

use super::eval::Tri;
use super::index::NetworkIndex;
use super::place::PodPlace;

/// Programs that serve Ingresses, by the end of their image's repository, and what `spec.controller` of their
/// classes begins with: the projects' own charts and manifests.
const IDENTITIES: [(&str, &str); 7] = [
    ("/ingress-nginx/controller", "k8s.io/ingress-nginx"),
    ("/nginx/nginx-ingress", "nginx.org/ingress-controller"),
    ("/traefik", "traefik.io/ingress-controller"),
    (
        "/haproxytech/kubernetes-ingress",
        "haproxy.org/ingress-controller",
    ),
    ("/haproxy-ingress", "haproxy-ingress.github.io/controller"),
    ("/kong", "ingress-controllers.konghq.com/kong"),
    ("/apisix", "apisix.apache.org/apisix-ingress"),
];

/// The program that serves no Ingress without a class unless a flag says so (ingress-nginx user guide, "Multiple
/// Ingress controllers").
const NGINX: &str = "k8s.io/ingress-nginx";

/// The class of an Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class<'s> {
    /// It has none, and none is the default.
    None,
    /// Of an `IngressClass` that the estate has: its controller.
    Of(String),
    /// A name that no `IngressClass` of the estate has; whether the estate has any.
    Unknown(&'s str, bool),
}

impl NetworkIndex<'_> {
    /// Whether a route may refer to a service: within its namespace always, elsewhere where a grant of the
    /// service's namespace says so (gateway-api `apis/v1beta1/referencegrant_types.go`: "references across
    /// namespaces" are invalid without one).
    pub(super) fn is_granted(&self, route: &Gateway, service: &Service) -> Tri {
        let (own, namespace) = (
            route.meta.namespace_or_empty(),
            service.meta.namespace_or_empty(),
        );
        if own == namespace {
            return Tri::Yes;
        }
        let grants = self.settings_of("ReferenceGrant");
        let mut grants = grants.filter(|grant| grant.meta.namespace_or_empty() == namespace);
        let is_granted = grants.any(|grant| {
            let spec: Value = serde_json::from_str(&grant.spec_json).unwrap_or_default();
            let list = |key: &str| spec.get(key).and_then(Value::as_array).cloned();
            let text = |one: &Value, key: &str| -> String {
                let text = one.get(key).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            let from = list("from").unwrap_or_default();
            let to = list("to").unwrap_or_default();
            from.iter().any(|one| {
                text(one, "group") == "gateway.networking.k8s.io"
                    && text(one, "kind") == route.kind
                    && text(one, "namespace") == own
            }) && to.iter().any(|one| {
                let name = text(one, "name");
                text(one, "group").is_empty()
                    && text(one, "kind") == "Service"
                    && (name.is_empty() || name == service.meta.name)
            })
        });
        // Of grants that were read by name only nobody knows what they grant.
        let mut others = self.cluster().others.iter();
        let is_unread = others
            .any(|one| one.kind == "ReferenceGrant" && one.meta.namespace_or_empty() == namespace);
        match (is_granted, is_unread) {
            (true, _) => Tri::Yes,
            (false, true) => Tri::Maybe,
            (false, false) => Tri::No,
        }
    }

    fn settings_of(&self, kind: &str) -> impl Iterator<Item = &NetworkSetting> {
        let settings = self.referred.settings.iter().copied();
        settings.filter(move |setting| setting.kind == kind)
    }

    /// The class of an Ingress. Manifests without one get the default class when they are applied.
    pub(super) fn class_of<'s>(&self, ingress: &'s Ingress) -> Class<'s> {
        let name = ingress.class.as_str();
        let mut has_any = false;
        for class in self.settings_of("IngressClass") {
            has_any = true;
            let spec: Value = serde_json::from_str(&class.spec_json).unwrap_or_default();
            let is_default = spec.get("isDefaultClass").and_then(Value::as_bool) == Some(true);
            let is_taken = name.is_empty() && is_default && !self.cluster().is_live;
            if is_taken || (!name.is_empty() && class.meta.name == name) {
                let controller = spec.get("controller").and_then(Value::as_str);
                return Class::Of(controller.unwrap_or_default().to_owned());
            }
        }
        if name.is_empty() {
            Class::None
        } else {
            Class::Unknown(name, has_any)
        }
    }
}

/// Whether a program serves Ingresses of a class
/// (<https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class>).
pub(super) fn serves(program: &PodPlace<'_>, class: &Class<'_>) -> Tri {
    let containers = &program.origin.spec().containers;
    let flags = || containers.iter().flat_map(|container| &container.flags);
    let flag = |name: &str| {
        let mut flags = flags();
        let found = flags.find(|(flag, _)| flag == name);
        found.map(|(_, value)| value.as_deref().unwrap_or_default())
    };
    let mut images = containers
        .iter()
        .map(|container| repository(&container.image));
    let identity = IDENTITIES
        .iter()
        .find(|(end, _)| images.any(|image| image.ends_with(end)));
    let identity = flag("controller-class").or(identity.map(|(_, identity)| *identity));
    match class {
        Class::Of(controller) => identity.map_or(Tri::Maybe, |identity| {
            controller.starts_with(identity).into()
        }),
        Class::None => match flag("watch-ingress-without-class") {
            Some(value) if value != "false" => Tri::Yes,
            _ if identity == Some(NGINX) => Tri::No,
            _ => Tri::Maybe,
        },
        // Such names were once an annotation that programs compare with their own.
        Class::Unknown(name, has_any) => {
            let mut images = containers.iter();
            let is_named = flag("ingress-class") == Some(name)
                || images.any(|container| container.image.contains(name));
            match (is_named, has_any) {
                (true, _) => Tri::Yes,
                (false, true) => Tri::No,
                (false, false) => Tri::Maybe,
            }
        }
    }
}

/// The repository of an image, after a slash, without tag and digest.
pub(super) fn repository(image: &str) -> String {
    let image = image.split('@').next().unwrap_or_default();
    let name = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    };
    format!("/{name}")
}
