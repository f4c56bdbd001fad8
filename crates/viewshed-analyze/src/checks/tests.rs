//! Facts about the registry as a whole; what each check finds is told, and tested, by its page.

use super::ALL;

#[test]
fn checks_are_sorted_by_name_and_each_name_is_used_once() {
    let names: Vec<&str> = ALL.iter().map(|check| check.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
}
