use super::{Page, SCRIPT, STYLE, pivots, scan, watch};
use crate::sample;
use viewshed_model::{Finding, Incident, PivotReport, ScanReport, WatchReport};

/// Elements without an end tag.
const VOID: [&str; 4] = ["meta", "br", "input", "path"];

/// Ways of 25,000 workloads.
fn many_ways() -> PivotReport {
    let report = sample::pivot_report();
    let rank = report.ranks.first().expect("there is one").clone();
    let mut ranks = vec![rank; 25_000];
    for (rank, number) in ranks.iter_mut().zip(0..) {
        rank.from = format!("shop/{number}-{}", "<long>".repeat(300));
    }
    PivotReport { ranks, ..report }
}

/// The start tags of a page in order, after checking that every element is closed where it must be.
fn elements(page: &str) -> Vec<&str> {
    let mut open: Vec<&str> = Vec::new();
    let mut starts = Vec::new();
    let markup = page.replace(STYLE, "").replace(SCRIPT, "");
    let length = page.len();
    assert!(markup.len() < length, "style and script are on the page");
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(text) = after
            .strip_prefix("style>")
            .and_then(|text| text.strip_prefix(STYLE))
        {
            rest = text.strip_prefix("</style>").expect("the style ends");
            continue;
        }
        if let Some(text) = after
            .strip_prefix("script>")
            .and_then(|text| text.strip_prefix(SCRIPT))
        {
            rest = text.strip_prefix("</script>").expect("the script ends");
            continue;
        }
        let (tag, text) = after.split_once('>').expect("a tag ends");
        rest = text;
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n'])
            .next()
            .unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "elements close in order");
        } else if tag != "!doctype html" {
            starts.push(tag);
            if !VOID.contains(&name) {
                open.push(name);
            }
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "every element is closed");
    starts
}

fn check(report: &ScanReport) {
    check_page(&scan(report));
}

fn check_page(page: &str) {
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let elements = elements(page);
    let mut ids: Vec<&str> = Vec::new();
    let mut targets: Vec<&str> = Vec::new();
    for tag in elements {
        for forbidden in [
            " src=",
            " style=",
            " on",
            "javascript:",
            " action=",
            "srcdoc",
        ] {
            assert!(!tag.contains(forbidden), "{tag}");
        }
        let attribute = |name: &str| {
            tag.split_once(&format!(" {name}=\""))
                .and_then(|(_, rest)| rest.split('"').next())
        };
        ids.extend(attribute("id"));
        targets.extend(attribute("href"));
    }
    for target in targets {
        let id = target.strip_prefix('#').expect("links stay on the page");
        assert!(ids.contains(&id), "{target} leads nowhere");
    }
    let number = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), number, "ids are distinct");
    assert!(
        !STYLE.contains("url(") && !STYLE.contains("@import"),
        "nothing is fetched"
    );
}

#[test]
fn a_page_stands_alone() {
    check(&sample::scan_report());
    check(&sample::large_report(1));
    check(&ScanReport::default());
}

#[test]
fn a_page_is_bounded_whatever_the_estate() {
    let mut report = sample::large_report(60);
    let long = "<long name>".repeat(200);
    for finding in &mut report.findings {
        finding.title.push_str(&long);
        finding.fix.push_str(&long);
        finding.reproduce.push_str(&long);
    }
    for row in &mut report.ranks {
        row.bindings = vec![long.clone(); 100];
        row.subject.name.push_str(&long);
    }
    for gap in &mut report.gaps {
        gap.detail.push_str(&long);
    }
    check(&report);
}

#[test]
fn the_policy_allows_this_style_and_script_only() {
    let page = scan(&sample::scan_report());
    let policy = page
        .split_once("Content-Security-Policy\" content=\"")
        .and_then(|(_, rest)| rest.split('"').next())
        .expect("the page has a policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
}

#[test]
fn text_is_escaped_and_code_is_set_as_code() {
    let mut page = Page::default();
    page.text("<b> & \"q\" 'a'")
        .raw("|")
        .rich("a `b<c` d")
        .raw("|")
        .rich("odd ` one");
    assert_eq!(
        page.finish(),
        "&lt;b&gt; &amp; &quot;q&quot; &#39;a&#39;|a <code>b&lt;c</code> d|odd ` one"
    );
}

#[test]
fn the_worst_stands_open_and_is_named_on_top() {
    let page = scan(&sample::scan_report());
    let title = "Anybody without a credential can list 4,127 objects of the cluster";
    assert!(page.contains(&format!("Worst: <a href=\"#f0\">{title}</a>")));
    assert_eq!(page.matches("\" open>").count(), 1);
}

#[test]
fn a_shared_fix_is_told_once() {
    let page = scan(&sample::scan_report());
    assert_eq!(page.matches("Fix for each").count(), 1);
    assert_eq!(
        page.matches("<code>automountServiceAccountToken: false</code>")
            .count(),
        1
    );
}

#[test]
fn nothing_found_is_not_the_same_as_nothing_looked_for() {
    let checked = ScanReport {
        findings: Vec::<Finding>::new(),
        gaps: Vec::new(),
        ..sample::scan_report()
    };
    // The sample has a mitigation that nobody can judge.
    let told = scan(&checked);
    assert!(told.contains(
        "3 checks found nothing. <a href=\"#mitigations\">M1018 and M1035 are missing</a>."
    ));
    assert!(told.contains(" Not everything that the checks need was read."));
    let known = ScanReport {
        mitigations: Vec::new(),
        ..checked
    };
    assert!(
        scan(&known).contains("3 checks found nothing. Everything that the checks need was read.")
    );
    assert!(scan(&ScanReport::default()).contains("No check was run."));
}

#[test]
fn a_page_of_ways_stands_alone_and_is_cut() {
    check_page(&pivots(&sample::pivot_report()));
    check_page(&pivots(&PivotReport::default()));
    let page = pivots(&many_ways());
    check_page(&page);
    assert_eq!(page.matches("<g class=\"box start").count(), 12);
    assert!(page.contains("Drawn are the worst 12; … and 24,988 more."));
    assert!(page.contains("… and 24,960 more; <code>viewshed reach --pivots"));
}

#[test]
fn a_scan_draws_the_ways_of_each_cluster() {
    let report = ScanReport {
        pivots: vec![sample::pivot_report(), many_ways()],
        ..sample::scan_report()
    };
    let page = scan(&report);
    check_page(&page);
    assert_eq!(page.matches("<svg class=\"ways\" role=\"img\"").count(), 2);
    assert!(page.contains("href=\"#ways\""));
    let without = ScanReport {
        pivots: Vec::new(),
        ..report
    };
    assert!(!scan(&without).contains("href=\"#ways\""));
}

#[test]
fn a_page_of_incidents_stands_alone() {
    check_page(&watch(&sample::watch_report()));
    check_page(&watch(&WatchReport::default()));
}

#[test]
fn the_timeline_stays_in_its_frame() {
    let page = watch(&sample::watch_report());
    let (_, drawing) = page
        .split_once("class=\"course\" d=\"")
        .expect("there is one");
    let (course, _) = drawing.split_once('"').expect("it ends");
    // 1, 5, 12 and 41 events after 0, 60, 180 and 540 seconds of 540.
    assert_eq!(course, "M12 84H12V83H118V77H332V68H972V26H972V26");
}

#[test]
fn a_page_of_many_incidents_is_cut_and_says_so() {
    let incident = sample::incident();
    let incidents = (0..5_000).map(|number| Incident {
        id: format!("vs-{number}"),
        ..incident.clone()
    });
    let report = WatchReport {
        incidents: incidents.collect(),
        ..sample::watch_report()
    };
    let page = watch(&report);
    check_page(&page);
    assert!(page.contains(" … and 4,700 more"));
}
