//! LEAVES: progress bars on standard error, only where a person watches.

use std::collections::BTreeMap;
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use viewshed_collect::Progress;

/// Bars for long collections, one line per kind of thing that is being read.
#[derive(Debug)]
pub(crate) struct Bars {
    all: MultiProgress,
    by_name: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Bars {
    /// Draws on standard error.
    pub(crate) fn new() -> Self {
        Self {
            all: MultiProgress::new(),
            by_name: Mutex::new(BTreeMap::new()),
        }
    }

    fn with(&self, what: &str, act: impl FnOnce(&ProgressBar)) {
        // A poisoned lock only means that another bar failed to draw.
        let bars = self
            .by_name
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bar) = bars.get(what) {
            act(bar);
        }
    }
}

impl Progress for Bars {
    fn started(&self, what: &str, total: Option<u64>) {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner(),
        };
        let template = if total.is_some() {
            "{wide_msg} {bar:30} {human_pos}/{human_len}"
        } else {
            "{wide_msg} {spinner} {human_pos}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let bar = self.all.add(bar);
        bar.set_message(what.to_owned());
        let mut bars = self
            .by_name
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        bars.insert(what.to_owned(), bar);
    }

    fn advanced(&self, what: &str, by: u64) {
        self.with(what, |bar| bar.inc(by));
    }

    fn finished(&self, what: &str) {
        self.with(what, ProgressBar::finish_and_clear);
        let mut bars = self
            .by_name
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        bars.remove(what);
    }
}
