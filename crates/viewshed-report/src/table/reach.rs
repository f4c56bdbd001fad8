//! The terminal reports of `viewshed reach`.

use viewshed_model::{
    EndKind, MissingFact, Pivot, PivotRank, PivotReport, ReachAnswer, ReachMatrix, ReachReason,
    ReachReport, ReachSide, ReachSource, ReachSources, ReachVerdict,
};

use super::layout::{Column, Columns, headline, paragraph};
use super::{gaps, limited, more};
use crate::lines::line;
use crate::style::{Ink, Style};
use crate::wording::{count, ports, position, verdict};

/// Sources of one verdict shown in a brief report.
const SOURCES_MAX: usize = 40;
/// Pairs shown in a brief report.
const PAIRS_MAX: usize = 80;
/// Points of a target shown in a brief report.
const POINTS_MAX: usize = 4;

const fn ink(verdict: ReachVerdict) -> Ink {
    match verdict {
        ReachVerdict::Allowed => Ink::Bad,
        ReachVerdict::Denied => Ink::Good,
        ReachVerdict::Depends => Ink::Warning,
    }
}

/// Answers: the verdict on the first line, as scripts expect it, then who, where and why.
pub fn reach(report: &ReachReport, style: &Style) -> String {
    let mut out = String::new();
    for (answer, index) in report.answers.iter().zip(0_usize..) {
        if index > 0 {
            out.push('\n');
        }
        write_answer(&mut out, style, answer);
    }
    write_assumed(&mut out, style, &report.cni, &report.assumed);
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

fn write_answer(out: &mut String, style: &Style, answer: &ReachAnswer) {
    out.push_str(&style.paint(ink(answer.verdict), verdict(answer.verdict)));
    out.push('\n');
    let question = &answer.question;
    let mut to = question.to.to_string();
    if let Some(port) = question.port {
        let protocol = question.protocol.unwrap_or_default();
        to = format!("{to}, {protocol} {port}");
    } else if let Some(protocol) = question.protocol {
        to = format!("{to}, {protocol}");
    }
    paragraph(
        out,
        style,
        "  from    ",
        &style.text(&question.from.to_string()),
    );
    paragraph(out, style, "  to      ", &style.text(&to));
    if !answer.ports.is_empty() {
        paragraph(out, style, "  open    ", &ports(&answer.ports));
    }
    if !answer.uncertain_ports.is_empty() {
        paragraph(out, style, "  maybe   ", &ports(&answer.uncertain_ports));
    }
    write_reasons(out, style, &answer.because);
    for fact in &answer.depends_on {
        paragraph(out, style, "  depends on ", &style.text(&fact.fact));
    }
}

fn write_reasons(out: &mut String, style: &Style, reasons: &[ReachReason]) {
    for (reason, index) in reasons.iter().zip(0_usize..) {
        let first = if index == 0 {
            "  because "
        } else {
            "          "
        };
        paragraph(out, style, first, &style.text(&reason_text(reason)));
    }
}

fn reason_text(reason: &ReachReason) -> String {
    let side = match reason.side {
        ReachSide::Egress => "leaving: ",
        ReachSide::Ingress => "entering: ",
        ReachSide::Path => "",
    };
    let place = reason
        .location
        .as_ref()
        .map(|place| format!(" ({})", position(place)))
        .unwrap_or_default();
    format!("{side}{}{place}", reason.text)
}

/// What a Docker host's answers have in place of a plugin.
const DOCKER: &str = "docker";

fn write_assumed(out: &mut String, style: &Style, cni: &str, assumed: &[String]) {
    if cni == DOCKER {
        return;
    }
    let how = if assumed.is_empty() {
        String::new()
    } else {
        format!(": {}", assumed.join("; "))
    };
    out.push('\n');
    let text = format!("network plugin assumed: {cni}{how}");
    paragraph(out, style, "", &style.paint(Ink::Faint, &style.text(&text)));
}

/// Who reaches one place, those that do first.
pub fn sources(report: &ReachSources, style: &Style) -> String {
    let mut out = String::new();
    let title = format!("who reaches {}", report.to);
    let title = style.paint(Ink::Strong, &style.text(&title));
    paragraph(&mut out, style, "", &title);
    let points = limited(style, &report.points, POINTS_MAX);
    paragraph(&mut out, style, "  ", &style.text(&points));
    for (wanted, words) in [
        (ReachVerdict::Allowed, "REACH IT"),
        (ReachVerdict::Depends, "IT DEPENDS"),
        (ReachVerdict::Denied, "DO NOT"),
    ] {
        let of_verdict = report.sources.iter().filter(|one| one.verdict == wanted);
        let of_verdict: Vec<&ReachSource> = of_verdict.collect();
        if !of_verdict.is_empty() {
            out.push('\n');
            let words = format!("{words} ({})", of_verdict.len());
            headline(&mut out, style, ink(wanted), &words);
            write_sources(&mut out, style, &of_verdict);
        }
    }
    write_assumed(&mut out, style, &report.cni, &[]);
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

fn write_sources(out: &mut String, style: &Style, sources: &[&ReachSource]) {
    let columns = [
        ("SOURCE", Column::Text),
        ("PODS", Column::Number),
        ("ON", Column::Text),
        ("BECAUSE", Column::Text),
    ];
    let mut table = Columns::new(style, 2, &columns);
    let most = if style.is_full() {
        usize::MAX
    } else {
        SOURCES_MAX
    };
    for source in sources.iter().take(most) {
        let (name, pods) = match source.kind {
            EndKind::Pods => {
                let kind = &source.workload_kind;
                let name = format!("{kind} {}/{}", source.namespace, source.name);
                (name, source.pods.to_string())
            }
            EndKind::Node => (format!("node {}", source.name), String::new()),
            EndKind::Container => {
                let name = format!("container {}/{}", source.namespace, source.name);
                (name, String::new())
            }
            EndKind::Host => (format!("host {}", source.name), String::new()),
            EndKind::Outside => (source.name.clone(), String::new()),
        };
        let facts = source.depends_on.iter().map(|fact| fact.fact.clone());
        let reasons = source.because.iter().map(reason_text);
        let why: Vec<String> = match source.verdict {
            ReachVerdict::Depends => facts.collect(),
            ReachVerdict::Allowed | ReachVerdict::Denied => reasons.collect(),
        };
        let open = [(&source.ports, ""), (&source.uncertain_ports, "maybe ")];
        let open = open.into_iter().filter(|(ports, _)| !ports.is_empty());
        let open: Vec<String> = open
            .map(|(open, word)| format!("{word}{}", ports(open)))
            .collect();
        table.row(vec![
            style.text(&name),
            pods,
            open.join(", "),
            style.text(&why.join("; ")),
        ]);
    }
    table.write(out, 2);
    if sources.len() > most {
        more(out, style, sources.len() - most);
    }
}

/// All pairs between which anything is or may be let through.
pub fn matrix(matrix: &ReachMatrix, style: &Style) -> String {
    let mut out = String::new();
    let title = format!(
        "{} between {}",
        count(matrix.cells.len() as u64, "open pair", "open pairs"),
        count(matrix.ends.len() as u64, "end", "ends")
    );
    line(&mut out, &style.paint(Ink::Strong, &title));
    let columns = [
        ("FROM", Column::Text),
        ("TO", Column::Text),
        ("OPEN", Column::Text),
        ("MAYBE", Column::Text),
    ];
    let mut table = Columns::new(style, 2, &columns);
    let name = |at: u32| {
        let end = matrix.ends.get(at as usize);
        style.text(&end.map(ToString::to_string).unwrap_or_default())
    };
    let most = if style.is_full() {
        usize::MAX
    } else {
        PAIRS_MAX
    };
    for cell in matrix.cells.iter().take(most) {
        table.row(vec![
            name(cell.from),
            name(cell.to),
            ports(&cell.allowed),
            ports(&cell.uncertain),
        ]);
    }
    table.write(&mut out, 2);
    if matrix.cells.len() > most {
        more(&mut out, style, matrix.cells.len() - most);
    }
    write_assumed(&mut out, style, &matrix.cni, &[]);
    gaps::write(&mut out, style, &matrix.gaps);
    style.finish(&out)
}

/// Workloads worst first, each with the steps to the most powerful thing that it leads to.
pub fn pivots(report: &PivotReport, style: &Style) -> String {
    let mut out = String::new();
    let doubt = if report.depends_on.is_empty() {
        "do not"
    } else {
        "perhaps"
    };
    let title = format!(
        "{} lead to more than themselves, {} {doubt}",
        count(report.ranks.len() as u64, "workload", "workloads"),
        report.harmless
    );
    line(&mut out, &style.paint(Ink::Strong, &title));
    if !report.depends_on.is_empty() {
        let facts = report.depends_on.iter().map(|fact| fact.fact.as_str());
        let text = format!("that depends on {}", facts.collect::<Vec<_>>().join("; "));
        paragraph(&mut out, style, "  ", &style.text(&text));
    }
    let most = if style.is_full() {
        usize::MAX
    } else {
        SOURCES_MAX
    };
    for rank in report.ranks.iter().take(most) {
        out.push('\n');
        write_rank(&mut out, style, rank);
    }
    if report.ranks.len() > most {
        more(&mut out, style, report.ranks.len() - most);
    }
    write_assumed(&mut out, style, &report.cni, &[]);
    gaps::write(&mut out, style, &report.gaps);
    style.finish(&out)
}

/// A workload, the most powerful thing that it leads to, and how it is reached from outside.
pub(super) fn write_rank(out: &mut String, style: &Style, rank: &PivotRank) {
    let from = format!("from {} {} to ", rank.workload_kind, rank.from);
    write_pivot(out, style, &from, &rank.pivot);
    for way in &rank.ways_in {
        paragraph(out, style, "    reached from outside: ", &style.text(way));
    }
}

/// One way: where it ends, then its steps.
pub(super) fn write_pivot(out: &mut String, style: &Style, lead: &str, pivot: &Pivot) {
    let steps = count(pivot.steps.len() as u64, "step", "steps");
    let name = format!("{} {}", pivot.kind.words(), pivot.name);
    let title = format!("{lead}{} in {steps}", name.trim_end());
    let title = style.paint(Ink::Strong, &style.text(&title));
    paragraph(out, style, "  ", &title);
    for (step, number) in pivot.steps.iter().zip(1_usize..) {
        paragraph(
            out,
            style,
            &format!("    {number}. "),
            &style.text(&step.text),
        );
    }
    for MissingFact { fact } in &pivot.depends_on {
        paragraph(out, style, "    depends on ", &style.text(fact));
    }
}

/// One line per verdict with the places that have it.
pub(super) fn write_paths(out: &mut String, style: &Style, paths: &[ReachAnswer]) {
    for (wanted, words) in [
        (ReachVerdict::Allowed, "  reaches      "),
        (ReachVerdict::Depends, "  may reach    "),
        (ReachVerdict::Denied, "  is kept from "),
    ] {
        let of_verdict = paths.iter().filter(|answer| answer.verdict == wanted);
        let names: Vec<String> = of_verdict
            .map(|answer| {
                let open = ports(&answer.ports);
                let place = &answer.question.to;
                match open.as_str() {
                    "" => place.to_string(),
                    open => format!("{place} ({open})"),
                }
            })
            .collect();
        if !names.is_empty() {
            paragraph(out, style, words, &style.text(&names.join(", ")));
        }
    }
}
