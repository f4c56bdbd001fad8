//! Labels that controllers give the pods they make. The template of a workload has none of them, and policies may ask
//! for them.

use crate::network::eval::Tri;
use crate::network::vocabulary::Test;

/// The workload whose template stands for its pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::network) struct MadeBy<'c> {
    pub(in crate::network) kind: &'c str,
    pub(in crate::network) name: &'c str,
}

/// What is known of a label's value.
enum Value {
    Exactly(String),
    Begins(String),
}

/// Kinds, the keys that their controllers give, and whether the value is the workload's name, begins with it, or is
/// known to nobody (kubernetes.io "Well-Known Labels, Annotations and Taints").
const GIVEN: [(&str, &str, Named); 13] = [
    ("Job", "job-name", Named::Is),
    ("Job", "batch.kubernetes.io/job-name", Named::Is),
    ("Job", "controller-uid", Named::Not),
    ("Job", "batch.kubernetes.io/controller-uid", Named::Not),
    ("CronJob", "job-name", Named::Begins),
    ("CronJob", "batch.kubernetes.io/job-name", Named::Begins),
    ("CronJob", "controller-uid", Named::Not),
    ("CronJob", "batch.kubernetes.io/controller-uid", Named::Not),
    (
        "StatefulSet",
        "statefulset.kubernetes.io/pod-name",
        Named::Begins,
    ),
    ("StatefulSet", "apps.kubernetes.io/pod-index", Named::Not),
    ("StatefulSet", REVISION, Named::Not),
    ("DaemonSet", REVISION, Named::Not),
    ("Deployment", "pod-template-hash", Named::Not),
];

const REVISION: &str = "controller-revision-hash";

#[derive(Debug, Clone, Copy)]
enum Named {
    Is,
    Begins,
    Not,
}

/// Whether some controller gives this label.
pub(crate) fn is_given_by_controllers(key: &str) -> bool {
    GIVEN.iter().any(|(_, given, _)| *given == key)
}

impl MadeBy<'_> {
    /// Whether the label that the workload's controller gives passes; `None` where it gives none of this key.
    pub(in crate::network) fn passes(&self, key: &str, test: &Test) -> Option<Tri> {
        let mut given = GIVEN.iter();
        let (.., named) = given.find(|(kind, given, _)| (*kind, *given) == (self.kind, key))?;
        let value = match named {
            Named::Is => Value::Exactly(self.name.to_owned()),
            Named::Begins => Value::Begins(format!("{}-", self.name)),
            Named::Not => Value::Begins(String::new()),
        };
        Some(value.passes(test))
    }
}

impl Value {
    fn passes(&self, test: &Test) -> Tri {
        let start = match self {
            Self::Exactly(value) => return test.passes(Some(value)).into(),
            Self::Begins(start) => start.as_str(),
        };
        let may_be = |values: &[String]| values.iter().any(|value| value.starts_with(start));
        match test {
            Test::Exists => Tri::Yes,
            Test::Missing => Tri::No,
            Test::In(values) if may_be(values) => Tri::Maybe,
            Test::In(_) => Tri::No,
            Test::NotIn(values) if may_be(values) => Tri::Maybe,
            Test::NotIn(_) => Tri::Yes,
            Test::StartsWith(wanted) if start.starts_with(wanted.as_str()) => Tri::Yes,
            Test::StartsWith(wanted) if !wanted.starts_with(start) => Tri::No,
            Test::Contains(part) if start.contains(part.as_str()) => Tri::Yes,
            Test::StartsWith(_) | Test::EndsWith(_) | Test::Contains(_) => Tri::Maybe,
        }
    }
}
