//! The table's file form.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::host::Row;
use super::profile::Names;
use super::{Place, RegionsError, Table};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The clouds' regions, by country.
    aws: BTreeMap<String, Vec<String>>,
    google: BTreeMap<String, Vec<String>>,
    azure: BTreeMap<String, Vec<String>>,
    /// Countries, by area.
    areas: BTreeMap<String, BTreeSet<String>>,
    host: Vec<WrittenHost>,
    bedrock: Names,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHost {
    is: Vec<String>,
    region: Option<String>,
    #[serde(default)]
    may_be: Vec<String>,
    instead: Option<String>,
    #[serde(default)]
    profiles: bool,
}

/// Reads a table.
pub(super) fn read(text: &str) -> Result<Table, RegionsError> {
    let file: File = toml::from_str(text).map_err(|error| RegionsError(error.to_string()))?;
    let File { aws, google, azure, areas, host, bedrock } = file;
    let area = |name: &str, countries| Place { name: name.to_owned(), countries, is_area: true };
    let mut places = vec![area("global", BTreeSet::new())];
    let mut countries: BTreeSet<String> = areas.values().flatten().cloned().collect();
    for (country, regions) in aws.into_iter().chain(google).chain(azure) {
        for name in regions {
            let countries = BTreeSet::from([country.clone()]);
            places.push(Place { name, countries, is_area: false });
        }
        countries.insert(country);
    }
    places.extend(countries.into_iter().map(|name| area(&name, BTreeSet::from([name.clone()]))));
    places.extend(areas.into_iter().map(|(name, countries)| area(&name, countries)));

    let mut names = BTreeSet::new();
    if let Some(twice) = places.iter().find(|place| !names.insert(place.name.as_str())) {
        return Err(RegionsError(format!("{:?} is there twice", twice.name)));
    }
    let unknown = |name: &&String| !names.contains(name.as_str());
    let told = host.iter().flat_map(|host| host.region.iter().chain(&host.may_be));
    if let Some(name) = told.chain(bedrock.profiles.values()).find(unknown) {
        return Err(RegionsError(format!("there is no {name:?}")));
    }
    let mut hosts = Vec::new();
    for WrittenHost { is, region, may_be, instead, profiles } in host {
        let instead = instead.unwrap_or_else(|| "the endpoint of the region".to_owned());
        for is in is {
            let holes = is.matches("{region}").count() + usize::from(region.is_some());
            if holes != 1 {
                return Err(RegionsError(format!("{is:?} says its region {holes} times")));
            }
            let (region, may_be, instead) = (region.clone(), may_be.clone(), instead.clone());
            hosts.push(Row { is, region, may_be, instead, profiles });
        }
    }
    Ok(Table { hosts, bedrock, places })
}
