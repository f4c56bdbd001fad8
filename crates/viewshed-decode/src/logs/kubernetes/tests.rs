use super::*;
#[test]
fn tmp() {
    let text = std::fs::read_to_string("/tmp/d4small.log").unwrap();
    let arena = Arena::new();
    println!("size {}", std::mem::size_of::<Activity<'_>>());
    let mut slow = 0;
    for line in text.lines() {
        if scan::scan(line, &arena).is_none() { slow += 1; if slow < 4 { println!("{line}"); } }
    }
    println!("slow {slow}");
}
