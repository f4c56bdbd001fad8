//! Images, networks, volumes and plugins.

use viewshed_model::{
    DockerHost, DockerImage, DockerNetwork, DockerVolume, Gap, GapReason, NamedItem,
};

use super::answer::Answer;
use super::fields::Fields;
use crate::gaps::{GapList, gap};

/// Reads `GET /images/json`.
pub fn images(host: &mut DockerHost, gaps: &mut Vec<Gap>, body: &[u8]) {
    let list = &mut host.images;
    Answer::new(&host.name, "images", gaps).each(body, |element| {
        let image = image(&element.fields);
        let id = image.id.clone();
        list.push(image);
        id
    });
}

/// Reads `GET /networks`.
pub fn networks(host: &mut DockerHost, gaps: &mut Vec<Gap>, body: &[u8]) {
    let list = &mut host.networks;
    Answer::new(&host.name, "networks", gaps).each(body, |element| {
        let network = network(&element.fields);
        let name = network.name.clone();
        list.push(network);
        name
    });
}

/// Reads `GET /volumes`: an object with the list in it, and warnings of drivers that did not tell theirs.
pub fn volumes(host: &mut DockerHost, gaps: &mut Vec<Gap>, body: &[u8]) {
    let list = &mut host.volumes;
    let warnings = Answer::new(&host.name, "volumes", gaps).one(body, |fields| {
        list.extend(fields.objects("Volumes").map(|each| volume(&each)));
        fields.texts("Warnings")
    });
    let mut missing = GapList::new(gaps);
    for warning in warnings.unwrap_or_default() {
        let what = "volumes of some drivers";
        missing.push(gap(&host.name, what, GapReason::NotCollected, &warning, ""));
    }
}

/// Reads `GET /plugins`.
pub fn plugins(host: &mut DockerHost, gaps: &mut Vec<Gap>, body: &[u8]) {
    let list = &mut host.plugins;
    Answer::new(&host.name, "plugins", gaps).each(body, |element| {
        let plugin = plugin(&element.fields);
        let name = plugin.name.clone();
        list.push(plugin);
        name
    });
}

pub(super) fn image(fields: &Fields<'_>) -> DockerImage {
    let mut tags = fields.texts("RepoTags");
    // Engines before 25 write this for an image without a name.
    tags.retain(|tag| tag != "<none>:<none>");
    DockerImage {
        id: fields.text("Id"),
        tags,
    }
}

pub(super) fn network(fields: &Fields<'_>) -> DockerNetwork {
    DockerNetwork {
        name: fields.text("Name"),
        driver: fields.text("Driver"),
        internal: fields.flag("Internal").unwrap_or(false),
        has_ipv6: fields.flag("EnableIPv6"),
        subnets: fields
            .object("IPAM")
            .objects("Config")
            .map(|config| config.text("Subnet"))
            .filter(|subnet| !subnet.is_empty())
            .collect(),
        gateways: fields
            .object("IPAM")
            .objects("Config")
            .map(|config| address(&config.text("Gateway")))
            .filter(|gateway| !gateway.is_empty())
            .collect(),
        options: fields.text_map("Options"),
        ..DockerNetwork::default()
    }
}

/// Podman's own description (containers/common `libnetwork/types`).
pub(super) fn podman_network(fields: &Fields<'_>) -> DockerNetwork {
    DockerNetwork {
        name: fields.text("name"),
        driver: fields.text("driver"),
        internal: fields.flag("internal").unwrap_or(false),
        has_ipv6: fields.flag("ipv6_enabled"),
        subnets: fields
            .objects("subnets")
            .map(|subnet| subnet.text("subnet"))
            .filter(|subnet| !subnet.is_empty())
            .collect(),
        gateways: fields
            .objects("subnets")
            .map(|subnet| address(&subnet.text("gateway")))
            .filter(|gateway| !gateway.is_empty())
            .collect(),
        options: fields.text_map("options"),
        ..DockerNetwork::default()
    }
}

/// Old engines write the length of the prefix behind it.
fn address(text: &str) -> String {
    text.split('/').next().unwrap_or_default().to_owned()
}

pub(super) fn volume(fields: &Fields<'_>) -> DockerVolume {
    DockerVolume {
        name: fields.text("Name"),
        driver: fields.text("Driver"),
    }
}

pub(super) fn plugin(fields: &Fields<'_>) -> NamedItem {
    NamedItem {
        name: fields.text("Name"),
        enabled: fields.flag("Enabled").unwrap_or(false),
    }
}
