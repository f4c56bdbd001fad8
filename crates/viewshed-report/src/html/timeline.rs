//! The course of one incident as a drawing: how its events added up, and where each reason arose.

use jiff::Timestamp;
use viewshed_model::{Incident, Timeline};

use super::page::Page;
use crate::wording::count;
use crate::wording::incident::time;

/// The drawing's own units; it grows and shrinks with the page.
const WIDTH: usize = 960;
const LEFT: usize = 12;
const TOP: usize = 26;
const FLOOR: usize = 84;

/// Reasons marked; they have the numbers of the list below the drawing.
const MARKS_MAX: usize = 30;

pub(super) fn write(page: &mut Page, incident: &Incident, timeline: Option<&Timeline>) {
    let scale = Scale::of(incident);
    page.raw("<figure class=\"timeline\">\n<svg viewBox=\"0 0 ")
        .id(WIDTH + 2 * LEFT)
        .raw(" 104\" role=\"img\"><title>")
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
        .raw("\"/>\n<path class=\"course\" d=\"M")
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
    page.raw("\"/>\n");
    for (index, reason) in incident.reasons.iter().take(MARKS_MAX).enumerate() {
        let across = scale.across(reason.at);
        page.raw("<path class=\"mark\" d=\"M")
            .id(across)
            .raw(" 18V")
            .id(FLOOR)
            .raw("\"/><text x=\"")
            .id(across)
            .raw("\" y=\"13\" text-anchor=\"middle\">")
            .id(index + 1)
            .raw("</text>\n");
    }
    page.raw("<text class=\"end\" x=\"")
        .id(LEFT)
        .raw("\" y=\"100\">")
        .text(&time(incident.first_event.time))
        .raw("</text><text class=\"end\" x=\"")
        .id(LEFT + WIDTH)
        .raw("\" y=\"100\" text-anchor=\"end\">")
        .text(&time(incident.last_event.time))
        .raw("</text>\n</svg>\n</figure>\n");
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
