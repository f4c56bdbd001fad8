use viewshed_model::{
    EndKind, OverviewCell, OverviewRow, PortRange, Protocol, ReachOverview, ReachVerdict,
    ScanReport, Target,
};

use super::super::scan;

fn cell(verdict: ReachVerdict) -> OverviewCell {
    let port = PortRange {
        protocol: Protocol::Tcp,
        first: 10_250,
        last: 10_250,
    };
    let ports = match verdict {
        ReachVerdict::Denied => Vec::new(),
        ReachVerdict::Allowed | ReachVerdict::Depends => vec![port],
    };
    OverviewCell { verdict, ports }
}

fn row(namespace: &str, name: &str, cells: Vec<Option<OverviewCell>>) -> OverviewRow {
    OverviewRow {
        kind: EndKind::Pods,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        workload_kind: "Deployment".to_owned(),
        cells,
    }
}

fn page(rows: Vec<OverviewRow>) -> String {
    let outside = OverviewRow {
        kind: EndKind::Outside,
        ..row("", "world", vec![Some(cell(ReachVerdict::Denied)), None])
    };
    let overview = ReachOverview {
        estate: "prod".to_owned(),
        cni: "calico".to_owned(),
        targets: vec![Target::Kubelet, Target::World],
        rows: std::iter::once(outside).chain(rows).collect(),
    };
    scan(&ScanReport {
        reach: vec![overview],
        ..ScanReport::default()
    })
}

/// The drawing alone.
fn drawing(page: &str) -> &str {
    let (_, after) = page
        .split_once("<svg class=\"reach\"")
        .expect("it is drawn");
    after.split_once("</svg>").expect("it ends").0
}

#[test]
fn every_source_is_a_row_and_every_place_a_column() {
    let open = vec![
        Some(cell(ReachVerdict::Allowed)),
        Some(cell(ReachVerdict::Depends)),
    ];
    let page = page(vec![row("shop", "web", open)]);
    let drawing = drawing(&page);
    for text in [
        "shop/web reaches kubelets on TCP 10250",
        "shop/web may reach the world on TCP 10250",
        "addresses outside does not reach kubelets",
        "kubelets: 1 reach it, of 0 it depends on facts, 1 do not",
    ] {
        assert!(drawing.contains(text), "{text}");
    }
    // Nobody asks whether addresses outside reach addresses outside.
    assert!(!drawing.contains("outside does not reach the world"));
    assert_eq!(drawing.matches("class=\"shut\"").count(), 1);
}

#[test]
fn many_sources_that_fare_alike_are_one_row() {
    let open = || {
        vec![
            Some(cell(ReachVerdict::Allowed)),
            Some(cell(ReachVerdict::Allowed)),
        ]
    };
    let shut = || {
        vec![
            Some(cell(ReachVerdict::Denied)),
            Some(cell(ReachVerdict::Denied)),
        ]
    };
    let mut rows: Vec<OverviewRow> = (0..60)
        .map(|number| row("shop", &format!("w{number:02}"), open()))
        .collect();
    rows.push(row("shop", "apart", shut()));
    let page = page(rows);
    let drawing = drawing(&page);
    assert!(drawing.contains("shop: 60 workloads"));
    assert!(drawing.contains("shop/w00, shop/w01"));
    assert!(drawing.contains("and 52 more"));
    assert!(drawing.contains("shop/apart"));
    assert_eq!(drawing.matches("class=\"row\"").count(), 3);
}

#[test]
fn what_does_not_fit_is_counted() {
    // A hundred columns' worth of different ports: no two rows are alike.
    let rows: Vec<OverviewRow> = (0..100_u16)
        .map(|number| {
            let port = PortRange {
                protocol: Protocol::Tcp,
                first: number + 1,
                last: number + 1,
            };
            let open = OverviewCell {
                verdict: ReachVerdict::Allowed,
                ports: vec![port],
            };
            row("shop", &format!("{number}<long>"), vec![Some(open), None])
        })
        .collect();
    let page = page(rows);
    assert_eq!(drawing(&page).matches("class=\"row\"").count(), 40);
    assert!(page.contains("Of the rows … and 61 more"));
    assert!(!page.contains("<long>"));
}
