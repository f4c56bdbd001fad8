//! The course of one incident as a drawing: how its events added up, and where each reason arose.

use jiff::Timestamp;
use viewshed_model::{Incident, Timeline};

use super::page::Page;
use crate::wording::count;
use crate::wording::incident::time;

/// The drawing's own units; it grows and shrinks with the page, which is why words stand outside of it.
const WIDTH: usize = 960;
const LEFT: usize = 12;
const TOP: usize = 26;
const FLOOR: usize = 84;

/// Reasons marked; they have the numbers of the list below the drawing.
const MARKS_MAX: usize = 30;

/// Marks that are closer than this have one label: their numbers would lie upon each other.
const LABEL_WIDTH: usize = 56;

/// Numbers in one label.
const NUMBERS_MAX: usize = 3;

pub(super) fn write(page: &mut Page, incident: &Incident, timeline: Option<&Timeline>) {
    let scale = Scale::of(incident);
    page.raw("<figure class=\"timeline\">\n<svg viewBox=\"0 0 ")
        .id(WIDTH + 2 * LEFT)
        .raw(" 88\" preserveAspectRatio=\"none\" role=\"img\"><title>")
        .text(&count(incident.event_count, "event", "events"))
        .raw(" from ")
        .text(&time(incident.first_event.time))
        .raw(" to ")
        .text(&time(incident.last_event.time))
        .raw("</title>\n<path class=\"floor\" d=\"M")
        .id(LEFT)
        .raw(" ")
        .id(FLOOR)
        .raw("h")
        .id(WIDTH)
        .raw("\"/>\n");
    marks(page, incident, &scale);
    page.raw("<path class=\"course\" d=\"M")
        .id(LEFT)
        .raw(" ")
        .id(FLOOR);
    for (at, number) in points(incident, timeline) {
        // A step: the number holds until the next event changes it.
        page.raw("H")
            .id(scale.across(at))
            .raw("V")
            .id(scale.up(number));
    }
    page.raw("\"/>\n</svg>\n<figcaption><span>")
        .text(&time(incident.first_event.time))
        .raw("</span> <span>")
        .text(&count(incident.event_count, "event", "events"))
        .raw(" by ")
        .text(&time(incident.last_event.time))
        .raw("</span></figcaption>\n</figure>\n");
}

/// Where each reason arose, by its number.
fn marks(page: &mut Page, incident: &Incident, scale: &Scale) {
    let reasons = incident.reasons.iter().take(MARKS_MAX).enumerate();
    let mut places: Vec<(usize, usize)> = reasons
        .map(|(index, reason)| (scale.across(reason.at), index + 1))
        .collect();
    places.sort_unstable();
    for (across, _) in &places {
        page.raw("<path class=\"mark\" d=\"M")
            .id(*across)
            .raw(" 18V")
            .id(FLOOR)
            .raw("\"/>\n");
    }
    let mut rest = places.as_slice();
    while let Some((across, _)) = rest.first() {
        let together = rest
            .iter()
            .take_while(|(other, _)| other - across < LABEL_WIDTH)
            .count();
        let (label, others) = rest.split_at(together);
        rest = others;
        let last = label.last().map_or(*across, |(last, _)| *last);
        // Labels at the edges stand within the drawing.
        let half = if label.len() > 1 {
            LABEL_WIDTH / 2
        } else {
            LEFT
        };
        let middle = ((across + last) / 2).clamp(half, 2 * LEFT + WIDTH - half);
        page.raw("<text x=\"")
            .id(middle)
            .raw("\" y=\"13\" text-anchor=\"middle\">");
        for (place, (_, number)) in label.iter().take(NUMBERS_MAX).enumerate() {
            page.raw(if place > 0 { " " } else { "" }).id(*number);
        }
        page.raw(if label.len() > NUMBERS_MAX {
            " …"
        } else {
            ""
        })
        .raw("</text>\n");
    }
}

/// How many events there were by when; without a record of it only start and end are known.
fn points(incident: &Incident, timeline: Option<&Timeline>) -> Vec<(Timestamp, u64)> {
    let recorded = timeline.map(|timeline| timeline.points.as_slice());
    let mut points = recorded.unwrap_or_default().to_vec();
    if points.is_empty() {
        points.push((incident.first_event.time, 1));
    }
    points.push((incident.last_event.time, incident.event_count));
    points
}

struct Scale {
    start: i64,
    length: i64,
    most: u64,
}

impl Scale {
    fn of(incident: &Incident) -> Self {
        let start = incident.first_event.time.as_millisecond();
        let end = incident.last_event.time.as_millisecond();
        Self {
            start,
            length: end.saturating_sub(start).max(1),
            most: incident.event_count.max(1),
        }
    }

    fn across(&self, at: Timestamp) -> usize {
        let since = at.as_millisecond().saturating_sub(self.start);
        let since = i128::from(since.clamp(0, self.length));
        let across = since * WIDTH as i128 / i128::from(self.length);
        LEFT + usize::try_from(across).unwrap_or_default()
    }

    fn up(&self, number: u64) -> usize {
        let height = (FLOOR - TOP) as u128;
        let up = u128::from(number.min(self.most)) * height / u128::from(self.most);
        FLOOR - usize::try_from(up).unwrap_or_default()
    }
}
