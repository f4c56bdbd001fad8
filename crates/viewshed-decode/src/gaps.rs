//! How this crate words its gaps.

use viewshed_model::{Gap, GapReason};

use crate::text::clean_short;

/// A gap with one thing missing; `what` and `detail` are cleaned here.
pub(crate) fn gap(source: &str, what: &str, reason: GapReason, detail: &str, hint: &str) -> Gap {
    Gap {
        source: clean_short(source),
        what: clean_short(what),
        reason,
        detail: clean_short(detail),
        hint: hint.to_owned(),
        count: 1,
    }
}

/// Gaps of one kind that one list or file may name one by one; further ones only raise a count,
/// so that a hostile list of a million broken objects does not become a million lines.
pub(crate) const NAMED_GAPS_MAX: usize = 50;

/// Adds gaps, and folds those beyond [`NAMED_GAPS_MAX`] into one counted entry.
#[derive(Debug)]
pub(crate) struct GapList<'a> {
    gaps: &'a mut Vec<Gap>,
    named: usize,
    rest: Option<usize>,
}

impl<'a> GapList<'a> {
    pub(crate) fn new(gaps: &'a mut Vec<Gap>) -> Self {
        Self {
            gaps,
            named: 0,
            rest: None,
        }
    }

    /// Goes on with a list that only this type has filled.
    pub(crate) fn resumed(gaps: &'a mut Vec<Gap>) -> Self {
        let named = gaps.len().min(NAMED_GAPS_MAX);
        let rest = (gaps.len() > NAMED_GAPS_MAX).then_some(NAMED_GAPS_MAX);
        Self { gaps, named, rest }
    }

    /// Lets a reader that keeps to its own bound add gaps.
    pub(crate) fn with(&mut self, add: impl FnOnce(&mut Vec<Gap>)) {
        add(self.gaps);
    }

    pub(crate) fn push(&mut self, gap: Gap) {
        if self.named < NAMED_GAPS_MAX {
            self.named += 1;
            self.gaps.push(gap);
            return;
        }
        if let Some(counted) = self.rest.and_then(|index| self.gaps.get_mut(index)) {
            counted.count = counted.count.saturating_add(1);
            return;
        }
        self.rest = Some(self.gaps.len());
        self.gaps.push(Gap {
            what: format!("further objects like `{}`", gap.what.replace('`', "")),
            ..gap
        });
    }
}
