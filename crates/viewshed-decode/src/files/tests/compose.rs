//! Compose files that are read together. What the merged file holds was checked against the rules of
//! docs.docker.com, Compose file reference, "Merge Compose files" and "Extend your Compose file".

use viewshed_model::{DockerContainer, Estate};

use crate::files::FileSet;

const BASE: &str = "
services:
  web:
    image: nginx
    container_name: front
    networks: [edge]
    environment: {A: '1', B: '2'}
    ports: ['80:80']
    volumes: ['./data:/data', './conf:/conf']
  db: {image: postgres, networks: [back]}
networks:
  edge: {}
  back: {internal: true}
";

const OVERRIDE: &str = "
services:
  web:
    privileged: true
    networks: [back]
    environment: ['B=3', 'C=4']
    ports: ['80:80', '443:443']
    volumes: ['/var/run/docker.sock:/data']
  job: {image: curl, networks: [back]}
networks:
  back: {enable_ipv6: true}
";

fn describe(container: &DockerContainer) -> String {
    let mut env: Vec<&str> = container.env.iter().map(|one| one.name.as_str()).collect();
    env.sort_unstable();
    let mut networks: Vec<&str> = container
        .networks
        .iter()
        .map(|one| one.0.as_str())
        .collect();
    networks.sort_unstable();
    let mut ports: Vec<u16> = container.ports.iter().map(|one| one.host_port).collect();
    ports.sort_unstable();
    let mut mounts: Vec<String> = container
        .mounts
        .iter()
        .map(|one| format!("{}:{}", one.source, one.destination))
        .collect();
    mounts.sort_unstable();
    let line = container.position.as_ref().map_or(0, |place| place.line);
    format!(
        "{} line {line} on {} env {} ports {ports:?} mounts {}{}",
        container.name,
        networks.join(","),
        env.join(","),
        mounts.join(","),
        if container.privileged {
            " privileged"
        } else {
            ""
        }
    )
}

fn described(estate: &Estate) -> Vec<String> {
    let hosts = estate.docker_hosts.iter();
    hosts
        .flat_map(|host| {
            let containers = host.containers.iter().map(describe);
            let networks = host.networks.iter().map(|one| {
                format!(
                    "network {} internal {} ipv6 {:?}",
                    one.name, one.internal, one.has_ipv6
                )
            });
            let all = std::iter::once(format!("host {}", host.name));
            all.chain(containers).chain(networks).collect::<Vec<_>>()
        })
        .collect()
}

fn read(mut set: FileSet, files: &[(&str, &str)]) -> Estate {
    for (path, text) in files {
        set.add(path, text.as_bytes());
    }
    set.finish()
}

const MERGED: [&str; 6] = [
    "host HOST",
    "db line 10 on back env  ports [] mounts ",
    "front line 3 on back,edge env A,B,C ports [80, 443] mounts ./conf:/conf,/var/run/docker.sock:/data privileged",
    "job line 9 on back env  ports [] mounts ",
    "network back internal true ipv6 Some(true)",
    "network edge internal false ipv6 None",
];

fn merged(host: &str) -> Vec<String> {
    MERGED.map(|line| line.replace("HOST", host)).to_vec()
}

#[test]
fn an_override_file_is_laid_over_the_file_beside_it() {
    for (base, over) in [
        ("shop/compose.yaml", "shop/compose.override.yaml"),
        (
            "shop/docker-compose.yml",
            "shop/docker-compose.override.yml",
        ),
        ("shop/docker-compose.yml", "shop/compose.override.yaml"),
        ("shop/web.yml", "shop/web.override.yml"),
    ] {
        for files in [
            [(base, BASE), (over, OVERRIDE)],
            [(over, OVERRIDE), (base, BASE)],
        ] {
            let estate = read(FileSet::of_folder("shop"), &files);
            assert_eq!(described(&estate), merged("shop"), "{files:?}");
            assert_eq!(estate.gaps, []);
        }
    }
}

#[test]
fn files_named_one_by_one_are_laid_over_each_other_in_their_order() {
    let files = [("a/compose.yaml", BASE), ("a/prod.yaml", OVERRIDE)];
    let estate = read(FileSet::new("2 files"), &files);
    assert_eq!(described(&estate), merged("2 files"));
    // Of two folders each is a project of its own, on one host.
    let files = [
        ("a/x.yaml", BASE),
        ("b/x.yaml", "services:\n  web: {image: redis}\n"),
    ];
    let estate = read(FileSet::new("2 files"), &files);
    let names: Vec<&str> = estate.docker_hosts[0]
        .containers
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(estate.gaps, []);
    assert_eq!(names, ["db", "front", "web"]);
}

#[test]
fn an_override_of_nothing_but_additions_needs_its_base() {
    let more = "services:\n  web: {volumes: ['/:/host']}\n";
    let files = [
        ("shop/compose.yaml", BASE),
        ("shop/compose.override.yaml", more),
    ];
    let estate = read(FileSet::of_folder("shop"), &files);
    let web = estate.docker_hosts[0]
        .containers
        .iter()
        .find(|one| one.name == "front");
    assert!(describe(web.unwrap()).contains("/:/host"));

    let files = [
        ("shop/compose.yaml", BASE),
        ("shop/compose.prod.yaml", more),
    ];
    let estate = read(FileSet::of_folder("shop"), &files);
    assert_eq!(estate.docker_hosts.len(), 1, "{:?}", described(&estate));
    let told: Vec<&str> = estate.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert!(
        told.contains(&"read the services of `shop/compose.prod.yaml`"),
        "{told:?}"
    );
}

#[test]
fn what_a_service_extends_is_merged_with_its_own() {
    let text = "
services:
  api: {image: x, networks: [back], cap_add: [NET_ADMIN]}
  both: {extends: {service: api}, networks: {front: {ipv4_address: 10.0.0.9}}}
  host: {extends: api, network_mode: host}
networks: {front: {}, back: {}}
";
    let estate = read(FileSet::new("x"), &[("x.yaml", text)]);
    let containers = &estate.docker_hosts[0].containers;
    let networks: Vec<_> = containers
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.network_mode.as_str(),
                one.networks.clone(),
            )
        })
        .collect();
    let on = |name: &str, address: &str| (name.to_owned(), address.to_owned());
    let both = vec![on("back", ""), on("front", "10.0.0.9")];
    let expected = [
        ("api", "", vec![on("back", "")]),
        ("both", "", both),
        ("host", "host", vec![]),
    ];
    assert_eq!(networks, expected);
    assert!(
        containers
            .iter()
            .all(|one| one.added_capabilities == ["NET_ADMIN"])
    );
}

#[test]
fn tags_that_take_away_are_a_gap() {
    let over = "services:\n  web:\n    ports: !reset []\n    networks: !override [back]\n";
    let files = [
        ("shop/compose.yaml", BASE),
        ("shop/compose.override.yaml", over),
    ];
    let estate = read(FileSet::of_folder("shop"), &files);
    let told: Vec<&str> = estate.gaps.iter().map(|gap| gap.what.as_str()).collect();
    let expected = "what `!reset` and `!override` of `shop/compose.override.yaml` take away";
    assert_eq!(told, [expected]);
}
