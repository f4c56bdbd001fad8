//! What of a place is open to a source, and what several ways to it open together.

use crate::network::ports::{PortSet, everything};

/// What of a container is open to a source.
#[derive(Debug, Clone)]
pub(super) enum Open {
    Every(String),
    Only(PortSet, String),
    Depends(PortSet, String, String),
    /// The first ports surely, the second ones if the fact holds.
    AtLeast(PortSet, PortSet, String, String),
    Closed(String),
}

impl Open {
    /// Ports that are surely open, and those that may be.
    pub(super) fn bounds(&self) -> (PortSet, PortSet) {
        match self {
            Self::Every(_) => (everything(), everything()),
            Self::Only(set, _) => (set.clone(), set.clone()),
            Self::AtLeast(sure, possible, ..) => (sure.clone(), possible.clone()),
            Self::Depends(set, ..) => (PortSet::default(), set.clone()),
            Self::Closed(_) => (PortSet::default(), PortSet::default()),
        }
    }

    /// What either of two ways opens. Of two that open nothing the first says why.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (every @ Self::Every(_), _) | (_, every @ Self::Every(_)) => every,
            (open, Self::Closed(_)) | (Self::Closed(_), open) => open,
            (Self::Only(one, text), Self::Only(two, other)) => {
                let text = if text == other || two.minus(&one).is_empty() {
                    text
                } else {
                    format!("{text}; {other}")
                };
                Self::Only(one.union(&two), text)
            }
            (one, two) => one.or_uncertain(&two),
        }
    }

    fn or_uncertain(&self, other: &Self) -> Self {
        let ((sure, possible), (also_sure, also_possible)) = (self.bounds(), other.bounds());
        let (sure, possible) = (sure.union(&also_sure), possible.union(&also_possible));
        let mut facts: Vec<&str> = [self, other].into_iter().filter_map(Self::fact).collect();
        facts.dedup();
        let fact = facts.join(", or ");
        let text = match (self.text(), other.text()) {
            (text, other) if text == other => text.to_owned(),
            (text, other) => format!("{text}; {other}"),
        };
        if sure.is_empty() {
            Self::Depends(possible, fact, text)
        } else {
            Self::AtLeast(sure, possible, fact, text)
        }
    }

    fn fact(&self) -> Option<&str> {
        match self {
            Self::Depends(_, fact, _) | Self::AtLeast(_, _, fact, _) => Some(fact),
            Self::Every(_) | Self::Only(..) | Self::Closed(_) => None,
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Every(text)
            | Self::Only(_, text)
            | Self::Depends(_, _, text)
            | Self::AtLeast(_, _, _, text)
            | Self::Closed(text) => text,
        }
    }
}
