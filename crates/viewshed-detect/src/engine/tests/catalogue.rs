//! A catalogue: what somebody does who looks around, one row each, and what only looks like it. The estate is that of
//! `breadth`, known for three weeks.

use super::breadth::{LEDGER, ROUTER, after_three_weeks, caught, quiet, steps};

const REPORT: &str = "pay/report pod=report-1 cred=JTI=7 @10.4.2.50";
const NODE: &str = "node:worker-2 @10.4.1.2";
const CERTS: &str = "certs/manager pod=manager-1 cred=JTI=8 @10.4.3.8";
const ENCODER: &str = "media/encoder pod=encoder-1 cred=JTI=6 @10.4.3.9";
const ANNA: &str = "anna @192.0.2.21";
const OLGA: &str = "olga @192.0.2.22";

/// Rows of a table: name; who; the pause between two requests; with which request it is open at the latest; the requests.
fn rows(table: &str) -> impl Iterator<Item = (&str, String, usize)> {
    let rows = table.lines().map(str::trim).filter(|row| !row.is_empty());
    rows.map(|row| {
        let cells: Vec<&str> = row.split("; ").collect();
        let [name, who, pause, opened_max, requests] = cells[..] else {
            panic!("{row}");
        };
        let who = match who {
            "LEDGER" => LEDGER,
            "ROUTER" => ROUTER,
            "REPORT" => REPORT,
            "NODE" => NODE,
            "CERTS" => CERTS,
            "ANNA" => ANNA,
            "OLGA" => OLGA,
            other => other,
        };
        let requests = requests.split(" | ").map(|one| format!("{who} {one}"));
        (name, steps(pause, requests), opened_max.parse().unwrap())
    })
}

fn all_caught(table: &str) {
    for (name, script, opened_max) in rows(table) {
        caught(name, &script, opened_max);
    }
}

fn all_quiet(table: &str) {
    for (name, script, _) in rows(table) {
        quiet(name, &script);
    }
}

#[test]
fn programs_that_leave_their_work() {
    all_caught(
        "
        events; LEDGER; +10m; 1; list events -A 200
        metrics; LEDGER; +10m; 2; list pods.metrics.k8s.io -A 200 | list nodes.metrics.k8s.io -A 200
        a watch of events; LEDGER; +10m; 1; watch events -A uri=/api/v1/events?watch=true 200
        custom resources; LEDGER; +10m; 2; list certificates.cert-manager.io -A 200 | list applications.argoproj.io -A 200
        by phase; LEDGER; +10m; 1; list pods -A field=status.phase=Running 200
        by node; LEDGER; +10m; 2; list pods -A field=spec.nodeName=w1 200 | list pods -A field=spec.nodeName=w2 200
        own Secrets; LEDGER; +10m; 1; list secrets -n pay 200
        own Secrets, followed; LEDGER; +10m; 2; watch secrets -n pay rv=0 stage=started 200 | list pods -n pay 200
        own namespace; LEDGER; +15m; 5; list pods -n pay 200 | list services -n pay 200 | list deployments.apps -n pay 200 | list serviceaccounts -n pay 200 | list roles.rbac.authorization.k8s.io -n pay 200
        services of others; LEDGER; +1s; 4; list services -n edge 200 | list services -n shop 200 | list services -n ci 200 | list services -n mail 200
        pods of others, refused; LEDGER; +10m; 5; list pods -n edge 403 | list pods -n shop 403 | list pods -n ci 403 | list pods -n mail 403 | list pods -n kafka 403
        Secrets by type; LEDGER; +10m; 1; list secrets -A field=type=Opaque 200
        nodes by proxy; LEDGER; +10m; 4; get nodes/proxy w1 uri=/api/v1/nodes/w1/proxy/metrics/cadvisor 200 | get nodes/proxy w2 uri=/api/v1/nodes/w2/proxy/metrics/cadvisor 200 | get nodes/proxy w3 uri=/api/v1/nodes/w3/proxy/metrics/cadvisor 200 | get nodes/proxy w4 uri=/api/v1/nodes/w4/proxy/metrics/cadvisor 200
        paths of the server; LEDGER; +5m; 4; GET /logs 403 | GET /debug/pprof/ 403 | GET /debug/flags/v 403 | GET /flagz 403
        commands in pods; LEDGER; +10m; 3; create pods/exec a-1 -n pay 101 | create pods/exec b-1 -n pay 101 | create pods/exec c-1 -n pay 101
        tokens of others; LEDGER; +10m; 3; create serviceaccounts/token default -n pay 201 | create serviceaccounts/token report -n pay 201 | create serviceaccounts/token deployer -n ci 201
        a controller; CERTS; +10m; 3; list nodes -A 200 | list clusterroles.rbac.authorization.k8s.io -A 200 | list pods -A 200
        ",
    );
}

#[test]
fn names_one_after_the_other_whatever_the_answers() {
    all_caught(
        "
        nodes; pay/report pod=report-1 node=w9 cred=JTI=7 @10.4.2.50; +5m; 5; get nodes n1 200 | get nodes n2 200 | get nodes n3 200 | get nodes n4 404 | get nodes n5 404
        namespaces, refused; REPORT; +5m; 5; get namespaces prod 403 | get namespaces vault 403 | get namespaces dev 403 | get namespaces ops 403 | get namespaces mail 403
        Secrets; REPORT; +6m; 5; get secrets a 404 -n pay | get secrets b 403 -n pay | get secrets c 200 -n pay | get secrets d 404 -n pay | get secrets e 403 -n pay
        one name in each namespace; REPORT; +10m; 5; get pods x-0 -n edge 404 | get pods x-0 -n shop 404 | get pods x-0 -n ci 404 | get pods x-0 -n mail 404 | get pods x-0 -n kafka 404
        states of deployments; REPORT; +5m; 6; get deployments.apps/status a -n pay 404 | get deployments.apps/status b -n pay 200 | get deployments.apps/status c -n pay 404 | get deployments.apps/status d -n pay 200 | get deployments.apps/status e -n pay 404 | get deployments.apps/status f -n pay 200
        changes that change nothing; LEDGER; +1m; 6; patch secrets a -n pay 404 | patch secrets b -n pay 200 | patch secrets c -n pay 404 | patch secrets d -n pay 200 | patch secrets e -n pay 404 | patch secrets f -n pay 200
        a kubelet's; NODE; +1m; 5; get secrets a -n edge 403 | get secrets b -n ci 403 | get secrets c -n mail 403 | get secrets d -n kafka 403 | get secrets e -n vault 403
        ",
    );
}

#[test]
fn kubelets_that_look_at_other_nodes() {
    all_caught(
        "
        all pods; NODE; +10m; 1; list pods -A 200
        of another node; NODE; +10m; 1; list pods -A field=spec.nodeName=worker-7 200
        through the API server; NODE; +10m; 3; get nodes/proxy w1 uri=/api/v1/nodes/w1/proxy/pods 403 | get nodes/proxy w3 uri=/api/v1/nodes/w3/proxy/pods 403 | get nodes/proxy w4 uri=/api/v1/nodes/w4/proxy/pods 403
        ",
    );
}

#[test]
fn questions() {
    all_caught(
        "
        own rights; LEDGER; +10m; 5; can-i list secrets | can-i escalate clusterroles.rbac.authorization.k8s.io | can-i create pods | can-i impersonate users | can-i get nodes
        of a nightly job; REPORT; +10m; 1; can-i --list
        whose token; LEDGER; +1m; 4; create tokenreviews.authentication.k8s.io ~curl/8.5.0 201 | create tokenreviews.authentication.k8s.io ~curl/8.5.0 201 | create tokenreviews.authentication.k8s.io ~curl/8.5.0 201 | create tokenreviews.authentication.k8s.io ~curl/8.5.0 201
        of a person; ANNA; +10m; 5; can-i --list edge | can-i --list shop | can-i --list ci | can-i --list mail | can-i --list kafka
        ",
    );
}

#[test]
fn people_who_turn_to_what_is_not_theirs() {
    all_caught(
        "
        the whole cluster; ANNA; +1m; 5; list pods -A 200 | list nodes -A 200 | list configmaps -A 200 | list services -A 200 | list namespaces -A 200
        all Secrets; ANNA; +1m; 1; list secrets -A 200
        logs of the system; ANNA; +5m; 5; get pods/log a-1 -n kube-system 200 | get pods/log b-1 -n kube-system 200 | get pods/log c-1 -n kube-system 200 | get pods/log d-1 -n kube-system 200 | get pods/log e-1 -n kube-system 200
        the system; ANNA; +2m; 5; list pods -n kube-system 200 | list configmaps -n kube-system 200 | list secrets -n kube-system 200 | get pods/log a-1 -n kube-system 200 | get pods/log b-1 -n kube-system 200
        somebody else's name; ANNA; +1m; 1; list pods -n pay as=system:serviceaccount:pay:ledger 200
        with a forged certificate; ANNA; +1m; 1; list pods -A group=system:masters 200
        one token in five places; anna cred=JTI=a; +2m; 6; list services -n pay @198.51.100.1 200 | list services -n pay @198.51.100.2 200 | list services -n pay @198.51.100.3 200 | list services -n pay @198.51.100.4 200 | list services -n pay @198.51.100.5 200 | list services -n pay @198.51.100.6 200
        a dump; ANNA; +0s; 7; list nodes -A 200 | list events -n pay 200 | list replicationcontrollers -n pay 200 | list services -n pay 200 | list daemonsets.apps -n pay 200 | list deployments.apps -n pay 200 | list replicasets.apps -n pay 200
        Secrets by name; ANNA; +5m; 8; get secrets a -n pay 200 | get secrets b -n pay 200 | get secrets c -n pay 200 | get secrets d -n pay 200 | get secrets e -n pay 200 | get secrets f -n pay 200 | get secrets g -n pay 200 | get secrets h -n pay 200
        Secrets by name, in several namespaces; OLGA; +5m; 5; get secrets a -n pay 200 | get secrets a -n edge 200 | get secrets a -n shop 200 | get secrets a -n ci 200 | get secrets a -n mail 200
        another team's namespace; ANNA; +10m; 5; list pods -n edge 200 | list services -n edge 200 | list configmaps -n edge 200 | list secrets -n edge 200 | list deployments.apps -n edge 200
        her own from elsewhere with another tool; anna @203.0.113.60 ~curl/8.5.0; +2m; 5; list pods -n pay 200 | list secrets -n pay 200 | list configmaps -n pay 200 | list deployments.apps -n pay 200 | list services -n pay 200
        a stranger who stays in one namespace; ops @203.0.113.77 ~curl/8.5.0; +10m; 5; list pods -n pay 200 | list secrets -n pay 200 | list configmaps -n pay 200 | list services -n pay 200 | list deployments.apps -n pay 200
        a stranger who reads logs; ops @203.0.113.77 ~curl/8.5.0; +10m; 5; get pods/log a-1 -n pay 200 | get pods/log b-1 -n pay 200 | get pods/log c-1 -n pay 200 | get pods/log d-1 -n pay 200 | get pods/log e-1 -n pay 200
        a stranger who runs commands; ops @203.0.113.77; +10m; 5; create pods/exec a-1 -n pay 101 | create pods/exec b-1 -n pay 101 | create pods/exec c-1 -n pay 101 | create pods/exec d-1 -n pay 101 | create pods/exec e-1 -n pay 101
        a forged administrator; admin-2 group=system:masters @203.0.113.77; +50m; 5; list pods -A 200 | list nodes -A 200 | list namespaces -A 200 | list services -A 200 | list deployments.apps -A 200
        a stranger's dashboard; dave @203.0.113.77 ~k9s/v0.32; +1m; 3; list pods -A rv=0 200 | watch pods -A rv=4 200 | list secrets -A rv=0 200 | watch secrets -A rv=4 200
        all Secrets, followed; ANNA; +1m; 1; list secrets -A rv=0 200 | watch secrets -A rv=5 stage=started 200
        the whole cluster, followed from elsewhere; anna @203.0.113.60; +1m; 9; list pods -A rv=0 200 | watch pods -A rv=5 stage=started 200 | list nodes -A rv=0 200 | watch nodes -A rv=5 stage=started 200 | list configmaps -A rv=0 200 | watch configmaps -A rv=5 stage=started 200 | list services -A rv=0 200 | watch services -A rv=5 stage=started 200 | list namespaces -A rv=0 200
        nobody; anonymous @198.51.100.7; +3s; 6; GET /api 403 | GET /apis 403 | GET /api/v1 403 | GET /apis/apps/v1 403 | GET /apis/batch/v1 403 | GET /openapi/v2 403
        a token that is none; invalid @198.51.100.8; +30s; 5; list pods -A 401 | list pods -A 401 | list pods -A 401 | list pods -A 401 | list pods -A 401
        ",
    );
}

/// A log of two days: whoever gives a past log to the program has no baseline at first.
#[test]
fn people_are_known_by_their_day_before() {
    let wide = ["secrets", "pods", "nodes"].map(|kind| format!("{ANNA} list {kind} -A 200"));
    let away = "anna @203.0.113.60 ~curl/8.5.0 list secrets -A 200".to_owned();
    let foreign = ["edge", "shop", "ci"].map(|place| format!("{ANNA} list secrets -n {place} 200"));
    let cases = [
        ("all Secrets", wide.to_vec(), 3),
        ("from elsewhere", vec![away], 1),
        ("Secrets of others", foreign.to_vec(), 3),
    ];
    for (name, requests, opened_max) in cases {
        let script = steps("+5m", requests);
        let mut batch = Vec::new();
        for day in -2..=0 {
            batch.extend(crate::script::activities(super::breadth::ESTATE, day));
            batch.extend(crate::script::activities(super::world::ORDINARY, day));
        }
        batch.extend(super::world::renamed(crate::script::activities(&script, 0)));
        let incidents = super::world::run(&batch);
        assert_eq!(incidents.len(), 1, "{name}: {incidents:#?}");
        let opened_us = incidents[0].opened_at.as_microsecond();
        let requests = crate::script::activities(&script, 0);
        let nth = requests.iter().position(|one| one.at_us >= opened_us);
        assert!(nth.is_some_and(|nth| nth < opened_max), "{name}: {nth:?}");
    }
}

#[test]
fn jobs_of_its_own_are_no_leave_to_read_the_logs_of_others() {
    let names = ["db-0", "admin-0", "api-0", "vault-0", "mail-0"];
    let requests = names.map(|name| format!("{ENCODER} get pods/log {name} -n media 200"));
    caught("others", &steps("+10m", requests), 5);
    let requests = (0..8).flat_map(|number| {
        [
            format!("{ENCODER} create jobs.batch enc-{number} -n media 201"),
            format!("{ENCODER} list pods -n media label=job-name=enc-{number} 200"),
            format!("{ENCODER} get pods/log enc-{number}-bcdfg -n media 200"),
        ]
    });
    quiet("its own", &steps("+20s", requests));
}

/// It makes jobs and never looked at anything else for three weeks.
#[test]
fn making_something_explains_what_is_read_of_it_and_nothing_else() {
    const WORKER: &str = "ship/worker pod=worker-1 cred=JTI=5 @10.4.3.11";
    const WORK: &str = "
06:00:00 % create jobs.batch pack-7 -n ship 201
+9s % list pods -n ship label=job-name=pack-7 200
+9s % delete jobs.batch pack-7 -n ship 200";
    let names = ["db-0", "admin-0", "api-0", "vault-0", "mail-0"];
    let of_names = |request: &str| {
        let requests = names.map(|name| format!("{WORKER} {request} {name} -n ship 200"));
        steps("+10m", requests)
    };
    let one = |request: &str| steps("+10m", [format!("{WORKER} {request}")]);
    let cases = [
        ("all Secrets", one("list secrets -n ship 200"), 1),
        (
            "roles",
            steps(
                "+10m",
                ["roles", "rolebindings", "configmaps"].map(|kind| {
                    let group = if kind == "configmaps" {
                        ""
                    } else {
                        ".rbac.authorization.k8s.io"
                    };
                    format!("{WORKER} list {kind}{group} -n ship 200")
                }),
            ),
            3,
        ),
        ("Secrets by name", of_names("get secrets"), 5),
        ("logs", of_names("get pods/log"), 5),
        (
            "its own",
            format!(
                "{}\n{}",
                one("list pods -n ship label=job-name=pack-8 200"),
                one("get pods/log pack-8-x -n ship 200")
            ),
            0,
        ),
    ];
    for (name, script, opened_max) in cases {
        let mut batch = Vec::new();
        for day in -21..=0 {
            batch.extend(crate::script::activities(
                &WORK.replace('%', WORKER).repeat(6),
                day,
            ));
            batch.extend(crate::script::activities(super::world::ORDINARY, day));
        }
        batch.extend(super::world::renamed(crate::script::activities(&script, 0)));
        let incidents = super::world::run(&batch);
        assert_eq!(incidents.len(), opened_max.min(1), "{name}: {incidents:#?}");
        let opened_us = incidents.first().map(|one| one.opened_at.as_microsecond());
        let requests = crate::script::activities(&script, 0);
        let nth = requests
            .iter()
            .filter(|one| Some(one.at_us) <= opened_us)
            .count();
        assert!(nth <= opened_max, "{name}: {nth}");
    }
}

/// A catalogue reads what carries its label, each hour.
#[test]
fn the_habit_of_a_list_by_label_is_none_of_the_whole_list() {
    const PORTAL: &str = "portal/portal pod=portal-1 cred=JTI=4 @10.4.3.12";
    let kinds = ["pods", "services", "deployments.apps", "configmaps"];
    let hourly = kinds.map(|kind| format!("+9s {PORTAL} list {kind} -A label=app=a 200\n"));
    let run = |selector: &str| {
        let requests = kinds.map(|kind| format!("{PORTAL} list {kind} -A {selector} 200"));
        let mut batch = Vec::new();
        for day in -21..=0 {
            let hours = format!("06:00:00 {PORTAL} GET /api 200\n{}", hourly.concat());
            batch.extend(crate::script::activities(&hours, day));
            batch.extend(crate::script::activities(super::world::ORDINARY, day));
        }
        let script = steps("+10m", requests);
        batch.extend(super::world::renamed(crate::script::activities(&script, 0)));
        batch.extend(crate::script::activities(
            &format!("16:00:00 {PORTAL} GET /api 200\n{}", hourly.concat()),
            0,
        ));
        super::world::run(&batch)
    };
    let incidents = run("");
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    // What it does by habit goes on, and is no part of it.
    assert_eq!(incidents[0].event_count, 4, "{incidents:#?}");
    assert_eq!(run("label=app!=a").len(), 1);
    assert!(run("label=app=b").is_empty());
}

#[test]
fn one_tool_in_many_pods_is_one_hand() {
    let requests = (1..=6).map(|number| {
        format!("job{number}/app pod=app-1 @10.4.9.{number} can-i --list ~curl/8.5.0")
    });
    caught("questions", &steps("+1m", requests), 2);
    let requests = (1..=8)
        .map(|number| format!("job{number}/app pod=app-1 @10.4.9.9 can-i --list ~kubectl/v1.33.1"));
    caught("from one address", &steps("+2s", requests), 2);
}

#[test]
fn what_is_no_discovery_or_tells_nothing_new_stays_quiet() {
    all_quiet(
        "
        who am I; LEDGER; +1m; 0; create selfsubjectreviews.authentication.k8s.io 201
        one document; LEDGER; +1m; 0; GET /openapi/v2 200
        pods that it lists; REPORT; +5m; 0; get pods a-1 -n pay 200 | get pods a-2 -n pay 200 | get pods a-3 -n pay 200 | get pods a-4 -n pay 200 | get pods a-5 -n pay 200 | get pods a-6 -n pay 200
        Secrets that it follows; ROUTER; +10m; 0; get secrets a -n pay 200 | get secrets b -n shop 200 | get secrets c -n ci 200 | get secrets d -n mail 200 | get secrets e -n edge 200 | get secrets f -n kafka 200
        a namespace of what it follows; ROUTER; +1s; 0; list secrets -n pay 200 | list services -n pay 200 | list secrets -n shop 200 | list services -n shop 200 | list secrets -n ci 200
        a newcomer without rights; temp @203.0.113.4; +5s; 0; list pods -n default 403 | list secrets -n default 403 | list services -n default 403 | list configmaps -n default 403 | list deployments.apps -n default 403 | list namespaces -A 403 | list nodes -A 403
        get all; temp @203.0.113.4; +0s; 0; list pods -n default 403 | list replicationcontrollers -n default 403 | list services -n default 403 | list daemonsets.apps -n default 403 | list deployments.apps -n default 403 | list replicasets.apps -n default 403 | list statefulsets.apps -n default 403 | list horizontalpodautoscalers.autoscaling -n default 403 | list cronjobs.batch -n default 403 | list jobs.batch -n default 403
        own Secrets of a person; ANNA; +1s; 0; list secrets -n pay 200
        name resolution; ANNA; +1m; 0; list pods -n kube-system 200 | get pods/log coredns-1 -n kube-system 200 | get pods/log coredns-2 -n kube-system 200
        all of a namespace; ANNA; +0s; 0; list pods -n pay 200 | list replicationcontrollers -n pay 200 | list services -n pay 200 | list daemonsets.apps -n pay 200 | list deployments.apps -n pay 200 | list replicasets.apps -n pay 200
        who may do what, once a quarter; OLGA; +30s; 0; list roles.rbac.authorization.k8s.io -A 200 | list rolebindings.rbac.authorization.k8s.io -A 200 | list clusterroles.rbac.authorization.k8s.io -A 200 | list clusterrolebindings.rbac.authorization.k8s.io -A 200
        two ways out; anna cred=JTI=a; +2m; 0; list pods -n pay @198.51.100.1 200 | list pods -n pay @198.51.100.2 200 | list pods -n pay @198.51.100.1 200 | list pods -n pay @198.51.100.2 200
        settings under its own name; pay/orders pod=orders-1 @10.4.7.7 ~okhttp/4.12.0; +1s; 0; get pods orders-1 -n pay 200 | get configmaps orders -n pay 200 | get configmaps orders-prod -n pay 404 | get secrets orders -n pay 403 | get secrets orders-prod -n pay 404 | get configmaps application -n pay 404 | list services -n pay 200
        a removed pod's Secret; NODE; +1s; 0; get secrets a -n shop 403 | get secrets b -n shop 403 | get secrets c -n shop 403 | get secrets d -n shop 403 | get secrets e -n shop 403
        ",
    );
}

#[test]
fn agents_of_all_nodes_and_collectors_are_quiet() {
    let agents = (0..20).flat_map(|_| {
        (1..=4).flat_map(|node| {
            let who = format!("obs/agent pod=agent-{node} node=w{node} @10.4.8.{node}");
            [
                format!("{who} get nodes w{node} 200"),
                format!("{who} list pods -A field=spec.nodeName=w{node} 200"),
            ]
        })
    });
    quiet("agents", &steps("+5s", agents));
    let collectors = (1..=6).flat_map(|node| {
        (0..12).map(move |pod| {
            format!("obs/fluent pod=fluent-{node} node=w{node} @10.4.8.{node} get pods web-{node}-{pod} -n shop 200")
        })
    });
    quiet("collectors", &steps("+0s", collectors));
}

#[test]
fn requests_that_end_together_do_not_turn_the_clock_back() {
    let mut lines = Vec::new();
    for kind in [
        "pods",
        "services",
        "nodes",
        "configmaps",
        "namespaces",
        "secrets",
    ] {
        lines.push(format!("{LEDGER} list {kind} -A 200"));
        lines.extend(
            (0..16).map(|number| {
                format!("obs/alloy get pods/log web-{number} -n shop lasted=7200 200")
            }),
        );
    }
    let incidents = after_three_weeks(&steps("+1m", lines));
    let of_ledger: Vec<_> = incidents
        .iter()
        .filter(|one| one.actor.name == "system:serviceaccount:pay:ledger")
        .collect();
    assert_eq!(of_ledger.len(), 1, "{incidents:#?}");
    assert_eq!(of_ledger[0].event_count, 6);
}

#[test]
fn the_first_event_is_the_first_however_it_arrived() {
    let script = format!(
        "10:00:02 {LEDGER} id=s-second list secrets -A 200
         10:00:00 {LEDGER} id=s-first list pods -A 200
         10:01:00 {LEDGER} id=s-third list nodes -A 200"
    );
    let incidents = after_three_weeks(&script);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    assert_eq!(incidents[0].first_event.audit_id, "s-first");
}

#[test]
fn a_gap_in_the_log_makes_nobody_better_known() {
    let script = format!("10:00:00 {LEDGER} list pods -A 200");
    let mut batch = Vec::new();
    for day in -21..=0 {
        batch.extend(crate::script::activities(super::breadth::ESTATE, day));
    }
    batch.extend(crate::script::activities(&script, 63));
    let incidents = super::world::run(&batch);
    let texts: Vec<_> = incidents
        .iter()
        .flat_map(|one| &one.reasons)
        .map(|reason| &reason.text)
        .collect();
    assert!(
        texts
            .iter()
            .any(|text| text.contains("first time in 21 days")),
        "{texts:#?}"
    );
}

#[test]
fn what_is_days_apart_does_not_add_up() {
    let paths = ["/logs", "/debug/pprof/", "/flagz"];
    let mut batch = Vec::new();
    for day in -21..=3 {
        batch.extend(crate::script::activities(super::breadth::ESTATE, day));
        batch.extend(crate::script::activities(super::world::ORDINARY, day));
        let path = usize::try_from(day).ok().and_then(|day| paths.get(day));
        if let Some(path) = path {
            let request = format!("10:00:00 {LEDGER} GET {path} 403");
            batch.extend(crate::script::activities(&request, day));
        }
    }
    let incidents = super::world::run(&batch);
    assert!(incidents.is_empty(), "{incidents:#?}");
}

#[test]
fn what_goes_on_every_night_becomes_usual_within_its_incident() {
    let mut batch = Vec::new();
    for day in 0..20 {
        let kinds = ["pods", "secrets", "configmaps", "services", "nodes"];
        let lists = kinds.map(|kind| format!("+1s velero/velero list {kind} -A 200\n"));
        let night = format!(
            "02:06:00 velero/velero GET /apis/apps/v1 200\n{}",
            lists.concat()
        );
        batch.extend(crate::script::activities(&night, day));
        batch.extend(crate::script::activities(super::world::ORDINARY, day));
    }
    let incidents = super::world::run(&batch);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    let last_s = incidents[0].last_event.time.as_second() - crate::script::BASE_S;
    assert!(last_s < 7 * 86_400, "{}", incidents[0].last_event.time);
}

/// A log that does not tell when a watch begins.
#[test]
fn a_restart_is_known_by_what_was_followed_for_weeks() {
    let kinds = ["services", "secrets", "ingresses.networking.k8s.io"];
    let mut batch = Vec::new();
    for day in -21..=0 {
        let followed = kinds.map(|kind| {
            format!("edge/gate pod=gate-1 @10.4.2.60 watch {kind} -A rv=6 lasted=3000 200")
        });
        let script = steps("+1s", followed).replace("10:00:00", "06:00:00");
        batch.extend(crate::script::activities(&script, day));
        batch.extend(crate::script::activities(super::world::ORDINARY, day));
    }
    let restarted =
        kinds.map(|kind| format!("edge/gate pod=gate-2 @10.4.2.61 list {kind} -A rv=0 200"));
    let mut script = steps("+0s", restarted);
    script.push_str("+2m shop/cart get configmaps cart -n shop 200\n");
    batch.extend(super::world::renamed(crate::script::activities(&script, 0)));
    let incidents = super::world::run(&batch);
    assert!(incidents.is_empty(), "{incidents:#?}");
}

/// GKE's log leaves queries out, so nothing tells with what a watch begins.
#[test]
fn a_controller_that_begins_with_watches_is_quiet_in_a_log_without_queries() {
    let kinds = [
        "pods",
        "secrets",
        "configmaps",
        "nodes",
        "services",
        "namespaces",
        "serviceaccounts",
        "roles.rbac.authorization.k8s.io",
        "deployments.apps",
        "ingresses.networking.k8s.io",
    ];
    let requests = kinds.map(|kind| {
        format!("argo/controller pod=c-1 watch {kind} -A uri=/core/v1/{kind} stage=started 200")
    });
    quiet("installed", &steps("+0s", requests));
}
