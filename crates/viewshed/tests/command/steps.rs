//! Answers that join who with the network, on the demo: what `fixtures/demo/shop.yaml` was written for.

use serde_json::Value;

use crate::program::Program;

fn json(arguments: &[&str]) -> Value {
    let words = [arguments, &["--demo", "--output", "json"]].concat();
    let run = Program::new().run(&words);
    serde_json::from_str(&run.out).expect("a document")
}

fn names<'v>(entries: &'v Value, field: &str) -> Vec<&'v str> {
    let entries = entries.as_array().expect("a list").iter();
    entries
        .map(|entry| entry[field]["name"].as_str().expect("a name"))
        .collect()
}

/// Only jane is granted the one secret by name; joe gets there by acting for her, and does not see it
/// himself.
#[test]
fn who_sees_tells_apart_those_who_get_there_by_steps() {
    let document = json(&["who", "sees", "secret/shop/cart-database"]);
    let answer = &document["answers"][0];
    assert!(names(&answer["entries"], "subject").contains(&"jane"));
    assert!(!names(&answer["entries"], "subject").contains(&"joe"));
    let ways = answer["by_steps"].as_array().expect("there are ways");
    let joe = ways
        .iter()
        .find(|way| way["subject"]["name"] == "joe")
        .expect("joe acts for jane");
    assert_eq!(joe["pivot"]["name"], "jane");
    let evidence = joe["pivot"]["steps"][0]["evidence"].to_string();
    assert!(evidence.contains("stand-in-for-jane"), "{evidence}");
    let bare = json(&["who", "sees", "secret/shop/cart-database", "--no-pivots"]);
    assert_eq!(bare["answers"][0]["by_steps"], Value::Null);
    let short = json(&["who", "sees", "secret/shop/cart-database", "--depth", "0"]);
    assert_eq!(short["answers"][0]["by_steps"], Value::Null);
}

/// The tables say of joe what the documents do.
#[test]
fn the_tables_name_those_who_act_for_somebody() {
    let program = Program::new();
    let sees = program.run(&[
        "who",
        "sees",
        "secret/shop/cart-database",
        "--demo",
        "--all",
    ]);
    let can = [
        "who",
        "can",
        "get",
        "secrets",
        "cart-database",
        "-n",
        "shop",
        "--demo",
        "--all",
    ];
    for run in [sees, program.run(&can)] {
        run.check(0, &[]);
        assert!(run.out.contains("BY STEPS"), "{run:?}");
        assert!(run.out.contains("user joe becomes user jane"), "{run:?}");
        assert!(run.out.contains("it acts as that user"), "{run:?}");
    }
    let ranked = program.run(&["who", "--demo", "--all"]);
    ranked.check(0, &[]);
    let words = ranked.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("user joe (may act as user jane)"), "{words}");
    let document = json(&["who"]);
    let ranks = document["ranks"].as_array().expect("a list");
    let joe = ranks.iter().find(|rank| rank["subject"]["name"] == "joe");
    let joe = joe.expect("he has a row, though he sees nothing himself");
    assert_eq!(joe["impersonates"][0], "user jane");
    assert_eq!(joe["origin"], "human");
    program
        .run(&["who", "--demo", "-o", "dot"])
        .check(2, &["`who` has no `dot` form", "hint:"]);
}

/// What the pod's token, its environment and its place tell it, whatever is granted.
#[test]
fn pods_stand_in_the_answers_with_their_namespace_and_why() {
    let program = Program::new();
    for (target, words) in [
        ("namespace/payments", "pod payments/ledger"),
        (
            "service/default/kubernetes",
            "the kubelet writes services into the environment",
        ),
    ] {
        let run = program.run(&["who", "sees", target, "--demo", "-o", "json"]);
        run.check(0, &[]);
        let answer = run.json()["answers"][0]["entries"].clone();
        let entries = answer.as_array().expect("a list");
        let pods: Vec<_> = entries
            .iter()
            .filter(|one| one["subject"]["kind"] == "Pod")
            .collect();
        assert!(!pods.is_empty(), "{target}");
        assert!(
            pods.iter()
                .all(|one| one["subject"]["namespace"].is_string())
        );
        let table = program.run(&["who", "sees", target, "--demo", "--all", "--color", "never"]);
        let table = table.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(table.contains(words), "{table}");
    }
}

/// The policy `shop/cart` lets the cart talk to the ledger and to DNS alone.
#[test]
fn an_account_is_of_no_use_behind_a_policy_that_closes_the_api_server() {
    let document = json(&["who", "sees", "secret/shop/cart-database"]);
    let entries = document["answers"][0]["entries"]
        .as_array()
        .expect("a list");
    let cart = entries
        .iter()
        .find(|entry| entry["subject"]["name"] == "cart")
        .expect("its role lists secrets");
    assert_eq!(cart["pods"], cart["pods_cut_off"]);
    let view = json(&["see", "--pod", "shop/cart"]);
    let identities = view["identities"].as_array().expect("a list");
    assert!(!identities.is_empty());
    for identity in identities {
        let how = identity["how"].as_str().expect("words");
        assert!(
            how.ends_with("of no use here: the network keeps it from the API server"),
            "{how}"
        );
    }
    assert_eq!(view["pivots"], Value::Null);
}

#[test]
fn a_user_leads_to_whom_they_act_for() {
    let view = json(&["see", "--as", "joe"]);
    assert_eq!(view["pivots"][0]["becomes"], "user");
    assert_eq!(view["pivots"][0]["name"], "jane");
}

/// The load balancer publishes `web`; nothing keeps `web` from the dashboard, which asks nobody to log in.
#[test]
fn the_front_end_is_reached_from_the_internet_and_leads_to_everything() {
    let program = Program::new();
    let run = program.run(&["reach", "--demo", "internet", "shop/web", "--port", "8080"]);
    run.check(0, &[]);
    assert!(run.out.contains("of type LoadBalancer"), "{}", run.out);
    assert!(run.out.contains("NetworkPolicy `shop/web`"), "{}", run.out);
    let ledger = [
        "reach",
        "--demo",
        "internet",
        "payments/ledger",
        "--port",
        "8443",
    ];
    program.run(&ledger).check(1, &[]);
    let report = json(&["reach", "--pivots"]);
    let ranks = report["ranks"].as_array().expect("a list");
    let rank = |name: &str| ranks.iter().find(|rank| rank["from"] == name);
    let web = rank("shop/web").expect("it leads on");
    assert_eq!(web["pivot"]["becomes"], "administrator");
    assert_eq!(web["pivot"]["steps"].as_array().map(Vec::len), Some(2));
    let view = json(&["see", "--pod", "shop/web"]);
    assert_eq!(view["pivots"][0]["becomes"], "administrator");
    assert!(rank("shop/cart").is_none(), "its policy lets it nowhere");
    assert!(rank("payments/ledger").is_none(), "it is isolated");
}

#[test]
fn the_ways_are_drawn_in_the_pages() {
    let program = Program::new();
    // `scan` draws the cluster and the Docker host of the demo, each by itself.
    for (words, drawn) in [(&["scan"][..], 2), (&["reach", "--pivots"], 1)] {
        let page = program.run(&[words, &["--demo", "--output", "html"]].concat());
        page.check(0, &[]);
        assert_eq!(
            page.out.matches("<svg class=\"ways\"").count(),
            drawn,
            "{words:?}"
        );
        assert!(page.out.contains("shop/web"), "{words:?}");
    }
}

#[test]
fn a_scan_tells_what_workloads_lead_to() {
    let program = Program::new();
    let told = |words: &[&str]| {
        let run = program.run(&[&["scan", "--demo"], words].concat());
        run.check(0, &[]);
        run.out
    };
    let table = told(&[]);
    let way = "from Deployment shop/web to everything in 2 steps";
    assert!(table.contains(way), "{table}");
    assert!(
        told(&["--output", "markdown"]).contains("| Deployment shop/web | everything | 2 steps: ")
    );
    assert!(!told(&["--no-pivots"]).contains("to everything in"));
    let json: Value = serde_json::from_str(&told(&["--output", "json"])).expect("it is JSON");
    assert_eq!(
        json["pivots"][0]["ranks"][0]["pivot"]["becomes"],
        "administrator"
    );
    let short = told(&["--depth", "1", "--output", "json"]);
    let short: Value = serde_json::from_str(&short).expect("it is JSON");
    let ranks = short["pivots"][0]["ranks"].as_array().expect("a list");
    assert!(!ranks.is_empty());
    for rank in ranks {
        assert_eq!(rank["pivot"]["steps"].as_array().map(Vec::len), Some(1));
    }
}
