//! Records by the hash of their name, bounded. Who is established is not replaced by newcomers.

use rustc_hash::FxHashMap;

use super::record::Record;

/// An identity that was seen over so long a time is established: nobody makes a million of those in an
/// evening. Seconds.
const ESTABLISHED_S: u32 = 6 * 60 * 60;
/// How many places are looked at for one that can be given away; with fewer, a newcomer goes unremembered
/// although there was room.
const SEARCH_MAX: usize = 64;

#[derive(Debug, Clone)]
pub(crate) struct Table {
    records: Vec<Record>,
    // Keys are keyed hashes, so the cheap hash over them cannot be attacked.
    places: FxHashMap<u64, u32>,
    records_max: usize,
    hand: usize,
    pub(crate) evicted: u64,
}

impl Table {
    pub(super) fn new(records_max: usize) -> Self {
        Self {
            records: Vec::new(),
            places: FxHashMap::default(),
            records_max,
            hand: 0,
            evicted: 0,
        }
    }

    pub(super) fn limit(&mut self, records_max: usize) {
        self.records_max = records_max.max(1);
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<usize> {
        self.places
            .get(&hash)
            .and_then(|place| usize::try_from(*place).ok())
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&Record> {
        self.records.get(index)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Record> {
        self.records.get_mut(index)
    }

    /// Adds a record; `None` when every place that was looked at holds somebody established.
    pub(super) fn insert(&mut self, hash: u64, mut record: Record, now_s: u32) -> Option<usize> {
        record.hash = hash;
        let index = if self.records.len() < self.records_max {
            self.records.push(record);
            self.records.len() - 1
        } else {
            let index = self.replaceable(now_s)?;
            let place = self.records.get_mut(index)?;
            self.places.remove(&place.hash);
            *place = record;
            self.evicted += 1;
            index
        };
        self.places.insert(hash, u32::try_from(index).ok()?);
        Some(index)
    }

    /// Puts all records under new hashes.
    pub(super) fn rehash(&mut self, hash_of: impl Fn(&Record) -> u64) {
        self.places.clear();
        for (index, record) in self.records.iter_mut().enumerate() {
            record.hash = hash_of(record);
            if let Ok(place) = u32::try_from(index) {
                self.places.insert(record.hash, place);
            }
        }
    }

    pub(super) fn records_mut(&mut self) -> &mut [Record] {
        &mut self.records
    }

    pub(super) fn replace_all(&mut self, records: Vec<Record>) {
        self.records = records;
    }

    fn replaceable(&mut self, now_s: u32) -> Option<usize> {
        for _ in 0..SEARCH_MAX.min(self.records.len()) {
            let index = self.hand % self.records.len().max(1);
            self.hand = index + 1;
            let record = self.records.get(index)?;
            let is_established = record.last_s.saturating_sub(record.first_s) >= ESTABLISHED_S;
            // Whoever is long gone makes room as well.
            let is_gone = now_s.saturating_sub(record.last_s) > 120 * super::DAY_S;
            if record.session == 0 && (!is_established || is_gone) {
                return Some(index);
            }
        }
        None
    }
}
