//! Features of requests: what each target makes of each.

mod features;

use providers::Schema;
use providers::catalog::Catalog;
use providers::conversation::Loss;
use providers::translate::{Droppable, Emulation, Leeway};

use crate::models::families;
use crate::page;
use crate::support::{json, lenient_send, patch, seal, send, smallest};
use features::{Feature, NO_THINKING, all};

/// What becomes of a feature, best first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Carried,
    Emulated,
    /// All of it but these fields, or not just as these have it.
    Partly(Vec<String>),
    Dropped,
    /// Refused, unless the operator allows it to be dropped or emulated.
    RefusedUnlessAllowed,
    Refused,
    /// Lost without a word. Never to happen, but where what is asked for is so anyway.
    Silent,
}

impl Outcome {
    const fn sign(&self) -> &'static str {
        match self {
            Self::Carried => "✓",
            Self::Emulated => "≈",
            Self::Partly(_) => "◐",
            Self::Dropped => "○",
            Self::RefusedUnlessAllowed => "(✕)",
            Self::Refused => "✕",
            Self::Silent => "?",
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Partly(fields) => format!("{} `{}`", self.sign(), fields.join("`, `")),
            other => other.sign().to_owned(),
        }
    }
}

/// All that an operator can allow.
fn all_leeway() -> Leeway {
    Leeway {
        strict: false,
        drop: Droppable::names().filter_map(Droppable::named).collect(),
        emulate: Emulation::names().filter_map(Emulation::named).collect(),
    }
}

/// Asks a model for a feature. `None` where it doesn't even take what the feature is said beside.
fn ask(from: Schema, to: Schema, model: &str, says: (&str, &str)) -> Option<Outcome> {
    let mut without = smallest(from);
    patch(&mut without, &json(says.0));
    let mut with = without.clone();
    patch(&mut with, &json(says.1));
    let without = send(from, to, model, &without.to_string()).ok()?;
    let seal = seal("backend", model, "route");
    let sent = match send(from, to, model, &with.to_string()) {
        Ok(sent) => sent,
        Err(refusal) => {
            assert!(refusal.field.is_some(), "{from} to {to}: {says:?}: {refusal:?}");
            let allowed = lenient_send(from, to, model, &with.to_string(), &seal, &all_leeway());
            return Some(match allowed {
                Ok(_) => Outcome::RefusedUnlessAllowed,
                Err(_) => Outcome::Refused,
            });
        }
    };
    let new = |all: &[Loss], known: &[Loss]| -> Vec<String> {
        let new = all.iter().filter(|loss| !known.contains(loss));
        new.map(|loss| loss.field.clone().into_owned()).collect()
    };
    let lost = new(&sent.losses, &without.losses);
    let emulated = new(&sent.emulated, &without.emulated);
    Some(match (sent.body != without.body, lost.is_empty(), emulated.is_empty()) {
        (_, true, false) => Outcome::Emulated,
        (true, true, true) => Outcome::Carried,
        (true, false, _) => Outcome::Partly(lost),
        (false, false, _) => Outcome::Dropped,
        (false, true, true) => Outcome::Silent,
    })
}

/// What each family makes of a feature.
fn asked(from: Schema, to: Schema, feature: &Feature) -> Option<Vec<(&'static str, Outcome)>> {
    let says = feature.said_by(from)?;
    let models = families(to).into_iter();
    let mut outcomes: Vec<_> =
        models.filter_map(|model| Some((model, ask(from, to, model, says)?))).collect();
    assert!(!outcomes.is_empty(), "{from} to {to}: no model takes {}", says.0);
    for (model, outcome) in &mut outcomes {
        if *outcome == Outcome::Silent {
            let so_anyway = feature.name == NO_THINKING
                && !Catalog::bundled().capabilities(to, model).thinks_by_default;
            assert!(so_anyway, "{from} to {to}, {model}: {} is lost in silence", feature.name);
            *outcome = Outcome::Carried;
        }
    }
    Some(outcomes)
}

fn best<'o>(outcomes: &'o [(&'static str, Outcome)]) -> &'o Outcome {
    outcomes.iter().map(|(_, outcome)| outcome).min().unwrap()
}

fn differ(outcomes: &[(&'static str, Outcome)]) -> bool {
    let sign = best(outcomes).sign();
    outcomes.iter().any(|(_, outcome)| outcome.sign() != sign)
}

/// The tables of all callers, those of what differs by model, and how many cells they have.
pub(crate) fn tables() -> (String, usize) {
    let mut out = "## What you ask for\n".to_owned();
    let mut cells = 0;
    for from in Schema::ALL {
        let targets: Vec<Schema> = Schema::ALL.into_iter().filter(|to| *to != from).collect();
        let mut rows = vec![vec!["Feature".to_owned(), "Field".to_owned()]];
        rows[0].extend(targets.iter().map(|to| format!("to {}", page::name(*to))));
        for feature in all() {
            let Some(says) = feature.said_by(from) else { continue };
            let mut row = vec![feature.name.to_owned(), format!("`{}`", field(says.1))];
            for to in &targets {
                let outcomes = asked(from, *to, feature).unwrap();
                let star = if differ(&outcomes) { " *" } else { "" };
                row.push(best(&outcomes).shown() + star);
                cells += 1;
            }
            rows.push(row);
        }
        out += &format!("\n### You call in {}\n\n{}", page::name(from), page::table(2, &rows));
    }
    out += "\n## By model\n\nWhat models of one schema make of the same feature, each standing for \
            its family in the [catalogue](catalog/models.toml); `–` where it does not take what \
            the feature is said with. Two signs are for callers of different schemas.\n";
    for to in Schema::ALL {
        let (table, more) = by_model(to);
        out += &format!("\n### To {}\n\n{table}", page::name(to));
        cells += more;
    }
    (out, cells)
}

fn by_model(to: Schema) -> (String, usize) {
    let models = families(to);
    let mut rows = vec![vec!["Feature".to_owned()]];
    rows[0].extend(models.iter().map(|model| format!("`{model}`")));
    for feature in all() {
        let callers = Schema::ALL.into_iter().filter(|from| *from != to);
        let asked: Vec<_> = callers.filter_map(|from| asked(from, to, feature)).collect();
        if !asked.iter().any(|outcomes| differ(outcomes)) {
            continue;
        }
        let mut row = vec![feature.name.to_owned()];
        for model in &models {
            let of_model = asked.iter().flatten().filter(|(name, _)| name == model);
            let mut signs: Vec<_> = of_model.map(|(_, outcome)| outcome.sign()).collect();
            signs.sort_by_key(|sign| {
                ["✓", "≈", "◐", "○", "(✕)", "✕"].iter().position(|known| known == sign)
            });
            signs.dedup();
            row.push(if signs.is_empty() { "–".to_owned() } else { signs.join(" ") });
        }
        rows.push(row);
    }
    let cells = rows.iter().skip(1).map(|row| row.len() - 1).sum();
    (page::table(1, &rows), cells)
}

/// The field that a patch is about: as far in as there is one.
fn field(says: &str) -> String {
    let mut value = &json(says);
    let mut path = Vec::new();
    while let Some(members) = value.as_object().filter(|members| members.len() == 1) {
        let (name, inner) = members.iter().next().unwrap();
        path.push(name.as_str());
        value = inner;
    }
    if path.is_empty() {
        let members = value.as_object().unwrap();
        return members.keys().cloned().collect::<Vec<_>>().join("`, `");
    }
    path.join(".")
}
