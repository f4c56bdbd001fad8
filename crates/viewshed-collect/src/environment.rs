//! ENTERS: the process's environment variables and the root of its files, as values that tests can make up.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What surrounds the program: variables, and the folder that stands for `/`.
#[derive(Clone, PartialEq, Eq)]
pub struct Environment {
    /// Environment variables; those that are not UTF-8 are left out.
    pub variables: BTreeMap<String, String>,
    /// `/`, or in tests a folder.
    pub root: PathBuf,
}

/// Names only: values are often secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("variables", &self.variables.keys())
            .field("root", &self.root)
            .finish()
    }
}

impl Environment {
    /// The real one.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            variables,
            root: PathBuf::from("/"),
        }
    }

    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// An absolute path below the root.
    pub fn path(&self, absolute: impl AsRef<Path>) -> PathBuf {
        let absolute = absolute.as_ref();
        self.root
            .join(absolute.strip_prefix("/").unwrap_or(absolute))
    }
}
