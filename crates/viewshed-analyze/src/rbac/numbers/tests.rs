//! Numbers are exact for names of every length.

use super::Numbers;

#[test]
fn every_name_keeps_a_number_of_its_own() {
    let mut names: Vec<String> = vec![String::new(), "\0".to_owned(), "\0\0".to_owned()];
    for length in 1..70 {
        let name = "abcdefgh".repeat(10).split_off(80 - length);
        names.extend([
            name.clone(),
            format!("{name}x"),
            format!("x{name}"),
            name.replace('h', "\0"),
        ]);
    }
    names.extend((0..5_000).map(|number| format!("team-{number}-production")));
    names.sort_unstable();
    names.dedup();
    let mut numbers = Numbers::default();
    let given: Vec<u32> = names.iter().map(|name| numbers.add(name)).collect();
    let expected: Vec<u32> = (0..).take(names.len()).collect();
    assert_eq!(given, expected);
    for (name, number) in names.iter().zip(given) {
        assert_eq!(numbers.get(name), Some(number), "{name:?}");
        assert_eq!(numbers.add(name), number, "{name:?} again");
    }
    assert_eq!(numbers.get("team-5000-production"), None);
}

#[test]
fn a_joined_name_is_the_name_with_a_slash() {
    let long = "x".repeat(40);
    let mut numbers = Numbers::default();
    let short = numbers.add("pods/log");
    let exact = numbers.add("abcdefghijklmnop/abcdefghijklmn");
    let longer = numbers.add(&format!("pods/{long}"));
    assert_eq!(numbers.get_joined("pods", "log"), Some(short));
    assert_eq!(numbers.get_joined("pods", &long), Some(longer));
    assert_eq!(
        numbers.get_joined("abcdefghijklmnop", "abcdefghijklmn"),
        Some(exact)
    );
    assert_eq!(numbers.get_joined("pods/log", ""), None);
    assert_eq!(numbers.get_joined("", "pods/log"), None);
}
