//! Real connections: which addresses a place has, and what answers there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;
use viewshed_bench::{DockerHost, run};

use super::world::{
    Container, HOST, METADATA_ADDRESS, PORTS, WORLD, WORLD_ADDRESS, WORLD_ADDRESS_V6,
};

/// The port of the engine's API.
pub(crate) const ENGINE_PORT: u16 = 2375;
/// Seconds in which a connection comes about; on one machine it takes a thousandth of that.
const PATIENCE_SECONDS: u32 = 2;

/// Connections that a place opens at the same time.
const ATTEMPTS_AT_ONCE: usize = 250;

/// An address and a port to connect to.
pub(crate) type Attempt = (String, u16);

/// A place as Docker itself describes it.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Who answers there: of containers that share a network, the one that it belongs to.
    pub(crate) answers_as: String,
    /// Its own addresses.
    addresses: Vec<String>,
    /// Ports of the host that lead to a port of it.
    published: BTreeMap<u16, BTreeSet<u16>>,
}

/// Every place, by name, and the addresses of the host.
pub(crate) struct Surroundings {
    pub(crate) places: BTreeMap<String, Known>,
    host_addresses: Vec<String>,
    /// Addresses and ports at which somebody listens.
    pub(crate) listening: BTreeSet<Attempt>,
}

impl Surroundings {
    /// Reads what `docker inspect` and `ip address` print.
    pub(crate) fn read(host: &DockerHost, containers: &[&Container]) -> Self {
        let mut inspect = vec!["inspect"];
        inspect.extend(containers.iter().map(|container| container.name));
        let printed = host.docker(&inspect).unwrap();
        let containers: Value = serde_json::from_str(&printed).unwrap();
        let containers = containers.as_array().unwrap();
        let by_id: BTreeMap<&str, &Value> = containers
            .iter()
            .map(|container| (text(&container["Id"]), container))
            .collect();
        let mut places = BTreeMap::new();
        let mut listening: BTreeSet<Attempt> = BTreeSet::new();
        let host_addresses = host_addresses(host);
        for container in containers {
            let mode = text(&container["HostConfig"]["NetworkMode"]);
            let owner = match mode.strip_prefix("container:") {
                Some(id) => by_id[id],
                None => container,
            };
            let known = if mode == "host" {
                its_own(HOST, host_addresses.clone())
            } else {
                of_container(owner)
            };
            places.insert(name(container).to_owned(), known);
            listening.extend(bound(container, &host_addresses));
        }
        places.insert(HOST.to_owned(), its_own(HOST, host_addresses.clone()));
        let outside = [WORLD_ADDRESS, WORLD_ADDRESS_V6].map(str::to_owned);
        places.insert(WORLD.to_owned(), its_own(WORLD, outside.into()));
        let metadata = vec![METADATA_ADDRESS.to_owned()];
        places.insert("metadata".to_owned(), its_own(WORLD, metadata));
        places.insert("docker".to_owned(), its_own("OK", host_addresses.clone()));
        for place in places.values() {
            let each = place.addresses.iter();
            let each = each.flat_map(|address| PORTS.map(|port| (address.clone(), port)));
            listening.extend(each);
        }
        listening.retain(|(address, _)| address != METADATA_ADDRESS);
        Self {
            places,
            host_addresses,
            listening,
        }
    }

    /// Every way from one place to a port of another that there could be.
    pub(crate) fn attempts(&self, from: &str, to: &str, port: u16) -> BTreeSet<Attempt> {
        let (source, target) = (&self.places[from], &self.places[to]);
        let mut attempts: BTreeSet<Attempt> = target
            .addresses
            .iter()
            .map(|address| (address.clone(), port))
            .collect();
        let is_host = source.answers_as == HOST;
        if source.answers_as == target.answers_as || is_host && to == "docker" {
            attempts.insert(("127.0.0.1".to_owned(), port));
        }
        let host_ports = target.published.get(&port).into_iter().flatten();
        for host_port in host_ports {
            let addresses = self.host_addresses.iter().map(String::as_str);
            // The world sends packets for the loopback addresses to the host.
            let loopback = (is_host || from == WORLD).then_some("127.0.0.1");
            for address in addresses.chain(loopback) {
                attempts.insert((address.to_owned(), *host_port));
            }
        }
        attempts
    }
}

/// Addresses and ports of the host that a container's ports are bound to.
fn bound(container: &Value, host_addresses: &[String]) -> Vec<Attempt> {
    let ports = container["NetworkSettings"]["Ports"].as_object();
    let bindings = ports.into_iter().flatten();
    let bindings = bindings.flat_map(|(_, bindings)| bindings.as_array().into_iter().flatten());
    let mut found = Vec::new();
    for binding in bindings {
        let Ok(port) = text(&binding["HostPort"]).parse::<u16>() else {
            continue;
        };
        let bound = text(&binding["HostIp"]);
        let is_there = |address: &&String| match bound {
            "0.0.0.0" => !address.contains(':'),
            "::" => address.contains(':'),
            one => *address == one,
        };
        let there = host_addresses.iter().filter(is_there);
        found.extend(there.map(|address| (address.clone(), port)));
    }
    found
}

fn its_own(answers_as: &str, addresses: Vec<String>) -> Known {
    Known {
        answers_as: answers_as.to_owned(),
        addresses,
        published: BTreeMap::new(),
    }
}

fn of_container(container: &Value) -> Known {
    let mut known = its_own(name(container), Vec::new());
    let settings = &container["NetworkSettings"];
    for network in settings["Networks"].as_object().unwrap().values() {
        for key in ["IPAddress", "GlobalIPv6Address"] {
            let address = text(&network[key]);
            if !address.is_empty() {
                known.addresses.push(address.to_owned());
            }
        }
    }
    // What was asked for counts too: that it was not done is for the attempts to show.
    for ports in [&settings["Ports"], &container["HostConfig"]["PortBindings"]] {
        for (port, bindings) in ports.as_object().into_iter().flatten() {
            let port = port.strip_suffix("/tcp").unwrap().parse().unwrap();
            let bindings = bindings.as_array().into_iter().flatten();
            let numbers =
                bindings.filter_map(|binding| text(&binding["HostPort"]).parse::<u16>().ok());
            known.published.entry(port).or_default().extend(numbers);
        }
    }
    known
}

fn host_addresses(host: &DockerHost) -> Vec<String> {
    let mut list = host.machine().command("ip");
    let printed = run(list.args(["-json", "address"])).unwrap();
    let links: Value = serde_json::from_str(&printed).unwrap();
    let addresses = links.as_array().unwrap().iter().flat_map(|link| {
        let own = link["addr_info"].as_array().into_iter().flatten();
        own.filter(|address| address["scope"] == "global")
    });
    addresses
        .map(|address| text(&address["local"]).to_owned())
        .collect()
}

/// Makes every attempt from one place, all at once; returns who answered.
pub(crate) fn connect(
    host: &DockerHost,
    from: &str,
    attempts: &BTreeSet<Attempt>,
) -> BTreeMap<Attempt, String> {
    // Sent to the engine alone: a place that answers at once would be cut short by what it has not read.
    let mut script = format!(
        "ask() {{
            heard=$(if [ $2 = {ENGINE_PORT} ]; then printf 'GET /_ping HTTP/1.0\\r\\n\\r\\n'; fi |
                $busybox nc -w {PATIENCE_SECONDS} $1 $2 2>/dev/null | $busybox tail -n 1)
            [ -z \"$heard\" ] || echo $1 $2 $heard
        }}\n"
    );
    for (number, (address, port)) in attempts.iter().enumerate() {
        let then = if number % ATTEMPTS_AT_ONCE == ATTEMPTS_AT_ONCE - 1 {
            "& wait"
        } else {
            "&"
        };
        writeln!(script, "ask {address} {port} {then}").unwrap();
    }
    script.push_str("wait\n");
    let on_machine = format!("busybox=busybox\n{script}");
    let printed = match from {
        HOST => run(host.machine().command("sh").args(["-c", &on_machine])),
        WORLD => {
            let mut command = host.machine().command("ip");
            run(command.args(["netns", "exec", WORLD, "sh", "-c", &on_machine]))
        }
        container => host.docker(&["exec", container, "sh", "-c", &script]),
    };
    let printed = printed.unwrap();
    printed
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().unwrap();
            let attempt = (word().to_owned(), word().parse().unwrap());
            (attempt, word().trim().to_owned())
        })
        .collect()
}

/// Ports to ask a place for.
pub(crate) fn ports_of(to: &str) -> &'static [u16] {
    match to {
        "docker" => &[ENGINE_PORT],
        "metadata" => &PORTS[..1],
        _ => &PORTS,
    }
}

fn name(container: &Value) -> &str {
    text(&container["Name"]).trim_start_matches('/')
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
