//! Answers about network reach.

use viewshed_model::{
    EndKind, Link, MissingFact, OverviewCell, OverviewRow, Pivot, PivotKind, PivotRank,
    PivotReport, PivotStop, Place, PolicyReference, PortRange, Position, Protocol, ReachAnswer,
    ReachCell, ReachEnd, ReachMatrix, ReachOverview, ReachQuestion, ReachReason, ReachReport,
    ReachSide, ReachSource, ReachSources, ReachVerdict, Target,
};

use super::{gap, grant, subject};

fn pod(name: &str) -> Place {
    Place::Pod {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
    }
}

fn reason(side: ReachSide, text: &str) -> ReachReason {
    ReachReason {
        side,
        policy: None,
        rule: None,
        location: None,
        text: text.to_owned(),
    }
}

fn by_policy() -> ReachReason {
    ReachReason {
        policy: Some(PolicyReference {
            kind: "NetworkPolicy".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "db".to_owned(),
        }),
        rule: Some(0),
        location: Some(Position {
            file: "shop/db.yaml".to_owned(),
            line: 12,
        }),
        ..reason(
            ReachSide::Ingress,
            "`ingress[0]` of NetworkPolicy `shop/db` lets it through",
        )
    }
}

fn fact(text: &str) -> MissingFact {
    MissingFact {
        fact: text.to_owned(),
    }
}

const fn tcp(port: u16) -> PortRange {
    PortRange {
        protocol: Protocol::Tcp,
        first: port,
        last: port,
    }
}

fn answer(to: Place, port: Option<u16>, verdict: ReachVerdict) -> ReachAnswer {
    ReachAnswer {
        question: ReachQuestion {
            from: pod("web"),
            to,
            port,
            protocol: port.map(|_| Protocol::Tcp),
        },
        verdict,
        depends_on: Vec::new(),
        because: vec![reason(
            ReachSide::Egress,
            "no policy isolates pod `shop/web` for egress",
        )],
        ports: Vec::new(),
        uncertain_ports: Vec::new(),
        cni: "calico".to_owned(),
        gaps: Vec::new(),
    }
}

pub(crate) fn reach_report() -> ReachReport {
    let mut open = answer(pod("db"), Some(5432), ReachVerdict::Allowed);
    open.because.push(by_policy());
    let mut depends = answer(Place::Target(Target::Kubelet), None, ReachVerdict::Depends);
    depends.depends_on = vec![fact("Calico's setting `DefaultEndpointToHostAction`")];
    depends.ports = vec![tcp(443)];
    depends.uncertain_ports = vec![tcp(10_250)];
    ReachReport {
        estate: "prod".to_owned(),
        cni: "calico".to_owned(),
        assumed: vec!["DaemonSet `kube-system/calico-node` runs `calico/node:v3.30.0`".to_owned()],
        answers: vec![open, depends],
        gaps: vec![gap()],
    }
}

fn source(verdict: ReachVerdict, kind: EndKind, name: &str) -> ReachSource {
    let is_pods = kind == EndKind::Pods;
    let of_pods = |text: &str| {
        if is_pods {
            text.to_owned()
        } else {
            String::new()
        }
    };
    ReachSource {
        verdict,
        kind,
        namespace: of_pods("shop"),
        name: name.to_owned(),
        workload_kind: of_pods("Deployment"),
        pods: u64::from(is_pods) * 3,
        example: of_pods("web-1"),
        ports: Vec::new(),
        uncertain_ports: Vec::new(),
        depends_on: Vec::new(),
        because: vec![by_policy()],
    }
}

pub(crate) fn reach_sources() -> ReachSources {
    let mut open = source(ReachVerdict::Allowed, EndKind::Pods, "web");
    open.ports = vec![tcp(10_250)];
    let mut depends = source(ReachVerdict::Depends, EndKind::Outside, "world");
    depends.depends_on = vec![fact("whether addresses outside the cluster reach it")];
    depends.uncertain_ports = vec![tcp(10_250)];
    ReachSources {
        estate: "prod".to_owned(),
        cni: "generic".to_owned(),
        to: Place::Target(Target::Kubelet),
        points: vec!["the kubelet of node `worker-1`: TCP 10250".to_owned()],
        sources: vec![
            open,
            depends,
            source(ReachVerdict::Denied, EndKind::Node, "worker-2"),
        ],
        gaps: vec![gap()],
    }
}

pub(crate) fn reach_matrix() -> ReachMatrix {
    let end = |kind, name: &str| ReachEnd {
        kind,
        name: name.to_owned(),
        ..ReachEnd::default()
    };
    let web = ReachEnd {
        namespace: "shop".to_owned(),
        workload_kind: "Deployment".to_owned(),
        pods: vec!["web-1".to_owned()],
        ..end(EndKind::Pods, "web")
    };
    let outside = ReachEnd {
        addresses: vec![
            "0.0.0.0-9.255.255.255".to_owned(),
            "11.0.0.0-255.255.255.255".to_owned(),
        ],
        ..end(EndKind::Outside, "0.0.0.0-9.255.255.255")
    };
    ReachMatrix {
        estate: "prod".to_owned(),
        cni: "generic".to_owned(),
        ends: vec![web, end(EndKind::Node, "worker-1"), outside],
        cells: vec![
            ReachCell {
                from: 0,
                to: 1,
                allowed: vec![tcp(10_250)],
                uncertain: vec![tcp(443)],
            },
            ReachCell {
                from: 2,
                to: 0,
                allowed: Vec::new(),
                uncertain: vec![tcp(80)],
            },
        ],
        gaps: vec![gap()],
    }
}

pub(super) fn pivot() -> Pivot {
    let step = |text: &str, evidence| Link {
        text: text.to_owned(),
        evidence,
    };
    let account = subject(viewshed_model::SubjectKind::ServiceAccount, "web");
    Pivot {
        kind: PivotKind::Node,
        name: "worker-1".to_owned(),
        steps: vec![
            step(
                "pod shop/web-1 mounts the token of service account shop/web",
                None,
            ),
            step(
                "service account shop/web may create pods in namespace shop: it starts pods as it likes",
                Some(grant("ops", "edit", account)),
            ),
        ],
        stops: vec![
            PivotStop {
                kind: PivotKind::ServiceAccount,
                name: "shop/web".to_owned(),
            },
            PivotStop {
                kind: PivotKind::Node,
                name: "worker-1".to_owned(),
            },
        ],
        depends_on: vec![fact(
            "whether admission refuses paths of the node in namespace shop",
        )],
    }
}

pub(crate) fn pivot_report() -> PivotReport {
    PivotReport {
        estate: "prod".to_owned(),
        cni: "calico".to_owned(),
        ranks: vec![PivotRank {
            from: "shop/web".to_owned(),
            workload_kind: "Deployment".to_owned(),
            pod: "web-1".to_owned(),
            ways_in: vec![
                "Service `web` of type LoadBalancer takes connections from everywhere".to_owned(),
            ],
            pivot: pivot(),
        }],
        harmless: 3,
        depends_on: Vec::new(),
        gaps: vec![gap()],
    }
}

/// Two sources and two places.
pub(super) fn overview() -> ReachOverview {
    let cell = |verdict, ports: Vec<PortRange>| Some(OverviewCell { verdict, ports });
    let row = |kind, name: &str, cells| OverviewRow {
        kind,
        namespace: String::new(),
        name: name.to_owned(),
        workload_kind: String::new(),
        cells,
    };
    let open = || cell(ReachVerdict::Allowed, vec![tcp(10_250)]);
    ReachOverview {
        estate: "prod".to_owned(),
        cni: "generic".to_owned(),
        targets: vec![Target::Kubelet, Target::Metadata],
        rows: vec![
            row(
                EndKind::Outside,
                "world",
                vec![cell(ReachVerdict::Denied, Vec::new()), None],
            ),
            row(
                EndKind::Node,
                "worker-1",
                vec![open(), cell(ReachVerdict::Depends, vec![tcp(80)])],
            ),
        ],
    }
}
