//! A page under construction. Only text that stands in this program's own source enters it unescaped:
//! [`Page::raw`] takes nothing else.

use crate::clean::{clean, shorten};
use crate::wording::thousands;

/// Characters of one piece of text on the page.
const TEXT_CHARS_MAX: usize = 400;

/// HTML that is being written.
#[derive(Debug, Default)]
pub(super) struct Page {
    out: String,
}

impl Page {
    /// Markup of our own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Text of any origin, cleaned, bounded and escaped; fits element content and quoted attributes.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in shorten(clean(text), TEXT_CHARS_MAX, "…").chars() {
            self.escaped(character);
        }
        self
    }

    /// Like [`Page::text`]; what stands between backticks is set as code.
    pub(super) fn rich(&mut self, text: &str) -> &mut Self {
        let text = shorten(clean(text), TEXT_CHARS_MAX, "…");
        let mut parts = text.split('`').peekable();
        let mut is_code = false;
        while let Some(part) = parts.next() {
            // An odd backtick at the end opens nothing.
            let is_closed = is_code && parts.peek().is_some();
            if is_closed {
                self.raw("<code>");
            } else if is_code {
                self.raw("`");
            }
            for character in part.chars() {
                self.escaped(character);
            }
            if is_closed {
                self.raw("</code>");
            }
            is_code = !is_code;
        }
        self
    }

    /// A page that was made the same way.
    pub(super) fn append(&mut self, other: &Self) -> &mut Self {
        self.out.push_str(&other.out);
        self
    }

    /// A number with separators, for people.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.out.push_str(&thousands(number));
        self
    }

    /// A number as part of an id.
    pub(super) fn id(&mut self, number: usize) -> &mut Self {
        self.out.push_str(&number.to_string());
        self
    }

    /// Begins a drawing of this size; its title and its description are read out in place of it. The caller ends it.
    pub(super) fn begin_drawing(
        &mut self,
        (class, id): (&'static str, usize),
        (width, height): (usize, usize),
        title: &str,
        description: &str,
    ) {
        self.raw("<svg class=\"")
            .raw(class)
            .raw("\" role=\"img\" aria-labelledby=\"")
            .raw(class)
            .raw("-title-")
            .id(id)
            .raw(" ")
            .raw(class)
            .raw("-text-")
            .id(id)
            .raw("\" viewBox=\"0 0 ")
            .id(width)
            .raw(" ")
            .id(height)
            .raw("\" width=\"")
            .id(width)
            .raw("\" height=\"")
            .id(height)
            .raw("\">\n<title id=\"")
            .raw(class)
            .raw("-title-")
            .id(id)
            .raw("\">")
            .text(title)
            .raw("</title>\n<desc id=\"")
            .raw(class)
            .raw("-text-")
            .id(id)
            .raw("\">")
            .text(description)
            .raw("</desc>\n");
    }

    /// A Base64 text: it holds nothing that needs escaping.
    pub(super) fn base64(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.push_str(&base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            bytes,
        ));
        self
    }

    /// Bytes written so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    fn escaped(&mut self, character: char) {
        match character {
            '&' => self.out.push_str("&amp;"),
            '<' => self.out.push_str("&lt;"),
            '>' => self.out.push_str("&gt;"),
            '"' => self.out.push_str("&quot;"),
            '\'' => self.out.push_str("&#39;"),
            other => self.out.push(other),
        }
    }
}
