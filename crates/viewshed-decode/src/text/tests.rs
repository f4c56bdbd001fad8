use proptest::prelude::*;

use super::{SHORT_CHARS_MAX, clean, clean_short};

fn check(input: &str, expected: &str) {
    assert_eq!(clean(input), expected, "{input:?}");
}

#[test]
fn keeps_plain_text_and_markup_as_they_are() {
    check("kube-system/core-dns", "kube-system/core-dns");
    check("Grüße <b>日本</b> 🦀", "Grüße <b>日本</b> 🦀");
}

#[test]
fn removes_escape_sequences_with_their_parameters() {
    check("\u{1b}[31mred\u{1b}[0m", "red");
    check("\u{1b}]0;title\u{7}after", "after");
    check("\u{1b}]8;;http://x\u{1b}\\link", "link");
    check("\u{9b}2Jgone", "gone");
    check("\u{1b}", "");
    check("\u{1b}creset", "reset");
}

#[test]
fn turns_line_breaks_into_one_blank() {
    check("a\r\nb\tc", "a b c");
    check("a\u{2028}b", "a b");
}

#[test]
fn removes_characters_that_reorder_or_hide() {
    check("user\u{202e}nimda", "usernimda");
    check("\u{feff}a\u{200b}b\u{2066}c\u{e0041}", "abc");
}

#[test]
fn short_text_is_cut_between_characters() {
    let cut = clean_short(&"ü".repeat(SHORT_CHARS_MAX + 5));
    assert_eq!(cut.chars().count(), SHORT_CHARS_MAX + 1);
    assert!(cut.ends_with('…'));
}

proptest! {
    #[test]
    fn nothing_left_is_a_control_character_and_cleaning_twice_changes_nothing(input in "\\PC*|.*|[\\x00-\\x9f\\[\\]m;\\\\]*") {
        let once = clean(&input).into_owned();
        prop_assert!(!once.chars().any(char::is_control));
        let twice = clean(&once).into_owned();
        prop_assert_eq!(twice, once);
    }
}
