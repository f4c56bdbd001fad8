use serde_json::Value;
use viewshed_model::{DockerContainer, DockerHost, Gap, Tell};

use super::{add_compose, is_compose};

fn read(text: &str) -> (DockerHost, Vec<Gap>) {
    let mut host = DockerHost::default();
    let mut gaps = Vec::new();
    add_compose(&mut host, &mut gaps, "compose.yaml", 1, text);
    (host, gaps)
}

/// One service's body without indentation; the file must be read without gaps.
fn service(body: &str) -> DockerContainer {
    let indented: Vec<String> = body.lines().map(|line| format!("    {line}")).collect();
    let indented = indented.join("\n");
    let (host, gaps) = read(&format!("services:\n  web:\n    image: x\n{indented}\n"));
    assert_eq!(gaps, [], "{body}");
    host.containers.into_iter().next().unwrap()
}

/// Ports as `IP:HOST->CONTAINER/PROTOCOL`.
fn check_ports(entry: &str, expected: &[&str]) {
    let container = service(&format!("ports:\n  - {entry}"));
    let ports: Vec<String> = container
        .ports
        .iter()
        .map(|port| {
            format!(
                "{}:{}->{}/{}",
                port.host_ip, port.host_port, port.container_port, port.protocol
            )
        })
        .collect();
    assert_eq!(ports, expected, "{entry}");
}

#[test]
fn ports_are_read_in_every_form_of_the_specification() {
    check_ports("\"3000\"", &[":0->3000/tcp"]);
    check_ports("3000", &[":0->3000/tcp"]);
    check_ports("3000-3001", &[":0->3000/tcp", ":0->3001/tcp"]);
    check_ports("8000:80", &[":8000->80/tcp"]);
    check_ports("\"22:22\"", &[":22->22/tcp"]);
    check_ports("22:22", &[":22->22/tcp"]);
    check_ports(
        "\"9090-9091:8080-8081\"",
        &[":9090->8080/tcp", ":9091->8081/tcp"],
    );
    check_ports("\"3000-3005:80\"", &[":0->80/tcp"]);
    check_ports("\"127.0.0.1:8001:80\"", &["127.0.0.1:8001->80/tcp"]);
    check_ports("\"127.0.0.1::80\"", &["127.0.0.1:0->80/tcp"]);
    check_ports("\"[::1]:6001:6001\"", &["::1:6001->6001/tcp"]);
    check_ports("\"::1:6001:6001\"", &["::1:6001->6001/tcp"]);
    check_ports("\"6060:6060/udp\"", &[":6060->6060/udp"]);
    check_ports("\"${HTTP:-8080}:80\"", &[":8080->80/tcp"]);
    check_ports("\"${BIND:-127.0.0.1}:1:2\"", &["127.0.0.1:1->2/tcp"]);
    check_ports(
        "{target: 80, published: \"8080\", host_ip: 127.0.0.1, protocol: udp, mode: host}",
        &["127.0.0.1:8080->80/udp"],
    );
    check_ports("{target: 80, published: 8080}", &[":8080->80/tcp"]);
    check_ports("{target: 80}", &[":0->80/tcp"]);
}

#[test]
fn too_many_ports_are_counted() {
    let (host, gaps) = read(
        "services:\n  a: {image: x, ports: ['1-65535']}\n  b: {image: x, ports: ['1-65535']}\n",
    );
    let kept: usize = host.containers.iter().map(|c| c.ports.len()).sum();
    assert_eq!(kept, 65_536);
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].detail.starts_with("65534 "), "{gaps:?}");
}

/// Mounts as `KIND SOURCE->DESTINATION`, with `ro` after it.
fn check_mounts(entry: &str, expected: &str) {
    let container = service(&format!("volumes:\n  - {entry}"));
    let mount = &container.mounts[0];
    let shown = format!(
        "{} {}->{}{}",
        mount.kind,
        mount.source,
        mount.destination,
        if mount.read_only { " ro" } else { "" }
    );
    assert_eq!(shown, expected, "{entry}");
}

#[test]
fn mounts_are_read_in_every_form() {
    check_mounts("/data", "volume ->/data");
    check_mounts("db:/data", "volume db->/data");
    check_mounts("db:/data:ro,z", "volume db->/data ro");
    check_mounts(
        "/var/run/docker.sock:/var/run/docker.sock:ro",
        "bind /var/run/docker.sock->/var/run/docker.sock ro",
    );
    check_mounts("./conf:/etc/app", "bind ./conf->/etc/app");
    check_mounts("~/x:/y", "bind ~/x->/y");
    check_mounts("'C:\\data:/data'", "bind C:\\data->/data");
    check_mounts(
        "\"${SOCK:-/var/run/docker.sock}:/s\"",
        "bind /var/run/docker.sock->/s",
    );
    check_mounts(
        "{type: bind, source: /, target: /host, read_only: true}",
        "bind /->/host ro",
    );
    check_mounts("{type: tmpfs, target: /t}", "tmpfs ->/t");
}

fn env(container: &DockerContainer) -> Vec<(&str, &[Tell])> {
    container
        .env
        .iter()
        .map(|variable| (variable.name.as_str(), variable.tells.as_slice()))
        .collect()
}

#[test]
fn variables_are_judged_and_their_values_dropped() {
    let list = service(
        "environment:\n  - DB_PASSWORD=hunter2\n  - DB_HOST=db\n  - API_TOKEN\n  - MODE=fast\n  - EMPTY=",
    );
    let map = service(
        "environment:\n  DB_PASSWORD: hunter2\n  DB_HOST: db\n  API_TOKEN:\n  MODE: 1.10\n  EMPTY: ''",
    );
    for container in [&list, &map] {
        let mut found = env(container);
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("API_TOKEN", &[Tell::Credential][..]),
                ("DB_HOST", &[Tell::ServiceAddress]),
                ("DB_PASSWORD", &[Tell::Credential]),
                ("EMPTY", &[]),
                ("MODE", &[]),
            ]
        );
        assert!(!format!("{container:?}").contains("hunter2"));
    }
}

#[test]
fn rights_and_names_are_read() {
    let container = service(
        "container_name: front\nprivileged: true\nnetwork_mode: host\npid: host\nuser: 0\ncap_add: [ALL]\nprofiles: [debug]\nlabels: [a=b, api.token=abcdef]",
    );
    assert_eq!(container.name, "front");
    assert!(container.privileged);
    assert_eq!(
        (
            container.network_mode.as_str(),
            container.pid_mode.as_str(),
            container.user.as_str()
        ),
        ("host", "host", "0")
    );
    assert_eq!(container.added_capabilities, ["ALL"]);
    assert_eq!(container.profiles, ["debug"]);
    assert_eq!(container.labels["a"], "b");
    assert_eq!(container.labels["api.token"], "");
    assert_eq!(container.networks, []);
}

/// compose-spec `05-services.md`: `devices`, `security_opt`, `userns_mode`, `expose`.
#[test]
fn what_a_container_may_use_of_its_host_is_read() {
    let container = service(
        "devices: ['/dev/sda:/dev/xvda:rwm', { source: /dev/sdb }, vendor.com/device=gpu]\n\
         security_opt: ['apparmor:unconfined']\nuserns_mode: host\nexpose: ['2375', 2376, '53/udp']",
    );
    assert_eq!(container.devices, ["/dev/sda", "/dev/sdb"]);
    assert_eq!(container.security_options, ["apparmor:unconfined"]);
    assert_eq!(container.user_namespace_mode, "host");
    assert_eq!(container.exposed_ports, [2375, 2376]);
}

#[test]
fn services_have_the_line_of_their_name() {
    let text =
        "# shop\nx-base: &base\n  image: x\nservices:\n  web:\n    <<: *base\n\n  db: {image: y}\n";
    let mut host = DockerHost::default();
    let mut gaps = Vec::new();
    add_compose(&mut host, &mut gaps, "shop.yaml", 11, text);
    let places: Vec<(&str, &str, u32)> = host
        .containers
        .iter()
        .map(|c| {
            let position = c.position.as_ref().unwrap();
            (c.name.as_str(), c.image.as_str(), position.line)
        })
        .collect();
    assert_eq!(places, [("web", "x", 15), ("db", "y", 18)]);
    assert_eq!(gaps, []);
}

#[test]
fn the_first_format_has_services_at_the_top() {
    let (host, gaps) = read("web:\n  image: x\n  net: host\ndb:\n  build: .\n");
    assert_eq!(gaps, []);
    assert_eq!(host.containers.len(), 2);
    assert_eq!(host.containers[0].network_mode, "host");
}

#[test]
fn networks_volumes_secrets_and_configs_are_listed_by_name() {
    let (host, gaps) = read(
        "services:
  web:
    image: x
    networks:
      back: {ipv4_address: 10.1.0.5}
  db: {image: y}
networks:
  back:
    name: shop-back
    driver: overlay
    internal: true
    ipam: {config: [{subnet: 10.1.0.0/24}]}
  front:
    external: {name: edge}
volumes:
  data:
  cache: {driver: nfs}
secrets:
  password: {file: ./secret.txt}
configs:
  nginx: {content: \"listen 80\"}
",
    );
    assert_eq!(gaps, []);
    assert_eq!(
        host.containers[0].networks,
        [("shop-back".to_owned(), "10.1.0.5".to_owned())]
    );
    assert_eq!(
        host.containers[1].networks,
        [("default".to_owned(), String::new())]
    );
    let networks: Vec<&str> = host.networks.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(networks, ["shop-back", "edge", "default"]);
    assert!(host.networks[0].internal);
    assert_eq!(host.networks[0].subnets, ["10.1.0.0/24"]);
    let volumes: Vec<&str> = host.volumes.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(volumes, ["cache", "data"]);
    let swarm: Vec<&str> = host.swarm.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(swarm, ["password", "nginx"]);
    assert!(!format!("{host:?}").contains("listen 80"));
}

#[test]
fn a_service_takes_over_what_it_extends() {
    let (host, gaps) = read(
        "services:
  base:
    image: x
    privileged: true
    environment: {A: '1', B: '2'}
    volumes: ['/var/run/docker.sock:/s']
  middle: {extends: base, environment: [B=3]}
  web: {extends: {service: middle}, image: y}
  safe: {extends: base, privileged: false}
",
    );
    assert_eq!(gaps, []);
    let web = &host.containers[2];
    assert_eq!(web.image, "y");
    assert!(web.privileged);
    let mut names: Vec<&str> = web.env.iter().map(|v| v.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["A", "B"]);
    assert_eq!(web.mounts[0].source, "/var/run/docker.sock");
    assert!(!host.containers[3].privileged);
}

#[test]
fn a_default_counts_and_a_variable_without_one_is_a_gap() {
    let (host, gaps) = read(
        "services:
  agent:
    image: x:${TAG}
    privileged: ${ROOT:-true}
    environment: ['URL=${URL}']
    volumes:
      - ${A:-/var/run/docker.sock}:/a
      - ${B-/var/run/docker.sock}:/b
      - ${ROOT_FOLDER:-}/var/run/docker.sock:/c
      - {type: bind, source: '${D:-/var/run/docker.sock}', target: /d}
      - $E:/e
      - ${F}:/f
    ports: ['${HTTP}:80']
",
    );
    assert_eq!(host.containers[0].ports[0].host_port, 0);
    let agent = &host.containers[0];
    assert!(agent.privileged);
    let sources: Vec<&str> = agent.mounts.iter().map(|one| one.source.as_str()).collect();
    let socket = "/var/run/docker.sock";
    assert_eq!(sources, [socket, socket, socket, socket, "$E", "${F}"]);
    let told: Vec<&str> = gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(told, ["variables `E`, `F`, `HTTP` of `compose.yaml`"]);
}

#[test]
fn the_values_of_a_chart_are_no_services() {
    let is = |text: &str| {
        is_compose(
            "shop.yaml",
            serde_json::from_str::<Value>(text)
                .unwrap()
                .as_object()
                .unwrap(),
        )
    };
    assert!(is(r#"{"web": {"image": "nginx"}, "db": {"build": "."}}"#));
    assert!(!is(
        r#"{"web": {"image": {"repository": "nginx", "tag": "1"}}}"#
    ));
    assert!(!is(
        r#"{"data": {"image": {"name": "x"}, "namespace": "a"}}"#
    ));
}

#[test]
fn volumes_from_brings_the_socket_along() {
    let (host, gaps) = read(
        "services:
  agent: {image: x, volumes: ['/run/docker.sock:/s']}
  web: {image: y, volumes_from: ['agent:ro']}
",
    );
    assert_eq!(gaps, []);
    assert_eq!(host.containers[1].mounts[0].source, "/run/docker.sock");
    assert!(host.containers[1].mounts[0].read_only);
}

#[test]
fn what_stands_in_other_files_is_a_gap() {
    let (host, gaps) = read(
        "include: [other.yaml, {path: [a.yaml, b.yaml]}]
services:
  web:
    image: x
    env_file: [.env, {path: extra.env, required: false}]
    extends: {file: base.yaml, service: base}
  loop: {image: x, extends: loop}
  lost: {image: x, extends: nobody, volumes_from: ['container:old']}
",
    );
    let words: Vec<&str> = gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(
        words,
        [
            "services of the included file `other.yaml`",
            "services of the included file `a.yaml`",
            "services of the included file `b.yaml`",
            "variables of env_file `.env` for service `web`",
            "variables of env_file `extra.env` for service `web`",
            "service `base` that `web` extends",
            "service `loop` that `loop` extends",
            "service `nobody` that `lost` extends",
            "mounts that `lost` takes from `container:old`",
        ]
    );
    assert_eq!(host.containers.len(), 3);
    assert_eq!(host.containers[0].env_files, [".env", "extra.env"]);
}

/// The file keeps `services`, and the gaps say `words`.
fn check_broken(text: &str, services: &str, words: &[&str]) {
    let (host, gaps) = read(text);
    let names: Vec<&str> = host.containers.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names.join(" "), services, "{text}");
    let found: Vec<String> = gaps
        .iter()
        .map(|gap| format!("{:?} {}", gap.reason, gap.what))
        .collect();
    assert_eq!(found, words, "{text}");
}

#[test]
fn broken_parts_are_named_and_the_rest_is_read() {
    check_broken(
        "services:\n  web: 7\n  db: {image: x, ports: [abc], volumes: 3}\n",
        "db",
        &[
            "Malformed service `web`",
            "Malformed fields `ports`, `volumes` of service `db`",
        ],
    );
    check_broken(
        "services:\n  a: {image: x}\n  b: [\n",
        "",
        &["Malformed compose file `compose.yaml`, line 3"],
    );
    check_broken(
        "services:\n  a: {image: x, image: y}\n",
        "a",
        &["Malformed keys that stand twice in `compose.yaml`"],
    );
    check_broken("services:\n", "", &[]);
    check_broken(
        "services: 7\n",
        "",
        &["Malformed compose file `compose.yaml`, line 1"],
    );
    check_broken(
        "7\n",
        "",
        &["Malformed compose file `compose.yaml`, line 1"],
    );
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut lines = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
    for level in 1..12 {
        let reference = format!("*a{}, ", level - 1).repeat(10);
        lines.push(format!("a{level}: &a{level} [{reference}]"));
    }
    lines.push("services:\n  web: {image: x, environment: *a11}\n".to_owned());
    let (host, gaps) = read(&lines.join("\n"));
    assert!(host.containers.is_empty());
    assert_eq!(gaps.len(), 1, "{gaps:?}");
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!(
        "services:\n  web: {}x{}\n",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let (_, gaps) = read(&text);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
}

#[test]
fn a_chain_of_inheritance_is_bounded() {
    let variables: Vec<String> = (0..2_000).map(|n| format!("V{n}: x")).collect();
    let variables = variables.join(", ");
    let mut lines = vec![format!(
        "services:\n  base: {{image: x, environment: {{{variables}}}}}"
    )];
    lines.extend((0..200).map(|n| format!("  s{n}: {{extends: base}}")));
    let (host, gaps) = read(&lines.join("\n"));
    let kept: usize = host.containers.iter().map(|c| c.env.len()).sum();
    assert_eq!(kept, 2_000 + 50 * 2_000);
    assert_eq!(gaps.iter().map(|gap| gap.count).sum::<u64>(), 150);
}
