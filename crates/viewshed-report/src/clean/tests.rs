use std::borrow::Cow;

use super::{clean, shorten};

fn check(text: &str, expected: &str) {
    assert_eq!(clean(text), expected, "{text:?}");
}

#[test]
fn ordinary_names_stay_as_they_are() {
    check("shop/cart-7d", "shop/cart-7d");
    check("größe 東京", "größe 東京");
    assert!(matches!(clean("shop/cart-7d"), Cow::Borrowed(_)));
}

#[test]
fn what_steers_a_terminal_shows_as_a_mark() {
    check("\u{1b}[31mred", "\u{fffd}[31mred");
    check("\u{9b}31mred", "\u{fffd}31mred");
    check("a\u{7f}b\0c", "a\u{fffd}b\u{fffd}c");
    check("two\r\nlines\tand", "two  lines and");
}

#[test]
fn what_hides_or_reorders_text_shows_as_a_mark() {
    check("user\u{202e}nimda", "user\u{fffd}nimda");
    check("ad\u{200b}min", "ad\u{fffd}min");
    check(
        "a\u{e0041}b\u{feff}c\u{2066}",
        "a\u{fffd}b\u{fffd}c\u{fffd}",
    );
}

#[test]
fn long_text_is_cut_and_says_so() {
    assert_eq!(shorten("abcdef".into(), 6, "..."), "abcdef");
    assert_eq!(shorten("abcdefg".into(), 6, "..."), "abc...");
    assert_eq!(shorten("äöüäöüä".into(), 6, "…"), "äöüäö…");
}
