//! The networks and containers of one Docker host, and the world around it.

use viewshed_bench::{DockerHost, Image, run, wait_until};

use std::time::Duration;

/// The address of the machine that stands for the world; it is on the Docker host's own link, and every
/// address that is not its own leads it to the Docker host.
pub(crate) const WORLD_ADDRESS: &str = "192.0.2.2";
/// The same in IPv6.
pub(crate) const WORLD_ADDRESS_V6: &str = "fd00:99::2";
/// The address that clouds answer with metadata on.
pub(crate) const METADATA_ADDRESS: &str = "169.254.169.254";
/// The name of the world's network namespace on the Docker host's machine.
pub(crate) const WORLD: &str = "world";
/// The name under which the host itself answers.
pub(crate) const HOST: &str = "host";
/// Ports that every place answers on with its name. Containers publish the first one, if any.
pub(crate) const PORTS: [u16; 2] = [80, 81];

const GATEWAY_MODE: &str = "com.docker.network.bridge.gateway_mode_ipv4";
const GATEWAY_MODE_V6: &str = "com.docker.network.bridge.gateway_mode_ipv6";
const ICC: &str = "com.docker.network.bridge.enable_icc=false";
const LIMIT: Duration = Duration::from_secs(20);

/// Which networks and containers a host gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All that every engine makes.
    Old,
    /// Those too that only new engines make.
    New,
    /// Those of the engine's default network.
    DefaultNetwork,
}

/// A network: its name and the arguments that make it.
pub(crate) struct Network {
    name: &'static str,
    arguments: Vec<String>,
}

/// A container: its name, the arguments that make it, and networks that it joins later.
pub(crate) struct Container {
    pub(crate) name: &'static str,
    arguments: &'static [&'static str],
    joins: &'static [&'static str],
}

fn network(name: &'static str, arguments: &[&str]) -> Network {
    Network {
        name,
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
    }
}

/// Networks of every kind; an old engine makes them too, and does not heed the options that it does not
/// know.
fn networks(extent: Extent) -> Vec<Network> {
    let mode = |mode: &str| format!("--opt={GATEWAY_MODE}={mode}");
    let mode_v6 = |mode: &str| format!("--opt={GATEWAY_MODE_V6}={mode}");
    let mut networks = vec![
        network("front", &[]),
        network("back", &[]),
        network("quiet", &["--opt", ICC]),
        network("inner", &["--internal"]),
        network("mute", &["--internal", "--opt", ICC]),
        network("routed", &[&mode("routed")]),
        network("open", &[&mode("nat-unprotected")]),
        network("isolated", &["--internal", &mode("isolated")]),
        network("dual", &["--ipv6", "--subnet=fd00:d0::/64"]),
        network("dual2", &["--ipv6", "--subnet=fd00:d2::/64"]),
        network(
            "dualrouted",
            &["--ipv6", "--subnet=fd00:d4::/64", &mode_v6("routed")],
        ),
        network("inner6", &["--internal", "--ipv6", "--subnet=fd00:d5::/64"]),
        network("quiet6", &["--ipv6", "--subnet=fd00:d6::/64", "--opt", ICC]),
        network(
            "open6",
            &[
                "--ipv6",
                "--subnet=fd00:d7::/64",
                &mode_v6("nat-unprotected"),
            ],
        ),
        network("routedquiet", &[&mode("routed"), "--opt", ICC]),
        network("openquiet", &[&mode("nat-unprotected"), "--opt", ICC]),
        network(
            "link",
            &[
                "--driver=macvlan",
                "--opt=parent=host0",
                "--subnet=192.0.2.0/24",
                "--gateway=192.0.2.2",
                "--ip-range=192.0.2.64/26",
            ],
        ),
    ];
    match extent {
        Extent::Old => {}
        Extent::New => networks.push(network(
            "only6",
            &[
                "--opt=com.docker.network.enable_ipv4=false",
                "--ipv6",
                "--subnet=fd00:d8::/64",
            ],
        )),
        Extent::DefaultNetwork => networks.clear(),
    }
    networks
}

const fn container(name: &'static str, arguments: &'static [&'static str]) -> Container {
    Container {
        name,
        arguments,
        joins: &[],
    }
}

/// The containers of a host, in the order in which they start.
pub(crate) fn containers(extent: Extent) -> Vec<&'static Container> {
    let of_default = DEFAULT_NETWORK.iter();
    match extent {
        Extent::Old => of_default.chain(CONTAINERS).collect(),
        Extent::New => of_default.chain(CONTAINERS).chain(ONLY_NEW).collect(),
        Extent::DefaultNetwork => of_default.collect(),
    }
}

/// Containers of the default network.
const DEFAULT_NETWORK: &[Container] = &[
    container("bare", &[]),
    container("bare-pub", &["--publish=8001:80"]),
    container("linked", &["--link=bare:peer"]),
    container("exposing", &["--expose=80"]),
    container("linked2", &["--link=exposing:peer"]),
    container("root", &["--network=host"]),
];

/// Containers that only new engines make.
const ONLY_NEW: &[Container] = &[
    container("only6a", &["--network=only6"]),
    container("only6b", &["--network=only6", "--publish=8017:80"]),
];

/// Containers in every situation.
const CONTAINERS: &[Container] = &[
    container("web", &["--network=front"]),
    Container {
        name: "api",
        arguments: &["--network=front"],
        joins: &["back"],
    },
    container("db", &["--network=back", "--publish=8002:80"]),
    container("local", &["--network=back", "--publish=127.0.0.1:8003:80"]),
    container("nic", &["--network=back", "--publish=192.0.2.1:8004:80"]),
    container("plain", &["--network=back"]),
    container("q1", &["--network=quiet"]),
    container("q2", &["--network=quiet", "--publish=8005:80"]),
    Container {
        name: "q3",
        arguments: &["--network=quiet"],
        joins: &["front"],
    },
    container("in1", &["--network=inner"]),
    container("in2", &["--network=inner", "--publish=8006:80"]),
    Container {
        name: "in3",
        arguments: &["--network=inner"],
        joins: &["back"],
    },
    container("mute1", &["--network=mute"]),
    container("mute2", &["--network=mute"]),
    container("r1", &["--network=routed"]),
    container("r2", &["--network=routed", "--publish=8007:80"]),
    container("o1", &["--network=open"]),
    container("o2", &["--network=open", "--publish=8008:80"]),
    container("o3", &["--network=open", "--publish=127.0.0.1:8009:80"]),
    container("iso1", &["--network=isolated"]),
    container("iso2", &["--network=isolated"]),
    container("six", &["--network=dual", "--publish=8010:80"]),
    container("six2", &["--network=dual"]),
    container("six3", &["--network=dual2"]),
    container("six4", &["--network=dualrouted", "--publish=8011:80"]),
    container("lan1", &["--network=link"]),
    container("lan2", &["--network=link"]),
    container("side", &["--network=container:web"]),
    container("side-db", &["--network=container:db"]),
    container("none", &["--network=none"]),
    container("side-none", &["--network=container:none"]),
    container("in6a", &["--network=inner6"]),
    container("in6b", &["--network=inner6", "--publish=8013:80"]),
    Container {
        name: "in6c",
        arguments: &["--network=inner6"],
        joins: &["front"],
    },
    container("q6a", &["--network=quiet6"]),
    container("q6b", &["--network=quiet6", "--publish=8014:80"]),
    container("o6", &["--network=open6"]),
    container("rq1", &["--network=routedquiet", "--publish=8015:80"]),
    container("rq2", &["--network=routedquiet"]),
    container("oq1", &["--network=openquiet", "--publish=8016:80"]),
    container("oq2", &["--network=openquiet"]),
    Container {
        name: "rt-open",
        arguments: &["--network=routed"],
        joins: &["open"],
    },
    container("gone", &["--network=front", "--publish=8012:80"]),
];

/// Fills a host, and starts whatever answers.
pub(crate) fn fill(host: &DockerHost, extent: Extent) {
    around(host);
    for network in networks(extent) {
        let mut arguments = vec!["network", "create"];
        arguments.extend(network.arguments.iter().map(String::as_str));
        arguments.push(network.name);
        host.docker(&arguments).unwrap();
    }
    for container in containers(extent) {
        let name = format!("--name={}", container.name);
        let answering = answering("", container.name);
        let shares = container
            .arguments
            .iter()
            .any(|argument| argument.contains("container:") || *argument == "--network=host");
        // Who shares a network finds its ports in use by the one that they belong to.
        let command = if shares { "" } else { &answering };
        let command = format!("{command} sleep 2147483647");
        let mut arguments = vec![name.as_str()];
        arguments.extend(container.arguments);
        arguments.extend([Image::BASE, "sh", "-c", &command]);
        host.run_container(&arguments).unwrap();
        for network in container.joins {
            host.docker(&["network", "connect", network, container.name])
                .unwrap();
        }
    }
    if extent != Extent::DefaultNetwork {
        host.docker(&["kill", "gone"]).unwrap();
        host.docker(&["wait", "gone"]).unwrap();
    }
}

/// Shell text that answers on every port with a name, in the background.
fn answering(busybox: &str, name: &str) -> String {
    let each = PORTS.map(|port| {
        format!("{busybox} nc -ll -p {port} -e {busybox} echo {name} </dev/null >/dev/null 2>&1 & ")
    });
    each.concat()
}

/// The world on the other end of the machine's cable, and what answers there and on the host.
fn around(host: &DockerHost) {
    let machine = host.machine();
    let there = answering("ip netns exec world busybox", WORLD)
        .replace("-e ip netns exec world busybox", "-e busybox");
    let here = answering("busybox", HOST);
    let script = format!(
        "ip netns add {WORLD}
         ip link set host1 netns {WORLD}
         for links in all default; do echo 1 >/proc/sys/net/ipv6/conf/$links/forwarding; done
         ip address add fd00:99::1/64 dev host0 nodad
         world() {{ ip -n {WORLD} \"$@\"; }}
         world link set host1 up
         world address add {WORLD_ADDRESS}/24 dev host1
         world address add {WORLD_ADDRESS_V6}/64 dev host1 nodad
         world address add {METADATA_ADDRESS}/32 dev host1
         world route add default via 192.0.2.1
         world -6 route add default via fd00:99::1
         ip netns exec {WORLD} sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
         world route add 127.0.0.0/8 via 192.0.2.1 src {WORLD_ADDRESS}
         ip route add {METADATA_ADDRESS} dev host0
         {there}
         {here}"
    );
    run(machine.command("sh").args(["-e", "-c", &script])).unwrap();
    wait_until("the world's answers", LIMIT, || {
        let mut ask = machine.command("busybox");
        ask.args(["nc", "-w", "1", WORLD_ADDRESS, "80"]);
        Ok(run(&mut ask).ok().filter(|text| text.contains(WORLD)))
    })
    .unwrap();
}
