use std::sync::{Arc, Mutex};

use viewshed_analyze::network::{Cni, NetworkIndex};
use viewshed_model::Estate;

use crate::questions::Lines;

use super::*;

const ESTATE: &str = r"
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: main, image: example }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { containers: [{ name: main, image: example }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }]
";

fn estate() -> Estate {
    let mut set = viewshed_decode::files::FileSet::new("test");
    set.add("shop.yaml", ESTATE.as_bytes());
    set.finish()
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no other test holds it")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn answers(input: &str) -> (Vec<Value>, Outcome) {
    let estate = estate();
    let cluster = estate.clusters.first();
    let index = cluster.map(|cluster| NetworkIndex::new(cluster, Some(Cni::Generic)));
    let network = EstateNetwork::new(&estate, index);
    let out = Shared::default();
    let mut answering = Answering::new(&network, Box::new(out.clone()));
    let mut lines = Lines::new(input.as_bytes());
    while let Some((number, line)) = lines.next().expect("memory is readable") {
        answering.answer(number, line).expect("memory is writable");
    }
    let outcome = answering.finish(&[]).expect("memory is writable");
    let text = String::from_utf8(out.0.lock().expect("nobody holds it").clone()).expect("text");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    (lines.collect(), outcome)
}

#[test]
fn questions_come_out_in_order_with_verdict_and_reasons() {
    let (lines, outcome) = answers(concat!(
        r#"{"from":"shop/web","to":"shop/db","port":5432,"protocol":"TCP","id":7}"#,
        "\n\n",
        r#"{"from":"shop/web","to":"shop/db","port":5433,"protocol":"TCP"}"#,
        "\n",
        r#"{"from":"shop/db","to":"shop/web","port":80}"#,
    ));
    let verdicts: Vec<&str> = lines
        .iter()
        .map(|line| line["verdict"].as_str().expect("a verdict"))
        .collect();
    assert_eq!(verdicts, ["allowed", "denied", "allowed"]);
    assert_eq!(
        lines[0]["id"], 7,
        "a field that is not ours comes out again"
    );
    assert_eq!(lines[0]["from"], "shop/web");
    let reason = &lines[0]["because"][1];
    assert_eq!(reason["side"], "ingress");
    assert_eq!(reason["policy"]["name"], "db");
    assert_eq!(reason["rule"], 0);
    assert_eq!(lines[1]["because"][0]["policy"]["name"], "db");
    assert_eq!(outcome, Outcome::Clean);
}

#[test]
fn a_line_that_has_no_answer_keeps_its_place() {
    let (lines, outcome) = answers(concat!(
        "{\"from\":\n",
        r#"{"from":"shop/web","to":"shop/nobody","port":80}"#,
        "\n",
        r#"{"from":"shop/web","to":"a b c"}"#,
        "\n",
        r#"["shop/web"]"#,
        "\n",
        r#"{"from":"shop/web","to":"shop/web","port":80}"#,
    ));
    let has_error: Vec<bool> = lines
        .iter()
        .map(|line| line.get("error").is_some())
        .collect();
    assert_eq!(has_error, [true, true, true, true, false]);
    assert_eq!(lines[1]["to"], "shop/nobody");
    assert_eq!(outcome, Outcome::Partial);
}

/// Ports are from 1 to 65535, ICMP has none; the line says so in words of the field.
#[test]
fn a_port_that_is_none_is_named() {
    let ask = |more: &str| format!("{{\"from\":\"shop/web\",\"to\":\"shop/db\",{more}}}\n");
    let input = [
        ask("\"port\":99999"),
        ask("\"port\":0"),
        ask("\"port\":80,\"protocol\":\"icmp\""),
        "nonsense\n".to_owned(),
    ];
    let (lines, _) = answers(&input.concat());
    let errors: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["error"].as_str())
        .collect();
    assert_eq!(
        errors,
        [
            "line 1: `port` is 99999: write a number from 1 to 65535",
            "line 2: `port` is 0: write a number from 1 to 65535",
            "line 3: ICMP has no ports: leave `port` out",
            "line 4: not JSON (column 2): a question is an object such as {\"from\":\"shop/web\",\"to\":\"world\",\"port\":80}",
        ]
    );
}

/// A misspelt field would be another question: each is named once, and the line is answered.
#[test]
fn fields_that_no_question_has_are_named() {
    let estate = estate();
    let index = NetworkIndex::new(&estate.clusters[0], Some(Cni::Generic));
    let network = EstateNetwork::new(&estate, Some(index));
    let out = Shared::default();
    let mut answering = Answering::new(&network, Box::new(out));
    for line in [
        r#"{"from":"shop/web","to":"shop/db","port":5432,"proto":"UDP","id":1}"#,
        r#"{"from":"shop/web","to":"shop/db","port":5432,"proto":"UDP","ports":53}"#,
        r#"{"from":"shop/web","to":"shop/db","port":5432,"protocol":"TCP"}"#,
    ] {
        answering.answer(1, line.as_bytes()).expect("memory");
    }
    let named: Vec<&str> = answering.unknown.iter().map(String::as_str).collect();
    assert_eq!(named, ["ports", "proto"]);
    assert_eq!(answering.refused, 0);
}
