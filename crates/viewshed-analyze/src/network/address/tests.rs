use std::net::IpAddr;

use super::{AddressSet, Block};

fn block(text: &str) -> Block {
    Block::parse(text).expect("a block")
}

#[test]
fn blocks_are_read_as_the_api_server_reads_them() {
    for (text, inside, outside) in [
        ("10.1.2.3/8", "10.255.255.255", "11.0.0.0"),
        ("0.0.0.0/0", "255.255.255.255", "::1"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.8"),
        ("fd00::/8", "fdff::1", "fe00::"),
        ("::/0", "ffff::", "1.2.3.4"),
    ] {
        let set = AddressSet::new(&[block(text)], &[]);
        let contains = |text: &str| set.contains(text.parse::<IpAddr>().unwrap());
        assert!(contains(inside), "{text} holds {inside}");
        assert!(!contains(outside), "{text} does not hold {outside}");
    }
    for text in [
        "10.0.0.0",
        "10.0.0.0/33",
        "10.0.0/8",
        "010.0.0.0/8",
        "10.0.0.0/+8",
        "::/129",
        "/8",
        "",
    ] {
        assert_eq!(Block::parse(text), None, "{text}");
    }
}

#[test]
fn exceptions_are_taken_out_of_their_own_block_only() {
    let one = AddressSet::new(&[block("10.0.0.0/8")], &[block("10.1.0.0/16")]);
    let two = AddressSet::new(&[block("10.1.0.0/24")], &[]);
    let both = one.union(&two);
    let contains = |set: &AddressSet, text: &str| set.contains(text.parse().unwrap());
    assert!(!contains(&one, "10.1.0.5"));
    assert!(contains(&both, "10.1.0.5"));
    assert!(!contains(&both, "10.1.1.5"));
}
