//! Where backends are, and where calls may be served.

use std::sync::Arc;

use providers::region::{Place, of_host};
use providers::vendor::Vendor;

use super::Resolver;
use super::known::Known;
use crate::config::decode::{Field, List};
use crate::config::problem::Mark;
use crate::config::raw::RawRegions;
use crate::config::suggest::suggest;
use crate::snapshot::{Backend, RegionRule, RouteTarget, is_within};

/// The parameters of vendors that name a region.
const PARAMETERS: [&str; 2] = ["region", "location"];

/// Whether the name of a model may say over which regions a call is spread: by who is said to serve
/// it, or by where it is, whatever is said.
pub(super) fn has_inference_profiles(vendor: &Vendor, host: &str) -> bool {
    vendor.has_inference_profiles() || of_host(host).is_some_and(|told| told.has_inference_profiles)
}

impl Resolver<'_> {
    /// Where calls to a backend are served: as it is declared, if its host does not say otherwise,
    /// else as its host says. `location` is the vendor's own word for it, where it has one.
    pub(super) fn backend_region(
        &mut self,
        vendor: &Vendor,
        region: &Field<String>,
        location: &Field<String>,
        (at, host): (Mark, &str),
    ) -> Option<&'static Place> {
        if let (Field::Given(mark, region), Field::Given(_, location)) = (region, location)
            && region != location
        {
            let what = format!("`region: {region}` and `location: {location}` are not the same");
            self.problems.add(*mark, what, "`location` alone");
            return None;
        }
        let declared = match (region, location) {
            (Field::Given(mark, name), _) | (_, Field::Given(mark, name)) => Some((*mark, name)),
            _ => None,
        };
        let told = of_host(host);
        let Some((mark, declared)) = declared else {
            return told.and_then(|told| told.place());
        };
        let is_parameter = vendor.parameters().iter().any(|p| PARAMETERS.contains(&&*p.name));
        let Some(told) = told else {
            let place = Place::named(declared);
            // A cloud may have a region that is too new to be known here: it is nowhere then.
            if place.is_none() && !is_parameter {
                self.unknown_place(mark, declared);
            }
            return place;
        };
        if !told.may_be(declared) {
            let what = format!("`{declared}`, but the host `{host}` is in `{}`", told.region);
            let remedy = match told.place() {
                Some(place) if place.is_global() => told.instead.to_owned(),
                _ => format!("`{}`, or the host of `{declared}`", told.region),
            };
            self.problems.add(if is_parameter { at } else { mark }, what, remedy);
            return None;
        }
        match told.place() {
            // An account's own setting.
            Some(place) if place.is_global() => Place::named(declared),
            // The host knows better than an area that holds it.
            told => told,
        }
    }

    /// The places that calls are held to.
    pub(super) fn regions(
        &mut self,
        raw: Field<List<RawRegions>>,
        known: &Known,
    ) -> Vec<RegionRule> {
        let remedy = "regions: [{ match: { namespace: \"eu-*\" }, allow: [eu] }]";
        let mut rules = Vec::new();
        for (at, RawRegions { who, allow }) in self.entries(raw, "regions", remedy, None) {
            let who = self.who(who, known);
            let allow = allow.require(at, "allow", "allow: [eu]", self.problems);
            let Some((mark, allow)) = allow else { continue };
            let allow = self.places(mark, allow, "allow");
            rules.push(RegionRule { who, allow });
        }
        rules
    }

    /// The places that a route's calls are held to, of which each of its backends must be in one.
    pub(super) fn route_regions(
        &mut self,
        raw: Field<List<String>>,
        targets: &[RouteTarget],
    ) -> Option<Vec<&'static Place>> {
        let (mark, list) = raw.given()?;
        let given = list.len();
        let places = self.places(mark, list, "regions");
        // What is wrong already says nothing of the backends.
        if places.len() == given {
            let outside =
                targets.iter().filter(|target| !is_within(&places, target.backend.region));
            let mut backends: Vec<&Arc<Backend>> = outside.map(|target| &target.backend).collect();
            backends.dedup_by_key(|backend| &backend.name);
            for backend in backends {
                let name = &backend.name;
                let what = match backend.region {
                    Some(place) => format!("backend `{name}` is in `{}`", place.name()),
                    None => format!("nobody knows where backend `{name}` is"),
                };
                let what = format!("{what}, so none of these calls could go there");
                self.problems.add(mark, what, "a backend whose `region` is one of these");
            }
        }
        Some(places)
    }

    fn places(&mut self, mark: Mark, list: List<String>, key: &str) -> Vec<&'static Place> {
        if list.is_empty() {
            let what = format!("`{key}` is empty: nothing is allowed");
            self.problems.add(mark, what, format!("{key}: [eu]"));
        }
        let mut places = Vec::new();
        for (mark, name) in list.into_iter().filter_map(Field::given) {
            match Place::named(&name) {
                Some(place) if place.is_global() => {
                    let what = "`global` is anywhere, and so no place to be held to";
                    self.problems.add(mark, what, "the areas or regions that are allowed");
                }
                Some(place) => places.push(place),
                None => self.unknown_place(mark, &name),
            }
        }
        places
    }

    fn unknown_place(&mut self, mark: Mark, name: &str) {
        let near = suggest(name, Place::all().iter().map(Place::name));
        let remedy = near.unwrap_or("a cloud's region, such as eu-central-1; or eu, de, us, …");
        self.problems.add(mark, format!("`{name}` is no region that is known"), remedy);
    }
}
