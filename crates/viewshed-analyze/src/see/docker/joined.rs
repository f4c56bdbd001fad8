//! What a daemon answered at the place where the program runs, added to what else shows there.

use viewshed_model::{Chain, DaemonSight, MissingFact, View};

use super::super::board::link;
use super::sheet::Sheet;

/// Adds everything that the daemon's API showed: things to their categories, with chains that begin at
/// the way to the daemon. Things of equal names on several hosts stay apart, as do their chains.
pub(in crate::see) fn add_answers(view: &mut View<'_>, sight: &DaemonSight) {
    let mut sheet = Sheet::of(&sight.host);
    sheet.mark_api(&[
        link(sight.way.clone()),
        link("the Docker API answers there, whoever asks"),
    ]);
    let (categories, chains, depends_on) = sheet.into_categories();
    let first = view.chains.len();
    view.chains
        .extend(chains.into_iter().map(|links| Chain { links }));
    for mut added in categories {
        let known = view
            .categories
            .iter_mut()
            .find(|known| known.category == added.category);
        let Some(known) = known else { continue };
        for item in &mut added.seen {
            item.chain += first;
        }
        known.seen.append(&mut added.seen);
        known.hidden_count += added.hidden_count;
        known.uncertain_count += added.uncertain_count;
    }
    view.depends_on
        .extend(depends_on.into_iter().map(|fact| MissingFact { fact }));
    view.gaps.extend(sight.gaps.iter().cloned());
    if !view.estate.is_empty() {
        view.estate.push_str(" and ");
    }
    view.estate.push_str(&sight.host.name);
}
