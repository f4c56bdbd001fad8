use std::collections::BTreeMap;

use super::Selector;

/// Cases of projectcalico/calico `libcalico-go/lib/selector/parser/parser_test.go` and of the selector
/// reference in Calico's documentation: selector, labels (`key=value`), result.
#[test]
fn selectors_select_what_calico_selects() {
    for (selector, labels, expected) in [
        ("", "", true),
        ("all()", "", true),
        (" all( ) ", "a=b", true),
        ("a == 'b'", "a=b", true),
        ("a=='b'", "a=c", false),
        ("a == \"b\"", "a=b", true),
        ("a == 'b'", "", false),
        ("a != 'b'", "", true),
        ("a != 'b'", "a=c", true),
        ("a != 'b'", "a=b", false),
        ("has(a)", "a=", true),
        ("has(a)", "b=a", false),
        ("!has(a)", "b=a", true),
        ("!!has(a)", "a=b", true),
        ("has(a) && !has(b)", "a=1", true),
        ("has(a) && !has(b)", "a=1 b=2", false),
        ("a in {'x', 'y'}", "a=y", true),
        ("a in {'x', 'y',}", "a=z", false),
        ("a in {}", "a=", false),
        ("a not in {'x', 'y'}", "a=z", true),
        ("a not in {'x', 'y'}", "", true),
        ("a notin {'x', 'y'}", "a=x", false),
        ("a contains 'ell'", "a=hello", true),
        ("a starts with 'hel'", "a=hello", true),
        ("a startswith 'hel'", "a=help", true),
        ("a starts with 'el'", "a=hello", false),
        ("a ends with 'lo'", "a=hello", true),
        ("a ends with 'lo'", "", false),
        ("a == 'b' || c == 'd'", "c=d", true),
        // `&&` binds tighter than `||`.
        ("a == '1' || b == '2' && c == '3'", "a=1", true),
        ("(a == '1' || b == '2') && c == '3'", "a=1", false),
        ("!(a == '1' || b == '2')", "c=1", true),
        (
            "projectcalico.org/namespace == 'x'",
            "projectcalico.org/namespace=x",
            true,
        ),
    ] {
        let labels: BTreeMap<&str, &str> = labels
            .split_ascii_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let parsed = Selector::parse(selector).expect(selector);
        let label = |key: &str| labels.get(key).map(|value| (*value).to_owned());
        assert_eq!(
            parsed.matches(&label, false),
            expected,
            "{selector} on {labels:?}"
        );
    }
}

#[test]
fn what_calico_refuses_is_refused() {
    for selector in [
        "a =",
        "a = 'b'",
        "a == b",
        "a == 'b",
        "a == 'b' c == 'd'",
        "a && b",
        "has(a",
        "has()",
        "all(",
        "(a == 'b'",
        "a in 'b'",
        "a in {'b'",
        "a like 'b'",
        "a == 'b' &&",
        "|| a == 'b'",
        "a == 'b' & c == 'd'",
        "§",
        "!",
    ] {
        assert!(Selector::parse(selector).is_err(), "{selector}");
    }
    assert!(Selector::parse(&"(".repeat(1000)).is_err());
}
