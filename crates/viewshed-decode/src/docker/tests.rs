use viewshed_model::{DockerHost, Gap, GapReason, Position};

use super::*;

fn host() -> DockerHost {
    DockerHost {
        name: "h".to_owned(),
        ..DockerHost::default()
    }
}

fn place() -> Position {
    Position {
        file: "dump.json".to_owned(),
        line: 1,
    }
}

/// Gaps as `reason what`.
fn words(gaps: &[Gap]) -> Vec<String> {
    gaps.iter()
        .map(|gap| format!("{:?} {}", gap.reason, gap.what))
        .collect()
}

type Reader = fn(&mut DockerHost, &mut Vec<Gap>, &[u8]);

/// Reads `body`, and compares what `show` tells and the gaps.
fn check(read: Reader, body: &str, show: fn(&DockerHost) -> String, expected: &str, gaps: &[&str]) {
    let mut host = host();
    let mut found = Vec::new();
    read(&mut host, &mut found, body.as_bytes());
    assert_eq!(show(&host), expected, "{body}");
    assert_eq!(words(&found), gaps, "{body}");
}

fn container_names(host: &DockerHost) -> String {
    let names: Vec<String> = host
        .containers
        .iter()
        .map(|container| format!("{}={}", container.name, container.image))
        .collect();
    names.join(" ")
}

#[test]
fn listed_containers_have_their_own_name_and_not_an_alias() {
    check(
        containers,
        r#"[{"Id":"1","Names":["/web/db","/db"],"Image":"postgres:16"},
            {"Id":"2","Names":["/web"],"Image":"shop"}]"#,
        container_names,
        "db=postgres:16 web=shop",
        &[],
    );
}

#[test]
fn a_null_list_is_an_empty_one() {
    for read in [containers, images, networks, plugins] {
        check(read, "null", container_names, "", &[]);
    }
    check(
        volumes,
        r#"{"Volumes":null,"Warnings":null}"#,
        container_names,
        "",
        &[],
    );
}

#[test]
fn drivers_that_do_not_tell_their_volumes_are_a_gap() {
    check(
        volumes,
        r#"{"Volumes":[{"Name":"a","Driver":"local"}],"Warnings":["error while listing volumes of nfs"]}"#,
        |host| host.volumes[0].name.clone(),
        "a",
        &["NotCollected volumes of some drivers"],
    );
}

#[test]
fn a_broken_element_is_a_gap_and_its_neighbours_stay() {
    check(
        containers,
        r#"[{"Id":"1","Names":["/a"],"Image":"x"}, 7, {"Id":"2","Names":["/b"],"Image":["y"],"Mounts":{}}]"#,
        container_names,
        "a=x b=",
        &[
            "Malformed element 2 of containers",
            "Malformed fields `Image`, `Mounts` of `b` in containers",
        ],
    );
}

#[test]
fn what_stands_before_a_cut_is_kept() {
    check(
        containers,
        r#"[{"Id":"1","Names":["/a"],"Image":"x"},{"Id":"2","Na"#,
        container_names,
        "a=x",
        &["Truncated containers"],
    );
}

#[test]
fn garbage_is_a_gap() {
    for read in [
        containers, images, networks, volumes, version, info, disk_usage,
    ] {
        let mut gaps = Vec::new();
        read(&mut host(), &mut gaps, b"\x00<html>\xff");
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].reason, GapReason::Malformed);
    }
}

#[test]
fn an_error_object_in_place_of_a_list_says_its_message() {
    let mut gaps = Vec::new();
    containers(&mut host(), &mut gaps, br#"{"message":"page not found"}"#);
    assert!(gaps[0].detail.contains("page not found"), "{gaps:?}");
}

#[test]
fn gaps_of_a_hostile_list_are_counted_and_few() {
    let body = format!("[{}0]", "0,".repeat(10_000));
    let mut gaps = Vec::new();
    containers(&mut host(), &mut gaps, body.as_bytes());
    assert!(gaps.len() < 100);
    assert_eq!(gaps.iter().map(|gap| gap.count).sum::<u64>(), 10_001);
}

#[test]
fn only_published_ports_are_listed() {
    check(
        containers,
        r#"[{"Id":"1","Ports":[{"PrivatePort":80,"Type":"tcp"},
            {"IP":"127.0.0.1","PrivatePort":443,"PublicPort":8443,"Type":"tcp"}]}]"#,
        |host| format!("{:?}", host.containers[0].ports),
        "[PublishedPort { container_port: 443, protocol: \"tcp\", host_ip: \"127.0.0.1\", host_port: 8443 }]",
        &[],
    );
}

const INSPECTED: &str = r#"{
  "Id": "c1", "Name": "/cart", "Image": "sha256:00", "State": {"Status": "running"},
  "Config": {"Image": "shop/cart:1", "User": "1000", "ExposedPorts": {"2375/tcp": {}, "53/udp": {}}, "Labels": {"a": "b", "auth.token": "s3cret-value"},
    "Env": ["DB_PASSWORD=hunter2-hunter2", "DB_HOST=db.shop.svc", "PATH=/bin", "GONE"]},
  "HostConfig": {"Privileged": true, "NetworkMode": "host", "PidMode": "host", "CapAdd": ["SYS_ADMIN"],
    "Devices": [{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/xvda", "CgroupPermissions": "rwm"}],
    "SecurityOpt": ["apparmor=unconfined"], "UsernsMode": "host",
    "Tmpfs": {"/run": "size=1m"}, "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}},
  "Mounts": [
    {"Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/var/run/docker.sock", "RW": false},
    {"Type": "volume", "Name": "data", "Source": "/var/lib/docker/volumes/data/_data", "Destination": "/data", "RW": true}],
  "NetworkSettings": {"Ports": {}, "Networks": {"shop": {"IPAddress": "10.0.0.2"}}}
}"#;

#[test]
fn inspection_tells_everything_but_values() {
    let mut gaps = Vec::new();
    let container = container_inspect("h", &mut gaps, INSPECTED.as_bytes()).unwrap();
    assert!(gaps.is_empty(), "{gaps:?}");
    insta::assert_debug_snapshot!(container);
    let all = format!("{container:?}");
    assert!(!all.contains("hunter2") && !all.contains("s3cret"), "{all}");
}

#[test]
fn inspected_containers_replace_listed_ones() {
    let mut host = host();
    let mut gaps = Vec::new();
    containers(
        &mut host,
        &mut gaps,
        br#"[{"Id":"c1","Names":["/cart"]},{"Id":"c2","Names":["/db"]}]"#,
    );
    let inspected = container_inspect("h", &mut gaps, INSPECTED.as_bytes()).unwrap();
    add_inspected(&mut host, vec![inspected]);
    assert_eq!(container_names(&host), "cart=shop/cart:1 db=");
    assert!(host.containers[0].privileged);
}

#[test]
fn ports_of_podman_and_of_new_engines_are_read() {
    let body = r#"{"Id":"1","HostConfig":{},"Config":{"Env":null,"Labels":null},"Mounts":null,
        "NetworkSettings":{"Networks":null,"Ports":{"80/tcp":null,"53/udp":[{"HostIp":"::","HostPort":"5353"}]}}}"#;
    let mut gaps = Vec::new();
    let container = container_inspect("h", &mut gaps, body.as_bytes()).unwrap();
    assert!(gaps.is_empty(), "{gaps:?}");
    let port = &container.ports[0];
    assert_eq!(
        (port.container_port, port.host_port, port.protocol.as_str()),
        (53, 5353, "udp")
    );
}

#[test]
fn docker_inspect_output_of_every_kind_is_told_apart() {
    let text = format!(
        "[\n{INSPECTED},\n{}\n]",
        r#"{"Id":"sha256:1","RepoTags":["a:1","<none>:<none>"],"RootFS":{}},
           {"Name":"shop","Id":"n","Scope":"local","Driver":"bridge","Internal":true,
            "IPAM":{"Config":[{"Subnet":"10.0.0.0/24"}]},"Options":{"x":"y"}},
           {"Name":"data","Driver":"local","Mountpoint":"/v"},
           {"Id":"p","Name":"vol:latest","Enabled":true,"PluginReference":"vol"},
           {"ID":"n1","Spec":{"Role":"manager","Availability":"active"},"Description":{"Hostname":"alpha"}},
           {"ID":"s1","Spec":{"Name":"web","TaskTemplate":{"ContainerSpec":{"Image":"shop:1"}}}},
           {"ID":"t1","ServiceID":"s1","Spec":{"ContainerSpec":{"Image":"shop:1"}}},
           {"ID":"x1","Spec":{"Name":"db-password"}},
           {"ID":"f1","Spec":{"Name":"nginx","Data":"c2VjcmV0LXZhbHVl"}},
           {"name":"podman","driver":"bridge","network_interface":"podman0","internal":true,
            "subnets":[{"subnet":"10.88.0.0/16","gateway":"10.88.0.1"}]},
           {"Strange":1}"#
    );
    let mut host = host();
    let mut gaps = Vec::new();
    inspect(&mut host, &mut gaps, &place(), text.as_bytes());
    insta::assert_debug_snapshot!((
        &host.images,
        &host.networks,
        &host.volumes,
        &host.plugins,
        &host.swarm,
        words(&gaps)
    ));
    assert_eq!(host.containers[0].position.as_ref().unwrap().line, 2);
    assert!(!format!("{host:?}").contains("c2VjcmV0"));
}

#[test]
fn the_daemon_is_read_from_its_three_answers() {
    let mut host = host();
    let mut gaps = Vec::new();
    version(
        &mut host,
        &mut gaps,
        br#"{"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux",
            "Components":[{"Name":"Engine"}]}"#,
    );
    info(
        &mut host,
        &mut gaps,
        br#"{"ServerVersion":"20.10.24","OperatingSystem":"Debian GNU/Linux 12","Name":"alpha","Debug":true,
            "SecurityOptions":["name=rootless"],"Plugins":{"Authorization":["opa"]},
            "Warnings":["WARNING: API is accessible on http://0.0.0.0:2375 without encryption."],
            "Swarm":{"LocalNodeState":"active","ControlAvailable":true}}"#,
    );
    disk_usage(
        &mut host,
        &mut gaps,
        br#"{"LayersSize":100,"Containers":[{"SizeRw":5},{}],"Volumes":[{"UsageData":{"Size":-1}},{"UsageData":{"Size":7}}],
            "BuildCache":[{"Size":3,"Shared":true},{"Size":4}]}"#,
    );
    assert!(gaps.is_empty(), "{gaps:?}");
    insta::assert_debug_snapshot!(host.daemon);
}

#[test]
fn disk_usage_of_new_engines_is_summed_by_them() {
    check(
        disk_usage,
        r#"{"ImageUsage":{"TotalSize":9},"ContainerUsage":{},"VolumeUsage":{"TotalSize":2}}"#,
        |host| format!("{:?}", host.daemon.disk_usage),
        r#"[("images", 9), ("containers", 0), ("volumes", 2), ("build-cache", 0)]"#,
        &[],
    );
}

#[test]
fn podman_is_known_by_its_component() {
    check(
        version,
        r#"{"Components":[{"Name":"Podman Engine"},{"Name":"Conmon"}],"Version":"4.3.1","ApiVersion":"1.41"}"#,
        |host| format!("{} {}", host.daemon.product, host.daemon.version),
        "Podman 4.3.1",
        &[],
    );
}

/// `TestInfoFirewallBackend` of moby's `integration/system/info_linux_test.go`.
#[test]
fn the_firewall_is_the_one_that_runs_before_the_one_that_is_set() {
    let backend = |host: &DockerHost| host.daemon.firewall_backend.clone();
    let running =
        r#"{"FirewallBackend":{"Driver":"nftables","Info":[["EnableUserlandProxy","true"]]}}"#;
    check(info, running, backend, "nftables", &[]);
    check(info, "{}", backend, "", &[]);
    let mut host = host();
    let set = br#"{"firewall-backend":"nftables"}"#;
    daemon_config(&mut host, &mut Vec::new(), &place(), set);
    assert_eq!(backend(&host), "nftables");
    let running = br#"{"FirewallBackend":{"Driver":"iptables+firewalld"}}"#;
    info(&mut host, &mut Vec::new(), running);
    daemon_config(&mut host, &mut Vec::new(), &place(), set);
    assert_eq!(backend(&host), "iptables+firewalld");
}

#[test]
fn daemon_json_is_read_with_its_place() {
    let mut host = host();
    let mut gaps = Vec::new();
    daemon_config(
        &mut host,
        &mut gaps,
        &place(),
        br#"{"hosts":["tcp://0.0.0.0:2375"],"tls":false,"tlsverify":"yes","debug":true}"#,
    );
    assert_eq!(host.daemon.hosts, ["tcp://0.0.0.0:2375"]);
    assert_eq!(
        (host.daemon.tls, host.daemon.tls_verify),
        (Some(false), None)
    );
    assert_eq!(host.daemon.position.unwrap().file, "dump.json");
    assert_eq!(
        words(&gaps),
        ["Malformed fields `tlsverify` of the daemon's settings"]
    );
    assert_eq!(gaps[0].source, "dump.json");
}

#[test]
fn names_lose_control_characters() {
    check(
        containers,
        r#"[{"Id":"1","Names":["/we\u001b[31mb\u202e"],"Image":"a\nb"}]"#,
        container_names,
        "web=a b",
        &[],
    );
}

#[test]
fn order_does_not_depend_on_the_daemon() {
    let mut forward = host();
    let mut backward = host();
    let mut gaps = Vec::new();
    let (one, two) = (
        r#"{"Id":"1","Names":["/a"]}"#,
        r#"{"Id":"2","Names":["/b"]}"#,
    );
    containers(&mut forward, &mut gaps, format!("[{one},{two}]").as_bytes());
    containers(
        &mut backward,
        &mut gaps,
        format!("[{two},{one}]").as_bytes(),
    );
    sort(&mut forward);
    sort(&mut backward);
    assert_eq!(forward, backward);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let mut host = host();
        let mut gaps = Vec::new();
        for read in [containers, images, networks, volumes, plugins, version, info, disk_usage] {
            read(&mut host, &mut gaps, &bytes);
        }
        inspect(&mut host, &mut gaps, &place(), &bytes);
        container_inspect("h", &mut gaps, &bytes);
        for kind in SwarmKind::ALL {
            swarm(&mut host, &mut gaps, kind, &bytes);
        }
        compose::add_compose(&mut host, &mut gaps, "f", 1, &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn every_cut_of_an_inspection_is_read_without_panic(cut in 0..INSPECTED.len()) {
        let text = format!("[{INSPECTED}]");
        let mut gaps = Vec::new();
        inspect(&mut host(), &mut gaps, &place(), &text.as_bytes()[..cut]);
        proptest::prop_assert_eq!(gaps.len(), 1);
    }
}
