use viewshed_model::{Link, MissingFact, Pivot, PivotKind, PivotRank, PivotReport, PivotStop};

use super::{Graph, cut};
use crate::html::pivots;

/// `from` over service accounts and pods to everything; a `?` in front makes it depend on a fact.
fn rank(way: &str) -> PivotRank {
    let is_sure = !way.starts_with('?');
    let words: Vec<&str> = way.trim_start_matches('?').split(" > ").collect();
    let stop = |word: &&str| {
        let (kind, name) = word.split_once(' ').unwrap_or((word, ""));
        PivotStop {
            kind: match kind {
                "account" => PivotKind::ServiceAccount,
                "pod" => PivotKind::Pod,
                "node" => PivotKind::Node,
                _ => PivotKind::Administrator,
            },
            name: name.to_owned(),
        }
    };
    let stops: Vec<PivotStop> = words.iter().skip(1).map(stop).collect();
    let steps = words.windows(2).map(|pair| Link {
        text: format!("{} to {}", pair[0], pair[1]),
        evidence: None,
    });
    let fact = MissingFact {
        fact: "what is not known".to_owned(),
    };
    let last = stops.last().expect("a way has a step").clone();
    PivotRank {
        from: words[0].to_owned(),
        workload_kind: "Deployment".to_owned(),
        pod: String::new(),
        ways_in: Vec::new(),
        pivot: Pivot {
            kind: last.kind,
            name: last.name,
            steps: steps.collect(),
            stops,
            depends_on: if is_sure { Vec::new() } else { vec![fact] },
        },
    }
}

/// Names of the boxes by layer, from top to bottom.
fn layers(ways: &[&str]) -> Vec<Vec<String>> {
    let ranks: Vec<PivotRank> = ways.iter().map(|way| rank(way)).collect();
    let graph = Graph::of(&ranks.iter().collect::<Vec<_>>());
    let mut layers: Vec<Vec<(usize, String)>> = Vec::new();
    for (thing, placed) in graph.things.iter().zip(&graph.placed) {
        layers.resize(layers.len().max(placed.layer + 1), Vec::new());
        let name = format!("{} {}", thing.kind, thing.name);
        layers[placed.layer].push((placed.row, name.trim().to_owned()));
    }
    let ordered = layers.into_iter().map(|mut layer| {
        layer.sort();
        layer.into_iter().map(|(_, name)| name).collect()
    });
    ordered.collect()
}

#[test]
fn what_ways_share_is_one_box_and_lines_lead_to_the_right() {
    assert_eq!(
        layers(&[
            "a/web > account a/web > everything",
            "b/job > pod a/web > account a/web > everything",
        ]),
        [
            vec!["Deployment a/web", "Deployment b/job"],
            vec!["pod a/web"],
            vec!["service account a/web"],
            vec!["everything"],
        ]
    );
}

#[test]
fn a_ring_of_ways_ends_too() {
    let layers = layers(&["a/a > pod b > pod c", "a/d > pod c > pod b"]);
    assert!(layers.len() <= super::LAYERS_MAX, "{layers:?}");
    assert_eq!(layers.iter().map(Vec::len).sum::<usize>(), 4);
}

#[test]
fn boxes_do_not_overlap() {
    let ways: Vec<String> = (0..9)
        .map(|number| {
            format!(
                "a/{number} > account a/{} > node n{}",
                number % 4,
                number % 3
            )
        })
        .collect();
    let ranks: Vec<PivotRank> = ways.iter().map(|way| rank(way)).collect();
    let graph = Graph::of(&ranks.iter().collect::<Vec<_>>());
    let mut corners: Vec<(usize, usize)> = (0..graph.things.len())
        .map(|box_| graph.corner(box_))
        .collect();
    corners.sort_unstable();
    for pair in corners.windows(2) {
        let is_below = pair[1].1 >= pair[0].1 + super::BOX_HEIGHT;
        assert!(pair[0].0 != pair[1].0 || is_below, "{pair:?}");
    }
}

#[test]
fn a_line_is_broken_where_no_way_over_it_is_certain() {
    let page = |ways: &[&str]| {
        pivots(&PivotReport {
            ranks: ways.iter().map(|way| rank(way)).collect(),
            ..PivotReport::default()
        })
    };
    let doubtful = page(&["?a/web > node n"]);
    assert_eq!(doubtful.matches("class=\"line unsure\"").count(), 1);
    assert!(doubtful.contains("Depends on what is not known"));
    let both = page(&[
        "?a/web > node n > everything",
        "b/web > node n > everything",
    ]);
    assert_eq!(both.matches("class=\"line unsure\"").count(), 1);
    assert_eq!(both.matches("class=\"line\"").count(), 2);
}

#[test]
fn long_names_are_cut_in_the_middle() {
    assert_eq!(cut("shop/web"), "shop/web");
    assert_eq!(
        cut("kubernetes-dashboard/kubernetes-dashboard"),
        "…/kubernetes-dashboard"
    );
    assert_eq!(
        cut("board/kubernetes-dashboard-69f7f6dc76-fh25j"),
        "kubernetes-d…f6dc76-fh25j"
    );
}
