use super::{Place, Protocol, ReachQuestion, Target};

fn pod(namespace: &str, name: &str) -> Place {
    Place::Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

#[test]
fn places_are_written_as_users_write_them() {
    let cases = [
        ("shop/web", pod("shop", "web")),
        ("pod:node/web", pod("node", "web")),
        (
            "node:worker-1",
            Place::Node {
                name: "worker-1".to_owned(),
            },
        ),
        (
            "worker-1",
            Place::Node {
                name: "worker-1".to_owned(),
            },
        ),
        ("10.0.0.7", Place::Address([10, 0, 0, 7].into())),
        ("::ffff:10.0.0.7", Place::Address([10, 0, 0, 7].into())),
        ("[fd00::1]", Place::Address("fd00::1".parse().unwrap())),
        ("kube-apiserver", Place::Target(Target::Apiserver)),
        ("Internet", Place::Target(Target::World)),
        (
            "container:files/a.yml/web",
            Place::Container {
                host: "files/a.yml".to_owned(),
                name: "web".to_owned(),
            },
        ),
    ];
    for (text, place) in cases {
        assert_eq!(text.parse::<Place>().as_ref(), Ok(&place), "{text}");
        assert_eq!(place.to_string().parse::<Place>(), Ok(place), "{text}");
    }
}

#[test]
fn what_is_no_place_is_refused() {
    for text in [
        "",
        "/web",
        "shop/",
        "a/b/c",
        "pods:a/b",
        "a b",
        "service:web",
    ] {
        assert!(text.parse::<Place>().is_err(), "{text}");
    }
}

#[test]
fn a_question_is_one_line_of_json() {
    let line = r#"{"from":"shop/web","to":"apiserver","port":443,"protocol":"tcp"}"#;
    let question: ReachQuestion = serde_json::from_str(line).unwrap();
    assert_eq!(question.protocol, Some(Protocol::Tcp));
    assert_eq!(
        serde_json::to_string(&question).unwrap(),
        r#"{"from":"shop/web","to":"apiserver","port":443,"protocol":"TCP"}"#
    );
}
