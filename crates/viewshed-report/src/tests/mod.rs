//! What holds for every answer in every format.

mod agreement;
mod hostile;
mod schema;

use viewshed_model::{
    AccessAnswer, BaselineRow, CoverageReport, Decision, DiffReport, Gap, MissingFact, Page,
    PivotReport, RankReport, ReachMatrix, ReachReport, ReachSources, RehearsalReport, RulesCheck,
    RulesReview, ScanReport, SubjectKind, Verification, View, WatchReport, WhoAnswer,
};

use crate::sample;
use crate::{Answer, Format, Style, render};

/// One of each answer.
struct Answers {
    scan: ScanReport,
    view: View<'static>,
    here: View<'static>,
    verification: Verification,
    who: Vec<WhoAnswer>,
    gaps: Vec<Gap>,
    rank: RankReport,
    diff: DiffReport,
    can_i: Vec<AccessAnswer>,
    rules: RulesReview,
    rules_check: RulesCheck,
    watch: WatchReport,
    coverage: CoverageReport,
    baseline: Vec<BaselineRow>,
    reach: ReachReport,
    sources: ReachSources,
    matrix: ReachMatrix,
    pivots: PivotReport,
    rehearsal: RehearsalReport,
    unjudged: RehearsalReport,
    pages: Vec<Page>,
    page: [Page; 1],
}

impl Answers {
    fn samples() -> Self {
        let alice = sample::subject(SubjectKind::User, "alice");
        let fact = MissingFact {
            fact: "the authorization webhook `opa`".to_owned(),
        };
        Self {
            scan: sample::scan_report(),
            view: sample::view(),
            here: sample::here_view(),
            verification: sample::verification(),
            who: sample::who_answers(),
            gaps: vec![sample::gap()],
            rank: sample::rank_report(),
            diff: sample::diff_report(),
            can_i: [
                Decision::Allowed(sample::grant("ops", "view", alice)),
                Decision::Denied(String::new()),
                Decision::DependsOn(vec![fact]),
            ]
            .map(sample::access_answer)
            .to_vec(),
            rules: sample::rules_review(),
            rules_check: sample::rules_check(),
            watch: sample::watch_report(),
            coverage: sample::coverage_report(),
            baseline: sample::baseline_rows(),
            reach: sample::reach_report(),
            sources: sample::reach_sources(),
            matrix: sample::reach_matrix(),
            pivots: sample::pivot_report(),
            rehearsal: sample::rehearsal_report(),
            unjudged: sample::unjudged_rehearsal(),
            pages: sample::pages(),
            page: [Page::Check(sample::scan_report().checks.remove(0))],
        }
    }

    fn all(&self) -> Vec<Answer<'_>> {
        let mut all = vec![
            Answer::Scan(&self.scan),
            Answer::See(&self.view, Some(&self.verification)),
            Answer::See(&self.view, None),
            Answer::See(&self.here, None),
            Answer::Who(&self.who, &self.gaps),
            Answer::Rank(&self.rank),
            Answer::Diff(&self.diff),
            Answer::Rules(&self.rules),
            Answer::RulesCheck(&self.rules_check),
            Answer::Watch(&self.watch),
            Answer::Coverage(&self.coverage),
            Answer::Baseline(&self.baseline),
            Answer::Reach(&self.reach),
            Answer::Sources(&self.sources),
            Answer::Matrix(&self.matrix),
            Answer::Pivots(&self.pivots),
            Answer::Rehearsal(&self.rehearsal),
            Answer::Rehearsal(&self.unjudged),
            Answer::Explain(&self.pages),
            Answer::Explain(&self.page),
        ];
        all.extend(self.can_i.iter().map(Answer::CanI));
        all
    }

    /// Every answer in every format that it is offered in.
    fn rendered(&self, style: &Style) -> Vec<(Answer<'_>, Format, String)> {
        let mut rendered = Vec::new();
        for answer in self.all() {
            for format in Format::ALL {
                if answer.is_offered_as(format) {
                    let text = render(&answer, format, style).expect("it is offered");
                    rendered.push((answer, format, text));
                }
            }
        }
        rendered
    }
}

#[test]
fn formats_that_are_not_offered_say_which_are() {
    let answers = Answers::samples();
    let error = render(
        &Answer::Diff(&answers.diff),
        Format::Html,
        &Style::default(),
    )
    .expect_err("there is no such form");
    assert_eq!(
        error.to_string(),
        "`diff` has no `html` form; it is offered as table, wide, json, jsonl, yaml, csv, sarif, markdown"
    );
}

#[test]
fn offers_and_forms_are_the_same() {
    for answer in Answers::samples().all() {
        for format in Format::ALL {
            let is_rendered = render(&answer, format, &Style::default()).is_ok();
            assert_eq!(is_rendered, answer.is_offered_as(format), "{format:?}");
        }
    }
}

#[test]
fn same_input_same_output() {
    let style = Style::default();
    let texts = |answers: &Answers| -> Vec<String> {
        answers
            .rendered(&style)
            .into_iter()
            .map(|(_, _, text)| text)
            .collect()
    };
    assert_eq!(texts(&Answers::samples()), texts(&Answers::samples()));
}
