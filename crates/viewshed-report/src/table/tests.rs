mod sentences;

use viewshed_model::{
    CoverageReport, Decision, Finding, Gap, GapReason, Link, MissingFact, Page, Pivot, PivotKind,
    PivotRank, ScanReport, Severity, SubjectKind, View, WatchReport,
};

use super::{
    baseline, can_i, coverage, diff, gaps, incident, pages, rank, rehearsal, rules, rules_check,
    scan, see, watch, who,
};
use crate::sample;
use crate::style::{Detail, Style};

const NARROW: Style = Style {
    colour: false,
    width: 60,
    unicode: false,
    detail: Detail::Brief,
};

fn full() -> Style {
    Style {
        detail: Detail::Full,
        ..Style::default()
    }
}

#[test]
fn scan_reads_worst_first() {
    insta::assert_snapshot!(scan(&sample::scan_report(), &Style::default()));
}

#[test]
fn scan_shows_evidence_when_asked() {
    insta::assert_snapshot!(scan(&sample::scan_report(), &full()));
}

#[test]
fn scan_fits_a_narrow_ascii_terminal() {
    let text = scan(&sample::scan_report(), &NARROW);
    assert!(text.is_ascii());
    insta::assert_snapshot!(text);
}

#[test]
fn scan_of_nothing_says_what_that_means() {
    insta::assert_snapshot!(scan(&ScanReport::default(), &Style::default()));
}

#[test]
fn colours_only_add_escapes() {
    let plain = scan(&sample::scan_report(), &Style::default());
    let coloured = scan(
        &sample::scan_report(),
        &Style {
            colour: true,
            ..Style::default()
        },
    );
    let mut stripped = String::new();
    let mut is_escape = false;
    for character in coloured.chars() {
        if character == '\u{1b}' {
            is_escape = true;
        } else if is_escape {
            is_escape = character != 'm';
        } else {
            stripped.push(character);
        }
    }
    assert_eq!(stripped, plain);
    assert_ne!(coloured, plain);
}

#[test]
fn see_groups_by_chain() {
    let verification = sample::verification();
    insta::assert_snapshot!(see(&sample::view(), Some(&verification), &Style::default()));
}

#[test]
fn see_in_full_names_everything() {
    let text = see(&sample::view(), None, &full());
    for name in ["cart-a", "cart-h", "postgres"] {
        assert!(text.contains(name), "{name} is missing");
    }
    assert!(!text.contains("more"), "{text}");
}

#[test]
fn who_separates_origins() {
    insta::assert_snapshot!(who(&sample::who_answers(), &[], &Style::default()));
}

#[test]
fn who_says_nobody() {
    let mut answers = sample::who_answers();
    answers[0].entries.clear();
    answers[0].by_steps.clear();
    answers[0].more_by_steps = 0;
    insta::assert_snapshot!(who(&answers, &[sample::gap()], &Style::default()));
}

#[test]
fn rank_separates_origins() {
    insta::assert_snapshot!(rank(
        &sample::rank_report(),
        &Style {
            width: 140,
            ..Style::default()
        }
    ));
}

#[test]
fn diff_says_gained_and_lost() {
    insta::assert_snapshot!(diff(&sample::diff_report(), &Style::default()));
}

#[test]
fn can_i_answers_on_the_first_line() {
    let allowed = sample::grant("ops", "view", sample::subject(SubjectKind::User, "alice"));
    let unknown = MissingFact {
        fact: "the authorization webhook `opa`".to_owned(),
    };
    let text: String = [
        Decision::Allowed(allowed),
        Decision::Denied(String::new()),
        Decision::DependsOn(vec![unknown]),
    ]
    .into_iter()
    .map(|decision| can_i(&sample::access_answer(decision), &Style::default()))
    .collect();
    insta::assert_snapshot!(text);
}

#[test]
fn rules_look_like_kubectls() {
    insta::assert_snapshot!(rules(&sample::rules_review(), &Style::default()));
}

#[test]
fn pages_read_well_in_a_terminal() {
    let report = sample::scan_report();
    insta::assert_snapshot!(pages(&[Page::Check(report.checks[0].clone())], &NARROW));
}

#[test]
fn checks_are_listed() {
    insta::assert_snapshot!(pages(&sample::pages(), &Style::default()));
}

#[test]
fn a_gap_tells_how_much_it_stands_for() {
    let of = |count: u64, reason: GapReason| {
        let gap = Gap {
            count,
            reason,
            ..sample::gap()
        };
        let text = gaps(&[gap], &Style::default());
        let words = text.replace(['\n', ' '], " ");
        ["(like 1 other file)", "(like 2 other files)", "(3 times)"]
            .into_iter()
            .find(|wanted| words.contains(wanted))
    };
    assert_eq!(of(1, GapReason::NothingKnown), None);
    assert_eq!(of(2, GapReason::NothingKnown), Some("(like 1 other file)"));
    assert_eq!(of(3, GapReason::NothingKnown), Some("(like 2 other files)"));
    assert_eq!(of(3, GapReason::Malformed), Some("(3 times)"));
}

/// Users, groups and service accounts in the ranking are no workloads.
#[test]
fn identities_are_counted_apart_from_workloads() {
    let rank = |kind: &str| PivotRank {
        workload_kind: kind.to_owned(),
        ..sample::pivot_report().ranks.remove(0)
    };
    let words = |kinds: &[&str]| {
        let ranks: Vec<PivotRank> = kinds.iter().map(|kind| rank(kind)).collect();
        crate::wording::ranked(&ranks)
    };
    assert_eq!(words(&["Deployment"]), "1 workload");
    assert_eq!(words(&["Deployment", "Group"]), "1 workload and 1 identity");
    assert_eq!(
        words(&["User", "ServiceAccount", "Container", "Pod"]),
        "2 workloads and 2 identities"
    );
}

#[test]
fn no_gaps_no_section() {
    assert_eq!(gaps(&[], &Style::default()), "");
    assert!(gaps(&[sample::gap()], &Style::default()).starts_with("NOT SEEN: 1 gap"));
}

#[test]
fn every_line_fits_the_width() {
    for width in [48, 60, 80, 120] {
        let style = Style { width, ..full() };
        let texts = [
            scan(&sample::scan_report(), &style),
            see(&sample::view(), None, &style),
            diff(&sample::diff_report(), &style),
        ];
        let lines = texts.iter().flat_map(|text| text.lines());
        // A command stays on one line, so that copying it works.
        let is_command = |line: &&str| line.trim_start().starts_with("see it");
        for line in lines.filter(|line| !is_command(line)) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn a_thousand_findings_stay_short() {
    let report = ScanReport {
        findings: (0..1_000)
            .map(|index| Finding {
                object: format!("Deployment app-{index}"),
                ..sample::finding("unused-token-mounted", Severity::Low, "a token is mounted")
            })
            .collect(),
        ..ScanReport::default()
    };
    let text = scan(&report, &Style::default());
    assert!(text.contains("1,000 findings"), "{text}");
    assert!(text.contains("and 992 more"), "{text}");
    assert!(text.lines().count() < 60, "{text}");
}

#[test]
fn a_watch_is_summed_up_worst_first() {
    insta::assert_snapshot!(watch(&sample::watch_report(), &Style::default()));
}

#[test]
fn a_watch_that_found_nothing_says_what_that_means() {
    let report = WatchReport {
        event_count: 7,
        ..WatchReport::default()
    };
    insta::assert_snapshot!(watch(&report, &Style::default()));
}

/// "Nothing found" is never said where nothing could be.
#[test]
fn a_watch_that_could_judge_nothing_says_so() {
    let check = |report: &WatchReport, words: &str| {
        let text = watch(report, &Style::default());
        assert!(text.contains(words), "{text}");
        assert_eq!(
            text.contains("Nothing unusual"),
            words.contains("Nothing unusual")
        );
    };
    let mut report = WatchReport::default();
    check(
        &report,
        "Nothing was judged, because there was nothing new to read.",
    );
    report.gaps = vec![sample::gap()];
    check(
        &report,
        "Nothing could be judged: there was no entry of a known kind.",
    );
    report.event_count = 7;
    check(
        &report,
        "Nothing unusual was found in what could be judged; see below",
    );
    let mut report = WatchReport::default();
    report
        .skips
        .add(viewshed_model::SkipReason::OtherKind, String::new);
    check(&report, "name their format with --format");
}

#[test]
fn rules_that_never_fire_come_first_with_their_reasons() {
    insta::assert_snapshot!(rules_check(&sample::rules_check(), &Style::default()));
    let full = rules_check(&sample::rules_check(), &full());
    assert!(full.contains("`capabilities` is read as"), "{full}");
}

#[test]
fn a_new_incident_is_a_short_block() {
    let text = incident(&sample::incident(), &NARROW);
    assert!(text.is_ascii());
    insta::assert_snapshot!(text);
}

#[test]
fn a_grown_incident_says_so() {
    let text = incident(&sample::bare_incident(), &Style::default());
    insta::assert_snapshot!(text);
}

#[test]
fn coverage_is_a_matrix_and_its_reasons() {
    insta::assert_snapshot!(coverage(&sample::coverage_report(), &Style::default()));
    let none = coverage(&CoverageReport::default(), &Style::default());
    assert!(none.contains("No source was given."));
}

#[test]
fn habits_are_a_table() {
    insta::assert_snapshot!(baseline(&sample::baseline_rows(), &Style::default()));
}

/// The words of a text, however its lines are broken.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_rehearsal_tells_what_was_missed_and_what_would_show_it() {
    let text = rehearsal(&sample::rehearsal_report(), &Style::default());
    let all = words(&text);
    for expected in [
        "prod (https://10.0.0.1:6443) as system:serviceaccount:shop:cart",
        // Pods, version, nodes, events and the kubelet left; Docker did not.
        "5 steps taken with 6 requests; the logs do not wholly show 1 of them; WATCH caught it as one incident.",
        "pods caught 2 2 Metadata list pods",
        "server-version not shown 1 0",
        "- server-version: the audit policy leaves it out (`rules[3]`) change: put these rules first",
        "- level: Metadata nonResourceURLs: [/version]",
        "high vs-7d1f04c2b9a83e55: 2 requests of this run by system:serviceaccount:shop:cart",
        "set off by unwatched-list",
        "1 event with the id of this run is not in its record",
    ] {
        assert!(all.contains(expected), "{expected}\n{text}");
    }
    let mut unnoticed = sample::rehearsal_report();
    unnoticed.incidents.clear();
    let text = words(&rehearsal(&unnoticed, &Style::default()));
    assert!(text.contains("WATCH made no incident of it"), "{text}");
}

#[test]
fn a_rehearsal_without_logs_tells_how_to_find_it() {
    let text = words(&rehearsal(&sample::unjudged_rehearsal(), &NARROW));
    for expected in [
        "no log was read.",
        "viewshed-rehearsal/0.1.0 (id 7d1f04c2b9a83e55)",
        "viewshed rehearse report --run FILE --log LOG",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("incident"), "{text}");
}

/// What is on the way to everything, or follows from it, is counted and not told again.
#[test]
fn see_tells_everything_once() {
    let step = |text: &str| Link {
        text: text.to_owned(),
        evidence: None,
    };
    let pivot = |kind, name: &str, steps: &[&str]| Pivot {
        kind,
        name: name.to_owned(),
        steps: steps.iter().map(|text| step(text)).collect(),
        stops: Vec::new(),
        depends_on: Vec::new(),
    };
    let view = View {
        pivots: vec![
            pivot(PivotKind::Administrator, "", &["visits", "may do all"]),
            pivot(PivotKind::AllSecrets, "", &["visits", "lists secrets"]),
            pivot(PivotKind::Node, "n1", &["leaves the container"]),
            pivot(PivotKind::ServiceAccount, "board", &["visits"]),
        ],
        ..sample::view()
    };
    let told = see(&view, None, &Style::default());
    let (_, told) = told.split_once("LEADS TO (4)").expect("it leads on");
    assert!(told.contains("everything in 2 steps"), "{told}");
    assert!(told.contains("root on node n1 in 1 step"), "{told}");
    assert!(!told.contains("all secrets"), "{told}");
    assert!(!told.contains("service account board"), "{told}");
    assert!(told.contains("and 2 more"), "{told}");
    assert!(see(&view, None, &full()).contains("all secrets in 2 steps"));
}

#[test]
fn a_log_without_times_has_no_incident_of_1970() {
    let mut bare = sample::bare_incident();
    for event in [&mut bare.first_event, &mut bare.last_event] {
        event.time = jiff::Timestamp::UNIX_EPOCH;
    }
    bare.opened_at = jiff::Timestamp::UNIX_EPOCH;
    let report = WatchReport {
        incidents: vec![bare],
        generated_at: "2026-03-02T12:00:00Z".to_owned(),
        ..WatchReport::default()
    };
    let answer = crate::Answer::Watch(&report);
    for format in crate::Format::ALL {
        let Ok(text) = crate::render(&answer, format, &Style::default()) else {
            continue;
        };
        assert!(!text.contains("1970"), "{format:?}: {text}");
        // Those that demand a time have that of the report.
        if format == crate::Format::Falco {
            assert!(text.contains("2026-03-02T12:00:00Z"), "{text}");
        }
        if format == crate::Format::Ocsf {
            let finding: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(finding["time"], 1_772_452_800_000_i64);
            assert_eq!(finding["finding_info"]["created_time"], finding["time"]);
            assert!(finding.get("start_time").is_none(), "{text}");
            assert!(
                finding["finding_info"].get("first_seen_time").is_none(),
                "{text}"
            );
        }
    }
    let text = incident(&report.incidents[0], &Style::default());
    assert!(text.contains("time unknown, the log has none"), "{text}");
}

#[test]
fn steps_left_out_for_one_reason_are_one_line() {
    let mut report = sample::rehearsal_report();
    for step in &mut report.steps {
        step.verdict = viewshed_model::StepVerdict::NotSent;
        "left out by --steps".clone_into(&mut step.why);
    }
    let text = rehearsal(&report, &Style::default());
    assert_eq!(text.matches("left out by --steps").count(), 1, "{text}");
}

#[test]
fn without_incidents_the_nearest_miss_is_told() {
    let report = WatchReport {
        incidents: Vec::new(),
        ..sample::watch_report()
    };
    let answer = crate::Answer::Watch(&report);
    for format in [
        crate::Format::Table,
        crate::Format::Markdown,
        crate::Format::Html,
        crate::Format::Yaml,
        crate::Format::Json,
    ] {
        let text = crate::render(&answer, format, &Style::default()).unwrap();
        let text = text.replace('\\', "");
        for part in ["64", "lists nodes", "ops/scanner"] {
            assert!(text.contains(part), "{format:?} {part}: {text}");
        }
    }
    let text = watch(&report, &Style::default()).replace("\n  ", " ");
    assert!(
        text.contains("Nearest to an incident came shop/cart, with 64 of 100 points: first time"),
        "{text}"
    );
    assert!(
        text.contains("Let through by --user-allow-list, though unusual: ops/scanner (12 events)."),
        "{text}"
    );
}
