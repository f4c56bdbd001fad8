//! The document of `viewshed explain`.

use serde::Serialize;
use viewshed_model::{Mitigation, Page, Severity};

/// One page, or all of them.
#[derive(Debug, Serialize)]
pub(crate) struct ExplainDocument<'a> {
    pages: Vec<PageDocument<'a>>,
}

/// A check or a detection.
#[derive(Debug, Serialize)]
pub(crate) struct PageDocument<'a> {
    name: &'a str,
    of: &'static str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mitigation: Option<Mitigation>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    techniques: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    markdown: &'a str,
}

impl<'a> ExplainDocument<'a> {
    pub(crate) fn of(pages: &'a [Page]) -> Self {
        Self {
            pages: pages.iter().map(PageDocument::of).collect(),
        }
    }
}

impl<'a> PageDocument<'a> {
    pub(crate) fn of(page: &'a Page) -> Self {
        match page {
            Page::Check(page) => Self {
                name: &page.name,
                of: "check",
                title: &page.title,
                severity: Some(page.severity),
                mitigation: Some(page.mitigation),
                techniques: &[],
                markdown: &page.markdown,
            },
            Page::Detection(page) => Self {
                name: &page.name,
                of: "detection",
                title: &page.title,
                severity: None,
                mitigation: None,
                techniques: &page.techniques,
                markdown: &page.markdown,
            },
        }
    }
}
