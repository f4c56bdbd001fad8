//! Asks the name server for everything, or for one address after the other.

use super::{Detection, Look, Sign};
use crate::engine::facts::Sort;
use viewshed_model::Surface;

pub(super) static DETECTION: Detection = Detection {
    name: "dns-sweep",
    title: "sweeps the cluster by its name server",
    techniques: &["T1613", "T1046"],
    cap: 120,
    page: include_str!("../../../../docs/detections/dns-sweep.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.activity.surface != Surface::Dns || look.is_usual {
        return None;
    }
    let object = &look.activity.object;
    let name = if object.name.is_empty() {
        look.activity.uri.as_ref()
    } else {
        object.name.as_ref()
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let kind = look.activity.verb.to_ascii_lowercase();
    if kind == "axfr" || kind == "ixfr" {
        look.facts.nth(Sort::Resolved, ["zone", &name])?;
        return Some(Sign::new(
            100.0,
            format!("{} asks for the whole zone {name}", look.who),
        ));
    }
    // `any` and `*` stood for every service in CoreDNS before 1.9 and in kube-dns; tools still ask.
    let is_wildcard =
        name.split('.').any(|label| label == "any" || label == "*") && name.contains(".svc");
    if is_wildcard {
        let nth = look.facts.nth(Sort::Resolved, [&kind, &name])?;
        return Some(Sign::new(
            match (&*kind, nth) {
                // Ports of all services: no library asks that by mistake.
                ("srv", 1) => 100.0,
                (_, 1 | 2) => 70.0,
                _ => 25.0,
            },
            format!("{} asks for every service at once: {name}", look.who),
        ));
    }
    reverse(look, &name)
}

/// Addresses that are resolved back one next to the other: nobody has that by chance.
fn reverse(look: &mut Look<'_>, name: &str) -> Option<Sign> {
    let address = address_of(name)?;
    look.facts.nth(Sort::Resolved, ["", name])?;
    let distance = address.abs_diff(look.facts.last_resolved);
    look.facts.last_resolved = address;
    let weight = if distance <= 4 { 28.0 } else { 3.0 };
    let nth = look.facts.count(Sort::Resolved);
    Some(Sign::new(
        weight,
        format!(
            "{} resolves {nth} addresses back, one after the other",
            look.who
        ),
    ))
}

/// The address of `7.0.96.10.in-addr.arpa`.
fn address_of(name: &str) -> Option<u32> {
    let octets = name.strip_suffix(".in-addr.arpa")?;
    let mut address = 0_u32;
    let mut count = 0;
    for octet in octets.rsplit('.') {
        address = (address << 8) | u32::from(octet.parse::<u8>().ok()?);
        count += 1;
    }
    (count == 4).then_some(address)
}
