//! What one line after the other repeats, and need not be read anew.

use crate::logs::time::LastSecond;

/// Senders that are remembered. As many identities do most of the work of a cluster.
const SENDERS_MAX: usize = 64;

/// Where names begin in `{"username":"...`, and as much of what follows as tells most of them apart.
const NAME_START: usize = 13;
const NAME_BYTES: usize = 48;

/// What the lines before had, within one chunk.
#[derive(Debug, Default)]
pub(super) struct Repeats<'a> {
    pub(super) second: LastSecond,
    /// By a number that is made of the name; none where there is nothing to repeat.
    senders: Vec<Known<'a>>,
}

#[derive(Debug, Clone, Default)]
struct Known<'a> {
    key: u64,
    /// All that tells of it; empty as long as there is none.
    written: &'a str,
    sender: Sender<'a>,
}

/// Who, from where, with what: the same in every line of a program.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sender<'a> {
    pub(super) user: User<'a>,
    pub(super) address: &'a str,
    pub(super) claimed_address_count: u16,
    pub(super) user_agent: &'a str,
}

/// `user`, as far as something is kept of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct User<'a> {
    pub(super) name: &'a str,
    pub(super) uid: &'a str,
    /// As written, without the brackets.
    pub(super) groups: &'a str,
    pub(super) pod: &'a str,
    pub(super) node: &'a str,
    pub(super) credential: &'a str,
}

impl<'a> Repeats<'a> {
    /// For many lines.
    pub(super) fn of_chunk() -> Self {
        Self {
            senders: vec![Known::default(); SENDERS_MAX],
            ..Self::default()
        }
    }

    /// The sender that `rest` begins to tell of, from its user on, and what follows, if a line before told the
    /// same in the same bytes; else the key under which to note it.
    #[inline]
    pub(super) fn sender<'b>(&self, rest: &'b str) -> Result<(Sender<'a>, &'b str), Option<u64>> {
        let name = rest.as_bytes().get(NAME_START..);
        let Some(key) = name.and_then(<[u8]>::first_chunk).map(key_of) else {
            return Err(None);
        };
        let known = self.senders.get(place_of(key));
        known
            .filter(|known| known.key == key && !known.written.is_empty())
            .and_then(|known| Some((known.sender, rest.strip_prefix(known.written)?)))
            .ok_or(Some(key))
    }

    /// Remembers a sender for the lines that follow. What is written ends with the closing quote of the user
    /// agent: the same bytes are read the same way, whatever follows.
    #[inline]
    pub(super) fn note(&mut self, key: u64, written: &'a str, sender: Sender<'a>) {
        if let Some(known) = self.senders.get_mut(place_of(key)) {
            *known = Known {
                key,
                written,
                sender,
            };
        }
    }
}

/// Two lanes of multiplications side by side. Names that share a key only take each other's place.
#[inline]
fn key_of(name: &[u8; NAME_BYTES]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut lanes = [0_u64; 2];
    for pair in name.as_chunks::<16>().0 {
        for (lane, word) in lanes.iter_mut().zip(pair.as_chunks::<8>().0) {
            *lane = (lane.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
        }
    }
    let [one, other] = lanes;
    one ^ other.rotate_left(32)
}

#[inline]
const fn place_of(key: u64) -> usize {
    (key >> 58) as usize
}

// The upper six bits of a key are a place.
const _: () = assert!(SENDERS_MAX == 1 << 6);
