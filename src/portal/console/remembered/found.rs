//! The entries that a view shows, in its order.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use vestibule_engine::{Store, StoreError, Timestamp, TrustEntry};

use super::filter::{Column, Filter, cleaned};
use crate::console::persons::Persons;

pub(super) struct Found {
    pub(super) entries: Vec<TrustEntry>,
    /// All services that somebody is remembered at, whatever is shown.
    pub(super) services: BTreeSet<String>,
    /// Everybody, where they had to be looked at already.
    persons: Option<Persons>,
}

impl Found {
    pub(super) async fn by(filter: &Filter, store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut entries = store.trust_entries(filter.person, now).await?;
        let services = entries.iter().map(|entry| cleaned(&entry.service)).collect();
        entries.retain(|entry| filter.fits(entry));
        let needs_persons = !filter.search.is_empty() || filter.order.column == Column::Person;
        let persons = if needs_persons { Some(persons(store, &entries).await?) } else { None };
        if let Some(persons) = persons.as_ref().filter(|_| !filter.search.is_empty()) {
            let search = filter.search.to_lowercase();
            entries.retain(|entry| {
                entry.station.shown().to_lowercase().contains(&search) || persons.match_text(entry.user, &search)
            });
        }
        sort(&mut entries, filter, persons.as_ref());
        Ok(Self { entries, services, persons })
    }

    /// Who these people are.
    pub(super) async fn persons(&mut self, store: &dyn Store, of: &[TrustEntry]) -> Result<Persons, StoreError> {
        match self.persons.take() {
            Some(persons) => Ok(persons),
            None => persons(store, of).await,
        }
    }
}

pub(super) async fn persons(store: &dyn Store, entries: &[TrustEntry]) -> Result<Persons, StoreError> {
    Persons::of(store, &entries.iter().map(|entry| entry.user).collect()).await
}

fn sort(entries: &mut [TrustEntry], filter: &Filter, persons: Option<&Persons>) {
    let column = filter.order.column;
    if column == Column::Person {
        let name = |entry: &TrustEntry| persons.map(|persons| persons.name(entry.user).to_lowercase());
        entries.sort_by_cached_key(name);
    } else {
        entries.sort_by(|one, other| compare(column, one, other));
    }
    if filter.order.is_down {
        entries.reverse();
    }
}

fn compare(column: Column, one: &TrustEntry, other: &TrustEntry) -> Ordering {
    match column {
        Column::Service => one.service.cmp(&other.service),
        Column::Station => one.station.shown().cmp(other.station.shown()),
        Column::Until => one.until.cmp(&other.until),
        Column::Since | Column::Person => one.granted.cmp(&other.granted),
    }
}
