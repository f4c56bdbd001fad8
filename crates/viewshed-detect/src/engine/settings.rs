//! What a user may set, with the names of AN1352 where it has them.

/// How the engine judges. All of it has defaults that suit a cluster of any size.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `UserAllowList` of AN1352: identities that are expected to discover. Exact names, or with `*` at the
    /// end. What they do is learned and never becomes an incident.
    pub user_allow_list: Vec<String>,
    /// `TimeWindow` of AN1352, in seconds: over how long queries are counted against
    /// [`pod_query_threshold`](Self::pod_query_threshold). Nothing else depends on it.
    pub time_window_s: u32,
    /// `PodQueryThreshold` of AN1352: more enumerations of pods or nodes by one identity within the time
    /// window than this are a reason. An identity that is known to do more has a threshold of its own.
    pub pod_query_threshold: u32,
    /// An incident opens when the weights of a session reach this.
    pub threshold: u32,
    /// After this many hours evidence weighs half: long, because intruders are slow.
    pub evidence_half_life_h: u32,
    /// A session ends when nothing unusual happened for this many hours.
    pub session_idle_h: u32,
    /// After this many days without repetition a habit is half forgotten.
    pub habit_half_life_days: u32,
    /// Identities that are remembered. Beyond it newcomers replace newcomers; who is established stays.
    pub identities_max: usize,
    /// Makes table positions unguessable: names in a log are chosen by clients. Take it from the system's
    /// random source; results do not depend on it.
    pub hash_seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_allow_list: Vec::new(),
            time_window_s: 10 * 60,
            pod_query_threshold: 30,
            threshold: 100,
            evidence_half_life_h: 12,
            session_idle_h: 36,
            habit_half_life_days: 14,
            identities_max: 1 << 20,
            hash_seed: 0x5eed_5eed_5eed,
        }
    }
}

impl Settings {
    /// Whether the allow list names this user.
    pub fn allows(&self, user: &str) -> bool {
        self.user_allow_list
            .iter()
            .any(|entry| match entry.strip_suffix('*') {
                Some(start) => user.starts_with(start),
                None => entry == user,
            })
    }
}
