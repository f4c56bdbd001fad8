//! ENTERS: rule files, for `watch --rules` and `viewshed rules`, which tells which of them can ever fire.

use std::path::{Path, PathBuf};

use viewshed_detect::rules::check::{Recordable, RuleCheck};
use viewshed_detect::rules::{Effect, FILE_BYTES_MAX, RuleProblem, RuleSet};
use viewshed_model::{Gap, GapReason, RuleVerdict, RulesCheck};
use viewshed_report::Answer;

use crate::cli::{LogArgs, RulesAction, RulesArgs};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::terminal;
use crate::watch::{self, Pump, Reading, policy, unknown};

/// Rule files. Public collections have some thousand; more is a folder that was named by mistake.
const FILES_MAX: usize = 20_000;

/// Folders within folders.
const DEPTH_MAX: usize = 32;

/// Says of every rule whether it can fire.
pub(crate) fn run(arguments: &RulesArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let RulesAction::Check {
        rules: path,
        logs,
        policy: policy_path,
        output,
    } = &arguments.action;
    let policy = policy(policy_path.as_deref())?;
    let (rules, mut gaps) = load(path)?;
    let mut basis = Vec::new();
    let mut seen = Recordable::default();
    let mut is_partial = false;
    if policy.is_some() {
        basis.push("the audit policy".to_owned());
    }
    if !logs.from.is_empty() {
        let (reading, unread) = read(logs)?;
        is_partial = watch::is_partial(&reading.skips(), &unread);
        gaps.extend(unread);
        for source in reading.sources.values() {
            seen.merge(&Recordable::from(&source.profile.profile()));
        }
        basis.push(format!("{} entries of the log", reading.event_count));
    } else if policy.is_none() {
        basis.push("what any log can hold".to_owned());
        seen = Recordable::everything();
    }
    let checks = match &policy {
        Some(policy) => rules.check_policy(policy, &seen),
        None => rules.check(&seen),
    };
    let report = RulesCheck {
        basis: basis.join(" and "),
        rules: checks.into_iter().map(verdict).collect(),
        gaps,
    };
    screen.show(&Answer::RulesCheck(&report), output, Lists::Short)?;
    let has_dead = report.rules.iter().any(|rule| !rule.can_fire);
    Ok(Outcome::of(has_dead, is_partial || !report.gaps.is_empty()))
}

/// Reads logs for what they hold, without judging it.
fn read(logs: &LogArgs) -> Result<(Reading, Vec<Gap>), Failure> {
    let mut reading = Reading::new(logs.format);
    let mut gaps = reading.drain(Pump::open(logs)?, |_| {});
    gaps.extend(unknown(&reading));
    Ok((reading, gaps))
}

/// Loads the rules of a folder, and tells what cannot be used. Rules that are skipped are named by the check;
/// files that are no rules are gaps.
///
/// # Errors
/// When the folder cannot be read, or there is no rule in it.
pub(crate) fn load(path: &Path) -> Result<(RuleSet, Vec<Gap>), Failure> {
    let mut gaps = Vec::new();
    let mut paths = Vec::new();
    collect(path, 0, &mut paths).map_err(|error| {
        Failure::collect(
            anyhow::anyhow!("cannot read `{}`: {error}", path.display()),
            "name a folder with Sigma or Falco rules, or one file",
        )
    })?;
    // The order of the files matters: later Falco files change earlier ones.
    paths.sort();
    if paths.len() > FILES_MAX {
        let detail = format!("only the first {FILES_MAX} files are used");
        gaps.push(gap(
            &path.display().to_string(),
            GapReason::TooLarge,
            detail,
        ));
        paths.truncate(FILES_MAX);
    }
    let mut files: Vec<(String, String)> = Vec::new();
    for file in paths {
        let name = file
            .strip_prefix(path)
            .ok()
            .filter(|rest| !rest.as_os_str().is_empty())
            .unwrap_or(&file)
            .display()
            .to_string();
        match read_rules(&file) {
            Ok(text) => files.push((name, text)),
            Err((reason, detail)) => gaps.push(gap(&name, reason, detail)),
        }
    }
    let texts: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let (rules, problems) = RuleSet::load(&texts);
    let has_broken = problems
        .iter()
        .any(|problem| problem.effect == Effect::RuleSkipped);
    for problem in &problems {
        note(problem, &mut gaps);
    }
    if rules.rules().next().is_none() && !has_broken {
        return Err(Failure::usage(
            format!(
                "there is no rule for Kubernetes audit events in `{}`",
                path.display()
            ),
            "name a folder with Sigma rules (product kubernetes, service audit) or Falco rules (source k8s_audit)",
        ));
    }
    Ok((rules, gaps))
}

/// Every file whose name ends like a rule file's.
fn collect(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !std::fs::metadata(path)?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    if depth >= DEPTH_MAX || found.len() > FILES_MAX {
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_rules = path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml");
        if !is_hidden && (is_rules || path.is_dir()) {
            collect(&path, depth + 1, found)?;
        }
    }
    Ok(())
}

fn read_rules(path: &Path) -> Result<String, (GapReason, String)> {
    let unreadable = |error: std::io::Error| (GapReason::Unreachable, error.to_string());
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX as u64 {
        let detail = format!("the file is larger than {FILE_BYTES_MAX} bytes");
        return Err((GapReason::TooLarge, detail));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| (GapReason::Malformed, "it is not UTF-8".to_owned()))
}

/// A rule or file that does not run is a gap; what loses nothing is only said.
fn note(problem: &RuleProblem, gaps: &mut Vec<Gap>) {
    match problem.effect {
        Effect::Note => {
            terminal::say(&viewshed_report::clean(&format!("note: {problem}")));
        }
        Effect::RuleSkipped | Effect::FileSkipped => {
            let place = match problem.line {
                Some(line) => format!("{}:{line}", problem.file),
                None => problem.file.clone(),
            };
            let what = match &problem.rule {
                Some(rule) => format!("run the rule `{rule}`"),
                None => "use the rules of this file".to_owned(),
            };
            gaps.push(Gap {
                what,
                ..gap(&place, GapReason::Malformed, problem.text.clone())
            });
        }
    }
}

fn gap(source: &str, reason: GapReason, detail: String) -> Gap {
    Gap {
        source: source.to_owned(),
        what: "use the rules of this file".to_owned(),
        reason,
        detail,
        hint: String::new(),
        count: 1,
    }
}

fn verdict(check: RuleCheck) -> RuleVerdict {
    RuleVerdict {
        rule: check.rule,
        language: check
            .engine
            .map_or_else(String::new, |engine| engine.to_string()),
        file: check.file,
        line: check.line,
        can_fire: check.can_fire,
        reasons: check.reasons,
        remarks: check.remarks,
        read_as: check.read_as,
    }
}
