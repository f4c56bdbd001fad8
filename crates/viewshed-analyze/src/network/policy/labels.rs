//! Selectors of labels in policies (`metav1.LabelSelector`). What the API server refuses
//! (`staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation`, `ValidateLabelSelectorRequirement`; a label
//! whose value is no text cannot even be decoded) matches nobody knows what.

use serde_json::Value;
use viewshed_model::{LabelSelector, Requirement, SelectorOperator};

use super::reader::{Object, Reader};
use crate::network::vocabulary::{ExprId, Holder, Test};

impl Reader<'_, '_> {
    /// A selector; an absent one selects everything.
    pub(super) fn selector(&mut self, value: Option<&Value>, holder: Holder) -> ExprId {
        self.selector_with(value, |key| (holder, key.to_owned()))
    }

    /// A selector whose keys say themselves whose labels they are.
    pub(super) fn selector_with(
        &mut self,
        value: Option<&Value>,
        holder_of: impl Fn(&str) -> (Holder, String),
    ) -> ExprId {
        let Some(value) = value else {
            return self.all();
        };
        let fields = ["matchLabels", "matchExpressions"];
        let (object, unsure) = self.object(value, "a selector", &fields);
        let mut parts = vec![unsure];
        match object.get("matchLabels") {
            Some(Value::Object(labels)) => {
                for (key, value) in labels {
                    parts.push(match value {
                        Value::String(text) => {
                            self.label_test(holder_of(key), Test::In(vec![text.clone()]))
                        }
                        // Decoded as the empty text.
                        Value::Null => {
                            self.label_test(holder_of(key), Test::In(vec![String::new()]))
                        }
                        _ => self.refuse_part(&format!("the value of label `{key}` is no text")),
                    });
                }
            }
            Some(_) => parts.push(self.refuse_part("`matchLabels` of a selector is no object")),
            None => {}
        }
        for expression in object.list("matchExpressions") {
            let (requirement, unsure) = self.object(
                expression,
                "a selector's requirement",
                &["key", "operator", "values"],
            );
            parts.push(unsure);
            parts.push(self.requirement(&requirement, &holder_of));
        }
        self.and(parts)
    }

    fn requirement(
        &mut self,
        requirement: &Object<'_>,
        holder_of: impl Fn(&str) -> (Holder, String),
    ) -> ExprId {
        let given = requirement.list("values");
        let values = requirement.texts("values");
        let has_odd_values = values.len() < given.len();
        let operator = requirement.text("operator").unwrap_or_default();
        let test = match operator {
            "In" | "NotIn" if given.is_empty() => {
                return self.refuse_part("a selector's `In` or `NotIn` has no values");
            }
            "Exists" | "DoesNotExist" if !given.is_empty() => {
                return self.refuse_part("a selector's `Exists` or `DoesNotExist` has values");
            }
            "In" => Test::In(values),
            "NotIn" => Test::NotIn(values),
            "Exists" => Test::Exists,
            "DoesNotExist" => Test::Missing,
            other => {
                let why = format!("the selector's operator `{other}` is unknown");
                return self.refuse_part(&why);
            }
        };
        match requirement.text("key") {
            _ if has_odd_values => self.refuse_part("a value of a selector is no text"),
            None | Some("") => self.refuse_part("a selector's requirement has no key"),
            Some(key) => self.label_test(holder_of(key), test),
        }
    }
}

/// A selector over labels that are at hand; one that is no selector selects nothing.
pub(in crate::network) fn plain_selector(value: Option<&Value>) -> LabelSelector {
    let mut found = LabelSelector::default();
    let Some(value) = value else { return found };
    let labels = value.get("matchLabels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default().to_owned();
        found.match_labels.insert(key.clone(), value);
    }
    let expressions = value.get("matchExpressions").and_then(Value::as_array);
    for expression in expressions.into_iter().flatten() {
        let text = |key: &str| expression.get(key).and_then(Value::as_str);
        let values = expression.get("values").and_then(Value::as_array);
        let values = values.into_iter().flatten().filter_map(Value::as_str);
        found.match_expressions.push(Requirement {
            key: text("key").unwrap_or_default().to_owned(),
            operator: match text("operator").unwrap_or_default() {
                "In" => SelectorOperator::In,
                "NotIn" => SelectorOperator::NotIn,
                "Exists" => SelectorOperator::Exists,
                "DoesNotExist" => SelectorOperator::DoesNotExist,
                _ => SelectorOperator::Unknown,
            },
            values: values.map(str::to_owned).collect(),
        });
    }
    found
}
