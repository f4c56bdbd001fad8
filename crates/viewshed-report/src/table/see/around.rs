//! What is around a program that looked from inside, one line per kind of thing.

use viewshed_model::Surroundings;

use super::super::layout::paragraph;
use super::super::limited;
use super::NAMES_MAX;
use crate::style::Style;

pub(super) fn surroundings(out: &mut String, style: &Style, around: &Surroundings) {
    let tokens = around
        .tokens
        .iter()
        .map(viewshed_model::MountedToken::place)
        .collect();
    let mounts = around
        .mounts
        .iter()
        .map(|mount| mount.path.clone())
        .collect();
    let telling = around
        .variables
        .iter()
        .filter(|variable| !variable.tells.is_empty());
    let metadata = around
        .metadata_addresses
        .iter()
        .map(|address| match address.status {
            Some(status) => format!("{} ({}, answers {status})", address.address, address.cloud),
            None if address.is_asked => {
                format!("{} ({}, asked, no answer)", address.address, address.cloud)
            }
            None => format!("{} ({})", address.address, address.cloud),
        });
    let shared = [
        (around.host.network, "network"),
        (around.host.pid, "processes"),
        (around.host.ipc, "inter-process communication"),
    ];
    let shared = shared
        .iter()
        .filter(|(is_shared, _)| *is_shared)
        .map(|(_, what)| (*what).to_owned());
    let lines: [(&str, Vec<String>); 8] = [
        ("tokens", tokens),
        ("runtime sockets", around.sockets.clone()),
        ("mounts from outside", mounts),
        ("shared with the host", shared.collect()),
        ("capabilities", around.capabilities.clone()),
        ("kubeconfigs (not used)", around.kubeconfigs.clone()),
        (
            "variables that tell something",
            telling.map(|variable| variable.name.clone()).collect(),
        ),
        ("cloud metadata", metadata.collect()),
    ];
    for (what, entries) in lines {
        if !entries.is_empty() {
            let line = format!("{what}: {}", limited(style, &entries, NAMES_MAX));
            paragraph(out, style, "  ", &style.text(&line));
        }
    }
    if !around.machine_vendor.is_empty() {
        let line = format!("the machine's firmware says: {}", around.machine_vendor);
        paragraph(out, style, "  ", &style.text(&line));
    }
}
