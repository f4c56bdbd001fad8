use proptest::prelude::*;

use super::{Breaks, container_length, plain_length, quoting_length, string_length};

/// Byte by byte: where the string that begins at `at`, behind its quote, ends.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            0..b' ' => return None,
            b'\\' if *bytes.get(at + 1)? < b' ' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The same for objects and lists.
fn container_end(bytes: &[u8], breaks: Breaks) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'\n' if breaks == Breaks::Refused => return None,
            b'\\' => return None,
            _ if depth == 0 => return None,
            _ => {}
        }
        at += 1;
    }
}

/// Of the characters that matter, and of blocks of those that do not, so that all come to stand at any place.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        6 => prop::sample::select(vec!["{", "}", "[", "]", "\"", "\"", "\\\"", "\\\\", "\\u0026", ",", ":"]),
        1 => prop::sample::select(vec!["\n", "\t", "\\", "\\\n", "\u{1b}", "\u{e9}", "\u{5b7b}"]),
        3 => prop::sample::select(vec!["a", "abcdefg", "abcdefghijklmno", "a b c d e f g h i j k l m n o p q", "{}", "\"a\":1"]),
    ];
    prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn objects_and_lists_end_where_a_walk_byte_by_byte_ends_them(inside in text()) {
        let bytes = [b"{".as_slice(), &inside].concat();
        for breaks in [Breaks::Refused, Breaks::Allowed] {
            prop_assert_eq!(container_length(&bytes, breaks), container_end(&bytes, breaks));
        }
    }

    #[test]
    fn strings_end_where_a_walk_byte_by_byte_ends_them(bytes in text()) {
        let end = string_end(&bytes, 0);
        prop_assert_eq!(string_length(&bytes), end);
        let stop = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
        prop_assert_eq!(plain_length(&bytes), stop);
        // Declining is always right.
        if let Some(length) = quoting_length(&bytes) {
            prop_assert_eq!(Some(length), end);
            let inside = String::from_utf8_lossy(&bytes[..length]).replace("\\\"", "");
            prop_assert!(!inside.contains('\\'));
        }
    }
}

#[test]
fn quotes_at_the_edge_of_a_block_are_seen() {
    for length in 0..80 {
        for ending in ["\"", "\\\"\"", "\\\"\\\"\""] {
            let text = format!("{}{ending}", "a".repeat(length));
            let padded = format!("{text}{}", " ".repeat(40));
            let end = Some(text.len() - 1);
            assert_eq!(quoting_length(padded.as_bytes()), end, "{text}");
            assert_eq!(string_length(padded.as_bytes()), end, "{text}");
        }
    }
}
