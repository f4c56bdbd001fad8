//! Strings that stay in the bytes they came in until somebody looks.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

/// Strings as an event carries them.
///
/// A log of a busy cluster has four groups in every line and nobody asks for them in most: so the list
/// stays as it was written, and is taken apart only on demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Texts<'a> {
    /// None.
    #[default]
    Empty,
    /// The inside of a JSON array whose strings hold no escape: `"dev","system:authenticated"`.
    Written(&'a str),
    /// Taken apart already.
    List(Vec<Cow<'a, str>>),
}

impl<'a> Texts<'a> {
    /// The strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (written, list): (&str, &[Cow<'a, str>]) = match self {
            Self::Empty => ("", &[]),
            Self::Written(text) => (text, &[]),
            Self::List(list) => ("", list),
        };
        // Without escapes a quote only ever ends a string, so every second piece is one.
        let pieces = written.split('"').skip(1).step_by(2);
        pieces.chain(list.iter().map(AsRef::as_ref))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The last one.
    pub fn last(&self) -> Option<&str> {
        self.iter().last()
    }

    /// Whether one of them is this.
    pub fn contains(&self, text: &str) -> bool {
        let Self::Written(written) = self else {
            return self.iter().any(|one| one == text);
        };
        // Every string begins behind the first quote of a pair.
        let mut rest = *written;
        while let Some((_, inside)) = split_at_quote(rest) {
            let Some((one, after)) = split_at_quote(inside) else {
                return inside == text;
            };
            if one == text {
                return true;
            }
            rest = after;
        }
        false
    }
}

/// What comes before the first quote, and what comes after it. Group names are short: bytes are looked at one by one.
#[inline]
fn split_at_quote(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == b'"')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A string that is taken out of its escapes when somebody looks at it.
///
/// Nearly every event has a reason of its authorizer with quotes in it, and nearly no reason is read.
#[derive(Clone)]
pub struct LazyText<'a>(Form<'a>);

#[derive(Clone)]
enum Form<'a> {
    Plain(Cow<'a, str>),
    Quoting {
        written: &'a str,
        plain: OnceLock<Box<str>>,
    },
}

impl<'a> LazyText<'a> {
    /// No text.
    pub const EMPTY: Self = Self(Form::Plain(Cow::Borrowed("")));

    /// The inside of a JSON string in which every backslash stands before a quote that it escapes.
    pub const fn quoting(written: &'a str) -> Self {
        Self(Form::Quoting {
            written,
            plain: OnceLock::new(),
        })
    }
}

impl Deref for LazyText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Form::Plain(text) => text,
            Form::Quoting { written, plain } => {
                plain.get_or_init(|| written.replace('\\', "").into_boxed_str())
            }
        }
    }
}

impl Default for LazyText<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<'a> From<Cow<'a, str>> for LazyText<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(Form::Plain(text))
    }
}

impl<'a> From<&'a str> for LazyText<'a> {
    fn from(text: &'a str) -> Self {
        Self(Form::Plain(Cow::Borrowed(text)))
    }
}

impl From<String> for LazyText<'_> {
    fn from(text: String) -> Self {
        Self(Form::Plain(Cow::Owned(text)))
    }
}

impl PartialEq for LazyText<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for LazyText<'_> {}

impl fmt::Debug for LazyText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;

    /// One look for a text finds what going through the list finds, in lists that are broken too.
    #[test]
    fn a_text_is_found_as_written_where_the_list_has_it() {
        let lists = [
            "",
            "\"",
            "\"\"",
            "dev",
            r#""dev""#,
            r#""dev","system:masters""#,
            r#""dev", "system:masters" ,"a,b""#,
            r#""system:masters:x","x:system:masters""#,
            r#""dev","system:masters"#,
            r#""dev"system:masters"ops""#,
        ];
        let texts = ["", "dev", "system:masters", "a,b", ",", "ops", "\"", "de"];
        for written in lists {
            let list = Texts::Written(written);
            for text in texts {
                let is_there = list.iter().any(|one| one == text);
                assert_eq!(list.contains(text), is_there, "{text:?} in {written:?}");
            }
        }
    }
}
