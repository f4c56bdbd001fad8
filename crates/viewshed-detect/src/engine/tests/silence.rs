//! Sources that fall silent, and pauses of whoever listens.

use jiff::Timestamp;
use viewshed_model::Incident;

use super::world::engine;
use crate::script::BASE_S;
use crate::{Engine, Settings};

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(BASE_S + minutes * 60).unwrap()
}

/// A source that spoke every minute for half an hour, to the engine that heard it.
fn after_half_an_hour(told: &mut Vec<Incident>) -> Engine {
    let mut engine = engine();
    for minute in 0..30 {
        engine.heard(at(minute), "audit.log", told);
        engine.silence(at(minute), told);
    }
    engine
}

fn listen(engine: &mut Engine, minutes: std::ops::RangeInclusive<i64>, told: &mut Vec<Incident>) {
    for minute in minutes {
        engine.silence(at(minute), told);
    }
}

#[test]
fn a_source_that_falls_silent_is_an_incident_until_it_speaks() {
    let mut told = Vec::new();
    let mut engine = after_half_an_hour(&mut told);
    listen(&mut engine, 30..=38, &mut told);
    assert_eq!(told, Vec::new());
    engine.silence(at(41), &mut told);
    engine.silence(at(42), &mut told);
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].reasons[0].text,
        "`audit.log` has said nothing for 12 minutes; its longest pause was 1 minutes"
    );
    engine.heard(at(50), "audit.log", &mut told);
    assert_eq!(
        (told.len(), told[1].revision, told[0].id == told[1].id),
        (2, 2, true)
    );
}

#[test]
fn no_source_is_blamed_for_a_pause_of_the_listener() {
    for has_restarted in [false, true] {
        let mut told = Vec::new();
        let mut engine = after_half_an_hour(&mut told);
        if has_restarted {
            engine = Engine::restore(Settings::default(), &engine.checkpoint()).unwrap();
        }
        assert_eq!(engine.missed_since(at(30)), None);
        assert_eq!(engine.missed_since(at(300)), Some(at(29)));
        listen(&mut engine, 300..=301, &mut told);
        engine.heard(at(301), "audit.log", &mut told);
        listen(&mut engine, 302..=311, &mut told);
        assert_eq!(told, Vec::new());
        // The pause of the listener is none of the source: ten minutes are still too long for it.
        listen(&mut engine, 312..=312, &mut told);
        assert_eq!(told.len(), 1);
    }
}

#[test]
fn silence_before_and_after_a_pause_of_the_listener_adds_up() {
    let mut told = Vec::new();
    let mut engine = after_half_an_hour(&mut told);
    listen(&mut engine, 30..=37, &mut told);
    let mut engine = Engine::restore(Settings::default(), &engine.checkpoint()).unwrap();
    listen(&mut engine, 337..=339, &mut told);
    assert_eq!(told, Vec::new());
    listen(&mut engine, 340..=340, &mut told);
    assert_eq!(
        told[0].reasons[0].text,
        "`audit.log` has said nothing for 11 minutes; its longest pause was 1 minutes; \
         300 more in which nobody listened do not count"
    );
}
