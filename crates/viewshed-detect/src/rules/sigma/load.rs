//! Reads Sigma files document by document, so that one broken rule costs one rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rsigma_eval::{CorrelationAction, CorrelationConfig, CorrelationEngine, Engine, compile_rule};
use rsigma_parser::{
    ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, FilterRule, Level,
    LogSource, SigmaCollection, SigmaRule, parse_sigma_yaml,
};
use viewshed_model::Severity;

use super::super::formula::Formula;
use super::super::matches::{EngineName, RuleIdentity, techniques};
use super::super::outline::RuleOutline;
use super::super::problem::{Effect, Problems};
use super::documents::{Document, Place, documents};
use super::{GROUP_ENTRIES_MAX, GROUPS_MAX, SigmaRules, lower, names};

/// Attributes by which a rule could lift the limits of the engine, or keep whole events.
const REFUSED_ATTRIBUTES: [&str; 5] = [
    "rsigma.correlation_event_mode",
    "rsigma.include_event",
    "rsigma.max_correlation_events",
    "rsigma.max_group_entries",
    "rsigma.timestamp_field",
];

/// Most opening parentheses, and most words `not`, in one document. Public rules have 40; each may nest, and
/// deep nesting only serves to exhaust a stack.
const NESTING_MAX: usize = 1000;

/// Rules of all files, before they are compiled.
#[derive(Default)]
struct Loader {
    collection: SigmaCollection,
    outlines: Vec<RuleOutline>,
    correlation_outlines: Vec<RuleOutline>,
    ids: BTreeSet<String>,
}

pub(super) fn load(files: &[(&str, &str)], problems: &mut Problems) -> SigmaRules {
    let mut loader = Loader {
        collection: SigmaCollection::new(),
        ..Loader::default()
    };
    let mut correlations = Vec::new();
    for (file, text) in files {
        for document in documents(file, text) {
            loader.document(&document, &mut correlations, problems);
        }
    }
    // Correlations count the matches of rules that may stand in any file.
    for (rule, place) in correlations {
        loader.correlation(rule, place, problems);
    }
    loader.finish(problems)
}

impl Loader {
    fn document(
        &mut self,
        document: &Document<'_>,
        correlations: &mut Vec<(CorrelationRule, Place)>,
        problems: &mut Problems,
    ) {
        let title = document
            .text
            .lines()
            .find_map(|line| line.strip_prefix("title:"))
            .map(|title| title.trim().trim_matches(['"', '\'']).to_owned())
            .unwrap_or_default();
        let place = Place::of(document, &title);
        if nesting(document.text) > NESTING_MAX {
            let text = format!("more than {NESTING_MAX} parentheses or negations");
            problems.add(place.problem(&title, Effect::RuleSkipped, text));
            return;
        }
        let collection = match parse_sigma_yaml(document.text) {
            Ok(collection) => collection,
            Err(error) => {
                problems.add(place.problem(&title, Effect::RuleSkipped, error.to_string()));
                return;
            }
        };
        for text in collection.errors {
            problems.add(place.problem(&title, Effect::RuleSkipped, text));
        }
        for rule in collection.rules {
            let place = Place::of(document, &rule.title);
            self.rule(rule, &place, problems);
        }
        for filter in collection.filters {
            let place = Place::of(document, &filter.title);
            self.filter(filter, &place, problems);
        }
        for rule in collection.correlations {
            let place = Place::of(document, &rule.title);
            correlations.push((rule, place));
        }
    }

    fn rule(&mut self, mut rule: SigmaRule, place: &Place, problems: &mut Problems) {
        if let Some(elsewhere) = other_source(&rule.logsource) {
            let text = format!("it is about {elsewhere}, not about Kubernetes audit events");
            problems.add(place.problem(&rule.title, Effect::Note, text));
            return;
        }
        for attribute in REFUSED_ATTRIBUTES {
            rule.custom_attributes.remove(attribute);
        }
        let rewrites = names::nativize_rule(&mut rule);
        if let Err(error) = compile_rule(&rule) {
            problems.add(place.problem(&rule.title, Effect::RuleSkipped, error.to_string()));
            return;
        }
        let identity = Arc::new(RuleIdentity {
            engine: EngineName::Sigma,
            title: rule.title.clone(),
            id: rule.id.clone().unwrap_or_default(),
            file: place.file.clone(),
            line: place.line,
            severity: severity(rule.level),
            level: rule.level.map_or("", |level| level.as_str()).to_owned(),
            techniques: techniques(&rule.tags),
            tags: rule.tags.clone(),
        });
        rule.id = Some(self.unique(rule.id.as_deref()));
        self.outlines.push(RuleOutline {
            identity,
            formula: lower::formula(&rule.detection),
            rewrites,
        });
        self.collection.rules.push(rule);
    }

    /// The engine finds rules by id: one that is missing or taken is replaced.
    fn unique(&mut self, id: Option<&str>) -> String {
        let mut id = match id {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => format!("viewshed-{}", self.ids.len()),
        };
        while !self.ids.insert(id.clone()) {
            id.push('+');
        }
        id
    }

    fn filter(&mut self, mut filter: FilterRule, place: &Place, problems: &mut Problems) {
        #[expect(
            clippy::iter_over_hash_type,
            reason = "each is changed alone, and what was changed is sorted"
        )]
        for detection in filter.detection.named.values_mut() {
            names::nativize(detection, &mut Vec::new());
        }
        match Engine::new().apply_filter(&filter) {
            Ok(()) => self.collection.filters.push(filter),
            Err(error) => {
                problems.add(place.problem(&filter.title, Effect::RuleSkipped, error.to_string()));
            }
        }
    }

    fn correlation(&mut self, mut rule: CorrelationRule, place: Place, problems: &mut Problems) {
        for attribute in REFUSED_ATTRIBUTES {
            rule.custom_attributes.remove(attribute);
        }
        let rewrites = names::nativize_correlation(&mut rule);
        let counted: Vec<Option<Formula>> =
            rule.rules.iter().map(|name| self.formula(name)).collect();
        if let Some((name, _)) = rule
            .rules
            .iter()
            .zip(&counted)
            .find(|(_, one)| one.is_none())
        {
            let text = format!("it counts `{name}`, which is no loaded rule");
            problems.add(place.problem(&rule.title, Effect::RuleSkipped, text));
            return;
        }
        let scratch = CorrelationEngine::new(configuration()).add_correlation(&rule);
        if let Err(error) = scratch {
            problems.add(place.problem(&rule.title, Effect::RuleSkipped, error.to_string()));
            return;
        }
        if threshold(&rule.condition).is_some_and(|least| least > GROUP_ENTRIES_MAX as u64) {
            let text = format!(
                "it waits for more than {GROUP_ENTRIES_MAX} in a group, which are not kept: it cannot fire"
            );
            problems.add(place.problem(&rule.title, Effect::Note, text));
        }
        let counted: Vec<Formula> = counted.into_iter().flatten().collect();
        let needs_all = matches!(
            rule.correlation_type,
            CorrelationType::Temporal | CorrelationType::TemporalOrdered
        ) && !matches!(rule.condition, CorrelationCondition::Extended(_));
        self.correlation_outlines.push(RuleOutline {
            identity: Arc::new(RuleIdentity {
                engine: EngineName::SigmaCorrelation,
                title: rule.title.clone(),
                id: rule.id.clone().unwrap_or_default(),
                file: place.file,
                line: place.line,
                severity: severity(rule.level),
                level: rule.level.map_or("", |level| level.as_str()).to_owned(),
                techniques: techniques(&rule.tags),
                tags: rule.tags.clone(),
            }),
            formula: if needs_all {
                // Each part is met by an event of its own: only a part that is never met rules it out.
                Formula::Parts(counted)
            } else {
                Formula::Or(counted)
            },
            rewrites,
        });
        rule.id = Some(self.unique(rule.id.as_deref()));
        self.collection.correlations.push(rule);
    }

    /// What a rule or correlation of this id or name says.
    fn formula(&self, name: &str) -> Option<Formula> {
        let is = |id: &Option<String>, other: &Option<String>| {
            id.as_deref() == Some(name) || other.as_deref() == Some(name)
        };
        let rule = self
            .collection
            .rules
            .iter()
            .position(|rule| is(&rule.id, &rule.name))
            .and_then(|at| self.outlines.get(at));
        let correlation = self
            .collection
            .correlations
            .iter()
            .position(|rule| is(&rule.id, &rule.name))
            .and_then(|at| self.correlation_outlines.get(at));
        rule.or(correlation).map(|outline| outline.formula.clone())
    }

    fn finish(self, problems: &mut Problems) -> SigmaRules {
        let Self {
            mut collection,
            mut outlines,
            correlation_outlines,
            ..
        } = self;
        let mut engine = CorrelationEngine::new(configuration());
        if let Err(error) = engine.add_collection(&collection) {
            // Every rule was compiled before: what is left are correlations that count each other.
            problems.note(
                "",
                None,
                format!("Sigma correlations are left out: {error}"),
            );
            collection.correlations.clear();
            collection.filters.clear();
            engine = CorrelationEngine::new(configuration());
            if let Err(error) = engine.add_collection(&collection) {
                problems.note("", None, format!("Sigma rules are left out: {error}"));
                engine = CorrelationEngine::new(configuration());
                collection.rules.clear();
                outlines.clear();
            }
        }
        let correlations: BTreeMap<String, usize> = (outlines.len()..)
            .zip(&collection.correlations)
            .filter_map(|(at, rule)| Some((rule.id.clone()?, at)))
            .collect();
        let shown = collection
            .rules
            .iter()
            .map(|rule| is_shown(rule, &collection));
        let shown = shown.collect();
        if !correlations.is_empty() {
            outlines.extend(correlation_outlines);
        }
        SigmaRules {
            engine,
            outlines,
            shown,
            correlations,
            unread_bodies: 0,
        }
    }
}

/// How deep the conditions of a document can nest at most.
fn nesting(text: &str) -> usize {
    let negations = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| *word == "not")
        .count();
    negations.max(text.matches('(').count())
}

/// A rule is shown unless correlations alone want it (Sigma specification, "generate").
fn is_shown(rule: &SigmaRule, collection: &SigmaCollection) -> bool {
    let mut users = collection.correlations.iter().filter(|correlation| {
        correlation
            .rules
            .iter()
            .any(|name| Some(name) == rule.id.as_ref() || Some(name) == rule.name.as_ref())
    });
    users.clone().next().is_none() || users.any(|correlation| correlation.generate)
}

fn configuration() -> CorrelationConfig {
    CorrelationConfig {
        max_state_entries: GROUPS_MAX,
        max_group_entries: Some(GROUP_ENTRIES_MAX),
        // One match per reached threshold, not one per event after it.
        action_on_match: CorrelationAction::Reset,
        ..CorrelationConfig::default()
    }
}

/// The count from which a correlation fires.
fn threshold(condition: &CorrelationCondition) -> Option<u64> {
    let CorrelationCondition::Threshold { predicates, .. } = condition else {
        return None;
    };
    predicates
        .iter()
        .filter(|(operator, _)| {
            matches!(
                operator,
                ConditionOperator::Gt | ConditionOperator::Gte | ConditionOperator::Eq
            )
        })
        .map(|(_, count)| *count)
        .max()
}

/// What a rule is about, if not Kubernetes audit events.
fn other_source(source: &LogSource) -> Option<String> {
    let is = |value: &Option<String>, known: &[&str]| {
        value
            .as_ref()
            .is_none_or(|value| known.iter().any(|known| value.eq_ignore_ascii_case(known)))
    };
    let fits = is(&source.product, &["kubernetes"]) && is(&source.service, &["audit", "k8s.audit"]);
    (!fits).then(|| {
        let parts = [&source.product, &source.service, &source.category];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        format!("`{}`", parts.join(" "))
    })
}

const fn severity(level: Option<Level>) -> Severity {
    match level {
        Some(Level::Critical) => Severity::Critical,
        Some(Level::High) => Severity::High,
        Some(Level::Medium) => Severity::Medium,
        Some(Level::Low) => Severity::Low,
        Some(Level::Informational) | None => Severity::Info,
    }
}
