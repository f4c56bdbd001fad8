use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use viewshed_model::{
    Cluster, ConfigKind, ConfigNames, Container, DockerContainer, DockerHost, EnvName, Estate, Gap,
    GapReason, Meta, Namespace, Node, OtherObject, Pod, PodSpec, PodVolume, PolicyRule, Position,
    Role, RoleBinding, RoleReference, Source, SourceKind, Subject, SubjectKind, Tell,
    TokenProjection, VolumeSource,
};

use super::{LINE_BYTES_MAX, read, write};
use crate::DecodeError;

fn bytes_of(estate: &Estate) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(estate, "viewshed test", &mut bytes).unwrap();
    bytes
}

/// A snapshot of these lines, header and trailer included by the caller.
fn compressed(lines: &[&str]) -> Vec<u8> {
    zstd::encode_all(lines.join("\n").as_bytes(), 1).unwrap()
}

const HEADER: &str = r#"{"format":"viewshed-snapshot","version":1,"tool":"t"}"#;

/// Names that do not compress away, so that half of the bytes is about half of the objects.
fn varied(count: usize) -> Estate {
    let namespaces = (0..count)
        .map(|index| Namespace {
            meta: Meta {
                name: format!("{:x}", index.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
                ..Meta::default()
            },
        })
        .collect();
    Estate {
        clusters: vec![Cluster {
            name: "c".to_owned(),
            namespaces,
            ..Cluster::default()
        }],
        ..Estate::default()
    }
}

#[test]
fn an_empty_estate_survives() {
    let estate = Estate::default();
    assert_eq!(read(&bytes_of(&estate)[..]).unwrap(), estate);
}

#[test]
fn a_truncated_file_keeps_what_was_read_and_says_so() {
    let whole = bytes_of(&varied(20_000));
    for part in [whole.len() / 2, whole.len() - 1, whole.len() - 20] {
        let read = read(&whole[..part]).unwrap();
        assert!(!read.clusters[0].namespaces.is_empty(), "{part}");
        assert!(
            read.gaps
                .iter()
                .any(|gap| gap.reason == GapReason::Truncated),
            "{part} {:?}",
            read.gaps
        );
    }
}

#[test]
fn a_file_without_trailer_is_truncated() {
    let read = read(&compressed(&[HEADER, r#"["cluster",0,{"name":"c"}]"#])[..]).unwrap();
    assert_eq!(read.clusters.len(), 1);
    assert_eq!(read.gaps[0].reason, GapReason::Truncated);
}

#[test]
fn a_damaged_line_costs_one_object() {
    let read = read(
        &compressed(&[
            HEADER,
            r#"["cluster",0,{"name":"c"}]"#,
            r#"["namespace",0,{"meta":{"name":"a"}}]"#,
            r#"["namespace",0,{"meta":7}]"#,
            "garbage \u{1b}[31m",
            r#"["namespace",9,{"meta":{"name":"lost"}}]"#,
            r#"["namespace",0,{"meta":{"name":"b"}}]"#,
            r#"{"end":{"cluster":1,"namespace":4}}"#,
        ])[..],
    )
    .unwrap();
    assert_eq!(read.clusters[0].namespaces.len(), 2);
    let whats: Vec<_> = read
        .gaps
        .iter()
        .map(|gap| (gap.what.as_str(), gap.count))
        .collect();
    assert_eq!(
        whats,
        [
            ("read line 4 of the snapshot", 1),
            ("read line 5 of the snapshot", 1),
            ("read line 6 of the snapshot", 1),
            ("read all `namespace` lines", 2),
        ]
    );
}

#[test]
fn objects_after_a_damaged_cluster_line_find_their_own_cluster() {
    let read = read(
        &compressed(&[
            HEADER,
            r#"["cluster",0,{"name":7}]"#,
            r#"["cluster",1,{"name":"second"}]"#,
            r#"["namespace",1,{"meta":{"name":"a"}}]"#,
            r#"{"end":{}}"#,
        ])[..],
    )
    .unwrap();
    assert_eq!(read.clusters[1].namespaces.len(), 1);
    assert_eq!(read.gaps.len(), 1);
}

#[test]
fn a_line_of_100_mb_is_refused_and_the_rest_is_read() {
    let long = format!(
        r#"["namespace",0,{{"meta":{{"name":"{}"}}}}]"#,
        "x".repeat(100 << 20)
    );
    let read = read(
        &compressed(&[
            HEADER,
            r#"["cluster",0,{"name":"c"}]"#,
            &long,
            r#"["namespace",0,{"meta":{"name":"b"}}]"#,
            r#"{"end":{"cluster":1,"namespace":2}}"#,
        ])[..],
    )
    .unwrap();
    assert_eq!(read.clusters[0].namespaces.len(), 1);
    assert_eq!(read.gaps[0].reason, GapReason::TooLarge);
    assert_eq!(read.gaps.len(), 2);
    assert!(long.len() > LINE_BYTES_MAX);
}

#[test]
fn lines_of_a_later_minor_version_are_counted() {
    let read = read(
        &compressed(&[
            HEADER,
            r#"["future",0,{}]"#,
            r#"["future",0,{}]"#,
            r#"["source",0,{"kind":"files","name":"a"},"more"]"#,
            r#"{"end":{"future":2,"source":1}}"#,
        ])[..],
    )
    .unwrap();
    assert_eq!(read.sources.len(), 1);
    assert_eq!(read.gaps.len(), 1);
    assert_eq!(
        (read.gaps[0].reason, read.gaps[0].count),
        (GapReason::Unsupported, 2)
    );
}

#[test]
fn damage_in_the_compressed_bytes_keeps_what_came_before() {
    let mut bytes = bytes_of(&varied(20_000));
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 64] {
        *byte ^= 0xff;
    }
    let read = read(&bytes[..]).unwrap();
    assert!(!read.clusters[0].namespaces.is_empty());
    assert!(!read.gaps.is_empty());
}

#[test]
fn other_files_and_newer_versions_are_errors() {
    let fail = |bytes: &[u8]| read(bytes).unwrap_err();
    assert!(matches!(fail(b""), DecodeError::NotSnapshot { .. }));
    assert!(matches!(
        fail(b"kind: Pod"),
        DecodeError::NotSnapshot { .. }
    ));
    assert!(matches!(
        fail(&compressed(&["{}"])),
        DecodeError::NotSnapshot { .. }
    ));
    let newer = HEADER.replace("\"version\":1", "\"version\":9");
    assert!(matches!(
        fail(&compressed(&[&newer])),
        DecodeError::NewerSnapshot { found: 9, known: 1 }
    ));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,12}",
        "\\PC{0,12}",
        Just("\u{1b}[31m<script>\n\u{202e}\0\"\\".to_owned()),
    ]
}

fn meta() -> impl Strategy<Value = Meta> {
    (
        option::of(text()),
        text(),
        btree_map(text(), text(), 0..3),
        option::of((text(), any::<u32>())),
    )
        .prop_map(|(namespace, name, labels, position)| Meta {
            namespace,
            name,
            labels,
            position: position.map(|(file, line)| Box::new(Position { file, line })),
            ..Meta::default()
        })
}

fn source() -> impl Strategy<Value = VolumeSource> {
    prop_oneof![
        text().prop_map(VolumeSource::HostPath),
        text().prop_map(VolumeSource::Secret),
        text().prop_map(VolumeSource::Other),
        Just(VolumeSource::Ephemeral),
        (text(), any::<u64>()).prop_map(|(audience, expiration_seconds)| {
            VolumeSource::Token(TokenProjection {
                audience,
                path: String::new(),
                expiration_seconds,
            })
        }),
    ]
}

fn pod() -> impl Strategy<Value = Pod> {
    let env = (text(), any::<bool>()).prop_map(|(name, is_credential)| EnvName {
        name,
        tells: if is_credential {
            vec![Tell::Credential]
        } else {
            Vec::new()
        },
        ..EnvName::default()
    });
    let container = (
        text(),
        vec(env, 0..3),
        vec((text(), option::of(text())), 0..3),
    )
        .prop_map(|(name, env, flags)| Container {
            name,
            env,
            flags,
            ..Container::default()
        });
    let volume = (text(), vec(source(), 0..3), vec(text(), 0..2)).prop_map(
        |(name, sources, without_token)| PodVolume {
            name,
            sources,
            without_token,
            token_paths: Vec::new(),
        },
    );
    (
        meta(),
        vec(container, 0..3),
        vec(volume, 0..3),
        option::of(any::<bool>()),
    )
        .prop_map(|(meta, containers, volumes, automount_token)| Pod {
            meta,
            spec: PodSpec {
                automount_token,
                containers,
                volumes,
                ..PodSpec::default()
            },
            ..Pod::default()
        })
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let kind = prop_oneof![
        Just(SubjectKind::User),
        Just(SubjectKind::ServiceAccount),
        text().prop_map(SubjectKind::Other),
    ];
    let subject = (kind, text(), option::of(text())).prop_map(|(kind, name, namespace)| Subject {
        kind,
        name,
        namespace,
    });
    let binding =
        (meta(), text(), vec(subject, 0..3)).prop_map(|(meta, name, subjects)| RoleBinding {
            meta,
            role: RoleReference {
                kind: "Role".to_owned(),
                name,
            },
            subjects,
        });
    let role = (meta(), vec(vec(text(), 0..3), 0..3)).prop_map(|(meta, verbs)| Role {
        meta,
        rules: verbs
            .into_iter()
            .map(|verbs| PolicyRule {
                verbs,
                ..PolicyRule::default()
            })
            .collect(),
        aggregation: None,
    });
    let config = (meta(), vec(text(), 0..3)).prop_map(|(meta, keys)| ConfigNames {
        kind: ConfigKind::Secret,
        meta,
        secret_type: String::new(),
        token_of: String::new(),
        keys,
    });
    (
        text(),
        vec(pod(), 0..4),
        vec(role, 0..3),
        vec(binding, 0..3),
        vec(config, 0..3),
        vec(meta(), 0..3),
    )
        .prop_map(|(name, pods, roles, bindings, configs, metas)| Cluster {
            name,
            pods,
            roles,
            bindings,
            configs,
            nodes: metas
                .iter()
                .map(|meta| Node {
                    meta: meta.clone(),
                    ..Node::default()
                })
                .collect(),
            others: metas
                .into_iter()
                .map(|meta| OtherObject {
                    meta,
                    ..OtherObject::default()
                })
                .collect(),
            ..Cluster::default()
        })
}

fn estate() -> impl Strategy<Value = Estate> {
    let container = (text(), btree_map(text(), text(), 0..3)).prop_map(
        |(name, labels): (String, BTreeMap<_, _>)| DockerContainer {
            name,
            labels,
            ..DockerContainer::default()
        },
    );
    let host = (text(), vec(container, 0..3)).prop_map(|(name, containers)| DockerHost {
        name,
        containers,
        ..DockerHost::default()
    });
    let gap = (text(), 1..u64::MAX).prop_map(|(what, count)| Gap {
        source: "s".to_owned(),
        what,
        reason: GapReason::Forbidden,
        detail: String::new(),
        hint: String::new(),
        count,
    });
    (
        text(),
        vec(text(), 0..3),
        vec(cluster(), 0..3),
        vec(host, 0..3),
        vec(gap, 0..3),
    )
        .prop_map(
            |(collected_at, sources, clusters, docker_hosts, gaps)| Estate {
                collected_at,
                sources: sources
                    .into_iter()
                    .map(|name| Source {
                        kind: SourceKind::Files,
                        name,
                    })
                    .collect(),
                clusters,
                docker_hosts,
                gaps,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_and_gives_the_same_bytes(estate in estate()) {
        let bytes = bytes_of(&estate);
        let back = read(&bytes[..]).unwrap();
        prop_assert_eq!(&back, &estate);
        prop_assert_eq!(bytes_of(&back), bytes);
    }

    #[test]
    fn any_damage_gives_an_answer_or_an_error(estate in estate(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = bytes_of(&estate);
        let place = at.index(bytes.len());
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] ^= byte;
        }
        if let Ok(back) = read(&bytes[..]) {
            prop_assert!(back == estate || back.gaps.iter().any(|gap| gap.source == "snapshot"));
        }
    }
}
